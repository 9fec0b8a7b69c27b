/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_format: the shared file through which workers report.
 *
 * One file on tmpfs (settings: report_file), made by the data plane, mapped by
 * both processes, outliving either. Layout, all offsets from the start:
 *
 *   struct report_header (4096 octets; in it the ports)
 *   n_workers x { counters, padded to REPORT_PAGE | campaigns | rules | audit ring }
 *
 * Counters: one writer (the worker), any reader; each a u64, relaxed atomics.
 * Audit ring: single producer (the worker), single consumer (control).
 *   The producer writes the record, then stores head with release; the consumer
 *   reads head with acquire, copies, then stores tail with release. Both only
 *   grow; slot = position modulo ring_slots. full = head - tail == ring_slots.
 *   Both indexes stay in the file, so a restart of either side loses nothing.
 * Campaigns: one writer (the worker), any reader; struct report_campaign says how. They
 *   are counted from `started` on: a data plane that makes or reopens the file frees them.
 * Rules: the same, but kept as counters are; struct report_rule says how.
 * Ports: one writer (the data plane's main thread), any reader; struct report_port says how.
 */
#ifndef SLUICE_REPORT_FORMAT_H
#define SLUICE_REPORT_FORMAT_H
#include <stdint.h>

#include "image_format.h"
#include "verdict.h"

#define REPORT_MAGIC UINT64_C(0x3154525043554c53) /* "SLUCPRT1" */
#define REPORT_VERSION 7u
#define REPORT_PAGE 4096u
#define REPORT_WORKERS_MAX 64u
#define REPORT_PORTS_MAX 16u /* two to a link: the ESME's, then the SMSC's */
/* Rows of campaigns a worker has, half a MiB; a reader believes n_campaigns. */
#define REPORT_CAMPAIGNS 8192u
/* Rows of rules, of all sets that were in force together: half a MiB as well. A power of two;
 * so that it fits the 10,000 rules that a set may have, two thirds full. */
#define REPORT_RULES 16384u

enum counter {
#define COUNTER(NAME, name, unit, sentence) COUNTER_##NAME,
#include "counter.def"
#undef COUNTER
	COUNTER_N
};
/*
 * Which number of the array is whose. Writer and reader compare a hash of it (header, rows):
 * two builds whose rows differ refuse each other, whoever forgot to bump a version.
 */
static inline const char *report_rows(void)
{
#define COUNTER(NAME, name, unit, sentence) #name " in " unit "\n"
#define REASON(number, NAME, name, status, sentence) #number " is " #name "\n"
	return
#include "counter.def"
#include "verdict.def"
	;
#undef COUNTER
#undef REASON
}
#define REPORT_REASON_BASE COUNTER_N  /* + reason number */
#define REPORT_COUNTERS (COUNTER_N + REASON_SLOTS)

/*
 * The link of a port: whether the other end of its cable is there. name is written before
 * n_ports counts the row, and stays.
 */
struct report_port {
	char name[48];           /* NUL padded, cut to fit */
	uint64_t state;          /* since when it is so, Unix seconds * 2; + 1: it is up */
	uint64_t changes;        /* times it came or went since `started` */
};
_Static_assert(sizeof(struct report_port) == 64, "report port");

struct report_header {
	uint64_t magic;
	uint32_t version;
	uint32_t n_workers;
	uint32_t n_counters;     /* REPORT_COUNTERS of the writer */
	uint32_t record_size;    /* sizeof(struct audit_record) */
	uint64_t ring_slots;     /* per worker, a power of two */
	uint64_t worker_stride;  /* octets from one worker's block to the next */
	uint64_t ring_offset;    /* octets from a worker's block to its ring */
	uint64_t started;        /* Unix seconds of the data plane that made or reopened it */
	uint64_t tsc_hz;         /* cycles a second, for *_cycles counters */
	uint64_t rows;           /* XXH3_64bits of report_rows(), without the NUL */
	uint64_t campaigns_offset; /* octets from a worker's block to its campaigns; of 64 */
	uint32_t n_campaigns;    /* per worker: overall rows and rows of accounts together */
	uint32_t n_rules;        /* per worker */
	uint64_t rules_offset;   /* octets from a worker's block to its rules; of 64 */
	uint64_t n_ports;        /* how many of these tell something */
	/* Drawn by lot at each start; its link says the same (link_message.h). 0: not yet. */
	uint64_t instance;
	struct report_port ports[REPORT_PORTS_MAX];
};
_Static_assert(sizeof(struct report_header) <= REPORT_PAGE, "report header");

#define AUDIT_TEXT_SIZE 320u

enum audit_kind {
	AUDIT_REFUSED = 1,
	AUDIT_OBSERVED = 2,
	AUDIT_FLAGGED = 3,
	AUDIT_BIND_REFUSED = 4,
	AUDIT_DISCARDED = 5,     /* answered as accepted, not forwarded */
};

/* Fixed size; host byte order; no pointer. Recipient numbers never appear here in clear. */
struct audit_record {
	uint64_t time_us;        /* Unix microseconds */
	uint64_t generation;     /* tables in force */
	uint64_t recipient_hash; /* keyed hash of the first destination_addr; 0 = none */
	uint64_t flow;           /* worker << 48 | serial of the connection */
	uint32_t kind;           /* enum audit_kind */
	uint32_t reason;         /* enum reason */
	uint32_t rule;           /* struct image_rule.id, 0 = none */
	uint32_t command_id;
	uint32_t command_status; /* answered */
	uint32_t sequence;       /* of the request */
	uint32_t account_id;     /* 0 = unknown, or the connection was not bound */
	uint16_t data_coding;
	uint16_t text_len;       /* octets in text; cut at a character boundary */
	char system_id[16];      /* of the last bind, accepted or not; NUL padded */
	char sender[24];         /* source address as sent, NUL padded */
	uint8_t text[AUDIT_TEXT_SIZE]; /* decoded, UTF-8, cut to fit; refusals and flags only */
	uint64_t fingerprint;    /* of the campaign; 0 = the text has none */
	uint32_t rules[8];       /* struct image_rule.id of what matched and acts; 0 = end */
	int32_t score;           /* thousandths of a point */
	uint32_t rules_version;  /* struct image_policy.rules_version in force */
	uint8_t part, parts;     /* of a concatenated message; 0, 0: no part, or not known */
	uint8_t part_refused;    /* the part for which this one is refused; 0: for itself */
	uint8_t stranger;        /* 1: not bound, or bound under a system_id of no account */
	uint8_t reserved[4];     /* 0 */
};
_Static_assert(sizeof(struct audit_record) == 480, "audit record");

/*
 * What a worker has counted of a campaign. One writer, any reader: sequence is odd while the
 * row is written; a reader copies the row and believes it when sequence was even and the
 * same before and after.
 */
struct report_campaign {
	uint32_t sequence;
	uint32_t account_id;     /* 0 = of all accounts together */
	uint64_t fingerprint;    /* 0 = a free row */
	/* Messages of it; never less than there were, where new texts are sampled (the setting
	 * campaign_sample; not while a campaign is acted upon) than the sample stands for. */
	uint64_t count;
	uint64_t error;          /* so many of count may have been another's (Space-Saving) */
	uint64_t refused;        /* of them refused or discarded, since the row is its own */
	uint32_t first, last;    /* Unix seconds; first since the row is its own */
	/* So many new texts were counted as sample messages each, and stand for about as many
	 * that were not looked at; sample 0 or 1: since the row is its own all were. */
	uint64_t sampled;
	uint32_t sample;
	uint32_t reserved;       /* 0 */
};
_Static_assert(sizeof(struct report_campaign) == 64, "report campaign");

enum report_rule_mode {
	REPORT_RULE_ACTIVE = 0,
	REPORT_RULE_SHADOW = 1,
	REPORT_RULE_CANARY = 2,
};

/*
 * What a worker has counted of a rule of one set of rules. sequence as above: odd while the
 * row is made another's; counting leaves it alone. matched is stored first, then acted with
 * release; a reader who takes acted first, with acquire, never sees more of it than of matched.
 */
struct report_rule {
	uint16_t sequence;
	uint8_t mode;            /* enum report_rule_mode */
	uint8_t reserved;        /* 0 */
	uint32_t rule;           /* struct image_rule.id; 0 = a free row */
	uint32_t version;        /* struct image_policy.rules_version of its set */
	uint32_t last;           /* Unix seconds: matched */
	uint64_t matched;        /* messages, each once however often the rule is in it */
	/* Of them those that the rules had refused, discarded, flagged or recorded, this one
	 * among them: an audit record has it. Never those of a shadow. */
	uint64_t acted;
};
_Static_assert(sizeof(struct report_rule) == 32, "report rule");

struct report_ring {
	_Alignas(64) uint64_t head; /* written by the worker */
	_Alignas(64) uint64_t tail; /* written by control */
	_Alignas(64) struct audit_record records[];
};

#endif

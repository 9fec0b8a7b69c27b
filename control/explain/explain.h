/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain: what the data plane would do with one message, and why.
 *
 * The message goes through the data plane's own code: smpp_decode(), screen_run() over an
 * image that image_open() has read. What is added here is where each pattern matched.
 *
 * Ownership  an explanation borrows from its explain, and both from what they were given.
 * Threads    an explain belongs to one thread.
 */
#ifndef CONTROL_EXPLAIN_H
#define CONTROL_EXPLAIN_H
#include "explain_pdu.h"
#include "rule_compile.h"
#include "screen.h"
#include "text.h"

struct explain;

struct explain_source {
	/* A registry's database: accounts, senders, policy and, if rules is NULL, its rules.
	 * NULL: one account, certified, that may use any sender, and the policy's defaults. */
	const char *registry;
	const char *rules; /* as rule_bundle_read() makes it */
	size_t rules_size;
	const char *account; /* of whose session the message is */
	const char *compiled; /* folder of compiled rules (compiled.h); NULL: none */
};

/* 0; -EINVAL with problems of the rules, or with none of them and a sentence; -ENOMEM; or
 * what the registry said. */
must_use int explain_open(struct explain **out, const struct explain_source *source,
                          struct problems *problems, char error[EXPLAIN_ERROR_SIZE]);
void explain_close(struct explain *explain); /* NULL is allowed */

/* Of data_coding 0 for the account: TEXT_GSM7 when it has none of its own. */
enum text_coding explain_alphabet(const struct explain *explain);

/* Octets from .. to - 1 of the PDU of this part of the message; 0: of the only one. */
struct explain_unit {
	uint32_t from, to;
	uint32_t part;
};
/* Of a character units from .. to - 1; to 0: not known, or of none. */
struct explain_origin {
	uint32_t from, to;
};

#define EXPLAIN_TEXTS 4u
#define EXPLAIN_LOOSE 2u /* texts[EXPLAIN_LOOSE + i]: texts[i] read loosely, if it differs */
/* What was read: decoded and folded. */
struct explain_text {
	const char *field; /* of the PDU that it stands in; NULL: there is none */
	enum text_coding coding;
	bool again;              /* the same octets in a second coding */
	bool loose;              /* folded is text_loose() of another's; there is no map */
	uint8_t *plain, *folded; /* NUL behind */
	size_t plain_len, folded_len;
	uint32_t *map; /* by octet of folded[0 .. mapped]: where in plain it comes from */
	size_t mapped; /* what is behind was not folded from one place of plain */
	struct explain_unit *units;     /* of the wire, in the order that they were read in */
	struct explain_origin *origins; /* by octet of plain; of a loose text: NULL */
};

/* A place where a pattern matched. Places are octets from 0, to: the first one after. */
struct explain_match {
	uint32_t pattern; /* of the rule set */
	unsigned text;
	unsigned view;               /* IMAGE_VIEW_* it was seen in; in a loose text _LOOSE */
	uint32_t from, to;           /* in plain; both 0 when that is not known */
	uint32_t seen_from, seen_to; /* in what was scanned */
};

struct explanation {
	const struct rule_set *set; /* whose patterns and rules are spoken of */
	struct screen_message message;
	const struct image_account *account;
	int64_t refuse_score, flag_score; /* thousandths in force; 0 = never */
	uint32_t rules_version; /* of those in force in the registry; 0: they are none of its */
	const struct image_campaign *campaign; /* acted upon, that the text is of; or NULL */
	unsigned refused_before; /* the part for which this one is refused; 0: none */
	enum text_coding coding; /* that its octets are announced in */
	struct explain_text texts[EXPLAIN_TEXTS];
	struct explain_match *matches;
	uint32_t n_matches;
	const struct image_rule *rows; /* by rule of the set */
	uint8_t *effects;              /* the same: enum match_effect */
};

/*
 * One whole PDU that carries a message (explain_pdu.h), sent at this Unix time. -ENOMEM. It is
 * judged behind those that this explain was given before: parts of one message are joined.
 */
must_use int explain_run(struct explanation *out, struct explain *explain, const uint8_t *pdu,
                         size_t len, uint32_t seconds);
void explanation_free(struct explanation *explanation);

/* What of the PDU, or the PDUs of a message's parts, is plain[from .. to) of a text that is not
 * loose: at most max pieces, in order; 0: not known. */
unsigned explain_octets(const struct explain_text *text, uint32_t from, uint32_t to,
                        struct explain_unit *out, unsigned max);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link_message: what control and the data plane say to each other.
 *
 * A SOCK_SEQPACKET UNIX socket; the data plane listens (settings: link_socket),
 * one control connects, and may come back at any time. One datagram is one
 * struct link_message, LINK_DELTAS with its deltas behind it; a table image travels
 * beside it as one file descriptor (SCM_RIGHTS; a sealed memfd). Control asks, the data
 * plane answers each request with exactly one LINK_ANSWER that echoes its sequence; the
 * answer to an image may come after those to requests that were sent later.
 * A version that is not ours is answered -EPROTONOSUPPORT with a sentence, never
 * misread. Any change here bumps LINK_VERSION.
 */
#ifndef SLUICE_LINK_MESSAGE_H
#define SLUICE_LINK_MESSAGE_H
#include <stdint.h>

#include "image_format.h"

#define LINK_MAGIC UINT32_C(0x4b4e4c53) /* "SLNK" in memory */
#define LINK_VERSION 6u
#define LINK_TEXT_SIZE 256u
/* 64 KiB of deltas: a datagram that a socket takes whole with its default buffer. */
#define LINK_DELTAS_MAX 1024u
#define LINK_OWNERS_MAX 4u /* of a sender that is added by a delta */

enum link_type {
	LINK_HELLO = 1,     /* control: first message; answer says generation and pid */
	LINK_IMAGE = 2,     /* control: fd beside it; answered when every worker uses it */
	LINK_DELTAS = 3,    /* control: changes; answered when every worker enforces them */
	LINK_STATUS = 4,    /* control: answer carries generation, workers, uptime */
	LINK_DRAIN = 5,     /* control: size 1: screen nothing new; 0: screen again; answered
	                       when every worker does so. Ends with the data plane */
	LINK_ANSWER = 128,  /* data plane */
};

/*
 * A delta changes one of three things that are said of a subject, and replaces what an
 * earlier delta or the image said of that thing:
 *   suspension  LINK_SUSPEND, LINK_LIFT
 *   block       LINK_BLOCK (blocked_until), LINK_UNBLOCK
 *   record      LINK_ADD (valid times; owners of a sender; how an account is read),
 *               LINK_REMOVE
 */
enum link_delta_op {
	LINK_SUSPEND = 1,
	LINK_LIFT = 2,
	LINK_BLOCK = 3,
	LINK_UNBLOCK = 4,
	LINK_ADD = 5,
	LINK_REMOVE = 6,
};
enum link_delta_kind { LINK_ACCOUNT = 1, LINK_SENDER = 2, LINK_CAMPAIGN = 3 };

/* Octet 0 of a campaign's key; octets 8 to 15 are its fingerprint, least significant first,
 * the rest 0. LINK_ADD and LINK_REMOVE are all that can be said of it. */
#define LINK_CAMPAIGN_KEY 0xE0u

/*
 * Control writes a delta to the registry first, which gives it its generation, and folds
 * it into every image of that generation or a later one: a data plane that has such an
 * image drops the delta. The data plane keeps it on disk beside its last good image
 * before it answers. Fields that the operation does not name are 0.
 */
struct link_delta {
	uint64_t generation;    /* of the registry; each delta has its own, growing */
	struct sender_key key;  /* LINK_SENDER; LINK_ACCOUNT: octet 0 is 0, then system_id */
	uint8_t op;             /* enum link_delta_op */
	uint8_t kind;           /* enum link_delta_kind */
	union {
		uint8_t mode;   /* ADD account: as struct image_account */
		uint8_t action; /* ADD campaign: as struct image_campaign */
	};
	uint8_t alphabet;       /* ADD account: as struct image_account */
	uint32_t account_id;    /* ADD account: its registry id, not 0 */
	uint32_t valid_from, valid_until; /* ADD: as struct image_sender, image_campaign */
	uint32_t blocked_until; /* BLOCK: Unix seconds, not 0; UINT32_MAX = for ever */
	uint16_t sender_tlv;    /* ADD account */
	union {
		uint8_t flags;  /* ADD account: IMAGE_ACCOUNT_* */
		uint8_t radius; /* ADD campaign: as struct image_campaign */
	};
	uint8_t n_owners;       /* ADD sender: 1 to LINK_OWNERS_MAX */
	uint32_t owners[LINK_OWNERS_MAX]; /* ADD sender: registry ids of accounts */
};

struct link_message {
	uint32_t magic, version;
	uint32_t type;          /* enum link_type */
	uint32_t sequence;      /* chosen by control, echoed */
	int32_t result;         /* answers: 0 or negative errno */
	uint32_t workers;       /* answers: how many workers now enforce it */
	uint64_t generation;    /* of the image; answers: of the image in force, 0 none */
	union {
		uint64_t size;     /* image: octets; drain: 0 or 1 */
		uint64_t instance; /* answers: as struct report_header; 0 = it does not say */
	};
	uint64_t elapsed_us;    /* answers: from receipt to the last quiescent report */
	uint64_t uptime_s;      /* answers */
	uint64_t pid;           /* answers: process id of the data plane */
	union {
		uint32_t n_deltas; /* LINK_DELTAS: how many follow, 1 to LINK_DELTAS_MAX */
		uint32_t leisure;  /* LINK_IMAGE: 1: it yields to all else; 0 */
		uint32_t draining; /* answers: 1: nothing new is screened; 0 */
	};
	uint32_t overlay_used;  /* answers: subjects with deltas that no image holds yet */
	uint32_t overlay_max;   /* answers: their bound */
	uint32_t overlay_full;  /* answers: deltas refused so far because there was no room */
	uint64_t seen;          /* answers: latest generation of an image or a delta in force */
	char text[LINK_TEXT_SIZE]; /* answers: a sentence when result is not 0; ends in NUL */
};
_Static_assert(sizeof(struct link_delta) == 64, "link delta");
_Static_assert(sizeof(struct link_message) == 344, "link message");

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link_message: what control and the data plane say to each other.
 *
 * A SOCK_SEQPACKET UNIX socket; the data plane listens (settings: link_socket),
 * one control connects, and may come back at any time. One datagram is one
 * struct link_message, always this size; a table image travels beside it as one
 * file descriptor (SCM_RIGHTS; a sealed memfd). Control asks, the data plane
 * answers each request with exactly one LINK_ANSWER that echoes its sequence.
 * A version that is not ours is answered -EPROTONOSUPPORT with a sentence, never
 * misread. Any change here bumps LINK_VERSION.
 */
#ifndef SLUICE_LINK_MESSAGE_H
#define SLUICE_LINK_MESSAGE_H
#include <stdint.h>

#include "image_format.h"

#define LINK_MAGIC UINT32_C(0x4b4e4c53) /* "SLNK" in memory */
#define LINK_VERSION 1u
#define LINK_TEXT_SIZE 256u

enum link_type {
	LINK_HELLO = 1,     /* control: first message; answer says generation and pid */
	LINK_IMAGE = 2,     /* control: fd beside it; answered when every worker uses it */
	LINK_SANCTION = 3,  /* control: one change; answered when every worker enforces it */
	LINK_STATUS = 4,    /* control: answer carries generation, workers, uptime */
	LINK_ANSWER = 128,  /* data plane */
};

enum link_sanction_op { LINK_SUSPEND = 1, LINK_LIFT = 2 };
enum link_sanction_kind { LINK_ACCOUNT = 1, LINK_SENDER = 2 };

/*
 * A sanction overlays the image in force until the next image replaces both:
 * control writes it to the registry first, and folds it into every later image.
 * The data plane keeps it on disk beside its last good image before it answers.
 */
struct link_sanction {
	uint32_t op;            /* enum link_sanction_op */
	uint32_t kind;          /* enum link_sanction_kind */
	uint32_t account_id;    /* LINK_ACCOUNT: registry id */
	struct sender_key key;  /* LINK_SENDER */
	uint32_t reserved;
};

struct link_message {
	uint32_t magic, version;
	uint32_t type;          /* enum link_type */
	uint32_t sequence;      /* chosen by control, echoed */
	int32_t result;         /* answers: 0 or negative errno */
	uint32_t workers;       /* answers: how many workers now enforce it */
	uint64_t generation;    /* image: its generation; answers: the one in force, 0 none */
	uint64_t size;          /* image: octets */
	uint64_t elapsed_us;    /* answers: from receipt to the last quiescent report */
	uint64_t uptime_s;      /* answers */
	struct link_sanction sanction;
	uint64_t pid;           /* answers: process id of the data plane */
	char text[LINK_TEXT_SIZE]; /* answers: a sentence when result is not 0; ends in NUL */
};
_Static_assert(sizeof(struct link_sanction) == 32, "link sanction");
_Static_assert(sizeof(struct link_message) == 352, "link message");

#endif

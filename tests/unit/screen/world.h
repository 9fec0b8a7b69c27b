/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world: tables from a real image, and a vector of decoded PDUs to screen.
 *
 * world_begin() starts an image with the policy of world.policy; a test adds accounts,
 * senders and rules; world_ready() opens it. Then messages are added and world_screen()
 * runs the stages. Any failure of the scenery ends the program.
 */
#ifndef TEST_WORLD_H
#define TEST_WORLD_H
#include <stdbool.h>
#include <stdint.h>

#include "image_build.h"
#include "screen.h"

#define WORLD_NOW 1700000000u
#define WORLD_RULES_MAX 96u

struct world {
	struct image_policy policy; /* screens what ESMEs send, plan 82 */
	struct image_build *build;
	const char *expressions[WORLD_RULES_MAX];
	unsigned views[WORLD_RULES_MAX];
	unsigned n_expressions;
	void *image;
	struct tables *tables;
	struct screen_context context;
	struct screen_vector *vector;
	uint8_t *pdus[SCREEN_VECTOR_MAX];
};

/* A PDU; what is left out is 0 or absent. */
struct submit {
	uint32_t command_id;             /* 0 = submit_sm */
	const char *source;              /* NULL = "01012345678" */
	/* of a submit_multi all, a small letter begins a list; NULL = "821099998888" */
	const char *const *destinations;
	unsigned n_destinations;
	unsigned ton, npi, esm_class, data_coding;
	const void *text;    /* short_message */
	size_t text_len;     /* 0 with a text = its strlen() */
	const void *payload; /* message_payload */
	size_t payload_len;
	unsigned tag; /* one more TLV */
	const void *value;
	size_t value_len;
	const void *again; /* the same TLV once more, as long, with this value */
	size_t cut; /* octets missing at the end of the body */
};

void world_begin(struct world *w);
void world_account(struct world *w, const struct image_build_account *account);
/* Address as people write it, certified for account id owner (0 = nobody). */
void world_sender(struct world *w, const char *address, uint32_t owner);
void world_sender_with(struct world *w, const char *address, uint32_t owner,
                       struct image_build_sender sender);
/* Numbers of the map, as people write them. */
void world_numbers(struct world *w, const char *first, const char *last,
                   enum image_number_state state);
/* A rule of one pattern; returns its index. */
uint32_t world_rule(struct world *w, uint32_t id, enum image_action action,
                    const char *expression, uint32_t command_status);
/* Any rule, named and with this first pattern; its index. */
uint32_t world_rule_with(struct world *w, struct image_build_rule *rule,
                         const char *expression);
/* One more pattern of the last rule; no views = folded. */
void world_pattern(struct world *w, struct image_pattern *pattern, const char *expression);
/* Act so on texts that are near this one. */
void world_campaign(struct world *w, const char *text, enum image_action action,
                    uint8_t radius);
void world_ready(struct world *w);
uint64_t world_fingerprint(const char *text); /* of a text as people write it */
void world_deltas(struct world *w, const struct link_delta *deltas, unsigned n);
/* One more delta, on an account, or on a sender when address is not NULL. */
void world_delta(struct world *w, enum link_delta_op op, const char *system_id,
                 const char *address);

/* A bound message from the ESME with this system_id, at the end of the vector. */
struct screen_message *world_add(struct world *w, const char *system_id,
                                 const struct submit *submit);
void world_screen(struct world *w);
void world_clear(struct world *w); /* forget the messages */
/* A message of "acme" alone, screened. */
struct screen_message *world_one(struct world *w, const struct submit *submit);
void world_end(struct world *w);

/* The usual scenery: certified account "acme" (id 7, GSM 7-bit) with one sender
 * 010-1234-5678, and rule 100 that refuses "casino". Not yet ready. */
void world_usual(struct world *w);
/* The same with this alphabet, this policy, and rule 101 that refuses "대출". */
void world_readings(struct world *w, uint8_t alphabet, enum image_undecodable undecodable);

#endif

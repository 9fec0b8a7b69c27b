/* SPDX-License-Identifier: Apache-2.0 */
/*
 * concat_key: the keys of the messages that a part is of, one for each of its destinations.
 * Threads: the worker whose message it is.
 */
#ifndef DP_CONCAT_KEY_H
#define DP_CONCAT_KEY_H
#include "parts.h"
#include "screen_priv.h"

struct concat_keys {
	const struct screen_context *context;
	const struct screen_message *message;
	struct cursor left; /* destinations of a submit_multi */
	bool first;
};

/* The first one's, into message->concat_key; message->concat says what part it is. */
void concat_keys_make(const struct screen_context *context, struct screen_message *message);

/* All of them, behind concat_keys_make(): at least one. */
struct concat_keys concat_keys(const struct screen_context *context,
                               const struct screen_message *message);
bool concat_keys_next(struct concat_keys *keys, struct parts_key *key);

#endif

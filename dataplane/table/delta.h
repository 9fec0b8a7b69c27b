/* SPDX-License-Identifier: Apache-2.0 */
/*
 * delta: whether octets that came from elsewhere are a delta (include/link_message.h).
 * Threads: pure; any thread.
 */
#ifndef DP_DELTA_H
#define DP_DELTA_H
#include "check.h"
#include "link_message.h"

/* 0, or -EINVAL with a sentence: operation, kind, key, times, owners, and every field that
 * the operation does not name is 0. */
must_use int delta_check(const struct link_delta *delta, const char **why);

/* The key of an account's deltas; len <= 15. */
struct sender_key delta_account_key(const uint8_t *system_id, size_t len);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * overlay: the sanctions that came after the image. Only for this folder.
 *
 * A small open-addressing set of accounts and senders, in two levels, never more than
 * half full. An overlay is never changed: overlay_with() makes the next one, and shares
 * what is old with it.
 *
 * Cost       a look-up in an empty overlay is one comparison; else a hash and a probe
 *            in each level.
 * Threads    look-ups: any thread. Making and closing: the link thread.
 */
#ifndef DP_OVERLAY_H
#define DP_OVERLAY_H
#include <stdint.h>

#include "check.h"
#include "link_message.h"

enum overlay_state { OVERLAY_NONE = 0, OVERLAY_SUSPENDED = 1, OVERLAY_LIFTED = 2 };

struct overlay;

/* seed: not known to those who choose sender numbers. -ENOMEM. */
must_use int overlay_open(struct overlay **out, uint64_t seed);
void overlay_close(const struct overlay *overlay); /* NULL is allowed */

/* base and one more sanction, which replaces an earlier one on the same account or
 * sender. -EINVAL: unknown operation or kind, no account id, not a sender key; -ENOSPC:
 * OVERLAY_MAX sanctions; -ENOMEM. */
must_use int overlay_with(struct overlay **out, const struct overlay *base,
                          const struct link_sanction *sanction);

enum overlay_state overlay_account(const struct overlay *overlay, uint32_t account_id);
enum overlay_state overlay_sender(const struct overlay *overlay, const struct sender_key *key);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registry_delta: single changes that take effect at once: suspend, lift, block, unblock,
 * add and remove of accounts and senders; block and unblock of campaigns.
 *
 * Many of them share one transaction, so one flush of the disk. Within it they come in
 * groups: a group is written whole or not at all, the others are as they are.
 *
 *   registry_deltas_begin(r, true);
 *   registry_group_begin(r);
 *   result = registry_delta(r, &delta, &told);     ... as often as the group has deltas
 *   result = registry_group_end(r, result);        ... as often as there are groups
 *   registry_deltas_end(r, 0);
 *
 * What suspends or blocks is in a file of its own and waits for nobody; what adds or
 * removes needs the registry itself, which an import may hold.
 *
 * Threads: as registry.h.
 */
#ifndef CONTROL_REGISTRY_DELTA_H
#define CONTROL_REGISTRY_DELTA_H
#include <stdbool.h>
#include <stdint.h>

#include "check.h"
#include "link_message.h"
#include "registry.h"

struct registry_delta {
	enum link_delta_op op;
	enum link_delta_kind kind;
	const char *name; /* system_id, address in any usual form, or fingerprint */
	/* Unix seconds. BLOCK: its end; 0 and UINT32_MAX: for ever. ADD: first second not
	 * valid; 0: for ever. Else 0. */
	uint32_t until;
	uint32_t valid_from;    /* ADD; 0 = always */
	const char *owners;     /* ADD sender: system_ids, separated by semicolons */
	const char *title;      /* ADD account: its name, for people; NULL = "" */
	uint8_t mode, alphabet; /* ADD account; 0 = enforce, gsm7 */
	uint16_t sender_tlv;    /* ADD account; 0 = source_addr */
	/* BLOCK campaign (registry_campaigns.h): */
	uint8_t action;         /* enum image_action; 0 = refuse */
	uint8_t radius;         /* bits, when has_radius; else CAMPAIGN_RADIUS */
	bool has_radius;
	const char *note;       /* for people; NULL = "" */
};

/*
 * records: there are deltas that add or remove. -EBUSY then: an import is writing; without
 * records it does not happen.
 */
must_use int registry_deltas_begin(struct registry *registry, bool records);
must_use int registry_deltas_end(struct registry *registry, int result);

/*
 * Before a transaction with records: what it removes leaves its suspension and its block
 * behind, in the file of sanctions. A transaction of two files is committed in each by
 * itself, the registry's first; killed in between, or without power, it would have taken the
 * record away and kept nothing. Done twice it is as done once.
 */
must_use int registry_keep_sanctions(struct registry *registry,
                                     const struct registry_delta *deltas, unsigned n);

must_use int registry_group_begin(struct registry *registry);
must_use int registry_group_end(struct registry *registry, int result);

/*
 * Write one delta; *told is then what the data plane must be told, its generation
 * included. Nothing of it counts before registry_deltas_end() returned 0. -ENOENT: nobody
 * is called so; -EINVAL: the name cannot be one, or a field makes no sense; -EEXIST: added
 * already, and differently; -EPERM: lift of a sender that is blocked, not suspended;
 * -E2BIG: as many campaigns are acted upon as there is room for.
 */
must_use int registry_delta(struct registry *registry, const struct registry_delta *delta,
                            struct link_delta *told);

/*
 * One field of a delta as people and programs write it: op, kind, name, until, from, owner,
 * title, mode, alphabet, sender_field, action, radius, note; times like
 * 2026-01-31T09:00:00Z, "forever". text is borrowed. 0; -EINVAL: it does not
 * have such a value; -ENOENT: there is no such field.
 */
must_use int registry_delta_field(struct registry_delta *delta, const char *field,
                                  const char *text);
/* What values a field takes, for people: "from 0 to 7"; "" when that says itself. */
const char *registry_delta_values(const char *field);

#endif

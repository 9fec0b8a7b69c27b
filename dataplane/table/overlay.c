/* SPDX-License-Identifier: Apache-2.0 */
#include "overlay.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "sender_hash.h"
#include "tables.h"

#define SLOTS_FIRST 16u

/* Accounts are entries too: their id stands in the key, so one set serves both kinds. */
struct entry {
	struct sender_key key;     /* all zero = empty */
	uint32_t state;            /* enum overlay_state */
};

struct set {
	uint32_t n, slots;         /* slots: a power of two, or 0 while the set is empty */
	struct entry *entries;
};

struct overlay {
	struct sender_hash hash;
	struct set senders, accounts;
};

static struct sender_key account_key(uint32_t id)
{
	struct sender_key key = { { 0 } };

	memcpy(key.octets, &id, sizeof(id));
	return key;
}

static bool key_equal(const struct sender_key *a, const struct sender_key *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static bool key_empty(const struct sender_key *key)
{
	static const struct sender_key none;

	return key_equal(key, &none);
}

/* The entry of this key, or the empty one where it belongs: sets are never full. */
static struct entry *find(const struct set *set, const struct sender_hash *hash,
                          const struct sender_key *key)
{
	uint32_t at = (uint32_t)sender_hash_key(hash, key) & (set->slots - 1);

	while (!key_empty(&set->entries[at].key) && !key_equal(&set->entries[at].key, key))
		at = (at + 1) & (set->slots - 1);
	return &set->entries[at];
}

static enum overlay_state state_of(const struct set *set, const struct sender_hash *hash,
                                   const struct sender_key *key)
{
	if (set->n == 0 || key_empty(key))
		return OVERLAY_NONE;
	return find(set, hash, key)->state; /* an empty entry's state is NONE */
}

/* A copy with room for one more entry. */
static int set_copy(struct set *to, const struct set *from, const struct sender_hash *hash)
{
	uint32_t slots = from->slots == 0 ? SLOTS_FIRST : from->slots;

	while ((from->n + 1) * 2 > slots)
		slots *= 2;
	to->entries = calloc(slots, sizeof(*to->entries));
	if (to->entries == NULL)
		return -ENOMEM;
	to->slots = slots;
	to->n = from->n;
	if (slots == from->slots) {
		memcpy(to->entries, from->entries, slots * sizeof(*to->entries));
		return 0;
	}
	for (uint32_t i = 0; i < from->slots; i++) {
		if (!key_empty(&from->entries[i].key))
			*find(to, hash, &from->entries[i].key) = from->entries[i];
	}
	return 0;
}

static void set_put(struct set *set, const struct sender_hash *hash,
                    const struct sender_key *key, enum overlay_state state)
{
	struct entry *e = find(set, hash, key);

	set->n += key_empty(&e->key);
	*e = (struct entry){ .key = *key, .state = state };
}

int overlay_open(struct overlay **out, uint64_t seed)
{
	struct overlay *o = calloc(1, sizeof(*o));

	if (o == NULL)
		return -ENOMEM;
	o->hash = sender_hash_open(seed);
	*out = o;
	return 0;
}

void overlay_close(const struct overlay *overlay)
{
	struct overlay *o = (struct overlay *)(uintptr_t)overlay; /* ours: we made it */

	if (o == NULL)
		return;
	free(o->senders.entries);
	free(o->accounts.entries);
	free(o);
}

static bool sanction_good(const struct link_sanction *s)
{
	if (s->op != LINK_SUSPEND && s->op != LINK_LIFT)
		return false;
	return s->kind == LINK_ACCOUNT ? s->account_id != 0
		: s->kind == LINK_SENDER && address_key_valid(&s->key);
}

int overlay_with(struct overlay **out, const struct overlay *base,
                 const struct link_sanction *sanction)
{
	if (!sanction_good(sanction))
		return -EINVAL;
	const bool account = sanction->kind == LINK_ACCOUNT;
	const struct sender_key key = account ? account_key(sanction->account_id) : sanction->key;
	const struct set *old = account ? &base->accounts : &base->senders;
	struct overlay *o;

	if (base->senders.n + base->accounts.n >= OVERLAY_MAX &&
	    state_of(old, &base->hash, &key) == OVERLAY_NONE)
		return -ENOSPC;
	if (overlay_open(&o, 0) != 0)
		return -ENOMEM;
	o->hash = base->hash;
	if (set_copy(&o->senders, &base->senders, &base->hash) != 0 ||
	    set_copy(&o->accounts, &base->accounts, &base->hash) != 0) {
		overlay_close(o);
		return -ENOMEM;
	}
	set_put(account ? &o->accounts : &o->senders, &o->hash, &key,
	        sanction->op == LINK_SUSPEND ? OVERLAY_SUSPENDED : OVERLAY_LIFTED);
	*out = o;
	return 0;
}

enum overlay_state overlay_account(const struct overlay *o, uint32_t account_id)
{
	const struct sender_key key = account_key(account_id);

	return state_of(&o->accounts, &o->hash, &key);
}

enum overlay_state overlay_sender(const struct overlay *o, const struct sender_key *key)
{
	return state_of(&o->senders, &o->hash, key);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "overlay.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "sender_hash.h"
#include "tables.h"

/*
 * Two levels, so that a sanction copies a few KiB and not all that came before: recent
 * entries are copied with each step, and join the older ones, which snapshots share,
 * when there are RECENT_MAX. Each entry is thus copied about OVERLAY_MAX / RECENT_MAX
 * times at most, 10 us a sanction when full.
 */
#define RECENT_MAX 128u
#define RECENT_SLOTS (RECENT_MAX * 2)

struct entry {
	struct sender_key key; /* all zero = empty; accounts: account_key() */
	uint32_t state;        /* enum overlay_state */
};

/* Immutable once made. slots: a power of two, at least twice n. */
struct older {
	unsigned users; /* overlays that share it; link thread only */
	uint32_t n, slots;
	struct entry entries[];
};

struct overlay {
	struct sender_hash hash;
	struct older *older; /* NULL = none */
	uint32_t n;          /* different accounts and senders in both levels */
	uint32_t n_recent;
	struct entry recent[RECENT_SLOTS]; /* says more than older */
};

/* Accounts are entries too. No sender key begins with a zero octet. */
static struct sender_key account_key(uint32_t id)
{
	struct sender_key key = { { 0 } };

	memcpy(key.octets + 1, &id, sizeof(id));
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

/* Where this key is, or the empty entry where it belongs: no level is ever full. */
static uint32_t find(const struct entry *entries, uint32_t slots,
                     const struct sender_hash *hash, const struct sender_key *key)
{
	uint32_t at = (uint32_t)sender_hash_key(hash, key) & (slots - 1);

	while (!key_empty(&entries[at].key) && !key_equal(&entries[at].key, key))
		at = (at + 1) & (slots - 1);
	return at;
}

/* An empty entry's state is NONE, so a miss needs no test. */
static enum overlay_state state_of(const struct overlay *o, const struct sender_key *key)
{
	enum overlay_state state = OVERLAY_NONE;

	if (o->n == 0 || key_empty(key))
		return OVERLAY_NONE;
	if (o->n_recent > 0)
		state = o->recent[find(o->recent, RECENT_SLOTS, &o->hash, key)].state;
	if (state == OVERLAY_NONE && o->older != NULL)
		state = o->older->entries[find(o->older->entries, o->older->slots, &o->hash,
		                               key)]
		                .state;
	return state;
}

static void older_drop(struct older *older)
{
	if (older != NULL && --older->users == 0)
		free(older);
}

static void older_put(struct older *to, const struct sender_hash *hash,
                      const struct entry *entries, uint32_t slots)
{
	for (uint32_t i = 0; i < slots; i++) {
		if (key_empty(&entries[i].key))
			continue;
		const uint32_t at = find(to->entries, to->slots, hash, &entries[i].key);
		to->n += key_empty(&to->entries[at].key);
		to->entries[at] = entries[i];
	}
}

/* Move what is recent to a new older level. */
static int merge(struct overlay *o)
{
	uint32_t slots = RECENT_SLOTS * 2;

	while (slots < o->n * 2)
		slots *= 2;
	struct older *next = calloc(1, sizeof(*next) + slots * sizeof(next->entries[0]));
	if (next == NULL)
		return -ENOMEM;
	next->users = 1;
	next->slots = slots;
	if (o->older != NULL)
		older_put(next, &o->hash, o->older->entries, o->older->slots);
	older_put(next, &o->hash, o->recent, RECENT_SLOTS);
	older_drop(o->older);
	o->older = next;
	o->n_recent = 0;
	memset(o->recent, 0, sizeof(o->recent));
	return 0;
}

static int put(struct overlay *o, const struct sender_key *key, enum overlay_state state)
{
	const bool known = state_of(o, key) != OVERLAY_NONE;

	if (o->n_recent == RECENT_MAX && merge(o) != 0)
		return -ENOMEM;
	struct entry *e = &o->recent[find(o->recent, RECENT_SLOTS, &o->hash, key)];
	o->n_recent += key_empty(&e->key);
	o->n += !known;
	*e = (struct entry){ .key = *key, .state = state };
	return 0;
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
	older_drop(o->older);
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
	const struct sender_key key = sanction->kind == LINK_ACCOUNT
	                                      ? account_key(sanction->account_id)
	                                      : sanction->key;

	if (base->n >= OVERLAY_MAX && state_of(base, &key) == OVERLAY_NONE)
		return -ENOSPC;
	struct overlay *o = malloc(sizeof(*o));
	if (o == NULL)
		return -ENOMEM;
	*o = *base;
	if (o->older != NULL)
		o->older->users++;
	if (put(o, &key, sanction->op == LINK_SUSPEND ? OVERLAY_SUSPENDED : OVERLAY_LIFTED) !=
	    0) {
		overlay_close(o);
		return -ENOMEM;
	}
	*out = o;
	return 0;
}

enum overlay_state overlay_account(const struct overlay *o, uint32_t account_id)
{
	const struct sender_key key = account_key(account_id);

	return state_of(o, &key);
}

enum overlay_state overlay_sender(const struct overlay *o, const struct sender_key *key)
{
	return state_of(o, key);
}

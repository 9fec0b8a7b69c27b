/* SPDX-License-Identifier: Apache-2.0 */
#include "overlay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "delta.h"
#include "prefetch.h"
#include "sender_hash.h"
#include "tables.h"

#define INDEX_FIRST 256u /* slots */
#define AHEAD 16u        /* slots: as many fetches at once as a core keeps under way */

/* slots: a power of two, at least twice what is in it. Replaced whole when it grows. */
struct index {
	struct index *next; /* when retired */
	uint32_t slots;
	const struct overlay_entry *at[]; /* stored with release, loaded with acquire */
};

/* The entry comes first, so that its address is the node's. */
struct node {
	struct overlay_entry entry;
	struct node *next; /* of retired, or of free ones */
};

struct overlay {
	struct sender_hash hash;
	struct index *index;        /* NULL = empty; stored with release */
	struct image_account *rows; /* OVERLAY_ACCOUNTS_MAX, or NULL; rows are only added */
	uint32_t n, n_rows, n_campaigns;
	uint64_t generation;
	/* What no reader that begins now can find. */
	struct node *retired;
	struct index *retired_index;
};

static bool key_equal(const struct sender_key *a, const struct sender_key *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* Where this key is, or the empty slot where it belongs. */
static uint32_t find(const struct index *index, const struct sender_hash *hash,
                     const struct sender_key *key, const struct overlay_entry **entry)
{
	uint32_t at = (uint32_t)sender_hash_key(hash, key) & (index->slots - 1);

	/* Acquire: the entry was whole before its pointer was stored. */
	for (;; at = (at + 1) & (index->slots - 1)) {
		*entry = __atomic_load_n(&index->at[at], __ATOMIC_ACQUIRE);
		if (*entry == NULL || key_equal(&(*entry)->key, key))
			return at;
	}
}

const struct overlay_entry *overlay_find(const struct overlay *o, const struct sender_key *key)
{
	const struct index *index = __atomic_load_n(&o->index, __ATOMIC_ACQUIRE);
	const struct overlay_entry *entry;

	if (index == NULL)
		return NULL;
	find(index, &o->hash, key, &entry);
	return entry;
}

const struct overlay_entry *overlay_find_account(const struct overlay *o,
                                                 const uint8_t *system_id, size_t len)
{
	/* Most often: before a key is made. */
	if (__atomic_load_n(&o->index, __ATOMIC_ACQUIRE) == NULL)
		return NULL;
	const struct sender_key key = delta_account_key(system_id, len);

	return overlay_find(o, &key);
}

const struct image_account *overlay_account(const struct overlay *o, uint32_t index)
{
	return &o->rows[index];
}

uint32_t overlay_used(const struct overlay *o) { return o->n; }
uint32_t overlay_campaigns(const struct overlay *o) { return o->n_campaigns; }
uint64_t overlay_generation(const struct overlay *o) { return o->generation; }

int overlay_open(struct overlay **out, uint64_t seed)
{
	struct overlay *o = calloc(1, sizeof(*o));

	if (o == NULL)
		return -ENOMEM;
	o->hash = sender_hash_open(seed);
	*out = o;
	return 0;
}

void overlay_reclaim(struct overlay *o)
{
	while (o->retired != NULL) {
		struct node *next = o->retired->next;
		free(o->retired);
		o->retired = next;
	}
	while (o->retired_index != NULL) {
		struct index *next = o->retired_index->next;
		free(o->retired_index);
		o->retired_index = next;
	}
}

void overlay_close(struct overlay *o)
{
	if (o == NULL)
		return;
	overlay_reclaim(o);
	for (uint32_t i = 0; o->index != NULL && i < o->index->slots; i++)
		free((void *)(uintptr_t)o->index->at[i]); /* ours: a node's first member */
	free(o->index);
	free(o->rows);
	free(o);
}

/* Room for n more subjects: the same entries in a larger index. */
static int reserve(struct overlay *o, uint64_t n)
{
	const struct index *old = o->index;
	uint64_t slots = old == NULL ? INDEX_FIRST : old->slots;
	const struct overlay_entry *none;

	while (slots < (o->n + n) * 2)
		slots *= 2;
	if (old != NULL && slots == old->slots)
		return 0;
	struct index *next = calloc(1, sizeof(*next) + slots * sizeof(next->at[0]));
	if (next == NULL)
		return -ENOMEM;
	next->slots = (uint32_t)slots;
	for (uint32_t i = 0; old != NULL && i < old->slots; i++) {
		/* Each is somewhere else in memory: have those that come next fetched. */
		if (i + AHEAD < old->slots)
			prefetch(old->at[i + AHEAD]);
		if (old->at[i] != NULL)
			next->at[find(next, &o->hash, &old->at[i]->key, &none)] = old->at[i];
	}
	if (o->index != NULL) {
		o->index->next = o->retired_index;
		o->retired_index = o->index;
	}
	__atomic_store_n(&o->index, next, __ATOMIC_RELEASE);
	return 0;
}

static void put_record(struct overlay *o, struct overlay_entry *e, const struct link_delta *d)
{
	e->record_at = d->generation;
	e->added = d->op == LINK_ADD;
	e->n_owners = d->n_owners;
	memcpy(e->owners, d->owners, sizeof(e->owners));
	e->valid_from = d->valid_from;
	e->valid_until = d->valid_until;
	if (d->kind == LINK_CAMPAIGN) {
		e->action = d->action;
		e->radius = d->radius;
	}
	if (!e->added || d->kind != LINK_ACCOUNT)
		return;
	e->account = o->n_rows++;
	o->rows[e->account] = (struct image_account){
		.id = d->account_id,
		.state = IMAGE_CERTIFIED,
		.mode = d->mode,
		.alphabet = d->alphabet,
		.flags = d->flags,
		.valid_from = d->valid_from,
		.valid_until = d->valid_until,
		.sender_tlv = d->sender_tlv,
	};
	memcpy(o->rows[e->account].system_id, d->key.octets + 1, SENDER_KEY_SIZE - 1);
}

static void put(struct overlay *o, struct overlay_entry *e, const struct link_delta *d)
{
	e->key = d->key;
	switch ((enum link_delta_op)d->op) {
	case LINK_SUSPEND:
	case LINK_LIFT:
		e->suspension_at = d->generation;
		e->suspended = d->op == LINK_SUSPEND;
		break;
	case LINK_BLOCK:
	case LINK_UNBLOCK:
		e->block_at = d->generation;
		e->blocked_until = d->blocked_until;
		break;
	case LINK_ADD:
	case LINK_REMOVE:
		put_record(o, e, d);
		break;
	}
}

/* One delta, for which there is room: node becomes its entry. */
static void apply(struct overlay *o, struct node *node, const struct link_delta *d)
{
	const struct overlay_entry *old;
	const uint32_t at = find(o->index, &o->hash, &d->key, &old);

	node->entry = old == NULL ? (struct overlay_entry){ 0 } : *old;
	put(o, &node->entry, d);
	/* Release: whoever finds the entry finds all of it. */
	__atomic_store_n(&o->index->at[at], &node->entry, __ATOMIC_RELEASE);
	o->n += old == NULL;
	o->n_campaigns += old == NULL && d->kind == LINK_CAMPAIGN;
	o->generation = d->generation;
	if (old != NULL) {
		struct node *gone = (struct node *)(uintptr_t)old;
		gone->next = o->retired;
		o->retired = gone;
	}
}

static void free_nodes(struct node *list)
{
	while (list != NULL) {
		struct node *next = list->next;
		free(list);
		list = next;
	}
}

static struct node *new_nodes(unsigned n)
{
	struct node *list = NULL;

	while (n-- > 0) {
		struct node *one = malloc(sizeof(*one));
		if (one == NULL) {
			free_nodes(list);
			return NULL;
		}
		one->next = list;
		list = one;
	}
	return list;
}

static int check_all(const struct link_delta *deltas, unsigned n, uint64_t after,
                     unsigned *accounts)
{
	const char *why;

	for (unsigned i = 0; i < n; i++) {
		if (delta_check(&deltas[i], &why) != 0)
			return -EINVAL;
		if (deltas[i].generation <= after)
			return -ESTALE;
		after = deltas[i].generation;
		*accounts += deltas[i].op == LINK_ADD && deltas[i].kind == LINK_ACCOUNT;
	}
	return 0;
}

static int reserve_rows(struct overlay *o)
{
	if (o->rows == NULL)
		o->rows = calloc(OVERLAY_ACCOUNTS_MAX, sizeof(*o->rows));
	return o->rows == NULL ? -ENOMEM : 0;
}

static int make_room(struct overlay *o, unsigned n, unsigned accounts)
{
	/* Subjects that are there already count again: the bound is a little early. */
	if (o->n + n > OVERLAY_MAX || o->n_rows + accounts > OVERLAY_ACCOUNTS_MAX)
		return -ENOSPC;
	const int rc = accounts == 0 ? 0 : reserve_rows(o);
	return rc != 0 ? rc : reserve(o, n);
}

int overlay_apply(struct overlay *o, const struct link_delta *deltas, unsigned n,
                  uint64_t after)
{
	unsigned accounts = 0;
	int rc = check_all(deltas, n, after > o->generation ? after : o->generation, &accounts);

	if (rc == 0)
		rc = make_room(o, n, accounts);
	if (rc != 0 || n == 0)
		return rc;
	struct node *nodes = new_nodes(n);
	if (nodes == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < n; i++) {
		struct node *one = nodes;
		nodes = one->next;
		apply(o, one, &deltas[i]);
	}
	return 0;
}

static uint8_t kind_of(const struct sender_key *key)
{
	return key->octets[0] == 0                   ? LINK_ACCOUNT
	       : key->octets[0] == LINK_CAMPAIGN_KEY ? LINK_CAMPAIGN
	                                             : LINK_SENDER;
}

/* The deltas that made an entry, at most three. */
static unsigned deltas_of(const struct overlay *o, const struct overlay_entry *e,
                          struct link_delta out[3])
{
	const uint8_t kind = kind_of(&e->key);
	unsigned n = 0;

	if (e->suspension_at != 0)
		out[n++] = (struct link_delta){ .generation = e->suspension_at,
			                        .op = e->suspended ? LINK_SUSPEND : LINK_LIFT };
	if (e->block_at != 0)
		out[n++] =
			(struct link_delta){ .generation = e->block_at,
			                     .op = e->blocked_until ? LINK_BLOCK : LINK_UNBLOCK,
			                     .blocked_until = e->blocked_until };
	if (e->record_at != 0) {
		struct link_delta *d = &out[n++];
		*d = (struct link_delta){ .generation = e->record_at,
			                  .op = e->added ? LINK_ADD : LINK_REMOVE,
			                  .valid_from = e->valid_from,
			                  .valid_until = e->valid_until,
			                  .n_owners = e->n_owners };
		memcpy(d->owners, e->owners, sizeof(d->owners));
		if (e->added && kind == LINK_CAMPAIGN) {
			d->action = e->action;
			d->radius = e->radius;
		}
		if (e->added && kind == LINK_ACCOUNT) {
			const struct image_account *a = &o->rows[e->account];
			d->account_id = a->id;
			d->mode = a->mode;
			d->alphabet = a->alphabet;
			d->flags = a->flags;
			d->sender_tlv = a->sender_tlv;
		}
	}
	for (unsigned i = 0; i < n; i++) {
		out[i].key = e->key;
		out[i].kind = kind;
	}
	return n;
}

static int by_generation(const void *a, const void *b)
{
	const uint64_t x = ((const struct link_delta *)a)->generation,
		       y = ((const struct link_delta *)b)->generation;

	return (x > y) - (x < y);
}

int overlay_list(const struct overlay *o, uint64_t generation, struct link_delta **out,
                 size_t *n)
{
	struct link_delta *list = malloc(((size_t)o->n * 3 + 1) * sizeof(*list));
	size_t used = 0;

	if (list == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; o->index != NULL && i < o->index->slots; i++) {
		struct link_delta three[3];
		const unsigned found =
			o->index->at[i] == NULL ? 0 : deltas_of(o, o->index->at[i], three);

		for (unsigned k = 0; k < found; k++)
			if (three[k].generation > generation)
				list[used++] = three[k];
	}
	qsort(list, used, sizeof(*list), by_generation);
	*out = list;
	*n = used;
	return 0;
}

/* All of it fits: it comes from an overlay of the same bounds. */
static int carry(struct overlay *o, const struct link_delta *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct node *node = new_nodes(1);
		if (node == NULL)
			return -ENOMEM;
		apply(o, node, &list[i]);
	}
	return 0;
}

int overlay_carry(struct overlay *o, const struct overlay *from, uint64_t generation)
{
	struct link_delta *list = NULL;
	size_t n = 0;
	int rc = overlay_list(from, generation, &list, &n);

	if (rc == 0 && n != 0 && from->rows != NULL)
		rc = reserve_rows(o);
	if (rc == 0 && n != 0)
		rc = reserve(o, n < from->n ? n : from->n);
	if (rc == 0)
		rc = carry(o, list, n);
	overlay_reclaim(o); /* no worker reads this one yet */
	free(list);
	return rc;
}

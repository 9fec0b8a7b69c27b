/* SPDX-License-Identifier: Apache-2.0 */
#include "overlay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "delta.h"
#include "overlay_priv.h"
#include "tables.h"

const struct overlay_entry *overlay_find(const struct overlay *o, const struct sender_key *key)
{
	return overlay_index_find(&o->index, &o->hash, key);
}

bool overlay_is_empty(const struct overlay *o)
{
	return __atomic_load_n(&o->index.slots, __ATOMIC_ACQUIRE) == NULL;
}

const struct overlay_entry *overlay_find_account(const struct overlay *o,
                                                 const uint8_t *system_id, size_t len)
{
	/* Most often: before a key is made. */
	if (overlay_is_empty(o))
		return NULL;
	const struct sender_key key = delta_account_key(system_id, len);

	return overlay_find(o, &key);
}

const struct image_account *overlay_account(const struct overlay *o, uint32_t index)
{
	return &o->rows[index];
}

uint32_t overlay_used(const struct overlay *o) { return o->n; }
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
		struct node *one = o->retired;
		o->retired = one->older;
		/* No subject's: a reader that still held it would find nothing. */
		memset(&one->entry.key, 0xff, sizeof(one->entry.key));
		one->older = o->free;
		o->free = one;
		o->n_free++;
	}
	overlay_index_reclaim(&o->index);
}

void overlay_close(struct overlay *o)
{
	if (o == NULL)
		return;
	for (struct slab *next, *one = o->slabs; one != NULL; one = next) {
		next = one->next;
		free(one);
	}
	overlay_index_close(&o->index);
	free(o->rows);
	free(o);
}

/* At least n free nodes. */
static int reserve_nodes(struct overlay *o, uint32_t n)
{
	while (o->n_free < n) {
		struct slab *slab = malloc(sizeof(*slab));
		if (slab == NULL)
			return -ENOMEM;
		slab->next = o->slabs;
		o->slabs = slab;
		/* The first of them is taken first, so that memory is walked upwards. */
		for (unsigned i = SLAB_NODES; i-- > 0;) {
			slab->nodes[i].older = o->free;
			o->free = &slab->nodes[i];
		}
		o->n_free += SLAB_NODES;
	}
	return 0;
}

static void put_record(struct overlay *o, struct overlay_entry *e, const struct link_delta *d)
{
	if (e->record_at == d->generation)
		return; /* carried, and again with what came after it: the row is there */
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
	bug_if(o->n_rows == OVERLAY_ACCOUNTS_MAX);
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

/* The latest of them; before it came what is in front of it. */
static void append(struct overlay *o, struct node *node)
{
	node->newer = NULL;
	node->older = o->newest;
	if (o->newest != NULL)
		o->newest->newer = node;
	else
		o->oldest = node;
	o->newest = node;
	if (o->walk_at == NULL) /* it has come to the end, or begun with nothing */
		o->walk_at = node;
}

static void take_out(struct overlay *o, struct node *node)
{
	if (o->walk_at == node) /* on its way back it may begin anew from what is older */
		o->walk_at =
			o->walk == WALK_BACK && node->older != NULL ? node->older : node->newer;
	if (node->newer != NULL)
		node->newer->older = node->older;
	else
		o->newest = node->older;
	if (node->older != NULL)
		node->older->newer = node->newer;
	else
		o->oldest = node->newer;
}

static struct node *take_free(struct overlay *o)
{
	struct node *node = o->free;

	o->free = node->older;
	o->n_free--;
	return node;
}

void overlay_put(struct overlay *o, const struct link_delta *d)
{
	struct node *node = take_free(o);
	const struct overlay_entry *old = overlay_find(o, &d->key);

	node->entry = old == NULL ? (struct overlay_entry){ 0 } : *old;
	put(o, &node->entry, d);
	overlay_index_put(&o->index, &o->hash, &node->entry);
	o->n += old == NULL;
	if (o->generation < d->generation)
		o->generation = d->generation;
	if (old != NULL) {
		struct node *gone = (struct node *)(uintptr_t)old; /* its first member */
		take_out(o, gone);
		gone->older = o->retired;
		o->retired = gone;
	}
	append(o, node);
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

int overlay_reserve(struct overlay *o, unsigned n, unsigned accounts)
{
	if (accounts != 0 && o->rows == NULL)
		o->rows = calloc(OVERLAY_ACCOUNTS_MAX, sizeof(*o->rows));
	if (accounts != 0 && o->rows == NULL)
		return -ENOMEM;
	const int rc = reserve_nodes(o, n);
	return rc != 0 ? rc : overlay_index_reserve(&o->index, &o->hash, o->n, n);
}

static int make_room(struct overlay *o, unsigned n, unsigned accounts)
{
	/* Subjects that are there already count again: the bound is a little early. */
	if (o->n + n > OVERLAY_MAX || o->n_rows + accounts > OVERLAY_ACCOUNTS_MAX)
		return -ENOSPC;
	return overlay_reserve(o, n, accounts);
}

int overlay_apply(struct overlay *o, const struct link_delta *deltas, unsigned n,
                  uint64_t after)
{
	unsigned accounts = 0;
	int rc = check_all(deltas, n, after > o->generation ? after : o->generation, &accounts);

	if (rc == 0)
		rc = make_room(o, n, accounts);
	for (unsigned i = 0; rc == 0 && i < n; i++)
		overlay_put(o, &deltas[i]);
	return rc;
}

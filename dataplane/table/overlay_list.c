/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "overlay_priv.h"

#define THINGS 3u /* that deltas say of a subject */

static uint8_t kind_of(const struct sender_key *key)
{
	return key->octets[0] == 0                   ? LINK_ACCOUNT
	       : key->octets[0] == LINK_CAMPAIGN_KEY ? LINK_CAMPAIGN
	                                             : LINK_SENDER;
}

/* The deltas that made an entry. */
static unsigned deltas_of(const struct overlay *o, const struct overlay_entry *e,
                          struct link_delta out[THINGS])
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

/* Of those that made an entry, the ones that are newer, to the end of a list. */
static size_t add_newer(const struct overlay *o, const struct overlay_entry *e,
                        uint64_t generation, struct link_delta *list)
{
	struct link_delta all[THINGS];
	const unsigned found = deltas_of(o, e, all);
	size_t n = 0;

	for (unsigned k = 0; k < found; k++)
		if (all[k].generation > generation)
			list[n++] = all[k];
	return n;
}

int overlay_list(const struct overlay *o, uint64_t generation, struct link_delta **out,
                 size_t *n)
{
	struct link_delta *list = malloc(((size_t)o->n * THINGS + 1) * sizeof(*list));
	size_t used = 0;

	if (list == NULL)
		return -ENOMEM;
	for (const struct node *one = o->oldest; one != NULL; one = one->newer)
		used += add_newer(o, &one->entry, generation, list + used);
	qsort(list, used, sizeof(*list), by_generation);
	*out = list;
	*n = used;
	return 0;
}

static uint64_t latest_of(const struct overlay_entry *e)
{
	const uint64_t sanction =
		e->block_at > e->suspension_at ? e->block_at : e->suspension_at;

	return e->record_at > sanction ? e->record_at : sanction;
}

void overlay_walk(struct overlay *o)
{
	o->walk = WALK_BACK;
	o->walk_at = o->newest;
}

/* One step; whether there is anything onwards from there. */
static void walk_back(struct overlay *o, uint64_t generation)
{
	struct node *at = o->walk_at;

	if (at == NULL || latest_of(&at->entry) <= generation) {
		o->walk = WALK_ONWARDS;
		o->walk_at = at == NULL ? NULL : at->newer;
	} else if (at->older != NULL) {
		o->walk_at = at->older;
	} else {
		o->walk = WALK_ONWARDS;
	}
}

bool overlay_walked(struct overlay *o, uint64_t generation, struct link_delta *list, size_t *n,
                    size_t max)
{
	*n = 0;
	for (size_t steps = 0; o->walk == WALK_BACK && steps < max; steps++)
		walk_back(o, generation);
	while (o->walk == WALK_ONWARDS && o->walk_at != NULL && *n + THINGS <= max) {
		const struct node *at = o->walk_at;
		o->walk_at = at->newer;
		*n += add_newer(o, &at->entry, generation, list + *n);
	}
	return o->walk == WALK_ONWARDS && o->walk_at == NULL;
}

int overlay_carry(struct overlay *o, const struct link_delta *list, size_t n)
{
	unsigned accounts = 0;

	for (size_t i = 0; i < n; i++)
		accounts += list[i].kind == LINK_ACCOUNT && list[i].op == LINK_ADD;
	const int rc = overlay_reserve(o, (unsigned)n, accounts);
	for (size_t i = 0; rc == 0 && i < n; i++)
		overlay_put(o, &list[i]);
	overlay_reclaim(o); /* no worker reads this one yet */
	return rc;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * overlay_priv: the inside of the overlay, for overlay.c (what is found and changed) and
 * overlay_list.c (what is listed and carried).
 */
#ifndef DP_OVERLAY_PRIV_H
#define DP_OVERLAY_PRIV_H
#include "overlay.h"
#include "overlay_index.h"

#define SLAB_NODES 512u /* 60 KiB */

/* The entry comes first, so that its address is the node's. */
struct node {
	struct overlay_entry entry;
	/* In the order of their latest deltas; older also: the next one retired, or free. */
	struct node *older, *newer;
};

struct slab {
	struct slab *next;
	struct node nodes[SLAB_NODES];
};

enum overlay_walk {
	WALK_NONE,    /* walk_at means nothing */
	WALK_BACK,    /* to the first that is newer than a generation */
	WALK_ONWARDS, /* walk_at is the next; NULL: the next that comes */
};

struct overlay {
	struct sender_hash hash;
	struct overlay_index index;
	struct image_account *rows; /* OVERLAY_ACCOUNTS_MAX, or NULL; rows are only added */
	uint32_t n, n_rows;
	uint64_t generation;
	struct node *oldest, *newest;
	enum overlay_walk walk;
	struct node *walk_at;
	struct node *retired; /* no reader that begins now can find them */
	struct node *free;
	uint32_t n_free;
	struct slab *slabs;
};

/* Room for n deltas, so many of them new accounts. -ENOMEM. */
must_use int overlay_reserve(struct overlay *overlay, unsigned n, unsigned accounts);

/* One delta, for which there is room. */
void overlay_put(struct overlay *overlay, const struct link_delta *delta);

#endif

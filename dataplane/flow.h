/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow: the connection table of one worker.
 *
 * Keys live in the flows; a bucket is one cache line of eight (hash tag, flow)
 * pairs and every key has two candidate buckets, so a miss costs at most two
 * lines. Flows come from a pool sized at start: full is an answer (NULL), never
 * a crash. Removal is exact and leaves no tombstone.
 *
 * The table stores opaque flows of a size the caller chooses, each starting with
 * struct flow_head. Ownership: the table owns all flows; a pointer stays valid
 * until flow_remove(). Threads: one worker.
 */
#ifndef DP_FLOW_H
#define DP_FLOW_H
#include <stdint.h>

#include "check.h"
#include "packet.h"

struct flow_head {
	struct flow_key key;
	uint32_t hash;
	uint32_t slot; /* of the table: leave alone */
};

struct flow_table;

/* capacity: flows; flow_size: octets, a multiple of 64. 0, -ENOMEM or -EINVAL. */
must_use int flow_table_open(struct flow_table **out, uint32_t capacity, uint32_t flow_size);
void flow_table_close(struct flow_table *table);

/*
 * The hash of a key: symmetric because ends are named by side, and keyed, so that
 * nobody outside can choose ports that collide. One seed a process: workers must
 * agree on whose a flow is. Set it before the first flow_hash(); the first table
 * opened draws a random one if nobody did.
 */
void flow_hash_seed(uint64_t seed);
uint32_t flow_hash(const struct flow_key *key);

/* found[i] = flow of packets[i] (PACKET_TCP), or NULL. Prefetches in batch. */
void flow_find(const struct flow_table *table, const struct packet *const *packets, unsigned n,
               struct flow_head **found);
struct flow_head *flow_find_one(const struct flow_table *table, const struct flow_key *key,
                                uint32_t hash);

/* A zeroed flow with key and hash set, or NULL when full. The key must be new. */
struct flow_head *flow_add(struct flow_table *table, const struct flow_key *key, uint32_t hash);
void flow_remove(struct flow_table *table, struct flow_head *flow);
/* The flows one after another, from *at = 0 on; NULL at the end. The one returned may be
 * removed; flows added meanwhile may be missed. */
struct flow_head *flow_next(const struct flow_table *table, uint32_t *at);
/* Which of the table's flows this is, from 0 to its capacity less 1; and that one. */
uint32_t flow_index(const struct flow_table *table, const struct flow_head *flow);
struct flow_head *flow_of_index(const struct flow_table *table, uint32_t index);
uint32_t flow_count(const struct flow_table *table);
/* All that the table has reserved, octets. */
uint64_t flow_table_octets(const struct flow_table *table);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * publish: one pointer to the tables in force, replaced whole.
 *
 * Workers: publish_load() once a turn, publish_quiescent() at its end (rte_rcu_qsbr).
 * The link thread: publish_swap() stores the new snapshot, waits until every
 * online worker has passed a quiescent state, frees the old one, and says how
 * long that took. A worker that sleeps when idle goes offline first.
 */
#ifndef DP_PUBLISH_H
#define DP_PUBLISH_H
#include <stdbool.h>
#include <stdint.h>

#include "check.h"
#include "tables.h"

#define PUBLISH_WORKERS_MAX 64u

struct publish;

/* n_workers: 1 to PUBLISH_WORKERS_MAX; all offline. 0, -EINVAL or -ENOMEM. */
must_use int publish_open(struct publish **out, unsigned n_workers);
/* Only when no worker runs any more. Frees the snapshot in force. */
void publish_close(struct publish *publish);

/*
 * Workers, each with its own number. A snapshot loaded while online stays valid until
 * the next publish_quiescent() or publish_offline(); offline it must not be touched.
 */
void publish_online(struct publish *publish, unsigned worker);
void publish_offline(struct publish *publish, unsigned worker);
const struct tables *publish_load(const struct publish *publish); /* NULL: none yet */
void publish_quiescent(struct publish *publish, unsigned worker);

/*
 * Link thread: swap in next (owned by publish from now on), wait, free the old one;
 * microseconds waited. Returns when no worker can decide by the old one any more: an
 * offline worker reads the new pointer when it comes back, so none is waited for; a
 * worker that is online and never quiescent is waited for without end.
 */
uint64_t publish_swap(struct publish *publish, struct tables *next);

/* The same, but the old one (NULL: none) is the caller's to free. */
struct tables *publish_exchange(struct publish *publish, struct tables *next,
                                uint64_t *waited_us);

/* Link thread: whether new connections are screened (drain.c); returns when every online
 * worker has heard. Workers ask once a turn. */
void publish_drain(struct publish *publish, bool on);
bool publish_draining(const struct publish *publish);

const struct tables *publish_current(const struct publish *publish);
/* Workers that have been online at least once: those that the tables rule. */
unsigned publish_workers(const struct publish *publish);

#endif

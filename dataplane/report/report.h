/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report: a worker's counters and audit ring in the shared report file.
 * Layout and memory order: include/report_format.h. Threads: report_open, report_close,
 * report_instance and report_port_state by main; a struct report_worker by its worker alone.
 */
#ifndef DP_REPORT_H
#define DP_REPORT_H
#include <stdbool.h>
#include <stdint.h>

#include "check.h"
#include "report_format.h"

struct report;

struct report_worker {
	uint64_t *counters;                /* REPORT_COUNTERS of them */
	struct report_campaign *campaigns; /* REPORT_CAMPAIGNS of them, free at report_open() */
	struct report_rule *rules;         /* REPORT_RULES of them, kept as counters are */
	struct report_ring *ring;
	uint64_t ring_mask;
	uint64_t head;      /* our copy of ring->head */
	uint64_t tail_seen; /* last tail read; refreshed only when it looks full */
};

/*
 * Make the file, or reopen one of the same shape so that unread records and
 * counters survive a restart (another shape, or a file that lies, is renamed to
 * PATH.old and made anew; the result is then 0 and error says it, else error is
 * empty). ring_slots: a power of two. Negative errno with a sentence: -EBUSY
 * (another data plane has it), -EPERM (it is not our user's alone), -EINVAL, -ENOSPC, ...
 */
must_use int report_open(struct report **out, const char *path, unsigned n_workers,
                         uint64_t ring_slots, uint64_t tsc_hz, char error[200]);
void report_close(struct report *report);
struct report_worker *report_worker(struct report *report, unsigned worker);

/* Whose report it is: the number that the link says as well. */
void report_instance(struct report *report, uint64_t instance);

/* What the link of a port is now (Unix seconds); ports in their order, over and over. Whether
 * it came or went since it was told last. */
bool report_port_state(struct report *report, unsigned port, const char *name, bool up,
                       uint64_t now);

static inline void count_add(struct report_worker *w, unsigned counter, uint64_t n)
{
	/* One writer: a plain load and a relaxed store; readers see whole values. */
	__atomic_store_n(&w->counters[counter], w->counters[counter] + n, __ATOMIC_RELAXED);
}

/* Write a row as readers expect it: all of it but its sequence is taken from now. */
static inline void report_campaign_write(struct report_campaign *row,
                                         const struct report_campaign *now)
{
	/* Odd while it is written; whoever died in it left it odd. */
	const uint32_t odd = (row->sequence + 1) | 1;

	__atomic_store_n(&row->sequence, odd, __ATOMIC_RELAXED);
	/* Release fence: who sees a field of now sees that the sequence is odd. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	__atomic_store_n(&row->account_id, now->account_id, __ATOMIC_RELAXED);
	__atomic_store_n(&row->fingerprint, now->fingerprint, __ATOMIC_RELAXED);
	__atomic_store_n(&row->count, now->count, __ATOMIC_RELAXED);
	__atomic_store_n(&row->error, now->error, __ATOMIC_RELAXED);
	__atomic_store_n(&row->refused, now->refused, __ATOMIC_RELAXED);
	__atomic_store_n(&row->first, now->first, __ATOMIC_RELAXED);
	__atomic_store_n(&row->last, now->last, __ATOMIC_RELAXED);
	__atomic_store_n(&row->sampled, now->sampled, __ATOMIC_RELAXED);
	__atomic_store_n(&row->sample, now->sample, __ATOMIC_RELAXED);
	/* Release: who sees it even sees all of now. */
	__atomic_store_n(&row->sequence, odd + 1, __ATOMIC_RELEASE);
}

/* Make a row another rule's, or free: all of it but its sequence is taken from now. */
static inline void report_rule_write(struct report_rule *row, const struct report_rule *now)
{
	/* As report_campaign_write(). */
	const uint16_t odd = (uint16_t)((row->sequence + 1u) | 1u);

	__atomic_store_n(&row->sequence, odd, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	__atomic_store_n(&row->mode, now->mode, __ATOMIC_RELAXED);
	__atomic_store_n(&row->rule, now->rule, __ATOMIC_RELAXED);
	__atomic_store_n(&row->version, now->version, __ATOMIC_RELAXED);
	__atomic_store_n(&row->last, now->last, __ATOMIC_RELAXED);
	__atomic_store_n(&row->matched, now->matched, __ATOMIC_RELAXED);
	__atomic_store_n(&row->acted, now->acted, __ATOMIC_RELAXED);
	__atomic_store_n(&row->sequence, (uint16_t)(odd + 1u), __ATOMIC_RELEASE);
}

/* A message that the rule of this row matched, and whether it acted. */
static inline void report_rule_count(struct report_rule *row, bool acted, uint32_t seconds)
{
	__atomic_store_n(&row->last, seconds, __ATOMIC_RELAXED);
	__atomic_store_n(&row->matched, row->matched + 1, __ATOMIC_RELAXED);
	/* Release: who sees it acted sees that it matched. */
	__atomic_store_n(&row->acted, row->acted + acted, __ATOMIC_RELEASE);
}

/*
 * How many records can be written now: exact, so that a caller may wait until it
 * is as much as it needs (never more than ring_slots). Call it once a turn.
 */
uint64_t audit_room(struct report_worker *w);

/* The next record to fill in place (zeroed), or NULL when full; then publish it.
 * Until audit_publish() nobody sees it and audit_next() gives the same one. */
struct audit_record *audit_next(struct report_worker *w);
void audit_publish(struct report_worker *w);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "campaign_sketch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "prefetch.h"
#include "report.h"

/* Time in a set is in units of 16 s, which come again after twelve days. */
#define UNIT_S 16u
#define QUIET_UNITS (CAMPAIGN_QUIET_S / UNIT_S + 1)

struct set {
	uint16_t tag[SKETCH_WAYS];   /* of the hash; the row says whether it is the one */
	uint16_t last[SKETCH_WAYS];  /* seen, units */
	uint32_t count[SKETCH_WAYS]; /* as the row's, at most UINT32_MAX; 0 = a free row */
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct set) == 64, "one line");

/* What a campaign without a row may have had: the most that one had which gave way, until
 * none did for so long that all of those are over. */
struct floor {
	uint32_t count, at; /* Unix seconds */
};

struct campaign_sketch {
	struct report_campaign *rows;
	uint64_t seed;
	struct floor floors[REPORT_CAMPAIGNS / SKETCH_WAYS];
	struct set sets[REPORT_CAMPAIGNS / SKETCH_WAYS];
};

int campaign_sketch_open(struct campaign_sketch **out, struct report_campaign *rows)
{
	struct campaign_sketch *s = aligned_alloc(64, sizeof(*s));

	if (s == NULL)
		return -ENOMEM;
	memset(s, 0, sizeof(*s));
	s->rows = rows;
	/* Too early in a boot there is none, and a set is only easier to aim at. */
	(void)!getrandom(&s->seed, sizeof(s->seed), GRND_NONBLOCK);
	*out = s;
	return 0;
}

void campaign_sketch_close(struct campaign_sketch *sketch) { free(sketch); }

static uint64_t hash_of(const struct campaign_sketch *s, uint64_t fingerprint,
                        uint32_t account_id)
{
	uint64_t h = (fingerprint ^ s->seed) * UINT64_C(0x9e3779b97f4a7c15);

	h = (h ^ h >> 32 ^ account_id) * UINT64_C(0xd6e8feb86659fd93);
	return h ^ h >> 32;
}

/* The overall sets come first. */
static uint32_t set_of(uint64_t hash, uint32_t account_id)
{
	const uint32_t overall = SKETCH_OVERALL / SKETCH_WAYS,
		       accounts = SKETCH_ACCOUNTS / SKETCH_WAYS;
	const uint64_t high = hash >> 32;

	return account_id == 0 ? (uint32_t)(high * overall >> 32)
	                       : overall + (uint32_t)(high * accounts >> 32);
}

/* A clock that was put back makes nobody quiet. */
static bool is_quiet(uint32_t since, uint32_t seconds)
{
	return seconds > since && seconds - since > CAMPAIGN_QUIET_S;
}

/* Surely quiet: no sooner than the seconds say. */
static bool way_quiet(const struct set *s, unsigned way, uint16_t now)
{
	return (int16_t)(uint16_t)(now - s->last[way]) > (int)QUIET_UNITS;
}

/* The ways whose campaign may be the one of this tag, a bit for each. */
static unsigned ways_of(const struct set *s, uint16_t tag)
{
	unsigned ways = 0;

	for (unsigned way = 0; way < SKETCH_WAYS; way++)
		ways |= (unsigned)(s->tag[way] == tag && s->count[way] != 0) << way;
	return ways;
}

/* The way of this campaign, or SKETCH_WAYS. */
static unsigned find(const struct set *s, const struct report_campaign *rows, uint16_t tag,
                     uint64_t fingerprint, uint32_t account_id)
{
	for (unsigned left = ways_of(s, tag); left != 0; left &= left - 1) {
		const unsigned way = (unsigned)__builtin_ctz(left);
		if (rows[way].fingerprint == fingerprint && rows[way].account_id == account_id)
			return way;
	}
	return SKETCH_WAYS;
}

static void seek_set(const struct campaign_sketch *s, uint64_t fingerprint, uint32_t account_id)
{
	const uint32_t at = set_of(hash_of(s, fingerprint, account_id), account_id);

	prefetch_to_write(&s->sets[at]);
	prefetch(&s->floors[at]);
}

/* A free way, else the least of the quiet ones, else the least. */
static unsigned victim(const struct set *s, uint16_t now, bool *live)
{
	unsigned best = 0;
	bool best_live = true;

	for (unsigned way = 0; way < SKETCH_WAYS; way++) {
		if (s->count[way] == 0) {
			*live = false;
			return way;
		}
		const bool alive = !way_quiet(s, way, now);
		if (way == 0 || alive < best_live ||
		    (alive == best_live && s->count[way] < s->count[best])) {
			best = way;
			best_live = alive;
		}
	}
	*live = best_live;
	return best;
}

/* The row it has, or the one that it will take. */
static void seek_row(const struct campaign_sketch *s, uint64_t fingerprint, uint32_t account_id,
                     uint32_t seconds)
{
	const uint64_t hash = hash_of(s, fingerprint, account_id);
	const uint32_t at = set_of(hash, account_id);
	const struct set *set = &s->sets[at];
	const unsigned ways = ways_of(set, (uint16_t)hash);
	bool live;
	const unsigned way = ways != 0 ? (unsigned)__builtin_ctz(ways)
	                               : victim(set, (uint16_t)(seconds / UNIT_S), &live);

	prefetch_to_write(&s->rows[at * SKETCH_WAYS + way]);
}

void campaign_sketch_seek(const struct campaign_sketch *s, const struct campaign_seen *seen)
{
	seek_set(s, seen->fingerprint, 0);
	if (seen->account_id != 0)
		seek_set(s, seen->fingerprint, seen->account_id);
}

void campaign_sketch_seek_rows(const struct campaign_sketch *s,
                               const struct campaign_seen *seen, uint32_t seconds)
{
	seek_row(s, seen->fingerprint, 0, seconds);
	if (seen->account_id != 0)
		seek_row(s, seen->fingerprint, seen->account_id, seconds);
}

/* What a campaign that has no row yet may have had already. */
static uint32_t floor_for(struct floor *f, uint32_t gone, bool live, uint32_t seconds)
{
	if (is_quiet(f->at, seconds))
		f->count = 0;
	if (live) {
		f->count = gone > f->count ? gone : f->count;
		f->at = seconds;
	}
	return f->count;
}

static bool count(struct campaign_sketch *sketch, const struct campaign_seen *seen,
                  uint32_t account_id, uint32_t seconds)
{
	const uint64_t hash = hash_of(sketch, seen->fingerprint, account_id);
	const uint32_t at = set_of(hash, account_id);
	struct set *s = &sketch->sets[at];
	struct report_campaign *rows = &sketch->rows[at * SKETCH_WAYS];
	const uint16_t tag = (uint16_t)hash, now = (uint16_t)(seconds / UNIT_S);
	unsigned way = find(s, rows, tag, seen->fingerprint, account_id);
	struct report_campaign next = { .account_id = account_id,
		                        .fingerprint = seen->fingerprint,
		                        .first = seconds };
	bool live = false;

	if (way == SKETCH_WAYS) {
		way = victim(s, now, &live);
		next.error = floor_for(&sketch->floors[at], s->count[way], live, seconds);
		next.count = next.error;
	} else if (!is_quiet(rows[way].last, seconds)) {
		next = rows[way];
	}
	next.count += seen->messages;
	next.refused += seen->refused ? seen->messages : 0;
	next.last = seconds;
	next.sampled += seen->messages > 1;
	if (seen->sample > next.sample)
		next.sample = seen->sample;
	s->tag[way] = tag;
	s->last[way] = now;
	s->count[way] = next.count < UINT32_MAX ? (uint32_t)next.count : UINT32_MAX;
	report_campaign_write(&rows[way], &next);
	return live;
}

unsigned campaign_sketch_count(struct campaign_sketch *sketch, const struct campaign_seen *seen,
                               uint32_t seconds)
{
	unsigned gone = count(sketch, seen, 0, seconds);

	if (seen->account_id != 0)
		gone += count(sketch, seen, seen->account_id, seconds);
	return gone;
}

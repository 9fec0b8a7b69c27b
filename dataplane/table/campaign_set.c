/* SPDX-License-Identifier: Apache-2.0 */
#include "campaign_set.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define OCTETS 8u

_Static_assert(IMAGE_CAMPAIGN_RADIUS_MAX < OCTETS, "else no octet need be the same");
_Static_assert(CAMPAIGN_SET_MAX *OCTETS <= UINT16_MAX, "places");

struct campaign_set {
	unsigned users;
	uint32_t n;
	/* Of octet k, value v: items[start[k][v] .. start[k][v + 1]), which are rows. */
	uint16_t start[OCTETS][257];
	uint16_t *items;
	struct image_campaign rows[]; /* by fingerprint */
};

static unsigned octet(uint64_t fingerprint, unsigned k)
{
	return (unsigned)(fingerprint >> 8 * k & 255);
}

static void make_lists(struct campaign_set *s)
{
	for (unsigned k = 0; k < OCTETS; k++) {
		uint16_t *start = s->start[k];
		/* How many of each value; then where those of each end; then from the last on
		 * each takes the place before, so that an end becomes a start. */
		for (uint32_t i = 0; i < s->n; i++)
			start[octet(s->rows[i].fingerprint, k)]++;
		start[0] = (uint16_t)(start[0] + k * s->n);
		for (unsigned v = 1; v < 257; v++)
			start[v] = (uint16_t)(start[v] + start[v - 1]);
		for (uint32_t i = s->n; i > 0; i--)
			s->items[--start[octet(s->rows[i - 1].fingerprint, k)]] =
				(uint16_t)(i - 1);
	}
}

int campaign_set_open(struct campaign_set **out, const struct image_campaign *rows, uint32_t n)
{
	const size_t rows_octets = n * sizeof(rows[0]);

	bug_if(n > CAMPAIGN_SET_MAX);
	*out = NULL;
	if (n == 0)
		return 0;
	struct campaign_set *s =
		calloc(1, sizeof(*s) + rows_octets + n * OCTETS * sizeof(s->items[0]));
	if (s == NULL)
		return -ENOMEM;
	s->users = 1;
	s->n = n;
	s->items = (void *)(s->rows + n);
	memcpy(s->rows, rows, rows_octets);
	make_lists(s);
	*out = s;
	return 0;
}

static struct campaign_set *hold(struct campaign_set *set)
{
	if (set != NULL)
		set->users++;
	return set;
}

void campaign_set_drop(struct campaign_set *set)
{
	if (set != NULL && --set->users == 0)
		free(set);
}

uint32_t campaign_set_size(const struct campaign_set *set) { return set != NULL ? set->n : 0; }

/* Octets 8 to 15 of a campaign's key, least significant first. */
static uint64_t fingerprint_of(const struct link_delta *d)
{
	uint64_t fingerprint = 0;

	for (unsigned k = 0; k < OCTETS; k++)
		fingerprint |= (uint64_t)d->key.octets[8 + k] << 8 * k;
	return fingerprint;
}

/* Where this fingerprint is in sorted rows, or belongs. */
static uint32_t place(const struct image_campaign *rows, uint32_t n, uint64_t fingerprint)
{
	uint32_t low = 0;

	for (uint32_t high = n; low < high;) {
		const uint32_t middle = low + (high - low) / 2;
		if (rows[middle].fingerprint < fingerprint)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* One delta on sorted rows with room for one more; how many there are then. */
static uint32_t change(struct image_campaign *rows, uint32_t n, const struct link_delta *d)
{
	const uint64_t fingerprint = fingerprint_of(d);
	const uint32_t at = place(rows, n, fingerprint);
	const bool there = at < n && rows[at].fingerprint == fingerprint;

	if (d->op == LINK_REMOVE) {
		if (there)
			memmove(rows + at, rows + at + 1, (n - at - 1) * sizeof(*rows));
		return there ? n - 1 : n;
	}
	if (!there)
		memmove(rows + at + 1, rows + at, (n - at) * sizeof(*rows));
	rows[at] = (struct image_campaign){ .fingerprint = fingerprint,
		                            .valid_from = d->valid_from,
		                            .valid_until = d->valid_until,
		                            .action = d->action,
		                            .radius = d->radius };
	return there ? n : n + 1;
}

int campaign_set_change(struct campaign_set **out, struct campaign_set *base,
                        const struct link_delta *deltas, size_t n, uint32_t max)
{
	const uint32_t before = campaign_set_size(base);
	uint32_t used = before;
	size_t wanted = 0;

	for (size_t i = 0; i < n; i++)
		wanted += deltas[i].kind == LINK_CAMPAIGN;
	if (wanted == 0) {
		*out = hold(base);
		return 0;
	}
	struct image_campaign *rows = malloc((before + wanted) * sizeof(*rows));
	if (rows == NULL)
		return -ENOMEM;
	if (before != 0)
		memcpy(rows, base->rows, before * sizeof(*rows));
	for (size_t i = 0; i < n; i++)
		if (deltas[i].kind == LINK_CAMPAIGN)
			used = change(rows, used, &deltas[i]);
	const int rc =
		used > max && used > before ? -ENOSPC : campaign_set_open(out, rows, used);
	free(rows);
	return rc;
}

static bool is_in(const struct image_campaign *c, uint64_t fingerprint, uint32_t seconds)
{
	return (unsigned)__builtin_popcountll(c->fingerprint ^ fingerprint) <= c->radius &&
	       seconds >= c->valid_from && (c->valid_until == 0 || seconds < c->valid_until);
}

static bool is_better(const struct image_campaign *a, const struct image_campaign *b,
                      uint64_t fingerprint)
{
	if (b == NULL || a->action != b->action)
		return b == NULL || a->action < b->action;
	return __builtin_popcountll(a->fingerprint ^ fingerprint) <
	       __builtin_popcountll(b->fingerprint ^ fingerprint);
}

const struct image_campaign *campaign_set_find(const struct campaign_set *s,
                                               uint64_t fingerprint, uint32_t seconds)
{
	const struct image_campaign *best = NULL;

	for (unsigned k = 0; s != NULL && k < OCTETS; k++) {
		const uint16_t *list = &s->start[k][octet(fingerprint, k)];
		for (unsigned i = list[0]; i < list[1]; i++) {
			const struct image_campaign *c = &s->rows[s->items[i]];
			if (is_in(c, fingerprint, seconds) && is_better(c, best, fingerprint))
				best = c;
		}
	}
	return best;
}

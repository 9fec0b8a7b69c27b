/* SPDX-License-Identifier: Apache-2.0 */
#include "tables.h"

#include <errno.h>
#include <hs/hs.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "campaign_set.h"
#include "match_state.h"
#include "overlay.h"
#include "verdict.h"

#define CARRIED_AT_ONCE 128u /* deltas; tens of microseconds */

/* What snapshots of one image have in common. Counted by the link thread alone. */
struct image_share {
	struct image image;
	struct overlay *overlay;
	struct hs_scratch **scratch; /* n_workers, or NULL without patterns */
	struct match_state **match;  /* the same */
	uint64_t serial;             /* of its first snapshot */
	unsigned n_workers;
	unsigned users;
	void (*release)(void *arg);
	void *arg;
};

static uint64_t next_serial(void)
{
	static uint64_t serial;

	/* Relaxed: only to be another one; images are opened beside the link thread. */
	return __atomic_add_fetch(&serial, 1, __ATOMIC_RELAXED);
}

/* A scratch serves all databases that it was grown for. */
static int grow_scratch(const struct hs_database *database, struct hs_scratch **scratch)
{
	if (database == NULL || hs_alloc_scratch(database, scratch) == HS_SUCCESS)
		return 0;
	return -ENOMEM;
}

static int make_scratches(struct image_share *s, unsigned n_workers)
{
	hs_scratch_t *first = NULL;

	if (s->image.n_patterns == 0)
		return 0;
	s->scratch = calloc(n_workers, sizeof(*s->scratch));
	s->match = calloc(n_workers, sizeof(*s->match));
	if (s->scratch == NULL || s->match == NULL)
		return -ENOMEM;
	s->n_workers = n_workers;
	int failed = grow_scratch(s->image.database, &first);
	if (failed == 0)
		failed = grow_scratch(s->image.literals, &first);
	if (failed == 0)
		failed = grow_scratch(s->image.plain, &first);
	for (unsigned i = 0; i < n_workers && failed == 0; i++) {
		if (hs_clone_scratch(first, &s->scratch[i]) != HS_SUCCESS)
			failed = -ENOMEM;
		else
			failed = match_open(&s->match[i], &s->image);
	}
	hs_free_scratch(first);
	return failed;
}

static void share_free(struct image_share *s)
{
	for (unsigned i = 0; i < s->n_workers; i++) {
		hs_free_scratch(s->scratch[i]);
		match_close(s->match[i]);
	}
	free(s->scratch);
	free(s->match);
	overlay_close(s->overlay);
	image_close(&s->image);
	if (s->release != NULL)
		s->release(s->arg);
	free(s);
}

/* Takes one use of the share, and the caller's of campaigns when it is made. */
static int make_snapshot(struct tables **out, struct image_share *s,
                         struct campaign_set *campaigns)
{
	struct tables *t = malloc(sizeof(*t));

	if (t == NULL)
		return -ENOMEM;
	s->users++;
	const uint64_t serial = next_serial();
	if (s->serial == 0)
		s->serial = serial;
	*t = (struct tables){
		.serial = serial,
		.image_serial = s->serial,
		.image = &s->image,
		.overlay = s->overlay,
		.campaigns = campaigns,
		.scratch = s->scratch,
		.match = s->match,
		.share = s,
	};
	*out = t;
	return 0;
}

int tables_open(struct tables **out, const void *octets, size_t size, unsigned n_workers,
                void (*release)(void *arg), void *arg, char error[IMAGE_ERROR_SIZE])
{
	struct image_share *s = calloc(1, sizeof(*s));
	struct campaign_set *campaigns = NULL;

	snprintf(error, IMAGE_ERROR_SIZE, "out of memory");
	if (s == NULL)
		return -ENOMEM;
	int failed = image_open(&s->image, octets, size, error);
	if (failed != 0) {
		free(s);
		return failed;
	}
	failed = make_scratches(s, n_workers);
	/* The header's checksum covers the secret of the sender set: nobody can guess it. */
	if (failed == 0)
		failed = overlay_open(&s->overlay, s->image.header->checksum);
	if (failed == 0)
		failed =
			campaign_set_open(&campaigns, s->image.campaigns, s->image.n_campaigns);
	if (failed == 0)
		failed = make_snapshot(out, s, campaigns);
	if (failed != 0) {
		campaign_set_drop(campaigns);
		snprintf(error, IMAGE_ERROR_SIZE, "out of memory");
		share_free(s); /* release is not set yet, so the octets stay the caller's */
		return failed;
	}
	s->release = release;
	s->arg = arg;
	return 0;
}

int tables_deltas(struct tables **out, const struct tables *base,
                  const struct link_delta *deltas, unsigned n)
{
	struct tables *next = NULL;
	struct campaign_set *campaigns = NULL;
	int failed = campaign_set_change(&campaigns, base->campaigns, deltas, n,
	                                 IMAGE_CAMPAIGNS_MAX);

	if (failed == 0)
		failed = make_snapshot(&next, base->share, campaigns);
	if (failed != 0) {
		campaign_set_drop(campaigns);
		return failed;
	}
	failed =
		overlay_apply(base->share->overlay, deltas, n, base->image->header->generation);
	if (failed != 0) {
		base->share->users--;
		campaign_set_drop(campaigns);
		free(next);
		return failed;
	}
	*out = next;
	return 0;
}

static int carry_campaigns(struct tables *t, const struct link_delta *list, size_t n)
{
	struct campaign_set *set = NULL;
	const int failed = campaign_set_change(&set, t->campaigns, list, n, CAMPAIGN_SET_MAX);

	if (failed != 0)
		return failed;
	campaign_set_drop(t->campaigns);
	t->campaigns = set;
	return 0;
}

void tables_carry_begin(const struct tables *old)
{
	if (old != NULL)
		overlay_walk(old->share->overlay);
}

int tables_carry(struct tables *tables, const struct tables *old)
{
	struct link_delta list[CARRIED_AT_ONCE];
	size_t n = 0;

	if (old == NULL)
		return 0;
	const bool all = overlay_walked(old->share->overlay, tables->image->header->generation,
	                                list, &n, CARRIED_AT_ONCE);
	int rc = overlay_carry(tables->share->overlay, list, n);
	if (rc == 0)
		rc = carry_campaigns(tables, list, n);
	return rc != 0 ? rc : !all;
}

int tables_list(const struct tables *tables, struct link_delta **out, size_t *n)
{
	return overlay_list(tables->overlay, 0, out, n);
}

uint32_t tables_overlay_used(const struct tables *tables)
{
	return overlay_used(tables->overlay);
}

bool tables_without_deltas(const struct tables *tables)
{
	return overlay_is_empty(tables->overlay);
}

uint64_t tables_generation(const struct tables *tables)
{
	const uint64_t image = tables->image->header->generation,
		       delta = overlay_generation(tables->overlay);

	return delta > image ? delta : image;
}

/* No worker reads this snapshot any more, so what its successor retired can go. */
void tables_free(struct tables *tables)
{
	if (tables == NULL)
		return;
	struct image_share *s = tables->share;

	campaign_set_drop(tables->campaigns);
	free(tables);
	overlay_reclaim(s->overlay);
	if (--s->users == 0)
		share_free(s);
}

/* valid_until is the first second that is not valid; 0 = for ever. */
static bool is_valid_at(uint32_t from, uint32_t until, uint32_t seconds)
{
	return seconds >= from && (until == 0 || seconds < until);
}

/* What holds of a subject under its deltas; e NULL: none. */
static bool is_suspended(const struct overlay_entry *e, bool stated)
{
	return e != NULL && e->suspension_at != 0 ? e->suspended : stated;
}

static bool is_blocked(const struct overlay_entry *e, uint32_t stated, uint32_t seconds)
{
	const uint32_t until = e != NULL && e->block_at != 0 ? e->blocked_until : stated;

	return until == UINT32_MAX || seconds < until;
}

uint32_t tables_account_row(const struct tables *t, const uint8_t *system_id, size_t len)
{
	const struct overlay_entry *e = overlay_find_account(t->overlay, system_id, len);

	if (e != NULL && e->record_at != 0)
		return e->added ? t->image->n_accounts + e->account : 0;
	return image_account_row(t->image, system_id, len);
}

const struct image_account *tables_account(const struct tables *t, uint32_t row)
{
	return row < t->image->n_accounts
	               ? &t->image->accounts[row]
	               : overlay_account(t->overlay, row - t->image->n_accounts);
}

unsigned tables_account_reason(const struct tables *t, uint32_t row, uint32_t seconds)
{
	if (row == 0)
		return REASON_ACCOUNT_UNKNOWN;
	const struct image_account *a = tables_account(t, row);
	const struct overlay_entry *e = overlay_find_account(
		t->overlay, a->system_id, strnlen((const char *)a->system_id, 15));

	/* A block on an account is not lifted by lifting a suspension. */
	if (is_blocked(e, a->state == IMAGE_BLOCKED ? UINT32_MAX : a->blocked_until, seconds) ||
	    is_suspended(e, a->state == IMAGE_SUSPENDED))
		return REASON_ACCOUNT_SUSPENDED;
	if (!is_valid_at(a->valid_from, a->valid_until, seconds))
		return REASON_ACCOUNT_EXPIRED;
	return REASON_PASS;
}

/* Who may use a number: the record of the image, or the one that a delta put over it. */
struct certificate {
	bool exists, suspended;
	uint32_t blocked_until, valid_from, valid_until;
};

static struct certificate certificate_of(const struct image_sender *s,
                                         const struct overlay_entry *e)
{
	struct certificate c = { 0 };

	/* Without an owner it is an entry of a block list, not a certificate. */
	if (s != NULL)
		c = (struct certificate){
			.exists = s->owner_state >> 4 != 0,
			.suspended = image_sender_state(s) == IMAGE_SUSPENDED,
			.blocked_until = image_sender_state(s) == IMAGE_BLOCKED
			                         ? UINT32_MAX
			                         : s->blocked_until,
			.valid_from = s->valid_from,
			.valid_until = s->valid_until,
		};
	/* A record that is added or removed ends neither a suspension nor a block. */
	if (e != NULL && e->record_at != 0) {
		c.exists = e->added;
		c.valid_from = e->valid_from;
		c.valid_until = e->valid_until;
	}
	return c;
}

static bool owned_by(const struct tables *t, const struct image_sender *s,
                     const struct overlay_entry *e, uint32_t row)
{
	if (e == NULL || e->record_at == 0)
		return sender_owned_by(&t->image->senders, s, row);
	for (unsigned i = 0; row != 0 && i < e->n_owners; i++)
		if (e->owners[i] == tables_account(t, row)->id)
			return true;
	return false;
}

static unsigned block_reason(const struct image_sender *s)
{
	return image_sender_block(s) == IMAGE_BLOCK_BLACKLIST ? REASON_SENDER_BLACKLISTED
	                                                      : REASON_SENDER_THEFT;
}

/* On a list of others now. */
static bool is_listed(const struct image_sender *s, uint32_t seconds)
{
	if (s == NULL || image_sender_block(s) == IMAGE_BLOCK_OPERATOR)
		return false;
	return is_blocked(
		NULL, image_sender_state(s) == IMAGE_BLOCKED ? UINT32_MAX : s->blocked_until,
		seconds);
}

unsigned tables_sender_reason(const struct tables *t, const struct sender_key *key,
                              const struct image_sender *sender, uint32_t account_row,
                              uint32_t seconds)
{
	const struct overlay_entry *e = overlay_find(t->overlay, key);
	const struct certificate c = certificate_of(sender, e);

	/* What forbids a number comes first: it holds for those who need no certificate. A
	 * list's block is no operator's to end, nor to add over. */
	if (is_listed(sender, seconds))
		return block_reason(sender);
	if (is_blocked(e, c.blocked_until, seconds))
		return REASON_SENDER_BLOCKED;
	if (is_suspended(e, c.suspended))
		return REASON_SENDER_SUSPENDED;
	if ((tables_account(t, account_row)->flags & IMAGE_ACCOUNT_ANY_SENDER) != 0)
		return REASON_PASS;
	if (!c.exists)
		return REASON_SENDER_UNCERTIFIED;
	if (!is_valid_at(c.valid_from, c.valid_until, seconds))
		return REASON_SENDER_EXPIRED;
	if (!owned_by(t, sender, e, account_row))
		return REASON_SENDER_NOT_OWNED;
	return REASON_PASS;
}

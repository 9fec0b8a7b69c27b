/* SPDX-License-Identifier: Apache-2.0 */
#include "tables.h"

#include <errno.h>
#include <hs/hs.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "overlay.h"
#include "verdict.h"

/* What snapshots of one image have in common. Counted by the link thread alone. */
struct image_share {
	struct image image;
	struct hs_scratch **scratch; /* n_workers, or NULL without patterns */
	unsigned n_workers;
	unsigned users;
	void (*release)(void *arg);
	void *arg;
};

static uint64_t next_serial(void)
{
	static uint64_t serial; /* link thread only */

	return ++serial;
}

static int make_scratches(struct image_share *s, unsigned n_workers)
{
	hs_scratch_t *first = NULL;

	if (s->image.database == NULL)
		return 0;
	s->scratch = calloc(n_workers, sizeof(*s->scratch));
	if (s->scratch == NULL)
		return -ENOMEM;
	s->n_workers = n_workers;
	if (hs_alloc_scratch(s->image.database, &first) != HS_SUCCESS)
		return -ENOMEM;
	hs_error_t e = HS_SUCCESS;
	for (unsigned i = 0; i < n_workers && e == HS_SUCCESS; i++)
		e = hs_clone_scratch(first, &s->scratch[i]);
	hs_free_scratch(first);
	return e == HS_SUCCESS ? 0 : -ENOMEM;
}

static void share_free(struct image_share *s)
{
	for (unsigned i = 0; i < s->n_workers; i++)
		hs_free_scratch(s->scratch[i]);
	free(s->scratch);
	image_close(&s->image);
	if (s->release != NULL)
		s->release(s->arg);
	free(s);
}

/* Takes one use of the share and the overlay, also on failure. */
static int make_snapshot(struct tables **out, struct image_share *s,
                         const struct overlay *overlay)
{
	struct tables *t = malloc(sizeof(*t));

	if (t == NULL) {
		overlay_close(overlay);
		return -ENOMEM;
	}
	s->users++;
	*t = (struct tables){
		.serial = next_serial(),
		.image = &s->image,
		.overlay = overlay,
		.scratch = s->scratch,
		.share = s,
	};
	*out = t;
	return 0;
}

int tables_open(struct tables **out, const void *octets, size_t size, unsigned n_workers,
                void (*release)(void *arg), void *arg, char error[IMAGE_ERROR_SIZE])
{
	struct overlay *overlay = NULL;
	struct image_share *s = calloc(1, sizeof(*s));

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
		failed = overlay_open(&overlay, s->image.header->checksum);
	if (failed == 0)
		failed = make_snapshot(out, s, overlay);
	if (failed != 0) {
		snprintf(error, IMAGE_ERROR_SIZE, "out of memory");
		share_free(s); /* release is not set yet, so the octets stay the caller's */
		return failed;
	}
	s->release = release;
	s->arg = arg;
	return 0;
}

int tables_sanction(struct tables **out, const struct tables *base,
                    const struct link_sanction *sanction)
{
	struct overlay *overlay;
	const int failed = overlay_with(&overlay, base->overlay, sanction);

	return failed != 0 ? failed : make_snapshot(out, base->share, overlay);
}

void tables_free(struct tables *tables)
{
	if (tables == NULL)
		return;
	struct image_share *s = tables->share;

	overlay_close(tables->overlay);
	free(tables);
	if (--s->users == 0)
		share_free(s);
}

/* valid_until is the first second that is not valid; 0 = for ever. */
static bool is_valid_at(uint32_t from, uint32_t until, uint32_t seconds)
{
	return seconds >= from && (until == 0 || seconds < until);
}

static bool is_suspended(uint32_t state, enum overlay_state overlay)
{
	if (overlay == OVERLAY_NONE)
		return state == IMAGE_SUSPENDED;
	return overlay == OVERLAY_SUSPENDED;
}

unsigned tables_account_reason(const struct tables *t, uint32_t row, uint32_t seconds)
{
	if (row == 0)
		return REASON_ACCOUNT_UNKNOWN;
	const struct image_account *a = &t->image->accounts[row];

	/* A block on an account is not lifted by lifting a suspension. */
	if (a->state == IMAGE_BLOCKED ||
	    is_suspended(a->state, overlay_account(t->overlay, a->id)))
		return REASON_ACCOUNT_SUSPENDED;
	if (!is_valid_at(a->valid_from, a->valid_until, seconds))
		return REASON_ACCOUNT_EXPIRED;
	return REASON_PASS;
}

static bool is_blocked(const struct image_sender *s, uint32_t seconds)
{
	return image_sender_state(s) == IMAGE_BLOCKED || s->blocked_until == UINT32_MAX ||
	       seconds < s->blocked_until;
}

static unsigned block_reason(const struct image_sender *s)
{
	switch (image_sender_block(s)) {
	case IMAGE_BLOCK_BLACKLIST:
		return REASON_SENDER_BLACKLISTED;
	case IMAGE_BLOCK_THEFT:
		return REASON_SENDER_THEFT;
	default:
		return REASON_SENDER_BLOCKED;
	}
}

unsigned tables_sender_reason(const struct tables *t, const struct sender_key *key,
                              const struct image_sender *sender, uint32_t account_row,
                              uint32_t seconds)
{
	const enum overlay_state overlay = overlay_sender(t->overlay, key);
	const bool any =
		(t->image->accounts[account_row].flags & IMAGE_ACCOUNT_ANY_SENDER) != 0;

	/* What forbids a number comes first: it holds for those who need no certificate. */
	if (sender != NULL && is_blocked(sender, seconds))
		return block_reason(sender);
	if (is_suspended(sender == NULL ? 0 : image_sender_state(sender), overlay))
		return REASON_SENDER_SUSPENDED;
	if (any)
		return REASON_PASS;
	if (sender == NULL)
		return REASON_SENDER_UNCERTIFIED;
	if (!is_valid_at(sender->valid_from, sender->valid_until, seconds))
		return REASON_SENDER_EXPIRED;
	if (!sender_owned_by(&t->image->senders, sender, account_row))
		return REASON_SENDER_NOT_OWNED;
	return REASON_PASS;
}

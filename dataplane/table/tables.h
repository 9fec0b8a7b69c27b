/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tables: all that a worker decides from: an image, and the overlay of deltas that came
 * after it.
 *
 * The link thread builds a snapshot, publishes its pointer, waits until every
 * worker has reported a quiescent state, and only then frees the old one
 * (dataplane/link/publish.h). Workers load the pointer once a turn.
 *
 * The image of a snapshot is immutable. Its overlay is that of all snapshots of the
 * image: a worker in the middle of a turn may see a delta early, never half of one, and
 * sees all of them from its first turn with the new snapshot on.
 *
 * Ownership  snapshots of one image share it and its overlay: reference counted, link
 *            thread only.
 * Threads    built and freed by the link thread; read by any worker.
 */
#ifndef DP_TABLES_H
#define DP_TABLES_H
#include <stdbool.h>
#include <stdint.h>

#include "image.h"
#include "link_message.h"

struct campaign_set; /* campaign_set.h */
struct overlay;      /* overlay.h: what deltas say */
struct hs_scratch;   /* Hyperscan */
struct match_state;  /* match_state.h */
struct image_share;  /* tables.c: image, mapping and scratches, counted */

/* Between two images; full = -ENOSPC. 100 octets a subject: 10,000 deltas a second for as
 * long as an image of a hundred million senders takes to build. */
#define OVERLAY_MAX (1u << 20)
#define OVERLAY_ACCOUNTS_MAX 4096u /* accounts added between two images */

struct tables {
	uint64_t serial;       /* grows with every snapshot of this process */
	uint64_t image_serial; /* the same in all snapshots of an image, never in two images */
	const struct image *image;
	const struct overlay *overlay;     /* never NULL */
	struct campaign_set *campaigns;    /* of the image and of deltas; NULL: none */
	struct hs_scratch *const *scratch; /* one per worker; NULL without patterns */
	struct match_state *const *match;  /* the same */
	struct image_share *share;
};

/*
 * A snapshot over image octets; scratches for n_workers are cloned here. release
 * is called with arg when the last snapshot of this image is freed (munmap).
 * Errors as image_open(); *out untouched then and release is not called.
 */
must_use int tables_open(struct tables **out, const void *octets, size_t size,
                         unsigned n_workers, void (*release)(void *arg), void *arg,
                         char error[IMAGE_ERROR_SIZE]);

/*
 * A snapshot of base's image with n more deltas, all or none. Once it is made, publish it
 * and free base: base sees the deltas too. -EINVAL, -ESTALE, -ENOSPC, -ENOMEM as
 * overlay_apply(); -ENOSPC also for more than IMAGE_CAMPAIGNS_MAX campaigns.
 */
must_use int tables_deltas(struct tables **out, const struct tables *base,
                           const struct link_delta *deltas, unsigned n);

/*
 * Into tables that nobody reads yet, the deltas of old (NULL: none) that are newer than
 * its image, a few at a time: others may come in between, to snapshots of old's image. Once
 * begun, call tables_carry() with the latest of these until it returns 0: all of now is
 * carried. 1: there is more. -ENOMEM.
 */
void tables_carry_begin(const struct tables *old);
must_use int tables_carry(struct tables *tables, const struct tables *old);

/* All deltas that the image does not hold, in order: an array of *n to free(). -ENOMEM. */
must_use int tables_list(const struct tables *tables, struct link_delta **out, size_t *n);

uint32_t tables_overlay_used(const struct tables *tables); /* subjects with deltas */
/* The latest generation in force, of the image or of a delta. */
uint64_t tables_generation(const struct tables *tables);

void tables_free(struct tables *tables);

/* Row of this system_id (at most 15 octets), 0 when there is none. Rows are of the
 * snapshot: those after the image's are accounts that a delta added. */
uint32_t tables_account_row(const struct tables *tables, const uint8_t *system_id, size_t len);
/* The account of a row; of row 0 all is 0. */
const struct image_account *tables_account(const struct tables *tables, uint32_t row);

/* State of an account row now: record, times, overlay. seconds: Unix time.
 * Returns enum reason: PASS, ACCOUNT_UNKNOWN, _SUSPENDED, _EXPIRED. */
unsigned tables_account_reason(const struct tables *tables, uint32_t row, uint32_t seconds);

/* Reason for a found sender (NULL = not in the set) with this key, used by this
 * account row: PASS, SENDER_*. */
unsigned tables_sender_reason(const struct tables *tables, const struct sender_key *key,
                              const struct image_sender *sender, uint32_t account_row,
                              uint32_t seconds);

/* Whether no delta says anything yet, for as long as this worker's turn. */
bool tables_without_deltas(const struct tables *tables);

/*
 * Whether the record of a sender says by itself that this account may send as it now: what
 * holds for nearly all that pass, in one branch. Without deltas tables_sender_reason() is PASS
 * then; where it is false that has to be asked.
 */
static inline bool tables_sender_passes(const struct image_sender *s, uint32_t account_row,
                                        uint32_t seconds)
{
	/* Certified, no list's, with one owner. Until 0 is for ever. */
	return s != NULL && account_row != 0 &&
	       ((s->owner_state ^ (account_row << 4 | IMAGE_CERTIFIED)) | s->blocked_until |
	        (uint32_t)(seconds < s->valid_from) |
	        (uint32_t)(seconds > s->valid_until - 1)) == 0;
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tables: all that a worker decides from, as one immutable snapshot: an image
 * and the overlay of sanctions that came after it.
 *
 * The link thread builds a snapshot, publishes its pointer, waits until every
 * worker has reported a quiescent state, and only then frees the old one
 * (dataplane/link/publish.h). Workers load the pointer once a turn.
 *
 * Ownership  a snapshot shares its image (octets, database) with snapshots that
 *            differ only in the overlay: reference counted, link thread only.
 * Threads    built and freed by the link thread; read by any worker.
 */
#ifndef DP_TABLES_H
#define DP_TABLES_H
#include <stdint.h>

#include "image.h"
#include "link_message.h"

struct overlay;     /* overlay.c: small open-addressing sets, immutable */
struct hs_scratch;  /* Hyperscan */
struct image_share; /* tables.c: image, mapping and scratches, counted */

#define OVERLAY_MAX 65536u /* sanctions between two images; full = -ENOSPC */

struct tables {
	uint64_t serial;                /* grows with every snapshot of this process */
	const struct image *image;
	const struct overlay *overlay;  /* never NULL */
	struct hs_scratch *const *scratch; /* one per worker; NULL without patterns */
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

/* A snapshot equal to base with one more sanction applied. -ENOSPC: overlay full. */
must_use int tables_sanction(struct tables **out, const struct tables *base,
                             const struct link_sanction *sanction);

void tables_free(struct tables *tables);

/* State of an account row now: image row, times, overlay. seconds: Unix time.
 * Returns enum reason: PASS, ACCOUNT_UNKNOWN, _SUSPENDED, _EXPIRED. */
unsigned tables_account_reason(const struct tables *tables, uint32_t row, uint32_t seconds);

/* Reason for a found sender (NULL = not in the set) with this key, used by this
 * account row: PASS, SENDER_*. */
unsigned tables_sender_reason(const struct tables *tables, const struct sender_key *key,
                              const struct image_sender *sender, uint32_t account_row,
                              uint32_t seconds);

#endif

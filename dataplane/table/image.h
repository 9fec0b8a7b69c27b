/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image: a validated, read-only view of a table image.
 *
 * image_open() is the only door for octets of include/image_format.h. It trusts
 * nothing: magic, version, checksums, every offset, count, order and cross
 * reference (owner rows exist, rule indexes exist, string offsets end in a NUL,
 * accounts sorted and unique, enums known, Hyperscan database of this machine's
 * kind) is checked once; look-ups afterwards check nothing.
 *
 * Ownership  borrows the octets: they stay mapped and unchanged until
 *            image_close(). Threads: immutable once open.
 */
#ifndef DP_IMAGE_H
#define DP_IMAGE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "check.h"
#include "image_format.h"
#include "number_map.h"
#include "numbering_plan.h"
#include "sender_set.h"

struct hs_database; /* Hyperscan */
struct text_table;  /* text.h */

struct image {
	const struct image_header *header;
	const struct image_policy *policy;
	const struct image_account *accounts; /* row 0 is no account */
	uint32_t n_accounts;                  /* rows, row 0 included: at least 1 */
	struct sender_set senders;
	struct number_map numbers; /* the index is ours */
	struct numbering_plan plan;
	const struct image_rule *rules;
	uint32_t n_rules;
	const struct image_pattern *patterns;
	uint32_t n_patterns;
	const struct image_excerpt *excerpts; /* by pattern; NULL: none has one */
	bool loose;  /* a pattern is of IMAGE_VIEW_LOOSE */
	bool shares; /* a rule is on trial for a share of subscribers */
	const char *strings;
	uint64_t strings_size;
	const uint32_t *code;          /* words of combinations */
	const uint32_t *rule_accounts; /* account rows */
	const struct image_campaign *campaigns;
	uint32_t n_campaigns;
	const struct image_fold *folds;
	uint32_t n_folds;
	const struct text_table *fold; /* of texts, with folds; ours, unless the default */
	struct hs_database *database; /* deserialised, ours, as the others; NULL: no pattern */
	struct hs_database *literals; /* of the folded view too */
	struct hs_database *plain;    /* of the plain view */
};

#define IMAGE_ERROR_SIZE 200u

/*
 * Open octets[0 .. size), 64-octet aligned. On failure *out is untouched, error
 * holds a sentence that names the section and the row, and the result is
 * -EPROTONOSUPPORT (version is not ours), -EBADMSG (not an image, or it lies),
 * -ENOMEM.
 */
must_use int image_open(struct image *out, const void *octets, size_t size,
                        char error[IMAGE_ERROR_SIZE]);

/* Frees what image_open() made (databases, index of numbers, table of folds); the octets
 * stay the caller's. */
void image_close(struct image *image);

/* Whether all of this pattern is where a database of the folded view found it, or an excerpt
 * of it, up to text[to). */
static inline bool image_pattern_holds(const struct image *image, uint32_t pattern,
                                       const uint8_t *text, size_t len, uint64_t to)
{
	if ((image->patterns[pattern].flags & IMAGE_PATTERN_EXCERPT) == 0)
		return true;
	const struct image_excerpt *e = &image->excerpts[pattern];
	return to >= e->end && to - e->end + e->len <= len &&
	       memcmp(text + (to - e->end), e->octets, e->len) == 0;
}

/* Row of this system_id (C string of at most 15 octets), or 0. Binary search. */
uint32_t image_account_row(const struct image *image, const uint8_t *system_id, size_t len);

#endif

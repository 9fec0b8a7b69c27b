/* SPDX-License-Identifier: Apache-2.0 */
/* image_build_priv: the builder's inside, for image_build.c and image_write.c. */
#ifndef CONTROL_IMAGE_BUILD_PRIV_H
#define CONTROL_IMAGE_BUILD_PRIV_H
#include <stdbool.h>

#include "image_build.h"
#include "intern.h"
#include "number_build.h"

/* A growing array of rows; records are moved by mremap(), so growing copies nothing. */
struct rows {
	void *data;
	uint64_t n;
	size_t bytes; /* mapped */
};

struct image_blob {
	void *octets;
	size_t size;
};

struct account_id {
	uint32_t id, row;
};

struct image_build {
	struct image_policy policy;
	struct rows accounts;   /* struct image_account; row 0 empty; sorted once frozen */
	struct account_id *ids; /* sorted by id once frozen, n = accounts.n - 1 */
	bool frozen;            /* rows have their final numbers */
	struct rows senders;    /* struct image_sender, in the order given */
	struct intern owners;   /* u32 runs */
	struct rows rules;      /* struct image_rule */
	struct rows patterns;   /* struct image_pattern */
	struct intern strings;  /* offset 0 is "" */
	struct number_build numbers;
	struct rows plan;                /* struct image_plan_row */
	struct rows code, rule_accounts; /* u32 */
	struct rows campaigns;           /* struct image_campaign, by fingerprint */
	struct rows folds;               /* struct image_fold, by from */
	struct rows excerpts;            /* struct image_excerpt, by pattern */
	struct image_blob folded, literals, plain; /* databases */
	unsigned threads;
	uint64_t seed;
	const struct signing_key *key; /* NULL = not signed */
	const void *previous;          /* an image; NULL = none */
	bool copied;
};

/* -ENOMEM */
must_use int image_rows_append(struct rows *rows, const void *row, size_t row_size);
int64_t image_string_offset(struct image_build *build, const char *text);
/* Row of an account id, or 0; frozen. */
uint32_t image_build_row_of(const struct image_build *build, uint32_t id);

/* Sort the accounts and number them. -ENOMEM; -EEXIST cannot happen any more. */
must_use int image_build_freeze(struct image_build *build);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "image_priv.h"

/* One bit for each owner list entry: set where a run begins. */
struct runs {
	uint64_t *starts;
	uint64_t n; /* entries of the section */
};

static bool run_begins(const struct runs *runs, uint64_t at)
{
	return at < runs->n && (runs->starts[at / 64] >> at % 64 & 1) != 0;
}

/* A run is "n, row, ...": at least two rows, which exist, in order. Its length or 0. */
static uint64_t check_run(const struct image *im, const uint32_t *run, uint64_t left)
{
	const uint64_t n = run[0];

	if (n < 2 || n >= left)
		return 0;
	for (uint64_t i = 1; i <= n; i++) {
		if (run[i] == 0 || run[i] >= im->n_accounts || (i > 1 && run[i] <= run[i - 1]))
			return 0;
	}
	return n + 1;
}

static int check_owners(const struct image_check *c, const struct image *im, struct runs *runs)
{
	runs->n = c->section[IMAGE_SENDER_OWNERS].count;
	runs->starts = calloc(runs->n / 64 + 1, sizeof(*runs->starts));
	if (runs->starts == NULL)
		return -ENOMEM;
	for (uint64_t at = 0; at < runs->n;) {
		const uint64_t n = check_run(im, im->senders.owners + at, runs->n - at);

		if (n == 0)
			return image_lies(c->error,
			                  "sender owners: no list of rows at entry %" PRIu64,
			                  at);
		runs->starts[at / 64] |= UINT64_C(1) << at % 64;
		at += n;
	}
	return 0;
}

/* Parts, buckets and slots multiply to the sections' sizes: a look-up stays inside. */
static int check_shape(const struct image_check *c, const struct image *im)
{
	const struct image_sender_info *i = im->senders.info;
	const uint64_t slots = (uint64_t)i->n_parts * i->slots_per_part;
	const uint64_t buckets = (uint64_t)i->n_parts * i->buckets_per_part;

	if (slots == 0 || buckets == 0 || slots != c->section[IMAGE_SENDERS].count ||
	    buckets != c->section[IMAGE_SENDER_PILOTS].count)
		return image_lies(c->error,
		                  "sender info: %" PRIu32 " parts of %" PRIu32
		                  " slots and %" PRIu32 " buckets are not what is there",
		                  i->n_parts, i->slots_per_part, i->buckets_per_part);
	for (unsigned r = 0; r < sizeof(i->reserved) / sizeof(i->reserved[0]); r++) {
		if (i->reserved[r] != 0)
			return image_lies(c->error, "sender info: reserved octets are not 0");
	}
	return 0;
}

/* The slot where a look-up of this key goes. */
static uint64_t place_of(const struct sender_set *set, const struct sender_key *key)
{
	const struct image_sender_info *i = set->info;
	uint64_t rest;
	const uint64_t part =
		sender_hash_part(sender_hash_key(&set->hash, key), i->n_parts, &rest);
	const uint8_t pilot = set->pilots[part * i->buckets_per_part +
	                                  sender_hash_bucket(rest, i->buckets_per_part)];

	return part * i->slots_per_part +
	       sender_hash_slot(rest, sender_hash_pilot(pilot), i->slots_per_part);
}

static const char *sender_fault(const struct image *im, const struct runs *runs, uint64_t row)
{
	const struct image_sender *s = &im->senders.slots[row];
	const uint32_t owner = s->owner_state >> 4;
	const enum image_state state = image_sender_state(s);
	const enum image_block block = image_sender_block(s);

	if (!address_key_valid(&s->key))
		return "has a key that no address has";
	if (state < IMAGE_CERTIFIED)
		return "has an unknown state";
	if (block > IMAGE_BLOCK_THEFT ||
	    (block != IMAGE_BLOCK_OPERATOR && s->blocked_until == 0 && state != IMAGE_BLOCKED))
		return "has an unknown block, or one that blocks nothing";
	if ((owner & IMAGE_OWNER_LIST) == 0 && owner >= im->n_accounts)
		return "has an owner that does not exist";
	if ((owner & IMAGE_OWNER_LIST) != 0 && !run_begins(runs, owner & IMAGE_OWNER_MAX))
		return "has a list of owners that does not exist";
	/* A record elsewhere is never found; it also proves that no key is there twice. */
	if (place_of(&im->senders, &s->key) != row)
		return "is not where look-ups go";
	return NULL;
}

static int check_slots(const struct image_check *c, const struct image *im,
                       const struct runs *runs)
{
	static const struct image_sender empty;
	uint64_t n_keys = 0;

	for (uint64_t row = 0; row < im->senders.n_slots; row++) {
		if (memcmp(&im->senders.slots[row], &empty, sizeof(empty)) == 0)
			continue;
		const char *fault = sender_fault(im, runs, row);
		if (fault != NULL)
			return image_lies(c->error, "senders: row %" PRIu64 " %s", row, fault);
		n_keys++;
	}
	if (n_keys != im->senders.info->n_keys)
		return image_lies(c->error, "senders: %" PRIu64 " keys, the info says %" PRIu64,
		                  n_keys, im->senders.info->n_keys);
	return 0;
}

int image_check_senders(const struct image_check *c, const struct image *im)
{
	const bool info = c->section[IMAGE_SENDER_INFO].count > 0;
	struct runs runs = { 0 };

	if (info != (c->section[IMAGE_SENDERS].count > 0) ||
	    info != (c->section[IMAGE_SENDER_PILOTS].count > 0) ||
	    (!info && c->section[IMAGE_SENDER_OWNERS].count > 0))
		return image_lies(c->error, "the sections of the sender set are not complete");
	if (!info)
		return 0;
	int failed = check_shape(c, im);
	if (failed == 0)
		failed = check_owners(c, im, &runs);
	if (failed == 0)
		failed = check_slots(c, im, &runs);
	free(runs.starts);
	return failed;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "image.h"

#include <errno.h>
#include <hs/hs.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fold_table.h"
#include "image_priv.h"

static struct image view_of(const struct image_check *c)
{
	const struct image_section *s = c->section;
	struct image im = {
		.header = (const void *)c->octets,
		.policy = image_at(c, IMAGE_POLICY),
		.accounts = image_at(c, IMAGE_ACCOUNTS),
		.n_accounts = (uint32_t)s[IMAGE_ACCOUNTS].count,
		.rules = image_at(c, IMAGE_RULES),
		.n_rules = (uint32_t)s[IMAGE_RULES].count,
		.patterns = image_at(c, IMAGE_PATTERNS),
		.n_patterns = (uint32_t)s[IMAGE_PATTERNS].count,
		.excerpts = image_at(c, IMAGE_EXCERPTS),
		.code = image_at(c, IMAGE_RULE_CODE),
		.rule_accounts = image_at(c, IMAGE_RULE_ACCOUNTS),
		.campaigns = image_at(c, IMAGE_CAMPAIGNS),
		.n_campaigns = (uint32_t)s[IMAGE_CAMPAIGNS].count,
		.folds = image_at(c, IMAGE_FOLDS),
		.n_folds = (uint32_t)s[IMAGE_FOLDS].count,
		.strings = image_at(c, IMAGE_STRINGS),
		.strings_size = s[IMAGE_STRINGS].size,
		.senders = {
			.info = image_at(c, IMAGE_SENDER_INFO),
			.slots = image_at(c, IMAGE_SENDERS),
			.pilots = image_at(c, IMAGE_SENDER_PILOTS),
			.owners = image_at(c, IMAGE_SENDER_OWNERS),
			.n_slots = (uint32_t)s[IMAGE_SENDERS].count,
			.n_pilots = (uint32_t)s[IMAGE_SENDER_PILOTS].count,
		},
	};

	if (im.senders.info != NULL)
		im.senders.hash = sender_hash_open(im.senders.info->seed);
	return im;
}

/* Only a block-mode database can be scanned by workers, and this CPU must be able to. */
static int check_database(const struct image_check *c, hs_database_t *database)
{
	char *info = NULL;
	hs_scratch_t *scratch = NULL;

	if (hs_database_info(database, &info) != HS_SUCCESS)
		return image_lies(c->error, "database: Hyperscan does not know it");
	const bool block = strstr(info, "Mode: BLOCK") != NULL;
	free(info); /* from hs_set_misc_allocator(), which nobody calls: malloc */
	if (!block)
		return image_lies(c->error, "database: it is not for block mode");
	if (hs_alloc_scratch(database, &scratch) != HS_SUCCESS)
		return image_lies(c->error, "database: no scratch can be made for it");
	hs_free_scratch(scratch);
	return 0;
}

/*
 * Hyperscan checks its own magic, version, platform, length and CRC. It cannot say how
 * many patterns a database holds: whoever takes ids from it must bound them by
 * n_patterns.
 */
static int open_database(const struct image_check *c, enum image_section_type type,
                         struct hs_database **out)
{
	const struct image_section *s = &c->section[type];
	hs_database_t *database = NULL;

	if (s->count == 0)
		return 0;
	const hs_error_t e = hs_deserialize_database((const char *)c->octets + s->offset,
	                                             s->size, &database);
	if (e == HS_NOMEM)
		return -ENOMEM;
	if (e == HS_DB_PLATFORM_ERROR)
		return image_lies(c->error, "database: it is for another kind of CPU");
	if (e != HS_SUCCESS)
		return image_lies(c->error, "database: Hyperscan refuses it (error %d)", e);
	const int failed = check_database(c, database);
	if (failed != 0) {
		hs_free_database(database);
		return failed;
	}
	*out = database;
	return 0;
}

static int open_numbers(const struct image_check *c, struct image *im)
{
	const uint32_t n = (uint32_t)c->section[IMAGE_NUMBER_BLOCKS].count;

	if (n == 0)
		return 0;
	return number_map_open(&im->numbers, image_at(c, IMAGE_NUMBER_BLOCKS), n,
	                       image_at(c, IMAGE_NUMBERS));
}

static bool has_loose(const struct image *im)
{
	bool loose = false;

	for (uint32_t i = 0; i < im->n_patterns; i++)
		loose |= (im->patterns[i].views & IMAGE_VIEW_LOOSE) != 0;
	return loose;
}

static bool has_shares(const struct image *im)
{
	bool shares = false;

	for (uint32_t i = 0; i < im->n_rules; i++)
		shares |= im->rules[i].canary_share != 0;
	return shares;
}

int image_open(struct image *out, const void *octets, size_t size, char error[IMAGE_ERROR_SIZE])
{
	struct image_check c = { .octets = octets, .size = size, .error = error };
	struct image im = { 0 };

	error[0] = '\0';
	int failed = image_check_sections(&c);
	if (failed == 0) {
		im = view_of(&c);
		failed = image_check_rows(&c, &im);
	}
	if (failed == 0) {
		im.loose = has_loose(&im);
		im.shares = has_shares(&im);
		numbering_plan_open(&im.plan, im.policy->country, image_at(&c, IMAGE_NUMBERING),
		                    (uint32_t)c.section[IMAGE_NUMBERING].count);
	}
	if (failed == 0)
		failed = open_database(&c, IMAGE_HS_DATABASE, &im.database);
	if (failed == 0)
		failed = open_database(&c, IMAGE_HS_LITERALS, &im.literals);
	if (failed == 0)
		failed = open_database(&c, IMAGE_HS_PLAIN, &im.plain);
	if (failed == 0)
		failed = open_numbers(&c, &im);
	if (failed == 0)
		failed = text_table_open(&im.fold, im.folds, im.n_folds);
	if (failed != 0)
		image_close(&im);
	if (failed == -ENOMEM)
		(void)image_lies(error, "out of memory");
	if (failed == 0)
		*out = im;
	return failed;
}

void image_close(struct image *image)
{
	hs_free_database(image->database);
	hs_free_database(image->literals);
	hs_free_database(image->plain);
	number_map_close(&image->numbers);
	text_table_close(image->fold);
	*image = (struct image){ 0 };
}

uint32_t image_account_row(const struct image *image, const uint8_t *system_id, size_t len)
{
	uint8_t key[sizeof(image->accounts->system_id)] = { 0 };
	uint32_t low = 1, high = image->n_accounts;

	if (len == 0 || len >= sizeof(key) || memchr(system_id, 0, len) != NULL)
		return 0;
	memcpy(key, system_id, len);
	while (low < high) {
		const uint32_t middle = low + (high - low) / 2;
		const int order = memcmp(key, image->accounts[middle].system_id, sizeof(key));

		if (order == 0)
			return middle;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return 0;
}

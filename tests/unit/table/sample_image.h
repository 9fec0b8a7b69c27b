/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sample_image: a small image with something in every section.
 *
 * Five accounts (one suspended, one expired, one that needs no sender, one observed),
 * SAMPLE_SENDERS numbers, some of them shared, blocked, suspended or limited in time,
 * two rules with three patterns, a block of numbers. For tests and fuzzers: aborts when it
 * cannot.
 */
#ifndef TEST_SAMPLE_IMAGE_H
#define TEST_SAMPLE_IMAGE_H
#include <hs/hs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "check.h"
#include "image_build.h"
#include "text.h"

#define SAMPLE_SENDERS 200u
#define SAMPLE_NOW 1700000000u
enum sample_id { SAMPLE_ACME = 70, SAMPLE_BETA = 5, SAMPLE_GONE = 12, SAMPLE_STATE = 9,
	SAMPLE_WATCHED = 33 };

static inline struct sender_key sample_key(const char *text)
{
	struct sender_key key;

	bug_if(address_key(&key, (const uint8_t *)text, strlen(text), 0, 0, 82) != 0);
	return key;
}

/* Number i of the sample, as "010" and eight digits. */
static inline struct sender_key sample_number(unsigned i)
{
	char text[16];

	snprintf(text, sizeof(text), "0102345%04u", i % 10000);
	return sample_key(text);
}

static inline void sample_accounts(struct image_build *b)
{
	const struct image_build_account accounts[] = {
		{ .system_id = "acme", .name = "Acme 문자", .id = SAMPLE_ACME,
		  .state = IMAGE_CERTIFIED, .alphabet = TEXT_GSM7 },
		{ .system_id = "beta", .id = SAMPLE_BETA, .state = IMAGE_SUSPENDED,
		  .alphabet = TEXT_CP949 },
		{ .system_id = "gone", .id = SAMPLE_GONE, .state = IMAGE_CERTIFIED,
		  .alphabet = TEXT_LATIN1, .valid_from = SAMPLE_NOW - 100,
		  .valid_until = SAMPLE_NOW },
		{ .system_id = "a-state-office1", .id = SAMPLE_STATE, .state = IMAGE_CERTIFIED,
		  .alphabet = TEXT_UTF8, .flags = IMAGE_ACCOUNT_ANY_SENDER },
		{ .system_id = "watched", .id = SAMPLE_WATCHED, .state = IMAGE_CERTIFIED,
		  .alphabet = TEXT_ASCII, .mode = IMAGE_OBSERVE, .sender_tlv = 0x0381 },
	};

	for (unsigned i = 0; i < sizeof(accounts) / sizeof(*accounts); i++)
		bug_if(image_build_account(b, &accounts[i]) != 0);
}

static inline void sample_senders(struct image_build *b)
{
	for (unsigned i = 0; i < SAMPLE_SENDERS; i++) {
		const uint32_t owners[] = { SAMPLE_ACME, SAMPLE_WATCHED, SAMPLE_GONE };
		struct image_build_sender s = { .key = sample_number(i),
			.state = IMAGE_CERTIFIED, .owners = owners, .n_owners = 1 };

		if (i == 1)
			s.n_owners = 3;
		if (i == 2)
			s.n_owners = 2;
		if (i == 3)
			s.state = IMAGE_SUSPENDED;
		if (i == 4)
			s.state = IMAGE_BLOCKED;
		if (i == 5)
			s.blocked_until = SAMPLE_NOW;
		if (i == 6)
			s.blocked_until = UINT32_MAX;
		if (i == 7)
			s.valid_from = SAMPLE_NOW;
		if (i == 8)
			s.valid_until = SAMPLE_NOW;
		if (i == 9)
			s.n_owners = 0;
		if (i == 10) {
			s.blocked_until = SAMPLE_NOW;
			s.block = IMAGE_BLOCK_BLACKLIST;
		}
		if (i == 11) {
			s.state = IMAGE_BLOCKED;
			s.block = IMAGE_BLOCK_THEFT;
		}
		bug_if(image_build_sender(b, &s) != 0);
	}
}

#define SAMPLE_CAMPAIGN UINT64_C(0x0123456789abcdef)

static inline void sample_campaigns(struct image_build *b)
{
	const struct image_campaign campaigns[] = {
		{ .fingerprint = SAMPLE_CAMPAIGN, .action = IMAGE_REFUSE, .radius = 3 },
		{ .fingerprint = ~SAMPLE_CAMPAIGN, .action = IMAGE_FLAG,
		  .valid_until = SAMPLE_NOW },
	};

	for (unsigned i = 0; i < 2; i++)
		bug_if(image_build_campaign(b, &campaigns[i]) != 0);
}

/* n patterns, the first with this id. */
static inline void sample_part(struct image_build *b, unsigned mode,
                               enum image_section_type type, const char *const *expressions,
                               unsigned first, unsigned n)
{
	const unsigned flags[] = { 0, 0 }, ids[] = { first, first + 1 };
	hs_database_t *database;
	hs_compile_error_t *error;
	char *octets;
	size_t size;

	bug_if(hs_compile_multi(expressions, flags, ids, n, mode, NULL, &database,
	                        &error) != 0);
	bug_if(hs_serialize_database(database, &octets, &size) != 0);
	bug_if(image_build_database(b, type, octets, size) != 0);
	free(octets);
	hs_free_database(database);
}

static inline void sample_database(struct image_build *b, unsigned mode)
{
	const char *const expressions[] = { "casi", "loan[0-9]+", "free *money" };

	sample_part(b, mode, IMAGE_HS_LITERALS, expressions, 0, 1);
	sample_part(b, mode, IMAGE_HS_DATABASE, expressions + 1, 1, 2);
	/* Of "casino" the database has an excerpt. */
	bug_if(image_build_excerpts(b, (const struct image_excerpt[3]){ { "casino", 6, 4 } },
	                            3) != 0);
}

/* The first rule is scoped to accounts and tried by one; the second counts patterns. */
static inline void sample_rules(struct image_build *b)
{
	const uint32_t code[] = { IMAGE_CODE_GROUP << 24 | 1, IMAGE_CODE_GROUP << 24 | 2,
		                  IMAGE_CODE_AT_LEAST << 24 | 2 << 12 | 1 };
	const uint32_t accounts[] = { SAMPLE_ACME, SAMPLE_STATE }, canary[] = { SAMPLE_ACME };
	const struct image_build_rule rules[] = {
		{ .row = { .id = 1001, .action = IMAGE_REFUSE,
		           .flags = IMAGE_RULE_SCOPED | IMAGE_RULE_SHADOW,
		           .directions = IMAGE_DIRECTION_FROM_ESME, .canary_share = 100 },
		  .name = "gambling", .sentence = "gambling", .accounts = accounts,
		  .n_accounts = 2, .canary_accounts = canary, .n_canary_accounts = 1 },
		{ .row = { .id = 1002, .action = IMAGE_FLAG, .command_status = 0x45,
		           .weight = 1500, .threshold = 2000, .flags = IMAGE_RULE_THRESHOLD,
		           .n_code = 3 },
		  .name = "loans", .code = code },
	};
	const uint32_t rule_of[] = { 0, 1, 1 };

	for (unsigned i = 0; i < 2; i++)
		bug_if(image_build_rule(b, &rules[i]) != (int64_t)i);
	for (unsigned i = 0; i < 3; i++)
		bug_if(image_build_pattern(b, &(struct image_pattern){
			       .rule = rule_of[i], .group = i, .weight = 1000,
			       .views = IMAGE_VIEW_FOLDED,
			       .flags = i == 0 ? IMAGE_PATTERN_EXCERPT : 0 }) != (int64_t)i);
}

/* The sample's numbers are assigned, but for 190 to 199; of others nothing is said. */
static inline void sample_numbers(struct image_build *b)
{
	const struct sender_key keys[] = { sample_number(0), sample_number(9999),
		sample_number(190), sample_number(199) };

	bug_if(image_build_numbers(b, &keys[0], &keys[1], IMAGE_NUMBER_ASSIGNED) != 0);
	bug_if(image_build_numbers(b, &keys[2], &keys[3], IMAGE_NUMBER_UNASSIGNED) != 0);
}

static inline void sample_plan(struct image_build *b)
{
	const struct image_plan_row rows[] = {
		{ IMAGE_PLAN_TRUNK, 0, 0, "0" },  { IMAGE_PLAN_IDD, 0, 0, "00" },
		{ IMAGE_PLAN_BARE, 8, 8, "15" },  { IMAGE_PLAN_HOME, 9, 10, "10" },
		{ IMAGE_PLAN_WORLD, 11, 11, "1" },
	};

	bug_if(image_build_plan(b, rows, sizeof(rows) / sizeof(*rows)) != 0);
}

static inline void sample_folds(struct image_build *b)
{
	const struct image_fold rows[] = {
		{ 0x44F, 'r' }, { 0x535C, 0x314F }, { 0x1F600, 'h' },
	};

	bug_if(image_build_folds(b, rows, 3) != 0);
}

/* 64-octet aligned; the caller frees. */
static inline void *sample_image(size_t *size)
{
	char error[IMAGE_BUILD_ERROR_SIZE];
	struct image_build *b;
	void *octets;

	bug_if(image_build_open(&b) != 0);
	image_build_seed(b, 0x5eed); /* the same octets every time, for fuzzers */
	sample_accounts(b);
	sample_campaigns(b);
	sample_senders(b);
	sample_rules(b);
	sample_database(b, HS_MODE_BLOCK);
	sample_numbers(b);
	sample_plan(b);
	sample_folds(b);
	bug_if(image_build_memory(b, 7, SAMPLE_NOW, &octets, size, error) != 0);
	image_build_close(b);
	return octets;
}

#endif

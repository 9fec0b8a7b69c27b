/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registry image: what the data plane's reader finds in an image is what was imported,
 * for thousands of random accounts and senders kept beside in plain arrays.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "address.h"
#include "image.h"
#include "import.h"
#include "registry_delta.h"
#include "registry_image.h"
#include "temp.h"
#include "text.h"

#define ACCOUNTS 40
#define SENDERS 3000

struct model_sender {
	char address[24];
	unsigned state; /* enum image_state, before a sanction */
	bool suspended, whole_block;
	uint32_t from, until, blocked;
	unsigned owners[3], n_owners;
};

static struct model_sender model[SENDERS];
static bool account_suspended[ACCOUNTS];
static struct registry *registry;
static struct image image;
static void *octets;
static size_t size;

static void import(int (*function)(struct registry *, char *, size_t,
                                   const struct import_options *, struct problems *,
                                   struct problems *, struct import_result *),
                   char *text)
{
	struct problems problems, notes;
	struct import_result done;

	problems_init(&problems, "model");
	problems_init(&notes, "model");
	const struct import_options options = { 0 };
	const int result =
		function(registry, text, strlen(text), &options, &problems, &notes, &done);
	if (result != 0)
		print_message("%s / %s\n", registry_error(registry), problems.list[0].text);
	assert_int_equal(result, 0);
	free(text);
}

static void import_model_accounts(void)
{
	char *text = calloc(1, 100 * ACCOUNTS + 100);

	strcpy(text, "system_id,name,state,mode,alphabet,sender_field\n");
	for (int i = 0; i < ACCOUNTS; i++) {
		account_suspended[i] = i % 7 == 0;
		sprintf(text + strlen(text), "acct%d,\"Name, %d\",%s,%s,%s,%s\n", i, i,
		        i % 7 ? "certified" : "suspended", i % 3 ? "enforce" : "observe",
		        i % 2 ? "gsm7" : "cp949", i % 5 ? "" : "0x0381");
	}
	import(import_accounts, text);
}

/* The same numbers in every run (xorshift, Marsaglia 2003). */
static unsigned draw(void)
{
	static uint32_t x = 2463534242;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return x >> 1;
}

static void random_sender(struct model_sender *s, int i)
{
	static const unsigned times[] = { 0, 1700000000, 1800000000 };

	sprintf(s->address, i % 10 ? "010-%04d-%04d" : "NAME%d%d", 1000 + i, draw() % 10000);
	s->state = 1 + draw() % 3;
	s->from = times[draw() % 2];
	s->until = draw() % 2 ? 0 : 1800000000;
	s->blocked = s->state == IMAGE_BLOCKED && draw() % 2 ? 1900000000 : 0;
	s->n_owners = 1 + draw() % 3;
	for (unsigned k = 0; k < s->n_owners; k++)
		s->owners[k] = ((unsigned)i + k * 7) % ACCOUNTS;
}

static const char *when(uint32_t seconds)
{
	return seconds == 1700000000   ? "2023-11-14T22:13:20Z"
	       : seconds == 1800000000 ? "2027-01-15T08:00:00Z"
	       : seconds == 1900000000 ? "2030-03-17T17:46:40Z"
	                               : "";
}

static void import_model_senders(void)
{
	static const char *const states[] = { "", "certified", "suspended", "blocked" };
	char *text = calloc(1, 160 * SENDERS + 100), *to = text;

	to += sprintf(to, "address,owner,state,valid_from,valid_until,blocked_until\n");
	for (int i = 0; i < SENDERS; i++) {
		struct model_sender *s = &model[i];

		random_sender(s, i);
		to += sprintf(to, "%s,", s->address);
		for (unsigned k = 0; k < s->n_owners; k++)
			to += sprintf(to, "%sacct%u", k ? ";" : "", s->owners[k]);
		to += sprintf(to, ",%s,%s,%s,%s\n", states[s->state], when(s->from),
		              when(s->until), when(s->blocked));
	}
	import(import_senders, text);
}

static void suspend(enum link_delta_kind kind, const char *name)
{
	const struct registry_delta d = { .op = LINK_SUSPEND, .kind = kind, .name = name };
	struct link_delta told;

	assert_int_equal(registry_deltas_begin(registry, false), 0);
	assert_int_equal(registry_delta(registry, &d, &told), 0);
	assert_int_equal(registry_deltas_end(registry, 0), 0);
}

static void sanction_some(void)
{
	for (int i = 0; i < SENDERS; i += 97) {
		suspend(LINK_SENDER, model[i].address);
		model[i].suspended = true;
	}
	suspend(LINK_ACCOUNT, "acct1");
	account_suspended[1] = true;
}

static const char rules[] =
	"rules:\n"
	"- { id: one, sentence: \"first\", action: refuse, command_status: 0x0A, patterns: [ "
	"{ literal: alpha }, { literal: beta } ] }\n"
	"- { id: two, sentence: \"second\", action: flag, patterns: [ { regex: \"gam+a\" } ] "
	"}\n"
	"folds: [ { from: 卜, to: ㅏ }, { from: △, to: a } ]\n";

static int setup(void **state)
{
	const char *const names[] = { "one", "two" };
	struct image_cache cache = { 0 };
	struct registry_image built;
	char error[REGISTRY_IMAGE_ERROR_SIZE] = "", why[IMAGE_ERROR_SIZE] = "";
	uint64_t generation;

	assert_int_equal(temp_make(state), 0);
	assert_int_equal(registry_open(&registry, temp_path("r.sqlite")), 0);
	import_model_accounts();
	import_model_senders();
	sanction_some();
	assert_int_equal(registry_put_rules(registry,
	                                    &(struct rules_push){ "r", "", rules, strlen(rules),
	                                                          names, 2 },
	                                    &generation),
	                 0);
	assert_int_equal(registry_image_build(&built, registry, &cache, error), 0);
	assert_int_equal(built.generation, generation);
	assert_int_equal(built.senders, SENDERS);
	assert_int_equal(cache.rules.generation, generation);
	image_cache_clear(&cache);
	size = built.size;
	octets = mmap(NULL, size, PROT_READ, MAP_SHARED, built.fd, 0);
	assert_ptr_not_equal(octets, MAP_FAILED);
	close(built.fd);
	assert_int_equal(image_open(&image, octets, size, why), 0);
	return 0;
}

static int teardown(void **state)
{
	image_close(&image);
	munmap(octets, size);
	registry_close(registry);
	return temp_remove(state);
}

static void accounts_agree(void **state)
{
	(void)state;
	assert_int_equal(image.n_accounts, ACCOUNTS + 1);
	for (int i = 0; i < ACCOUNTS; i++) {
		char name[16], display[20];

		sprintf(name, "acct%d", i);
		sprintf(display, "Name, %d", i);
		const uint32_t row =
			image_account_row(&image, (const uint8_t *)name, strlen(name));
		assert_int_not_equal(row, 0);
		const struct image_account *a = &image.accounts[row];
		assert_int_equal(a->state,
		                 account_suspended[i] ? IMAGE_SUSPENDED : IMAGE_CERTIFIED);
		assert_int_equal(a->mode, i % 3 ? IMAGE_ENFORCE : IMAGE_OBSERVE);
		assert_int_equal(a->sender_tlv, i % 5 ? 0 : 0x0381);
		assert_int_equal(a->alphabet, i % 2 ? 1 : 5);
		assert_string_equal(image.strings + a->name, display);
	}
	assert_int_equal(image_account_row(&image, (const uint8_t *)"acct", 4), 0);
}

static void check_owners(const struct model_sender *s, const struct image_sender *found)
{
	for (unsigned a = 0; a < ACCOUNTS; a++) {
		bool owns = false;
		char name[16];

		sprintf(name, "acct%u", a);
		for (unsigned k = 0; k < s->n_owners; k++)
			owns |= s->owners[k] == a;
		assert_int_equal(
			sender_owned_by(
				&image.senders, found,
				image_account_row(&image, (const uint8_t *)name, strlen(name))),
			owns);
	}
}

static const struct image_sender *find(const char *address)
{
	const struct image_sender *found = NULL;
	struct sender_key key;

	assert_int_equal(address_key(&key, (const uint8_t *)address, strlen(address), 1, 1, 82),
	                 0);
	sender_set_find(&image.senders, &key, 1, &found);
	return found;
}

static void senders_agree(void **state)
{
	(void)state;
	for (int i = 0; i < SENDERS; i++) {
		const struct model_sender *s = &model[i];
		const struct image_sender *found = find(s->address);
		const bool for_ever = s->state == IMAGE_BLOCKED && s->blocked == 0;
		/* A block is a time, for ever too. */
		unsigned expected = s->state == IMAGE_BLOCKED ? IMAGE_CERTIFIED : s->state;

		assert_non_null(found);
		if (s->suspended)
			expected = IMAGE_SUSPENDED;
		assert_int_equal(found->owner_state & 15, expected);
		assert_int_equal(found->valid_from, s->from);
		assert_int_equal(found->valid_until, s->until);
		assert_int_equal(found->blocked_until, for_ever ? UINT32_MAX : s->blocked);
		check_owners(s, found);
	}
	assert_null(find("010-9999-0000"));
	assert_null(find("NOBODY"));
}

static void rules_agree(void **state)
{
	(void)state;
	assert_int_equal(image.n_rules, 2);
	assert_int_equal(image.n_patterns, 3);
	assert_string_equal(image.strings + image.rules[0].name, "one");
	assert_string_equal(image.strings + image.rules[1].sentence, "second");
	assert_int_equal(image.rules[0].action, IMAGE_REFUSE);
	assert_int_equal(image.rules[0].command_status, 0x0A);
	assert_int_equal(image.rules[1].action, IMAGE_FLAG);
	assert_int_equal(image.patterns[1].rule, 0);
	assert_int_equal(image.patterns[2].rule, 1);
	assert_non_null(image.database);
	assert_int_equal(image.policy->country, 82);
}

static void folds_agree(void **state)
{
	static const char text[] = "ㄷ卜 g△mma";
	uint8_t folded[sizeof(text) * TEXT_FOLD_GROWTH];

	(void)state;
	assert_int_equal(image.n_folds, 2);
	assert_int_equal(image.folds[0].from, 0x25B3);
	const size_t n = text_fold_with(image.fold, (const uint8_t *)text, sizeof(text) - 1,
	                                folded, sizeof(folded), NULL);
	assert_int_equal(n, strlen("다 gamma"));
	assert_memory_equal(folded, "다 gamma", n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accounts_agree),
		cmocka_unit_test(senders_agree),
		cmocka_unit_test(rules_agree),
		cmocka_unit_test(folds_agree),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

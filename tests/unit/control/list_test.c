/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Block lists of others, numbers that exist, and what an image takes over from the one
 * before: files into the registry, and what the data plane's reader then finds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "address.h"
#include "image.h"
#include "import.h"
#include "registry_image.h"
#include "signing_key.h"
#include "temp.h"

typedef int importer(struct registry *, char *, size_t, const struct import_options *,
                     struct problems *, struct problems *, struct import_result *);

static const char rules[] = "rules:\n"
			    "- id: one\n"
			    "  sentence: \"one\"\n"
			    "  action: refuse\n"
			    "  patterns:\n"
			    "    - { literal: 'casino' }\n";
static struct registry *registry;
static struct image_cache cache;
static struct problems problems, notes;
static struct import_result done;
static struct image image;
static void *octets;
static size_t size;

static int import(importer *function, const char *lines)
{
	const struct import_options options = { 0 };
	char *text = strdup(lines);

	problems_init(&problems, "list");
	problems_init(&notes, "list");
	const int result =
		function(registry, text, strlen(text), &options, &problems, &notes, &done);
	free(text);
	return result;
}

static void forget_image(void)
{
	if (octets == NULL)
		return;
	image_close(&image);
	munmap(octets, size);
	octets = NULL;
}

/* The registry as an image; whether its sender set was copied from the one before. */
static bool build(void)
{
	char error[REGISTRY_IMAGE_ERROR_SIZE] = "", why[IMAGE_ERROR_SIZE] = "";
	struct registry_image built;

	forget_image();
	if (registry_image_build(&built, registry, &cache, error) != 0)
		fail_msg("%s", error);
	size = built.size;
	octets = mmap(NULL, size, PROT_READ, MAP_PRIVATE, built.fd, 0);
	close(built.fd);
	assert_int_equal(image_open(&image, octets, size, why), 0);
	return built.copied;
}

static int setup(void **state)
{
	assert_int_equal(temp_make(state), 0);
	assert_int_equal(registry_open(&registry, temp_path("r.sqlite")), 0);
	assert_int_equal(import(import_accounts, "system_id\nacme\n"), 0);
	assert_int_equal(import(import_senders, "address,owner,state,blocked_until\n"
	                                        "010-1111-1111,acme,,\n"
	                                        "010-2222-2222,acme,,\n"
	                                        "010-3333-3333,acme,blocked,2030-01-01\n"
	                                        "1588-1588,acme,,\n"),
	                 0);
	return 0;
}

static int teardown(void **state)
{
	forget_image();
	image_cache_clear(&cache);
	registry_close(registry);
	return temp_remove(state);
}

static const struct image_sender *find(const char *address, struct number_place *place)
{
	const struct image_sender *found = NULL;
	struct sender_key key;

	assert_int_equal(address_key(&key, (const uint8_t *)address, strlen(address), 0, 0, 82),
	                 0);
	sender_set_find(&image.senders, &key, 1, &found);
	number_map_seek(&image.numbers, &key, 1, place);
	return found;
}

static void check_block(const char *address, enum image_block block, uint32_t until)
{
	struct number_place place;
	const struct image_sender *s = find(address, &place);

	assert_non_null(s);
	assert_int_equal(image_sender_block(s), block);
	assert_int_equal(s->blocked_until, until);
}

static enum image_number_state state_of(const char *address)
{
	struct number_place place;

	(void)find(address, &place);
	return number_map_state(&place);
}

#define Y2029 1861920000u /* 2029-01-01T00:00:00Z */
#define Y2030 1893456000u
#define Y2031 1924992000u

/* Of several blocks the one that ends last is told; a list blocks who is not registered. */
static void lists_on_the_record(void **state)
{
	struct number_place place;

	(void)state;
	assert_int_equal(import(import_blacklist, "address,until\n"
	                                          "+82 10 1111 1111,2029-01-01T00:00:00Z\n"
	                                          "01033333333,2031-01-01T00:00:00Z\n"
	                                          "010-9999-9999,2029-01-01T00:00:00Z\n"),
	                 0);
	assert_int_equal(done.added, 3);
	assert_int_equal(import(import_theft, "address\n010-1111-1111\n02-123-4567\n"), 0);
	build();
	check_block("010-1111-1111", IMAGE_BLOCK_THEFT, UINT32_MAX);
	check_block("010-2222-2222", IMAGE_BLOCK_OPERATOR, 0);
	check_block("010-3333-3333", IMAGE_BLOCK_BLACKLIST, Y2031);
	check_block("010-9999-9999", IMAGE_BLOCK_BLACKLIST, Y2029);
	check_block("02-123-4567", IMAGE_BLOCK_THEFT, UINT32_MAX);
	/* the certificate is still there when the block has ended */
	assert_int_equal(find("010-1111-1111", &place)->owner_state >> 4, 1);

	/* The next file is the whole list; the other list stays. */
	assert_int_equal(import(import_blacklist, "address,until\n"
	                                          "010-2222-2222,2030-01-01T00:00:00Z\n"),
	                 0);
	assert_int_equal(done.added, 1);
	assert_int_equal(done.updated, 0);
	build();
	check_block("010-2222-2222", IMAGE_BLOCK_BLACKLIST, Y2030);
	check_block("010-1111-1111", IMAGE_BLOCK_THEFT, UINT32_MAX);
	assert_int_equal(image_sender_block(find("010-3333-3333", &place)),
	                 IMAGE_BLOCK_OPERATOR);
	assert_null(find("010-9999-9999", &place));
}

/* A file with a wrong row changes nothing, and says which row it is. */
static void wrong_lists(void **state)
{
	(void)state;
	assert_int_equal(import(import_blacklist, "address,until\n010-4444-4444,\n"), 0);
	assert_int_equal(import(import_blacklist, "address,until\n"
	                                          "010-5555-5555,\n010-6666-6666,soon\n"),
	                 -EINVAL);
	assert_int_equal(problems.list[0].row, 3);
	assert_int_equal(import(import_blacklist, "address,until\n010-5555-5555,\n"
	                                          "+82105555 5555,2029-01-01\n"),
	                 -EINVAL);
	assert_non_null(strstr(problems.list[0].text, "contradicts row 2"));
	assert_int_equal(import(import_blacklist, "address,until\n,2029-01-01\n"), -EINVAL);
	build();
	check_block("010-4444-4444", IMAGE_BLOCK_BLACKLIST, UINT32_MAX);
	assert_int_equal(import(import_blacklist, "address\n010-4444-4444\n01044444444\n"), 0);
	assert_int_equal(done.repeated, 1);
	assert_int_equal(notes.total, 1);
}

static void numbers_that_exist(void **state)
{
	(void)state;
	assert_int_equal(state_of("010-1234-5678"), IMAGE_NUMBER_UNKNOWN);
	assert_int_equal(import(import_numbers, "first,last,state\n"
	                                        "010-0000-0000,010-9999-9999,unassigned\n"
	                                        "010-2000-0000,010-9999-9999,\n"
	                                        "010-7777-7777,,unassigned\n"
	                                        "02-123-0000,02-123-9999,assigned\n"),
	                 0);
	build();
	assert_int_equal(state_of("010-1999-9999"), IMAGE_NUMBER_UNASSIGNED);
	assert_int_equal(state_of("010-2000-0000"), IMAGE_NUMBER_ASSIGNED);
	assert_int_equal(state_of("+82107777 7777"), IMAGE_NUMBER_UNASSIGNED);
	assert_int_equal(state_of("010-7777-7778"), IMAGE_NUMBER_ASSIGNED);
	assert_int_equal(state_of("02-123-5555"), IMAGE_NUMBER_ASSIGNED);
	assert_int_equal(state_of("02-124-5555"), IMAGE_NUMBER_UNKNOWN);
	assert_int_equal(state_of("SLUICE"), IMAGE_NUMBER_UNKNOWN);
	assert_int_equal(import(import_numbers, "first\n010-1234-5678\n"), 0);
	build();
	assert_int_equal(state_of("010-1234-5678"), IMAGE_NUMBER_ASSIGNED);
	assert_int_equal(state_of("010-2000-0000"), IMAGE_NUMBER_UNKNOWN);
}

static void wrong_numbers(void **state)
{
	static const char *const files[] = {
		"first,last\n010-1234-5678,010-1234-567\n",  /* lengths */
		"first,last\n010-1234-5678,010-1234-5677\n", /* backwards */
		"first\nSLUICE\n",
		"first\n112\n",
		"first,state\n010-1234-5678,maybe\n",
		"first,last\n010-0000-0000,010-9999-9999\n+100000000000,+999999999999\n",
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		assert_int_equal(import(import_numbers, files[i]), -EINVAL);
		assert_true(problems.total >= 1);
	}
	build();
	assert_int_equal(state_of("010-1234-5678"), IMAGE_NUMBER_ASSIGNED); /* as before */
}

/* Rules and numbers change: the sender set is copied. A sender changes: it is not. */
static void what_did_not_change_is_copied(void **state)
{
	const char *const names[] = { "one" };
	uint64_t generation;

	(void)state;
	build();
	const uint64_t seed = image.senders.info->seed;
	assert_true(build());
	assert_int_equal(import(import_numbers, "first\n010-1234-9999\n"), 0);
	assert_int_equal(registry_put_rules(registry,
	                                    &(struct rules_push){ "r", "", rules, strlen(rules),
	                                                          names, 1 },
	                                    &generation),
	                 0);
	assert_true(build());
	assert_int_equal(image.senders.info->seed, seed);
	assert_int_equal(state_of("010-1234-9999"), IMAGE_NUMBER_ASSIGNED);
	assert_int_equal(import(import_theft, "address\n010-2222-2222\n"), 0);
	assert_false(build());
	check_block("010-2222-2222", IMAGE_BLOCK_THEFT, UINT32_MAX);
	assert_int_not_equal(image.senders.info->seed, seed);
}

/* The reader takes a signed image; that the signature holds is link_image_key_test's. */
static void signed_with_a_key(void **state)
{
	char error[SIGNING_KEY_ERROR_SIZE];
	struct signing_key *key = NULL;

	(void)state;
	build();
	const uint32_t sections = image.header->n_sections;
	assert_int_equal(signing_key_make(temp_path("key"), error), 0);
	assert_int_equal(signing_key_load(&key, temp_path("key"), error), 0);
	cache.key = key;
	build();
	assert_int_equal(image.header->n_sections, sections + 1);
	cache.key = NULL;
	signing_key_free(key);
}

/* What the plan in the image makes of a spelling. */
static void check_read(const char *spelled, const char *expected)
{
	char text[ADDRESS_TEXT_SIZE * 2];
	struct sender_key key;

	assert_int_equal(
		address_key_by(&key, (const uint8_t *)spelled, strlen(spelled), &image.plan),
		0);
	address_text(text, &key);
	assert_string_equal(text, expected);
}

static void check_problem(const char *lines, const char *expected)
{
	assert_int_equal(import(import_numbering, lines), -EINVAL);
	if (strstr(problems.list[0].text, expected) == NULL)
		fail_msg("%s", problems.list[0].text);
}

/* An operator's plan is what imports and the image read by; a bad file changes nothing;
 * an empty one brings the built-in plan back. */
static void the_numbering_plan_is_data(void **state)
{
	static const char plan[] = "kind,prefix,min,max\n"
				   "trunk,0,,\n"
				   "idd,00,,\n"
				   "bare,19,8,8\n"
				   "bare,10,10,10\n"
				   "home,10,9,10\n";
	struct number_place place;

	(void)state;
	build();
	check_read("1900-1234", "+19001234");
	assert_int_equal(import(import_numbering, plan), 0);
	assert_int_equal(done.rows, 5);
	assert_int_equal(notes.total, 1); /* four senders were read by the plan before */
	assert_int_equal(import(import_senders, "address,owner\n1900-1234,acme\n"), 0);
	build();
	check_read("1900-1234", "+8219001234");
	check_read("010-1111-1111", "+821011111111");
	assert_non_null(find("+8219001234", &place));

	check_problem("kind,prefix,min,max\nbare,1x,8,8\n", "1 to 12 digits");
	assert_int_equal(problems.list[0].row, 2);
	assert_string_equal(problems.list[0].field, "prefix");
	check_problem("kind,prefix,min,max\nidd,00,,\nwrong,1,8,8\n", "none of trunk, idd");
	assert_int_equal(problems.list[0].row, 3);
	check_problem("kind,prefix,min,max\nbare,19,8,99\n", "no number of digits");
	check_problem("kind,prefix,min,max\nbare,19,9,8\n", "min is greater");
	check_problem("kind,prefix,min,max\nbare,19,8,8\nbare,19,8,8\n", "row 2 says this");
	check_problem("kind,prefix,min,max\ntrunk,0,,\ntrunk,0,,\n", "row 2 says this");
	build();
	check_read("1900-1234", "+8219001234");

	assert_int_equal(import(import_numbering, "kind,prefix,min,max\n"), 0);
	build();
	check_read("1900-1234", "+19001234");
	check_read("1588-1588", "+8215881588");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_on_the_record),
		cmocka_unit_test(wrong_lists),
		cmocka_unit_test(numbers_that_exist),
		cmocka_unit_test(wrong_numbers),
		cmocka_unit_test(the_numbering_plan_is_data),
		cmocka_unit_test(what_did_not_change_is_copied),
		cmocka_unit_test(signed_with_a_key),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

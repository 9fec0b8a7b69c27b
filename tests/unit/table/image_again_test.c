/* SPDX-License-Identifier: Apache-2.0 */
/* image_build: a sender set whose records have not changed is copied, not built again. */
#include "image_fixture.h"

#define SENDERS 20000u

static struct image_build *builder(unsigned n, uint32_t odd_until)
{
	const uint32_t owner = SAMPLE_ACME;
	struct image_build *b;

	assert_int_equal(image_build_open(&b), 0);
	sample_accounts(b);
	for (unsigned i = 0; i < n; i++) {
		struct image_build_sender s = { .state = IMAGE_CERTIFIED,
			                        .owners = &owner,
			                        .n_owners = 1,
			                        .valid_until = i == 77 ? odd_until : 0 };
		s.key = sample_number(i);
		s.key.octets[4] = (uint8_t)(0x45 + i / 10000); /* sample_number() repeats */
		assert_int_equal(image_build_sender(b, &s), 0);
	}
	return b;
}

static void *finish(struct image_build *b, uint64_t generation, size_t *size)
{
	char error[IMAGE_ERROR_SIZE];
	void *octets;
	struct image im;

	assert_int_equal(image_build_memory(b, generation, 1, &octets, size, error), 0);
	assert_int_equal(image_open(&im, octets, *size, error), 0);
	assert_int_equal(im.header->generation, generation);
	image_walk(&im);
	image_close(&im);
	return octets;
}

static uint64_t seed_of(void *octets)
{
	return ((struct image_sender_info *)rows(octets, IMAGE_SENDER_INFO))->seed;
}

/* As it was: copied, seed and all. Anything else: built, under a seed of its own. */
static void check(unsigned n, uint32_t odd_until, bool expect)
{
	struct image_build *b = builder(SENDERS, 5);
	size_t size, next_size;
	void *first = finish(b, 1, &size);

	assert_false(image_build_copied(b));
	image_build_close(b);
	b = builder(n, odd_until);
	sample_rules(b); /* what else the image holds does not matter */
	sample_database(b, HS_MODE_BLOCK);
	image_build_previous(b, first);
	void *next = finish(b, 2, &next_size);
	assert_int_equal(image_build_copied(b), expect);
	assert_int_equal(seed_of(first) == seed_of(next), expect);
	const struct image_section *s = section(first, IMAGE_SENDERS);
	if (expect)
		assert_memory_equal(rows(first, IMAGE_SENDERS), rows(next, IMAGE_SENDERS),
		                    s->size);
	image_build_close(b);
	free(first);
	free(next);
}

static void the_same_is_copied(void **state)
{
	(void)state;
	check(SENDERS, 5, true);
}

static void one_other_second_is_not(void **state)
{
	(void)state;
	check(SENDERS, 6, false);
}

static void one_sender_less_is_not(void **state)
{
	(void)state;
	check(SENDERS - 1, 5, false);
}

static void a_previous_without_senders(void **state)
{
	(void)state;
	struct image_build *b = builder(0, 0);
	size_t size;
	void *first = finish(b, 1, &size);

	image_build_close(b);
	b = builder(10, 0);
	image_build_previous(b, first);
	free(finish(b, 2, &size));
	assert_false(image_build_copied(b));
	image_build_close(b);
	free(first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_is_copied),
		cmocka_unit_test(one_other_second_is_not),
		cmocka_unit_test(one_sender_less_is_not),
		cmocka_unit_test(a_previous_without_senders),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* number_map: ranges through the builder, beside a twin that keeps them in a list. */
#include "image_fixture.h"

#define RANGES 60

struct range {
	uint64_t first, last;
	enum image_number_state state;
};

static uint64_t random_state = 5;

static uint64_t random_u64(void)
{
	uint64_t x = random_state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

/* The key of a whole E.164 number. */
static struct sender_key key_of(uint64_t number)
{
	struct sender_key key = { { 0 } };
	char text[24];
	const int n = snprintf(text, sizeof(text), "%llu", (unsigned long long)number);

	key.octets[0] = (uint8_t)(SENDER_KEY_NUMBER << 5 | n);
	for (int i = 0; i < n; i++)
		key.octets[1 + i / 2] |= (uint8_t)((text[i] - '0') << (i % 2 ? 0 : 4));
	return key;
}

/* The last range that speaks of it. */
static enum image_number_state twin_state(const struct range *ranges, unsigned n,
                                          uint64_t number)
{
	while (n-- > 0) {
		if (number >= ranges[n].first && number <= ranges[n].last)
			return ranges[n].state;
	}
	return IMAGE_NUMBER_UNKNOWN;
}

static void check(const struct image *im, const struct range *ranges, unsigned n,
                  uint64_t number)
{
	const struct sender_key key = key_of(number);
	struct number_place place;

	number_map_seek(&im->numbers, &key, 1, &place);
	if (number_map_state(&place) != twin_state(ranges, n, number))
		fail_msg("%llu: %u", (unsigned long long)number, number_map_state(&place));
}

/* Some lie over the ends of blocks, some are single numbers, some begin at an octet. */
static struct range random_range(void)
{
	const uint64_t spans[] = { 0, 1, 3, 4, 1000, 999999, 1000000, 3500000 };
	const uint64_t bases[] = { 821000000000, 82220000000, 8215880000, 821999000000,
		                   82100000 };
	const uint64_t first = bases[random_u64() % 5] + random_u64() % 5000000;
	const uint64_t span = spans[random_u64() % 8];

	return (struct range){ first, first + (span == 0 ? 0 : random_u64() % span),
		               (enum image_number_state)(random_u64() % 3) };
}

static void put_ranges(struct image_build *b, struct range ranges[RANGES])
{
	for (unsigned i = 0; i < RANGES; i++) {
		ranges[i] = random_range();
		const struct sender_key first = key_of(ranges[i].first),
					last = key_of(ranges[i].last);
		assert_int_equal(image_build_numbers(b, &first, &last, ranges[i].state), 0);
	}
}

static void as_the_twin(void **state)
{
	(void)state;
	struct range ranges[RANGES];
	char error[IMAGE_ERROR_SIZE];
	struct image_build *b;
	struct image im;
	void *octets;
	size_t size;

	assert_int_equal(image_build_open(&b), 0);
	put_ranges(b, ranges);
	assert_int_equal(image_build_memory(b, 1, 1, &octets, &size, error), 0);
	image_build_close(b);
	assert_int_equal(image_open(&im, octets, size, error), 0);
	for (unsigned i = 0; i < RANGES; i++) {
		for (int delta = -5; delta <= 5; delta++) {
			check(&im, ranges, RANGES, ranges[i].first + (uint64_t)delta);
			check(&im, ranges, RANGES, ranges[i].last + (uint64_t)delta);
		}
	}
	for (unsigned i = 0; i < 100000; i++) {
		const struct range r = random_range();
		check(&im, ranges, RANGES, r.first);
	}
	image_close(&im);
	free(octets);
}

/* Of what is no number, or is too short or too long for one, nothing is said. */
static void what_is_in_no_block(void **state)
{
	(void)state;
	char error[IMAGE_ERROR_SIZE];
	struct image im;
	const struct sender_key keys[] = { sample_number(0),
		                           sample_key("SLUICE"),
		                           { { 0 } },
		                           key_of(114),
		                           key_of(8210234500),
		                           key_of(8210234500000000),
		                           { { SENDER_KEY_RAW << 5 | 12, 0x82, 0x10 } },
		                           sample_number(190),
		                           sample_number(9999) };
	const enum image_number_state expect[] = {
		IMAGE_NUMBER_ASSIGNED, 0, 0, 0, 0, 0, 0, IMAGE_NUMBER_UNASSIGNED,
		IMAGE_NUMBER_ASSIGNED
	};
	struct number_place places[9];

	assert_int_equal(image_open(&im, fresh(pristine_size), pristine_size, error), 0);
	number_map_seek(&im.numbers, keys, 9, places);
	for (unsigned i = 0; i < 9; i++)
		assert_int_equal(number_map_state(&places[i]), expect[i]);
	image_close(&im);
	number_map_seek(&im.numbers, keys, 9, places); /* closed: no map */
	for (unsigned i = 0; i < 9; i++)
		assert_int_equal(number_map_state(&places[i]), IMAGE_NUMBER_UNKNOWN);
}

static int put(struct image_build *b, uint64_t first, uint64_t last, unsigned state)
{
	const struct sender_key f = key_of(first), l = key_of(last);

	return image_build_numbers(b, &f, &l, (enum image_number_state)state);
}

static void bad_ranges(void **state)
{
	(void)state;
	const struct sender_key name = sample_key("SLUICE"), number = key_of(821012345678);
	struct image_build *b;

	assert_int_equal(image_build_open(&b), 0);
	assert_int_equal(put(b, 8212345, 8212345, 1), -EINVAL);     /* 7 digits */
	assert_int_equal(put(b, 82123456, 821234567, 1), -EINVAL);  /* 8 and 9 */
	assert_int_equal(put(b, 821234568, 821234567, 1), -EINVAL); /* backwards */
	assert_int_equal(put(b, 821234567, 821234567, 3), -EINVAL); /* no state */
	assert_int_equal(put(b, 1000000000000000, 1000000000000000, 1), -EINVAL);
	assert_int_equal(image_build_numbers(b, &name, &name, IMAGE_NUMBER_ASSIGNED), -EINVAL);
	assert_int_equal(image_build_numbers(b, &number, &name, IMAGE_NUMBER_ASSIGNED),
	                 -EINVAL);
	assert_int_equal(put(b, 100000000000, 999999999999, 1), -E2BIG);
	image_build_close(b);
}

/* The bound is reached, not only refused from afar; and what is there can be changed. */
static void blocks_are_bounded(void **state)
{
	(void)state;
	const uint64_t step = 1000000;
	struct image_build *b;

	assert_int_equal(image_build_open(&b), 0);
	for (uint64_t i = 0; i < IMAGE_NUMBER_BLOCKS_MAX; i++)
		assert_int_equal(put(b, 821000000000 + i * step, 821000000000 + i * step, 1),
		                 0);
	assert_int_equal(put(b, 82100000, 82100000, 1), -E2BIG);
	assert_int_equal(put(b, 821000000001, 821002000000, 2), 0);
	image_build_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_the_twin),
		cmocka_unit_test(what_is_in_no_block),
		cmocka_unit_test(bad_ranges),
		cmocka_unit_test(blocks_are_bounded),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

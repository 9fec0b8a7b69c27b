/* SPDX-License-Identifier: Apache-2.0 */
/* sender_set beside its naive twin: the same records, sorted and searched. */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "sender_set.h"
#include "sender_set_build.h"

#define SEED UINT64_C(0x5eed)
#define BATCH_MAX 256u /* several times the keys that are looked for at once */

static uint64_t random_state = 1;

static uint64_t random_u64(void)
{
	uint64_t x = random_state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static int by_key(const void *a, const void *b) { return memcmp(a, b, SENDER_KEY_SIZE); }

struct fixture {
	struct image_sender *records; /* sorted: the twin */
	uint64_t n;
	struct image_sender_info info;
	struct sender_set set;
	struct image_sender *slots;
	uint8_t *pilots;
};

static int build(struct fixture *f, unsigned threads, struct sender_build *out)
{
	f->info = sender_build_plan(f->n);
	const uint64_t n_slots = (uint64_t)f->info.n_parts * f->info.slots_per_part;
	const uint64_t n_pilots = (uint64_t)f->info.n_parts * f->info.buckets_per_part;

	f->slots = malloc(n_slots * sizeof(*f->slots));
	f->pilots = malloc(n_pilots);
	assert_non_null(f->slots);
	assert_non_null(f->pilots);
	*out = (struct sender_build){ .records = f->records,
		                      .n = f->n,
		                      .slots = f->slots,
		                      .pilots = f->pilots,
		                      .threads = threads,
		                      .seed = SEED };
	const int result = sender_set_build(out, &f->info);
	f->set = (struct sender_set){ .info = &f->info,
		                      .slots = f->slots,
		                      .pilots = f->pilots,
		                      .n_slots = (uint32_t)n_slots,
		                      .n_pilots = (uint32_t)n_pilots,
		                      .hash = sender_hash_open(f->info.seed) };
	return result;
}

static void forget(struct fixture *f)
{
	free(f->records);
	free(f->slots);
	free(f->pilots);
}

/* Keys as numbers: dense, as a registry has them; payloads tell them apart. */
static struct image_sender *make_records(uint64_t n, uint64_t step)
{
	struct image_sender *records = calloc(n + 1, sizeof(*records));

	assert_non_null(records);
	for (uint64_t i = 0; i < n; i++) {
		const uint64_t value = 1 + i * step;
		records[i].key.octets[0] = SENDER_KEY_NUMBER << 5 | 12;
		for (unsigned j = 0; j < 8; j++)
			records[i].key.octets[8 - j] = (uint8_t)(value >> (8 * j));
		records[i].owner_state = (uint32_t)(i + 1) << 4 | IMAGE_CERTIFIED;
	}
	return records;
}

static const struct image_sender *twin_find(const struct fixture *f,
                                            const struct sender_key *key)
{
	return bsearch(key, f->records, f->n, sizeof(*f->records), by_key);
}

/* Same answer as the twin for a batch of any size. */
static void compare(const struct fixture *f, const struct sender_key *keys, unsigned n)
{
	const struct image_sender *found[BATCH_MAX];

	for (unsigned i = 0; i < n; i++)
		found[i] = (void *)1;
	sender_set_find(&f->set, keys, n, found);
	for (unsigned i = 0; i < n; i++) {
		const struct image_sender *expect = twin_find(f, &keys[i]);
		if (expect == NULL)
			assert_null(found[i]);
		else
			assert_memory_equal(found[i], expect, sizeof(*expect));
	}
}

static void compare_all(const struct fixture *f)
{
	struct sender_key keys[BATCH_MAX];
	unsigned n = 0;

	for (uint64_t i = 0; i < f->n; i++) {
		keys[n++] = f->records[i].key;
		if (n == BATCH_MAX || i + 1 == f->n || random_u64() % 64 == 0) {
			compare(f, keys, n);
			n = 0;
		}
	}
}

/* Keys that differ from a present one by a bit, and keys from nowhere. */
static void compare_misses(const struct fixture *f)
{
	struct sender_key keys[BATCH_MAX];

	for (unsigned round = 0; round < 50; round++) {
		for (unsigned i = 0; i < BATCH_MAX; i++) {
			if (f->n > 0)
				keys[i] = f->records[random_u64() % f->n].key;
			else
				memset(&keys[i], 0, sizeof(keys[i]));
			const uint64_t r = random_u64();
			if (r % 3 == 0)
				memcpy(keys[i].octets, &(uint64_t){ random_u64() }, 8);
			else
				keys[i].octets[r / 3 % 16] ^= (uint8_t)(1u << r / 64 % 8);
		}
		compare(f, keys, BATCH_MAX);
	}
}

static void check_size(uint64_t n, uint64_t step, unsigned threads)
{
	struct fixture f = { .records = make_records(n, step), .n = n };
	struct sender_build ignored;
	static const struct sender_key none;

	assert_int_equal(build(&f, threads, &ignored), 0);
	compare_all(&f);
	compare_misses(&f);
	compare(&f, &none, 1); /* unused slots are zero; no key is not a key */
	forget(&f);
}

static void sizes(void **state)
{
	(void)state;
	const uint64_t n[] = { 1, 2, 3, 10, 255, 1000, 100000 };

	for (unsigned i = 0; i < sizeof(n) / sizeof(*n); i++) {
		check_size(n[i], 1, 1);
		check_size(n[i], 1000003, 1);
	}
}

static void many_parts_and_threads(void **state)
{
	(void)state;
	check_size(600000, 7, 2);
}

static void empty_set(void **state)
{
	(void)state;
	struct fixture f = { .records = make_records(0, 1) };
	struct sender_key keys[3] = { { { 1 } }, { { 0 } }, { { 0x2c, 1 } } };

	compare(&f, keys, 3);
	compare_misses(&f);
	free(f.records);
}

static void twice_is_an_error(void **state)
{
	(void)state;
	for (unsigned threads = 1; threads <= 2; threads++) {
		struct fixture f = { .records = make_records(300000, 3), .n = 300000 };
		struct sender_build b;

		f.records[299999].key = f.records[77].key;
		assert_int_equal(build(&f, threads, &b), -EEXIST);
		assert_int_equal(b.clash[0], 77);
		assert_int_equal(b.clash[1], 299999);
		forget(&f);
	}
}

/* Whoever does not know the seed cannot aim: keys that crowd one bucket under one
 * seed are spread under another. */
static void seed_moves_crowds(void **state)
{
	(void)state;
	const struct sender_hash a = sender_hash_open(1), b = sender_hash_open(2);
	unsigned crowd = 0, still = 0;
	uint64_t rest;

	for (uint64_t i = 0; crowd < 1000; i++) {
		struct sender_key key = { { SENDER_KEY_NUMBER << 5 | 12 } };
		memcpy(key.octets + 1, &i, sizeof(i));
		(void)sender_hash_part(sender_hash_key(&a, &key), 1, &rest);
		if (sender_hash_bucket(rest, 1000) != 0)
			continue;
		crowd++;
		(void)sender_hash_part(sender_hash_key(&b, &key), 1, &rest);
		still += sender_hash_bucket(rest, 1000) == 0;
	}
	assert_true(still < 20); /* 1 expected */
}

static void owners(void **state)
{
	(void)state;
	const uint32_t lists[] = { 2, 3, 9, 3, 1, 4, 7 };
	const struct sender_set set = { .owners = lists };
	const struct image_sender none = { .owner_state = IMAGE_CERTIFIED },
				  one = { .owner_state = 5u << 4 | IMAGE_CERTIFIED },
				  two = { .owner_state =
		                                  IMAGE_OWNER_LIST << 4 | IMAGE_CERTIFIED },
				  three = { .owner_state = (IMAGE_OWNER_LIST | 3) << 4 |
		                                           IMAGE_CERTIFIED };

	for (uint32_t row = 0; row < 12; row++) {
		assert_false(sender_owned_by(&set, &none, row));
		assert_int_equal(sender_owned_by(&set, &one, row), row == 5);
		assert_int_equal(sender_owned_by(&set, &two, row), row == 3 || row == 9);
		assert_int_equal(sender_owned_by(&set, &three, row),
		                 row == 1 || row == 4 || row == 7);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),
		cmocka_unit_test(many_parts_and_threads),
		cmocka_unit_test(empty_set),
		cmocka_unit_test(twice_is_an_error),
		cmocka_unit_test(seed_moves_crowds),
		cmocka_unit_test(owners),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* flow: against an array that is searched from end to end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>

#include "flow.h"
#include "packet_build.h"

#define CAPACITY 1000u

struct test_flow {
	struct flow_head head;
	uint64_t stamp;
	uint8_t padding[64];
} __attribute__((aligned(64)));

struct twin_row {
	struct flow_key key;
	struct flow_head *flow; /* NULL: not in the table */
	uint64_t stamp;
};

/* Few distinct keys, so that they come back; near ones, so that each field counts. */
static struct flow_key key_of(uint32_t i)
{
	struct flow_key key = { .esme_port = (uint16_t)(i % 7),
		                .smsc_port = htons(2775),
		                .outer_vlan = (uint16_t)(i % 3),
		                .inner_vlan = (uint16_t)(i % 2),
		                .link = (uint16_t)(i % 5),
		                .ip_version = i % 11 ? 4 : 6 };

	memcpy(key.esme_addr + 12, &i, 4);
	return key;
}

static struct flow_table *open_table(uint32_t capacity)
{
	struct flow_table *t = NULL;

	assert_int_equal(flow_table_open(&t, capacity, sizeof(struct test_flow)), 0);
	return t;
}

static void check_find(const struct flow_table *t, const struct twin_row *rows, uint32_t n)
{
	struct packet packets[100];
	const struct packet *list[100] = { NULL };
	struct flow_head *found[100];
	const unsigned count = build_below(101);
	uint32_t which[100];

	for (unsigned i = 0; i < count; i++) {
		which[i] = build_below(n);
		packets[i] = (struct packet){ .key = rows[which[i]].key,
			                      .hash = flow_hash(&rows[which[i]].key) };
		list[i] = &packets[i];
		found[i] = (struct flow_head *)(uintptr_t)64;
	}
	flow_find(t, list, count, found);
	for (unsigned i = 0; i < count; i++)
		assert_ptr_equal(found[i], rows[which[i]].flow);
}

/* Random adding, removing and finding at every fill from empty to full. */
static void test_twin(void **state)
{
	static struct twin_row rows[CAPACITY * 2];
	struct flow_table *t = open_table(CAPACITY);
	uint32_t n = 0, full = 0;

	(void)state;
	for (uint32_t i = 0; i < CAPACITY * 2; i++)
		rows[i] = (struct twin_row){ .key = key_of(i) };
	for (uint32_t round = 0; round < 300000; round++) {
		struct twin_row *row = &rows[build_below(CAPACITY * 2)];
		/* Phases of growth and of shrinking. */
		const bool grow = build_below(10) < (round / 20000 % 2 ? 3 : 7);
		if (grow && row->flow == NULL) {
			row->flow = flow_add(t, &row->key, flow_hash(&row->key));
			assert_int_equal(row->flow == NULL, n == CAPACITY);
			full += row->flow == NULL;
			if (row->flow == NULL)
				continue;
			n++;
			struct test_flow *flow = (struct test_flow *)(void *)row->flow;
			assert_int_equal(flow->stamp, 0);
			assert_memory_equal(&flow->head.key, &row->key, sizeof(row->key));
			flow->stamp = row->stamp = round + 1;
		} else if (!grow && row->flow != NULL) {
			assert_int_equal(((struct test_flow *)(void *)row->flow)->stamp,
			                 row->stamp);
			flow_remove(t, row->flow);
			row->flow = NULL;
			n--;
		}
		assert_ptr_equal(flow_find_one(t, &row->key, flow_hash(&row->key)), row->flow);
		assert_int_equal(flow_count(t), n);
		if (round % 64 == 0)
			check_find(t, rows, CAPACITY * 2);
	}
	assert_true(full > 100);
	for (uint32_t i = 0; i < CAPACITY * 2; i++) {
		if (rows[i].flow != NULL)
			flow_remove(t, rows[i].flow);
	}
	assert_int_equal(flow_count(t), 0);
	flow_table_close(t);
}

/* Tables of many sizes fill to the last flow, several times over: nothing leaks. */
static void test_fill(void **state)
{
	static struct flow_head *flows[70000];
	static const uint32_t sizes[] = { 1, 2, 3, 8, 9, 64, 100, 1024, 4097, 70000 };

	(void)state;
	for (unsigned s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		struct flow_table *t = open_table(sizes[s]);
		for (uint32_t round = 0; round < 3; round++) {
			for (uint32_t i = 0; i < sizes[s]; i++) {
				const struct flow_key key = key_of(round * 100000 + i);
				flows[i] = flow_add(t, &key, flow_hash(&key));
				assert_non_null(flows[i]);
			}
			const struct flow_key more = key_of(UINT32_MAX);
			assert_null(flow_add(t, &more, flow_hash(&more)));
			for (uint32_t i = 0; i < sizes[s]; i++)
				flow_remove(t, flows[i]);
			assert_int_equal(flow_count(t), 0);
		}
		flow_table_close(t);
	}
}

/* One hash for all: two buckets hold sixteen, the next is refused, none is confused. */
static void test_collisions(void **state)
{
	struct flow_table *t = open_table(CAPACITY);
	struct flow_head *flows[40];
	unsigned n = 0;

	(void)state;
	for (unsigned i = 0; i < 40; i++) {
		const struct flow_key key = key_of(i);
		flows[n] = flow_add(t, &key, 0);
		n += flows[n] != NULL;
	}
	assert_int_equal(n, 16);
	for (unsigned i = 0; i < 40; i++) {
		const struct flow_key key = key_of(i);
		assert_ptr_equal(flow_find_one(t, &key, 0), i < 16 ? flows[i] : NULL);
	}
	flow_remove(t, flows[5]);
	const struct flow_key key = key_of(5), late = key_of(39);
	assert_null(flow_find_one(t, &key, 0));
	assert_non_null(flow_add(t, &late, 0));
	flow_table_close(t);
}

/* A hash that agrees is not yet the flow: every octet of the key is compared. */
static void test_whole_key(void **state)
{
	struct flow_table *t = open_table(CAPACITY);
	struct flow_key key = key_of(9);

	(void)state;
	assert_non_null(flow_add(t, &key, 7));
	for (unsigned i = 0; i < sizeof(key); i++) {
		((uint8_t *)&key)[i] ^= 1;
		assert_null(flow_find_one(t, &key, 7));
		((uint8_t *)&key)[i] ^= 1;
	}
	assert_non_null(flow_find_one(t, &key, 7));
	assert_null(flow_find_one(t, &key, 8));
	flow_table_close(t);
}

/*
 * A full pair of buckets makes room by moving a flow to its other bucket: eight flows
 * of one hash stand four and four; then sixteen of a hash that shares its first bucket
 * with it fit only if four move over. (Where both share both buckets, eight fit.)
 */
static void test_displacement(void **state)
{
	unsigned all = 0, some = 0;

	(void)state;
	for (uint32_t hash = 16; hash < 16 * 101; hash += 16) {
		struct flow_table *t = open_table(64); /* 16 buckets */
		struct flow_head *flows[8 + 17];
		uint32_t n = 0;
		for (uint32_t i = 0; i < 8 + 17; i++) {
			const struct flow_key key = key_of(i);
			flows[n] = flow_add(t, &key, i < 8 ? hash : 0);
			n += flows[n] != NULL;
		}
		all += n == 8 + 16;
		some += n == 8 + 8;
		for (uint32_t i = 0; i < n; i++)
			assert_ptr_equal(flow_find_one(t, &flows[i]->key, flows[i]->hash),
			                 flows[i]);
		while (n > 0)
			flow_remove(t, flows[--n]);
		assert_int_equal(flow_count(t), 0);
		flow_table_close(t);
	}
	assert_int_equal(all + some, 100);
	assert_true(all > 80);
}

/* Every field of a key counts, one bit of it moves half the hash, the seed all of it. */
static void test_hash(void **state)
{
	unsigned flipped = 0, same = 0;
	struct flow_key key = key_of(77);

	(void)state;
	flow_hash_seed(UINT64_C(0x0123456789abcdef));
	const uint32_t hash = flow_hash(&key);
	for (unsigned bit = 0; bit < sizeof(key) * 8; bit++) {
		((uint8_t *)&key)[bit / 8] ^= (uint8_t)(1 << bit % 8);
		const uint32_t other = flow_hash(&key);
		flipped += (unsigned)__builtin_popcount(other ^ hash);
		assert_int_not_equal(other, hash);
		((uint8_t *)&key)[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	/* 384 coin tosses of 32: mean 6144, deviation about 55. */
	assert_in_range(flipped, 6144 - 400, 6144 + 400);
	for (uint64_t seed = 1; seed <= 1000; seed++) {
		flow_hash_seed(seed);
		same += flow_hash(&key) == hash;
	}
	assert_int_equal(same, 0);
}

/* Ports and addresses that count up spread over workers as chance would. */
static void test_spread(void **state)
{
	unsigned of[4] = { 0 };
	struct flow_key key = key_of(1);

	(void)state;
	for (unsigned i = 0; i < 40000; i++) {
		key.esme_port = htons((uint16_t)(1024 + i % 20000));
		key.esme_addr[15] = (uint8_t)(i / 20000);
		of[flow_hash(&key) % 4]++;
	}
	for (unsigned w = 0; w < 4; w++)
		assert_in_range(of[w], 9500, 10500); /* deviation 87 */
}

static void test_refused(void **state)
{
	struct flow_table *t = NULL;

	(void)state;
	assert_int_equal(flow_table_open(&t, 0, 128), -EINVAL);
	assert_int_equal(flow_table_open(&t, 8, 100), -EINVAL);
	assert_int_equal(flow_table_open(&t, 8, 0), -EINVAL);
	assert_int_equal(flow_table_open(&t, UINT32_MAX, 128), -EINVAL);
	assert_null(t);
	flow_table_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_twin),       cmocka_unit_test(test_fill),
		cmocka_unit_test(test_collisions), cmocka_unit_test(test_displacement),
		cmocka_unit_test(test_hash),       cmocka_unit_test(test_spread),
		cmocka_unit_test(test_refused),    cmocka_unit_test(test_whole_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scoreboard against a map with a mark for every octet (RFC 6675 section 4), SACK
 * options against a literal reader, and RACK against its own definition: a segment is
 * lost when one that was sent later has come and the grace is over.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <rte_eal.h>

#include "rack.h"
#include "sequence.h"
#include "../../quiet_eal.h"

#define SEGMENTS 40u
#define FIRST (UINT32_MAX - 2000u) /* the numbers wrap on the way */
#define ROUNDS 400u

static struct rte_mempool *pool;
static uint64_t state = 88172645463325252u;

static uint32_t below(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)((state >> 11) % n);
}

static int open_pool(void **unused)
{
	(void)unused;
	if (quiet_eal("scoreboard_test", 32) < 0)
		return -1;
	pool = rte_pktmbuf_pool_create("scoreboard", 255, 0, sizeof(struct segment), 512,
	                               SOCKET_ID_ANY);
	return pool == NULL;
}

/* n segments of 1 to 100 octets, all sent but the last few. */
static void chain_of(struct chain *c)
{
	uint8_t octets[100] = { 0 };
	uint32_t seq = FIRST;

	*c = (struct chain){ 0 };
	for (unsigned i = 0; i < SEGMENTS; i++) {
		struct chain one = { 0 };
		const uint32_t n = 1 + below(100);
		assert_int_equal(chain_write(&one, octets, n, pool), 0);
		struct segment *s = segment_of(one.head);
		s->seq = seq;
		s->sent = i + 3 < SEGMENTS;
		s->sent_us = s->sent ? 1000 + below(5) * 100 : 0;
		seq += n;
		chain_append(c, one.head);
	}
}

static void put32(uint8_t *p, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

/* An option area with n blocks, some before the ACK, some nonsense. */
static size_t write_sacks(uint8_t *o, struct sack_block *blocks, unsigned n)
{
	memset(o, 1, 2);
	o[2] = 5;
	o[3] = (uint8_t)(2 + 8 * n);
	for (unsigned i = 0; i < n; i++) {
		put32(o + 4 + 8 * i, blocks[i].left);
		put32(o + 8 + 8 * i, blocks[i].right);
	}
	return 4 + 8 * (size_t)n;
}

static void sums_of(const struct chain *c, struct scoreboard *sum)
{
	*sum = (struct scoreboard){ 0 };
	for (struct rte_mbuf *m = c->head; m != NULL; m = segment_of(m)->next) {
		const struct segment *s = segment_of(m);
		sum->sacked += s->flags & SEGMENT_SACKED ? s->len : 0;
		sum->sacked_segments += s->flags & SEGMENT_SACKED ? 1 : 0;
		sum->lost += s->flags & SEGMENT_LOST ? s->len : 0;
	}
}

static uint32_t end_of_sent(const struct chain *c)
{
	uint32_t end = FIRST;

	for (struct rte_mbuf *m = c->head; m != NULL; m = segment_of(m)->next)
		end += segment_of(m)->sent ? segment_of(m)->len : 0;
	return end;
}

/* One ACK with some blocks; what it says goes into the map as well. */
static void one_report(struct chain *c, struct scoreboard *b, uint8_t *map)
{
	struct sack_block blocks[SACK_HEARD_MAX];
	const uint32_t max = end_of_sent(c);
	const unsigned n = 1 + below(SACK_HEARD_MAX);
	struct sack_report report;
	uint8_t options[40];

	for (unsigned i = 0; i < n; i++) {
		blocks[i].left = FIRST + 1 + below(max - FIRST - 1);
		blocks[i].right = blocks[i].left + below(400) - 20;
	}
	sack_read(&report, options, write_sacks(options, blocks, n), FIRST, FIRST, max);
	assert_true(report.n + report.duplicate <= n);
	for (unsigned i = 0; i < report.n; i++)
		for (uint32_t at = report.block[i].left; at != report.block[i].right; at++)
			map[at - FIRST] = 1;
	for (struct rte_mbuf *m = c->head; m != NULL; m = segment_of(m)->next)
		if (segment_of(m)->sent && sack_covers(&report, segment_of(m)))
			scoreboard_sacked(b, segment_of(m));
		else if (below(4) == 0)
			scoreboard_lost(b, segment_of(m));
}

/* A mark without its octets is wrong; octets known piece by piece need no mark. */
static void assert_marks(const struct chain *c, const struct scoreboard *b, const uint8_t *map)
{
	struct scoreboard sum;

	for (struct rte_mbuf *m = c->head; m != NULL; m = segment_of(m)->next) {
		const struct segment *s = segment_of(m);
		const unsigned marks = s->flags & (SEGMENT_SACKED | SEGMENT_LOST);
		for (uint32_t i = 0; i < s->len && marks & SEGMENT_SACKED; i++)
			assert_true(map[s->seq - FIRST + i]);
		assert_true(marks != (SEGMENT_SACKED | SEGMENT_LOST));
		assert_true(s->sent || marks == 0);
	}
	sums_of(c, &sum);
	assert_memory_equal(&sum, b, sizeof(*b));
}

static void marks_like_a_map(void **unused)
{
	(void)unused;
	for (unsigned round = 0; round < ROUNDS; round++) {
		uint8_t map[SEGMENTS * 100] = { 0 };
		struct scoreboard b = { 0 };
		struct chain c;
		chain_of(&c);
		for (unsigned ack = 0; ack < 5; ack++) {
			one_report(&c, &b, map);
			assert_marks(&c, &b, map);
		}
		while (c.octets > 0) { /* acknowledged, in pieces */
			const struct segment *s = segment_of(c.head);
			const uint32_t n = 1 + below(s->len);
			scoreboard_drop(&b, s, n);
			chain_drop(&c, n);
			assert_marks(&c, &b, map);
		}
	}
}

static void duplicates_are_told_apart(void **unused)
{
	uint8_t options[40];
	struct sack_report report;
	/* RFC 2883 section 4.1.1: behind the ACK. */
	struct sack_block old[] = { { FIRST + 100, FIRST + 200 },
		                    { FIRST + 500, FIRST + 600 } };
	/* Section 4.2.2: inside the second block. */
	struct sack_block inside[] = { { FIRST + 520, FIRST + 540 },
		                       { FIRST + 500, FIRST + 600 } };

	(void)unused;
	sack_read(&report, options, write_sacks(options, old, 2), FIRST + 300, FIRST + 300,
	          FIRST + 5000);
	assert_true(report.duplicate);
	assert_int_equal(report.twice.right, FIRST + 200);
	assert_int_equal(report.n, 1);
	sack_read(&report, options, write_sacks(options, inside, 2), FIRST + 300, FIRST + 300,
	          FIRST + 5000);
	assert_true(report.duplicate);
	assert_int_equal(report.n, 1);
	assert_int_equal(report.block[0].right, FIRST + 600);
	/* Of what was never sent, backwards, or empty: not there. */
	struct sack_block wrong[] = { { FIRST + 4000, FIRST + 5001 },
		                      { FIRST + 900, FIRST + 800 },
		                      { FIRST + 900, FIRST + 900 } };
	sack_read(&report, options, write_sacks(options, wrong, 3), FIRST + 300, FIRST + 300,
	          FIRST + 5000);
	assert_int_equal(report.n, 0);
	assert_false(report.duplicate);
}

static void any_octets_are_read(void **unused)
{
	(void)unused;
	for (unsigned i = 0; i < 100000; i++) {
		uint8_t options[40];
		struct sack_report report;
		const size_t len = below(41);
		uint8_t *exact = malloc(len + 1); /* for the sanitizer */
		for (size_t j = 0; j < len; j++)
			options[j] = (uint8_t)(below(3) ? below(12) : below(256));
		memcpy(exact, options, len);
		sack_read(&report, exact, len, FIRST, FIRST, FIRST + 3000);
		free(exact);
		assert_in_range(report.n, 0, SACK_HEARD_MAX);
		for (unsigned j = 0; j < report.n; j++) {
			assert_true(seq_leq(FIRST, report.block[j].left));
			assert_true(seq_lt(report.block[j].left, report.block[j].right));
			assert_true(seq_leq(report.block[j].right, FIRST + 3000));
		}
	}
}

static bool lost_by_definition(const struct rack *k, const struct segment *s, uint64_t window,
                               uint64_t now)
{
	const bool later = k->sent_us > s->sent_us ||
	                   (k->sent_us == s->sent_us && seq_lt(s->seq + s->len, k->end_seq));

	return s->sent && !(s->flags & SEGMENT_SACKED) && later &&
	       now >= s->sent_us + k->rtt_us + window;
}

static void rack_by_its_definition(void **unused)
{
	(void)unused;
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct scoreboard b = { 0 };
		struct rack k;
		struct chain c;
		const uint64_t now = 1500 + below(1500);
		uint64_t wait;
		chain_of(&c);
		rack_open(&k, FIRST);
		for (struct rte_mbuf *m = c.head; m != NULL; m = segment_of(m)->next)
			if (segment_of(m)->sent && below(3) == 0) {
				rack_delivered(&k, segment_of(m), 1450 + below(50));
				scoreboard_sacked(&b, segment_of(m));
			}
		const bool hasty = below(2);
		const uint64_t window = !k.reordering && hasty ? 0 : k.min_rtt_us / 4;
		bool expected[SEGMENTS], any = false;
		unsigned i = 0;
		for (struct rte_mbuf *m = c.head; m != NULL; m = segment_of(m)->next, i++) {
			expected[i] = lost_by_definition(&k, segment_of(m), window, now);
			any |= expected[i];
		}
		assert_int_equal(rack_detect(&k, &c, &b, hasty, 100000, now, &wait), any);
		i = 0;
		bool pending = false;
		for (struct rte_mbuf *m = c.head; m != NULL; m = segment_of(m)->next, i++) {
			assert_int_equal((segment_of(m)->flags & SEGMENT_LOST) != 0,
			                 expected[i]);
			pending |= !expected[i] && lost_by_definition(&k, segment_of(m), window,
			                                              UINT64_MAX / 2);
		}
		assert_int_equal(wait != 0, pending);
		if (wait != 0) { /* and then all of them are */
			(void)rack_detect(&k, &c, &b, hasty, 100000, now + wait, &wait);
			assert_int_equal(wait, 0);
		}
		chain_drop(&c, c.octets);
	}
}

/* Section 6.2 step 4: the window grows once a round trip, and falls back after 16. */
static void duplicates_widen_the_window(void **unused)
{
	struct rack k;

	(void)unused;
	rack_open(&k, FIRST);
	rack_duplicate(&k, FIRST, FIRST + 1000);
	rack_duplicate(&k, FIRST + 500, FIRST + 2000);
	assert_int_equal(k.reo_mult, 2);
	rack_duplicate(&k, FIRST + 1000, FIRST + 2000);
	assert_int_equal(k.reo_mult, 3);
	for (unsigned i = 0; i < 16; i++) {
		assert_int_equal(k.reo_mult, 3);
		rack_recovered(&k);
	}
	assert_int_equal(k.reo_mult, 1);
	for (unsigned i = 0; i < 1000; i++) /* never round to 0 */
		rack_duplicate(&k, FIRST + i * 1000, FIRST + i * 1000 + 1);
	assert_int_equal(k.reo_mult, UINT8_MAX);
}

static void forgets(void **unused)
{
	struct scoreboard b = { 0 }, sum;
	struct chain c;

	(void)unused;
	chain_of(&c);
	scoreboard_sacked(&b, segment_of(c.head));
	b.left = 5;
	scoreboard_forget(&b, &c);
	sums_of(&c, &sum);
	assert_memory_equal(&sum, &b, sizeof(b));
	uint32_t sent = 0;
	for (struct rte_mbuf *m = c.head; m != NULL; m = segment_of(m)->next)
		sent += segment_of(m)->sent ? segment_of(m)->len : 0;
	assert_int_equal(b.lost, sent);
	chain_drop(&c, c.octets);
}

static int pool_is_full(void **unused)
{
	(void)unused;
	return rte_mempool_avail_count(pool) != pool->size;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(marks_like_a_map, pool_is_full),
		cmocka_unit_test(duplicates_are_told_apart),
		cmocka_unit_test(any_octets_are_read),
		cmocka_unit_test_teardown(rack_by_its_definition, pool_is_full),
		cmocka_unit_test(duplicates_widen_the_window),
		cmocka_unit_test_teardown(forgets, pool_is_full),
	};

	return cmocka_run_group_tests(tests, open_pool, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* reassembly: real fragments, built octet by octet: the whole is what was cut, or nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>

#include <rte_eal.h>

#include "fragment_build.h"
#include "packet_build.h"
#include "reassembly.h"
#include "../../quiet_eal.h"

#define BUFFERS 1023u
#define MOST 1500u
#define PIECES_MAX 10u

static const struct packet_policy policy = {
	.ports = { 0xd70a /* 2775 */ }, .n_ports = 1, .verify = true, .reassemble = true
};
static struct rte_mempool *pool;
static struct reassembly *table;
static uint64_t now;
static unsigned dropped; /* by all since begin() */

/* A datagram and where it is cut: piece i is [at[i], at[i + 1]) of its IP payload. */
struct datagram {
	struct build b;
	uint32_t id, at[PIECES_MAX + 1];
	unsigned n;
};

static void begin(unsigned datagrams)
{
	now = 1000000;
	dropped = 0;
	assert_int_equal(reassembly_open(&table, datagrams), 0);
}

/* Every buffer is back. */
static void end(void)
{
	reassembly_close(table);
	assert_int_equal(rte_mempool_avail_count(pool), BUFFERS);
}

static struct datagram datagram(unsigned version, unsigned pieces, uint32_t id)
{
	struct datagram d = { .id = version == 4 ? id & 0xffff : id, .n = pieces };

	d.b = (struct build){ .version = version,
		              .n_tags = build_below(3),
		              .ip_options = version == 4 ? build_below(3) : 0,
		              .protocol = 6,
		              .sport = (uint16_t)(20000 + id),
		              .dport = 2775,
		              .payload_len = 100 + build_below(1000) };
	build_frame(&d.b);
	const uint32_t octets = d.b.l4_end - d.b.l4;
	for (unsigned i = 1; i < pieces; i++)
		d.at[i] = octets / pieces * i / 8 * 8;
	d.at[pieces] = octets;
	return d;
}

static struct rte_mbuf *give(const uint8_t *frame, uint32_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	struct packet p;
	unsigned n;

	assert_non_null(m);
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), frame, len);
	packet_parse(&policy, m, SIDE_ESME, &p);
	assert_int_equal(p.class, PACKET_FRAGMENT);
	struct rte_mbuf *whole = reassembly_take(table, &p, MOST, now, &n);
	dropped += n;
	return whole;
}

static struct rte_mbuf *give_cut(const struct datagram *d, uint32_t from, uint32_t to,
                                 bool more)
{
	uint8_t out[4096];
	const struct cut c = {
		.from = from, .to = to, .more = more, .id = d->id, .padding = build_below(2) * 7
	};

	return give(out, cut_one(d->b.octets, d->b.l3, c, out));
}

static struct rte_mbuf *give_piece(const struct datagram *d, unsigned i)
{
	return give_cut(d, d->at[i], d->at[i + 1], i + 1 < d->n);
}

/* It is the datagram, and the worker's parser takes it for an ordinary segment. */
static void is_whole(struct datagram *d, struct rte_mbuf *whole)
{
	struct packet p;

	assert_non_null(whole);
	assert_int_equal(whole->nb_segs, 1);
	assert_int_equal(whole->ol_flags, 0);
	assert_int_equal(whole->tx_offload, 0);
	cut_none(d->b.octets, d->b.l3, d->id);
	assert_int_equal(whole->data_len, d->b.l4_end);
	assert_memory_equal(rte_pktmbuf_mtod(whole, void *), d->b.octets, d->b.l4_end);
	packet_parse(&policy, whole, SIDE_ESME, &p);
	assert_int_equal(p.class, PACKET_TCP);
	rte_pktmbuf_free(whole);
}

/* The next arrangement of order[0 .. n) in the order of dictionaries. */
static bool next_order(unsigned *order, unsigned n)
{
	unsigned i = n - 1, j = n - 1;

	while (i > 0 && order[i - 1] > order[i])
		i--;
	if (i == 0)
		return false;
	while (order[j] < order[i - 1])
		j--;
	const unsigned pivot = order[i - 1];
	order[i - 1] = order[j];
	order[j] = pivot;
	for (unsigned a = i, b = n - 1; a < b; a++, b--) {
		const unsigned keep = order[a];
		order[a] = order[b];
		order[b] = keep;
	}
	return true;
}

/* Two to five pieces in every order there is, and eight in some. */
static void any_order(void **state)
{
	uint32_t id = 1;

	(void)state;
	begin(64);
	for (unsigned version = 4; version <= 6; version += 2) {
		for (unsigned n = 2; n <= 5; n++) {
			unsigned order[5] = { 0, 1, 2, 3, 4 };
			do {
				struct datagram d = datagram(version, n, id++);
				for (unsigned i = 0; i + 1 < n; i++)
					assert_null(give_piece(&d, order[i]));
				is_whole(&d, give_piece(&d, order[n - 1]));
			} while (next_order(order, n));
		}
		for (unsigned first = 0; first < 8; first++) {
			struct datagram d = datagram(version, 8, id++);
			for (unsigned i = 0; i < 7; i++)
				assert_null(give_piece(&d, (first + i * 3) % 8));
			is_whole(&d, give_piece(&d, (first + 21) % 8));
		}
	}
	assert_int_equal(dropped, 0);
	end();
}

/* Many under way at once, their pieces mixed. */
static void mixed(void **state)
{
	static struct datagram d[64];

	(void)state;
	begin(128);
	for (unsigned i = 0; i < 64; i++)
		d[i] = datagram(i % 2 ? 4 : 6, 3, 7000 + i);
	for (unsigned piece = 0; piece < 3; piece++)
		for (unsigned i = 0; i < 64; i++) {
			struct rte_mbuf *m = give_piece(&d[i], (piece + i) % 3);
			if (piece < 2)
				assert_null(m);
			else
				is_whole(&d[i], m);
		}
	assert_int_equal(dropped, 0);
	end();
}

/* The last octet of one is the first of another: everything of that datagram goes, whatever
 * its octets say, and one with the same octets in order comes through. */
static void overlaps(void **state)
{
	(void)state;
	begin(64);
	for (unsigned version = 4; version <= 6; version += 2) {
		for (unsigned where = 0; where < 3; where++) {
			struct datagram d = datagram(version, 3, 300 + where);
			const unsigned before = dropped;
			assert_null(give_piece(&d, 0));
			if (where == 0) /* into the first */
				assert_null(give_cut(&d, d.at[1] - 8, d.at[2], true));
			else if (where == 1) /* beyond where the last begins */
				assert_null(give_cut(&d, d.at[1], d.at[2] + 8, true));
			else { /* inside another */
				assert_null(give_piece(&d, 1));
				assert_null(give_cut(&d, d.at[1] + 8, d.at[2] - 8, true));
			}
			assert_null(give_piece(&d, 2));
			assert_int_equal(dropped - before, where == 2 ? 4 : 3);
			struct datagram again = datagram(version, 2, 310 + where);
			assert_null(give_piece(&again, 0));
			is_whole(&again, give_piece(&again, 1));
		}
	}
	end();
}

/* A first or last piece twice ends its datagram; a middle one makes it too long. None of
 * them ever gives a datagram that was not sent. */
static void duplicates(void **state)
{
	(void)state;
	begin(64);
	for (unsigned version = 4; version <= 6; version += 2) {
		for (unsigned twice = 0; twice < 3; twice++) {
			struct datagram d = datagram(version, 4, 400 + twice);
			const unsigned piece = twice == 2 ? 3 : twice;
			const unsigned before = dropped;
			assert_null(give_piece(&d, piece));
			assert_null(give_piece(&d, piece));
			for (unsigned i = 0; i < 4; i++)
				if (i != piece)
					assert_null(give_piece(&d, i));
			now += REASSEMBLY_US + 1;
			(void)reassembly_expire(table, now);
			assert_true(dropped > before || twice == 1);
		}
	}
	end();
}

/* The table has its bound, and gets room again when what is in it is late. */
static void full_and_late(void **state)
{
	enum { DATAGRAMS = 32, MORE = 96 };
	static struct datagram d[MORE];
	unsigned kept = 0;

	(void)state;
	begin(DATAGRAMS);
	for (unsigned i = 0; i < MORE; i++) {
		d[i] = datagram(i % 2 ? 4 : 6, 2, 500 + i);
		assert_null(give_piece(&d[i], 0));
	}
	kept = MORE - dropped;
	assert_true(kept <= DATAGRAMS && kept >= DATAGRAMS / 2);
	assert_int_equal(BUFFERS - rte_mempool_avail_count(pool), kept);
	now += REASSEMBLY_US; /* the last moment */
	assert_int_equal(reassembly_expire(table, now), 0);
	now++;
	assert_int_equal(reassembly_expire(table, now), kept);
	assert_int_equal(rte_mempool_avail_count(pool), BUFFERS);
	for (unsigned i = 0; i < 2; i++) {
		assert_null(give_piece(&d[i], 1)); /* its first piece is gone */
		assert_null(give_piece(&d[MORE - 1 - i], 0));
		is_whole(&d[MORE - 1 - i], give_piece(&d[MORE - 1 - i], 1));
	}
	end();
}

/* Nine pieces are one too many. */
static void too_many(void **state)
{
	(void)state;
	begin(64);
	for (unsigned version = 4; version <= 6; version += 2) {
		struct datagram d = datagram(version, 9, 600);
		for (unsigned i = 0; i < 9; i++)
			assert_null(give_piece(&d, i));
	}
	assert_true(dropped >= 2 * 8);
	end();
}

/* What no table may see: alone, at once, and nothing else with it. */
static void unsound(void **state)
{
	uint8_t out[4096];

	(void)state;
	begin(64);
	struct datagram d = datagram(4, 3, 700), e = datagram(6, 3, 701);
	assert_null(give_piece(&d, 0));
	assert_null(give_piece(&e, 0));
	assert_null(give_cut(&d, d.at[1], d.at[2] - 1, true)); /* not whole eights */
	assert_null(give_cut(&e, e.at[1], e.at[2] - 1, true));
	assert_int_equal(dropped, 2);
	uint32_t len =
		cut_one(d.b.octets, d.b.l3, (struct cut){ .from = 8, .to = 16, .id = 1 }, out);
	out[d.b.l3 + 7] ^= 2; /* a bit of the offset, on the way */
	assert_null(give(out, len));
	/* Beyond what a port carries, and the end of the largest datagram there can be. */
	len = cut_one(d.b.octets, d.b.l3, (struct cut){ .from = 8, .to = 40, .id = 2 }, out);
	cut_put16(out + d.b.l3 + 6, MOST / 8);
	cut_v4_sum(out + d.b.l3, (out[d.b.l3] & 15u) * 4u);
	assert_null(give(out, len));
	cut_put16(out + d.b.l3 + 6, 0x1fff);
	cut_v4_sum(out + d.b.l3, (out[d.b.l3] & 15u) * 4u);
	assert_null(give(out, len));
	assert_int_equal(dropped, 5);
	/* Longer than its frame. */
	len = cut_one(d.b.octets, d.b.l3, (struct cut){ .from = 8, .to = 40, .id = 3 }, out);
	assert_null(give(out, len - 1));
	/* IPv6: all of it in one fragment (RFC 6946), which no TCP sends. */
	len = cut_one(e.b.octets, e.b.l3, (struct cut){ .to = e.at[3], .id = 4 }, out);
	assert_null(give(out, len));
	assert_int_equal(dropped, 7);
	/* The two that were under way never noticed. */
	assert_null(give_piece(&d, 1));
	is_whole(&d, give_piece(&d, 2));
	assert_null(give_piece(&e, 1));
	is_whole(&e, give_piece(&e, 2));
	end();
}

/* IPv6: the library knows a Fragment header that is the first, and no other place. */
static void header_before(void **state)
{
	uint8_t out[4096], moved[4096];

	(void)state;
	begin(64);
	struct datagram e = datagram(6, 2, 800);
	const uint32_t at = e.b.l3 + 40,
		       len = cut_one(e.b.octets, e.b.l3,
	                             (struct cut){ .to = e.at[1], .more = true, .id = 800 },
	                             out);
	memcpy(moved, out, at);
	memcpy(moved + at, "\x2c\0\x01\x04\0\0\0\0", 8); /* hop-by-hop: padding */
	memcpy(moved + at + 8, out + at, len - at);
	moved[e.b.l3 + 6] = 0;
	cut_put16(moved + e.b.l3 + 4,
	          (uint32_t)(moved[e.b.l3 + 4] << 8 | moved[e.b.l3 + 5]) + 8);
	assert_null(give(moved, len + 8));
	assert_int_equal(dropped, 1);
	end();
}

static void bounds(void **state)
{
	(void)state;
	assert_int_equal(reassembly_open(&table, 7), -EINVAL);
	assert_int_equal(reassembly_open(&table, 65537), -EINVAL);
	reassembly_close(NULL);
}

static int start(void **state)
{
	(void)state;
	if (quiet_eal("test", 64) < 0)
		return -1;
	pool = rte_pktmbuf_pool_create("reassembly", BUFFERS, 0, 0, 128 + 2048, SOCKET_ID_ANY);
	return pool == NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_order),     cmocka_unit_test(mixed),
		cmocka_unit_test(overlaps),      cmocka_unit_test(duplicates),
		cmocka_unit_test(full_and_late), cmocka_unit_test(too_many),
		cmocka_unit_test(unsound),       cmocka_unit_test(header_before),
		cmocka_unit_test(bounds),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}

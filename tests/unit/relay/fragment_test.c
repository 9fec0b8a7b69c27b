/* SPDX-License-Identifier: Apache-2.0 */
/* The setting fragments: dropped, or put together and then like any other segment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "distribute.h"
#include "rig.h"

#include "../wire/fragment_build.h"

static void together(struct settings *s) { s->fragments = FRAGMENTS_REASSEMBLE; }

/* A segment in pieces of n octets of its datagram, the last one first. */
static void send_cut(struct rig *r, int from, struct seg s, uint32_t n, uint32_t id)
{
	uint8_t frame[WIRE_MAX], out[WIRE_MAX];
	const uint32_t l3 = 14 + 4 * r->path.n_tags;
	const bool v4 = r->path.version == 4;
	(void)rig_build(r, from, s, frame); /* with padding: its header knows better */
	const uint8_t *length = frame + l3 + (v4 ? 2 : 4);
	const uint32_t octets = (uint32_t)(length[0] << 8 | length[1]) - (v4 ? 20 : 0);

	for (uint32_t at = (octets - 1) / n * n;; at -= n) {
		const uint32_t end = at + n < octets ? at + n : octets;
		const struct cut c = { .from = at, .to = end, .more = end < octets, .id = id };
		rig_frame(r, from, out, cut_one(frame, l3, c, out));
		if (at == 0)
			break;
	}
}

static void use_v6(struct rig *r)
{
	r->path.version = 6;
	memset(r->path.addr, 0, sizeof(r->path.addr));
	memcpy(r->path.addr[ESME], "\xfd\x99\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	memcpy(r->path.addr[SMSC], "\xfd\x99\0\0\0\0\0\0\0\0\0\0\0\0\0\2", 16);
}

/* By default none of them gets anywhere, at either end. */
static void are_dropped(void **state)
{
	struct rig *r = rig_open(rig_buffers, NULL);

	(void)state;
	rig_stream(400);
	rig_handshake(r);
	for (int from = ESME; from <= SMSC; from++)
		send_cut(r, from, rig_text(0, 400, 1001), 80, 7);
	assert_null(rig_said(r, ESME));
	assert_null(rig_said(r, SMSC));
	assert_int_equal(rig_counter(r, COUNTER_FRAGMENTS), 12); /* 432 octets by 80, twice */
	assert_int_equal(rig_counter(r, COUNTER_REASSEMBLED), 0);
	rig_close(r);
}

/* A whole life in pieces: handshake, octets both ways, RST. */
static void life(struct rig *r)
{
	struct seg syn = rig_syn(r, ESME), answer = rig_syn(r, SMSC);
	const struct seg *said;
	uint32_t id = 1;

	rig_stream(400);
	send_cut(r, ESME, syn, 16, id++);
	assert_non_null(said = rig_said(r, SMSC));
	assert_int_equal(said->flags, SYN);
	assert_int_equal(said->mss, 1460);
	answer.flags = SYN | ACK;
	send_cut(r, SMSC, answer, 24, id++);
	assert_non_null(said = rig_said(r, ESME));
	assert_int_equal(said->flags, SYN | ACK);
	send_cut(r, ESME, (struct seg){ .window = 60000, .has_ts = true, .ts_val = 1000 }, 8,
	         id++);
	assert_non_null(rig_relay(r));
	rig_quiet(r);
	for (int from = ESME; from <= SMSC; from++) {
		send_cut(r, from, rig_text(0, 800, 1001), 128, id++);
		assert_non_null(said = rig_said(r, !from));
		assert_int_equal(said->seq, 0);
		assert_int_equal(said->len, 800);
		assert_memory_equal(said->payload, rig_octets, 800);
		rig_quiet(r);
	}
	struct seg rst = { .seq = 800, .flags = RST };
	send_cut(r, ESME, rst, 8, id++);
	assert_non_null(said = rig_said(r, SMSC));
	assert_true(said->flags & RST);
	assert_null(rig_relay(r));
	assert_int_equal(rig_counter(r, COUNTER_REASSEMBLED), 6);
	assert_int_equal(rig_counter(r, COUNTER_FRAGMENTS), 0);
}

static void live(void **state)
{
	struct rig *r = rig_open(rig_buffers, together);

	(void)state;
	life(r);
	rig_close(r);
	r = rig_open(rig_buffers, together);
	use_v6(r);
	life(r);
	rig_close(r);
	r = rig_open(rig_buffers, together);
	r->path.n_tags = 2;
	r->path.tag[0] = 7;
	r->path.tag[1] = 9;
	life(r);
	rig_close(r);
}

/* Half a datagram: kept for two seconds, then counted and gone. */
static void half_is_late(void **state)
{
	struct rig *r = rig_open(rig_buffers, together);
	uint8_t frame[WIRE_MAX], out[WIRE_MAX];

	(void)state;
	rig_stream(400);
	rig_handshake(r);
	(void)rig_build(r, ESME, rig_text(0, 400, 1001), frame);
	rig_frame(r, ESME, out,
	          cut_one(frame, 14, (struct cut){ .to = 80, .more = true, .id = 3 }, out));
	rig_wait(r, 1990);
	assert_int_equal(rig_counter(r, COUNTER_FRAGMENTS_LATE), 0);
	rig_wait(r, 20);
	assert_int_equal(rig_counter(r, COUNTER_FRAGMENTS_LATE), 1);
	rig_close(r);
}

/* A whole that lies in its TCP header is dropped like a segment that does. */
static void sums_are_checked(void **state)
{
	struct rig *r = rig_open(rig_buffers, together);
	uint8_t frame[WIRE_MAX], out[WIRE_MAX];

	(void)state;
	rig_stream(400);
	rig_handshake(r);
	const uint32_t len = rig_build(r, ESME, rig_text(0, 400, 1001), frame);
	frame[len - 1] ^= 1;
	struct cut c = { .to = 80, .more = true, .id = 3 };
	rig_frame(r, ESME, out, cut_one(frame, 14, c, out));
	c = (struct cut){ .from = 80, .to = len - 34, .id = 3 };
	rig_frame(r, ESME, out, cut_one(frame, 14, c, out));
	assert_int_equal(rig_counter(r, COUNTER_REASSEMBLED), 1);
	assert_int_equal(rig_counter(r, COUNTER_BAD_CHECKSUM), 1);
	assert_null(rig_said(r, SMSC));
	rig_close(r);
}

/* TCP that is not screened crosses, as the one frame that its sender meant. */
static void of_other_ports(void **state)
{
	struct rig *r = rig_open(rig_buffers, together);
	uint8_t frame[WIRE_MAX], whole[WIRE_MAX], out[WIRE_MAX];
	struct rte_mbuf *m[2];

	(void)state;
	rig_stream(400);
	r->path.port[SMSC] = 80;
	const uint32_t len = rig_build(r, ESME, rig_text(0, 400, 1001), frame);
	memcpy(whole, frame, len);
	cut_none(whole, 14, 3);
	for (unsigned i = 0; i < 2; i++) {
		const struct cut c = {
			.from = i * 80, .to = i ? len - 34 : 80, .more = !i, .id = 3
		};
		m[i] = rte_pktmbuf_alloc(rig_buffers);
		const uint32_t n = cut_one(frame, 14, c, out);
		memcpy(rte_pktmbuf_append(m[i], (uint16_t)n), out, n);
	}
	worker_begin(r->worker, r->now);
	worker_take(r->worker, 0, SIDE_ESME, m, 2);
	worker_input(r->worker, 0);
	worker_finish(r->worker);
	struct tcp_tx *tx = &r->worker->tx[SIDE_SMSC];
	assert_int_equal(tx->n, 1);
	assert_int_equal(tx->mbufs[0]->data_len, len);
	assert_memory_equal(rte_pktmbuf_mtod(tx->mbufs[0], void *), whole, len);
	assert_int_equal(rig_counter(r, COUNTER_PASSED_FRAMES), 1);
	rte_pktmbuf_free(tx->mbufs[0]);
	tx->n = 0;
	rig_close(r);
}

static void two_workers(struct settings *s)
{
	together(s);
	s->workers = 2;
}

#define PORTS 64u

/* Worker 0 puts together for all: what is another's goes to its ring, whole. */
static void goes_to_its_worker(void **state)
{
	unsigned others = 0;

	(void)state;
	for (uint16_t port = 40000; port < 40000 + PORTS; port++) {
		struct rig *r = rig_open(rig_buffers, two_workers);
		struct rte_mbuf *got[2] = { NULL };
		struct packet p;
		assert_int_equal(distribute_open(&r->worker->distribute, 2, 1), 0);
		r->path.port[ESME] = port;
		send_cut(r, ESME, rig_syn(r, ESME), 16, 5);
		const unsigned n =
			distribute_receive(r->worker->distribute, 1, 0, SIDE_ESME, got, 2);
		assert_int_equal(n + (rig_said(r, SMSC) != NULL), 1);
		if (n == 1) {
			packet_parse(&r->worker->policy[0], got[0], SIDE_ESME, &p);
			assert_int_equal(p.class, PACKET_TCP);
			assert_int_equal(distribute_owner(p.hash, 2), 1);
			rte_pktmbuf_free(got[0]);
			others++;
		}
		distribute_close(r->worker->distribute);
		rig_close(r);
	}
	assert_in_range(others, 8, PORTS - 8); /* 32, six deviations of 4 either way */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(are_dropped),    cmocka_unit_test(live),
		cmocka_unit_test(half_is_late),   cmocka_unit_test(sums_are_checked),
		cmocka_unit_test(of_other_ports), cmocka_unit_test(goes_to_its_worker),
	};

	return cmocka_run_group_tests(tests, rig_start, NULL);
}

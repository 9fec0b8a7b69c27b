/* SPDX-License-Identifier: Apache-2.0 */
/* What routers say of segments that were too big: field by field, every prefix, any octets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "quote.h"

struct frame {
	uint8_t octets[200];
	size_t len, ip, icmp, inner;
};

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

static uint32_t sum_of(const uint8_t *p, size_t n, uint32_t sum)
{
	for (size_t i = 0; i < n; i += 2)
		sum += (uint32_t)p[i] << 8 | (i + 1 < n ? p[i + 1] : 0u);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void seal(struct frame *f, bool v6)
{
	uint8_t *icmp = f->octets + f->icmp;
	const size_t n = f->len - f->icmp;

	put16(icmp + 2, 0);
	const uint32_t pseudo = v6 ? sum_of(f->octets + f->ip + 8, 32, 58 + (uint32_t)n) : 0;
	put16(icmp + 2, 0xffff - sum_of(icmp, n, pseudo));
}

/* A router 9.9.9.9 (or 9...) tells 1 that its segment to 2, numbered 0x01020304, did not
 * fit a link of 1,400; both tags. */
static struct frame too_big(bool v6)
{
	const size_t l3 = v6 ? 40 : 20, address = v6 ? 16 : 4, source = v6 ? 8 : 12;
	struct frame f = { .ip = 22, .icmp = 22 + l3, .inner = 22 + l3 + 8 };

	f.len = f.inner + l3 + 8;
	put32(f.octets + 12, 0x88a80005);
	put32(f.octets + 16, 0x81000007);
	put16(f.octets + 20, v6 ? 0x86dd : 0x0800);
	for (unsigned inner = 0; inner < 2; inner++) {
		uint8_t *ip = f.octets + (inner ? f.inner : f.ip);
		ip[0] = v6 ? 0x60 : 0x45;
		put16(ip + (v6 ? 4 : 2),
		      inner ? 1500 : (uint32_t)(f.len - f.ip - (v6 ? 40 : 0)));
		ip[v6 ? 6 : 9] = inner ? 6 : v6 ? 58 : 1;
		memset(ip + source, inner ? 1 : 9, address);
		memset(ip + source + address, inner ? 2 : 1, address);
	}
	uint8_t *icmp = f.octets + f.icmp;
	icmp[0] = v6 ? 2 : 3;
	icmp[1] = v6 ? 0 : 4;
	put32(icmp + 4, 1400);
	uint8_t *tcp = f.octets + f.inner + l3;
	put32(tcp, 40000u << 16 | 2775);
	put32(tcp + 4, 0x01020304);
	seal(&f, v6);
	return f;
}

static bool read(const struct frame *f, size_t len, enum side side, struct quote *q)
{
	uint8_t *exact = malloc(len + 1); /* for the sanitizer */

	memcpy(exact, f->octets, len);
	const bool is = quote_read(q, exact, len, side, 3);
	free(exact);
	return is;
}

static void fields(void **unused)
{
	(void)unused;
	for (unsigned v6 = 0; v6 < 2; v6++) {
		const struct frame f = too_big(v6);
		struct quote q;
		/* It came from the SMSC's side: 1 is the ESME. */
		assert_true(read(&f, f.len, SIDE_SMSC, &q));
		assert_int_equal(q.mtu, 1400);
		assert_int_equal(q.size, v6 ? 0 : 1500);
		assert_int_equal(q.seq, 0x01020304);
		assert_int_equal(q.key.outer_vlan, 5);
		assert_int_equal(q.key.inner_vlan, 7);
		assert_int_equal(q.key.link, 3);
		assert_int_equal(q.key.ip_version, v6 ? 6 : 4);
		assert_int_equal(q.key.esme_addr[15], 1);
		assert_int_equal(q.key.smsc_addr[15], 2);
		assert_int_equal(q.key.smsc_addr[10], v6 ? 2 : 0xff);
		assert_int_equal(__builtin_bswap16(q.key.esme_port), 40000);
		assert_int_equal(__builtin_bswap16(q.key.smsc_port), 2775);
		assert_true(read(&f, f.len, SIDE_ESME, &q)); /* then 1 is the SMSC */
		assert_int_equal(q.key.esme_addr[15], 2);
		assert_int_equal(__builtin_bswap16(q.key.esme_port), 2775);
	}
}

static void every_prefix_and_every_bit(void **unused)
{
	(void)unused;
	for (unsigned v6 = 0; v6 < 2; v6++) {
		const struct frame f = too_big(v6);
		struct quote q;
		for (size_t len = 0; len < f.len; len++)
			assert_false(read(&f, len, SIDE_SMSC, &q));
		/* Behind the IP header a sum holds everything. */
		for (size_t bit = f.icmp * 8; bit < f.len * 8; bit++) {
			struct frame wrong = f;
			wrong.octets[bit / 8] ^= (uint8_t)(1u << bit % 8);
			assert_false(read(&wrong, f.len, SIDE_SMSC, &q));
		}
		struct frame padded = f;
		assert_true(read(&padded, f.len + 20, SIDE_SMSC, &q));
	}
}

static void others(void **unused)
{
	(void)unused;
	for (unsigned v6 = 0; v6 < 2; v6++) {
		struct frame f = too_big(v6);
		struct quote q;
		f.octets[f.icmp] = v6 ? 1 : 11; /* unreachable, time exceeded */
		seal(&f, v6);
		assert_false(read(&f, f.len, SIDE_SMSC, &q));
		f = too_big(v6);
		f.octets[f.icmp + 1] = 9; /* another code */
		seal(&f, v6);
		assert_false(read(&f, f.len, SIDE_SMSC, &q));
		f = too_big(v6);
		f.octets[f.inner + (v6 ? 6 : 9)] = 17; /* of UDP */
		seal(&f, v6);
		assert_false(read(&f, f.len, SIDE_SMSC, &q));
	}
}

static void any_octets(void **unused)
{
	(void)unused;
	srandom(3);
	for (unsigned i = 0; i < 100000; i++) {
		struct frame f = too_big(i & 1);
		struct quote q;
		for (unsigned n = 0; n < 3; n++)
			f.octets[12 + (unsigned)random() % (f.len - 12)] = (uint8_t)random();
		if (i & 2)
			seal(&f, i & 1);
		(void)read(&f, (unsigned)random() % (f.len + 1), SIDE_ESME, &q);
		(void)read(&f, f.len, SIDE_ESME, &q);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields),
		cmocka_unit_test(every_prefix_and_every_bit),
		cmocka_unit_test(others),
		cmocka_unit_test(any_octets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Options against a naive reader, behind a guard page, at every length. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <cmocka.h>

#include "options.h"

static uint64_t state = 88172645463325252u;

static uint32_t below(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)((state >> 20) % n);
}

/* The twin: a list of (kind, offset, length), as the RFC tells it. */
struct found {
	uint8_t kind, at, len;
};

static unsigned twin_walk(const uint8_t *o, size_t len, struct found *out)
{
	unsigned n = 0;
	size_t at = 0;

	while (at < len) {
		if (o[at] == 0)
			return n;
		size_t size = 1;
		if (o[at] != 1) {
			if (at + 1 >= len || o[at + 1] < 2 || at + o[at + 1] > len)
				return n;
			size = o[at + 1];
		}
		out[n++] = (struct found){ o[at], (uint8_t)at, (uint8_t)size };
		at += size;
	}
	return n;
}

static uint32_t be(const uint8_t *p, unsigned n)
{
	uint32_t v = 0;

	while (n-- > 0)
		v = v << 8 | *p++;
	return v;
}

static struct tcp_options twin_read(const uint8_t *o, size_t len)
{
	struct found found[41];
	struct tcp_options t;
	const unsigned n = twin_walk(o, len, found);

	memset(&t, 0, sizeof(t));
	for (unsigned i = 0; i < n; i++) {
		const uint8_t *p = o + found[i].at + 2;
		if (found[i].kind == 2 && found[i].len == 4)
			t.mss = (uint16_t)be(p, 2);
		if (found[i].kind == 3 && found[i].len == 3) {
			t.has_wscale = true;
			t.wscale = *p > 14 ? 14 : *p;
		}
		if (found[i].kind == 4 && found[i].len == 2)
			t.sack_ok = true;
		if (found[i].kind == 8 && found[i].len == 10) {
			t.has_ts = true;
			t.ts_val = be(p, 4);
			t.ts_ecr = be(p + 4, 4);
		}
	}
	return t;
}

static uint8_t *guarded(void)
{
	uint8_t *at =
		mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED || mprotect(at + 4096, 4096, PROT_NONE) != 0)
		abort();
	return at + 4096;
}

static size_t random_options(uint8_t *out)
{
	static const uint8_t kinds[] = { 0, 1, 1, 2, 3, 4, 5, 8, 8, 30, 34, 254, 77 };
	static const uint8_t lens[] = { 0, 1, 4, 3, 2, 10, 10, 10, 12, 8, 6, 4, 2 };
	size_t n = 0;

	while (n < 36 && below(9) != 0) {
		const uint32_t k = below(sizeof(kinds));
		out[n] = kinds[k];
		for (unsigned i = 1; i < 12; i++)
			out[n + i] = (uint8_t)below(256);
		if (kinds[k] > 1)
			out[n + 1] = below(10) ? lens[k] : (uint8_t)below(14);
		n += kinds[k] <= 1 || out[n + 1] == 0 ? 1 : out[n + 1];
	}
	return n > 40 ? 40 : n;
}

static void same(const struct tcp_options *a, const struct tcp_options *b)
{
	assert_int_equal(a->mss, b->mss);
	assert_int_equal(a->wscale, b->wscale);
	assert_int_equal(a->has_wscale, b->has_wscale);
	assert_int_equal(a->sack_ok, b->sack_ok);
	assert_int_equal(a->has_ts, b->has_ts);
	assert_int_equal(a->ts_val, b->ts_val);
	assert_int_equal(a->ts_ecr, b->ts_ecr);
}

static void reads_like_the_twin(void **unused)
{
	uint8_t *const end = guarded();
	uint8_t octets[64];

	(void)unused;
	for (unsigned i = 0; i < 200000; i++) {
		const size_t n = random_options(octets);
		for (size_t len = i % 16 == 0 ? 0 : n; len <= n; len++) { /* every prefix */
			struct tcp_options ours;
			memcpy(end - len, octets, len);
			options_read(&ours, end - len, len);
			const struct tcp_options twin = twin_read(octets, len);
			same(&ours, &twin);
		}
	}
}

static bool well_formed(const struct found *f)
{
	return (f->kind == 2 && f->len == 4) || (f->kind == 3 && f->len == 3) ||
	       (f->kind == 4 && f->len == 2) || (f->kind == 8 && f->len == 10);
}

static void strips_like_the_twin(void **unused)
{
	uint8_t *const end = guarded();
	uint8_t octets[64], expected[64];

	(void)unused;
	for (unsigned i = 0; i < 200000; i++) {
		struct found found[41];
		const size_t n = random_options(octets);
		const unsigned walked = twin_walk(octets, n, found);
		unsigned changed = 0;
		memcpy(expected, octets, n);
		for (unsigned f = 0; f < walked; f++) {
			bool keep = found[f].kind == 1 || well_formed(&found[f]);
			for (unsigned g = f + 1; g < walked; g++)
				keep = keep && !(found[f].kind != 1 && well_formed(&found[g]) &&
				                 found[g].kind == found[f].kind);
			if (!keep)
				memset(expected + found[f].at, 1, found[f].len);
			else if (found[f].kind == 3 && expected[found[f].at + 2] > 14)
				expected[found[f].at + 2] = 14;
		}
		const size_t stop =
			walked == 0 ? 0 : (size_t)found[walked - 1].at + found[walked - 1].len;
		memset(expected + stop, 0, n - stop);
		for (size_t o = 0; o < n; o++)
			changed += expected[o] != octets[o];
		/* A scale that is lowered and then gives way counts twice; nobody minds. */
		memcpy(end - n, octets, n);
		const unsigned said = options_strip(end - n, n);
		assert_int_equal(said != 0, changed != 0);
		assert_memory_equal(end - n, expected, n);
	}
}

static void limits_the_mss(void **unused)
{
	uint8_t *const end = guarded();
	uint8_t octets[64];

	(void)unused;
	for (unsigned i = 0; i < 100000; i++) {
		struct tcp_options before, after;
		const size_t n = random_options(octets);
		const uint16_t most = (uint16_t)(below(3000) + 88);
		memcpy(end - n, octets, n);
		options_read(&before, end - n, n);
		const bool limited = options_limit_mss(end - n, n, most);
		options_read(&after, end - n, n);
		assert_int_equal(after.mss, before.mss > most ? most : before.mss);
		assert_true(limited || memcmp(end - n, octets, n) == 0);
		before.mss = after.mss;
		same(&before, &after);
	}
}

static void writes_what_it_reads(void **unused)
{
	(void)unused;
	for (unsigned i = 0; i < 1000; i++) {
		uint8_t out[12];
		struct tcp_options o;
		const uint32_t val = below(UINT32_MAX), ecr = UINT32_MAX - below(100);
		assert_int_equal(options_write_ts(out, val, ecr), 12);
		options_read(&o, out, 12);
		assert_true(o.has_ts);
		assert_int_equal(o.ts_val, val);
		assert_int_equal(o.ts_ecr, ecr);
		assert_int_equal(o.mss, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(reads_like_the_twin),
		                            cmocka_unit_test(strips_like_the_twin),
		                            cmocka_unit_test(limits_the_mss),
		                            cmocka_unit_test(writes_what_it_reads) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "fingerprint.h"

#include <stdbool.h>

#include "fingerprint_tally.h"

#define LINK '\x01' /* in place of a link; every other octet of this kind is dropped */

struct general {
	const uint8_t *in;
	size_t len;
	uint8_t *out;
	size_t n;
};

/* Octets i .. i + 64 of the text; those behind its end read as 0. */
static struct wide window(const struct general *g, size_t i)
{
	if (i >= g->len)
		return wide_load(g->in, 0);
	return wide_load(g->in + i, g->len - i < WIDE ? g->len - i : WIDE);
}

static bool is_graphic(uint8_t c) { return c > ' ' && c < 0x7F; }

static uint64_t letters(struct wide w) { return wide_between(w, 'a', 'z'); }
static uint64_t digits(struct wide w) { return wide_between(w, '0', '9'); }

/* A dot or a colon that makes the word around it a link, from i on; len: none. */
static size_t next_link(const struct general *g, size_t i)
{
	for (; i + 2 < g->len; i += WIDE) {
		const struct wide w = window(g, i), behind = window(g, i + 1);
		const uint64_t dots = wide_equal(behind, '.');
		const uint64_t colons = wide_equal(w, ':') & wide_equal(behind, '/');
		if ((dots | colons) == 0)
			continue;
		const struct wide second = window(g, i + 2);
		const uint64_t found = ((letters(w) | digits(w)) & dots & letters(second)) |
		                       (colons & wide_equal(second, '/'));
		if (found != 0)
			return i + wide_lowest(found);
	}
	return g->len;
}

/* The octets of characters that begin at leads; *over: those in the next 64. */
static uint64_t whole(uint64_t leads, unsigned octets, uint64_t *over)
{
	uint64_t all = leads;

	for (unsigned k = 1; k < octets; k++) {
		all |= leads << k;
		*over |= leads >> (WIDE - k);
	}
	return all;
}

/*
 * Octets of symbols beyond ASCII: U+0080-00BF (C2), U+2000-2FFF (E2), U+3000-303F (E3 80),
 * U+1F000-1FFFF (F0 9F).
 */
static uint64_t symbols(const struct general *g, size_t i, struct wide w, uint64_t *over)
{
	const struct wide behind = window(g, i + 1);
	const uint64_t punctuation = wide_equal(w, 0xE3) & wide_equal(behind, 0x80);
	const uint64_t emoji = wide_equal(w, 0xF0) & wide_equal(behind, 0x9F);

	return whole(wide_equal(w, 0xC2), 2, over) |
	       whole(wide_equal(w, 0xE2) | punctuation, 3, over) | whole(emoji, 4, over);
}

/* Of digits those before which the last octet that is not dropped is one too. */
static uint64_t repeated(uint64_t digit, uint64_t dropped, bool *after_digit)
{
	const uint64_t after = digit << 1 | (uint64_t)*after_digit;
	/* A run of dropped octets behind a digit: the sum carries through to what follows. */
	const uint64_t through = ((after & dropped) + dropped) ^ dropped;
	const uint64_t reached = after | through;

	*after_digit = ((digit | (reached & dropped)) >> 63) != 0;
	return digit & reached;
}

/* Octets from .. to, in which there is no link. */
static void put_plain(struct general *g, size_t from, size_t to)
{
	bool after_digit = g->n > 0 && g->out[g->n - 1] == '0';
	uint64_t over = 0;

	for (size_t i = from; i < to; i += WIDE) {
		const size_t n = to - i < WIDE ? to - i : WIDE;
		const struct wide w = window(g, i);
		const uint64_t digit = digits(w), high = wide_high(w);
		uint64_t dropped = ~(letters(w) | digit | high) | over;

		over = 0;
		if (high != 0)
			dropped |= symbols(g, i, w, &over);
		const uint64_t again = repeated(digit & ~dropped, dropped, &after_digit);
		const uint64_t keep = ~dropped & ~again & wide_first(n);
		g->n += squeeze(g->out + g->n, g->in + i, n, keep, digit);
	}
}

/* Octets in a row that are each the one three before: three syllables, or their letters. */
#define RUN_MAX 10u

/* Whether there may be more of them in a row than that: of eight or more in a row there are
 * eight whose first one is at a multiple of four. */
static bool has_run(const uint8_t *text, size_t n)
{
	const uint64_t at_fours = UINT64_C(0x0011111111111111); /* of 56 octets */

	for (size_t i = 0; i + RUN_MAX < n; i += 56) {
		const size_t left = n - i - 3;
		const struct wide w = wide_load(text + i, left < WIDE ? left : WIDE);
		const struct wide behind = wide_load(text + i + 3, left < WIDE ? left : WIDE);
		uint64_t same = wide_same(w, behind) & wide_first(left);
		same &= same >> 1;
		same &= same >> 2;
		same &= same >> 4;
		if ((same & at_fours) != 0)
			return true;
	}
	return false;
}

/* Of runs what is too much: shingles that come often would outweigh all others, and all who
 * laugh be of one campaign. Of a letter that is one octet eight shingles are the same one. */
static size_t cut_runs(uint8_t *text, size_t n)
{
	uint8_t last[3] = { 0 };
	size_t kept = 0, same = 0;

	for (size_t i = 0; i < n; i++) {
		const uint8_t c = text[i];
		same = i >= 3 && c == last[i % 3] ? same + 1 : 0;
		last[i % 3] = c;
		text[kept] = c;
		kept += same <= RUN_MAX;
		if (same == RUN_MAX + 1 && last[0] == last[1] && last[1] == last[2])
			kept -= RUN_MAX;
	}
	return kept;
}

size_t text_generalise(const uint8_t *folded, size_t len, uint8_t *out)
{
	struct general g = { .in = folded, .len = len, .out = out };
	size_t at = 0;

	if (len > FINGERPRINT_TEXT_MAX)
		g.len = FINGERPRINT_TEXT_MAX;
	for (size_t link; (link = next_link(&g, at)) < g.len;) {
		size_t from = link, to = link;
		while (from > at && is_graphic(folded[from - 1]))
			from--;
		while (to < g.len && is_graphic(folded[to]))
			to++;
		put_plain(&g, at, from);
		out[g.n++] = LINK;
		at = to;
	}
	put_plain(&g, at, g.len);
	return has_run(out, g.n) ? cut_runs(out, g.n) : g.n;
}

uint64_t text_fingerprint(const uint8_t *folded, size_t len)
{
	uint8_t general[FINGERPRINT_GENERAL_MAX];
	uint16_t sums[64] = { 0 };

	if (len < FINGERPRINT_MIN)
		return 0;
	const size_t n = text_generalise(folded, len, general);
	if (n < FINGERPRINT_MIN)
		return 0;
	memset(general + n, 0, 16);
	const size_t shingles = n - SHINGLE + 1;
	for (size_t i = 0; i < shingles; i += TALLY_MAX)
		tally(general + i, shingles - i < TALLY_MAX ? shingles - i : TALLY_MAX, sums);
	const uint64_t bits = majority(sums, (uint16_t)(shingles / 2));
	return bits != 0 ? bits : 1; /* 0 says that there is none */
}

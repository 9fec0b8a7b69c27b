/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_bench: cycles of the time-stamp counter a text, decoded and folded.
 *
 * Each figure is the median of ROUNDS over TEXTS different texts (so that the branch
 * predictor does not learn one), with the least and the greatest round.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <x86intrin.h>

#include "text.h"

#define TEXTS 4096u
#define TEXT_SIZE 288u /* TEXT_GROWTH times the longest sample */
#define ROUNDS 31u

struct sample {
	size_t len;
	uint8_t octets[TEXT_SIZE];
};

static struct sample texts[TEXTS];
static uint8_t out[TEXT_GROWTH * TEXT_SIZE];

/* Words of two to four syllables and now and then a number: 45 characters in UTF-16. */
static void fill_ucs2(struct sample *s)
{
	for (s->len = 0; s->len < 90; s->len += 2) {
		const long kind = random() % 16;
		const unsigned c = kind < 4   ? ' '
		                   : kind < 6 ? '0' + (unsigned)random() % 10
		                              : 0xAC00 + (unsigned)random() % 11172;
		s->octets[s->len] = (uint8_t)(c >> 8);
		s->octets[s->len + 1] = (uint8_t)c;
	}
}

static void fill_utf8(struct sample *s)
{
	struct sample units;

	fill_ucs2(&units);
	s->len = (size_t)text_decode(TEXT_UCS2, units.octets, 90, 0, s->octets,
	                             sizeof(s->octets));
}

static void fill_cp949(struct sample *s)
{
	for (s->len = 0; s->len < 88;) {
		if (random() % 16 < 6) {
			s->octets[s->len++] = (uint8_t)("  0123456789"[random() % 12]);
			continue;
		}
		s->octets[s->len++] = (uint8_t)(0xB0 + random() % 25);
		s->octets[s->len++] = (uint8_t)(0xA1 + random() % 94);
	}
}

static void fill_ascii(struct sample *s)
{
	for (s->len = 0; s->len < 94; s->len++)
		s->octets[s->len] = (uint8_t)(random() % 6 ? 'A' + random() % 26 : ' ');
}

static void fill_gsm7(struct sample *s)
{
	fill_ascii(s);
	for (unsigned i = 0; i < 3; i++) /* @ $ _ and accents, a few a text */
		s->octets[(size_t)random() % s->len] = (uint8_t)(random() % 0x10);
}

static const struct row {
	const char *name;
	void (*fill)(struct sample *s);
	enum text_coding coding; /* TEXT_CODINGS: fold */
} rows[] = {
	{ "ucs2_hangul", fill_ucs2, TEXT_UCS2 },
	{ "cp949_hangul", fill_cp949, TEXT_CP949 },
	{ "utf8_hangul", fill_utf8, TEXT_UTF8 },
	{ "utf8_ascii", fill_ascii, TEXT_UTF8 },
	{ "gsm7", fill_gsm7, TEXT_GSM7 },
	{ "gsm7_packed", fill_ascii, TEXT_GSM7_PACKED },
	{ "ascii", fill_ascii, TEXT_ASCII },
	{ "latin1", fill_ascii, TEXT_LATIN1 },
	{ "fold_hangul", fill_utf8, TEXT_CODINGS },
	{ "fold_ascii", fill_ascii, TEXT_CODINGS },
};

static uint64_t round_cycles(enum text_coding coding)
{
	uint64_t octets = 0;
	const uint64_t start = __rdtsc();

	for (unsigned i = 0; i < TEXTS; i++) {
		const struct sample *s = &texts[i];
		if (coding == TEXT_CODINGS)
			octets += text_fold(s->octets, s->len, out, sizeof(out));
		else
			octets += (uint64_t)text_decode(coding, s->octets, s->len, 0, out,
			                                sizeof(out));
	}
	const uint64_t cycles = __rdtsc() - start;
	return octets == 0 ? 0 : cycles;
}

static int ascending(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void measure(const struct row *row)
{
	uint64_t cycles[ROUNDS], octets = 0;

	srandom(3);
	for (unsigned i = 0; i < TEXTS; i++) {
		row->fill(&texts[i]);
		octets += texts[i].len;
	}
	for (unsigned r = 0; r < ROUNDS; r++)
		cycles[r] = round_cycles(row->coding);
	qsort(cycles, ROUNDS, sizeof(cycles[0]), ascending);
	const uint64_t median = cycles[ROUNDS / 2];
	const double text = (double)median / TEXTS;
	printf("%-12s %6.1f octets  %7.1f cycles a text (%.1f to %.1f)  %5.2f an octet\n",
	       row->name, (double)octets / TEXTS, text, (double)cycles[0] / TEXTS,
	       (double)cycles[ROUNDS - 1] / TEXTS, (double)median / (double)octets);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		measure(&rows[i]);
	return 0;
}

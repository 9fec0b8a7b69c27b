/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_bench: cycles of the time-stamp counter a text, decoded and folded.
 *
 * Each figure is the median of ROUNDS over TEXTS different texts (so that the branch
 * predictor does not learn one), with the least and the greatest round. Beside folding stands
 * utf8proc's NFKC_Casefold of the same texts (which allocates its result), in the same run;
 * and once more folding, with a table that has as many rows of an operator as it may.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>
#include <x86intrin.h>

#include "fold_table.h"
#include "options.h"

#define TEXTS 4096u
#define TEXT_SIZE (TEXT_GROWTH * 96u) /* 96: above the longest sample */
#define ROUNDS 31u

struct sample {
	size_t len;
	uint8_t octets[TEXT_SIZE];
};

static struct sample texts[TEXTS];
static uint8_t out[TEXT_FOLD_GROWTH * TEXT_SIZE];

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

/* Letters of several kinds: full-width, circled, accented, jamo, Cyrillic. */
static void fill_mixed(struct sample *s)
{
	static const char *const some[] = { "Ｆ", "ⓐ",  "é", "ㄷH", "а",
		                            "대", "출", " ", "x",   "3" };

	for (s->len = 0; s->len < 94;) {
		const char *c = some[random() % 10];
		memcpy(s->octets + s->len, c, strlen(c));
		s->len += strlen(c);
	}
}

/* Folded, as the loose reading gets them: as they are, and with symbols strewn in. */
static void fold_sample(struct sample *s)
{
	static uint8_t folded[TEXT_FOLD_GROWTH * sizeof(s->octets)];
	const size_t n = text_fold(s->octets, s->len, folded, sizeof(folded));

	s->len = n < sizeof(s->octets) ? n : sizeof(s->octets);
	memcpy(s->octets, folded, s->len);
}

static void fill_folded_hangul(struct sample *s)
{
	fill_utf8(s);
	fold_sample(s);
}

static void fill_folded_ascii(struct sample *s)
{
	fill_ascii(s);
	fold_sample(s);
}

static void fill_strewn(struct sample *s)
{
	static const char *const some[] = {
		"대", "출", "*", "1", " ", "f.r.e.e", "c1o1m", "x"
	};

	for (s->len = 0; s->len < 94;) {
		const char *c = some[random() % 8];
		memcpy(s->octets + s->len, c, strlen(c));
		s->len += strlen(c);
	}
}

#define FOLD TEXT_CODINGS
#define UTF8PROC (TEXT_CODINGS + 1)
#define LOOSE (TEXT_CODINGS + 2)
#define FOLD_ROWS (TEXT_CODINGS + 3)

static const struct row {
	const char *name;
	void (*fill)(struct sample *s);
	unsigned coding; /* enum text_coding, or one of the above */
} rows[] = {
	{ "ucs2_hangul", fill_ucs2, TEXT_UCS2 },
	{ "cp949_hangul", fill_cp949, TEXT_CP949 },
	{ "utf8_hangul", fill_utf8, TEXT_UTF8 },
	{ "utf8_ascii", fill_ascii, TEXT_UTF8 },
	{ "gsm7", fill_gsm7, TEXT_GSM7 },
	{ "gsm7_packed", fill_ascii, TEXT_GSM7_PACKED },
	{ "ascii", fill_ascii, TEXT_ASCII },
	{ "latin1", fill_ascii, TEXT_LATIN1 },
	{ "fold_hangul", fill_utf8, FOLD },
	{ "fold_ascii", fill_ascii, FOLD },
	{ "fold_mixed", fill_mixed, FOLD },
	{ "fold_rows_hangul", fill_utf8, FOLD_ROWS },
	{ "fold_rows_ascii", fill_ascii, FOLD_ROWS },
	{ "fold_rows_mixed", fill_mixed, FOLD_ROWS },
	{ "loose_hangul", fill_folded_hangul, LOOSE },
	{ "loose_ascii", fill_folded_ascii, LOOSE },
	{ "loose_strewn", fill_strewn, LOOSE },
	{ "utf8proc_hangul", fill_utf8, UTF8PROC },
	{ "utf8proc_ascii", fill_ascii, UTF8PROC },
	{ "utf8proc_mixed", fill_mixed, UTF8PROC },
};

static const struct text_table *own;

/* Symbols and ideographs, as many as there may be. */
static void make_own(void)
{
	static struct image_fold table[IMAGE_FOLDS_MAX];
	uint32_t n = 0, which;

	for (uint32_t c = 0x2190; n < IMAGE_FOLDS_MAX; c++) {
		table[n] = (struct image_fold){ c, 'x' };
		n += text_fold_fault(&table[n], &which) == NULL;
	}
	bug_if(text_table_open(&own, table, n) != 0);
}

static size_t once(unsigned coding, const struct sample *s)
{
	if (coding == FOLD)
		return text_fold(s->octets, s->len, out, sizeof(out));
	if (coding == FOLD_ROWS)
		return text_fold_with(own, s->octets, s->len, out, sizeof(out), NULL);
	if (coding == LOOSE) /* 0: it reads the same, and was read for that */
		return 1 + text_loose(s->octets, s->len, out, sizeof(out));
	if (coding != UTF8PROC)
		return (size_t)text_decode((enum text_coding)coding, s->octets, s->len, 0, out,
		                           sizeof(out));
	uint8_t *folded = NULL;
	const ssize_t n = utf8proc_map(s->octets, (ssize_t)s->len, &folded,
	                               UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT |
	                                       UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);
	free(folded);
	return (size_t)n;
}

static uint64_t round_cycles(unsigned coding)
{
	uint64_t octets = 0;
	const uint64_t start = __rdtsc();

	for (unsigned i = 0; i < TEXTS; i++)
		octets += once(coding, &texts[i]);
	const uint64_t cycles = __rdtsc() - start;
	return octets == 0 ? 0 : cycles;
}

static int ascending(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void measure(const struct row *row, bool json)
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
	if (json)
		printf("%s\"%s\": {\"octets\": %.1f, \"cycles_per_text\": %.1f, "
		       "\"cycles_per_octet\": %.3f, \"least\": %.3f, \"greatest\": %.3f}",
		       row == rows ? "{" : ", ", row->name, (double)octets / TEXTS, text,
		       (double)median / (double)octets, (double)cycles[0] / (double)octets,
		       (double)cycles[ROUNDS - 1] / (double)octets);
	else
		printf("%-16s %6.1f octets  %7.1f cycles a text (%.1f to %.1f)  %5.2f an "
		       "octet\n",
		       row->name, (double)octets / TEXTS, text, (double)cycles[0] / TEXTS,
		       (double)cycles[ROUNDS - 1] / TEXTS, (double)median / (double)octets);
}

int main(int argc, char **argv)
{
	static const struct bench_option none[] = { { .name = NULL } };
	bool json = false;

	bench_options(argc, argv, "text", "cycles to decode and to fold a text", none, &json);
	make_own();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		measure(&rows[i], json);
	if (json)
		printf("}\n");
	return 0;
}

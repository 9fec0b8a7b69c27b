/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_fuzz: any octets under any data_coding. First octet = data_coding, second =
 * octets of the header before packed septets, the rest is the text.
 */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fold_table.h"
#include "fuzz.h"

enum { DECODED = 1, REFUSED = 2, QUIET = 4 };
unsigned fuzz_reached;
const unsigned fuzz_wanted = DECODED | REFUSED | QUIET;

/* As an operator may have it: look-alikes of letters of both kinds, one of two octets. */
static const struct text_table *own_table(void)
{
	static const struct image_fold rows[] = {
		{ 0xE9, 'e' }, { 0x44F, 'r' }, { 0x4E28, 0x3163 }, { 0x535C, 0x314F }
	};
	static const struct text_table *table;

	bug_if(table == NULL && text_table_open(&table, rows, 4) != 0);
	return table;
}

/* What is folded of UTF-8 is UTF-8, and every octet of it stems from a character. again has
 * room for what decoding takes. */
static size_t fold(const struct text_table *table, const uint8_t *plain, size_t len,
                   uint8_t *folded, uint8_t *again, uint32_t *map)
{
	const size_t n =
		text_fold_with(table, plain, len, folded, TEXT_FOLD_GROWTH * len, NULL);

	bug_if(n > TEXT_FOLD_GROWTH * len);
	memcpy(again, folded, n);
	bug_if(text_fold_with(table, plain, len, folded, TEXT_FOLD_GROWTH * len, map) != n);
	bug_if(memcmp(again, folded, n) != 0 || map[n] != len);
	for (size_t i = 0; i < n; i++)
		bug_if(map[i] >= len || (plain[map[i]] & 0xC0) == 0x80);
	bug_if(text_decode(TEXT_UTF8, folded, n, 0, again, TEXT_GROWTH * n) != (int64_t)n);
	return n;
}

/* In one pass it is what decoding and folding make of it, or -EAGAIN. */
static void decode_quiet(enum text_coding coding, const uint8_t *in, size_t len)
{
	const size_t cap = TEXT_GROWTH * len + TEXT_QUIET_ROOM;
	uint8_t *plain = malloc(cap), *folded = malloc(TEXT_FOLD_GROWTH * cap),
		*quiet = malloc(cap);

	bug_if(plain == NULL || folded == NULL || quiet == NULL);
	const int64_t n = text_decode_quiet(coding, in, len, quiet, cap);
	if (n >= 0) {
		const int64_t m = text_decode(coding, in, len, 0, plain, cap);
		bug_if(m < 0 || text_fold(plain, (size_t)m, folded, TEXT_FOLD_GROWTH * cap) !=
		                        (size_t)n);
		bug_if(memcmp(quiet, folded, (size_t)n) != 0);
		bug_if(text_other_coding(coding, in, len, 0) != TEXT_UNKNOWN);
		fuzz_reached |= QUIET;
	}
	free(plain);
	free(folded);
	free(quiet);
}

static void decode_and_fold(enum text_coding coding, const uint8_t *in, size_t len, size_t udh)
{
	const size_t cap = TEXT_GROWTH * len;
	uint8_t *plain = malloc(TEXT_FOLD_GROWTH * cap + 1),
		*again = malloc(TEXT_GROWTH * TEXT_FOLD_GROWTH * cap + 1);
	uint8_t *folded = malloc(TEXT_FOLD_GROWTH * cap + 1);
	uint32_t *map = malloc((TEXT_FOLD_GROWTH * cap + 1) * sizeof(*map));

	bug_if(plain == NULL || again == NULL || folded == NULL || map == NULL);
	const int64_t n = text_decode(coding, in, len, udh, plain, cap);
	bug_if(n < 0 ? n != -EILSEQ : (size_t)n > cap);
	fuzz_reached |= n > 0 ? DECODED : n < 0 ? REFUSED : 0;
	if (n >= 0) {
		const size_t len8 = (size_t)n;
		/* What comes out is UTF-8. */
		bug_if(text_decode(TEXT_UTF8, plain, len8, 0, again, TEXT_GROWTH * len8) != n);
		/* Shown backwards it is UTF-8, without what says so. */
		const size_t turned = text_turned(plain, len8, folded, len8);
		bug_if(turned > len8 || text_turned(folded, turned, again, turned) != 0);
		bug_if(text_decode(TEXT_UTF8, folded, turned, 0, again, TEXT_GROWTH * turned) !=
		       (int64_t)turned);
		fold(own_table(), plain, len8, folded, again, map);
		const size_t f = fold(&text_table_default, plain, len8, folded, again, map);
		const size_t l = text_loose(folded, f, plain, f);
		bug_if(l > f);
		bug_if(text_decode(TEXT_UTF8, plain, l, 0, again, TEXT_GROWTH * l) !=
		       (int64_t)l);
	}
	decode_quiet(coding, in, len);
	/* Mended there is nothing that does not decode; of what does nothing is lost. */
	const enum text_coding other = text_other_coding(coding, in, len, udh);
	const int64_t m =
		text_decode_mended(other, in, len, udh, plain, (TEXT_GROWTH + 1) * len);
	bug_if((m < 0) != (other == TEXT_UNKNOWN));
	bug_if(m >= 0 && text_decode(TEXT_UTF8, plain, (size_t)m, 0, again,
	                             TEXT_GROWTH * (size_t)m) != m);
	free(plain);
	free(again);
	free(folded);
	free(map);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2 || size > 4096)
		return 0;
	for (unsigned alphabet = TEXT_GSM7; alphabet < TEXT_CODINGS; alphabet++)
		decode_and_fold(text_coding(data[0], (enum text_coding)alphabet), data + 2,
		                size - 2, data[1]);
	return 0;
}

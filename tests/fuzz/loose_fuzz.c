/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loose_fuzz: text_loose() beside its twin, which skips nothing. First octet: whether the
 * rest is a text in UTF-8 (1), in UCS-2 (2), which are folded first, or (0) any octets, of
 * which only the bound holds.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "fuzz.h"
#include "loose_priv.h"
#include "text.h"

enum { CHANGED = 1, SKIPPED = 2, RAW = 4 };
unsigned fuzz_reached;
const unsigned fuzz_wanted = CHANGED | SKIPPED | RAW;

/* text_loose() built to skip nothing, and what it is told instead of loose_seek(). */
size_t twin_loose(const uint8_t *in, size_t len, uint8_t *out, size_t cap);
size_t twin_seek(struct loose_marks *marks, size_t from);

size_t twin_seek(struct loose_marks *marks, size_t from)
{
	(void)marks;
	return from;
}

/* In memory of just this length, so that ASan sees one octet more. folded: as text.h asks. */
static void compare(const uint8_t *text, size_t len, bool folded)
{
	uint8_t *in = malloc(len), *out = malloc(len), *expected = malloc(len);

	bug_if(len > 0 && (in == NULL || out == NULL || expected == NULL));
	if (len > 0)
		memcpy(in, text, len);
	const size_t n = text_loose(in, len, out, len);
	const size_t n_expected = twin_loose(in, len, expected, len);
	bug_if(n > len || n_expected > len);
	bug_if(folded && (n != n_expected || (n > 0 && memcmp(out, expected, n) != 0)));
	struct loose_marks marks = { .in = in, .len = len, .foreign = loose_foreign(in, len) };
	fuzz_reached |= folded ? 0 : RAW;
	fuzz_reached |= folded && n > 0 ? CHANGED : 0;
	fuzz_reached |= loose_seek(&marks, 0) > LOOSE_REWIND ? SKIPPED : 0;
	free(in);
	free(out);
	free(expected);
}

static void compare_folded(enum text_coding coding, const uint8_t *text, size_t len)
{
	uint8_t *plain = malloc(TEXT_GROWTH * len + 1);
	uint8_t *folded = malloc(TEXT_FOLD_GROWTH * TEXT_GROWTH * len + 1);

	bug_if(plain == NULL || folded == NULL);
	const int64_t n = text_decode(coding, text, len, 0, plain, TEXT_GROWTH * len);
	if (n >= 0) {
		const size_t room = TEXT_FOLD_GROWTH * (size_t)n;
		compare(folded, text_fold(plain, (size_t)n, folded, room), true);
	}
	free(plain);
	free(folded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1 || size > 2048)
		return 0;
	if (data[0] == 1 || data[0] == 2)
		compare_folded(data[0] == 1 ? TEXT_UTF8 : TEXT_UCS2, data + 1, size - 1);
	else
		compare(data + 1, size - 1, false);
	return 0;
}

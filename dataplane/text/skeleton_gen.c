/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skeleton_gen: the UTS #39 skeletons that ICU knows, for fold_gen.py. Runs when we
 * build, never when we screen.
 *
 * A line is "code point TAB code points of its skeleton", hexadecimal, for every code
 * point whose skeleton is another one. Hangul syllables are left out: their skeletons
 * are their letters.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unicode/uspoof.h>
#include <unicode/ustring.h>

#define SKELETON_MAX 64

static void skeleton(const USpoofChecker *checker, UChar32 c)
{
	UErrorCode status = U_ZERO_ERROR;
	UChar in[2], out[SKELETON_MAX];
	int32_t n = 0;

	U16_APPEND_UNSAFE(in, n, c);
	const int32_t len = uspoof_getSkeleton(checker, 0, in, n, out, SKELETON_MAX, &status);
	if (U_FAILURE(status))
		exit(1);
	if (len == n && u_memcmp(in, out, n) == 0)
		return;
	printf("%04X\t", (unsigned)c);
	for (int32_t i = 0; i < len;) {
		UChar32 to;
		U16_NEXT(out, i, len, to);
		printf("%04X%c", (unsigned)to, i < len ? ' ' : '\n');
	}
	if (len == 0)
		printf("\n");
}

int main(void)
{
	UErrorCode status = U_ZERO_ERROR;
	USpoofChecker *checker = uspoof_open(&status);

	if (U_FAILURE(status))
		return 1;
	for (UChar32 c = 0x80; c <= 0x10FFFF; c++)
		if (!U_IS_SURROGATE(c) && (c < 0xAC00 || c > 0xD7A3))
			skeleton(checker, c);
	uspoof_close(checker);
	return fflush(stdout) != 0 || ferror(stdout);
}

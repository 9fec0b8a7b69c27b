/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alphabet_gen: the letters of a language, from ICU's locale data, for loose_gen.py. Runs when
 * we build.
 *
 * usage: alphabet_gen LANGUAGE
 */
#include <stdio.h>
#include <unicode/ulocdata.h>
#include <unicode/uset.h>

int main(int argc, char **argv)
{
	UErrorCode status = U_ZERO_ERROR;
	ULocaleData *data = argc == 2 ? ulocdata_open(argv[1], &status) : NULL;

	if (data == NULL || U_FAILURE(status))
		return 1;
	USet *letters = ulocdata_getExemplarSet(data, NULL, 0, ULOCDATA_ES_STANDARD, &status);
	if (U_FAILURE(status))
		return 1;
	for (UChar32 c = 'a'; c <= 0xFFFF; c++)
		if (uset_contains(letters, c))
			printf("%04X\n", (unsigned)c);
	uset_close(letters);
	ulocdata_close(data);
	return fflush(stdout) != 0 || ferror(stdout);
}

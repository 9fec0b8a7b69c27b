/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fingerprint_fuzz: any octets as a folded text. What is generalised stays in its bounds, and
 * what is dropped or generalised away may stand behind the text without changing anything.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fingerprint.h"
#include "fuzz.h"

enum { SHORT = 1, MADE = 2, LONG = 4 };
unsigned fuzz_reached;
const unsigned fuzz_wanted = SHORT | MADE | LONG;

static const char behind[] = " !?\xE2\x99\xA0 ";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t general[FINGERPRINT_GENERAL_MAX];

	if (size > 8192)
		return 0;
	/* Exactly as long as the text, so that a read too far is seen. */
	uint8_t *text = malloc(size + 1), *more = malloc(size + sizeof(behind));
	bug_if(text == NULL || more == NULL);
	memcpy(text + 1, data, size);
	memcpy(more, data, size);
	memcpy(more + size, behind, sizeof(behind) - 1);
	const size_t n = text_generalise(text + 1, size, general);
	const uint64_t f = text_fingerprint(text + 1, size);
	bug_if(n > size || n > FINGERPRINT_TEXT_MAX);
	bug_if((f == 0) != (n < FINGERPRINT_MIN));
	if (size + sizeof(behind) <= FINGERPRINT_TEXT_MAX)
		bug_if(text_fingerprint(more, size + sizeof(behind) - 1) != f);
	fuzz_reached |= f == 0 ? SHORT : size > FINGERPRINT_TEXT_MAX ? LONG : MADE;
	free(text);
	free(more);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "match_code.h"

#define ARGUMENT(word) ((word)&0xFFFFFFu)
#define COUNT(word) (ARGUMENT(word) >> 12) /* AT_LEAST: how many it takes */
#define WANTED(word) (ARGUMENT(word) & 0xFFFu)

/* What the word takes from the stack, and gives one; or -1 for no proper word. */
static int takes(uint32_t word, uint32_t n_groups)
{
	switch (word >> 24) {
	case IMAGE_CODE_GROUP:
		return ARGUMENT(word) < n_groups ? 0 : -1;
	case IMAGE_CODE_NOT:
		return ARGUMENT(word) == 0 ? 1 : -1;
	case IMAGE_CODE_AT_LEAST:
		return COUNT(word) != 0 && WANTED(word) != 0 && WANTED(word) <= COUNT(word)
		               ? (int)COUNT(word)
		               : -1;
	default:
		return -1;
	}
}

bool match_code_valid(const uint32_t *code, uint32_t n, uint32_t n_groups)
{
	int depth = 0;

	for (uint32_t i = 0; i < n; i++) {
		const int needed = takes(code[i], n_groups);
		if (needed < 0 || needed > depth)
			return false;
		depth += 1 - needed;
		if (depth > (int)IMAGE_CODE_DEPTH)
			return false;
	}
	return depth == 1;
}

bool match_code_run(const uint32_t *code, uint32_t n,
                    bool (*group)(const void *context, uint32_t group), const void *context)
{
	bool stack[IMAGE_CODE_DEPTH] = { false };
	unsigned depth = 0;

	for (uint32_t i = 0; i < n; i++) {
		const uint32_t word = code[i];
		unsigned found = 0;

		switch (word >> 24) {
		case IMAGE_CODE_GROUP:
			stack[depth++] = group(context, ARGUMENT(word));
			break;
		case IMAGE_CODE_NOT:
			stack[depth - 1] = !stack[depth - 1];
			break;
		default: /* AT_LEAST: match_code_valid() knows no other */
			for (unsigned k = 0; k < COUNT(word); k++)
				found += stack[--depth];
			stack[depth++] = found >= WANTED(word);
		}
	}
	return stack[0];
}

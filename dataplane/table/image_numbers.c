/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "image_priv.h"

/* As many digits as the number has before its last six, none of them A to F, and the
 * first not 0: an E.164 number begins with a country code. */
static bool prefix_good(const struct image_number_block *b)
{
	const unsigned n = b->digits - IMAGE_NUMBER_DIGITS;

	if (b->digits < IMAGE_NUMBER_SHORTEST || b->digits > IMAGE_NUMBER_LONGEST ||
	    b->reserved != 0)
		return false;
	for (unsigned i = 0; i < 16; i++) {
		const unsigned digit = (unsigned)(b->prefix >> 4 * i & 15);

		if (digit > 9 || (i >= n && digit != 0) || (i == n - 1 && digit == 0))
			return false;
	}
	return true;
}

static bool in_order(const struct image_number_block *a, const struct image_number_block *b)
{
	return a->digits < b->digits || (a->digits == b->digits && a->prefix < b->prefix);
}

/* 3 is no state. Eight octets at a time: a block has 250,000. */
static bool states_good(const uint8_t *states)
{
	const uint64_t low = UINT64_C(0x5555555555555555);
	uint64_t word;

	_Static_assert(IMAGE_NUMBER_OCTETS % sizeof(word) == 0, "whole words");
	for (size_t at = 0; at < IMAGE_NUMBER_OCTETS; at += sizeof(word)) {
		memcpy(&word, states + at, sizeof(word));
		if ((word & word >> 1 & low) != 0)
			return false;
	}
	return true;
}

static int check_plan(const struct image_check *c)
{
	const uint64_t n = c->section[IMAGE_NUMBERING].count;
	const struct image_plan_row *rows = image_at(c, IMAGE_NUMBERING);

	for (uint64_t i = 0; i < n; i++) {
		const char *fault = numbering_plan_fault(&rows[i]);

		if (fault != NULL)
			return image_lies(c->error, "numbering plan: row %" PRIu64 ": %s", i,
			                  fault);
		if (i > 0 &&
		    (rows[i].kind < rows[i - 1].kind || rows[i].kind == IMAGE_PLAN_TRUNK))
			return image_lies(c->error,
			                  "numbering plan: row %" PRIu64 " is out of order", i);
	}
	return 0;
}

int image_check_numbers(const struct image_check *c)
{
	const uint64_t n = c->section[IMAGE_NUMBER_BLOCKS].count;
	const struct image_number_block *blocks = image_at(c, IMAGE_NUMBER_BLOCKS);
	const uint8_t *states = image_at(c, IMAGE_NUMBERS);

	if (n != c->section[IMAGE_NUMBERS].count)
		return image_lies(c->error, "numbers: %" PRIu64 " blocks, states of %" PRIu64,
		                  n, c->section[IMAGE_NUMBERS].count);
	for (uint64_t i = 0; i < n; i++) {
		if (!prefix_good(&blocks[i]))
			return image_lies(c->error,
			                  "number blocks: row %" PRIu64 " is no beginning of a "
			                  "number",
			                  i);
		if (i > 0 && !in_order(&blocks[i - 1], &blocks[i]))
			return image_lies(c->error,
			                  "number blocks: row %" PRIu64 " is out of order", i);
		if (!states_good(states + i * IMAGE_NUMBER_OCTETS))
			return image_lies(c->error,
			                  "numbers: block %" PRIu64 " has a state that is none",
			                  i);
	}
	return check_plan(c);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "number_build.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_NUMBERS 1000000u

struct number {
	uint64_t value;
	unsigned digits;
};

/* False: not a number that a block can hold. */
static bool number_of(const struct sender_key *key, struct number *out)
{
	*out = (struct number){ .digits = key->octets[0] - (SENDER_KEY_NUMBER << 5) };
	if (out->digits < IMAGE_NUMBER_SHORTEST || out->digits > IMAGE_NUMBER_LONGEST ||
	    key->octets[1] >> 4 == 0)
		return false;
	for (unsigned i = 0; i < out->digits; i++) {
		const unsigned digit = key->octets[1 + i / 2] >> (i % 2 ? 0 : 4) & 15;

		if (digit > 9)
			return false;
		out->value = out->value * 10 + digit;
	}
	return true;
}

static uint64_t bcd_of(uint64_t value)
{
	uint64_t bcd = 0;

	for (unsigned shift = 0; value > 0; shift += 4, value /= 10)
		bcd |= value % 10 << shift;
	return bcd;
}

static bool is_before(const struct image_number_block *a, const struct image_number_block *b)
{
	return a->digits < b->digits || (a->digits == b->digits && a->prefix < b->prefix);
}

/* Where this block is, or would be. */
static uint32_t place_of(const struct number_build *b, const struct image_number_block *block)
{
	uint32_t low = 0, high = b->n;

	while (low < high) {
		const uint32_t middle = (low + high) / 2;

		if (is_before(&b->blocks[middle], block))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_there(const struct number_build *b, const struct image_number_block *block,
                     uint32_t at)
{
	return at < b->n && !is_before(block, &b->blocks[at]);
}

/* Make this block, of unknown numbers, unless it is there. */
static int make(struct number_build *b, const struct image_number_block *block)
{
	const uint32_t at = place_of(b, block);

	if (is_there(b, block, at))
		return 0;
	if (b->n == IMAGE_NUMBER_BLOCKS_MAX)
		return -E2BIG;
	uint8_t *states = calloc(1, IMAGE_NUMBER_OCTETS);
	if (states == NULL)
		return -ENOMEM;
	memmove(&b->blocks[at + 1], &b->blocks[at], (b->n - at) * sizeof(b->blocks[0]));
	memmove(&b->states[at + 1], &b->states[at], (b->n - at) * sizeof(b->states[0]));
	b->blocks[at] = *block;
	b->states[at] = states;
	b->n++;
	return 0;
}

static void put(uint8_t *states, uint32_t i, enum image_number_state state)
{
	const unsigned shift = i % 4 * 2;

	states[i / 4] = (uint8_t)((states[i / 4] & ~(3u << shift)) | (unsigned)state << shift);
}

/* Numbers first to last of a block: whole octets at once, the ends one by one. */
static void fill(uint8_t *states, uint32_t first, uint32_t last, enum image_number_state state)
{
	uint32_t end = last + 1;

	while (first < end && first % 4 != 0)
		put(states, first++, state);
	while (end > first && end % 4 != 0)
		put(states, --end, state);
	memset(states + first / 4, (int)state * 0x55, (end - first) / 4);
}

int number_build_range(struct number_build *b, const struct sender_key *first_key,
                       const struct sender_key *last_key, enum image_number_state state)
{
	struct number first, last;
	int failed = 0;

	if (!number_of(first_key, &first) || !number_of(last_key, &last) ||
	    first.digits != last.digits || first.value > last.value ||
	    state > IMAGE_NUMBER_UNASSIGNED)
		return -EINVAL;
	const uint64_t from = first.value / BLOCK_NUMBERS, to = last.value / BLOCK_NUMBERS;
	if (to - from >= IMAGE_NUMBER_BLOCKS_MAX)
		return -E2BIG;
	/* All are made before one is written: a failure leaves no state behind. */
	for (uint64_t i = from; i <= to && failed == 0; i++)
		failed = make(b, &(struct image_number_block){ .prefix = bcd_of(i),
		                                               .digits = first.digits });
	for (uint64_t i = from; i <= to && failed == 0; i++) {
		const struct image_number_block block = { .prefix = bcd_of(i),
			                                  .digits = first.digits };
		fill(b->states[place_of(b, &block)],
		     i == from ? (uint32_t)(first.value % BLOCK_NUMBERS) : 0,
		     i == to ? (uint32_t)(last.value % BLOCK_NUMBERS) : BLOCK_NUMBERS - 1,
		     state);
	}
	return failed;
}

void number_build_free(struct number_build *b)
{
	for (uint32_t i = 0; i < b->n; i++)
		free(b->states[i]);
	b->n = 0;
}

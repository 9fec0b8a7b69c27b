/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image: the input is a list of changes to the sample image, or an image. Checksums are
 * made right afterwards, so that the fuzzer gets past them; what still opens is used: every
 * look-up, and its rules judge messages in which the patterns matched that the input names.
 *
 * First octet: 0 = the rest is an image as it stands; 1 = the same with its checksums
 * made right; else changes of 5 octets each: place (24 bits, modulo the size), how (bits
 * 0-2 width and operation), value.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "image_reseal.h"
#include "match_state.h"
#include "sample_image.h"

enum { OPENED = 1, REFUSED = 2, JUDGED = 4 };
unsigned fuzz_reached;
const unsigned fuzz_wanted = OPENED | REFUSED | JUDGED;

/* One message a call: the hits of data, then what the rules say of them. */
static void judge(const struct image *im, const uint8_t *data, size_t size)
{
	const uint8_t first = size > 1 ? data[1] : 0;
	const struct match_input input = { .account_row = first % im->n_accounts,
		                           .seconds = SAMPLE_NOW,
		                           .share = first,
		                           .data_coding = first,
		                           .from_esme = first % 2 != 0 };
	struct match_state *state;
	struct match_result result;

	if (im->n_patterns == 0 || match_open(&state, im) != 0)
		return;
	match_begin(state);
	for (size_t i = 1; i < size && i < 64; i++)
		match_add(state, data[i] % im->n_patterns);
	match_end(state, &input, &result);
	bug_if(result.n_rules > im->n_rules || result.rule >= im->n_rules ||
	       result.heaviest >= im->n_rules);
	for (uint32_t i = 0; i < result.n_rules && i < MATCH_RULES_KEPT; i++)
		bug_if(result.rules[i] >= im->n_rules ||
		       (i != 0 && result.rules[i] <= result.rules[i - 1]));
	fuzz_reached |= result.n_rules != 0 ? JUDGED : 0u;
	match_close(state);
}

static void open_and_use(const uint8_t *octets, size_t size, const uint8_t *data, size_t n)
{
	char error[IMAGE_ERROR_SIZE];
	struct image im;

	if (image_open(&im, octets, size, error) != 0) {
		fuzz_reached |= REFUSED;
		bug_if(error[0] == '\0' || strnlen(error, sizeof(error)) == sizeof(error));
		return;
	}
	fuzz_reached |= OPENED;
	image_walk(&im);
	judge(&im, data, n);
	image_close(&im);
}

static void change(uint8_t *octets, size_t size, const uint8_t how[5])
{
	const size_t at = (how[0] | (size_t)how[1] << 8 | (size_t)how[2] << 16) % size;
	const unsigned width = 1u << (how[3] & 3);
	const uint64_t spread[] = { how[4], (uint64_t)(int64_t)(int8_t)how[4],
		                    (uint64_t)how[4] << (8 * (width - 1)),
		                    UINT64_C(1) << how[4] % 64 };
	uint64_t value;

	if (width > size - at)
		return;
	memcpy(&value, octets + at, width);
	if (how[3] & 4)
		value += spread[how[3] >> 3 & 3];
	else
		value = spread[how[3] >> 3 & 3];
	memcpy(octets + at, &value, width);
}

/* An aligned copy with nothing behind it. */
static uint8_t *copy_of(const void *octets, size_t size)
{
	uint8_t *copy =
		aligned_alloc(IMAGE_ALIGN, (size + IMAGE_ALIGN) & ~(size_t)(IMAGE_ALIGN - 1));

	bug_if(copy == NULL);
	memcpy(copy, octets, size);
	return copy;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t *sample;
	static size_t sample_size;

	if (sample == NULL)
		sample = sample_image(&sample_size);
	if (size == 0)
		return 0;
	const bool given = data[0] < 2;
	const size_t n = given ? size - 1 : sample_size;
	uint8_t *octets = copy_of(given ? data + 1 : sample, n);
	if (!given) {
		for (size_t at = 1; at + 5 <= size; at += 5)
			change(octets, n, data + at);
	}
	if (data[0] != 0)
		image_reseal(octets, n);
	open_and_use(octets, n, data, size);
	free(octets);
	return 0;
}

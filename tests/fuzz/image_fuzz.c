/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image: the input is a list of changes to the sample image, or an image. Checksums are
 * made right afterwards, so that the fuzzer gets past them; what still opens is used.
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
#include "sample_image.h"

enum { OPENED = 1, REFUSED = 2 };
unsigned fuzz_reached;
const unsigned fuzz_wanted = OPENED | REFUSED;

static void open_and_use(const uint8_t *octets, size_t size)
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
	open_and_use(octets, n);
	free(octets);
	return 0;
}

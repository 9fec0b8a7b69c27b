/* SPDX-License-Identifier: Apache-2.0 */
/* image_fixture: copies of the sample image that end at a guard page, and lies. */
#ifndef TEST_IMAGE_FIXTURE_H
#define TEST_IMAGE_FIXTURE_H
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdbool.h>
#include <sys/mman.h>

#include "image.h"
#include "image_reseal.h"
#include "sample_image.h"

static uint8_t *pristine; /* the sample */
static size_t pristine_size;
static uint8_t *work; /* ends at a page that nobody may touch */
static size_t room;   /* a multiple of IMAGE_ALIGN, so that an image can end there */

static inline int set_up(void **state)
{
	(void)state;
	pristine = sample_image(&pristine_size);
	const size_t pages = (pristine_size + 4095) / 4096 + 1;
	uint8_t *map = mmap(NULL, (pages + 1) * 4096, PROT_READ | PROT_WRITE,
	                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(map != MAP_FAILED);
	assert_int_equal(mprotect(map + pages * 4096, 4096, PROT_NONE), 0);
	work = map;
	room = pages * 4096;
	return 0;
}

static inline int tear_down(void **state)
{
	(void)state;
	free(pristine);
	munmap(work, room + 4096);
	return 0;
}

/* A fresh copy of the sample, or of its beginning, that ends at the guard page. size
 * must be a multiple of IMAGE_ALIGN for that; other sizes start aligned before it. */
static inline uint8_t *fresh(size_t size)
{
	uint8_t *at = work + ((room - size) & ~(size_t)(IMAGE_ALIGN - 1));

	memcpy(at, pristine, size);
	return at;
}

static inline struct image_section *directory(uint8_t *octets)
{
	return (void *)(octets + sizeof(struct image_header));
}

static inline struct image_section *section(uint8_t *octets, enum image_section_type type)
{
	struct image_section *s = directory(octets);

	while (s->type != type)
		s++;
	return s;
}

static inline void *rows(uint8_t *octets, enum image_section_type type)
{
	return octets + section(octets, type)->offset;
}

static inline int open_only(const uint8_t *octets, size_t size)
{
	char error[IMAGE_ERROR_SIZE];
	struct image im;

	memset(&im, 0xa5, sizeof(im));
	const int result = image_open(&im, octets, size, error);
	if (result == 0) {
		image_close(&im);
		return 0;
	}
	assert_true(strlen(error) > 0);
	for (size_t i = 0; i < sizeof(im); i++)
		assert_int_equal(((uint8_t *)&im)[i], 0xa5); /* untouched */
	return result;
}

/* The lie, told with right checksums, is refused with a sentence that says so. */
static inline void refused(uint8_t *octets, const char *sentence)
{
	char error[IMAGE_ERROR_SIZE];
	struct image im;

	image_reseal(octets, pristine_size);
	const int result = image_open(&im, octets, pristine_size, error);
	if (result == 0)
		fail_msg("accepted; expected: %s", sentence);
	assert_int_equal(result, -EBADMSG);
	if (strstr(error, sentence) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", error, sentence);
}

/* A lie told to a fresh copy, o. */
#define LIE(statement, sentence) \
	do { \
		uint8_t *o = fresh(pristine_size); \
		statement; \
		refused(o, sentence); \
	} while (0)

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guarded: what goes in and what comes out of a function of texts, each between guard pages.
 * Included once a program, behind cmocka.h; its setup makes both guards, as large as it needs.
 */
#ifndef TEST_GUARDED_H
#define TEST_GUARDED_H
#include <errno.h>
#include <string.h>

#include "guard.h"
#include "text.h"

static struct guard in_guard, out_guard;

/* Decode at both ends of the pages, with the least room the header asks. */
static inline int64_t decode(enum text_coding coding, const uint8_t *in, size_t len, size_t udh,
                             uint8_t *result)
{
	const size_t cap = TEXT_GROWTH * len;
	uint8_t *at_start = memcpy(guard_start(&in_guard), in, len);
	const int64_t n = text_decode(coding, at_start, len, udh, guard_start(&out_guard), cap);

	if (n > 0)
		memcpy(result, guard_start(&out_guard), (size_t)n);
	uint8_t *at_end = memcpy(guard_end(&in_guard, len), in, len),
		*out = guard_end(&out_guard, cap);
	assert_int_equal(text_decode(coding, at_end, len, udh, out, cap), n);
	if (n > 0)
		assert_memory_equal(out, result, (size_t)n);
	if (len > 0)
		assert_int_equal(text_decode(coding, at_end, len, udh, out, cap - 1), -ENOSPC);
	return n;
}

static int guards_free(void **state)
{
	(void)state;
	guard_free(&in_guard);
	guard_free(&out_guard);
	return 0;
}

#endif

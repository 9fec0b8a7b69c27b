/* SPDX-License-Identifier: Apache-2.0 */
#include "text_priv.h"

#include <errno.h>
#include <string.h>

#include "text_tables.h"

/* Four octets, of which as many count as are returned. */
static inline size_t put_word(uint32_t word, uint8_t *out)
{
	memcpy(out, &word, sizeof(word));
	return word >> CP949_COUNT & 3;
}

#if defined(__AVX512VBMI2__) && defined(__AVX512BW__) && !defined(TEXT_PLAIN)
#include "cp949_avx512.h"
#else
#include "cp949_plain.h"
#endif

int64_t text_cp949_pairs(const uint8_t *in, size_t len, uint8_t *out)
{
	return put_all(in, len, CP949_GOOD, out);
}

int64_t text_cp949_quiet(const uint8_t *in, size_t len, uint8_t *out)
{
	const int64_t n = put_all(in, len, CP949_QUIET, out);

	return n < 0 || text_utf8_valid(in, len) ? -EAGAIN : n;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "text.h"

/* TS 23.038 section 4 read bit by bit, as a twin of the table. */
static enum text_coding by_bits(unsigned dcs, enum text_coding alphabet)
{
	const unsigned group = dcs >> 4;

	if (group < 8 && (dcs & 0x20) != 0)
		return TEXT_UNKNOWN; /* compressed */
	if (group < 8) {
		const unsigned bits = dcs >> 2 & 3;
		return bits == 1 ? TEXT_BINARY : bits == 2 ? TEXT_UCS2 : alphabet;
	}
	if (group < 12) /* reserved but for KS C 5601 of Korean networks */
		return dcs == 0x84 ? TEXT_CP949 : TEXT_UNKNOWN;
	if (group == 15)
		return (dcs & 4) != 0 ? TEXT_BINARY : alphabet;
	return group == 14 ? TEXT_UCS2 : alphabet;
}

static void smpp_values(void **state)
{
	static const uint8_t expected[16] = {
		0,
		TEXT_ASCII,
		TEXT_BINARY,
		TEXT_LATIN1,
		TEXT_BINARY,
		TEXT_UNKNOWN,
		TEXT_CYRILLIC,
		TEXT_HEBREW,
		TEXT_UCS2,
		TEXT_UNKNOWN,
		TEXT_UNKNOWN,
		TEXT_UNKNOWN,
		TEXT_UNKNOWN,
		TEXT_UNKNOWN,
		TEXT_CP949,
		TEXT_UNKNOWN,
	};

	(void)state;
	assert_int_equal(text_coding(0, TEXT_UTF8), TEXT_UTF8);
	for (unsigned i = 1; i < 16; i++)
		assert_int_equal(text_coding((uint8_t)i, TEXT_GSM7), expected[i]);
}

static void gsm_groups(void **state)
{
	(void)state;
	for (unsigned alphabet = TEXT_GSM7; alphabet < TEXT_CODINGS; alphabet++)
		for (unsigned dcs = 0x10; dcs < 0x100; dcs++)
			assert_int_equal(text_coding((uint8_t)dcs, (enum text_coding)alphabet),
			                 by_bits(dcs, (enum text_coding)alphabet));
}

/* What a mask of the low four bits gets wrong. */
static void not_a_mask(void **state)
{
	(void)state;
	assert_int_not_equal(text_coding(0x1E, TEXT_GSM7), TEXT_CP949);
	assert_int_not_equal(text_coding(0xFE, TEXT_GSM7), TEXT_CP949);
	assert_int_equal(text_coding(0xF5, TEXT_GSM7), TEXT_BINARY);
	assert_int_equal(text_coding(0xC8, TEXT_GSM7), TEXT_GSM7);
	assert_int_equal(text_coding(0x18, TEXT_GSM7), TEXT_UCS2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(smpp_values),
		cmocka_unit_test(gsm_groups),
		cmocka_unit_test(not_a_mask),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

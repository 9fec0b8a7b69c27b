/* SPDX-License-Identifier: Apache-2.0 */
/* Elements of a user data header in any order, repeated, cut short, of other widths. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "udh.h"

#define UDH(...) ((const uint8_t[]){ __VA_ARGS__ }), sizeof((const uint8_t[]){ __VA_ARGS__ })

static void expect(const uint8_t *udh, size_t len, unsigned reference, unsigned total,
                   unsigned part, unsigned width)
{
	struct smpp_udh out;
	uint8_t *exact = malloc(len + 1); /* its own block: a read beyond is seen by ASan */

	memcpy(exact, udh, len);
	smpp_udh_read(&out, (struct view){ exact, (uint32_t)len });
	free(exact);
	assert_int_equal(out.concat.reference, reference);
	assert_int_equal(out.concat.total, total);
	assert_int_equal(out.concat.part, part);
	assert_int_equal(out.concat.width, width);
}

static void concatenation(void **state)
{
	(void)state;
	expect(UDH(0x00, 3, 0x2A, 3, 2), 0x2A, 3, 2, 8);
	expect(UDH(0x08, 4, 0x12, 0x34, 3, 1), 0x1234, 3, 1, 16);
	expect(UDH(0x05, 4, 0, 1, 0, 2, 0x00, 3, 0, 2, 2), 0, 2, 2, 8); /* behind ports */
	expect(UDH(0x00, 3, 9, 2, 1, 0x70, 0, 0x25, 1, 6), 9, 2, 1, 8);
	expect(UDH(0x00, 3, 1, 2, 1, 0x08, 4, 0, 7, 3, 3), 7, 3, 3, 16); /* last one counts */
	expect(UDH(0x00, 3, 1, 2, 2, 0x00, 3, 1, 2, 3), 1, 2, 2, 8);     /* 3 of 2: ignored */
}

static void no_concatenation(void **state)
{
	(void)state;
	expect(UDH(0x00, 3, 1, 2, 0), 0, 0, 0, 0); /* part 0 */
	expect(UDH(0x00, 3, 1, 0, 0), 0, 0, 0, 0);
	expect(UDH(0x08, 3, 1, 2, 1), 0, 0, 0, 0);
	expect(UDH(0x00, 3, 1, 2), 0, 0, 0, 0); /* overruns */
	expect(UDH(0x70, 9, 0x00, 3, 1, 2, 1), 0, 0, 0, 0);
	expect(UDH(0x00), 0, 0, 0, 0);
}

static void languages(void **state)
{
	struct smpp_udh out;
	static const uint8_t udh[] = { 0x25, 1, 3, 0x00, 3, 7, 2, 1, 0x24, 1, 1 };

	(void)state;
	smpp_udh_read(&out, (struct view){ udh, sizeof(udh) });
	assert_int_equal(out.locking_shift, 3);
	assert_int_equal(out.single_shift, 1);
	assert_int_equal(out.concat.total, 2);
}

/* SAR parameters, and both. */
static void sar(void **state)
{
	static const uint8_t tlvs[] = { 0x02, 0x0C, 0, 2, 0x12, 0x34, 0x02, 0x0E,
		                        0,    1,    3, 2, 0x0F, 0,    1,    2 };
	static const uint8_t udh[] = { 0x00, 3, 1, 2, 1 };
	struct smpp_message m = { .has_sar = true, .tlvs = { tlvs, sizeof(tlvs) } };
	struct smpp_concat c;

	(void)state;
	assert_int_equal(smpp_concat_of(&c, &m), 0);
	assert_int_equal(c.reference, 0x1234);
	assert_int_equal(c.total, 3);
	assert_int_equal(c.part, 2);
	assert_int_equal(c.width, 0);
	m.payload.udh = (struct view){ udh, sizeof(udh) };
	assert_int_equal(smpp_concat_of(&c, &m), SMPP_RINVOPTPARAMVAL);
	m.tlvs.len = 6; /* the reference alone says nothing */
	assert_int_equal(smpp_concat_of(&c, &m), 0);
	assert_int_equal(c.width, 8);
}

/* Of other lengths: node-smpp reads the first octets of 02 01 as 2, Kannel 513, of which it
 * writes the last eight bits, 1, into the header. */
static void sar_of_other_lengths(void **state)
{
	static const struct {
		uint8_t len, tlvs[18];
	} rows[] = {
		{ 17, { 2, 0x0C, 0, 2, 0, 7, 2, 0x0E, 0, 2, 1, 2, 2, 0x0F, 0, 1, 1 } },
		{ 17, { 2, 0x0C, 0, 2, 0, 7, 2, 0x0E, 0, 1, 2, 2, 0x0F, 0, 2, 1, 1 } },
		{ 18, { 2, 0x0C, 0, 4, 0, 7, 0, 1, 2, 0x0E, 0, 1, 2, 2, 0x0F, 0, 1, 1 } },
		{ 15, { 2, 0x0C, 0, 1, 7, 2, 0x0E, 0, 1, 2, 2, 0x0F, 0, 1, 1 } },
		{ 14, { 2, 0x0C, 0, 0, 2, 0x0E, 0, 1, 2, 2, 0x0F, 0, 1, 1 } },
		{ 15, { 2, 0x0C, 0, 2, 0, 7, 2, 0x0E, 0, 0, 2, 0x0F, 0, 1, 1 } },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct smpp_message m = { .has_sar = true,
			                        .tlvs = { rows[i].tlvs, rows[i].len } };
		struct smpp_concat c;
		assert_int_equal(smpp_concat_of(&c, &m), SMPP_RINVPARLEN);
	}
}

/* Without a reference: receivers that know no "absent" take 0 for it. */
static void sar_without_reference(void **state)
{
	static const uint8_t tlvs[] = { 2, 0x0E, 0, 1, 3, 2, 0x0F, 0, 1, 2 };
	const struct smpp_message m = { .has_sar = true, .tlvs = { tlvs, sizeof(tlvs) } };
	struct smpp_concat c;

	(void)state;
	assert_int_equal(smpp_concat_of(&c, &m), 0);
	assert_int_equal(c.reference, 0);
	assert_int_equal(c.total, 3);
	assert_int_equal(c.part, 2);
}

/* A header that makes it two parts. */
static void disputed(void **state)
{
	static const uint8_t rows[][10] = {
		{ 0x00, 3, 9, 2, 1, 0x00, 3, 7, 2, 1 }, /* of another message */
		{ 0x00, 3, 9, 2, 1, 0x00, 3, 9, 2, 2 }, /* another place */
		{ 0x00, 3, 9, 2, 1, 0x00, 3, 9, 2, 1 }, /* the same */
		{ 0x00, 3, 9, 2, 1, 0x00, 3, 9, 2, 0 }, /* the second says nothing */
	};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		const struct smpp_message m = { .short_message.udh = { rows[i], 10 } };
		struct smpp_concat c;
		assert_int_equal(smpp_concat_of(&c, &m), i < 2 ? SMPP_RINVESMCLASS : SMPP_ROK);
	}
}

/* One of them twice: a receiver may obey the first or the last. */
static void sar_twice(void **state)
{
	static const uint8_t tlvs[] = {
		0x02, 0x0C, 0, 2, 0x12, 0x34, 0x02, 0x0E, 0, 1, 3, 0x02, 0x0F, 0, 1, 2,
	};
	static const uint8_t more[][6] = {
		{ 0x02, 0x0C, 0, 2, 0x12, 0x35 }, { 0x02, 0x0E, 0, 1, 4 },
		{ 0x02, 0x0F, 0, 1, 1 },          { 0x14, 0x00, 0, 1, 1 },
		{ 0x02, 0x0C, 0, 2, 0, 9 },
	};

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		const uint32_t n = 4u + more[i][3];
		for (unsigned first = 0; first < 2; first++) { /* it stands first, or last */
			uint8_t both[sizeof(tlvs) + 6];
			memcpy(both + (first ? 0 : sizeof(tlvs)), more[i], n);
			memcpy(both + (first ? n : 0), tlvs, sizeof(tlvs));
			const struct smpp_message m = { .has_sar = true,
				                        .tlvs = { both, sizeof(tlvs) + n } };
			struct smpp_concat c;
			assert_int_equal(smpp_concat_of(&c, &m),
			                 i == 3 ? SMPP_ROK : SMPP_RINVOPTPARSTREAM);
		}
	}
}

/* Elements that are not as long as they should be: Android's parser reads the octets that
 * should be there, and the next element behind them. */
static void other_lengths(void **state)
{
	static const struct {
		uint8_t len, udh[10];
	} rows[] = {
		{ 5, { 0x00, 2, 9, 2, 1 } },
		{ 5, { 0x00, 9, 9, 2, 1 } },
		{ 4, { 0x00, 3, 9, 2 } },
		{ 10, { 0x00, 8, 9, 2, 1, 0x00, 3, 7, 2, 1 } },
		{ 8, { 0x08, 6, 0, 9, 2, 1, 0x70, 0 } },
		{ 8, { 0x24, 6, 1, 0x00, 3, 7, 2, 1 } },
		{ 8, { 0x25, 6, 1, 0x00, 3, 7, 2, 1 } },
		{ 9, { 0x01, 7, 0, 1, 0x00, 3, 7, 2, 1 } },
		{ 9, { 0x04, 7, 1, 2, 0x00, 3, 7, 2, 1 } },
		{ 9, { 0x05, 0, 0, 3, 0, 7, 2, 1, 0 } },
		/* Of any length: nobody reads but what it says. */
		{ 9, { 0x70, 7, 0, 1, 0x00, 3, 7, 2, 1 } },
		{ 4, { 0x70, 9, 0, 1 } },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct smpp_message m = {
			.payload.udh = { rows[i].udh, rows[i].len },
		};
		struct smpp_concat c;
		assert_int_equal(smpp_concat_of(&c, &m),
		                 rows[i].udh[0] == 0x70 ? SMPP_ROK : SMPP_RINVESMCLASS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(concatenation),
		cmocka_unit_test(no_concatenation),
		cmocka_unit_test(languages),
		cmocka_unit_test(sar),
		cmocka_unit_test(sar_twice),
		cmocka_unit_test(sar_of_other_lengths),
		cmocka_unit_test(sar_without_reference),
		cmocka_unit_test(disputed),
		cmocka_unit_test(other_lengths),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

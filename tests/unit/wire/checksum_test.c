/* SPDX-License-Identifier: Apache-2.0 */
/* checksum: against RFC 1071 octet by octet, at every length and alignment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "packet.h"
#include "packet_build.h"

#define LEN_MAX 1600u

/* The twin's words are big endian, ours as loaded. */
static uint16_t naive(const uint8_t *p, uint32_t len)
{
	return htons((uint16_t)twin_sum(p, len));
}

static void same_sum(uint32_t a, uint32_t b) { assert_int_equal(a % 0xffff, b % 0xffff); }

/* Every length, ending at the guard page; every phase of an 8-octet word. */
static void test_lengths(void **state)
{
	uint8_t *space = guard_space(), *end = space + GUARD_SPACE;

	(void)state;
	build_octets(space, GUARD_SPACE);
	for (uint32_t len = 0; len <= LEN_MAX; len++) {
		for (uint32_t back = 0; back < 8; back++) {
			const uint8_t *p = end - back - len;
			same_sum(checksum_fold(checksum_add(p, len, 0)), naive(p, len));
		}
	}
}

/* Octets where carries ripple through everything, and a sum that came along. */
static void test_carries(void **state)
{
	static const uint8_t fills[4] = { 0x00, 0xff, 0x80, 0x01 };
	static uint8_t octets[70000];
	const uint32_t sums[5] = { 0, 1, 0xffff, 0xffff0000, UINT32_MAX };

	(void)state;
	for (unsigned f = 0; f < 4; f++) {
		memset(octets, fills[f], sizeof(octets));
		for (uint32_t len = 0; len < sizeof(octets); len += 1 + len / 3) {
			for (unsigned s = 0; s < 5; s++) {
				const uint32_t sum = checksum_add(octets, len, sums[s]);
				same_sum(checksum_fold(sum),
				         naive(octets, len) + (uint32_t)(sums[s] % 0xffff));
				assert_true(sum < 1u << 18);
			}
		}
	}
	/* Zero only for zeros: a checksum of 0xffff would be another one's 0. */
	memset(octets, 0, 100);
	assert_int_equal(checksum_fold(checksum_add(octets, 100, 0)), 0);
	octets[99] = 1;
	assert_int_not_equal(checksum_fold(checksum_add(octets, 100, 0)), 0);
}

static void test_pseudo(void **state)
{
	uint8_t ip[40], v4[12] = { 0 }, v6[40] = { 0 };

	(void)state;
	for (uint32_t len = 20; len < 65536; len += 97) {
		build_octets(ip, sizeof(ip));
		memcpy(v4, ip + 12, 8);
		v4[9] = 6;
		build_store16(v4 + 10, len);
		same_sum(checksum_fold(checksum_pseudo(ip, 4, len)), naive(v4, 12));
		memcpy(v6, ip + 8, 32);
		build_store16(v6 + 34, len);
		v6[39] = 6;
		same_sum(checksum_fold(checksum_pseudo(ip, 6, len)), naive(v6, 40));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_carries),
		cmocka_unit_test(test_pseudo),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sound PDUs of every kind with octets changed, cut and moved, between guard pages:
 * nothing is read outside, every view is inside, and where the octets lie makes no
 * difference.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "decode.h"
#include "seed_pdus.h"

static uint32_t random_state = 7;

static unsigned roll(unsigned below)
{
	random_state = random_state * 1664525 + 1013904223;
	return (random_state >> 8) % below;
}

static void decode_twice(const struct pdu *p)
{
	struct smpp_message m;
	const uint32_t status = decode(&m, p);
	const struct view text = m.short_message.octets;

	const uint8_t *at = guard_start(p->octets, p->len);
	assert_int_equal(smpp_decode(&m, at, p->len), status);
	check_message(&m, status, at, p->len);
	assert_int_equal(m.short_message.octets.len, text.len);
}

static void seeds_are_sound(void **state)
{
	static struct pdu p;
	unsigned kinds = 0;

	(void)state;
	for (unsigned s = 0; seed_pdu(&p, s); s++) {
		struct smpp_message m;
		assert_int_equal(decode(&m, &p), SMPP_ROK);
		kinds |= 1u << m.kind;
	}
	assert_int_equal(kinds, (1u << (SMPP_KIND_RESPONSE + 1)) - 1);
}

static void every_bit(void **state)
{
	static struct pdu p;

	(void)state;
	for (unsigned s = 0; seed_pdu(&p, s); s++)
		for (size_t i = 4; i < p.len; i++)
			for (unsigned bit = 0; bit < 8; bit++) {
				p.octets[i] ^= (uint8_t)(1u << bit);
				decode_twice(&p);
				p.octets[i] ^= (uint8_t)(1u << bit);
			}
}

static void every_length(void **state)
{
	static struct pdu p;

	(void)state;
	for (unsigned s = 0; seed_pdu(&p, s); s++)
		for (size_t n = SMPP_HEADER_SIZE; n < p.len; n++) {
			static struct pdu cut;
			cut.len = n;
			memcpy(cut.octets, p.octets, n);
			pdu_seal(&cut);
			decode_twice(&cut);
		}
}

/* Take a piece out, put one in, or overwrite octets with telling values. */
static void mutate(struct pdu *p)
{
	static const uint8_t telling[] = { 0, 1, 4, 0x24, 0x7F, 0x80, 0xFE, 0xFF };
	const size_t at = SMPP_HEADER_SIZE + roll((unsigned)(p->len - SMPP_HEADER_SIZE) + 1);
	const size_t after = p->len - at, n = roll(9);

	if (roll(3) == 0 && after >= n) {
		memmove(p->octets + at, p->octets + at + n, after - n);
		p->len -= n;
	} else if (roll(2) == 0) {
		memmove(p->octets + at + n, p->octets + at, after);
		p->len += n;
	}
	for (size_t i = at; i < p->len && i < at + n; i++)
		p->octets[i] = telling[roll(sizeof(telling))];
	pdu_seal(p);
}

static void random_mutations(void **state)
{
	static struct pdu p;

	(void)state;
	for (unsigned round = 0; round < 300; round++)
		for (unsigned s = 0; seed_pdu(&p, s); s++) {
			if (p.len > GUARD_PAGE)
				continue; /* its copies would take the time of all others */
			for (unsigned n = 1 + roll(6); n > 0; n--) {
				mutate(&p);
				decode_twice(&p);
			}
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seeds_are_sound),
		cmocka_unit_test(every_bit),
		cmocka_unit_test(every_length),
		cmocka_unit_test(random_mutations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A second submit_sm decoder, written for plainness with indexes into an array,
 * must agree with the real one on random PDUs: sound ones, cut ones, odd ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "decode.h"

struct twin {
	uint32_t status;
	int source, source_len, destination, destination_len; /* offsets; -1 = none */
	int esm_class, data_coding;
	int text, text_len, payload, payload_len;
};

static uint32_t random_state;

static unsigned roll(unsigned below)
{
	random_state = random_state * 1664525 + 1013904223;
	return (random_state >> 8) % below;
}

/* The end of the string at i, or -1: no NUL within max octets or within the PDU. */
static int string_end(const uint8_t *pdu, int len, int i, int max)
{
	for (int n = 0; n < max && i + n < len; n++)
		if (pdu[i + n] == 0)
			return i + n;
	return -1;
}

static uint32_t string_status(int len, int i, int max, uint32_t too_long)
{
	return len - i < max ? SMPP_RINVCMDLEN : too_long;
}

/* The TLVs from i on. */
static uint32_t twin_tlvs(struct twin *t, const uint8_t *pdu, int len, int i)
{
	uint32_t status = 0;

	while (len - i >= 4) {
		const int tag = pdu[i] * 256 + pdu[i + 1];
		const int size = pdu[i + 2] * 256 + pdu[i + 3];
		if (i + 4 + size > len)
			return status ? status : SMPP_RINVOPTPARSTREAM;
		if (tag == 0x0424 && t->payload >= 0)
			status = SMPP_RINVOPTPARSTREAM;
		if (tag == 0x0424 && t->payload < 0) {
			t->payload = i + 4;
			t->payload_len = size;
		}
		i += 4 + size;
	}
	return status;
}

static uint32_t twin_header(struct twin *t, const uint8_t *pdu)
{
	if (t->esm_class % 128 < 64 || (t->text_len == 0 && t->payload_len == 0))
		return 0;
	const int fits = t->text_len > 0 && pdu[t->text] + 1 <= t->text_len;
	const int payload_fits = t->payload_len > 0 && pdu[t->payload] + 1 <= t->payload_len;
	if (fits == payload_fits)
		return SMPP_RINVESMCLASS;
	int *at = fits ? &t->text : &t->payload;
	int *size = fits ? &t->text_len : &t->payload_len;
	const int header = pdu[*at] + 1;
	*at += header;
	*size -= header;
	return 0;
}

/* A fixed field of n octets at *i: false when the PDU ends before it does. */
static int fixed(int len, int *i, int n)
{
	*i += n;
	return *i <= len;
}

static uint32_t twin_decode(struct twin *t, const uint8_t *pdu, int len)
{
	static const struct {
		int before, max;
		uint32_t too_long;
	} strings[] = {
		{ 0, 6, SMPP_RINVSERTYP },  { 2, 21, SMPP_RINVSRCADR },
		{ 2, 21, SMPP_RINVDSTADR }, { 3, 17, SMPP_RINVSCHED },
		{ 0, 17, SMPP_RINVEXPIRY },
	};
	int i = 16;

	*t = (struct twin){ .source = -1, .destination = -1, .text = -1, .payload = -1 };
	for (int s = 0; s < 5; s++) {
		if (s == 3 && i < len)
			t->esm_class = pdu[i];
		if (!fixed(len, &i, strings[s].before))
			return SMPP_RINVCMDLEN;
		const int end = string_end(pdu, len, i, strings[s].max);
		if (end < 0)
			return string_status(len, i, strings[s].max, strings[s].too_long);
		if (s == 1) {
			t->source = i;
			t->source_len = end - i;
		}
		if (s == 2) {
			t->destination = i;
			t->destination_len = end - i;
		}
		i = end + 1;
	}
	if (i + 2 < len)
		t->data_coding = pdu[i + 2];
	if (!fixed(len, &i, 5))
		return SMPP_RINVCMDLEN;
	const int size = pdu[i - 1];
	if (i + size > len)
		return SMPP_RINVMSGLEN;
	t->text = i;
	t->text_len = size;
	const uint32_t status = twin_tlvs(t, pdu, len, i + size);
	return status ? status : twin_header(t, pdu);
}

static void random_string(struct pdu *p, unsigned max)
{
	const unsigned bound = roll(4) == 0 ? max + 2 : max;
	const unsigned n = roll(3) == 0 ? 0 : roll(bound);

	for (unsigned i = 0; i < n; i++)
		pdu_u8(p, 1 + roll(255));
	pdu_u8(p, 0);
}

static void random_tlvs(struct pdu *p)
{
	uint8_t value[64];

	for (unsigned n = roll(4); n > 0; n--) {
		const unsigned tag = roll(3) == 0 ? 0x0424 : roll(0x10000);
		const unsigned size = roll(40);
		for (unsigned i = 0; i < size; i++)
			value[i] = (uint8_t)roll(roll(2) ? 8 : 256);
		pdu_tlv(p, tag, value, size);
	}
}

static void random_submit(struct pdu *p)
{
	uint8_t text[255];
	const unsigned size = roll(3) == 0 ? 0 : roll(roll(2) ? 20 : 256);

	for (unsigned i = 0; i < size; i++)
		text[i] = (uint8_t)roll(roll(2) ? 12 : 256);
	pdu_header(p, SMPP_SUBMIT_SM, 0, random_state);
	random_string(p, 6);
	pdu_u16(p, roll(0x10000));
	random_string(p, 21);
	pdu_u16(p, roll(0x10000));
	random_string(p, 21);
	pdu_u8(p, roll(256));
	pdu_u16(p, roll(0x10000));
	random_string(p, 17);
	random_string(p, 17);
	pdu_u32(p, random_state);
	pdu_u8(p, size);
	pdu_octets(p, text, size);
	random_tlvs(p);
	if (roll(4) == 0)
		p->len = SMPP_HEADER_SIZE + roll((unsigned)p->len - SMPP_HEADER_SIZE + 1);
	for (unsigned n = roll(8) == 0 ? roll(6) : 0; n > 0; n--)
		pdu_u8(p, roll(256));
	pdu_seal(p);
}

static void assert_same(struct view v, const uint8_t *pdu, int offset, int len)
{
	if (offset < 0) {
		assert_null(v.data);
		return;
	}
	assert_ptr_equal(v.data, pdu + offset);
	assert_int_equal(v.len, len);
}

static void twins_agree(void **state)
{
	static struct pdu p;
	unsigned sound = 0, headers = 0;

	(void)state;
	random_state = 20240601;
	for (unsigned round = 0; round < 200000; round++) {
		struct smpp_message m;
		struct twin t;

		random_submit(&p);
		const uint32_t status = decode(&m, &p);
		const uint8_t *pdu = guard_end(p.octets, p.len);
		assert_int_equal(twin_decode(&t, pdu, (int)p.len), status);
		assert_same(m.source.digits, pdu, t.source, t.source_len);
		assert_same(m.destination.digits, pdu, t.destination, t.destination_len);
		assert_same(m.short_message.octets, pdu, t.text, t.text_len);
		assert_same(m.payload.octets, pdu, t.payload, t.payload_len);
		assert_int_equal(m.esm_class, t.esm_class);
		assert_int_equal(m.data_coding, t.data_coding);
		sound += status == SMPP_ROK;
		headers += m.short_message.udh.data != NULL || m.payload.udh.data != NULL;
	}
	/* Random PDUs that all failed at the first field would prove little. */
	assert_in_range(sound, 20000, 180000);
	assert_in_range(headers, 2000, 180000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(twins_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "pdu.h"

const struct pdu_sender pdu_senders[] = {
	{ "0215881000", SENDER_GOOD }, { "01012345678", SENDER_GOOD },
	{ "15881588", SENDER_GOOD },   { "0269696969", SENDER_BAD },
	{ "01099998888", SENDER_BAD }, { "0314445555", SENDER_CHANGES },
};
const unsigned pdu_senders_n = sizeof(pdu_senders) / sizeof(pdu_senders[0]);

void pdu_header(uint8_t *at, uint32_t len, uint32_t id, uint32_t status, uint32_t sequence)
{
	put32(at, len);
	put32(at + 4, id);
	put32(at + 8, status);
	put32(at + 12, sequence);
}

static void put_string(struct octets *o, const char *s)
{
	octets_append(o, s, (uint32_t)strlen(s) + 1);
}

void pdu_bind(struct octets *o, uint32_t id, uint32_t sequence, enum pdu_account account)
{
	const uint32_t at = o->len;

	octets_extend(o, 16);
	put_string(o, account == PDU_CLIENT ? PDU_SYSTEM_ID : PDU_SUSPENDED_ID);
	put_string(o, "secret");
	octets_append(o, "\0\x34\0\0\0", 5); /* system_type, version, TON, NPI, range */
	pdu_header(o->at + at, o->len - at, id, 0, sequence);
}

enum pdu_account pdu_account_of(const uint8_t *bind)
{
	return strcmp((const char *)bind + 16, PDU_SYSTEM_ID) == 0 ? PDU_CLIENT : PDU_SUSPENDED;
}

static void put_text(struct octets *o, struct random *r, const struct pdu_text *t)
{
	uint8_t *at = octets_extend(o, t->len);

	for (uint32_t i = 0; i < t->len; i++) /* capitals: never the word by chance */
		at[i] = (uint8_t)('A' + (i * 7 + t->len) % 26);
	if (t->len != 0)
		at[random_below(r, t->len)] = ' ';
	if (t->word != NULL)
		memcpy(at + random_below(r, t->len - (uint32_t)strlen(t->word) + 1), t->word,
		       strlen(t->word));
}

void pdu_message(struct octets *o, struct random *r, uint32_t id, uint32_t sequence,
                 const char *sender, const struct pdu_text *t)
{
	const uint32_t at = o->len;

	octets_extend(o, 16);
	put_string(o, "");
	octets_append(o, "\x02\x01", 2);
	put_string(o, sender);
	octets_append(o, "\x01\x01", 2);
	put_string(o, "821055556666");
	/* esm_class, protocol, priority, schedule, validity, receipt, replace, coding, id */
	octets_append(o, "\0\0\0\0\0\0\0\x01\0", 9);
	if (t->payload) {
		uint8_t head[5] = { 0, 0x04, 0x24 };
		put16(head + 3, t->len);
		octets_append(o, head, 5);
	} else {
		*octets_extend(o, 1) = (uint8_t)(t->broken ? t->len + 1 : t->len);
	}
	put_text(o, r, t);
	pdu_header(o->at + at, o->len - at, id, 0, sequence);
}

void pdu_any(struct octets *o, struct random *r, uint32_t id, uint32_t status,
             uint32_t sequence, uint32_t n)
{
	uint8_t *at = octets_extend(o, 16 + n);

	pdu_header(at, 16 + n, id, status, sequence);
	random_fill(r, at + 16, n);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Concatenated messages through all stages: a word over several parts is found, whatever the
 * order, the session, the header or the coding. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "concat_world.h"

static void split_word(void **state)
{
	(void)state;
	begin();
	assert_int_equal(send(1, 2, 1, "win at the cas", 14, 0), REASON_PASS);
	assert_int_equal(send(1, 2, 2, "ino now", 7, 0), REASON_CONTENT_RULE);
	/* any order */
	assert_int_equal(send(2, 3, 3, "o now", 5, 0), REASON_PASS);
	assert_int_equal(send(2, 3, 1, "the ca", 6, 0), REASON_PASS);
	assert_int_equal(send(2, 3, 2, "sin", 3, 0), REASON_CONTENT_RULE);
	/* what is not there is not joined over */
	assert_int_equal(send(3, 3, 1, "cas", 3, 0), REASON_PASS);
	assert_int_equal(send(3, 3, 3, "ino", 3, 0), REASON_PASS);
	/* other messages, other totals */
	assert_int_equal(send(4, 2, 1, "cas", 3, 0), REASON_PASS);
	assert_int_equal(send(5, 2, 2, "ino", 3, 0), REASON_PASS);
	assert_int_equal(send(4, 3, 2, "ino", 3, 0), REASON_PASS);
	assert_int_equal(w.context.parts_seen, 10);
	end();
}

static void sticky(void **state)
{
	(void)state;
	begin();
	assert_int_equal(send(1, 3, 1, "casino", 6, 0), REASON_CONTENT_RULE);
	assert_int_equal(send(1, 3, 3, "clean", 5, 0), REASON_CONTENT_RULE);
	assert_int_equal(w.vector->messages[0].rule, 100);
	assert_int_equal(w.vector->messages[0].concat_refused, 1);
	assert_int_equal(w.context.parts_sticky, 1);
	/* not for the one that was refused for it */
	assert_int_equal(send(1, 3, 2, "clean", 5, 0), REASON_CONTENT_RULE);
	assert_int_equal(w.vector->messages[0].concat_refused, 1);
	assert_int_equal(send(7, 2, 2, "casino", 6, 0), REASON_CONTENT_RULE);
	assert_int_equal(w.vector->messages[0].concat_refused, 0);
	assert_int_equal(send(2, 3, 3, "clean", 5, 0), REASON_PASS);
	/* until it expires */
	w.context.clock_s += PARTS_LIFE_S;
	assert_int_equal(send(1, 3, 3, "clean", 5, 0), REASON_PASS);
	end();
}

/* What is discarded is discarded to its end: an answer other than success to a later part would
 * tell the sender what became of the first. */
static void discarded(void **state)
{
	static const char *const texts[] = {
		"jackpot now", "the parcel that you wait for comes between nine and ten"
	};
	const struct screen_message *m;

	(void)state;
	begin();
	m = &w.vector->messages[0];
	for (uint8_t i = 0; i < 2; i++) {
		for (uint8_t part = 1; part <= 3; part++) {
			const char *text = part == 1 ? texts[i] : "clean";
			assert_int_equal(send(i, 3, part, text, strlen(text), 0),
			                 i == 0 ? REASON_CONTENT_RULE : REASON_CAMPAIGN);
			assert_true(m->discard);
			assert_int_equal(m->command_status, SMPP_ROK);
		}
	}
	assert_int_equal(w.context.parts_sticky, 4);
	/* a refusal is none */
	assert_int_equal(send(9, 2, 1, "casino", 6, 0), REASON_CONTENT_RULE);
	assert_int_equal(send(9, 2, 2, "clean", 5, 0), REASON_CONTENT_RULE);
	assert_false(m->discard);
	assert_int_equal(m->command_status, SMPP_RSUBMITFAIL);
	end();
}

/* A whole message leaves nothing: its reference may come again. */
static void forgotten_when_whole(void **state)
{
	(void)state;
	begin();
	assert_int_equal(send(1, 2, 1, "cas", 3, 0), REASON_PASS);
	assert_int_equal(send(1, 2, 2, "tle", 3, 0), REASON_PASS);
	assert_int_equal(send(1, 2, 2, "ino", 3, 0), REASON_PASS);
	end();
}

static void expired(void **state)
{
	(void)state;
	begin();
	assert_int_equal(send(1, 2, 1, "cas", 3, 0), REASON_PASS);
	w.context.clock_s += PARTS_LIFE_S;
	assert_int_equal(send(1, 2, 2, "ino", 3, 0), REASON_PASS);
	/* not by a jump of the wall clock */
	assert_int_equal(send(2, 2, 1, "cas", 3, 0), REASON_PASS);
	w.context.seconds += PARTS_LIFE_S;
	assert_int_equal(send(2, 2, 2, "ino", 3, 0), REASON_CONTENT_RULE);
	end();
}

/* Another account's part with the same reference is another message. */
static void by_account(void **state)
{
	static const uint8_t second[] = { 5, 0x00, 3, 1, 2, 2, 'i', 'n', 'o' };

	(void)state;
	begin();
	assert_int_equal(send(1, 2, 1, "cas", 3, 0), REASON_PASS);
	assert_int_not_equal(judge("other", &(struct submit){ .esm_class = UDHI,
	                                                      .text = second,
	                                                      .text_len = sizeof(second) }),
	                     REASON_CONTENT_RULE);
	assert_int_equal(judge("acme", &(struct submit){ .esm_class = UDHI,
	                                                 .text = second,
	                                                 .text_len = sizeof(second) }),
	                 REASON_CONTENT_RULE);
	end();
}

/* 대출 in UTF-16, cut inside a character, and a surrogate pair cut in two. */
static void split_characters(void **state)
{
	static const uint8_t loan[] = { 0xB3, 0x00, 0xCD, 0x9C };
	static const uint8_t emoji[] = { 0xD8, 0x3D, 0xDE, 0x00 };

	(void)state;
	begin();
	assert_int_equal(send(1, 2, 1, loan, 1, 8), REASON_PASS);
	assert_int_equal(send(1, 2, 2, loan + 1, 3, 8), REASON_CONTENT_RULE);
	assert_int_equal(send(2, 2, 2, loan + 3, 1, 8), REASON_PASS);
	assert_int_equal(send(2, 2, 1, loan, 3, 8), REASON_CONTENT_RULE);
	assert_int_equal(send(3, 2, 1, emoji, 2, 8), REASON_PASS);
	assert_int_equal(send(3, 2, 2, emoji + 2, 2, 8), REASON_PASS);
	/* CP949: 대 is B4 EB, 출 is C3 E2 */
	assert_int_equal(send(4, 2, 1, "\xB4\xEB\xC3", 3, 0x0E), REASON_PASS);
	assert_int_equal(send(4, 2, 2, "\xE2", 1, 0x0E), REASON_CONTENT_RULE);
	end();
}

/* 대출 in CP949 where Latin-1 is announced, cut in a character: a second reading of the whole.
 * Alone the last octet is nothing, and between other parts there is nothing to read. */
static void second_coding(void **state)
{
	static const uint8_t loan[] = { 0xB4, 0xEB, 0xC3, 0xE2 };

	(void)state;
	begin();
	assert_int_equal(send(1, 2, 1, loan, 3, 3), REASON_PASS);
	assert_int_equal(send(1, 2, 2, loan + 3, 1, 3), REASON_READINGS_DISAGREE);
	assert_int_equal(w.vector->messages[0].rule, 200);
	assert_int_equal(send(1, 2, 2, "clean", 5, 3), REASON_READINGS_DISAGREE); /* sticky */
	assert_int_equal(send(2, 3, 3, loan + 3, 1, 3), REASON_PASS);
	assert_int_equal(send(2, 3, 2, loan + 1, 2, 3), REASON_PASS);
	assert_int_equal(send(2, 3, 1, loan, 1, 3), REASON_READINGS_DISAGREE);
	/* both readings say casino, in pieces */
	assert_int_equal(send(3, 2, 1, "\xB4\xEB cas", 6, 3), REASON_PASS);
	assert_int_equal(send(3, 2, 2, "ino", 3, 3), REASON_CONTENT_RULE);
	end();
}

/* A part in UCS-2 that comes before the one in front of it has one reading: from its second
 * octet on, in the other order, it says the same but for its last character. */
static void alone_in_ucs2(void **state)
{
	(void)state;
	begin();
	assert_int_equal(send(1, 2, 2, "\0c\0a\0s\0i\0n\0o", 12, 8), REASON_CONTENT_RULE);
	assert_int_equal(send(2, 3, 2, "\0c\0a\0s\0i\0n\0o", 12, 8), REASON_CONTENT_RULE);
	assert_int_equal(send(3, 2, 1, "hello", 5, 0), REASON_PASS);
	assert_int_equal(send(3, 2, 2, "\0c\0a\0s\0i\0n\0o", 12, 8), REASON_CONTENT_RULE);
	/* in the order that was not announced, cut in a character */
	assert_int_equal(send(4, 2, 1, "c\0a\0s", 5, 8), REASON_PASS);
	assert_int_equal(send(4, 2, 2, "\0i\0n\0o\0", 7, 8), REASON_READINGS_DISAGREE);
	end();
}

/* Phones read each part by itself: half a unit at its end and a BOM at its start are its own.
 * The first part is longer, so all octets in a row look like the usual order. */
static void read_apart(void **state)
{
	static const char first[] = "\0h\0e\0l\0l\0o\0 \0c\0a\0s";
	static const char turned[] = "\xFF\xFE"
				     "c\0a\0s\0i\0n\0o\0";
	static const struct {
		const char *begin, *end;
		size_t begin_len, end_len;
		enum reason reason;
	} rows[] = {
		{ first, "\xFF\xFEi\0n\0o\0", 18, 8, REASON_READINGS_DISAGREE },
		{ first, turned, 18, 14, REASON_READINGS_DISAGREE },
		{ first, "\0i\0n\0oX", 19, 7, REASON_READINGS_DISAGREE },
		{ first, "\0i\0n\0oX", 18, 7, REASON_READINGS_DISAGREE },
		{ first, "\0i\0n\0o", 19, 6, REASON_READINGS_DISAGREE },
		{ first, "\xFE\xFF\0i\0n\0o", 18, 8, REASON_CONTENT_RULE },
		{ first, "\0n\0oX", 19, 5, REASON_PASS },
		/* a unit that is cut, as some cut it */
		{ first, "s\0i\0n\0o", 17, 7, REASON_CONTENT_RULE },
	};

	(void)state;
	begin();
	for (uint8_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(send(i, 2, 1, rows[i].begin, rows[i].begin_len, 8),
		                 REASON_PASS);
		assert_int_equal(send(i, 2, 2, rows[i].end, rows[i].end_len, 8),
		                 rows[i].reason);
	}
	end();
}

static void sar(uint8_t part, uint8_t *tlvs)
{
	const uint8_t is[] = { 0x12, 0x34, 0x02, 0x0E, 0, 1, 2, 0x02, 0x0F, 0, 1, part };

	memcpy(tlvs, is, sizeof(is));
}

/* sar_* parameters, the text in message_payload; the three TLVs as the value of one, whose
 * length is mended. */
static enum reason send_sar(uint8_t part, const char *text, size_t len, unsigned esm_class)
{
	uint8_t tlvs[12];
	struct screen_message *m;
	uint8_t pdu_tlvs[4 + 12];

	sar(part, tlvs);
	memcpy(pdu_tlvs, "\x02\x0C\0\2", 4);
	memcpy(pdu_tlvs + 4, tlvs, 12);
	world_clear(&w);
	m = world_add(
		&w, "acme",
		&(struct submit){ .esm_class = esm_class, .text = text, .text_len = len });
	m->sm.tlvs = (struct view){ pdu_tlvs, sizeof(pdu_tlvs) };
	m->sm.has_sar = true;
	world_screen(&w);
	return m->reason;
}

static void sar_parameters(void **state)
{
	(void)state;
	begin();
	assert_int_equal(send_sar(2, "ino", 3, 0), REASON_PASS);
	assert_int_equal(send_sar(1, "the cas", 7, 0), REASON_CONTENT_RULE);
	/* both ways of saying it: refused */
	assert_int_equal(send_sar(1, "\5\x00\3\1\2\1hello", 11, UDHI), REASON_MALFORMED);
	assert_int_equal(w.vector->messages[0].command_status, SMPP_RINVOPTPARAMVAL);
	end();
}

/* The parts of either text would be one message: which, a receiver decides. */
static void two_texts(void **state)
{
	static const char *const payloads[] = { "the cas", "ino" };

	(void)state;
	begin();
	for (unsigned i = 0; i < 2; i++) {
		const char text[] = { 5, 0, 3, 1, 2, (char)(1 + i), 'h', 'i', 0 };
		const struct submit s = { .esm_class = UDHI,
			                  .text = text,
			                  .text_len = 8,
			                  .payload = payloads[i],
			                  .payload_len = strlen(payloads[i]) };
		assert_int_equal(judge("acme", &s), REASON_MALFORMED);
		assert_int_equal(w.vector->messages[0].command_status, SMPP_RINVOPTPARAMVAL);
	}
	end();
}

/* In one vector, and more of them than one slice holds. */
static void one_vector(void **state)
{
	unsigned first_refused = 0;

	(void)state;
	begin();
	world_clear(&w);
	for (unsigned i = 0; i < SCREEN_VECTOR_MAX; i++) {
		char text[64] = "\5\x00\3";
		text[3] = (char)(i / 2);
		text[4] = 2;
		text[5] = (char)(1 + i % 2);
		strcpy(text + 6, i % 2 == 0 ? "cas" : i % 4 == 1 ? "ino" : "tle");
		world_add(&w, "acme",
		          &(struct submit){ .esm_class = UDHI, .text = text, .text_len = 9 });
	}
	world_screen(&w);
	for (unsigned i = 0; i < SCREEN_VECTOR_MAX; i++) {
		/* A first part of the same slice as its second is read with it. */
		const enum reason reason = w.vector->messages[i].reason;
		if (i % 4 == 0)
			first_refused += reason == REASON_CONTENT_RULE;
		else
			assert_int_equal(reason,
			                 i % 4 == 1 ? REASON_CONTENT_RULE : REASON_PASS);
	}
	assert_true(first_refused > SCREEN_VECTOR_MAX / 8);
	end();
}

/* Longer than a part can be: refused, because it could not be read with the others. */
static void too_long(void **state)
{
	static uint8_t payload[6 + PARTS_OCTETS + 1] = { 5, 0x00, 3, 1, 2, 1 };
	struct submit submit = { .esm_class = UDHI, .text = "", .payload = payload };

	(void)state;
	begin();
	memset(payload + 6, 'a', PARTS_OCTETS + 1);
	submit.payload_len = 6 + PARTS_OCTETS;
	assert_int_equal(judge("acme", &submit), REASON_PASS);
	submit.payload_len++;
	assert_int_equal(judge("acme", &submit), REASON_MALFORMED);
	end();
}

/* Parts of a message that say nothing. */
static void send_empty(uint8_t reference, uint8_t total, uint8_t first, uint8_t last)
{
	for (uint8_t part = first; part <= last; part++)
		assert_int_equal(send(reference, total, part, "", 0, 0), REASON_PASS);
}

/* Nothing is hidden behind the parts that are judged together: a word around empty ones is
 * found in as many as there may be, and there may be no more. */
static void more_parts_than_are_joined(void **state)
{
	(void)state;
	begin();
	assert_int_equal(send(1, 17, 1, "cas", 3, 0), REASON_PASS);
	send_empty(1, 17, 2, 16);
	assert_int_equal(send(1, 17, 17, "ino", 3, 0), REASON_CONTENT_RULE);
	assert_int_equal(w.context.parts_beyond, 0);
	for (uint8_t part = 1; part <= 3; part++)
		assert_int_equal(send(2, 18, part, "cas", 3, 0), REASON_MESSAGE_TOO_LONG);
	assert_int_equal(w.context.parts_beyond, 1);
	assert_int_equal(w.context.parts_sticky, 2);
	end();
	/* By policy such a message passes, its parts judged with those near them. */
	begin_with(IMAGE_TOO_LONG_PASS);
	assert_int_equal(send(1, 18, 1, "cas", 3, 0), REASON_PASS);
	send_empty(1, 18, 2, 17);
	assert_int_equal(send(1, 18, 18, "ino", 3, 0), REASON_PASS);
	assert_int_equal(w.context.parts_beyond, 18);
	assert_int_equal(send(2, 255, 18, "casino", 6, 0), REASON_CONTENT_RULE);
	assert_int_equal(send(3, 255, 254, "cas", 3, 0), REASON_PASS);
	assert_int_equal(send(3, 255, 255, "ino", 3, 0), REASON_CONTENT_RULE);
	end();
}

/* Seventeen SMS of 153 septets, as most phones write them at most, are judged as one. */
static void longest_of_sms(void **state)
{
	char text[154];

	(void)state;
	begin();
	memset(text, 'a', sizeof(text));
	for (uint8_t part = 1; part <= 16; part++)
		assert_int_equal(send(1, 17, part, text, 153, 0), REASON_PASS);
	memcpy(text + 140, "casino", 6);
	assert_int_equal(send(1, 17, 17, text, 153, 0), REASON_CONTENT_RULE);
	assert_int_equal(w.context.parts_beyond, 0);
	end();
}

static enum reason send_payload(uint8_t part, const char *last)
{
	static char payload[6 + PARTS_OCTETS];

	memset(payload, ' ', sizeof(payload));
	memcpy(payload, "\5\0\3\1\4", 5);
	payload[5] = (char)part;
	memcpy(payload + sizeof(payload) - strlen(last), last, strlen(last));
	return judge("acme", &(struct submit){ .esm_class = UDHI,
	                                       .text = "",
	                                       .payload = payload,
	                                       .payload_len = sizeof(payload) });
}

/* Parts longer than an SMS: four of 960 octets are not read together. */
static void more_octets_than_are_joined(void **state)
{
	(void)state;
	begin();
	for (uint8_t part = 1; part <= 3; part++)
		assert_int_equal(send_payload(part, ""), REASON_PASS);
	assert_int_equal(send_payload(4, ""), REASON_MESSAGE_TOO_LONG);
	assert_int_equal(send_payload(1, ""), REASON_MESSAGE_TOO_LONG);
	assert_int_equal(w.context.parts_beyond, 1);
	end();
	begin_with(IMAGE_TOO_LONG_PASS);
	for (uint8_t part = 1; part <= 4; part++)
		assert_int_equal(send_payload(part, part < 4 ? "" : "casino"),
		                 part < 4 ? REASON_PASS : REASON_CONTENT_RULE);
	assert_int_equal(w.context.parts_beyond, 1);
	end();
}

/* The twin: random texts cut anywhere, sent in any order; the last part to come finds the
 * word exactly when the text has it. */
static void random_cuts(void **state)
{
	(void)state;
	begin();
	srandom(9);
	for (unsigned round = 0; round < 400; round++) {
		char text[128] = "";
		uint8_t order[8];
		const unsigned total = 2 + (unsigned)random() % 6;
		size_t cuts[9] = { 0 };
		bool refused = false;

		for (unsigned i = 0; i < 10; i++)
			strcat(text,
			       (const char *const[]){ "cas", "ino", " a ", "casino", "xy",
			                              "s" }[random() % (round % 2 ? 6 : 3)]);
		const bool has = strstr(text, "casino") != NULL;
		for (unsigned i = 1; i < total; i++)
			cuts[i] = cuts[i - 1] + (size_t)random() % (strlen(text) - cuts[i - 1]);
		cuts[total] = strlen(text);
		for (unsigned i = 0; i < total; i++) {
			const unsigned k = (unsigned)random() % (i + 1);
			order[i] = order[k];
			order[k] = (uint8_t)i;
		}
		for (unsigned i = 0; i < total; i++)
			refused |=
				send((uint8_t)round, (uint8_t)total, (uint8_t)(order[i] + 1),
			             text + cuts[order[i]], cuts[order[i] + 1] - cuts[order[i]],
			             0) == REASON_CONTENT_RULE;
		if (refused != has)
			fail_msg("round %u: \"%s\" in %u parts", round, text, total);
		w.context.clock_s += PARTS_LIFE_S;
	}
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(split_word),
		cmocka_unit_test(sticky),
		cmocka_unit_test(forgotten_when_whole),
		cmocka_unit_test(expired),
		cmocka_unit_test(by_account),
		cmocka_unit_test(split_characters),
		cmocka_unit_test(second_coding),
		cmocka_unit_test(two_texts),
		cmocka_unit_test(sar_parameters),
		cmocka_unit_test(one_vector),
		cmocka_unit_test(too_long),
		cmocka_unit_test(random_cuts),
		cmocka_unit_test(discarded),
		cmocka_unit_test(more_parts_than_are_joined),
		cmocka_unit_test(longest_of_sms),
		cmocka_unit_test(alone_in_ucs2),
		cmocka_unit_test(read_apart),
		cmocka_unit_test(more_octets_than_are_joined),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

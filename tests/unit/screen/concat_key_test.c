/* SPDX-License-Identifier: Apache-2.0 */
/* Of which message a part is: addresses as they are written, references of any width, copies
 * of a part, and destinations of a submit_multi. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "concat_world.h"

/* Part 1 or 2 of 2 of one message a reference, from and to these addresses. */
static enum reason send_between(uint8_t reference, uint8_t part, const char *text,
                                struct submit submit)
{
	uint8_t octets[64] = { 5, 0x00, 3, reference, 2, part };

	memcpy(octets + 6, text, strlen(text));
	submit.esm_class = UDHI;
	submit.text = octets;
	submit.text_len = 6 + strlen(text);
	return judge("acme", &submit);
}

/* One phone and one sender, however they are written. */
static void spelled_otherwise(void **state)
{
	static const char *const spelled[] = { "01012345678", "+821012345678", "821012345678",
		                               "010-1234-5678" };

	(void)state;
	begin();
	for (uint8_t i = 0; i < 4; i++)
		for (uint8_t k = 0; k < 4; k++) {
			const struct submit from = { .source = spelled[i] },
					    again = { .source = spelled[k] };
			const struct submit to = { .destinations = &spelled[i],
				                   .n_destinations = 1 },
					    back = { .destinations = &spelled[k],
				                     .n_destinations = 1 };
			const uint8_t reference = (uint8_t)(2 * (4 * i + k));
			assert_int_equal(send_between(reference, 1, "cas", from), REASON_PASS);
			assert_int_equal(send_between(reference, 2, "ino", again),
			                 REASON_CONTENT_RULE);
			assert_int_equal(send_between(reference + 1, 1, "cas", to),
			                 REASON_PASS);
			assert_int_equal(send_between(reference + 1, 2, "ino", back),
			                 REASON_CONTENT_RULE);
		}
	end();
}

/* References of 8 and 16 bits and of SAR parameters: equal numbers may be one message. */
static void other_width(void **state)
{
	static const uint8_t wide[] = { 6, 8, 4, 0, 1, 2, 2, 'i', 'n', 'o' };

	(void)state;
	begin();
	assert_int_equal(send(1, 2, 1, "cas", 3, 0), REASON_PASS);
	assert_int_equal(judge("acme", &(struct submit){ .esm_class = UDHI,
	                                                 .text = wide,
	                                                 .text_len = sizeof(wide) }),
	                 REASON_CONTENT_RULE);
	end();
}

/* The sender that is shown is in a TLV: parts from one source_addr of two of those, and of one
 * of those from two. */
static void sender_in_a_tlv(void **state)
{
	static const char *const values[] = { "\1\1\1"
		                              "15881588",
		                              "\1\1\1"
		                              "16001600" };
	static const char *const sources[] = { "01012345678", "0212345678" };

	(void)state;
	begin();
	for (uint8_t i = 0; i < 4; i++) {
		uint8_t text[] = { 5, 0, 3, i, 2, 1, 'c', 'a', 's' };
		struct submit s = { .esm_class = UDHI,
			            .text = text,
			            .text_len = sizeof(text),
			            .tag = SMPP_TAG_CALLBACK_NUM,
			            .value = values[0],
			            .value_len = 11 };
		assert_int_equal(judge("shown", &s), REASON_PASS);
		memcpy(text + 5, "\2ino", 4);
		s.value = values[i % 2];
		s.source = sources[i / 2];
		assert_int_equal(judge("shown", &s), REASON_CONTENT_RULE);
	}
	end();
}

/* SAR parameters of other references that a message centre makes one header of: it has room
 * for eight bits. */
static void cut_to_eight_bits(void **state)
{
	static const char *const texts[] = { "cas", "ino" };

	(void)state;
	begin();
	for (uint8_t i = 0; i < 2; i++) {
		const uint8_t sar[] = { 2, 0x0C, 0, 2, i,    7, 2, 0x0E,
			                0, 1,    2, 2, 0x0F, 0, 1, (uint8_t)(1 + i) };
		world_clear(&w);
		struct screen_message *m =
			world_add(&w, "acme", &(struct submit){ .text = texts[i] });
		m->sm.tlvs = (struct view){ sar, sizeof(sar) };
		m->sm.has_sar = true;
		world_screen(&w);
		assert_int_equal(m->reason, i == 0 ? REASON_PASS : REASON_CONTENT_RULE);
	}
	end();
}

/* Who is on a list, and so gets parts that were sent by number or to another list, is not to be
 * known: a part to one is refused, a whole message is not. */
static void to_a_list(void **state)
{
	static const char *const to[] = { "821011110000", "friends" };
	const struct submit whole = { .command_id = SMPP_SUBMIT_MULTI,
		                      .destinations = to,
		                      .n_destinations = 2,
		                      .text = "hello" };

	(void)state;
	begin();
	assert_int_equal(judge("acme", &whole), REASON_PASS);
	assert_int_equal(send_between(1, 1, "hello", whole), REASON_MALFORMED);
	assert_int_equal(w.vector->messages[0].command_status, SMPP_RCNTSUBDL);
	end();
}

/* Which of two copies a phone shows is the phone's: the second one is refused when it says
 * something else, and what came before it may still be made whole. */
static void second_copy(void **state)
{
	(void)state;
	begin();
	assert_int_equal(send(1, 2, 1, "cas", 3, 0), REASON_PASS);
	assert_int_equal(send(1, 2, 1, "cas", 3, 0), REASON_PASS);
	assert_int_equal(send(1, 2, 1, "xyz", 3, 0), REASON_MALFORMED);
	assert_int_equal(w.vector->messages[0].command_status, SMPP_RINVOPTPARAMVAL);
	assert_int_equal(send(1, 2, 1, "cas", 3, 3), REASON_MALFORMED); /* another coding */
	assert_int_equal(w.context.parts_sticky, 0);
	assert_int_equal(send(1, 2, 2, "ino", 3, 0), REASON_CONTENT_RULE);
	assert_int_equal(send(2, 2, 1, "cas", 3, 0), REASON_PASS);
	assert_int_equal(send(2, 2, 1, "xyz", 3, 0), REASON_MALFORMED);
	assert_int_equal(send(2, 2, 2, "tle", 3, 0), REASON_PASS);
	/* until it expires */
	assert_int_equal(send(3, 2, 1, "cas", 3, 0), REASON_PASS);
	w.context.clock_s += PARTS_LIFE_S;
	assert_int_equal(send(3, 2, 1, "xyz", 3, 0), REASON_PASS);
	end();
}

/* A part is one of a message to each of its destinations, whoever else gets it. */
static void several_destinations(void **state)
{
	static const char *const lists[] = { "821011110000", "821022220000", "01033330000",
		                             "+821022220000" };
	const struct submit ab = { .command_id = SMPP_SUBMIT_MULTI,
		                   .destinations = lists,
		                   .n_destinations = 2 };
	const struct submit cb = { .command_id = SMPP_SUBMIT_MULTI,
		                   .destinations = lists + 2,
		                   .n_destinations = 2 };
	const struct submit b = { .destinations = lists + 1, .n_destinations = 1 };
	const struct submit a = { .destinations = lists, .n_destinations = 1 };
	const struct submit c = { .destinations = lists + 2, .n_destinations = 1 };

	(void)state;
	begin();
	assert_int_equal(send_between(1, 1, "cas", ab), REASON_PASS);
	assert_int_equal(send_between(1, 2, "ino", ab), REASON_CONTENT_RULE);
	assert_int_equal(send_between(2, 1, "cas", ab), REASON_PASS);
	assert_int_equal(send_between(2, 2, "ino", cb), REASON_CONTENT_RULE);
	assert_int_equal(send_between(2, 1, "new", c),
	                 REASON_CONTENT_RULE); /* sticky for all */
	assert_int_equal(send_between(3, 2, "ino", b), REASON_PASS);
	assert_int_equal(send_between(3, 1, "cas", ab), REASON_CONTENT_RULE);
	assert_int_equal(send_between(4, 1, "cas", ab), REASON_PASS);
	assert_int_equal(send_between(4, 2, "tle", b), REASON_PASS);
	assert_int_equal(send_between(4, 2, "ino", a), REASON_CONTENT_RULE);
	/* neighbours that differ: what the part would be read in is not one text */
	assert_int_equal(send_between(5, 1, "cas", a), REASON_PASS);
	assert_int_equal(send_between(5, 1, "cat", b), REASON_PASS);
	assert_int_equal(send_between(5, 2, "tle", ab), REASON_MALFORMED);
	/* whole for each of them */
	assert_int_equal(send_between(6, 1, "cas", ab), REASON_PASS);
	assert_int_equal(send_between(6, 2, "tle", ab), REASON_PASS);
	assert_int_equal(send_between(6, 2, "ino", a), REASON_PASS);
	assert_int_equal(send_between(6, 2, "ino", b), REASON_PASS);
	end();
}

/* 255 destinations of 8 parts have room, of 9 they have not. */
static void too_many_destinations(void **state)
{
	static char numbers[255][16];
	const char *to[255];
	uint8_t octets[] = { 5, 0x00, 3, 1, 8, 1, 'h', 'i' };
	const struct submit many = { .command_id = SMPP_SUBMIT_MULTI,
		                     .destinations = to,
		                     .n_destinations = 255,
		                     .esm_class = UDHI,
		                     .text = octets,
		                     .text_len = sizeof(octets) };

	(void)state;
	begin();
	for (unsigned i = 0; i < 255; i++) {
		snprintf(numbers[i], sizeof(numbers[i]), "8210%08u", i);
		to[i] = numbers[i];
	}
	assert_int_equal(judge("acme", &many), REASON_PASS);
	octets[4] = 9;
	assert_int_equal(judge("acme", &many), REASON_MALFORMED);
	assert_int_equal(w.vector->messages[0].command_status, SMPP_RINVNUMDESTS);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spelled_otherwise),    cmocka_unit_test(other_width),
		cmocka_unit_test(cut_to_eight_bits),    cmocka_unit_test(to_a_list),
		cmocka_unit_test(sender_in_a_tlv),      cmocka_unit_test(second_copy),
		cmocka_unit_test(several_destinations), cmocka_unit_test(too_many_destinations),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

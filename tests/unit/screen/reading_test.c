/* SPDX-License-Identifier: Apache-2.0 */
/* What is read of a message: codings, both texts, headers, and what the record keeps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "text.h"
#include "world.h"

static void scenery(struct world *w, uint8_t alphabet, enum image_undecodable undecodable)
{
	world_readings(w, alphabet, undecodable);
	world_ready(w);
}

static uint32_t rule_of(struct world *w, const struct submit *s)
{
	const struct screen_message *m = world_one(w, s);

	assert_int_equal(m->reason, m->rule != 0 ? REASON_CONTENT_RULE : REASON_PASS);
	return m->rule;
}

/* Rows of the operator's fold table, from the image to the verdict. */
static void operator_folds(void **state)
{
	static const struct image_fold rows[] = { { 0x44F, 's' }, { 0x535C, 0x314F } };
	static const char *const texts[] = { "CaЯino", "ㅋ卜지노", "대출", "ㄷ卜출" };
	static const uint32_t rules[2][4] = { { 0, 0, 101, 0 }, { 100, 102, 101, 0 } };

	(void)state;
	for (uint32_t folded = 0; folded < 2; folded++) {
		struct world w;
		world_readings(&w, TEXT_UTF8, IMAGE_UNDECODABLE_REFUSE);
		world_rule(&w, 102, IMAGE_REFUSE, "카지노", 0);
		assert_int_equal(image_build_folds(w.build, rows, 2 * folded), 0);
		world_ready(&w);
		for (size_t i = 0; i < 4; i++)
			assert_int_equal(rule_of(&w, &(struct submit){ .text = texts[i] }),
			                 rules[folded][i]);
		world_end(&w);
	}
}

/* The rule that one of two readings is refused by. */
static uint32_t disputed_rule(struct world *w, const struct submit *s)
{
	const struct screen_message *m = world_one(w, s);

	assert_int_equal(m->reason, REASON_READINGS_DISAGREE);
	assert_true(m->refuse);
	assert_int_equal(m->n_rules, 1);
	assert_int_equal(m->rules[0], m->rule);
	return m->rule;
}

/* The septets of "casino" from this bit of out on; 6 octets with the bits before. */
static void pack_casino(uint8_t *out, unsigned fill)
{
	for (unsigned bit = 0; bit < 42; bit++)
		out[(bit + fill) / 8] |=
			(uint8_t)(("casino"[bit / 7] >> bit % 7 & 1) << (bit + fill) % 8);
}

/* "casino" in each coding that carries it, some of it in capitals. */
static void every_coding(void **state)
{
	static const uint8_t cp949[] = { 0xB4, 0xEB, 0xC3, 0xE2 };
	uint8_t packed[6] = { 0 };
	struct world w;

	(void)state;
	pack_casino(packed, 0);
	scenery(&w, TEXT_GSM7, IMAGE_UNDECODABLE_REFUSE);
	assert_int_equal(rule_of(&w, &(struct submit){ .text = "a CASINO" }), 100);
	assert_int_equal(rule_of(&w, &(struct submit){ .data_coding = 0xF0, .text = "Casino" }),
	                 100);
	assert_int_equal(rule_of(&w, &(struct submit){ .data_coding = 1, .text = "Casino" }),
	                 100);
	assert_int_equal(rule_of(&w, &(struct submit){ .data_coding = 3, .text = "cAsino" }),
	                 100);
	assert_int_equal(rule_of(&w, &(struct submit){ .data_coding = 8,
	                                               .text = "\0C\0A\0S\0I\0N\0O",
	                                               .text_len = 12 }),
	                 100);
	assert_int_equal(rule_of(&w, &(struct submit){ .data_coding = 8,
	                                               .text = "\xB3\x00\xCD\x9C",
	                                               .text_len = 4 }),
	                 101);
	assert_int_equal(
		rule_of(&w,
	                &(struct submit){ .data_coding = 14, .text = cp949, .text_len = 4 }),
		101);
	assert_int_equal(rule_of(&w, &(struct submit){ .text = "대출" }),
	                 101); /* really UTF-8 */
	assert_int_equal(rule_of(&w, &(struct submit){ .data_coding = 4, .text = "casino" }),
	                 100);
	assert_int_equal(disputed_rule(&w, &(struct submit){ .text = packed, .text_len = 6 }),
	                 100);
	world_end(&w);
	scenery(&w, TEXT_GSM7_PACKED, IMAGE_UNDECODABLE_REFUSE);
	assert_int_equal(rule_of(&w, &(struct submit){ .text = packed, .text_len = 6 }), 100);
	world_end(&w);
	scenery(&w, TEXT_CP949, IMAGE_UNDECODABLE_REFUSE);
	assert_int_equal(rule_of(&w, &(struct submit){ .text = cp949, .text_len = 4 }), 101);
	world_end(&w);
}

/* Packed septets behind a header of six octets: one fill bit. */
static void packed_behind_header(void **state)
{
	uint8_t text[13] = { 5, 0, 3, 1, 1, 1 };
	struct world w;

	(void)state;
	pack_casino(text + 6, 1);
	scenery(&w, TEXT_GSM7_PACKED, IMAGE_UNDECODABLE_REFUSE);
	assert_int_equal(rule_of(&w, &(struct submit){ .esm_class = SMPP_ESM_UDHI,
	                                               .text = text,
	                                               .text_len = 12 }),
	                 100);
	world_end(&w);
}

/* Short message and payload are both read; replace_sm and data_sm have one each. */
static void both_texts(void **state)
{
	struct world w;

	(void)state;
	scenery(&w, TEXT_GSM7, IMAGE_UNDECODABLE_REFUSE);
	assert_int_equal(rule_of(&w, &(struct submit){ .text = "hello",
	                                               .payload = "casino",
	                                               .payload_len = 6 }),
	                 100);
	assert_int_equal(rule_of(&w, &(struct submit){ .text = "casino",
	                                               .payload = "hello",
	                                               .payload_len = 5 }),
	                 100);
	assert_int_equal(
		rule_of(&w,
	                &(struct submit){ .text = "cas", .payload = "ino", .payload_len = 3 }),
		0);
	assert_int_equal(rule_of(&w, &(struct submit){ .command_id = SMPP_DATA_SM,
	                                               .payload = "casino",
	                                               .payload_len = 6 }),
	                 100);
	assert_int_equal(rule_of(&w, &(struct submit){ .command_id = SMPP_REPLACE_SM,
	                                               .text = "casino" }),
	                 100);
	world_end(&w);
}

/* replace_sm has no data_coding: what a field of that name may hold is not looked at. */
static void replace_has_no_coding(void **state)
{
	struct world w;

	(void)state;
	scenery(&w, TEXT_GSM7, IMAGE_UNDECODABLE_REFUSE);
	struct screen_message *m =
		world_add(&w, "acme",
	                  &(struct submit){ .command_id = SMPP_REPLACE_SM, .text = "casino" });
	m->sm.data_coding = 8;
	world_screen(&w);
	assert_int_equal(m->rule, 100);
	world_end(&w);
	/* "loan" in CP949, which as GSM 7-bit would be four other letters. */
	const struct submit loan = { .command_id = SMPP_REPLACE_SM,
		                     .text = "\xB4\xEB\xC3\xE2",
		                     .text_len = 4 };
	scenery(&w, TEXT_CP949, IMAGE_UNDECODABLE_REFUSE);
	assert_int_equal(rule_of(&w, &loan), 101);
	world_end(&w);
}

static void undecodable(void **state)
{
	const struct submit odd = { .data_coding = 8, .text = "casino x." };
	const struct submit reserved = { .data_coding = 0x0F, .text = "hello" };
	struct world w;

	(void)state;
	scenery(&w, TEXT_GSM7, IMAGE_UNDECODABLE_REFUSE);
	assert_int_equal(world_one(&w, &odd)->reason, REASON_TEXT_UNDECODABLE);
	assert_true(w.vector->messages[0].refuse);
	assert_int_equal(world_one(&w, &reserved)->reason, REASON_TEXT_UNDECODABLE);
	world_end(&w);
	/* Passing means unread, but what can be read of it is. */
	scenery(&w, TEXT_GSM7, IMAGE_UNDECODABLE_PASS);
	assert_int_equal(world_one(&w, &reserved)->reason, REASON_PASS);
	assert_int_equal(disputed_rule(&w, &odd), 100);
	world_end(&w);
}

static void expect_plain(const struct screen_message *m, const char *first, const char *second)
{
	assert_int_equal(m->plain[0].len, strlen(first));
	assert_memory_equal(m->plain[0].data, first, strlen(first));
	assert_int_equal(m->plain[1].len, strlen(second));
	assert_memory_equal(m->plain[1].data, second, strlen(second));
}

/* The record has the text as sent, not folded, also where no stage needed it. */
static void plain_texts(void **state)
{
	struct world w;

	(void)state;
	scenery(&w, TEXT_GSM7, IMAGE_UNDECODABLE_REFUSE);
	expect_plain(world_one(&w, &(struct submit){ .text = "Big CASINO",
	                                             .payload = "And More",
	                                             .payload_len = 8 }),
	             "Big CASINO", "And More");
	expect_plain(world_one(&w, &(struct submit){ .source = "1",
	                                             .data_coding = 8,
	                                             .text = "\xB3\x00\xCD\x9C",
	                                             .text_len = 4 }),
	             "대출", "");
	expect_plain(world_one(&w, &(struct submit){ .data_coding = 8, .text = "odd" }), "",
	             "");
	const struct screen_message *m = world_one(&w, &(struct submit){ .text = "hello" });
	assert_int_equal(m->plain[0].len, 0);
	world_end(&w);
}

/* A long text is cut at a character, never in one: "x" and 3-octet characters. */
static void plain_is_cut(void **state)
{
	uint8_t text[254];
	struct world w;

	(void)state;
	scenery(&w, TEXT_GSM7, IMAGE_UNDECODABLE_REFUSE);
	for (unsigned odd = 0; odd < 3; odd++) {
		for (unsigned i = 0; i < sizeof(text); i += 2) {
			text[i] = i / 2 < odd ? 0 : 0xB3;
			text[i + 1] = i / 2 < odd ? 'x' : 0x00;
		}
		const struct screen_message *m =
			world_one(&w, &(struct submit){ .source = "1",
		                                        .data_coding = 8,
		                                        .text = text,
		                                        .text_len = sizeof(text) });
		const uint32_t whole = odd + (SCREEN_PLAIN_MAX - odd) / 3 * 3;
		assert_int_equal(m->plain[0].len, whole);
		assert_int_equal(m->plain[0].data[whole - 3], 0xEB);
	}
	world_end(&w);
}

/* Octets that lie about their coding are read in both. */
static void second_coding(void **state)
{
	static const char cp949[] = "\xB4\xEB\xC3\xE2 casin";  /* 대출 */
	static const char utf8[] = "\xEB\x8C\x80\xEC\xB6\x9C"; /* the same */
	static const char french[] = "caf\xE9 \xE0 la carte";
	struct world w;

	(void)state;
	scenery(&w, TEXT_GSM7, IMAGE_UNDECODABLE_REFUSE);
	assert_int_equal(disputed_rule(&w, &(struct submit){ .text = cp949 }), 101);
	assert_int_equal(disputed_rule(&w, &(struct submit){ .text = cp949, .data_coding = 3 }),
	                 101);
	assert_int_equal(rule_of(&w, &(struct submit){ .text = cp949, .data_coding = 14 }),
	                 101);
	assert_int_equal(disputed_rule(&w, &(struct submit){ .text = "",
	                                                     .payload = cp949,
	                                                     .payload_len = strlen(cp949) }),
	                 101);
	assert_int_equal(rule_of(&w, &(struct submit){ .text = utf8 }), 101);
	assert_int_equal(disputed_rule(&w, &(struct submit){ .text = utf8, .data_coding = 3 }),
	                 101);
	assert_int_equal(rule_of(&w, &(struct submit){ .text = french }), 0);
	assert_int_equal(text_other_coding(TEXT_LATIN1, (const uint8_t *)french, 14, 0),
	                 TEXT_UNKNOWN);
	assert_int_equal(text_other_coding(TEXT_GSM7, (const uint8_t *)"casino", 6, 0),
	                 TEXT_UNKNOWN);
	world_end(&w);
}

/* Rules for what two readings can say: "´ëÃâ" is Latin-1 for the octets of 대출. */
/* Octets that are announced as no text: phones show them in the one way or the other. */
static void binary_is_read(void **state)
{
	static const uint8_t codings[] = { 2, 4, 0x14, 0x54, 0xF4, 0xF5, 0xFC };
	static const struct {
		const char *text;
		uint8_t len;
		uint32_t rule; /* of the only reading, or of the second one */
		bool second;
	} rows[] = {
		{ "the best casino", 15, 100, false },
		{ "the best \xE9\xE8 casino", 18, 100, false },
		{ "\xB4\xEB\xC3\xE2 \xBB\xF3\xB4\xE3", 9, 101, true }, /* CP949 */
		{ "\xEB\x8C\x80\xEC\xB6\x9C", 6, 101, false },         /* UTF-8 */
		{ "\0c\0a\0s\0i\0n\0o", 12, 100, false }, /* UCS-2; folding drops NULs */
		{ "\xB3\0\xCD\x9C\0 \0n\0o\0w", 12, 101, true },
		{ "\x06\x01\xAE\x02\x05\x6A\0\x45\xC6\x0C\x03test\0", 16, 0, false },
		{ "\0\1\2\3\xFF\xFE", 6, 0, false },
	};
	struct world w;

	(void)state;
	scenery(&w, TEXT_GSM7, IMAGE_UNDECODABLE_REFUSE);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (unsigned k = 0; k < sizeof(codings); k++) {
			const struct screen_message *m =
				world_one(&w, &(struct submit){ .data_coding = codings[k],
			                                        .text = rows[i].text,
			                                        .text_len = rows[i].len });
			assert_int_equal(m->rule, rows[i].rule);
			assert_int_equal(m->reason, rows[i].rule == 0 ? REASON_PASS
			                            : rows[i].second  ? REASON_READINGS_DISAGREE
			                                              : REASON_CONTENT_RULE);
		}
	world_end(&w);
}

/* Octets by chance are hardly ever taken for UCS-2: then they are read once. */
static void random_octets_are_no_ucs2(void **state)
{
	unsigned wide = 0;

	(void)state;
	srandom(1);
	for (unsigned i = 0; i < 100000; i++) {
		uint8_t octets[40];
		for (unsigned k = 0; k < sizeof(octets); k++)
			octets[k] = (uint8_t)random();
		wide += text_other_coding(TEXT_BINARY, octets, sizeof(octets), 0) == TEXT_UCS2;
	}
	assert_int_equal(wide, 0);
}

static void dispute(struct world *w)
{
	world_begin(w);
	world_account(w, &(struct image_build_account){ .system_id = "acme",
	                                                .id = 7,
	                                                .state = IMAGE_CERTIFIED,
	                                                .alphabet = TEXT_GSM7 });
	world_sender(w, "010-1234-5678", 7);
	w->policy.refuse_score = 2000;
	w->policy.flag_score = 1000;
	world_rule(w, 100, IMAGE_REFUSE, "casino", 0);
	world_rule(w, 101, IMAGE_REFUSE, "대출", 0x77);
	world_rule(w, 102, IMAGE_DISCARD, "도박", 0);
	world_rule(w, 103, IMAGE_FLAG, "상담", 0);
	world_rule_with(w, &(struct image_build_rule){ .row = { .id = 104, .weight = 1200 } },
	                "급전");
	world_rule_with(w, &(struct image_build_rule){ .row = { .id = 106, .weight = 2000 } },
	                "무료");
	world_rule_with(w, &(struct image_build_rule){ .row = { .id = 107, .weight = 800 } },
	                "±");
	world_rule(w, 108, IMAGE_REFUSE, "1«", 0);         /* folded ¹« */
	world_rule(w, 109, IMAGE_RULE_OBSERVE, "담대", 0); /* where words meet: more finds */
	world_rule(w, 110, IMAGE_RULE_OBSERVE, "출상", 0);
	world_ready(w);
}

/* What is said in CP949 where Latin-1 is announced, and what becomes of it. */
static const struct disputed {
	const char *text;
	enum reason reason;
	uint32_t rule, command_status;
	bool refuse, discard, flagged;
	int32_t score;
} disputed[] = {
	/* 대출: one refuses, the rule has a status of its own */
	{ "\xB4\xEB\xC3\xE2", REASON_READINGS_DISAGREE, 101, 0x77, true, false, false, 0 },
	/* both refuse: they agree, and the first one's rule is named */
	{ "\xB4\xEB\xC3\xE2 casino", REASON_CONTENT_RULE, 100, 0x45, true, false, false, 0 },
	/* 도박: what one discards is discarded */
	{ "\xB5\xB5\xB9\xDA", REASON_READINGS_DISAGREE, 102, 0, true, true, false, 0 },
	/* 상담: flagged by one is flagged, and no disagreement */
	{ "\xBB\xF3\xB4\xE3", REASON_PASS, 103, 0, false, false, true, 0 },
	/* 급전 weighs 1.2 in one reading and its octets 0.8 in the other: neither is refused */
	{ "\xB1\xDE\xC0\xFC", REASON_PASS, 104, 0, false, false, true, 1200 },
	/* 무료: by score in one reading, by a rule in the other */
	{ "\xB9\xAB\xB7\xE1", REASON_CONTENT_RULE, 108, 0x45, true, false, false, 0 },
	/* 급전 급전: nothing of it adds up twice */
	{ "\xB1\xDE\xC0\xFC \xB1\xDE\xC0\xFC", REASON_PASS, 104, 0, false, false, true, 1200 },
	/* 안녕: nobody minds */
	{ "\xBE\xC8\xB3\xE7", REASON_PASS, 0, 0, false, false, false, 0 },
};

static void readings_disagree(void **state)
{
	struct world w;

	(void)state;
	dispute(&w);
	for (size_t i = 0; i < sizeof(disputed) / sizeof(disputed[0]); i++) {
		const struct disputed *d = &disputed[i];
		const struct screen_message *m =
			world_one(&w, &(struct submit){ .text = d->text, .data_coding = 3 });
		assert_int_equal(m->reason, d->reason);
		assert_int_equal(m->rule, d->rule);
		assert_int_equal(m->refuse, d->refuse);
		assert_int_equal(m->discard, d->discard);
		assert_int_equal(m->flagged, d->flagged);
		assert_int_equal(m->command_status, d->command_status);
		assert_int_equal(m->score, d->score);
	}
	world_end(&w);
}

/* So many hits that they find no room: each reading is scanned by itself, to the same end. */
static void disagree_without_room(void **state)
{
	static char text[161];
	struct world w;

	(void)state;
	dispute(&w);
	for (unsigned i = 0; i < 40; i++)
		memcpy(text + 4 * i, i % 2 ? "\xB4\xEB\xC3\xE2" : "\xBB\xF3\xB4\xE3", 4);
	for (unsigned i = 0; i < SCREEN_VECTOR_MAX; i++)
		world_add(&w, "acme", &(struct submit){ .text = text, .data_coding = 3 });
	world_screen(&w);
	assert_int_equal(w.vector->hits.n, SCREEN_HITS_MAX);
	for (unsigned i = 0; i < SCREEN_VECTOR_MAX; i++) {
		const struct screen_message *m = &w.vector->messages[i];
		assert_int_equal(m->reason, REASON_READINGS_DISAGREE);
		assert_int_equal(m->rule, 101);
		assert_int_equal(m->n_rules, 4);
	}
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(second_coding),
		cmocka_unit_test(binary_is_read),
		cmocka_unit_test(random_octets_are_no_ucs2),
		cmocka_unit_test(every_coding),
		cmocka_unit_test(operator_folds),
		cmocka_unit_test(readings_disagree),
		cmocka_unit_test(disagree_without_room),
		cmocka_unit_test(packed_behind_header),
		cmocka_unit_test(both_texts),
		cmocka_unit_test(replace_has_no_coding),
		cmocka_unit_test(undecodable),
		cmocka_unit_test(plain_texts),
		cmocka_unit_test(plain_is_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What who lies about a text's coding does so that it is not read in the other one too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "parts.h"
#include "text.h"
#include "world.h"

static void scenery(struct world *w, enum image_undecodable undecodable)
{
	world_readings(w, TEXT_GSM7, undecodable);
	world_rule(w, 102, IMAGE_REFUSE, "casìno", 0);
	world_ready(w);
}

/* The first reading is refused as well: folding drops its NULs. */
#define BOTH 0x8000u

static const struct lie {
	const char *text;
	uint8_t len, data_coding;
	uint32_t rule;
} lies[] = {
	/* a BOM that the phone does not know, and one of the wrong order */
	{ "\xFF\xFE\0c\0a\0s\0i\0n\0o", 14, 8, 100 },
	{ "\xFF\xFE\xFF\xFE\0c\0a\0s\0i\0n\0o", 16, 8, 100 },
	{ "\xFE\xFF"
	  "c\0a\0s\0i\0n\0o\0",
	  14, 8, 100 },
	{ "\xFF\xFE\0c\0a\0s\0i\0n\0o", 14, 0, 100 | BOTH },
	{ "\xFF\xFE\0t\0h\0e\0 \0c\0a\0s\0i\0n\0o\0 \0b\0a\0r", 30, 4, 100 | BOTH },
	/* an octet too many, half a pair, something that nobody writes */
	{ "\0c\0a\0s\0i\0n\0o\0", 13, 0, 100 },
	{ "\0c\0a\0s\0i\0n\0o\0", 13, 4, 100 | BOTH },
	{ "\0c\0a\0s\xD8\x3D\0i\0n\0o", 14, 0, 100 },
	{ "\0n\0e\0w\0 \0c\0a\0s\xD8\x3D\0i\0n\0o", 22, 4, 100 },
	{ "\xB4\xEB\xC3\xE2 \xBB\xF3\xB4\xE3 \xFF", 11, 0, 101 },
	{ "\xB4\xEB\x01\xC3\xE2 \xBB\xF3\xB4\xE3", 10, 0, 101 },
	{ "\xB4\xEB\xC3\xE2 \xBB\xF3\xB4\xE3 \xFF", 11, 4, 101 },
	{ "\xEB\x8C\x80\xEC\xB6\x9C \xEC\xA7\x80\xEA\xB8\x88\xFF", 14, 0, 101 },
	{ "\xEB\x8C\x80\xFF\xEC\xB6\x9C \xEC\xA7\x80\xEA\xB8\x88", 14, 4, 101 },
	/* alphabets of one octet a character, which read anything */
	{ "\xB4\xEB\xC3\xE2", 4, 6, 101 },
	{ "\xEB\x8C\x80\xEC\xB6\x9C", 6, 6, 101 },
	{ "\0c\0a\0s\0i\0n\0o", 12, 6, 100 | BOTH },
	{ "\0c\0a\0s\0i\0n\0o", 12, 7, 100 | BOTH },
	/* bit 7, which an SMSC takes off to pack them; with CP949 and UTF-8 in it too */
	{ "\xE3\xE1\xF3\xE9\xEE\xEF now", 10, 0, 100 },
	{ "the c\xC1s\xC9no", 10, 0, 100 },
	{ "\xE3"
	  "a\xF3ino",
	  6, 0, 100 },
	{ "cas\xE9no \xB4\xEB\xC3\xE2", 11, 0, 100 },
	/* letters of GSM 7-bit where other alphabets have signs: ì */
	{ "the cas\x07no", 10, 1, 102 },
	{ "cas\x07no", 6, 3, 102 },
	{ "cas\x07no", 6, 4, 102 },
	{ "cas\x07no", 6, 14, 102 },
};
#define LIES (sizeof(lies) / sizeof(lies[0]))

static void read_in_both(void **state)
{
	struct world w;

	(void)state;
	scenery(&w, IMAGE_UNDECODABLE_REFUSE);
	for (size_t i = 0; i < LIES; i++) {
		const struct screen_message *m =
			world_one(&w, &(struct submit){ .data_coding = lies[i].data_coding,
		                                        .text = lies[i].text,
		                                        .text_len = lies[i].len });
		const bool both = (lies[i].rule & BOTH) != 0;
		const uint32_t rule = lies[i].rule & ~BOTH;
		if (m->reason != (both ? REASON_CONTENT_RULE : REASON_READINGS_DISAGREE) ||
		    m->rule != rule)
			fail_msg("%zu: %s, rule %u", i, reason_row(m->reason)->name, m->rule);
		/* The record has the reading that is refused. */
		const struct view told = m->plain[m->told];
		const char *what = rule == 101 ? "대출" : "no";
		assert_true(both || memmem(told.data, told.len, what, strlen(what)) != NULL);
	}
	world_end(&w);
}

/* Shown backwards: read forwards by people. Where the place of the second reading is taken, or
 * a part cuts it, it is refused all the same. */
static void shown_backwards(void **state)
{
	static const struct {
		const char *text, *payload;
		uint32_t rule;
		bool refuse;
	} rows[] = {
		{ "win: \u202Eonisac eht", NULL, 100, true },
		{ "win: \u202Eonisac\u202C the", NULL, 100, true },
		{ "\u202E출대\nwin", NULL, 101, true },
		{ "win: \u202Eoni\u202C \u202Esac", NULL, 0, false },
		{ "win: onisac", NULL, 0, false },
		{ "shalom \u202Enoisivelet", NULL, 0, false },
		{ "win: \u202Eonisac", "hello", 0, true },
		{ "hello", "win: \u202Eonisac", 0, true },
	};
	struct world w;

	(void)state;
	scenery(&w, IMAGE_UNDECODABLE_REFUSE);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct screen_message *m = world_one(
			&w, &(struct submit){ .text = rows[i].text,
		                              .payload = rows[i].payload,
		                              .payload_len = rows[i].payload != NULL
		                                                     ? strlen(rows[i].payload)
		                                                     : 0 });
		assert_int_equal(m->refuse, rows[i].refuse);
		assert_int_equal(m->rule, rows[i].rule);
		assert_int_equal(m->reason,
		                 rows[i].refuse ? REASON_READINGS_DISAGREE : REASON_PASS);
	}
	world_end(&w);
}

/* replace_sm says no coding: units of UTF-16 that are pairs of CP949 too are read as both. */
static void replaced_in_units(void **state)
{
	static const uint8_t advice[] = { 0xC0, 0xC1, 0xB2, 0xF4 }; /* 상담 */
	struct world w;

	(void)state;
	world_readings(&w, TEXT_GSM7, IMAGE_UNDECODABLE_REFUSE);
	world_rule(&w, 103, IMAGE_REFUSE, "상담", 0);
	world_ready(&w);
	for (unsigned replace = 0; replace < 2; replace++) {
		world_clear(&w);
		struct screen_message *m = world_add(
			&w, "acme",
			&(struct submit){ .text = advice, .text_len = sizeof(advice) });
		if (replace)
			m->sm.header.command_id = SMPP_REPLACE_SM;
		world_screen(&w);
		assert_int_equal(m->reason, replace ? REASON_READINGS_DISAGREE : REASON_PASS);
		assert_int_equal(m->rule, replace ? 103 : 0);
	}
	world_end(&w);
}

/* In a message of two texts, or of a long one: a second text, or a tail, may not shield it. */
static void nothing_shields_it(void **state)
{
	static char text[SCREEN_OTHER_MAX + 2];
	struct world w;

	(void)state;
	scenery(&w, IMAGE_UNDECODABLE_REFUSE);
	for (size_t i = 0; i < LIES; i++) {
		const struct screen_message *m =
			world_one(&w, &(struct submit){ .data_coding = lies[i].data_coding,
		                                        .text = "xy",
		                                        .payload = lies[i].text,
		                                        .payload_len = lies[i].len });
		assert_true(m->refuse);
	}
	for (size_t len = 1026; len <= sizeof(text); len += sizeof(text) - 1026) {
		memset(text, ' ', sizeof(text));
		memcpy(text, "\xB4\xEB\xC3\xE2", 4);
		const struct submit s = { .text = "", .payload = text, .payload_len = len };
		struct screen_message *m = world_one(&w, &s);
		assert_int_equal(m->reason, REASON_READINGS_DISAGREE);
		assert_int_equal(m->rule, len <= SCREEN_OTHER_MAX ? 101 : 0);
		assert_true(m->refuse);
		memcpy(text, "loan", 4); /* what is what it says may be long */
		m = world_one(&w, &s);
		assert_int_equal(m->reason, REASON_PASS);
	}
	world_end(&w);
}

/* Where the policy lets pass what does not decode it is read as far as it does. */
static void undecodable_is_read(void **state)
{
	static const struct lie rows[] = {
		{ "\0c\0a\0s\0i\0n\0o\0", 13, 8, 100 },
		{ "\0c\0a\0s\0i\0n\0o\xD8\0", 14, 8, 100 },
		{ "\xB4\xEB\xC3\xE2\xFF", 5, 14, 101 },
		{ "\xB4\xEB\xC3\xE2", 4, 5, 101 },
		{ "\0c\0a\0s\0i\0n\0o", 12, 0x90, 100 },
		{ "casino", 6, 0x90, 100 },
	};
	struct world w;

	(void)state;
	scenery(&w, IMAGE_UNDECODABLE_PASS);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct screen_message *m =
			world_one(&w, &(struct submit){ .data_coding = rows[i].data_coding,
		                                        .text = rows[i].text,
		                                        .text_len = rows[i].len });
		if (!m->refuse || m->rule != rows[i].rule)
			fail_msg("%zu: %s, rule %u", i, reason_row(m->reason)->name, m->rule);
	}
	world_end(&w);
}

/* The septets of a text behind so many fill bits. */
static size_t pack(const char *text, unsigned fill, uint8_t *out)
{
	size_t bit = fill;

	memset(out, 0, 40);
	for (; *text != '\0'; text++, bit += 7)
		for (size_t k = 0; k < 7; k++)
			out[(bit + k) / 8] |= (uint8_t)((*text >> k & 1) << (bit + k) % 8);
	return (bit + 7) / 8;
}

/* Packed, though that was not announced: behind a header, alone and in parts. */
static void packed_in_parts(void **state)
{
	static const char *const texts[] = { "win in this casino", "win in this ca",
		                             "sino now" };
	struct world w;

	(void)state;
	for (unsigned parts = 0; parts < 2; parts++) {
		struct screen_message *m = NULL;
		scenery(&w, IMAGE_UNDECODABLE_REFUSE);
		assert_int_equal(parts_open(&w.context.parts), 0);
		for (unsigned i = parts; i < 1 + 2 * parts; i++) {
			uint8_t text[6 + 40] = { 5, 0, 3, 9, 2, (uint8_t)(i < 2 ? 1 : 2) };
			const size_t n = pack(texts[i], 1, text + 6);
			m = world_one(&w, &(struct submit){ .esm_class = SMPP_ESM_UDHI,
			                                    .text = text,
			                                    .text_len = 6 + n });
		}
		assert_int_equal(m->reason, REASON_READINGS_DISAGREE);
		assert_int_equal(m->rule, 100);
		parts_close(w.context.parts);
		world_end(&w);
	}
}

/* Capitals that the tables of ten languages have no place for: phones that lack those tables
 * show them, and what stands behind an escape. */
static void phones_without_the_language(void **state)
{
	struct world w;

	(void)state;
	scenery(&w, IMAGE_UNDECODABLE_REFUSE);
	assert_int_equal(parts_open(&w.context.parts), 0);
	for (unsigned element = 0; element < 2; element++)
		for (uint8_t language = 1; language < 14; language++) {
			uint8_t text[] = "\x08\x24\x01\x01\x00\x03 \x02\x01 C\x1B"
					 "ASINO ";
			text[1] = (uint8_t)(0x24 + element);
			text[3] = language;
			text[6] = (uint8_t)(element * 100 + language); /* the reference */
			const struct screen_message *m =
				world_one(&w, &(struct submit){ .esm_class = SMPP_ESM_UDHI,
			                                        .text = text,
			                                        .text_len = sizeof(text) - 1 });
			if (!m->refuse || m->rule != 100)
				fail_msg("element %u, language %u", element, language);
		}
	parts_close(w.context.parts);
	world_end(&w);
}

/* Of the name beside a callback number as of a text: shown backwards, also where it is the only
 * text, and no second reading is left out for want of room. */
static void of_callback_tags(void **state)
{
	static const char turned[] = "\x08\x20\x2E\0o\0n\0i\0s\0a\0c",
			  cp949[] = "\0\xB4\xEB\xC3\xE2";
	static char text[SCREEN_OTHER_MAX + 2];
	struct submit s = { .tag = SMPP_TAG_CALLBACK_NUM_ATAG,
		            .value = turned,
		            .value_len = sizeof(turned) - 1 };
	struct world w;

	(void)state;
	world_readings(&w, TEXT_GSM7, IMAGE_UNDECODABLE_REFUSE);
	world_ready(&w);
	assert_int_equal(world_one(&w, &s)->reason, REASON_READINGS_DISAGREE);
	assert_int_equal(w.vector->messages[0].rule, 100);
	s.value = cp949;
	s.value_len = sizeof(cp949) - 1;
	s.payload = memset(text, 'a', sizeof(text));
	s.payload_len = 100;
	assert_int_equal(world_one(&w, &s)->rule, 101);
	s.payload_len = sizeof(text);
	assert_int_equal(world_one(&w, &s)->reason, REASON_READINGS_DISAGREE);
	assert_int_equal(w.vector->messages[0].rule, 0);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(read_in_both),
		cmocka_unit_test(of_callback_tags),
		cmocka_unit_test(shown_backwards),
		cmocka_unit_test(nothing_shields_it),
		cmocka_unit_test(replaced_in_units),
		cmocka_unit_test(undecodable_is_read),
		cmocka_unit_test(packed_in_parts),
		cmocka_unit_test(phones_without_the_language),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

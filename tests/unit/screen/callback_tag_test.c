/* SPDX-License-Identifier: Apache-2.0 */
/* callback_tag: names beside callback numbers are read as the phone shows them. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "text.h"
#include "world.h"

static void scenery(struct world *w)
{
	world_readings(w, TEXT_GSM7, IMAGE_UNDECODABLE_REFUSE);
	world_ready(w);
}

static const struct screen_message *with_tags(struct world *w, const char *text,
                                              const char *value, uint32_t value_len,
                                              const char *again)
{
	return world_one(w, &(struct submit){ .text = text,
	                                      .tag = SMPP_TAG_CALLBACK_NUM_ATAG,
	                                      .value = value,
	                                      .value_len = value_len,
	                                      .again = again });
}

/* A callback tag is read in its own coding, with the message's text or without one; no word
 * goes on in it, and a text that is known from before is not known with another tag. Beside a
 * second reading of the text it has no place. */
static void callback_tags_are_read(void **state)
{
	static const struct {
		const char *text, *value, *again;
		uint32_t value_len, rule;
	} rows[] = {
		{ "hello", "\0Your CASINO", NULL, 12, 100 },
		{ "hello", "\0Your bank", NULL, 10, 0 },
		{ NULL, "\0Your CASINO", NULL, 12, 100 },
		{ "hello", "\x08\xB3\x00\xCD\x9C", NULL, 5, 101 },
		{ "hello", "\0\xB4\xEB\xC3\xE2", NULL, 5, 101 },
		{ "hello", "\x07\xB4\xEB\xC3\xE2", NULL, 5, 101 },
		{ "hello", "\0Your bank", "\0a casino", 9, 100 },
		{ "cas", "\0ino", NULL, 4, 0 },
		{ "casino", "\0", NULL, 1, 100 },
		{ "casino", "", NULL, 0, 100 },
	};
	struct world w;

	(void)state;
	scenery(&w);
	for (unsigned round = 0; round < 2; round++)
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			const struct screen_message *m =
				with_tags(&w, rows[i].text, rows[i].value, rows[i].value_len,
			                  rows[i].again);
			assert_int_equal(m->rule, rows[i].rule);
			assert_int_equal(m->reason,
			                 m->rule != 0 ? REASON_CONTENT_RULE : REASON_PASS);
		}
	/* Hello, as CP949. */
	assert_int_equal(with_tags(&w, "\xBE\xC8\xB3\xE7", "", 0, NULL)->reason, REASON_PASS);
	assert_int_equal(w.vector->messages[0].second, 1);
	const struct screen_message *m =
		with_tags(&w, "\xBE\xC8\xB3\xE7", "\0Your bank", 10, NULL);
	assert_int_equal(m->reason, REASON_READINGS_DISAGREE);
	world_end(&w);
}

/* What was read, as a text of its own: each tag on a line, all of its octets and no more, and
 * in the coding that its first one names. */
static void each_on_its_line(void **state)
{
	static const struct {
		const char *value, *again;
		uint32_t value_len;
		const char *read;
	} rows[] = {
		{ "\0Big Banks", NULL, 10, "Big Banks" },
		{ "\0Big Banks", "\0Big Names", 10, "Big Banks\nBig Names" },
		{ "\0x", NULL, 2, "x" },
		{ "\x08\0C\0a", NULL, 5, "Ca" },
		{ "\0\xB4\xEB\xC3\xE2", "\0okay", 5, "´ëÃâ\n대출\nokay" },
	};
	struct world w;

	(void)state;
	scenery(&w);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct screen_message *m = with_tags(&w, "a casino", rows[i].value,
		                                           rows[i].value_len, rows[i].again);
		assert_int_equal(m->rule, 100);
		assert_int_equal(m->plain[1].len, strlen(rows[i].read));
		assert_memory_equal(m->plain[1].data, rows[i].read, m->plain[1].len);
	}
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(callback_tags_are_read),
		cmocka_unit_test(each_on_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Texts that outgrow the arena: every one is read, and every record keeps its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "world.h"

#define PAYLOAD_MAX 65535u
#define BAIT "casino"

static uint8_t payload[PAYLOAD_MAX];

/* The greatest payloads there can be, the word at the very end of every second one. */
static void whole_vector_of_64k(unsigned data_coding, uint8_t filler, const void *bait,
                                size_t bait_len, size_t len)
{
	struct world w;

	world_usual(&w);
	world_ready(&w);
	for (unsigned i = 0; i < SCREEN_VECTOR_MAX; i++) {
		memset(payload, filler, len);
		if (i % 2 == 1)
			memcpy(payload + len - bait_len, bait, bait_len);
		world_add(&w, "acme",
		          &(struct submit){ .data_coding = data_coding,
		                            .text = "",
		                            .payload = payload,
		                            .payload_len = len });
	}
	world_screen(&w);
	for (unsigned i = 0; i < SCREEN_VECTOR_MAX; i++) {
		const struct screen_message *m = &w.vector->messages[i];
		assert_int_equal(m->reason, i % 2 == 1 ? REASON_CONTENT_RULE : REASON_PASS);
		assert_int_equal(m->refuse, i % 2 == 1);
		assert_true(m->plain[1].len <= SCREEN_PLAIN_MAX);
		assert_int_equal(m->plain[1].len != 0, i % 2 == 1);
	}
	world_end(&w);
}

static void ascii(void **state)
{
	(void)state;
	whole_vector_of_64k(1, 'a', BAIT, 6, PAYLOAD_MAX);
}

/* U+0E0E: three octets of UTF-8, and no CP949, in which a long text would be refused. */
static void utf16(void **state)
{
	(void)state;
	whole_vector_of_64k(8, 0x0E, "\0c\0a\0s\0i\0n\0o", 12, PAYLOAD_MAX - 1);
}

/* The greatest growth there is: GSM septets of two octets each, and all that decodes to
 * letters whose folding is longer. */
static void worst_growth(void **state)
{
	(void)state;
	whole_vector_of_64k(0, 0x10, BAIT, 6, PAYLOAD_MAX);
	whole_vector_of_64k(8, 0x02, "\0c\0a\0s\0i\0n\0o", 12, PAYLOAD_MAX - 1);
}

/* Long and short ones mixed, some refused by a stage before the text: the kept text of
 * each is its own, although the arena was used again and again. */
static void kept_across_slices(void **state)
{
	struct world w;

	(void)state;
	world_usual(&w);
	world_ready(&w);
	for (unsigned i = 0; i < SCREEN_VECTOR_MAX; i++) {
		char text[64];
		const int n = snprintf(text, sizeof(text), "Message %u is no casino", i);
		memset(payload, 'A' + (int)(i % 26), PAYLOAD_MAX);
		world_add(&w, "acme",
		          &(struct submit){ .source = i % 3 == 0 ? "1" : NULL,
		                            .text = text,
		                            .text_len = (size_t)n,
		                            .payload = payload,
		                            .payload_len = i % 5 ? 40 : PAYLOAD_MAX });
	}
	world_screen(&w);
	for (unsigned i = 0; i < SCREEN_VECTOR_MAX; i++) {
		const struct screen_message *m = &w.vector->messages[i];
		char text[64];
		const int n = snprintf(text, sizeof(text), "Message %u is no casino", i);
		assert_int_equal(m->reason,
		                 i % 3 == 0 ? REASON_SENDER_UNCERTIFIED : REASON_CONTENT_RULE);
		assert_int_equal(m->plain[0].len, n);
		assert_memory_equal(m->plain[0].data, text, (size_t)n);
		assert_int_equal(m->plain[1].len, i % 5 ? 40 : SCREEN_PLAIN_MAX);
		for (unsigned k = 0; k < m->plain[1].len; k++)
			assert_int_equal(m->plain[1].data[k], 'A' + (int)(i % 26));
	}
	world_end(&w);
}

/* A vector of nothing, and one that was longer before. */
static void reuse(void **state)
{
	struct world w;

	(void)state;
	world_usual(&w);
	world_ready(&w);
	world_screen(&w);
	world_add(&w, "acme", &(struct submit){ .text = "casino" });
	world_add(&w, "acme", &(struct submit){ .text = "casino" });
	world_screen(&w);
	assert_true(w.vector->messages[1].refuse);
	world_clear(&w);
	world_add(&w, "acme", &(struct submit){ .text = "hello" });
	world_screen(&w);
	assert_false(w.vector->messages[0].refuse);
	assert_int_equal(w.vector->messages[0].rule, 0);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ascii),        cmocka_unit_test(utf16),
		cmocka_unit_test(worst_growth), cmocka_unit_test(kept_across_slices),
		cmocka_unit_test(reuse),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

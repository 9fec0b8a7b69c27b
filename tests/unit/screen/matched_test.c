/* SPDX-License-Identifier: Apache-2.0 */
/* Which rules are listed of each message, to be counted, and which of them acted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "text.h"
#include "world.h"

#define NOT_LISTED 2u

/* 0, or 1 when it acted, or NOT_LISTED; fails when it is listed twice. */
static unsigned listed(const struct world *w, unsigned message, uint32_t id)
{
	const struct screen_message *m = &w->vector->messages[message];
	unsigned found = NOT_LISTED;

	for (unsigned k = 0; k < m->n_matched; k++) {
		const uint32_t entry = w->vector->matched[message][k];
		const uint32_t index = entry & ~SCREEN_ACTED;
		assert_true(index < w->tables->image->n_rules);
		if (w->tables->image->rules[index].id != id)
			continue;
		assert_int_equal(found, NOT_LISTED);
		found = (entry & SCREEN_ACTED) != 0;
	}
	return found;
}

static void rule(struct world *w, uint32_t id, enum image_action action, uint32_t flags,
                 int32_t weight, const char *word)
{
	world_rule_with(w,
	                &(struct image_build_rule){ .row = { .id = id,
	                                                     .action = action,
	                                                     .flags = flags,
	                                                     .weight = weight } },
	                word);
}

#define WORDS 40u

/* A word of letters that is part of no other. */
static const char *word(unsigned i)
{
	static char words[WORDS][8];

	snprintf(words[i], sizeof(words[i]), "x%c%cx", 'a' + i / 8, 'a' + i % 8);
	return words[i];
}

/* Texts of random words, rules half of which are on trial; each asks for two words. */
static void against_a_twin(void **state)
{
	static char texts[SCREEN_VECTOR_MAX][200];
	static bool has[SCREEN_VECTOR_MAX][WORDS];
	unsigned acted = 0, shadows = 0;
	struct world w;

	(void)state;
	srandom(5);
	world_usual(&w);
	for (unsigned i = 0; i < WORDS; i++) {
		rule(&w, 1000 + i, (enum image_action)(1 + i / 2 % 4),
		     i % 2 ? IMAGE_RULE_SHADOW : 0, 0, word(i));
		/* After rule 0, of world_usual(). */
		world_pattern(&w, &(struct image_pattern){ .rule = i + 1 },
		              word((i + 7) % WORDS));
	}
	world_ready(&w);
	for (unsigned i = 0; i < SCREEN_VECTOR_MAX; i++) {
		for (long n = random() % 4; n > 0; n--) {
			const unsigned k = (unsigned)random() % WORDS;
			strcat(strcat(strcat(texts[i], word(k)), " and "), word(k));
			has[i][k] = true;
		}
		world_add(&w, "acme",
		          &(struct submit){ .text = texts[i], .text_len = strlen(texts[i]) });
	}
	world_screen(&w);
	for (unsigned i = 0; i < SCREEN_VECTOR_MAX; i++) {
		const struct screen_message *m = &w.vector->messages[i];
		unsigned n = 0;
		for (unsigned k = 0; k < WORDS; k++) {
			const bool matches = has[i][k] || has[i][(k + 7) % WORDS];
			assert_int_equal(listed(&w, i, 1000 + k),
			                 matches ? k % 2 == 0 : NOT_LISTED);
			n += matches;
			acted += matches && k % 2 == 0;
			shadows += matches && k % 2 != 0;
		}
		assert_int_equal(m->n_matched, n);
	}
	assert_true(acted > 100 && shadows > 100);
	assert_int_equal(w.context.unlisted, 0);
	world_end(&w);
}

/* Weights below what refuses have not acted; what refuses together has acted together. */
static void weights_act_together(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	world_account(&w, &(struct image_build_account){ .system_id = "acme",
	                                                 .id = 7,
	                                                 .state = IMAGE_CERTIFIED,
	                                                 .alphabet = TEXT_GSM7 });
	world_sender(&w, "010-1234-5678", 7);
	w.policy.refuse_score = 2000;
	rule(&w, 1, 0, 0, 1200, "one");
	rule(&w, 2, 0, 0, 900, "two");
	rule(&w, 3, 0, IMAGE_RULE_SHADOW, 5000, "three");
	world_ready(&w);
	world_add(&w, "acme", &(struct submit){ .text = "one three" });
	world_add(&w, "acme", &(struct submit){ .text = "one two three" });
	world_add(&w, "acme", &(struct submit){ .text = "zero" });
	world_screen(&w);
	assert_false(w.vector->messages[0].refuse);
	assert_int_equal(listed(&w, 0, 1), 0);
	assert_int_equal(listed(&w, 0, 3), 0);
	assert_true(w.vector->messages[1].refuse);
	assert_int_equal(listed(&w, 1, 1), 1);
	assert_int_equal(listed(&w, 1, 2), 1);
	assert_int_equal(listed(&w, 1, 3), 0);
	assert_int_equal(w.vector->messages[2].n_matched, 0);
	world_end(&w);
}

/* A rule in both readings is one match; who only matched in the reading that does not hold
 * has not acted. */
static void readings_count_once(void **state)
{
	struct world w;

	(void)state;
	world_usual(&w);
	rule(&w, 1, IMAGE_REFUSE, 0, 0, "대출");
	rule(&w, 2, 0, 0, 500, "´ë"); /* the octets of 대 in Latin-1 */
	rule(&w, 3, IMAGE_FLAG, 0, 0, "hello");
	rule(&w, 4, IMAGE_REFUSE, IMAGE_RULE_SHADOW, 0, "hello");
	world_ready(&w);
	world_add(&w, "acme",
	          &(struct submit){ .text = "\xB4\xEB\xC3\xE2 hello hello", .data_coding = 3 });
	world_add(&w, "acme",
	          &(struct submit){ .text = "\xBE\xC8\xB3\xE7 hello", .data_coding = 3 });
	world_screen(&w);
	assert_int_equal(w.vector->messages[0].reason, REASON_READINGS_DISAGREE);
	assert_int_equal(listed(&w, 0, 1), 1);
	assert_int_equal(listed(&w, 0, 3), 1);
	assert_int_equal(listed(&w, 0, 4), 0);
	assert_int_equal(w.vector->messages[1].second, 1);
	assert_int_equal(listed(&w, 1, 3), 1);
	assert_int_equal(listed(&w, 1, 4), 0);
	assert_int_equal(w.vector->messages[1].n_matched, 2);
	world_end(&w);
}

/* More rules than are listed: told, and the verdict is what it was. */
static void more_than_are_listed(void **state)
{
	enum { RULES = SCREEN_MATCHED_MAX + 20 };
	struct world w;

	(void)state;
	world_usual(&w);
	for (uint32_t i = 0; i < RULES; i++)
		rule(&w, 1000 + i, i + 1 == RULES ? IMAGE_REFUSE : IMAGE_FLAG, 0, 0, "hello");
	world_ready(&w);
	world_add(&w, "acme", &(struct submit){ .text = "hello" });
	world_screen(&w);
	assert_int_equal(w.vector->messages[0].n_matched, SCREEN_MATCHED_MAX);
	assert_int_equal(w.vector->messages[0].rule, 1000 + RULES - 1);
	assert_true(w.vector->messages[0].refuse);
	assert_int_equal(w.context.unlisted, 20);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(against_a_twin),
		cmocka_unit_test(weights_act_together),
		cmocka_unit_test(readings_count_once),
		cmocka_unit_test(more_than_are_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

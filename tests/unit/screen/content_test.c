/* SPDX-License-Identifier: Apache-2.0 */
/* Which of several rules that match decides, against a twin that tries each alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "world.h"

#define WORDS 24u

static const char *const words[WORDS] = {
	"alpha",  "bravo",   "charlie", "delta", "echo",    "foxtrot",  "golf",    "hotel",
	"india",  "juliett", "kilo",    "lima",  "mike",    "november", "oscar",   "papa",
	"quebec", "romeo",   "sierra",  "tango", "uniform", "victor",   "whiskey", "xray",
};

struct rule_row {
	uint32_t id;
	enum image_action action;
	const char *word;
};

/* The least action, and the first rule of it, whose word is in either text. */
static const struct rule_row *twin(const struct rule_row *rules, unsigned n, const char *a,
                                   const char *b)
{
	const struct rule_row *best = NULL;

	for (unsigned i = 0; i < n; i++)
		if ((strstr(a, rules[i].word) != NULL || strstr(b, rules[i].word) != NULL) &&
		    (best == NULL || rules[i].action < best->action))
			best = &rules[i];
	return best;
}

static void random_words(char *text, size_t size)
{
	text[0] = 0;
	for (long n = random() % 5; n > 0; n--) {
		const char *word = words[(size_t)random() % WORDS];
		if (strlen(text) + strlen(word) + 2 < size)
			strcat(strcat(text, word), " ");
	}
	strcat(text, ".");
}

static void expect(const struct screen_message *m, const struct rule_row *rule)
{
	assert_int_equal(m->rule, rule != NULL ? rule->id : 0);
	assert_int_equal(m->reason, rule == NULL || rule->action == IMAGE_FLAG
	                                    ? REASON_PASS
	                                    : REASON_CONTENT_RULE);
	assert_int_equal(m->refuse, rule != NULL && rule->action == IMAGE_REFUSE);
	assert_int_equal(m->flagged, rule != NULL && rule->action == IMAGE_FLAG);
	assert_true(m->command_status == 0 || m->refuse);
}

static void one_vector(struct world *w, const struct rule_row *rules, unsigned n)
{
	static char texts[SCREEN_VECTOR_MAX][2][128];

	world_clear(w);
	for (unsigned i = 0; i < SCREEN_VECTOR_MAX; i++) {
		random_words(texts[i][0], sizeof(texts[i][0]));
		random_words(texts[i][1], sizeof(texts[i][1]));
		world_add(w, "acme",
		          &(struct submit){ .text = texts[i][0],
		                            .payload = texts[i][1],
		                            .payload_len = strlen(texts[i][1]) });
	}
	world_screen(w);
	for (unsigned i = 0; i < SCREEN_VECTOR_MAX; i++)
		expect(&w->vector->messages[i], twin(rules, n, texts[i][0], texts[i][1]));
}

static void strongest_rule(void **state)
{
	(void)state;
	srandom(21);
	for (unsigned round = 0; round < 12; round++) {
		struct rule_row rules[WORDS];
		struct world w;

		world_usual(&w);
		for (unsigned i = 0; i < WORDS; i++) {
			rules[i] = (struct rule_row){ 1000 - i,
				                      (enum image_action)(1 + random() % 3),
				                      words[(size_t)random() % WORDS] };
			world_rule(&w, rules[i].id, rules[i].action, rules[i].word, 0);
		}
		world_ready(&w);
		for (unsigned k = 0; k < 4; k++)
			one_vector(&w, rules, WORDS);
		world_end(&w);
	}
}

/* Only what is scanned counts: not the binary one, not what a stage before decided. */
static void octets_are_counted(void **state)
{
	struct world w;

	(void)state;
	world_usual(&w);
	world_ready(&w);
	world_add(&w, "acme",
	          &(struct submit){ .text = "hello", .payload = "you", .payload_len = 3 });
	world_add(&w, "acme", &(struct submit){ .source = "1", .text = "not scanned" });
	world_add(&w, "acme", &(struct submit){ .data_coding = 4, .text = "binary" });
	world_screen(&w);
	assert_int_equal(w.context.scanned_octets, 8);
	world_end(&w);
}

/* An image without a pattern has neither database nor scratch. */
static void no_rules(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	world_account(&w, &(struct image_build_account){ .system_id = "acme",
	                                                 .id = 7,
	                                                 .state = IMAGE_CERTIFIED,
	                                                 .alphabet = 1 });
	world_sender(&w, "010-1234-5678", 7);
	world_ready(&w);
	assert_null(w.context.scratch);
	world_add(&w, "acme", &(struct submit){ .text = "casino" });
	world_screen(&w);
	assert_int_equal(w.vector->messages[0].reason, REASON_PASS);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strongest_rule),
		cmocka_unit_test(octets_are_counted),
		cmocka_unit_test(no_rules),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

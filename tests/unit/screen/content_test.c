/* SPDX-License-Identifier: Apache-2.0 */
/* Which of several rules that match decides, against a twin that tries each alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
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
	assert_int_equal(m->refuse, rule != NULL && (rule->action == IMAGE_REFUSE ||
	                                             rule->action == IMAGE_DISCARD));
	assert_int_equal(m->discard, rule != NULL && rule->action == IMAGE_DISCARD);
	assert_int_equal(m->flagged, rule != NULL && rule->action == IMAGE_FLAG);
	assert_int_equal(m->command_status != 0, m->refuse && !m->discard);
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
				                      (enum image_action)(1 + random() % 4),
				                      words[(size_t)random() % WORDS] };
			world_rule(&w, rules[i].id, rules[i].action, rules[i].word, 0);
		}
		world_ready(&w);
		for (unsigned k = 0; k < 4; k++)
			one_vector(&w, rules, WORDS);
		world_end(&w);
	}
}

static void weight_rule(struct world *w, uint32_t id, int32_t weight, const char *word)
{
	world_rule_with(w, &(struct image_build_rule){ .row = { .id = id, .weight = weight } },
	                word);
}

/* What a message of this account comes to. */
static struct screen_message judged(struct world *w, const char *system_id, const char *text)
{
	world_clear(w);
	world_add(w, system_id, &(struct submit){ .text = text });
	world_screen(w);
	return w->vector->messages[0];
}

static void weighed_account(struct world *w, const char *system_id, uint32_t id,
                            int32_t refuse_score, int32_t flag_score)
{
	world_account(w, &(struct image_build_account){ .system_id = system_id,
	                                                .id = id,
	                                                .state = IMAGE_CERTIFIED,
	                                                .alphabet = 1,
	                                                .flags = IMAGE_ACCOUNT_ANY_SENDER,
	                                                .refuse_score = refuse_score,
	                                                .flag_score = flag_score });
}

/* Weights add up; the account's thresholds come before the policy's. */
static void scores_against_thresholds(void **state)
{
	struct screen_message m;
	struct world w;

	(void)state;
	world_begin(&w);
	w.policy.refuse_score = 3000;
	w.policy.flag_score = 2000;
	weighed_account(&w, "usual", 1, 0, 0);
	weighed_account(&w, "strict", 2, 1500, 0);
	weighed_account(&w, "lenient", 3, 9000, 8000);
	weight_rule(&w, 11, 1500, "alpha");
	weight_rule(&w, 12, 500, "bravo");
	weight_rule(&w, 13, 1000, "charlie");
	weight_rule(&w, 14, -1500, "delta");
	world_rule(&w, 15, IMAGE_DISCARD, "echo", 0);
	world_ready(&w);

	m = judged(&w, "usual", "alpha");
	assert_int_equal(m.reason, REASON_PASS);
	assert_false(m.flagged);
	m = judged(&w, "usual", "alpha bravo");
	assert_true(m.flagged && m.rule == 11 && m.n_rules == 2 && m.rules[1] == 12);
	m = judged(&w, "usual", "charlie bravo alpha alpha");
	assert_int_equal(m.reason, REASON_CONTENT_SCORE);
	assert_true(m.refuse && !m.discard && m.rule == 11 && m.score == 3000);
	assert_int_equal(m.command_status, 0x45);
	m = judged(&w, "usual", "charlie bravo alpha delta");
	assert_int_equal(m.reason, REASON_PASS);
	m = judged(&w, "strict", "alpha");
	assert_int_equal(m.reason, REASON_CONTENT_SCORE);
	m = judged(&w, "lenient", "charlie bravo alpha");
	assert_true(m.reason == REASON_PASS && !m.flagged);
	/* A score that refuses tells the sender; one that does not leaves the discard. */
	m = judged(&w, "usual", "charlie bravo alpha echo");
	assert_true(m.reason == REASON_CONTENT_SCORE && !m.discard);
	m = judged(&w, "usual", "charlie echo");
	assert_true(m.reason == REASON_CONTENT_RULE && m.discard && m.command_status == 0);
	world_end(&w);
}

/* Refuses what has the one word and not the other; its patterns are of groups 0 and 1. */
static void but_not_rule(struct world *w, uint32_t id, const char *word, const char * not )
{
	static const uint32_t code[] = { IMAGE_CODE_GROUP << 24, IMAGE_CODE_GROUP << 24 | 1,
		                         IMAGE_CODE_NOT << 24,
		                         IMAGE_CODE_AT_LEAST << 24 | 2 << 12 | 2 };
	const uint32_t rule = world_rule_with(
		w,
		&(struct image_build_rule){
			.row = { .id = id, .action = IMAGE_REFUSE, .n_code = 4 },
			.code = code },
		word);

	world_pattern(w, &(struct image_pattern){ .rule = rule, .group = 1 }, not );
}

/* Of two texts a phone shows one or both: what a rule takes away for one does not help the
 * other, and what both come to together counts. A callback tag is a text like that. */
static void texts_do_not_help_each_other(void **state)
{
	static const struct {
		const char *text, *other;
		enum reason reason;
		int32_t score;
	} rows[] = {
		{ "charlie bravo alpha", "delta", REASON_CONTENT_SCORE, 3000 },
		{ "delta", "charlie bravo alpha", REASON_CONTENT_SCORE, 3000 },
		{ "charlie bravo", "alpha", REASON_CONTENT_SCORE, 3000 },
		{ "charlie bravo delta", "alpha", REASON_PASS, 0 },
		{ "foxtrot", "golf", REASON_CONTENT_RULE, 0 },
		{ "golf", "foxtrot", REASON_CONTENT_RULE, 0 },
		{ "foxtrot golf", "golf", REASON_PASS, 0 },
	};
	struct world w;

	(void)state;
	world_begin(&w);
	w.policy.refuse_score = 3000;
	weighed_account(&w, "usual", 1, 0, 0);
	weight_rule(&w, 11, 1500, "alpha");
	weight_rule(&w, 12, 500, "bravo");
	weight_rule(&w, 13, 1000, "charlie");
	weight_rule(&w, 14, -1500, "delta");
	but_not_rule(&w, 15, "foxtrot", "golf");
	world_ready(&w);
	for (unsigned i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		const char *text = rows[i / 2].text, *other = rows[i / 2].other;
		char tag[32] = { 0 };
		memcpy(tag + 1, other, strlen(other));
		const struct submit payload = { .text = text,
			                        .payload = other,
			                        .payload_len = strlen(other) };
		const struct submit tagged = { .text = text,
			                       .tag = SMPP_TAG_CALLBACK_NUM_ATAG,
			                       .value = tag,
			                       .value_len = 1 + strlen(other) };
		world_clear(&w);
		struct screen_message *m =
			world_add(&w, "usual", i % 2 == 0 ? &payload : &tagged);
		world_screen(&w);
		assert_int_equal(m->reason, rows[i / 2].reason);
		if (m->reason == REASON_CONTENT_SCORE)
			assert_int_equal(m->score, rows[i / 2].score);
	}
	world_end(&w);
}

/* An account that is only observed is neither refused nor discarded. */
static void observed_accounts_are_not_discarded(void **state)
{
	struct screen_message m;
	struct world w;

	(void)state;
	world_begin(&w);
	world_account(&w, &(struct image_build_account){ .system_id = "watched",
	                                                 .id = 1,
	                                                 .mode = IMAGE_OBSERVE,
	                                                 .state = IMAGE_CERTIFIED,
	                                                 .alphabet = 1,
	                                                 .flags = IMAGE_ACCOUNT_ANY_SENDER });
	world_rule(&w, 15, IMAGE_DISCARD, "echo", 0);
	world_ready(&w);
	m = judged(&w, "watched", "echo");
	assert_int_equal(m.reason, REASON_CONTENT_RULE);
	assert_false(m.refuse || m.discard);
	world_end(&w);
}

/* Case tells the views apart here: folding has none. */
static void views_see_their_texts(void **state)
{
	struct world w;

	(void)state;
	world_usual(&w);
	world_rule_with(&w, &(struct image_build_rule){ .row = { .id = 1, .action = 3 } },
	                "no such");
	world_pattern(
		&w, &(struct image_pattern){ .rule = 1, .group = 1, .views = IMAGE_VIEW_PLAIN },
		"HOTEL");
	world_rule_with(&w, &(struct image_build_rule){ .row = { .id = 2, .action = 3 } },
	                "INDIA");
	world_ready(&w);
	for (unsigned i = 0; i < 3; i++) /* several, so that they are joined */
		world_add(&w, "acme", &(struct submit){ .text = "HOTEL" });
	world_add(&w, "acme", &(struct submit){ .text = "hotel INDIA" });
	world_add(&w, "acme",
	          &(struct submit){ .text = "x", .payload = "an HOTEL", .payload_len = 8 });
	world_screen(&w);
	for (unsigned i = 0; i < 3; i++)
		assert_true(w.vector->messages[i].flagged && w.vector->messages[i].rule == 1);
	assert_false(w.vector->messages[3].flagged);
	assert_true(w.vector->messages[4].flagged);
	world_end(&w);
}

/* A strewn text is refused by the rule that asks for the loose reading and by no other, alone
 * and joined, in either text, and when it finds no room for its hits. */
static void loose_texts(void **state)
{
	static const char *const strewn[] = { "get f.r.e.e now", "fr*ee", "f r e e" };
	struct world w;

	(void)state;
	world_usual(&w);
	world_rule(&w, 1, IMAGE_FLAG, "f[r]ee", 0);
	world_rule_with(&w, &(struct image_build_rule){ .row = { .id = 2, .action = 3 } },
	                "no such");
	world_pattern(&w,
	              &(struct image_pattern){ .rule = 2,
	                                       .group = 2,
	                                       .views = IMAGE_VIEW_FOLDED | IMAGE_VIEW_LOOSE },
	              "free");
	world_ready(&w);
	for (unsigned joined = 1; joined <= 3; joined++) {
		world_clear(&w);
		for (unsigned i = 0; i < joined; i++)
			world_add(&w, "acme", &(struct submit){ .text = strewn[i] });
		world_add(&w, "acme", &(struct submit){ .text = "free" });
		world_add(
			&w, "acme",
			&(struct submit){ .text = "x", .payload = "fr*ee", .payload_len = 5 });
		world_add(&w, "acme", &(struct submit){ .text = "fr ee" });
		world_screen(&w);
		for (unsigned i = 0; i < joined + 3; i++) {
			const struct screen_message *m = &w.vector->messages[i];
			assert_int_equal(m->flagged, i != joined + 2);
			assert_int_equal(m->rule, i == joined + 2 ? 0 : i == joined ? 1 : 2);
			assert_int_equal(m->n_rules, i == joined + 2 ? 0 : i == joined ? 2 : 1);
		}
	}
	world_end(&w);
}

/* More hits than the vector keeps: whoever finds no room is scanned alone, and every
 * verdict is the same. */
static void too_many_hits_change_nothing(void **state)
{
	static char text[161];
	static const char *const dense[] = { "a",   "aa",   "[a-c]",   "a+",   "a..",
		                             "..a", "a.*b", "[^x]a",   "a{4}", "a?b",
		                             "b",   "ba",   "a.{1,9}b" };
	struct world w;

	(void)state;
	world_usual(&w);
	for (unsigned i = 0; i < sizeof(dense) / sizeof(dense[0]); i++)
		weight_rule(&w, 200 + i, 1, dense[i]);
	world_rule(&w, 300, IMAGE_FLAG, "a[ab]*z$", 0);
	world_ready(&w);
	for (unsigned i = 0; i < 159; i++)
		text[i] = i % 7 == 6 ? 'b' : 'a';
	text[159] = 'z';
	for (unsigned i = 0; i < SCREEN_VECTOR_MAX; i++)
		world_add(&w, "acme",
		          &(struct submit){ .text = text, .text_len = 160 - i % 2 });
	world_screen(&w);
	assert_int_equal(w.vector->hits.n, SCREEN_HITS_MAX); /* it was full indeed */
	for (unsigned i = 0; i < SCREEN_VECTOR_MAX; i++) {
		assert_int_equal(w.vector->messages[i].score, 13);
		assert_int_equal(w.vector->messages[i].flagged, i % 2 == 0);
	}
	world_end(&w);
}

/* Only what is scanned counts: the binary one too, not what a stage before decided. */
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
	assert_int_equal(w.context.scanned_octets, 8 + 6);
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

#define PEOPLE 20000u

/* How many of PEOPLE a rule on trial for this share acts for; whoever it acts for today it
 * acts for tomorrow, whatever the text around it and however a number is written. */
static unsigned canaries(uint32_t share)
{
	struct image_build_rule rule = { .row = { .id = 9,
		                                  .action = IMAGE_REFUSE,
		                                  .flags = IMAGE_RULE_SHADOW,
		                                  .canary_share = share } };
	static char digits[2 * SCREEN_VECTOR_MAX][16];
	unsigned acted = 0;
	struct world w;

	world_usual(&w);
	world_rule_with(&w, &rule, "trial");
	world_ready(&w);
	for (unsigned person = 0; person < PEOPLE; person += SCREEN_VECTOR_MAX / 2) {
		world_clear(&w);
		for (unsigned i = 0; i < SCREEN_VECTOR_MAX; i++) {
			struct screen_message *m = world_add(
				&w, "acme",
				&(struct submit){ .text = i % 2 ? "trial" : "a trial, later" });
			const int len = snprintf(digits[i], sizeof(digits[i]), "%s10%08u",
			                         i % 2 != 0 ? "0" : "82", 7 * (person + i / 2));
			m->sm.destination.digits =
				(struct view){ (const uint8_t *)digits[i], (uint32_t)len };
		}
		w.context.shadowed = 0;
		world_screen(&w);
		unsigned here = 0;
		for (unsigned i = 0; i < SCREEN_VECTOR_MAX; i += 2) {
			const struct screen_message *m = &w.vector->messages[i];
			assert_int_equal(m[0].refuse, m[1].refuse);
			here += m[0].refuse;
		}
		assert_int_equal(w.context.shadowed, SCREEN_VECTOR_MAX - 2 * here);
		acted += here;
	}
	world_end(&w);
	return acted;
}

/* The share is about what was asked for: four standard deviations of chance either way. */
static void canary_share(void **state)
{
	static const uint32_t shares[] = { 0, 1, 100, 500, 2500, 5000, 9999, 10000 };
	const unsigned half = SCREEN_VECTOR_MAX / 2;
	const unsigned asked = (PEOPLE + half - 1) / half * half;
	const double n = asked;

	(void)state;
	for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
		const double p = shares[i] / (double)IMAGE_SHARE_WHOLE;
		const double away = canaries(shares[i]) - n * p;
		assert_true(away * away <= 16 * n * p * (1 - p));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strongest_rule),
		cmocka_unit_test(scores_against_thresholds),
		cmocka_unit_test(texts_do_not_help_each_other),
		cmocka_unit_test(observed_accounts_are_not_discarded),
		cmocka_unit_test(views_see_their_texts),
		cmocka_unit_test(loose_texts),
		cmocka_unit_test(too_many_hits_change_nothing),
		cmocka_unit_test(octets_are_counted),
		cmocka_unit_test(no_rules),
		cmocka_unit_test(canary_share),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

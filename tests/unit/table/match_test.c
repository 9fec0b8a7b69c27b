/* SPDX-License-Identifier: Apache-2.0 */
/*
 * match_state against a twin that is told the set of patterns at once and computes
 * everything anew with arrays: scopes, validity, combinations, weights, canaries.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "match_code.h"
#include "match_state.h"

#define RULES 40u
#define PATTERNS 160u
#define ACCOUNTS 4u
#define CODE 256u
#define LISTS 240u

static struct image_rule rules[RULES];
static struct image_pattern patterns[PATTERNS];
static struct image_account accounts[ACCOUNTS];
static uint32_t code[CODE], lists[LISTS], n_code, n_lists;
static const struct image image = { .accounts = accounts,
	                            .n_accounts = ACCOUNTS,
	                            .rules = rules,
	                            .n_rules = RULES,
	                            .patterns = patterns,
	                            .n_patterns = PATTERNS,
	                            .code = code,
	                            .rule_accounts = lists };

static uint32_t below(uint32_t n) { return (uint32_t)random() % n; }

/* A list of some account rows, ascending. */
static uint32_t random_list(uint32_t *first)
{
	*first = n_lists;
	for (uint32_t row = 1; row < ACCOUNTS; row++)
		if (below(2) == 0)
			lists[n_lists++] = row;
	return n_lists - *first;
}

/* Groups of the rule's own patterns: g1 and not g2, two of three, ... */
static void random_code(struct image_rule *r, uint32_t first, uint32_t n)
{
	const uint32_t forms = below(4);

	r->code = n_code;
	if (forms == 0 || n < 3)
		return;
	for (uint32_t i = 0; i < 3; i++) {
		code[n_code++] = match_code_word(IMAGE_CODE_GROUP, first + i);
		if (forms == 1 && i == 1)
			code[n_code++] = match_code_word(IMAGE_CODE_NOT, 0);
	}
	code[n_code++] =
		match_code_word(IMAGE_CODE_AT_LEAST, 3 << 12 | (forms == 1 ? 3 : forms));
	r->n_code = n_code - r->code;
}

static void random_rule(uint32_t i, uint32_t first, uint32_t n)
{
	struct image_rule *r = &rules[i];

	*r = (struct image_rule){ .id = i + 1,
		                  .action = below(5),
		                  .weight = (int32_t)below(3) * 500 - 500,
		                  .threshold = (int32_t)below(4000) - 1000,
		                  .flags = below(8),
		                  .valid_from = below(3) == 0 ? 900 + below(200) : 0,
		                  .valid_until = below(3) == 0 ? 950 + below(200) : 0,
		                  .canary_share = below(2) * 5000,
		                  .directions = below(4) };
	if ((r->flags & IMAGE_RULE_SCOPED) != 0)
		r->n_accounts = random_list(&r->accounts);
	r->n_canary_accounts = random_list(&r->canary_accounts);
	if (below(3) == 0)
		r->regimes[below(4)] = 1 + below(2);
	if (below(3) == 0)
		r->data_coding[below(8)] = UINT32_C(1) << below(32) | 0x101;
	random_code(r, first, n);
}

static void random_set(void)
{
	uint32_t at = 0;

	n_code = n_lists = 0;
	for (uint32_t i = 0; i < ACCOUNTS; i++)
		accounts[i].regime = below(3);
	for (uint32_t i = 0; i < RULES; i++) {
		const uint32_t n = i + 1 == RULES ? PATTERNS - at : 1 + below(3);
		for (uint32_t k = at; k < at + n; k++)
			patterns[k] = (struct image_pattern){
				.rule = i, .group = k, .weight = (int32_t)below(2000) - 500
			};
		random_rule(i, at, n);
		at += n;
	}
}

static bool listed(uint32_t first, uint32_t n, uint32_t row)
{
	for (uint32_t i = 0; i < n; i++)
		if (lists[first + i] == row)
			return true;
	return false;
}

static const bool *twin_hits;
static bool twin_group(const void *context, uint32_t group)
{
	(void)context;
	return twin_hits[group];
}

static bool twin_applies(const struct image_rule *r, const struct match_input *in)
{
	bool regimes = false, coding = false;

	for (unsigned i = 0; i < 4; i++)
		regimes |= r->regimes[i] != 0;
	for (unsigned c = 0; c < 256; c++)
		coding |= (r->data_coding[c / 32] >> c % 32 & 1) != 0;
	if (regimes) {
		regimes = false;
		for (unsigned i = 0; i < 4; i++)
			regimes |= r->regimes[i] != 0 &&
			           r->regimes[i] == accounts[in->account_row].regime;
		if (!regimes)
			return false;
	}
	if (coding && (r->data_coding[in->data_coding / 32] >> in->data_coding % 32 & 1) == 0)
		return false;
	if (r->directions == 1 && !in->from_esme)
		return false;
	if (r->directions == 2 && in->from_esme)
		return false;
	if (in->seconds < r->valid_from)
		return false;
	if (r->valid_until != 0 && in->seconds >= r->valid_until)
		return false;
	return (r->flags & IMAGE_RULE_SCOPED) == 0 ||
	       listed(r->accounts, r->n_accounts, in->account_row);
}

/* Whether rule i matches, and the weights of its patterns that did. */
static bool twin_matches(uint32_t i, const bool hits[PATTERNS], const struct match_input *in,
                         int64_t *sum)
{
	const struct image_rule *r = &rules[i];
	bool any = false;

	*sum = 0;
	for (uint32_t k = 0; k < PATTERNS; k++) {
		if (patterns[k].rule != i || !hits[k])
			continue;
		any = true;
		*sum += patterns[k].weight;
	}
	if (!any || !twin_applies(r, in))
		return false;
	twin_hits = hits;
	if (r->n_code != 0 && !match_code_run(code + r->code, r->n_code, twin_group, NULL))
		return false;
	return (r->flags & IMAGE_RULE_THRESHOLD) == 0 || *sum >= r->threshold;
}

static bool twin_acts(const struct image_rule *r, const struct match_input *in)
{
	if ((r->flags & IMAGE_RULE_SHADOW) == 0)
		return true;
	return listed(r->canary_accounts, r->n_canary_accounts, in->account_row) ||
	       in->share < r->canary_share;
}

static void compare(const struct match_result *out, const bool hits[PATTERNS],
                    const struct match_input *in)
{
	int64_t score = 0, heaviest = 0, sum;
	uint32_t n = 0, shadow = 0, action = 0, rule = 0, heavy = 0;

	for (uint32_t i = 0; i < RULES; i++) {
		const struct image_rule *r = &rules[i];
		if (!twin_matches(i, hits, in, &sum))
			continue;
		if (!twin_acts(r, in)) {
			shadow++;
			continue;
		}
		if (n < MATCH_RULES_KEPT)
			assert_int_equal(out->rules[n], i);
		n++;
		const int64_t points =
			r->weight + ((r->flags & IMAGE_RULE_THRESHOLD) != 0 ? 0 : sum);
		score += points;
		if (points > heaviest) {
			heaviest = points;
			heavy = i;
		}
		if (r->action != 0 && (action == 0 || r->action < action)) {
			action = r->action;
			rule = i;
		}
	}
	assert_int_equal(out->n_rules, n);
	assert_int_equal(out->n_shadow, shadow);
	assert_int_equal(out->score, score);
	assert_int_equal(out->action, action);
	assert_int_equal(out->rule, rule);
	assert_int_equal(out->weighed, heaviest > 0);
	assert_int_equal(out->heaviest, heavy);
}

static void one_message(struct match_state *s)
{
	const struct match_input in = { .account_row = below(ACCOUNTS),
		                        .seconds = 850 + below(350),
		                        .share = below(IMAGE_SHARE_WHOLE),
		                        .data_coding = (uint8_t)below(256),
		                        .from_esme = below(2) == 0 };
	bool hits[PATTERNS] = { false };
	struct match_result out;

	match_begin(s);
	for (uint32_t k = below(200); k > 0; k--) {
		const uint32_t pattern = below(PATTERNS);
		hits[pattern] = true;
		match_add(s, pattern);
	}
	match_end(s, &in, &out);
	compare(&out, hits, &in);
	for (uint32_t i = 0; i < RULES; i++) {
		int64_t sum;
		assert_int_equal(match_has_rule(s, &in, i), twin_matches(i, hits, &in, &sum));
	}
	for (uint32_t k = 0; k < PATTERNS; k++)
		assert_int_equal(match_has_pattern(s, k), hits[k]);
}

static void against_the_twin(void **state)
{
	(void)state;
	srandom(4711);
	for (unsigned set = 0; set < 300; set++) {
		struct match_state *s;

		random_set();
		assert_int_equal(match_open(&s, &image), 0);
		for (unsigned i = 0; i < 250; i++)
			one_message(s);
		match_close(s);
	}
}

/* The twin runs the same code words, so those have a table of their own. */
static bool truth(const void *context, uint32_t group)
{
	return (*(const unsigned *)context >> group & 1) != 0;
}

static void code_by_truth_table(void **state)
{
	const uint32_t a = match_code_word(IMAGE_CODE_GROUP, 0), b = a + 1, c = a + 2;
	const uint32_t not = match_code_word(IMAGE_CODE_NOT, 0);
	const uint32_t and = match_code_word(IMAGE_CODE_AT_LEAST, 2 << 12 | 2);
	const uint32_t or = match_code_word(IMAGE_CODE_AT_LEAST, 2 << 12 | 1);
	const uint32_t two_of_three = match_code_word(IMAGE_CODE_AT_LEAST, 3 << 12 | 2);
	const uint32_t words[] = { a, b, c, not, or, and}; /* a and (b or not c) */
	const uint32_t counted[] = { a, b, c, two_of_three };

	(void)state;
	assert_true(match_code_valid(words, 6, 3) && match_code_valid(counted, 4, 3));
	assert_false(match_code_valid(words, 6, 2));
	for (unsigned row = 0; row < 8; row++) {
		const bool x = row & 1, y = row & 2, z = row & 4;
		assert_int_equal(match_code_run(words, 6, truth, &row), x && (y || !z));
		assert_int_equal(match_code_run(counted, 4, truth, &row), x + y + z >= 2);
	}
}

static void the_stack_is_bounded(void **state)
{
	uint32_t words[2 * IMAGE_CODE_DEPTH];
	const unsigned row = 0;

	(void)state;
	for (uint32_t i = 0; i < IMAGE_CODE_DEPTH + 1; i++)
		words[i] = match_code_word(IMAGE_CODE_GROUP, 0);
	words[IMAGE_CODE_DEPTH] =
		match_code_word(IMAGE_CODE_AT_LEAST, IMAGE_CODE_DEPTH << 12 | 1);
	assert_true(match_code_valid(words, IMAGE_CODE_DEPTH + 1, 1));
	assert_false(match_code_run(words, IMAGE_CODE_DEPTH + 1, truth, &row));
	words[IMAGE_CODE_DEPTH] = words[0];
	words[IMAGE_CODE_DEPTH + 1] =
		match_code_word(IMAGE_CODE_AT_LEAST, (IMAGE_CODE_DEPTH + 1) << 12 | 1);
	assert_false(match_code_valid(words, IMAGE_CODE_DEPTH + 2, 1));
	assert_false(match_code_valid(words, 0, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(against_the_twin),
		cmocka_unit_test(code_by_truth_table),
		cmocka_unit_test(the_stack_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

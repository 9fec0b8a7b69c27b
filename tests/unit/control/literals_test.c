/* SPDX-License-Identifier: Apache-2.0 */
/* literals: those that have a database of their own are found as in one with all others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <hs/hs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "match_state.h"
#include "rule_compile.h"
#include "rule_engine.h"
#include "rule_excerpt.h"
#include "rule_expression.h"
#include "text.h"
#include "text_priv.h"

#define YAML_SIZE 262144u

/* Words of three syllables from few, so that each is near others. */
static void word(char *out, unsigned i)
{
	static const char *const syllables[] = { "가", "나", "다", "a", "b", "c", "1", " " };

	out[0] = '\0';
	for (unsigned k = 0; k < 3; k++, i /= 8)
		strcat(out, syllables[i % 8]);
}

/* What pattern i is without what is no literal of it: every other one of several words. */
static void pattern_text(char out[40], unsigned i)
{
	char next[16];

	word(out, i * 37 % 512);
	for (unsigned k = 0; k < i % 4; k++) {
		word(next, (i * 61 + k * 113) % 512);
		strcat(strcat(out, k % 2 == 0 ? " " : ""), next);
	}
}

/* n rules, of which every fifth has a pattern that is no literal. */
static void load(struct rule_set **set, struct rule_program *program, unsigned n)
{
	char *yaml = malloc(YAML_SIZE), *at = yaml;
	struct problems problems;

	if (yaml == NULL)
		abort(); /* which gcc understands, behind its sanitizers */
	at += sprintf(at, "rules:\n");
	for (unsigned i = 0; i < n; i++) {
		char text[40];
		pattern_text(text, i);
		at += sprintf(at,
		              "- { id: r%u, sentence: s, action: flag, patterns: [ "
		              "{ %s: \"%s%s\" } ] }\n",
		              i, i % 5 < 3 ? "literal" : "regex", text,
		              i % 5 == 4 ? "[xy]?" : "");
	}
	problems_init(&problems, "r.yaml");
	assert_int_equal(rule_load(set, program, yaml, strlen(yaml), &problems), 0);
	free(yaml);
}

/* Texts of patterns, some without their first or last octets, so that much is there of others;
 * how many were found. */
static unsigned assert_found(const struct rule_set *set, struct rule_engine *e, unsigned seed)
{
	const struct match_input anywhere = { .from_esme = true };
	struct match_result result;
	char text[400] = "";
	unsigned found = 0;

	for (unsigned k = 0; k < 8; k++) {
		char next[40];
		pattern_text(next, (seed * 31 + k * 97) % set->n_patterns);
		const size_t first = (uint8_t)next[0] < 0x80 ? 1 : 3;
		if (k % 3 == 2)
			next[strlen(next) - ((uint8_t)next[strlen(next) - 1] < 0x80 ? 1 : 3)] =
				'\0';
		strcat(text, next + (k % 3 == 1 ? first : 0));
	}
	rule_engine_scan(e, text, strlen(text), &anywhere, &result);
	for (unsigned i = 0; i < set->n_patterns; i++) {
		char plain[40];
		pattern_text(plain, i);
		const bool there = strstr(text, plain) != NULL;
		assert_int_equal(match_has_pattern(e->state, i), there);
		found += there && e->image.excerpts != NULL && e->image.excerpts[i].len != 0;
	}
	return found;
}

static void many_are_apart(void **state)
{
	struct rule_program program = { 0 };
	struct rule_engine *engine;
	struct rule_set *set;
	unsigned by_excerpt = 0;

	(void)state;
	load(&set, &program, 400);
	assert_non_null(program.literals);
	assert_non_null(program.folded);
	assert_int_equal(rule_engine_open(&engine, set, &program), 0);
	for (unsigned seed = 0; seed < 300; seed++)
		by_excerpt += assert_found(set, engine, seed);
	assert_true(by_excerpt > 300);
	rule_engine_close(engine);
	rule_program_free(&program);
	rule_set_free(set);
}

static void few_are_not(void **state)
{
	struct rule_program program = { 0 };
	struct rule_engine *engine;
	struct rule_set *set;

	(void)state;
	load(&set, &program, 100);
	assert_null(program.literals);
	assert_null(program.excerpts);
	assert_int_equal(rule_engine_open(&engine, set, &program), 0);
	(void)assert_found(set, engine, 5);
	rule_engine_close(engine);
	rule_program_free(&program);
	rule_set_free(set);
}

static void what_a_literal_is(void **state)
{
	static const char *const literals[] = { "a", "무료 대출", "a\\x2eb", "\\x20",
		                                "a-b/c#d" };
	static const char *const others[] = { "a.b", "a|b",   "^a", "a$",   "a\\b", "\\x2",
		                              "a+",  "\\xzz", "a{", "[ab]", "(a)",  "a\\" };

	(void)state;
	for (unsigned i = 0; i < sizeof(literals) / sizeof(literals[0]); i++)
		assert_true(rule_expression_is_literal(literals[i]));
	for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(rule_expression_is_literal(others[i]));
}

/* An excerpt has the edge between two words that is most in the middle. */
static void what_an_excerpt_is(void **state)
{
	static const struct {
		const char *expression, *excerpt; /* NULL: none */
		unsigned flags;
	} cases[] = {
		{ "enough money", "ugh mone", HS_FLAG_CASELESS },
		{ "enough\\x20money", "ugh mone", 0 },
		{ "a good offer", "ood offe", 0 },
		{ "so much money", "uch mone", 0 },
		{ "bit.ly/abcdefgh", ".ly/abcd", 0 },
		{ "x enough", NULL, 0 }, /* eight octets as they are */
		{ "xy enough", "xy enoug", 0 },
		{ "x enoughs", "x enough", 0 },
		{ "enough xy", "nough xy", 0 },
		{ "무료 대출", "\xEB\xA3\x8C \xEB\x8C\x80\xEC", 0 },
		{ "enoughmoney", NULL, 0 },
		{ " enoughmoney ", NULL, 0 },
		{ "Enough money", NULL, HS_FLAG_CASELESS },
		{ "Enough money", "ugh mone", 0 },
		{ "enough m\xC3\xB6ney", NULL, HS_FLAG_CASELESS },
		{ "enough m\xC3\xB6ney", "ugh m\xC3\xB6n", 0 },
		{ "enough\\x00money", NULL, 0 },
		{ "enough\\xe9 money", NULL, 0 },
		{ "enough money, and so on to the sixty-three octets that are too many", NULL,
		  0 },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct image_excerpt e;
		char expression[4 * RULE_EXCERPT_OCTETS + 1], wanted[sizeof(expression)];
		const char *excerpt = cases[i].excerpt;
		const bool is = rule_excerpt(&e, cases[i].expression, cases[i].flags);

		assert_int_equal(is, excerpt != NULL);
		if (!is)
			continue;
		rule_excerpt_expression(&e, expression);
		for (unsigned k = 0; k < RULE_EXCERPT_OCTETS; k++)
			sprintf(wanted + (size_t)4 * k, "\\x%02x", (uint8_t)excerpt[k]);
		assert_string_equal(expression, wanted);
	}
}

/* The characters that Hyperscan takes for an ASCII letter without regard to case. */
static int on_letter(unsigned id, unsigned long long from, unsigned long long to,
                     unsigned flags, void *context)
{
	(void)id, (void)from, (void)to, (void)flags;
	*(bool *)context = true;
	return 0;
}

/* What has another case than an ASCII letter of an excerpt comes in no folded text: nothing
 * folds to it. (Rows of the operator lead to what folds to itself.) */
static void letters_have_one_case(void **state)
{
	hs_database_t *letters = NULL;
	hs_compile_error_t *error;
	hs_scratch_t *scratch = NULL;
	unsigned others = 0;

	(void)state;
	assert_int_equal(hs_compile("[a-z]", HS_FLAG_UTF8 | HS_FLAG_CASELESS, HS_MODE_BLOCK,
	                            NULL, &letters, &error),
	                 HS_SUCCESS);
	assert_int_equal(hs_alloc_scratch(letters, &scratch), HS_SUCCESS);
	for (uint32_t c = 0; c < 0x110000; c++) {
		uint8_t octets[4], folded[4 * TEXT_FOLD_GROWTH + 16];
		bool letter = false;
		if (c >= 0xD800 && c <= 0xDFFF)
			continue;
		const size_t n = put_utf8(octets, c);
		bug_if(hs_scan(letters, (const char *)octets, (unsigned)n, 0, scratch,
		               on_letter, &letter) != HS_SUCCESS);
		if (letter && !(c >= 'a' && c <= 'z')) {
			others++;
			assert_true((c >= 'A' && c <= 'Z') || c == 0x17F || c == 0x212A);
		}
		const size_t len = text_fold(octets, n, folded, sizeof(folded));
		folded[len] = '\0';
		for (size_t i = 0; i < len; i++)
			assert_false(isupper(folded[i]));
		assert_null(strstr((const char *)folded, "\u017F"));
		assert_null(strstr((const char *)folded, "\u212A"));
	}
	assert_int_equal(others, 28);
	hs_free_scratch(scratch);
	hs_free_database(letters);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_are_apart),        cmocka_unit_test(few_are_not),
		cmocka_unit_test(what_a_literal_is),     cmocka_unit_test(what_an_excerpt_is),
		cmocka_unit_test(letters_have_one_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

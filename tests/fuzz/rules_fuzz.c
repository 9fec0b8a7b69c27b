/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules: any octets as a rule file. A set that is accepted keeps every promise of
 * rule_set.h; what is refused is refused with a problem. Small sets are compiled too.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "check.h"
#include "fold_table.h"
#include "fuzz.h"
#include "match_code.h"
#include "rule_compile.h"
#include "rule_warn.h"

#define SALVAGED_MAX 2000u
#define COMPILE_MAX 200u /* octets of a file whose patterns are compiled: it is slow */

enum { READ = 1, COMPILED = 2, REFUSED = 4, FOLDED = 8 };
unsigned fuzz_reached;
const unsigned fuzz_wanted = READ | COMPILED | REFUSED | FOLDED;

static void check_text(const char *text, size_t max)
{
	bug_if(text == NULL || text[0] == '\0' || strlen(text) > max);
	bug_if(!utf8_valid(text, strlen(text)));
}

/* What an image may hold: text_table_open() has made a table of it. */
static void check_folds(const struct rule_set *set)
{
	uint32_t which;

	bug_if(set->n_folds > IMAGE_FOLDS_MAX || set->table == NULL);
	for (uint32_t i = 0; i < set->n_folds; i++) {
		const struct image_fold *row = &set->folds[i];

		bug_if(text_fold_fault(row, &which) != NULL);
		bug_if(i != 0 && set->folds[i - 1].from >= row->from);
		bug_if(text_fold_row(set->folds, set->n_folds, row->to) != NULL);
	}
	fuzz_reached |= set->n_folds != 0 ? FOLDED : 0;
}

static void check_set(const struct rule_set *set)
{
	check_folds(set);
	bug_if(set->n_rules > RULES_MAX || set->n_patterns > RULE_PATTERNS_MAX);
	for (uint32_t i = 0; i < set->n_rules; i++) {
		check_text(set->rules[i].name, RULE_NAME_MAX);
		check_text(set->rules[i].sentence, RULE_SENTENCE_MAX);
		bug_if(set->rules[i].row.action > IMAGE_RULE_OBSERVE);
		bug_if(set->rules[i].row.n_code != 0 &&
		       !match_code_valid(set->code + set->rules[i].row.code,
		                         set->rules[i].row.n_code, set->n_patterns));
	}
	for (uint32_t i = 0; i < set->n_patterns; i++) {
		check_text(set->patterns[i].text, RULE_PATTERN_MAX);
		bug_if(set->patterns[i].rule >= set->n_rules);
		bug_if(i != 0 && set->patterns[i].rule < set->patterns[i - 1].rule);
	}
	for (uint32_t i = 0; i < set->n_tests; i++)
		bug_if(set->tests[i].rule >= set->n_rules);
}

static void check_problems(const struct problems *problems)
{
	char line[1000];

	bug_if(problems->total == 0);
	for (uint32_t i = 0; i < problems_kept(problems); i++) {
		problem_line(line, sizeof(line), problems, i);
		bug_if(problems->list[i].text[0] == '\0' || !utf8_valid(line, strlen(line)));
	}
}

/* a{1,9999} is slow to compile, and not what is looked for here. */
static bool slow_to_compile(const struct rule_set *set)
{
	for (uint32_t i = 0; i < set->n_patterns; i++)
		for (const char *c = set->patterns[i].text; *c != '\0'; c++)
			if (set->patterns[i].kind == RULE_REGEX && strspn(c, "0123456789") > 2)
				return true;
	return false;
}

/* What is good of a file with mistakes is compiled and tested all the same. */
static void salvage(const uint8_t *data, size_t size)
{
	struct rule_program program = { 0 };
	struct rule_set *set = NULL;
	struct problems problems;

	problems_init(&problems, "fuzz.yaml");
	bug_if(rule_load(&set, &program, (const char *)data, size, &problems) != -EINVAL);
	check_problems(&problems);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rule_program program;
	struct rule_set *set = NULL;
	struct problems problems;

	problems_init(&problems, "fuzz.yaml");
	if (rule_set_read(&set, (const char *)data, size, &problems) != 0) {
		check_problems(&problems);
		fuzz_reached |= REFUSED;
		if (set != NULL && size <= SALVAGED_MAX && !slow_to_compile(set))
			salvage(data, size);
		rule_set_free(set);
		return 0;
	}
	check_set(set);
	fuzz_reached |= READ;
	bug_if(rule_warn(set, &problems) != 0);
	if (size <= COMPILE_MAX && !slow_to_compile(set)) {
		if (rule_compile(&program, set, &problems) != 0 ||
		    rule_run_tests(set, &program, &problems) != 0)
			check_problems(&problems);
		fuzz_reached |= program.folded != NULL ? COMPILED : 0;
		rule_program_free(&program);
	}
	rule_set_free(set);
	return 0;
}

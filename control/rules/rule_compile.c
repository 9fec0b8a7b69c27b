/* SPDX-License-Identifier: Apache-2.0 */
#include "rule_compile.h"

#include <ctype.h>
#include <errno.h>
#include <hs/hs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pattern_line.h"
#include "text.h"

/* The text is always valid UTF-8; a dot takes line ends too, because senders put them
 * anywhere. ^ and $ hold at lines, since many texts are scanned as the lines of one. */
#define LITERAL_FLAGS HS_FLAG_UTF8
#define REGEX_FLAGS (HS_FLAG_UTF8 | HS_FLAG_CASELESS | HS_FLAG_DOTALL | HS_FLAG_MULTILINE)

/* What hs_compile_multi() wants, as parallel arrays. */
struct expressions {
	char **texts;
	unsigned *flags, *ids;
	unsigned n;
};

/* Folded and escaped: every octet that is not a letter, a digit, or part of a
 * longer character, as \xHH. NULL: no memory. "" when folding leaves nothing. */
static char *literal_expression(const char *literal)
{
	const size_t len = strlen(literal);
	uint8_t *folded = malloc(len * TEXT_FOLD_GROWTH + 1);
	char *out = malloc(len * TEXT_FOLD_GROWTH * 4 + 1), *to = out;

	if (folded != NULL && out != NULL) {
		const size_t n = text_fold((const uint8_t *)literal, len, folded,
		                           len * TEXT_FOLD_GROWTH);
		for (size_t i = 0; i < n; i++) {
			if (folded[i] >= 0x80 || isalnum(folded[i]))
				*to++ = (char)folded[i];
			else
				to += sprintf(to, "\\x%02x", folded[i]);
		}
		*to = '\0';
	} else {
		free(out);
		out = NULL;
	}
	free(folded);
	return out;
}

static void expressions_free(struct expressions *e)
{
	for (unsigned i = 0; e->texts != NULL && i < e->n; i++)
		free(e->texts[i]);
	free(e->texts);
	free(e->flags);
	free(e->ids);
}

static int expressions_make(struct expressions *e, const struct rule_set *set)
{
	*e = (struct expressions){
		.texts = calloc(set->n_patterns, sizeof(*e->texts)),
		.flags = calloc(set->n_patterns, sizeof(*e->flags)),
		.ids = calloc(set->n_patterns, sizeof(*e->ids)),
		.n = set->n_patterns,
	};
	if (e->texts == NULL || e->flags == NULL || e->ids == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < e->n; i++) {
		const struct rule_pattern *p = &set->patterns[i];

		e->texts[i] = p->literal ? literal_expression(p->text) : strdup(p->text);
		e->flags[i] = p->literal ? LITERAL_FLAGS : REGEX_FLAGS;
		e->ids[i] = i;
		if (e->texts[i] == NULL)
			return -ENOMEM;
	}
	return 0;
}

static void report_pattern(const struct rule_set *set, unsigned index, const char *message,
                           struct problems *problems)
{
	const struct rule_pattern *p = &set->patterns[index];
	const char *rule = set->rules[p->rule].name;

	/* Hyperscan's own words for this ask for a flag that nobody here can set. */
	if (strstr(message, "empty buffer") != NULL)
		message = "it would match an empty text, that is, every message";
	problems_add(problems, p->row, p->column, p->literal ? "literal" : "regex",
	             "rule %s: \"%.100s\" is refused: %s", rule, p->text, message);
}

/* Which patterns does Hyperscan refuse? hs_compile_multi() names only the first. */
static int name_refused(const struct expressions *e, const struct rule_set *set,
                        struct problems *problems)
{
	unsigned refused = 0;

	for (unsigned i = 0; i < e->n; i++) {
		hs_database_t *one = NULL;
		hs_compile_error_t *error = NULL;

		if (e->texts[i][0] == '\0')
			continue; /* said before */
		if (hs_compile(e->texts[i], e->flags[i], HS_MODE_BLOCK, NULL, &one, &error) ==
		    HS_SUCCESS) {
			hs_free_database(one);
			continue;
		}
		report_pattern(set, i, error->message, problems);
		hs_free_compile_error(error);
		refused++;
	}
	return refused ? -EINVAL : 0;
}

static int compile(struct hs_database **out, const struct expressions *e,
                   const struct rule_set *set, struct problems *problems)
{
	hs_compile_error_t *error = NULL;
	const hs_error_t result =
		hs_compile_multi((const char *const *)e->texts, e->flags, e->ids, e->n,
	                         HS_MODE_BLOCK, NULL, out, &error);

	if (result == HS_SUCCESS)
		return 0;
	if (name_refused(e, set, problems) == 0)
		problems_add(problems, 0, 0, "patterns", "Hyperscan refuses them together: %s",
		             error->message);
	hs_free_compile_error(error);
	return -EINVAL;
}

int rule_compile(struct hs_database **out, const struct rule_set *set,
                 struct problems *problems)
{
	struct expressions e;
	const uint32_t before = problems->total;

	if (set->n_patterns == 0) {
		*out = NULL;
		return 0;
	}
	int result = expressions_make(&e, set);
	for (unsigned i = 0; result == 0 && i < e.n; i++) {
		/* Hyperscan takes an empty expression for one that matches everywhere. */
		if (e.texts[i][0] == '\0')
			report_pattern(set, i, "folding leaves nothing of it", problems);
		if (!set->patterns[i].literal && pattern_has_text_anchor(e.texts[i]))
			report_pattern(set, i, "use ^ and $ in place of \\A, \\z, \\Z",
			               problems);
	}
	if (result == 0 && problems->total != before) {
		(void)name_refused(&e, set, problems); /* the others, in the same go */
		result = -EINVAL;
	} else if (result == 0)
		result = compile(out, &e, set, problems);
	expressions_free(&e);
	return result;
}

/* A scan that looks for one rule, or for the first of all (rule = -1). */
struct scan {
	const struct rule_set *set;
	hs_scratch_t *scratch;
	int64_t wanted;
	int64_t pattern; /* that hit, -1 none */
};

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
                    void *context)
{
	struct scan *scan = context;

	(void)from, (void)to, (void)flags;
	if (scan->wanted >= 0 && scan->set->patterns[id].rule != scan->wanted)
		return 0;
	/* Patterns are in the order of the file, so the least is of the first rule. */
	if (scan->pattern < 0 || id < scan->pattern)
		scan->pattern = id;
	return 0;
}

/* Fold as the data plane does, then scan. 0, -ENOMEM. */
static int scan_text(struct scan *scan, const struct hs_database *database, const char *text,
                     size_t len)
{
	const size_t cap = len * TEXT_FOLD_GROWTH + 1;
	uint8_t *folded = malloc(cap);

	if (folded == NULL)
		return -ENOMEM;
	const size_t n = text_fold((const uint8_t *)text, len, folded, cap);
	scan->pattern = -1;
	const hs_error_t result = hs_scan(database, (const char *)folded, (unsigned)n, 0,
	                                  scan->scratch, on_match, scan);
	free(folded);
	bug_if(result != HS_SUCCESS);
	return 0;
}

static void report_test(const struct rule_set *set, const struct rule_test *test,
                        int64_t pattern, struct problems *problems)
{
	const char *rule = set->rules[test->rule].name;

	if (test->match)
		problems_add(problems, test->row, test->column, "tests.match",
		             "rule %s does not match \"%.200s\"", rule, test->text);
	else
		problems_add(problems, test->row, test->column, "tests.no_match",
		             "rule %s matches \"%.150s\" with its pattern \"%.100s\"", rule,
		             test->text, set->patterns[pattern].text);
}

int rule_run_tests(const struct rule_set *set, const struct hs_database *database,
                   struct problems *problems)
{
	struct scan scan = { .set = set };
	const uint32_t before = problems->total;
	int result = 0;

	if (database == NULL)
		return 0; /* no pattern, so no rule, so no test */
	if (hs_alloc_scratch(database, &scan.scratch) != HS_SUCCESS)
		return -ENOMEM;
	for (uint32_t i = 0; result == 0 && i < set->n_tests; i++) {
		const struct rule_test *test = &set->tests[i];

		scan.wanted = test->rule;
		result = scan_text(&scan, database, test->text, strlen(test->text));
		if (result == 0 && (scan.pattern >= 0) != test->match)
			report_test(set, test, scan.pattern, problems);
	}
	hs_free_scratch(scan.scratch);
	return result == 0 && problems->total != before ? -EINVAL : result;
}

int64_t rule_first_match(const struct rule_set *set, const struct hs_database *database,
                         const char *text, size_t len)
{
	struct scan scan = { .set = set, .wanted = -1 };

	if (database == NULL)
		return -1;
	if (hs_alloc_scratch(database, &scan.scratch) != HS_SUCCESS)
		return -2;
	const int result = scan_text(&scan, database, text, len);
	hs_free_scratch(scan.scratch);
	if (result != 0)
		return -2;
	return scan.pattern < 0 ? -1 : (int64_t)set->patterns[scan.pattern].rule;
}

int rule_load(struct rule_set **set, struct hs_database **database, const char *text,
              size_t size, struct problems *problems)
{
	struct rule_set *read = NULL;
	struct hs_database *compiled = NULL;
	int result = rule_set_read(&read, text, size, problems);

	if (result == 0)
		result = rule_compile(&compiled, read, problems);
	if (result == 0)
		result = rule_run_tests(read, compiled, problems);
	if (result != 0) {
		hs_free_database(compiled);
		rule_set_free(read);
		return result;
	}
	*set = read;
	*database = compiled;
	return 0;
}

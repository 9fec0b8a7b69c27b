/* SPDX-License-Identifier: Apache-2.0 */
#include "rule_compile.h"

#include <errno.h>
#include <hs/hs.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "pattern_line.h"
#include "rule_engine.h"
#include "rule_excerpt.h"
#include "rule_expression.h"
#include "rule_trial.h"

/* Patterns of a file with mistakes that are compiled all the same: it takes seconds. */
#define SALVAGE_MAX 5000u

/*
 * Hyperscan is at its best with literals alone: beside other patterns each one found costs a
 * program of its own, and looking for them takes a table that outgrows the first-level cache.
 * With the packs that come along a Korean text takes 5,000 cycles in place of 9,400, with the
 * thousand patterns of bench/screen 190 in place of 300. With fewer than these no difference
 * was measured.
 */
#define LITERALS_LEAST 200u

/*
 * A literal as short as this one makes Hyperscan look at every octet. Without one it looks at
 * every second or fourth, and what it then takes for a match and has to look at again costs
 * more than it saves: 330 cycles in place of 110. No text has these octets: it is UTF-8.
 */
#define SHORT_LITERAL "\\xff\\xfe"

/* What hs_compile_multi() wants, as parallel arrays. */
struct expressions {
	char **texts;
	unsigned *flags, *ids;
	unsigned n;
};

static int expressions_open(struct expressions *e, size_t room)
{
	*e = (struct expressions){
		.texts = calloc(room, sizeof(*e->texts)),
		.flags = calloc(room, sizeof(*e->flags)),
		.ids = calloc(room, sizeof(*e->ids)),
	};
	return e->texts == NULL || e->flags == NULL || e->ids == NULL ? -ENOMEM : 0;
}

static void expressions_add(struct expressions *e, char *text, unsigned flags, unsigned id)
{
	e->texts[e->n] = text;
	e->flags[e->n] = flags;
	e->ids[e->n++] = id;
}

/* Not the texts. */
static void expressions_close(struct expressions *e)
{
	free(e->texts);
	free(e->flags);
	free(e->ids);
}

static void expressions_free(struct expressions *e)
{
	for (unsigned i = 0; e->texts != NULL && i < e->n; i++)
		free(e->texts[i]);
	expressions_close(e);
}

/* The patterns of this view that are not refused yet. */
static int expressions_make(struct expressions *e, const struct rule_set *set, unsigned view)
{
	if (expressions_open(e, set->n_patterns + (size_t)1) != 0)
		return -ENOMEM;
	for (unsigned i = 0; i < set->n_patterns; i++) {
		const struct rule_pattern *p = &set->patterns[i];

		if ((p->views & view) == 0 || p->refused)
			continue;
		char *text = rule_expression(set, p, view);
		if (text == NULL)
			return -ENOMEM;
		expressions_add(e, text, rule_expression_flags(p), i);
	}
	return 0;
}

static void refuse(struct rule_set *set, unsigned index, const char *message,
                   struct problems *problems)
{
	static const char *const kinds[] = { [RULE_REGEX] = "regex",
		                             [RULE_LITERAL] = "literal",
		                             [RULE_WORD] = "words",
		                             [RULE_DOMAIN] = "domains" };
	struct rule_pattern *p = &set->patterns[index];
	const char *rule = set->rules[p->rule].name;

	/* Hyperscan's own words for this ask for a flag that nobody here can set. */
	if (strstr(message, "empty buffer") != NULL)
		message = "it would match an empty text, that is, every message";
	p->refused = true;
	rule_set_problem(set, problems, &p->place, kinds[p->kind],
	                 "rule %s: \"%.100s\" is refused: %s", rule ? rule : "?", p->text,
	                 message);
}

/* Hyperscan finds ^, or casino|$, in every text; what it does not take is said elsewhere. */
static bool needs_no_character(const char *text, unsigned flags)
{
	hs_compile_error_t *error = NULL;
	hs_expr_info_t *info = NULL;
	const bool known = hs_expression_info(text, flags, &info, &error) == HS_SUCCESS;
	const bool none = known && info->min_width == 0;

	free(info);
	hs_free_compile_error(error);
	return none;
}

/* What we refuse before Hyperscan is asked. */
static void refuse_ours(const struct expressions *e, struct rule_set *set,
                        struct problems *problems)
{
	for (unsigned i = 0; i < e->n; i++) {
		/* Hyperscan takes an empty expression for one that matches everywhere. */
		if (e->texts[i][0] == '\0')
			refuse(set, e->ids[i], "folding leaves nothing of it", problems);
		else if (set->patterns[e->ids[i]].kind == RULE_REGEX &&
		         pattern_has_text_anchor(e->texts[i]))
			refuse(set, e->ids[i], "use ^ and $ in place of \\A, \\z, \\Z",
			       problems);
		else if (set->patterns[e->ids[i]].kind == RULE_REGEX &&
		         needs_no_character(e->texts[i], e->flags[i]))
			refuse(set, e->ids[i],
			       "it would match where no character is, that is, every message",
			       problems);
		else if (set->patterns[e->ids[i]].kind == RULE_REGEX &&
		         rule_trial_due(e->texts[i]) && !rule_trial(e->texts[i], e->flags[i]))
			refuse(set, e->ids[i],
			       "it takes too long to compile; write * for {0,200} and such, "
			       "or far smaller numbers",
			       problems);
	}
}

/* Which patterns does Hyperscan refuse? hs_compile_multi() names only the first. */
static unsigned refuse_theirs(const struct expressions *e, struct rule_set *set,
                              struct problems *problems)
{
	unsigned refused = 0;

	for (unsigned i = 0; i < e->n; i++) {
		hs_database_t *one = NULL;
		hs_compile_error_t *error = NULL;

		if (hs_compile(e->texts[i], e->flags[i], HS_MODE_BLOCK, NULL, &one, &error) ==
		    HS_SUCCESS) {
			hs_free_database(one);
			continue;
		}
		refuse(set, e->ids[i], error->message, problems);
		hs_free_compile_error(error);
		refused++;
	}
	return refused;
}

static bool compile(struct hs_database **out, const struct expressions *e, char *why,
                    size_t why_size)
{
	hs_compile_error_t *error = NULL;

	if (e->n == 0 || hs_compile_multi((const char *const *)e->texts, e->flags, e->ids, e->n,
	                                  HS_MODE_BLOCK, NULL, out, &error) == HS_SUCCESS)
		return true;
	strncat(why, error->message, why_size - 1);
	hs_free_compile_error(error);
	return false;
}

static unsigned count_literals(const struct expressions *e)
{
	unsigned n = 0;

	for (unsigned i = 0; i < e->n; i++)
		n += rule_expression_is_literal(e->texts[i]);
	return n;
}

/* Literals of others into the list of literals: as they are, or by an excerpt that goes to
 * room and to excerpts[]. */
static void add_literal(struct expressions *literals, const struct expressions *others,
                        unsigned i, struct image_excerpt *excerpts, char *room)
{
	const unsigned id = others->ids[i];

	if (rule_excerpt(&excerpts[id], others->texts[i], others->flags[i])) {
		rule_excerpt_expression(&excerpts[id], room);
		expressions_add(literals, room, 0, id);
	} else {
		excerpts[id] = (struct image_excerpt){ .len = 0 };
		expressions_add(literals, others->texts[i], others->flags[i], id);
	}
}

/* Literals into a database of their own; n: all patterns of the set. */
static bool compile_apart(struct rule_program *out, const struct expressions *e, uint32_t n,
                          char *why, size_t why_size)
{
	struct expressions literals = { 0 }, others = { 0 };
	char(*rooms)[4 * RULE_EXCERPT_OCTETS + 1] = calloc(e->n, sizeof(*rooms));
	bool done = expressions_open(&literals, e->n + (size_t)1) == 0 &&
	            expressions_open(&others, e->n + (size_t)1) == 0 && rooms != NULL;

	out->excerpts = calloc(n, sizeof(*out->excerpts));
	done = done && out->excerpts != NULL;
	for (unsigned i = 0; i < e->n && done; i++) {
		if (rule_expression_is_literal(e->texts[i]))
			add_literal(&literals, e, i, out->excerpts, rooms[i]);
		else
			expressions_add(&others, e->texts[i], e->flags[i], e->ids[i]);
	}
	if (done) {
		expressions_add(&literals, (char *)(uintptr_t)SHORT_LITERAL, 0, UINT_MAX);
		done = compile(&out->folded, &others, why, why_size) &&
		       compile(&out->literals, &literals, why, why_size);
	}
	expressions_close(&literals);
	expressions_close(&others);
	free(rooms);
	if (!done)
		rule_program_free(out);
	return done;
}

static bool compile_view(struct rule_program *out, const struct expressions *e, unsigned view,
                         uint32_t n, char *why, size_t why_size)
{
	if (view == IMAGE_VIEW_PLAIN)
		return compile(&out->plain, e, why, why_size);
	if (count_literals(e) < LITERALS_LEAST)
		return compile(&out->folded, e, why, why_size);
	return compile_apart(out, e, n, why, why_size);
}

/* One view. Refused patterns are found on the way, and left out the next time round. */
static int make_view(struct rule_program *out, struct rule_set *set, unsigned view,
                     struct problems *problems)
{
	bool again = true;

	for (unsigned round = 0; again; round++) {
		const uint32_t before = problems->total;
		char why[200] = "";
		struct expressions e;

		again = false;
		if (expressions_make(&e, set, view) != 0) {
			expressions_free(&e);
			return -ENOMEM;
		}
		if (round == 0)
			refuse_ours(&e, set, problems);
		if (problems->total != before)
			again = true;
		else if (!compile_view(out, &e, view, set->n_patterns, why, sizeof(why))) {
			again = refuse_theirs(&e, set, problems) != 0;
			if (!again)
				problems_add(problems, 0, 0, "patterns",
				             "Hyperscan refuses them together: %s", why);
		}
		expressions_free(&e);
	}
	return 0;
}

void rule_program_free(struct rule_program *program)
{
	hs_free_database(program->folded);
	hs_free_database(program->literals);
	hs_free_database(program->plain);
	free(program->excerpts);
	*program = (struct rule_program){ 0 };
}

int rule_compile(struct rule_program *out, struct rule_set *set, struct problems *problems)
{
	const uint32_t before = problems->total;

	*out = (struct rule_program){ 0 };
	if (make_view(out, set, IMAGE_VIEW_FOLDED, problems) != 0 ||
	    make_view(out, set, IMAGE_VIEW_PLAIN, problems) != 0) {
		rule_program_free(out);
		return -ENOMEM;
	}
	return problems->total == before ? 0 : -EINVAL;
}

static const struct rule_pattern *
pattern_that_hit(const struct rule_set *set, const struct rule_engine *engine, uint32_t rule)
{
	for (uint32_t i = 0; i < set->rules[rule].n_patterns; i++)
		if (match_has_pattern(engine->state, set->rules[rule].pattern + i))
			return &set->patterns[set->rules[rule].pattern + i];
	return NULL;
}

static void run_test(const struct rule_set *set, struct rule_engine *engine,
                     const struct rule_test *test, struct problems *problems)
{
	const char *rule = set->rules[test->rule].name;
	const struct match_input anywhere = { .from_esme = true };
	struct match_result result;

	rule_engine_scan(engine, test->text, strlen(test->text), &anywhere, &result);
	if (match_has_rule(engine->state, NULL, test->rule) == test->match)
		return;
	const struct rule_pattern *hit = pattern_that_hit(set, engine, test->rule);
	if (test->match)
		rule_set_problem(set, problems, &test->place, "tests.match",
		                 "rule %s does not match \"%.200s\"", rule ? rule : "?",
		                 test->text);
	else
		rule_set_problem(set, problems, &test->place, "tests.no_match",
		                 "rule %s matches \"%.150s\" with its pattern \"%.100s\"",
		                 rule ? rule : "?", test->text, hit ? hit->text : "");
}

/* Entries without a pattern leave gaps in the numbers of groups (rule_engine.c). */
static bool groups_fit(const struct rule_set *set)
{
	for (uint32_t i = 0; i < set->n_patterns; i++)
		if (set->patterns[i].group >= set->n_patterns)
			return false;
	return true;
}

static bool has_refused(const struct rule_set *set, uint32_t rule)
{
	for (uint32_t i = 0; i < set->rules[rule].n_patterns; i++)
		if (set->patterns[set->rules[rule].pattern + i].refused)
			return true;
	return false;
}

int rule_run_tests(const struct rule_set *set, const struct rule_program *program,
                   struct problems *problems)
{
	struct rule_engine *engine = NULL;
	const uint32_t before = problems->total;

	if (rule_engine_open(&engine, set, program) != 0)
		return -ENOMEM;
	for (uint32_t i = 0; i < set->n_tests; i++)
		if (!set->rules[set->tests[i].rule].faulty &&
		    !has_refused(set, set->tests[i].rule))
			run_test(set, engine, &set->tests[i], problems);
	rule_engine_close(engine);
	return problems->total != before ? -EINVAL : 0;
}

int rule_load(struct rule_set **set, struct rule_program *program, const char *text,
              size_t size, struct problems *problems)
{
	struct rule_program compiled = { 0 };
	struct rule_set *read = NULL;
	const int read_result = rule_set_read(&read, text, size, problems);
	int result = read_result;

	/* What is wrong in one place must not hide what is wrong in another. */
	if (read_result == 0 || (read_result == -EINVAL && read->n_patterns <= SALVAGE_MAX)) {
		const int compile_result = rule_compile(&compiled, read, problems);
		result = read_result != 0 ? read_result : compile_result;
		if (compile_result == -ENOMEM)
			result = -ENOMEM;
	}
	/* Tests of faulty rules are left out: these may lack what the tests are about. */
	if (result != -ENOMEM && (read_result == 0 || read->n_patterns <= SALVAGE_MAX) &&
	    groups_fit(read)) {
		const int tested = rule_run_tests(read, &compiled, problems);
		result = tested != 0 ? tested : result;
	}
	if (result != 0) {
		rule_program_free(&compiled);
		rule_set_free(read);
		return result;
	}
	*set = read;
	*program = compiled;
	return 0;
}

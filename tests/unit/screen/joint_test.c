/* SPDX-License-Identifier: Apache-2.0 */
/* Many texts in one scan against each text scanned alone: random expressions of all
 * kinds that the rule compiler takes, random texts with line feeds at their edges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hs/hs.h>

#include "joint.h"
#include "pattern_line.h"

#define PATTERNS 40u
#define TEXTS 90u /* more than a joint holds */
#define TEXT_SIZE 48u

_Static_assert(38 * (JOINT_HITS_MAX / 32 + 1) >= TEXTS * (TEXT_SIZE + 1), "octets");

struct group {
	hs_database_t *database;  /* of all patterns */
	hs_database_t *halves[2]; /* the first ones, and the others; or all in one */
	hs_scratch_t *scratch;
	char expressions[PATTERNS][96];
	struct image_pattern patterns[PATTERNS];
	struct image_excerpt excerpts[PATTERNS];
	struct image image;
	uint8_t octets[38 * (JOINT_HITS_MAX / 32 + 1)]; /* or TEXTS of TEXT_SIZE, and ends */
	struct view texts[TEXTS];
	bool joint[TEXTS][PATTERNS], alone[TEXTS][PATTERNS];
	struct joint j;
};

static const char *const pieces[] = {
	"a",     "b",       "ab",     "가",  "나가",        " ",     ".",      "\\s",
	"\\S",   "[^a]",    "^",      "$",   "\\b",         "\\B",   "\\n",    "[ab]+",
	"a{2,}", "(?:a|b)", ".{1,3}", "\\W", "\\d",         "\\x0a", "(b|가)", "[^\\n]",
	"[\\s]", "b?",      "a*",     "\\D", "[[:space:]]", "1",
};
#define PIECES (sizeof(pieces) / sizeof(pieces[0]))
static const char *const letters[] = { "a", "b", "가", "나", " ", "\n", "1", "." };

static void random_expression(char *out)
{
	out[0] = '\0';
	for (long n = 1 + random() % 4; n > 0; n--)
		strcat(out, pieces[(size_t)random() % PIECES]);
}

static unsigned flags_of(void) { return HS_FLAG_UTF8 | HS_FLAG_DOTALL | HS_FLAG_MULTILINE; }

static hs_database_t *compile(const char *const *list, const unsigned *ids, unsigned n,
                              unsigned flag)
{
	hs_database_t *database = NULL;
	hs_compile_error_t *error;
	unsigned flags[PATTERNS];

	for (unsigned i = 0; i < n; i++)
		flags[i] = flag;
	if (n != 0)
		assert_int_equal(hs_compile_multi(list, flags, ids, n, HS_MODE_BLOCK, NULL,
		                                  &database, &error),
		                 HS_SUCCESS);
	return database;
}

/* Only expressions that Hyperscan takes: none that matches an empty text. */
static void make_patterns(struct group *g, unsigned first)
{
	const char *list[PATTERNS];
	unsigned ids[PATTERNS];
	hs_compile_error_t *error;

	for (unsigned i = 0; i < PATTERNS;) {
		hs_database_t *one;
		random_expression(g->expressions[i]);
		if (hs_compile(g->expressions[i], flags_of(), HS_MODE_BLOCK, NULL, &one,
		               &error) != HS_SUCCESS) {
			hs_free_compile_error(error);
			continue;
		}
		hs_free_database(one);
		const struct rule_pattern p = { .text = g->expressions[i] };
		g->patterns[i].flags = pattern_one_line(&p) ? IMAGE_PATTERN_ONE_LINE : 0;
		list[i] = g->expressions[i];
		ids[i] = i;
		i++;
	}
	g->database = compile(list, ids, PATTERNS, flags_of());
	g->halves[0] = compile(list, ids, first, flags_of());
	g->halves[1] = compile(list + first, ids + first, PATTERNS - first, flags_of());
	assert_int_equal(hs_alloc_scratch(g->database, &g->scratch), HS_SUCCESS);
	for (unsigned i = 0; i < 2; i++)
		if (g->halves[i] != NULL)
			assert_int_equal(hs_alloc_scratch(g->halves[i], &g->scratch),
			                 HS_SUCCESS);
	g->image = (struct image){ .literals = g->halves[0],
		                   .database = g->halves[1],
		                   .patterns = g->patterns,
		                   .n_patterns = PATTERNS };
}

static void make_texts(struct group *g)
{
	uint8_t *at = g->octets;

	for (unsigned i = 0; i < TEXTS; i++) {
		const size_t want = 1 + (size_t)random() % (TEXT_SIZE - 4);
		uint8_t *const start = at;
		while ((size_t)(at - start) < want) {
			const char *c = letters[(size_t)random() % 8];
			memcpy(at, c, strlen(c));
			at += strlen(c);
		}
		g->texts[i] = (struct view){ start, (uint32_t)(at - start) };
		*at++ = JOINT_SEPARATOR;
	}
}

static bool on_found(void *arg, uint32_t owner, uint32_t pattern)
{
	struct group *g = arg;

	g->joint[owner][pattern] = true;
	return false;
}

static int on_alone(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
                    void *context)
{
	(void)from, (void)to, (void)flags;
	((bool *)context)[id] = true;
	return 0;
}

static void scan_both(struct group *g, unsigned n, unsigned view)
{
	joint_begin(&g->j, &g->image, view, g->scratch, on_found, g);
	for (unsigned i = 0; i < n; i++) {
		if (i % 7 == 3) /* one that lies between others and is not to be scanned */
			continue;
		if (!joint_add(&g->j, g->texts[i], i)) {
			joint_scan(&g->j);
			assert_true(joint_add(&g->j, g->texts[i], i));
		}
		assert_int_equal(hs_scan(g->database, (const char *)g->texts[i].data,
		                         g->texts[i].len, 0, g->scratch, on_alone, g->alone[i]),
		                 HS_SUCCESS);
	}
	joint_scan(&g->j);
}

static void same_as_alone(void **state)
{
	unsigned one_line = 0, hits = 0;
	uint64_t rescans = 0;

	(void)state;
	srandom(5);
	for (unsigned round = 0; round < 40; round++) {
		struct group *g = calloc(1, sizeof(*g));
		const unsigned n = round % 3 == 0 ? TEXTS : 1 + (unsigned)random() % TEXTS;
		make_patterns(g, round % 2 == 0 ? 0 : round % 3 == 1 ? PATTERNS : 17);
		make_texts(g);
		scan_both(g, n, IMAGE_VIEW_FOLDED);
		for (unsigned t = 0; t < n; t++)
			for (unsigned p = 0; p < PATTERNS; p++) {
				if (g->joint[t][p] != g->alone[t][p])
					print_error("round %u, text %u, pattern %s\n", round, t,
					            g->expressions[p]);
				assert_int_equal(g->joint[t][p], g->alone[t][p]);
				hits += g->joint[t][p];
			}
		for (unsigned p = 0; p < PATTERNS; p++)
			one_line += g->patterns[p].flags != 0;
		rescans += g->j.rescans;
		hs_free_scratch(g->scratch);
		hs_free_database(g->halves[0]);
		hs_free_database(g->halves[1]);
		hs_free_database(g->database);
		free(g);
	}
	/* Both ways were gone, and not always. */
	assert_true(one_line > 250 && one_line < 1350);
	assert_true(rescans > 250 && hits > 2500);
}

static const char *hex(char *out, const uint8_t *octets, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		sprintf(out + (size_t)4 * i, "\\x%02x", octets[i]);
	return out;
}

/* Characters of which a database has all, the other one any octets from among them. */
static void make_excerpts(struct group *g)
{
	const char *whole[PATTERNS], *parts[PATTERNS];
	char rooms[PATTERNS][96];
	unsigned ids[PATTERNS];

	for (unsigned i = 0; i < PATTERNS; i++) {
		struct image_excerpt *e = &g->excerpts[i];
		char text[32] = "";
		for (long n = 1 + random() % 5; n > 0; n--)
			strcat(text, letters[(size_t)random() % 8]);
		e->len = (uint8_t)strlen(text);
		memcpy(e->octets, text, e->len);
		const unsigned start = (unsigned)random() % e->len;
		e->end = (uint8_t)(start + 1 + (unsigned)random() % (e->len - start));
		whole[i] = hex(g->expressions[i], e->octets, e->len);
		parts[i] = hex(rooms[i], e->octets + start, e->end - start);
		ids[i] = i;
		g->patterns[i].flags = strchr(text, '\n') == NULL ? IMAGE_PATTERN_ONE_LINE : 0;
		if (random() % 4 == 0) /* this one has no excerpt */
			parts[i] = whole[i];
		else
			g->patterns[i].flags |= IMAGE_PATTERN_EXCERPT;
	}
	g->database = compile(whole, ids, PATTERNS, 0);
	g->halves[0] = compile(parts, ids, PATTERNS, 0);
	assert_int_equal(hs_alloc_scratch(g->database, &g->scratch), HS_SUCCESS);
	assert_int_equal(hs_alloc_scratch(g->halves[0], &g->scratch), HS_SUCCESS);
	g->image = (struct image){ .literals = g->halves[0],
		                   .plain = g->database,
		                   .excerpts = g->excerpts,
		                   .patterns = g->patterns,
		                   .n_patterns = PATTERNS };
}

static void excerpts_as_whole(void **state)
{
	unsigned hits = 0, excerpts = 0;

	(void)state;
	srandom(6);
	for (unsigned round = 0; round < 100; round++) {
		struct group *g = calloc(1, sizeof(*g));
		const unsigned n = round % 5 == 0 ? 1 : TEXTS;
		make_excerpts(g);
		make_texts(g);
		scan_both(g, n, round % 4 == 3 ? IMAGE_VIEW_PLAIN : IMAGE_VIEW_FOLDED);
		for (unsigned t = 0; t < n; t++)
			for (unsigned p = 0; p < PATTERNS; p++) {
				assert_int_equal(g->joint[t][p], g->alone[t][p]);
				hits += g->joint[t][p];
			}
		for (unsigned p = 0; p < PATTERNS; p++)
			excerpts += (g->patterns[p].flags & IMAGE_PATTERN_EXCERPT) != 0;
		hs_free_scratch(g->scratch);
		hs_free_database(g->halves[0]);
		hs_free_database(g->database);
		free(g);
	}
	assert_true(hits > 10000 && excerpts > 2000);
}

/* Of literals alone no text is scanned twice, and more hits than are kept lose none. */
static void hits_full(void **state)
{
	struct group *g = calloc(1, sizeof(*g));
	hs_compile_error_t *error;

	(void)state;
	g->patterns[0].flags = IMAGE_PATTERN_ONE_LINE;
	assert_int_equal(hs_compile("a", flags_of(), HS_MODE_BLOCK, NULL, &g->database, &error),
	                 HS_SUCCESS);
	assert_int_equal(hs_alloc_scratch(g->database, &g->scratch), HS_SUCCESS);
	g->image = (struct image){ .database = g->database,
		                   .patterns = g->patterns,
		                   .n_patterns = 1 };
	memset(g->octets, 'a', sizeof(g->octets));
	const uint32_t each = JOINT_HITS_MAX / 32; /* 37 texts, of which 32 are scanned */
	for (unsigned i = 0; i < 38; i++) {
		g->texts[i] = (struct view){ g->octets + i * (each + 1), each };
		g->octets[i * (each + 1) + each] = JOINT_SEPARATOR;
	}
	scan_both(g, 37, IMAGE_VIEW_FOLDED); /* exactly as many as are kept */
	assert_int_equal(g->j.rescans, 0);
	scan_both(g, 38, IMAGE_VIEW_FOLDED);
	assert_int_equal(g->j.rescans, 33);
	for (unsigned i = 0; i < 38; i++)
		assert_int_equal(g->joint[i][0], i % 7 != 3);
	hs_free_scratch(g->scratch);
	hs_free_database(g->database);
	free(g);
}

/* What pattern_one_line() must not call one line, and some that it should. */
static void one_line(void **state)
{
	static const char *const crossing[] = { "a.b",     "a\\sb",        "[^x]",   "\\W",
		                                "\\n",     "\\x0a",        "a\nb",   "(?s)a",
		                                "[\\s]",   "[[:^alpha:]]", "[\t-x]", "\\012",
		                                "\\Qa\\E", "[]^\\D]",      "\\R" };
	static const char *const within[] = { "abc",     "[a-z0-9]{2}", "\\d+", "(a|b)?c",
		                              "[]a^.]x", "a\\.b",       "^ab$", "(?:가|나)" };

	(void)state;
	for (unsigned i = 0; i < sizeof(crossing) / sizeof(*crossing); i++) {
		const struct rule_pattern p = { .text = (char *)(uintptr_t)crossing[i] };
		if (pattern_one_line(&p))
			fail_msg("%s", crossing[i]);
	}
	for (unsigned i = 0; i < sizeof(within) / sizeof(*within); i++) {
		const struct rule_pattern p = { .text = (char *)(uintptr_t)within[i] };
		if (!pattern_one_line(&p))
			fail_msg("%s", within[i]);
	}
	assert_true(pattern_one_line(
		&(struct rule_pattern){ .kind = RULE_LITERAL, .text = "a.b" }));
	assert_false(
		pattern_one_line(&(struct rule_pattern){ .kind = RULE_LITERAL, .text = "\n" }));
}

static void text_anchors(void **state)
{
	(void)state;
	assert_true(pattern_has_text_anchor("\\Aabc"));
	assert_true(pattern_has_text_anchor("abc\\z"));
	assert_true(pattern_has_text_anchor("\\Q\\\\E\\Z"));
	assert_true(pattern_has_text_anchor("x\\\\\\Z"));
	assert_false(pattern_has_text_anchor("\\\\Abc"));
	assert_false(pattern_has_text_anchor("\\QA\\Z\\E"));
	assert_false(pattern_has_text_anchor("^abc$\\"));
	assert_false(pattern_has_text_anchor("\\"));
	assert_false(pattern_has_text_anchor(""));
	assert_false(pattern_has_text_anchor("\\Qabc\\"));
	assert_true(pattern_has_text_anchor("\\Qabc\\E\\A"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_as_alone), cmocka_unit_test(excerpts_as_whole),
		cmocka_unit_test(hits_full),     cmocka_unit_test(one_line),
		cmocka_unit_test(text_anchors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "pattern_set.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <hs/hs.h>

#include "image_build.h"
#include "pattern_line.h"
#include "rule_image.h"

static int compile(const struct corpus *corpus, struct hs_database **out, char error[400])
{
	const unsigned n = corpus->n_patterns;
	const char **patterns = calloc(n, sizeof(*patterns));
	unsigned *flags = calloc(n, sizeof(*flags)), *ids = calloc(n, sizeof(*ids));
	hs_compile_error_t *why = NULL;

	for (unsigned i = 0; i < n && ids != NULL; i++) {
		patterns[i] = corpus->patterns[i];
		flags[i] = HS_FLAG_UTF8 | HS_FLAG_CASELESS | HS_FLAG_SINGLEMATCH;
		ids[i] = i;
	}
	const hs_error_t e =
		hs_compile_multi(patterns, flags, ids, n, HS_MODE_BLOCK, NULL, out, &why);
	free(patterns);
	free(flags);
	free(ids);
	if (e == HS_SUCCESS)
		return 0;
	snprintf(error, 400, "patterns: %s", why != NULL ? why->message : "no memory");
	hs_free_compile_error(why);
	return -EINVAL;
}

/* As control does with rules that have these regular expressions. */
static int compile_rules(const struct corpus *corpus, struct rule_program *out, char error[400])
{
	const unsigned n = corpus->n_patterns;
	struct rule_pattern *patterns = calloc(n, sizeof(*patterns));
	struct problems problems;
	int result = -ENOMEM;

	problems_init(&problems, "corpus");
	for (unsigned i = 0; i < n && patterns != NULL; i++)
		patterns[i] = (struct rule_pattern){ .kind = RULE_REGEX,
			                             .text = corpus->patterns[i],
			                             .views = IMAGE_VIEW_FOLDED };
	if (patterns != NULL)
		result = rule_compile(
			out, &(struct rule_set){ .patterns = patterns, .n_patterns = n },
			&problems);
	free(patterns);
	if (result != 0)
		snprintf(error, 400, "the rules do not compile");
	return result;
}

int pattern_set_open(struct pattern_set *out, const struct corpus *corpus, char error[400])
{
	*out = (struct pattern_set){ .raw = NULL };
	int result = compile(corpus, &out->raw, error);
	if (result == 0)
		result = compile_rules(corpus, &out->program, error);
	if (result == 0 && hs_alloc_scratch(out->raw, &out->scratch) != HS_SUCCESS) {
		snprintf(error, 400, "scratch: out of memory");
		result = -ENOMEM;
	}
	return result;
}

void pattern_set_close(struct pattern_set *set)
{
	hs_free_scratch(set->scratch);
	hs_free_database(set->raw);
	rule_program_free(&set->program);
	*set = (struct pattern_set){ .raw = NULL };
}

static int add_rule(struct image_build *b, const struct pattern_set *set, uint32_t id,
                    const char *expression)
{
	const struct rule_pattern p = { .kind = RULE_REGEX,
		                        .text = (char *)(uintptr_t)expression };
	const int64_t rule = image_build_rule(
		b, &(struct image_build_rule){ .row = { .id = id, .action = IMAGE_REFUSE },
	                                       .name = "bench" });
	const struct image_excerpt *excerpts = set->program.excerpts;
	const bool excerpt = excerpts != NULL && excerpts[id - 1].len != 0;
	const struct image_pattern row = {
		.rule = (uint32_t)rule,
		.views = IMAGE_VIEW_FOLDED,
		.flags = (pattern_one_line(&p) ? IMAGE_PATTERN_ONE_LINE : 0) |
		         (excerpt ? IMAGE_PATTERN_EXCERPT : 0),
	};
	const int64_t pattern = rule < 0 ? rule : image_build_pattern(b, &row);

	return pattern < 0 ? (int)pattern : 0;
}

int pattern_set_rules(const struct pattern_set *set, const struct corpus *corpus,
                      struct image_build *build)
{
	int result = rule_image_program(build, &set->program, corpus->n_patterns);

	for (unsigned i = 0; i < corpus->n_patterns && result == 0; i++)
		result = add_rule(build, set, i + 1, corpus->patterns[i]);
	return result;
}

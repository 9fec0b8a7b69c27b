/* SPDX-License-Identifier: Apache-2.0 */
#include "rule_engine.h"

#include <errno.h>
#include <hs/hs.h>
#include <stdlib.h>

#include "pattern_line.h"
#include "text.h"

static const struct image_account nobody[1];

static bool has_excerpt(const struct rule_program *program, uint32_t pattern)
{
	return program->excerpts != NULL && program->excerpts[pattern].len != 0;
}

struct image_pattern rule_engine_pattern(const struct rule_set *set,
                                         const struct rule_program *program, uint32_t pattern)
{
	const struct rule_pattern *p = &set->patterns[pattern];

	return (struct image_pattern){
		.rule = p->rule,
		.group = p->group,
		.weight = p->weight,
		.views = (uint16_t)p->views,
		.flags = (pattern_one_line(p) ? IMAGE_PATTERN_ONE_LINE : 0) |
		         (has_excerpt(program, pattern) ? IMAGE_PATTERN_EXCERPT : 0),
	};
}

/* A set without problems has a pattern in every group, so a group is below n_patterns. */
static int make_rows(struct rule_engine *e, const struct rule_set *set,
                     const struct rule_program *program)
{
	e->rules = calloc(set->n_rules + (size_t)1, sizeof(*e->rules));
	e->patterns = calloc(set->n_patterns + (size_t)1, sizeof(*e->patterns));
	if (e->rules == NULL || e->patterns == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < set->n_rules; i++) {
		e->rules[i] = set->rules[i].row;
		e->rules[i].n_canary_accounts = 0;
		if (set->rules[i].faulty)
			e->rules[i].n_code = 0; /* it may lack what it speaks of */
	}
	for (uint32_t i = 0; i < set->n_patterns; i++) {
		e->patterns[i] = rule_engine_pattern(set, program, i);
		bug_if(e->patterns[i].group >= set->n_patterns);
		e->image.loose |= (e->patterns[i].views & IMAGE_VIEW_LOOSE) != 0;
	}
	return 0;
}

static int make_scratch(struct rule_engine *e)
{
	struct hs_database *const databases[] = { e->image.database, e->image.literals,
		                                  e->image.plain };

	for (unsigned i = 0; i < 3; i++)
		if (databases[i] != NULL &&
		    hs_alloc_scratch(databases[i], &e->scratch) != HS_SUCCESS)
			return -ENOMEM;
	return 0;
}

int rule_engine_open(struct rule_engine **out, const struct rule_set *set,
                     const struct rule_program *program)
{
	struct rule_engine *e = calloc(1, sizeof(*e));

	if (e == NULL || make_rows(e, set, program) != 0) {
		rule_engine_close(e);
		return -ENOMEM;
	}
	e->image = (struct image){
		.accounts = nobody,
		.n_accounts = 1,
		.rules = e->rules,
		.n_rules = set->n_rules,
		.patterns = e->patterns,
		.n_patterns = set->n_patterns,
		.excerpts = program->excerpts,
		.code = set->code,
		.database = program->folded,
		.literals = program->literals,
		.plain = program->plain,
		.loose = e->image.loose,
		.fold = set->table,
	};
	if (make_scratch(e) != 0 || match_open(&e->state, &e->image) != 0) {
		rule_engine_close(e);
		return -ENOMEM;
	}
	*out = e;
	return 0;
}

void rule_engine_close(struct rule_engine *e)
{
	if (e == NULL)
		return;
	match_close(e->state);
	hs_free_scratch(e->scratch);
	free(e->rules);
	free(e->patterns);
	free(e->folded);
	free(e);
}

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
                    void *context)
{
	const struct rule_engine *e = context;

	(void)from, (void)flags;
	if ((e->patterns[id].views & e->wanted) != 0 &&
	    (e->wanted == IMAGE_VIEW_PLAIN ||
	     image_pattern_holds(&e->image, id, e->scanned, e->scanned_len, to)))
		match_add(e->state, id);
	return 0;
}

/* wanted: a view; patterns that are not of it do not count. */
static void scan(struct rule_engine *e, struct hs_database *database, unsigned wanted,
                 const void *text, size_t len)
{
	e->wanted = wanted;
	e->scanned = text;
	e->scanned_len = len;
	if (database != NULL)
		bug_if(hs_scan(database, text, (unsigned)len, 0, e->scratch, on_match, e) !=
		       HS_SUCCESS);
}

static void fold(struct rule_engine *e, const char *text, size_t len)
{
	/* The second half is for the loose reading. */
	const size_t room = len * TEXT_FOLD_GROWTH + 1;

	if (room > e->folded_room) {
		free(e->folded);
		e->folded = malloc(2 * room);
		bug_if(e->folded == NULL); /* a text of some hundred octets, in a tool */
		e->folded_room = room;
	}
	e->folded_len = text_fold_with(e->image.fold, (const uint8_t *)text, len, e->folded,
	                               room, NULL);
	e->loose = e->folded + room;
	e->loose_len =
		e->image.loose ? text_loose(e->folded, e->folded_len, e->loose, room) : 0;
}

void rule_engine_scan(struct rule_engine *e, const char *text, size_t len,
                      const struct match_input *input, struct match_result *out)
{
	fold(e, text, len);
	match_begin(e->state);
	scan(e, e->image.database, IMAGE_VIEW_FOLDED, e->folded, e->folded_len);
	scan(e, e->image.literals, IMAGE_VIEW_FOLDED, e->folded, e->folded_len);
	if (e->loose_len != 0) {
		scan(e, e->image.database, IMAGE_VIEW_LOOSE, e->loose, e->loose_len);
		scan(e, e->image.literals, IMAGE_VIEW_LOOSE, e->loose, e->loose_len);
	}
	scan(e, e->image.plain, IMAGE_VIEW_PLAIN, text, len);
	match_end(e->state, input, out);
}

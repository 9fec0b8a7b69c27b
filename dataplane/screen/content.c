/* SPDX-License-Identifier: Apache-2.0 */
#include "screen_priv.h"

#include <hs/hs.h>

/*
 * Of all rules that match the strongest action decides, and among equal ones the rule
 * that comes first in the image: enum image_action has the stronger one lower, so that
 * is the least of action and index as one number, whatever order matches come in.
 */
struct best_rule {
	const struct image *image;
	uint64_t rank; /* action << 32 | rule index */
};
#define RANK_NONE UINT64_MAX
#define RANK_LEAST ((uint64_t)IMAGE_REFUSE << 32)
_Static_assert(IMAGE_REFUSE < IMAGE_FLAG && IMAGE_FLAG < IMAGE_RULE_OBSERVE, "rank of actions");

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
                    void *context)
{
	struct best_rule *best = context;
	const uint32_t rule = best->image->patterns[id].rule;
	const uint64_t rank = (uint64_t)best->image->rules[rule].action << 32 | rule;

	(void)from, (void)to, (void)flags;
	if (rank < best->rank)
		best->rank = rank;
	return best->rank == RANK_LEAST; /* nothing can beat it: stop */
}

static void scan(struct screen_context *context, struct view text, struct best_rule *best)
{
	if (text.len == 0 || best->rank == RANK_LEAST)
		return;
	const hs_error_t e = hs_scan(best->image->database, (const char *)text.data, text.len,
	                             0, context->scratch, on_match, best);
	bug_if(e != HS_SUCCESS && e != HS_SCAN_TERMINATED);
	context->scanned_octets += text.len;
}

static void apply(struct screen_message *m, const struct best_rule *best)
{
	if (best->rank == RANK_NONE)
		return;
	const struct image_rule *rule = &best->image->rules[(uint32_t)best->rank];
	m->rule = rule->id;
	m->flagged = rule->action == IMAGE_FLAG;
	if (rule->action != IMAGE_FLAG)
		m->reason = REASON_CONTENT_RULE;
	m->refuse = rule->action == IMAGE_REFUSE;
	m->command_status = rule->command_status; /* verdict.c completes it */
}

void stage_content(struct screen_context *context, struct screen_vector *v)
{
	if (context->tables == NULL || context->tables->image->database == NULL)
		return;
	bug_if(context->scratch == NULL);
	for (unsigned i = v->first; i < v->end; i++) {
		struct screen_message *m = &v->messages[i];
		struct best_rule best = { context->tables->image, RANK_NONE };
		if (!is_open(context, m))
			continue;
		scan(context, m->text[0], &best);
		scan(context, m->text[1], &best);
		apply(m, &best);
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "screen_priv.h"

/*
 * Of all rules that match the strongest action decides, and among equal ones the rule
 * that comes first in the image: enum image_action has the stronger one lower, so that
 * is the least of action and index as one number, whatever order matches come in.
 */
struct best_rules {
	const struct image *image;
	uint64_t rank[SCREEN_VECTOR_MAX]; /* by message: action << 32 | rule index */
};
#define RANK_NONE UINT64_MAX
#define RANK_LEAST ((uint64_t)IMAGE_REFUSE << 32)
_Static_assert(IMAGE_REFUSE < IMAGE_FLAG && IMAGE_FLAG < IMAGE_RULE_OBSERVE, "rank of actions");

static bool on_found(void *arg, uint32_t message, uint32_t pattern)
{
	struct best_rules *best = arg;
	const uint32_t rule = best->image->patterns[pattern].rule;
	const uint64_t rank = (uint64_t)best->image->rules[rule].action << 32 | rule;

	if (rank < best->rank[message])
		best->rank[message] = rank;
	return best->rank[message] == RANK_LEAST; /* nothing can beat it: stop */
}

static void apply(struct screen_message *m, const struct image *image, uint64_t rank)
{
	if (rank == RANK_NONE)
		return;
	const struct image_rule *rule = &image->rules[(uint32_t)rank];
	m->rule = rule->id;
	m->flagged = rule->action == IMAGE_FLAG;
	if (rule->action != IMAGE_FLAG)
		m->reason = REASON_CONTENT_RULE;
	m->refuse = rule->action == IMAGE_REFUSE;
	m->command_status = rule->command_status; /* verdict.c completes it */
}

/* A text into the next scan; the scan before it if that one is full. */
static void add(struct screen_context *context, struct joint *joint, struct view text,
                uint32_t message)
{
	if (text.len == 0)
		return;
	context->scanned_octets += text.len;
	if (joint_add(joint, text, message))
		return;
	joint_scan(joint);
	bug_if(!joint_add(joint, text, message));
}

void stage_content(struct screen_context *context, struct screen_vector *v)
{
	struct best_rules best;

	if (context->tables == NULL || context->tables->image->database == NULL)
		return;
	bug_if(context->scratch == NULL);
	best.image = context->tables->image;
	joint_begin(&v->joint, best.image, context->scratch, on_found, &best);
	for (unsigned i = v->first; i < v->end; i++) {
		const struct screen_message *m = &v->messages[i];
		best.rank[i] = RANK_NONE;
		if (!is_open(context, m))
			continue;
		add(context, &v->joint, m->text[0], i);
		add(context, &v->joint, m->text[1], i);
	}
	joint_scan(&v->joint);
	context->rescanned_texts += v->joint.rescans;
	for (unsigned i = v->first; i < v->end; i++)
		apply(&v->messages[i], best.image, best.rank[i]);
}

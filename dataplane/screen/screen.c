/* SPDX-License-Identifier: Apache-2.0 */
#include "screen_priv.h"

#include <string.h>

#include "text.h"

const struct screen_stage screen_stages[] = {
	{ "form", stage_form },               /* is it SMPP at all */
	{ "identity", stage_identity },       /* may this account send now */
	{ "sender", stage_sender },           /* may it send as this sender */
	{ "concat", stage_concat },           /* of which message is it a part */
	{ "recall", stage_recall },           /* was that said before */
	{ "read", stage_read },               /* what does it say, as a reader takes it */
	{ "fingerprint", stage_fingerprint }, /* of which campaign */
	{ "loose", stage_loose },             /* without what was strewn into words */
	{ "content", stage_content },         /* may that be said */
	{ "campaign", stage_campaign },       /* may that be said so often */
};
const unsigned screen_stages_n = sizeof(screen_stages) / sizeof(screen_stages[0]);
_Static_assert(sizeof(screen_stages) / sizeof(screen_stages[0]) < SCREEN_STAGES_MAX, "timing");

/* Arena octets per octet of user data: decoded, and that folded. */
#define ARENA_GROWTH (TEXT_GROWTH + TEXT_GROWTH * TEXT_FOLD_GROWTH)
/* Octets of user data that other parts add, with a space for each one missing. */
#define NEIGHBOURS_MAX (CONCAT_JOINED_MAX + 64u)
/* So every message that a frame can hold fits an empty arena: slices make progress. */
_Static_assert((uint64_t)ARENA_GROWTH *(SMPP_PDU_MAX + 2 * NEIGHBOURS_MAX + SCREEN_OTHER_MAX +
                                        1) +
                               2 <=
                       SCREEN_TEXT_MAX,
               "arena");

static uint64_t arena_need(const struct screen_message *m)
{
	const uint64_t own = own_octets(m);
	const uint64_t again = own < SCREEN_OTHER_MAX ? own : SCREEN_OTHER_MAX;

	/* Neighbours in both codings; a JOINT_SEPARATOR after each decoded text, and what
	 * keeps readings apart that are one text. */
	return ARENA_GROWTH * (own + again + 1 + (may_be_part(m) ? 2 * NEIGHBOURS_MAX : 0)) + 2;
}

/* The directions whose requests are read. */
static uint32_t directions(const struct screen_context *context)
{
	return context->tables == NULL ? IMAGE_DIRECTION_FROM_ESME
	                               : context->tables->image->policy->directions;
}

/* The next slice: as many messages as surely fit the arena. */
static void begin_slice(const struct screen_context *context, struct screen_vector *v)
{
	const uint32_t wanted = directions(context);
	uint64_t need = 0;

	v->first = v->end;
	v->arena_used = v->folded_used = 0;
	v->hits.n = 1; /* 0 ends a list */
	for (; v->end < v->n; v->end++) {
		struct screen_message *m = &v->messages[v->end];
		need += arena_need(m);
		if (need > SCREEN_TEXT_MAX)
			break;
		m->screened = (wanted & (m->from_esme ? IMAGE_DIRECTION_FROM_ESME
		                                      : IMAGE_DIRECTION_FROM_SMSC)) != 0;
		m->concat = (struct smpp_concat){ 0 };
		m->recall = RECALL_NOT;
		m->second = SCREEN_ONE_READING;
		m->apart = 0;
		v->hits.last[v->end] = v->hits.last[SCREEN_VECTOR_MAX + v->end] = 0;
		m->fingerprint = 0;
		m->stands_for = 1;
		m->told = 0;
		memset(m->text, 0, sizeof(m->text));
		memset(m->loose, 0, sizeof(m->loose));
		memset(m->plain, 0, sizeof(m->plain));
		m->reason = REASON_PASS;
		m->refuse = m->discard = m->flagged = false;
		m->rule = m->n_rules = m->n_matched = 0;
		m->score = 0;
		m->command_status = SMPP_ROK;
	}
	bug_if(v->end == v->first); /* a message beyond SMPP_PDU_MAX came through framing */
}

/* Time since the last lap, to this stage. */
static void lap(struct screen_timing *t, unsigned stage)
{
	if (t == NULL)
		return;
	const uint64_t now = t->now();
	t->stages[stage] += now - t->last;
	t->last = now;
}

void screen_run(struct screen_context *context, struct screen_vector *vector)
{
	bug_if(vector->n > SCREEN_VECTOR_MAX);
	if (context->timing != NULL)
		context->timing->last = context->timing->now();
	vector->hits.image = context->tables != NULL ? context->tables->image : NULL;
	for (vector->end = 0; vector->end < vector->n;) {
		begin_slice(context, vector);
		lap(context->timing, screen_stages_n);
		for (unsigned i = 0; i < screen_stages_n; i++) {
			screen_stages[i].run(context, vector);
			lap(context->timing, i);
		}
		if (unlikely(context->watch != NULL))
			context->watch(context->watcher, vector);
		verdict_slice(context, vector);
		concat_settle(context, vector);
		lap(context->timing, screen_stages_n);
	}
}

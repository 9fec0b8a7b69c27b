/* SPDX-License-Identifier: Apache-2.0 */
/*
 * campaign: the stages that tell which campaign a text is of (text/fingerprint.h), and what
 * an operator wants done with it.
 *
 * A known text's fingerprint comes with what else is known of it. Of a part of a concatenated
 * message it is that of what the part was judged in: the part with those neighbours that
 * were seen, so that the last one to come has the whole's.
 */
#include "campaign_set.h"
#include "fingerprint.h"
#include "screen_priv.h"

void fingerprint_text(struct screen_context *context, struct screen_message *m,
                      struct view folded)
{
	m->stands_for = 1;
	if (m->fingerprint != 0 || folded.len == 0)
		return;
	m->fingerprint = text_fingerprint(folded.data, folded.len);
	context->fingerprints++;
}

void fingerprint_message(struct screen_context *context, struct screen_message *m)
{
	/* Where there is one text, the other's place may have a second reading. */
	const unsigned first = m->sm.short_message.octets.len != 0 ? 0 : 1;

	fingerprint_text(context, m, m->text[first]);
	fingerprint_text(context, m, m->text[1 - first]);
}

/* 0 .. below - 1; SplitMix64 (Steele, Lea, Flood 2014). */
static uint32_t any(struct screen_context *context, uint32_t below)
{
	uint64_t x = context->fingerprint_seed += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)(((x ^ x >> 31) >> 32) * below >> 32);
}

/* Whether it is the turn of a text that is new. */
static bool is_sampled(struct screen_context *context)
{
	if (context->fingerprint_left == 0) {
		context->fingerprint_left = context->fingerprint_every;
		context->fingerprint_at = any(context, context->fingerprint_every);
	}
	return --context->fingerprint_left == context->fingerprint_at;
}

void stage_fingerprint(struct screen_context *context, struct screen_vector *v)
{
	const bool all = screen_sample(context) == 1;

	for (unsigned k = 0; k < v->n_unread; k++) {
		struct screen_message *m = &v->messages[v->unread[k]];
		if (!is_open(m) || (!all && !is_sampled(context)))
			continue;
		fingerprint_message(context, m);
		if (!all)
			m->stands_for = context->fingerprint_every;
	}
}

/* What no rule has stopped. */
static bool may_act(const struct screen_message *m)
{
	return m->fingerprint != 0 && m->screened &&
	       (m->reason == REASON_PASS || (m->reason == REASON_CONTENT_RULE && !m->refuse));
}

static void stop(struct screen_message *m, bool discard)
{
	m->reason = REASON_CAMPAIGN;
	m->refuse = true;
	m->discard = discard;
	m->flagged = false;
	m->rule = 0;
	m->command_status = 0; /* verdict.c completes it */
}

static void act(struct screen_message *m, const struct image_campaign *c)
{
	switch ((enum image_action)c->action) {
	case IMAGE_REFUSE:
	case IMAGE_DISCARD:
		stop(m, c->action == IMAGE_DISCARD);
		break;
	case IMAGE_FLAG:
		m->flagged = true;
		break;
	case IMAGE_RULE_OBSERVE:
		if (m->reason == REASON_PASS && !m->flagged)
			m->reason = REASON_CAMPAIGN;
		break;
	}
}

struct sought {
	const struct campaign_set *set;
	const struct image_campaign *most; /* that asks for most so far, or NULL */
	uint32_t seconds;
};

/* Whether this folded text asks for more: then it is the message's. */
static void seek(struct sought *s, struct screen_message *m, unsigned which, struct view folded)
{
	const uint64_t other = text_fingerprint(folded.data, folded.len);
	const struct image_campaign *c =
		other != 0 ? campaign_set_find(s->set, other, s->seconds) : NULL;

	if (c == NULL || (s->most != NULL && c->action >= s->most->action))
		return;
	m->fingerprint = other;
	m->told = (uint8_t)which;
	s->most = c;
}

/* Two readings that are one text to the rules: each by itself is what a phone may show. */
static void seek_apart(struct screen_context *context, struct screen_vector *v,
                       struct sought *s, struct screen_message *m)
{
	const struct view plain = m->plain[m->second];
	const struct view readings[2] = { { plain.data, m->apart },
		                          { plain.data + m->apart + 1,
		                            plain.len - m->apart - 1 } };

	if ((SCREEN_FOLDED_MAX - v->folded_used - 1) / TEXT_FOLD_GROWTH < plain.len)
		return;
	for (unsigned i = 0; i < 2; i++)
		seek(s, m, m->second, reading_fold(context, v, readings[i]));
}

/*
 * What is wanted of this message. Of two texts, or several readings of one, m->fingerprint is
 * the first's: the others are looked for too, and are the message's where they ask for more.
 */
static const struct image_campaign *wanted(struct screen_context *context,
                                           struct screen_vector *v,
                                           const struct campaign_set *set,
                                           struct screen_message *m)
{
	struct sought s = { set, campaign_set_find(set, m->fingerprint, context->seconds),
		            context->seconds };

	if (m->text[0].len == 0 || m->text[1].len == 0)
		return s.most;
	for (unsigned which = 0; which < 2; which++)
		seek(&s, m, which, m->text[which]);
	if (m->second != SCREEN_ONE_READING && m->apart != 0)
		seek_apart(context, v, &s, m);
	return s.most;
}

void stage_campaign(struct screen_context *context, struct screen_vector *v)
{
	const struct campaign_set *set =
		context->tables != NULL ? context->tables->campaigns : NULL;

	if (set == NULL)
		return;
	for (unsigned i = v->first; i < v->end; i++) {
		struct screen_message *m = &v->messages[i];
		if (!may_act(m))
			continue;
		const struct image_campaign *c = wanted(context, v, set, m);
		if (c == NULL)
			continue;
		context->campaign_matches++;
		act(m, c);
	}
}

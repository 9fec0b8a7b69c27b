/* SPDX-License-Identifier: Apache-2.0 */
/*
 * content: what the rules say of each message.
 *
 * All texts of a slice are scanned together, once a view (joint.h), loose texts behind the
 * folded ones, where only patterns that ask for them count. What was found is
 * kept by message, and when the scans are done each message's finds are replayed through
 * match_state, which knows scopes, weights and combinations; a message of two readings is
 * judged by each of them. A message that finds no room
 * for its hits is scanned again by itself: exact, and paid for by who causes it.
 */
#include "address.h"
#include "screen_priv.h"

#include <hs/hs.h>
#include <xxhash.h>

/* The owner of a text is the list that its hits go to; of a loose text that and this. */
#define OWNER_LOOSE (2 * SCREEN_VECTOR_MAX)

/* The list of a text of message i. */
static uint32_t list_of(const struct screen_message *m, unsigned i, unsigned which)
{
	return m->second == which ? SCREEN_VECTOR_MAX + i : i;
}

static bool reads_loosely(const struct image_pattern *p)
{
	return (p->views & IMAGE_VIEW_LOOSE) != 0;
}

static bool on_found(void *arg, uint32_t owner, uint32_t pattern)
{
	struct screen_hits *h = arg;
	const uint32_t list = owner % OWNER_LOOSE;
	const uint32_t last = h->last[list];

	if (owner >= OWNER_LOOSE && !reads_loosely(&h->image->patterns[pattern]))
		return false;
	if (last == SCREEN_HITS_LOST)
		return true;
	if (last != 0 && h->hits[last].pattern == pattern)
		return false; /* it ends at several places */
	if (h->n == SCREEN_HITS_MAX) {
		h->last[list] = SCREEN_HITS_LOST;
		return true;
	}
	hits_add(h, list, pattern);
	return false;
}

/* A text into the next scan; the scan before it if that one is full. */
static void add(struct screen_context *context, struct joint *joint, struct view text,
                uint32_t owner)
{
	if (text.len == 0)
		return;
	context->scanned_octets += text.len;
	if (joint_add(joint, text, owner))
		return;
	joint_scan(joint);
	bug_if(!joint_add(joint, text, owner));
}

/* One view of all open messages. */
static void scan_view(struct screen_context *context, struct screen_vector *v, bool plain)
{
	joint_begin(&v->joint, context->tables->image,
	            plain ? IMAGE_VIEW_PLAIN : IMAGE_VIEW_FOLDED, context->scratch, on_found,
	            &v->hits);
	for (unsigned k = 0; k < v->n_unread; k++) {
		const unsigned i = v->unread[k];
		const struct screen_message *m = &v->messages[i];
		const struct view *texts = plain ? m->plain : m->text;
		if (!is_open(m))
			continue;
		for (unsigned which = 0; which < 2; which++)
			add(context, &v->joint, texts[which], list_of(m, i, which));
	}
	const bool loose = !plain && context->tables->image->loose;
	for (unsigned k = 0; k < v->n_unread && loose; k++) {
		const unsigned i = v->unread[k];
		const struct screen_message *m = &v->messages[i];
		for (unsigned which = 0; which < 2; which++)
			add(context, &v->joint, m->loose[which],
			    list_of(m, i, which) + OWNER_LOOSE);
	}
	joint_scan(&v->joint);
	context->rescanned_texts += v->joint.rescans;
}

/* A message that is scanned by itself. */
struct alone {
	const struct screen_context *context;
	struct view text;
	bool plain, loose; /* which it is */
};

static int on_match_alone(unsigned id, unsigned long long from, unsigned long long to,
                          unsigned flags, void *arg)
{
	const struct alone *a = arg;
	const struct image *im = a->context->tables->image;

	(void)from, (void)flags;
	if (id < im->n_patterns && (!a->loose || reads_loosely(&im->patterns[id])) &&
	    (a->plain || image_pattern_holds(im, id, a->text.data, a->text.len, to)))
		match_add(a->context->match, id);
	return 0;
}

static void scan_text(struct screen_context *context, struct hs_database *database,
                      struct view text, bool loose)
{
	struct alone a = { context, text, database == context->tables->image->plain, loose };

	if (database == NULL || text.len == 0)
		return;
	const hs_error_t e = hs_scan(database, (const char *)text.data, text.len, 0,
	                             context->scratch, on_match_alone, &a);
	bug_if(e != HS_SUCCESS);
	context->rescanned_texts++;
}

/* The texts of message i whose hits go to this list. */
static void scan_alone(struct screen_context *context, const struct screen_vector *v,
                       unsigned i, uint32_t list)
{
	const struct screen_message *m = &v->messages[i];
	const struct image *im = context->tables->image;
	struct hs_database *const folded[] = { im->database, im->literals };

	for (unsigned which = 0; which < 2; which++) {
		if (list_of(m, i, which) != list)
			continue;
		for (unsigned k = 0; k < 2; k++) {
			scan_text(context, folded[k], m->text[which], false);
			scan_text(context, folded[k], m->loose[which], true);
		}
		scan_text(context, im->plain, m->plain[which], false);
	}
}

/* Which ten-thousandth of the traffic: a subscriber is always in the same one, so a rule
 * on trial treats all parts and repetitions of what is sent to a person alike, however the
 * number is written. */
static uint32_t share_of(const struct screen_context *context, const struct screen_message *m)
{
	const struct image *im = context->tables->image;
	struct view to = m->sm.destination.digits;
	struct sender_key key;

	if (!im->shares || to.len == 0)
		return 0;
	if (address_key_by(&key, to.data, to.len, &im->plan) == 0)
		to = (struct view){ key.octets, sizeof(key.octets) };
	return (uint32_t)(XXH3_64bits(to.data, to.len) % IMAGE_SHARE_WHOLE);
}

struct match_input screen_match_input(const struct screen_context *context,
                                      const struct screen_message *m)
{
	return (struct match_input){
		.account_row = m->account_row,
		.seconds = context->seconds,
		.share = share_of(context, m),
		.data_coding = m->sm.data_coding,
		.from_esme = m->from_esme,
	};
}

/* Replay the finds of message i that are in this list of it. */
static void judge(struct screen_context *context, struct screen_vector *v, unsigned i,
                  uint32_t list, struct match_result *result)
{
	const struct match_input input = screen_match_input(context, &v->messages[i]);
	uint32_t at = v->hits.last[list];

	match_begin(context->match);
	if (at == SCREEN_HITS_LOST) {
		scan_alone(context, v, i, list);
		at = 0;
	}
	for (; at != 0; at = v->hits.hits[at].before)
		match_add(context->match, v->hits.hits[at].pattern);
	match_end(context->match, &input, result);
}

/* The account's own limit, else the policy's; INT64_MAX: no score is enough. */
static int64_t limit(int32_t own, int32_t policy)
{
	const int32_t chosen = own != 0 ? own : policy;

	return chosen != 0 ? chosen : INT64_MAX;
}

static int32_t bounded(int64_t score)
{
	return score > INT32_MAX ? INT32_MAX : score < INT32_MIN ? INT32_MIN : (int32_t)score;
}

static bool score_refuses(const struct screen_context *context, const struct screen_message *m,
                          const struct match_result *r)
{
	return r->score >= limit(account_of(context, m)->refuse_score,
	                         context->tables->image->policy->refuse_score);
}

static bool score_flags(const struct screen_context *context, const struct screen_message *m,
                        const struct match_result *r)
{
	return r->score >= limit(account_of(context, m)->flag_score,
	                         context->tables->image->policy->flag_score);
}

/*
 * The strongest first: a rule that refuses, a score that refuses, a rule that discards,
 * then flags, then rules that only observe.
 */
static void decide(const struct screen_context *context, struct screen_message *m,
                   const struct match_result *r)
{
	const struct image *im = context->tables->image;
	const struct image_rule *rule = &im->rules[r->action != 0 ? r->rule : r->heaviest];
	const bool refuse = score_refuses(context, m, r);
	const bool flag = score_flags(context, m, r);

	m->score = bounded(r->score);
	if (r->action == IMAGE_REFUSE || (!refuse && r->action == IMAGE_DISCARD)) {
		m->reason = REASON_CONTENT_RULE;
		m->refuse = true;
		m->discard = r->action == IMAGE_DISCARD;
		m->command_status = rule->command_status; /* verdict.c completes it */
	} else if (refuse) {
		m->reason = REASON_CONTENT_SCORE;
		rule = &im->rules[r->heaviest];
	} else if (r->action == IMAGE_FLAG || flag) {
		m->flagged = true;
		rule = &im->rules[r->action == IMAGE_FLAG ? r->rule : r->heaviest];
	} else if (r->action == IMAGE_RULE_OBSERVE) {
		m->reason = REASON_CONTENT_RULE;
	}
	if (m->reason == REASON_PASS && !m->flagged)
		return;
	m->rule = rule->id;
	m->n_rules = (uint8_t)(r->n_rules < MATCH_RULES_KEPT ? r->n_rules : MATCH_RULES_KEPT);
	for (unsigned k = 0; k < m->n_rules; k++)
		m->rules[k] = im->rules[r->rules[k]].id;
}

/* How much decide() would do. */
enum strength { NOTHING, OBSERVES, FLAGS, REFUSES };

static enum strength strength_of(const struct screen_context *context,
                                 const struct screen_message *m, const struct match_result *r)
{
	if (r->action == IMAGE_REFUSE || r->action == IMAGE_DISCARD ||
	    score_refuses(context, m, r))
		return REFUSES;
	if (r->action == IMAGE_FLAG || score_flags(context, m, r))
		return FLAGS;
	return r->action == IMAGE_RULE_OBSERVE ? OBSERVES : NOTHING;
}

/* In matched[] while it is not said yet which reading holds; an image has 2^24 rules. */
#define ACTS_IN_SECOND (MATCH_ACTING >> 1)

static uint32_t *find_matched(uint32_t *list, unsigned n, uint32_t rule)
{
	for (unsigned k = 0; k < n; k++)
		if ((list[k] & ~(MATCH_ACTING | ACTS_IN_SECOND)) == rule)
			return &list[k];
	return NULL;
}

/* The rules that match_end() found in a reading of message i, besides those of the first. */
static void list_matched(struct screen_context *context, struct screen_vector *v, unsigned i,
                         bool second)
{
	struct screen_message *m = &v->messages[i];
	const unsigned n_first = m->n_matched;
	uint32_t n, *list = v->matched[i];
	const uint32_t *rules = match_rules(context->match, &n);

	for (uint32_t k = 0; k < n; k++) {
		const uint32_t rule = rules[k] & ~MATCH_ACTING;
		const uint32_t acts = (rules[k] & MATCH_ACTING) >> second;
		uint32_t *known = second ? find_matched(list, n_first, rule) : NULL;
		if (known != NULL)
			*known |= acts;
		else if (m->n_matched < SCREEN_MATCHED_MAX)
			list[m->n_matched++] = rule | acts;
		else
			context->unlisted++;
	}
}

/* Who acts has acted where the reading that holds had any effect. */
static void settle_matched(struct screen_vector *v, unsigned i, bool second)
{
	const struct screen_message *m = &v->messages[i];
	const uint32_t acts = m->n_rules == 0 ? 0 : MATCH_ACTING >> second;

	for (unsigned k = 0; k < m->n_matched; k++) {
		const uint32_t entry = v->matched[i][k];
		v->matched[i][k] = (entry & ~(MATCH_ACTING | ACTS_IN_SECOND)) |
		                   ((entry & acts) != 0 ? SCREEN_ACTED : 0);
	}
}

/* A message of two readings: screen.h says what becomes of it. */
static void decide_between(struct screen_context *context, struct screen_vector *v, unsigned i)
{
	struct screen_message *m = &v->messages[i];
	struct match_result first, second;

	judge(context, v, i, i, &first);
	list_matched(context, v, i, false);
	judge(context, v, i, SCREEN_VECTOR_MAX + i, &second);
	list_matched(context, v, i, true);
	context->shadowed += (first.n_shadow | second.n_shadow) != 0;
	const enum strength a = strength_of(context, m, &first);
	const enum strength b = strength_of(context, m, &second);
	decide(context, m, b > a ? &second : &first);
	settle_matched(v, i, b > a);
	m->told = b > a ? m->second : 1 - m->second;
	if ((a == REFUSES) != (b == REFUSES)) {
		m->reason = REASON_READINGS_DISAGREE;
		m->refuse = true;
	}
}

static void decide_one(struct screen_context *context, struct screen_vector *v, unsigned i)
{
	struct match_result result;

	if ((v->hits.last[i] | v->hits.last[SCREEN_VECTOR_MAX + i]) == 0)
		return;
	if (v->messages[i].second != SCREEN_ONE_READING) {
		decide_between(context, v, i);
		return;
	}
	judge(context, v, i, i, &result);
	list_matched(context, v, i, false);
	context->shadowed += result.n_shadow != 0;
	decide(context, &v->messages[i], &result);
	settle_matched(v, i, false);
}

void stage_content(struct screen_context *context, struct screen_vector *v)
{
	if (context->match == NULL)
		return; /* no image, or one without a pattern */
	const struct image *im = context->tables->image;
	if (im->database != NULL || im->literals != NULL)
		scan_view(context, v, false);
	if (im->plain != NULL)
		scan_view(context, v, true);
	if (context->cache != NULL)
		recall_keep(context, v);
	for (unsigned i = v->first; i < v->end; i++)
		decide_one(context, v, i);
}

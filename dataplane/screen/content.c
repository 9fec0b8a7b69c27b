/* SPDX-License-Identifier: Apache-2.0 */
/*
 * content: what the rules say of each message.
 *
 * All texts of a slice are scanned together, once a view (joint.h), loose texts behind the
 * folded ones, where only patterns that ask for them count. What was found is
 * kept by message, and when the scans are done each message's finds are replayed through
 * match_state, which knows scopes, weights and combinations; a message of two readings is
 * judged by each of them, one of two texts by each and by both together: what a rule takes
 * away for the one that is not shown would let the other pass. A message that finds no room
 * for its hits is scanned again by itself: exact, and paid for by who causes it.
 */
#include "address.h"
#include "screen_priv.h"

#include <hs/hs.h>
#include <xxhash.h>

/* The owner of a text is the list that its hits go to; of a loose text that and this. */
#define OWNER_LOOSE (2 * SCREEN_VECTOR_MAX)

/* The list of a text of message i: of the second of two another one. */
static uint32_t list_of(const struct screen_message *m, unsigned i, unsigned which)
{
	const bool two = m->second == SCREEN_ONE_READING && m->text[0].data != NULL;

	return m->second == which || (two && which == 1) ? SCREEN_VECTOR_MAX + i : i;
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

/* The finds of message i that are in this list of it. */
static void replay(struct screen_context *context, struct screen_vector *v, unsigned i,
                   uint32_t list)
{
	uint32_t at = v->hits.last[list];

	if (at == SCREEN_HITS_LOST) {
		scan_alone(context, v, i, list);
		at = 0;
	}
	for (; at != 0; at = v->hits.hits[at].before)
		match_add(context->match, v->hits.hits[at].pattern);
}

/* Which of its lists a message is judged by. */
enum by { FIRST = 1, OTHER = 2, BOTH = FIRST | OTHER };

static void judge(struct screen_context *context, struct screen_vector *v, unsigned i,
                  enum by by, struct match_result *result)
{
	const struct match_input input = screen_match_input(context, &v->messages[i]);

	match_begin(context->match);
	if ((by & FIRST) != 0)
		replay(context, v, i, i);
	if ((by & OTHER) != 0)
		replay(context, v, i, SCREEN_VECTOR_MAX + i);
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

static uint32_t *find_matched(uint32_t *list, unsigned n, uint32_t rule)
{
	for (unsigned k = 0; k < n; k++)
		if ((list[k] & ~MATCH_ACTING) == rule)
			return &list[k];
	return NULL;
}

/* The rules that match_end() found in message i, besides those that are listed. They act if
 * this is how it is to be judged, as far as is known by now. */
static void list_matched(struct screen_context *context, struct screen_vector *v, unsigned i,
                         bool holds)
{
	struct screen_message *m = &v->messages[i];
	const unsigned n_before = m->n_matched;
	uint32_t n, *list = v->matched[i];
	const uint32_t *rules = match_rules(context->match, &n);

	for (unsigned k = 0; holds && k < n_before; k++)
		list[k] &= ~MATCH_ACTING;
	for (uint32_t k = 0; k < n; k++) {
		const uint32_t rule = rules[k] & ~MATCH_ACTING;
		const uint32_t acts = holds ? rules[k] & MATCH_ACTING : 0;
		uint32_t *known = find_matched(list, n_before, rule);
		if (known != NULL)
			*known |= acts;
		else if (m->n_matched < SCREEN_MATCHED_MAX)
			list[m->n_matched++] = rule | acts;
		else
			context->unlisted++;
	}
}

/* Who acts has acted where what holds had any effect. */
static void settle_matched(struct screen_vector *v, unsigned i)
{
	const struct screen_message *m = &v->messages[i];

	for (unsigned k = 0; m->n_rules == 0 && k < m->n_matched; k++)
		v->matched[i][k] &= ~MATCH_ACTING;
}

/* A message of two readings, of which screen.h says what becomes, or of two texts, of which a
 * phone may show either or both: the strongest judgement holds, the first of equals. */
static void decide_between(struct screen_context *context, struct screen_vector *v, unsigned i)
{
	static const enum by texts[] = { BOTH, FIRST, OTHER }, readings[] = { FIRST, OTHER };
	struct screen_message *m = &v->messages[i];
	const bool read_twice = m->second != SCREEN_ONE_READING;
	const enum by *ways = read_twice ? readings : texts;
	const unsigned n = read_twice ? 2 : 3;
	unsigned held = 0, n_refuse = 0, n_shadow = 0;
	struct match_result result, most;
	enum strength strength = NOTHING;

	for (unsigned k = 0; k < n; k++) {
		judge(context, v, i, ways[k], &result);
		const enum strength s = strength_of(context, m, &result);
		const bool holds = k == 0 || s > strength;
		list_matched(context, v, i, holds);
		n_shadow += result.n_shadow;
		n_refuse += s == REFUSES;
		if (!holds)
			continue;
		most = result;
		strength = s;
		held = k;
	}
	context->shadowed += n_shadow != 0;
	decide(context, m, &most);
	settle_matched(v, i);
	if (!read_twice)
		return;
	m->told = ways[held] == OTHER ? m->second : 1 - m->second;
	if (n_refuse == 1) {
		m->reason = REASON_READINGS_DISAGREE;
		m->refuse = true;
	}
}

static void decide_one(struct screen_context *context, struct screen_vector *v, unsigned i)
{
	const uint32_t first = v->hits.last[i], other = v->hits.last[SCREEN_VECTOR_MAX + i];
	struct match_result result;

	if ((first | other) == 0)
		return;
	if (v->messages[i].second != SCREEN_ONE_READING || (first != 0 && other != 0)) {
		decide_between(context, v, i);
		return;
	}
	judge(context, v, i, BOTH, &result);
	list_matched(context, v, i, true);
	context->shadowed += result.n_shadow != 0;
	decide(context, &v->messages[i], &result);
	settle_matched(v, i);
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

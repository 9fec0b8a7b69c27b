/* SPDX-License-Identifier: Apache-2.0 */
#include "match_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "match_code.h"

struct rule_mark {
	uint32_t message; /* the last one that touched it */
	int64_t sum;      /* of that message: weights of its patterns that matched */
};

struct match_state {
	const struct image *image;
	uint32_t message;   /* number of this one; marks with it are set */
	uint32_t *patterns; /* by pattern: the last message it matched */
	uint32_t *groups;   /* by group: the same */
	struct rule_mark *rules;
	uint32_t *touched; /* rules with a hit in this message; match_rules() when it ended */
	uint32_t n_touched;
};

int match_open(struct match_state **out, const struct image *image)
{
	struct match_state *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return -ENOMEM;
	s->image = image;
	s->patterns = calloc(image->n_patterns + (size_t)1, sizeof(*s->patterns));
	s->groups = calloc(image->n_patterns + (size_t)1, sizeof(*s->groups));
	s->rules = calloc(image->n_rules + (size_t)1, sizeof(*s->rules));
	s->touched = calloc(image->n_rules + (size_t)1, sizeof(*s->touched));
	if (s->patterns == NULL || s->groups == NULL || s->rules == NULL ||
	    s->touched == NULL) {
		match_close(s);
		return -ENOMEM;
	}
	*out = s;
	return 0;
}

void match_close(struct match_state *s)
{
	if (s == NULL)
		return;
	free(s->patterns);
	free(s->groups);
	free(s->rules);
	free(s->touched);
	free(s);
}

void match_begin(struct match_state *s)
{
	s->n_touched = 0;
	if (++s->message != 0)
		return;
	/* Once in four thousand million messages old marks would look new. */
	memset(s->patterns, 0, (s->image->n_patterns + (size_t)1) * sizeof(*s->patterns));
	memset(s->groups, 0, (s->image->n_patterns + (size_t)1) * sizeof(*s->groups));
	memset(s->rules, 0, (s->image->n_rules + (size_t)1) * sizeof(*s->rules));
	s->message = 1;
}

void match_add(struct match_state *s, uint32_t pattern)
{
	const struct image_pattern *p = &s->image->patterns[pattern];
	struct rule_mark *rule = &s->rules[p->rule];

	if (s->patterns[pattern] == s->message)
		return;
	s->patterns[pattern] = s->message;
	s->groups[p->group] = s->message;
	if (rule->message != s->message) {
		*rule = (struct rule_mark){ .message = s->message };
		s->touched[s->n_touched++] = p->rule;
	}
	rule->sum += p->weight; /* 2^24 patterns of 2^31 each: no wrap in 64 bits */
}

bool match_has_pattern(const struct match_state *s, uint32_t pattern)
{
	return s->patterns[pattern] == s->message;
}

/* Whether the row of an account is among n of the image's lists, from first on. */
static bool has_row(const struct image *im, uint32_t first, uint32_t n, uint32_t row)
{
	uint32_t low = 0, high = n;

	if (n == 0) /* an image without a list has no place for one */
		return false;
	const uint32_t *rows = im->rule_accounts + first;
	while (low < high) {
		const uint32_t middle = low + (high - low) / 2;
		if (rows[middle] == row)
			return true;
		if (rows[middle] < row)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static bool has_regime(const struct image_rule *r, uint32_t regime)
{
	bool any = false;

	for (unsigned i = 0; i < IMAGE_RULE_REGIMES; i++) {
		if (r->regimes[i] != 0 && r->regimes[i] == regime)
			return true;
		any |= r->regimes[i] != 0;
	}
	return !any;
}

static bool has_coding(const struct image_rule *r, uint8_t coding)
{
	uint32_t any = 0;

	for (unsigned i = 0; i < 8; i++)
		any |= r->data_coding[i];
	return any == 0 || (r->data_coding[coding / 32] >> coding % 32 & 1) != 0;
}

static bool in_scope(const struct image *im, const struct image_rule *r,
                     const struct match_input *in)
{
	const uint32_t direction =
		in->from_esme ? IMAGE_DIRECTION_FROM_ESME : IMAGE_DIRECTION_FROM_SMSC;

	if (r->directions != 0 && (r->directions & direction) == 0)
		return false;
	if (in->seconds < r->valid_from ||
	    (r->valid_until != 0 && in->seconds >= r->valid_until))
		return false;
	if ((r->flags & IMAGE_RULE_SCOPED) != 0 &&
	    !has_row(im, r->accounts, r->n_accounts, in->account_row))
		return false;
	/* Rows behind the image's are accounts that a delta added: of no regime. */
	const uint32_t regime =
		in->account_row < im->n_accounts ? im->accounts[in->account_row].regime : 0;
	return has_regime(r, regime) && has_coding(r, in->data_coding);
}

static bool has_group(const void *context, uint32_t group)
{
	const struct match_state *s = context;

	return s->groups[group] == s->message;
}

static bool holds(const struct match_state *s, const struct image_rule *r, int64_t sum)
{
	if (r->n_code != 0 &&
	    !match_code_run(s->image->code + r->code, r->n_code, has_group, s))
		return false;
	return (r->flags & IMAGE_RULE_THRESHOLD) == 0 || sum >= r->threshold;
}

/* A shadow acts only for those who try it. */
static bool acts(const struct image *im, const struct image_rule *r,
                 const struct match_input *in)
{
	return (r->flags & IMAGE_RULE_SHADOW) == 0 || in->share < r->canary_share ||
	       has_row(im, r->canary_accounts, r->n_canary_accounts, in->account_row);
}

/* Keep the lowest indexes, in order. */
static void keep(struct match_result *out, uint32_t rule)
{
	uint32_t n = out->n_rules < MATCH_RULES_KEPT ? out->n_rules : MATCH_RULES_KEPT;

	out->n_rules++;
	if (n == MATCH_RULES_KEPT && rule > out->rules[n - 1])
		return;
	if (n == MATCH_RULES_KEPT)
		n--;
	for (; n > 0 && out->rules[n - 1] > rule; n--)
		out->rules[n] = out->rules[n - 1];
	out->rules[n] = rule;
}

struct weighing {
	struct match_result *out;
	int64_t heaviest; /* points of out->heaviest */
};

static void count(struct weighing *w, const struct image_rule *r, uint32_t rule, int64_t sum)
{
	struct match_result *out = w->out;
	const int64_t points = r->weight + ((r->flags & IMAGE_RULE_THRESHOLD) != 0 ? 0 : sum);

	keep(out, rule);
	out->score += points;
	/* Among equals the first of the file, whatever order the hits came in. */
	if (points > 0 && (!out->weighed || points > w->heaviest ||
	                   (points == w->heaviest && rule < out->heaviest))) {
		out->weighed = true;
		out->heaviest = rule;
		w->heaviest = points;
	}
	if (r->action == 0)
		return;
	if (out->action == 0 || r->action < out->action ||
	    (r->action == out->action && rule < out->rule)) {
		out->action = r->action;
		out->rule = rule;
	}
}

void match_end(struct match_state *s, const struct match_input *in, struct match_result *out)
{
	const struct image *im = s->image;
	struct weighing w = { .out = out };
	uint32_t kept = 0;

	*out = (struct match_result){ 0 };
	for (uint32_t i = 0; i < s->n_touched; i++) {
		const uint32_t rule = s->touched[i];
		const struct image_rule *r = &im->rules[rule];
		const int64_t sum = s->rules[rule].sum;

		if (!in_scope(im, r, in) || !holds(s, r, sum))
			continue;
		const bool acting = acts(im, r, in);
		if (acting)
			count(&w, r, rule, sum);
		else
			out->n_shadow++;
		s->touched[kept++] = rule | (acting ? MATCH_ACTING : 0);
	}
	s->n_touched = kept;
}

const uint32_t *match_rules(const struct match_state *s, uint32_t *n)
{
	*n = s->n_touched;
	return s->touched;
}

bool match_has_rule(const struct match_state *s, const struct match_input *in, uint32_t rule)
{
	const struct image_rule *r = &s->image->rules[rule];

	return s->rules[rule].message == s->message &&
	       (in == NULL || in_scope(s->image, r, in)) && holds(s, r, s->rules[rule].sum);
}

enum match_effect match_effect(const struct match_state *s, const struct match_input *in,
                               uint32_t rule)
{
	if (!match_has_rule(s, in, rule))
		return match_has_rule(s, NULL, rule) ? MATCH_BEYOND : MATCH_NONE;
	return acts(s->image, &s->image->rules[rule], in) ? MATCH_ACTS : MATCH_SHADOW;
}

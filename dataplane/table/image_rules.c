/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdbool.h>

#include "image_priv.h"
#include "match_code.h"

/* The first and n entries of a section that has so many. */
static bool inside(uint32_t first, uint32_t n, uint64_t count)
{
	return (uint64_t)first + n <= count && (n != 0 || first == 0);
}

/* Account rows that exist, each once, in order: match_state.c searches by halves. */
static bool is_account_list(const struct image_check *c, const struct image *im, uint32_t first,
                            uint32_t n)
{
	if (!inside(first, n, c->section[IMAGE_RULE_ACCOUNTS].count))
		return false;
	for (uint32_t i = 0; i < n; i++) {
		const uint32_t *row = &im->rule_accounts[first + i];
		if (*row == 0 || *row >= im->n_accounts || (i != 0 && row[0] <= row[-1]))
			return false;
	}
	return true;
}

static bool no_group(const void *context, uint32_t group)
{
	(void)context, (void)group;
	return false;
}

static const char *code_fault(const struct image_check *c, const struct image *im,
                              const struct image_rule *r)
{
	if (!inside(r->code, r->n_code, c->section[IMAGE_RULE_CODE].count))
		return "has code that is not there";
	if (r->n_code == 0)
		return NULL;
	if (!match_code_valid(im->code + r->code, r->n_code, im->n_patterns))
		return "has code that does not run";
	if (match_code_run(im->code + r->code, r->n_code, no_group, NULL))
		return "has code that is true without a pattern";
	return NULL;
}

static const char *rule_fault(const struct image_check *c, const struct image *im,
                              const struct image_rule *r)
{
	const uint32_t known = IMAGE_RULE_THRESHOLD | IMAGE_RULE_SHADOW | IMAGE_RULE_SCOPED;

	if (r->id == 0)
		return "has id 0";
	if (r->action > IMAGE_RULE_OBSERVE)
		return "has an unknown action";
	if (!image_is_string(im, r->name) || !image_is_string(im, r->sentence))
		return "has a name or a sentence that is no string";
	if ((r->flags & ~known) != 0 || r->canary_share > IMAGE_SHARE_WHOLE ||
	    (r->directions & ~(IMAGE_DIRECTION_FROM_ESME | IMAGE_DIRECTION_FROM_SMSC)) != 0)
		return "has flags, a share or directions that are unknown";
	if (!is_account_list(c, im, r->accounts, r->n_accounts) ||
	    !is_account_list(c, im, r->canary_accounts, r->n_canary_accounts) ||
	    (r->n_accounts != 0 && (r->flags & IMAGE_RULE_SCOPED) == 0))
		return "has a list of accounts that is none";
	if (!image_all_zero(r->reserved, sizeof(r->reserved)))
		return "has reserved octets that are not 0";
	return code_fault(c, im, r);
}

static int check_rules(const struct image_check *c, const struct image *im)
{
	for (uint32_t i = 0; i < im->n_rules; i++) {
		const char *fault = rule_fault(c, im, &im->rules[i]);
		if (fault != NULL)
			return image_lies(c->error, "rules: row %" PRIu32 " %s", i, fault);
	}
	return im->n_rules == 0 ? 0
	                        : image_check_unique(c, &im->rules[0].id, sizeof(im->rules[0]),
	                                             im->n_rules, "rules");
}

static const char *pattern_fault(const struct image *im, uint32_t i)
{
	const struct image_pattern *p = &im->patterns[i];
	const uint16_t views = IMAGE_VIEW_FOLDED | IMAGE_VIEW_PLAIN | IMAGE_VIEW_LOOSE;

	if (p->rule >= im->n_rules || (i != 0 && p->rule < p[-1].rule))
		return "refers to no rule, or is out of order";
	if (p->group >= im->n_patterns)
		return "has a group that is out of bounds";
	if (p->views == 0 || (p->views & ~views) != 0)
		return "is in no view, or in an unknown one";
	if ((p->views & (IMAGE_VIEW_FOLDED | IMAGE_VIEW_LOOSE)) == IMAGE_VIEW_LOOSE)
		return "is in the view of loose texts without the folded one";
	if ((p->flags & ~(IMAGE_PATTERN_ONE_LINE | IMAGE_PATTERN_EXCERPT)) != 0)
		return "has unknown flags";
	return NULL;
}

static int check_patterns(const struct image_check *c, const struct image *im)
{
	uint16_t views = 0;

	for (uint32_t i = 0; i < im->n_patterns; i++) {
		const char *fault = pattern_fault(im, i);
		if (fault != NULL)
			return image_lies(c->error, "patterns: row %" PRIu32 " %s", i, fault);
		views |= im->patterns[i].views;
	}
	const uint64_t folded =
		c->section[IMAGE_HS_DATABASE].count + c->section[IMAGE_HS_LITERALS].count;

	if ((folded > 0) != ((views & IMAGE_VIEW_FOLDED) != 0) ||
	    (c->section[IMAGE_HS_PLAIN].count > 0) != ((views & IMAGE_VIEW_PLAIN) != 0))
		return image_lies(c->error,
		                  "patterns without a database, or a database without");
	return 0;
}

static bool excerpt_is_right(const struct image *im, uint32_t i)
{
	const struct image_excerpt *e = &im->excerpts[i];
	const struct image_pattern *p = &im->patterns[i];

	if (((p->flags & IMAGE_PATTERN_EXCERPT) != 0) != (e->len != 0))
		return false;
	if (e->len > sizeof(e->octets) || e->end > e->len || (e->end == 0) != (e->len == 0))
		return false;
	if (e->len != 0 && (p->views & IMAGE_VIEW_FOLDED) == 0)
		return false;
	return image_all_zero(e->octets + e->len, sizeof(e->octets) - e->len);
}

static int check_excerpts(const struct image_check *c, const struct image *im)
{
	const uint64_t n = c->section[IMAGE_EXCERPTS].count;

	if (n != 0 && (n != im->n_patterns || c->section[IMAGE_HS_LITERALS].count == 0))
		return image_lies(c->error, "excerpts: not one a pattern, or of no database");
	for (uint32_t i = 0; i < im->n_patterns; i++) {
		if (n == 0 && (im->patterns[i].flags & IMAGE_PATTERN_EXCERPT) != 0)
			return image_lies(c->error,
			                  "patterns: row %" PRIu32 " lacks its excerpt", i);
		if (n != 0 && !excerpt_is_right(im, i))
			return image_lies(c->error, "excerpts: row %" PRIu32 " is wrong", i);
	}
	return 0;
}

int image_check_rules(const struct image_check *c, const struct image *im)
{
	int failed = check_rules(c, im);

	if (failed == 0)
		failed = check_patterns(c, im);
	return failed != 0 ? failed : check_excerpts(c, im);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "joint.h"

#include <hs/hs.h>

bool joint_add(struct joint *j, struct view text, uint32_t owner)
{
	if (j->n == 0)
		j->base = text.data;
	const uint64_t start = (uint64_t)(text.data - j->base);

	bug_if(j->n > 0 && (text.data < j->base || start <= j->texts[j->n - 1].end));
	if (j->n == JOINT_TEXTS_MAX || (j->n > 0 && start + text.len >= JOINT_OCTETS))
		return false;
	j->texts[j->n++] = (struct joint_text){ .start = (uint32_t)start,
		                                .end = (uint32_t)start + text.len,
		                                .owner = owner };
	return true;
}

/* By one database after the other, until on() wants no more. */
static void scan(const struct joint *j, uint32_t start, uint32_t end, match_event_handler on,
                 void *context)
{
	hs_error_t e = HS_SUCCESS;

	for (unsigned i = 0; i < 2 && e == HS_SUCCESS; i++)
		if (j->databases[i] != NULL)
			e = hs_scan(j->databases[i], (const char *)j->base + start, end - start,
			            0, j->scratch, on, context);
	bug_if(e != HS_SUCCESS && e != HS_SCAN_TERMINATED);
}

/* Whether a match that ends at octet to of base is one of the whole pattern, in this text. */
static bool holds(const struct joint *j, const struct joint_text *t, unsigned id, uint64_t to)
{
	return !j->excerpts || image_pattern_holds(j->image, id, j->base + t->start,
	                                           t->end - t->start, to - t->start);
}

struct alone {
	const struct joint *joint;
	const struct joint_text *text;
};

static int on_match_alone(unsigned id, unsigned long long from, unsigned long long to,
                          unsigned flags, void *context)
{
	const struct alone *a = context;
	const struct joint *j = a->joint;

	(void)from, (void)flags;
	/* Nobody could check how many patterns a database holds. */
	return id < j->image->n_patterns && holds(j, a->text, id, a->text->start + to) &&
	       j->found(j->arg, a->text->owner, id);
}

static void scan_alone(const struct joint *j, const struct joint_text *t)
{
	struct alone a = { j, t };

	scan(j, t->start, t->end, on_match_alone, &a);
}

/* Matches come nearly in order of their ends, so the text is the last one or near it. */
static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
                    void *context)
{
	struct joint *j = context;
	uint32_t t = j->hint;

	(void)from, (void)flags;
	while (t + 1 < j->n && to > j->texts[t].end)
		t++;
	while (t > 0 && to <= j->texts[t].start)
		t--;
	j->hint = t;
	if (to <= j->texts[t].start || to > j->texts[t].end || id >= j->image->n_patterns)
		return 0; /* it ends with a separator, or between two texts */
	if (!holds(j, &j->texts[t], id, to))
		return 0;
	if (j->n_hits == JOINT_HITS_MAX) {
		j->full = true;
		return 1;
	}
	if ((j->image->patterns[id].flags & IMAGE_PATTERN_ONE_LINE) == 0)
		j->texts[t].alone = true;
	j->texts[t].n_hits++;
	j->hits[j->n_hits++] = (struct joint_hit){ t, id };
	return 0;
}

/* Where each text's hits begin when they are sorted by text, and sorted[] so. */
static void sort_hits(const struct joint *j, uint32_t sorted[JOINT_HITS_MAX])
{
	uint32_t at[JOINT_TEXTS_MAX], sum = 0;

	for (uint32_t t = 0; t < j->n; t++) {
		at[t] = sum;
		sum += j->texts[t].n_hits;
	}
	for (uint32_t i = 0; i < j->n_hits; i++)
		sorted[at[j->hits[i].text]++] = j->hits[i].pattern;
}

static void tell(struct joint *j)
{
	uint32_t sorted[JOINT_HITS_MAX], at = 0;

	sort_hits(j, sorted);
	for (uint32_t i = 0; i < j->n; i++) {
		const struct joint_text *t = &j->texts[i];
		const uint32_t end = at + t->n_hits;
		if (t->alone) {
			scan_alone(j, t);
			j->rescans++;
		} else
			/* As many as sort_hits() wrote. NOLINTNEXTLINE(*.CallAndMessage) */
			while (at < end && !j->found(j->arg, t->owner, sorted[at]))
				at++;
		at = end;
	}
}

void joint_scan(struct joint *j)
{
	j->hint = j->n_hits = 0;
	j->full = false;
	if (j->n > 1)
		scan(j, 0, j->texts[j->n - 1].end + 1, on_match, j);
	if (j->n > 1 && !j->full) {
		if (j->n_hits > 0)
			tell(j);
	} else {
		for (uint32_t i = 0; i < j->n; i++)
			scan_alone(j, &j->texts[i]);
		j->rescans += j->full ? j->n : 0;
	}
	j->n = 0;
}

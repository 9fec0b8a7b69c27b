/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain_place: where patterns matched.
 *
 * Hyperscan reports where a match ends; where it begins it says only for expressions that
 * are compiled to, which the databases of the data plane are not: so each pattern that hit
 * is compiled once more by itself.
 */
#include <errno.h>
#include <hs/hs.h>
#include <stdlib.h>
#include <string.h>

#include "explain_priv.h"
#include "rule_expression.h"

#define LOOSE_PLACE_MAX 4096u /* octets of a folded text; no place is looked for in more */
#define PLACES_MAX 32u /* of one pattern in one text; more of them explain nothing more */

struct hits {
	uint8_t *has; /* by pattern */
	uint32_t n;
};

static int on_hit(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
                  void *context)
{
	const struct hits *hits = context;

	(void)from, (void)to, (void)flags;
	if (id < hits->n)
		hits->has[id] = 1;
	return 0;
}

struct places {
	uint32_t from[PLACES_MAX], to[PLACES_MAX];
	unsigned n;
	bool begins; /* it is known where they begin */
};

/* From left to right without overlaps: of those that begin together the longest. */
static int on_place(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
                    void *context)
{
	struct places *p = context;
	const unsigned last = p->n == 0 ? 0 : p->n - 1;

	(void)id, (void)flags;
	if (!p->begins)
		from = to;
	if (p->n != 0 && from < p->to[last]) {
		if (from < p->from[last])
			p->from[last] = (uint32_t)from;
		if (to > p->to[last] && p->begins)
			p->to[last] = (uint32_t)to;
		return 0;
	}
	if (p->n == PLACES_MAX)
		return 1;
	p->from[p->n] = (uint32_t)from;
	p->to[p->n++] = (uint32_t)to;
	return 0;
}

/* One expression, that it may say where matches begin; NULL when Hyperscan cannot. */
static hs_database_t *compile(const char *expression, unsigned flags)
{
	hs_database_t *database = NULL;
	hs_compile_error_t *error = NULL;

	if (hs_compile(expression, flags, HS_MODE_BLOCK, NULL, &database, &error) == HS_SUCCESS)
		return database;
	hs_free_compile_error(error);
	return NULL;
}

static int scan(struct hs_database *database, const uint8_t *text, size_t len,
                match_event_handler on, void *context)
{
	struct hs_scratch *scratch = NULL;

	if (hs_alloc_scratch(database, &scratch) != HS_SUCCESS)
		return -ENOMEM;
	const hs_error_t e =
		hs_scan(database, (const char *)text, (unsigned)len, 0, scratch, on, context);
	hs_free_scratch(scratch);
	bug_if(e != HS_SUCCESS && e != HS_SCAN_TERMINATED);
	return 0;
}

/* The first octet of plain after what folded[.. to) stems from (text.h). */
static uint32_t map_end(const struct explain_text *t, uint32_t from, uint32_t to)
{
	for (size_t k = to; k <= t->mapped; k++)
		if (t->map[k] > t->map[to > from ? to - 1 : from])
			return t->map[k];
	return (uint32_t)t->plain_len;
}

/* text_loose(), or what it leaves as it is. */
static size_t read_loosely(const uint8_t *text, size_t len, uint8_t *out)
{
	const size_t n = text_loose(text, len, out, len);

	if (n == 0)
		memcpy(out, text, len);
	return n != 0 ? n : len;
}

static bool begins_character(const uint8_t *text, size_t at)
{
	return (text[at] & 0xC0) != 0x80; /* a NUL is behind the text */
}

/*
 * The shortest piece of the folded text that reads loosely as what was seen and ends where
 * that does: text_loose() has no map, so pieces are tried, a character at a time.
 */
static void place_loosely(struct explain_match *m, const struct explain_text *folded,
                          const struct explain_text *loose)
{
	uint8_t out[LOOSE_PLACE_MAX];
	const size_t seen = m->seen_to - m->seen_from, len = folded->folded_len;
	size_t to, from;

	if (seen == 0 || len > LOOSE_PLACE_MAX)
		return;
	for (to = 1; to < len; to++)
		if (begins_character(folded->folded, to) &&
		    read_loosely(folded->folded, to, out) >= m->seen_to &&
		    memcmp(out, loose->folded, m->seen_to) == 0)
			break;
	for (from = to - 1; from > 0; from--) {
		if (!begins_character(folded->folded, from))
			continue;
		const size_t n = read_loosely(folded->folded + from, to - from, out);
		if (memmem(out, n, loose->folded + m->seen_from, seen) != NULL)
			break;
	}
	if (to > folded->mapped)
		return;
	m->from = folded->map[from];
	m->to = map_end(folded, (uint32_t)from, (uint32_t)to);
}

static void place_in_plain(struct explain_match *m, const struct explanation *out)
{
	const struct explain_text *t = &out->texts[m->text];

	if (m->view == IMAGE_VIEW_LOOSE) {
		place_loosely(m, t - EXPLAIN_LOOSE, t);
	} else if (m->view == IMAGE_VIEW_PLAIN) {
		m->from = m->seen_from;
		m->to = m->seen_to;
	} else if (m->seen_to <= t->mapped && m->seen_to > m->seen_from) {
		m->from = t->map[m->seen_from];
		m->to = map_end(t, m->seen_from, m->seen_to);
	}
}

static int add(struct explanation *out, const struct places *places, struct explain_match what)
{
	struct explain_match *more =
		reallocarray(out->matches, out->n_matches + places->n + 1u, sizeof(*more));

	if (more == NULL)
		return -ENOMEM;
	out->matches = more;
	for (unsigned i = 0; i < places->n; i++) {
		what.seen_from = places->from[i];
		what.seen_to = places->to[i];
		what.from = what.to = 0;
		place_in_plain(&what, out);
		out->matches[out->n_matches++] = what;
	}
	return 0;
}

/* All places of one pattern in one view of one text. */
static int find(struct explanation *out, uint32_t pattern, unsigned text, unsigned view)
{
	const struct rule_pattern *p = &out->set->patterns[pattern];
	const struct explain_text *t = &out->texts[text];
	const bool plain = view == IMAGE_VIEW_PLAIN;
	const unsigned flags = rule_expression_flags(p);
	struct places places = { .begins = true };
	/* A loose text is scanned for what folded ones are. */
	char *expression =
		rule_expression(out->set, p, plain ? IMAGE_VIEW_PLAIN : IMAGE_VIEW_FOLDED);

	if (expression == NULL)
		return -ENOMEM;
	hs_database_t *database = compile(expression, flags | HS_FLAG_SOM_LEFTMOST);
	if (database == NULL) {
		places.begins = false;
		database = compile(expression, flags);
	}
	free(expression);
	bug_if(database == NULL); /* it was compiled before, among others */
	int result = scan(database, plain ? t->plain : t->folded,
	                  plain ? t->plain_len : t->folded_len, on_place, &places);
	hs_free_database(database);
	if (result == 0)
		result = add(out, &places,
		             (struct explain_match){ pattern, text, view, 0, 0, 0, 0 });
	return result;
}

/* Whether it was found where the loose text comes from: it counts once, and was shown. */
static bool was_found(const struct explanation *out, uint32_t pattern, unsigned text)
{
	for (uint32_t i = 0; i < out->n_matches; i++)
		if (out->matches[i].pattern == pattern && out->matches[i].text == text &&
		    out->matches[i].view == IMAGE_VIEW_FOLDED)
			return true;
	return false;
}

static int find_view(struct explanation *out, const struct image *image, unsigned text,
                     unsigned view, struct hits *hits)
{
	const struct explain_text *t = &out->texts[text];
	const bool plain = view == IMAGE_VIEW_PLAIN;
	struct hs_database *const databases[] = { plain ? image->plain : image->database,
		                                  plain ? NULL : image->literals };
	int result = 0;

	if (t->field == NULL)
		return 0;
	memset(hits->has, 0, hits->n);
	for (unsigned i = 0; result == 0 && i < 2; i++)
		if (databases[i] != NULL)
			result = scan(databases[i], plain ? t->plain : t->folded,
			              plain ? t->plain_len : t->folded_len, on_hit, hits);
	for (uint32_t i = 0; result == 0 && i < hits->n; i++)
		if (hits->has[i] != 0 &&
		    (view != IMAGE_VIEW_LOOSE ||
		     ((out->set->patterns[i].views & IMAGE_VIEW_LOOSE) != 0 &&
		      !was_found(out, i, text - EXPLAIN_LOOSE))))
			result = find(out, i, text, view);
	return result;
}

int explain_places(struct explanation *out, const struct explain *e)
{
	const struct image *image = e->tables->image;
	struct hits hits = { .n = image->n_patterns };
	int result = 0;

	if (e->set == NULL)
		return 0;
	bug_if(e->set->n_patterns != image->n_patterns);
	hits.has = calloc(hits.n + (size_t)1, 1);
	if (hits.has == NULL)
		return -ENOMEM;
	for (unsigned text = 0; result == 0 && text < EXPLAIN_LOOSE; text++) {
		result = find_view(out, image, text, IMAGE_VIEW_FOLDED, &hits);
		if (result == 0)
			result = find_view(out, image, text, IMAGE_VIEW_PLAIN, &hits);
		if (result == 0)
			result = find_view(out, image, EXPLAIN_LOOSE + text, IMAGE_VIEW_LOOSE,
			                   &hits);
	}
	free(hits.has);
	return result;
}

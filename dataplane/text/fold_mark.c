/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fold_mark: a character with its combining marks, in normal form C (UAX #15), and
 * accents and other combining marks of no script (U+0300-036F and the blocks that go on with
 * them) that then stand by themselves dropped: strewn over letters they hide a word from a
 * pattern and from nobody else. Marks and vowel signs of other scripts (Hebrew, Thai, Kana) are
 * dropped over Latin letters and Hangul, which have none.
 */
#include "fold_priv.h"

#include "text_priv.h"

/* Marks taken together; UAX #15 section 13 allows 30. Of more, the next ones are another
 * run behind the same character: ordered and composed among themselves. */
#define RUN_MAX 32u
/* One decomposes into four at most, and what is taken back into as many. */
#define RUN_ROOM (RUN_MAX + 24u)
#define TAKE_BACK_MAX 4u

struct run {
	unsigned n;
	struct {
		uint32_t c, from;
		uint8_t ccc;
	} at[RUN_ROOM];
};

/* As fold_gen.py's STREWN. */
static bool strewn(uint32_t c)
{
	return (c >= 0x300 && c < 0x370) || (c >= 0x483 && c < 0x488) ||
	       (c >= 0x1AB0 && c < 0x1B00) || (c >= 0x1DC0 && c < 0x1E00) ||
	       (c >= 0x20D0 && c < 0x2100) || (c >= 0xFE20 && c < 0xFE30);
}

static bool is_mark(const struct fold *f, uint32_t c)
{
	return fold_kind(fold_word(f->table, c)) == FOLD_MARK;
}

static uint8_t class_of(const struct fold *f, uint32_t c)
{
	const uint32_t word = fold_word(f->table, c);

	return fold_kind(word) == FOLD_MARK ? fold_marks[word & 0xFFFF].ccc[0] : 0;
}

static void append(struct run *r, uint32_t c, uint8_t ccc, size_t from)
{
	bug_if(r->n == RUN_ROOM);
	r->at[r->n].c = c;
	r->at[r->n].ccc = ccc;
	r->at[r->n++].from = (uint32_t)from;
}

static const struct fold_pair *find(const struct fold_pair *pairs, uint32_t a, uint32_t b)
{
	const uint64_t key = (uint64_t)a << 32 | b;
	uint32_t low = 0, high = fold_pairs_n;

	while (low < high) {
		const uint32_t middle = (low + high) / 2;
		const uint64_t k = (uint64_t)pairs[middle].a << 32 | pairs[middle].b;
		if (k < key)
			low = middle + 1;
		else
			high = middle;
	}
	return low < fold_pairs_n ? &pairs[low] : NULL;
}

/* Append c canonically decomposed. */
static void append_parts(const struct fold *f, struct run *r, uint32_t c, size_t from)
{
	uint32_t seconds[4];
	unsigned n = 0;

	for (;;) {
		const struct fold_pair *p = find(fold_parts, c, 0);
		if (p == NULL || p->a != c || n == 4)
			break;
		seconds[n++] = p->c;
		c = p->b;
	}
	append(r, c, class_of(f, c), from);
	while (n > 0) {
		n--;
		append(r, seconds[n], class_of(f, seconds[n]), from);
	}
}

/* Take back the last character of out and the marks that are behind it. */
static void take_back(struct fold *f, struct run *r)
{
	uint32_t c[TAKE_BACK_MAX];
	size_t from[TAKE_BACK_MAX];
	unsigned n = 0;

	while (n < TAKE_BACK_MAX && f->n > 0) {
		c[n] = fold_take_back(f, &from[n]);
		if (fold_kind(fold_word(f->table, c[n++])) != FOLD_MARK)
			break;
	}
	while (n > 0) {
		n--;
		append_parts(f, r, c[n], from[n]);
	}
}

static void append_marked(const struct fold *f, struct run *r, uint32_t word)
{
	const uint8_t *at = f->table->pool + (word & 0xFFFF), *end = at + (word >> 16 & 0xFFF);

	while (at < end) {
		size_t octets;
		const uint32_t c = fold_get(at, (size_t)(end - at), &octets);
		append_parts(f, r, c, f->i);
		at += octets;
	}
}

/* The marks at f->i, and what is dropped between them. */
static void take_marks(struct fold *f, struct run *r)
{
	while (f->i < f->len && r->n < RUN_MAX) {
		size_t octets;
		const uint32_t word = fold_word_at(f, f->i, &octets);
		if (fold_kind(word) == FOLD_MARK) {
			const struct fold_mark *m = &fold_marks[word & 0xFFFF];
			append(r, m->c[0], m->ccc[0], f->i);
			if (m->c[1] != 0)
				append(r, m->c[1], m->ccc[1], f->i);
		} else if (word != FOLD_DROPPED) {
			break;
		}
		f->i += octets;
	}
}

/* Canonical ordering: stable, and nothing moves across a class of 0. */
static void order(struct run *r)
{
	for (unsigned i = 1; i < r->n; i++)
		for (unsigned k = i;
		     k > 0 && r->at[k].ccc != 0 && r->at[k - 1].ccc > r->at[k].ccc; k--) {
			const __typeof__(r->at[0]) swap = r->at[k];
			r->at[k] = r->at[k - 1];
			r->at[k - 1] = swap;
		}
}

static void compose(struct run *r)
{
	unsigned n = 0, starter = RUN_ROOM;

	for (unsigned i = 0; i < r->n; i++) {
		const uint8_t last = n > 0 ? r->at[n - 1].ccc : 0;
		const bool near = starter == n - 1 || last < r->at[i].ccc;
		const struct fold_pair *p =
			starter < n && near && (starter == n - 1 || last != 0)
				? find(fold_pairs, r->at[starter].c, r->at[i].c)
				: NULL;
		if (p != NULL && p->a == r->at[starter].c && p->b == r->at[i].c) {
			r->at[starter].c = p->c;
			continue;
		}
		if (r->at[i].ccc == 0)
			starter = n;
		r->at[n++] = r->at[i];
	}
	r->n = n;
}

/* A character that came as several has marks behind any of them. */
static void put_run(struct fold *f, const struct run *r)
{
	bool bare = false;

	for (unsigned i = 0; i < r->n; i++) {
		const bool mark = is_mark(f, r->at[i].c);
		if (i == 0 || !mark)
			bare = fold_is_bare(r->at[i].c);
		if (!strewn(r->at[i].c) && !(bare && i > 0 && mark))
			fold_put(f, fold_instead(f->table, r->at[i].c), r->at[i].from);
	}
}

void fold_marks_at(struct fold *f)
{
	struct run r;
	size_t octets;
	const uint32_t word = fold_word_at(f, f->i, &octets);

	r.n = 0;
	if (fold_kind(word) == FOLD_MARKED) {
		append_marked(f, &r, word);
		f->i += octets;
	} else {
		take_back(f, &r);
	}
	take_marks(f, &r);
	order(&r);
	compose(&r);
	put_run(f, &r);
	f->marked = f->n;
}

void fold_sign_at(struct fold *f)
{
	size_t octets, from;

	(void)fold_word_at(f, f->i, &octets);
	const size_t n = f->n;
	const bool strewn = n > 0 && fold_is_bare(fold_take_back(f, &from));
	f->n = n;
	if (strewn)
		f->i += octets;
	else
		fold_copy(f, octets);
}

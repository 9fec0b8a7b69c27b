/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain_wire: which octets of a PDU the characters of a decoded text come from.
 *
 * The decoders keep no map, so a text is read once more a character at a time, each through
 * the decoder itself, and has to come to the same text: where it does not, nothing is said.
 * Octets are numbered as units; of packed septets a unit is a septet, which lies in one octet
 * or two. A part is read as concat.c reads it, with the parts that this explain was given
 * before.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "explain_priv.h"
#include "udh.h"

#define ROOM 8u      /* octets of a character, with one before it */
#define SPLIT_MAX 3u /* as in concat.c */
#define PARTS_MAX 255u
#define HEARD_MAX 1024u /* texts of parts that are kept */

/* A text of one PDU, by units. */
struct explain_heard {
	struct explain_heard *next;
	uint64_t key[2]; /* the message that it is a part of */
	uint32_t part;   /* 0: of none */
	enum text_coding coding;
	bool packed; /* its octets look like packed septets, and were not announced so */
	struct text_language language;
	size_t len;
	uint8_t *octets; /* of each unit */
	struct explain_unit *units;
};

static void heard_free(struct explain_heard *h)
{
	if (h == NULL)
		return;
	free(h->octets);
	free(h->units);
	free(h);
}

void explain_heard_free(struct explain_heard *first)
{
	while (first != NULL) {
		struct explain_heard *next = first->next;
		heard_free(first);
		first = next;
	}
}

/* The newest first: of a part that is sent again that one is found. */
static void keep(struct explain *e, struct explain_heard *h)
{
	unsigned n = 1;

	h->next = e->heard;
	e->heard = h;
	while (h != NULL && n++ < HEARD_MAX)
		h = h->next;
	if (h != NULL) {
		explain_heard_free(h->next);
		h->next = NULL;
	}
}

/* Packed septets by themselves, each with the octets that its bits are in. */
static void unpack(struct explain_heard *h, struct view packed, size_t udh_octets, uint32_t at)
{
	const size_t fill = (7 - udh_octets * 8 % 7) % 7;

	h->coding = TEXT_GSM7;
	h->len = text_unpack(packed.data, packed.len, udh_octets, h->octets, 2 * packed.len);
	for (size_t k = 0; k < h->len; k++) {
		const size_t bit = fill + 7 * k;
		h->units[k] =
			(struct explain_unit){ at + (uint32_t)(bit / 8),
			                       at + (uint32_t)((bit + 6) / 8) + 1, h->part };
	}
}

/* The text of a message as it is in its PDU. NULL: no memory. */
static struct explain_heard *hear(const struct screen_message *m, const struct smpp_text *text,
                                  enum text_coding coding, const uint8_t *pdu)
{
	const size_t udh_octets = text->udh.data != NULL ? text->udh.len + 1 : 0;
	struct explain_heard *h = calloc(1, sizeof(*h));
	const uint32_t at = (uint32_t)(text->octets.data - pdu);
	struct smpp_udh udh;

	if (h == NULL)
		return NULL;
	smpp_udh_read(&udh, text->udh);
	h->coding = coding;
	h->language = (struct text_language){ udh.locking_shift, udh.single_shift };
	h->part = m->concat.total >= 2 ? m->concat.part : 0;
	h->key[0] = m->concat_key[0];
	h->key[1] = m->concat_key[1];
	h->len = text->octets.len;
	h->packed = text_other_coding(coding, text->octets.data, h->len, udh_octets) ==
	            TEXT_GSM7_PACKED;
	h->octets = calloc(2 * h->len + 1, 1);
	h->units = calloc(2 * h->len + 1, sizeof(*h->units));
	if (h->octets == NULL || h->units == NULL) {
		heard_free(h);
		return NULL;
	}
	memcpy(h->octets, text->octets.data, h->len);
	for (uint32_t i = 0; i < h->len; i++)
		h->units[i] = (struct explain_unit){ at + i, at + i + 1, h->part };
	if (coding == TEXT_GSM7_PACKED)
		unpack(h, text->octets, udh_octets, at);
	return h;
}

/* Units to be read as a piece of a text: in[0] is the unit of this number. */
struct walk {
	enum text_coding coding;
	struct text_language language;
	const uint8_t *in;
	size_t len;
	uint32_t number;
	const uint8_t *plain;
	size_t plain_len;
	struct explain_origin *origins; /* of plain */
	bool more;                      /* behind a line end there may be another reading */
};

/* Whether what was read ends at plain[at]. What other readings of the same octets come from,
 * behind a line end, is not followed (screen/reading.c, concat.c). */
static bool ends_at(const uint8_t *plain, size_t len, size_t at, bool more)
{
	return at == len || (more && at < len && plain[at] == '\n');
}

static bool is_wide(enum text_coding coding)
{
	return coding == TEXT_UCS2 || coding == TEXT_UCS2_LE;
}

/* Whether n units are one character that begins at plain[at]; its octets, or 0. */
static size_t reads_as(const struct walk *w, size_t i, size_t n, size_t at)
{
	/* Behind an x a BOM is a character. */
	const size_t before = is_wide(w->coding) ? 2 : 0;
	uint8_t in[ROOM] = { w->coding == TEXT_UCS2_LE ? 'x' : 0,
		             w->coding == TEXT_UCS2_LE ? 0 : 'x' };
	uint8_t out[ROOM * (TEXT_GROWTH + 1)];

	if (n > w->len - i)
		return 0;
	memcpy(in + before, w->in + i, n);
	const int64_t got =
		text_decode_in(&w->language, w->coding, in, before + n, 0, out, sizeof(out));
	const size_t x = before / 2;
	if (got <= (int64_t)x || (size_t)got - x > w->plain_len - at ||
	    memcmp(out + x, w->plain + at, (size_t)got - x) != 0)
		return 0;
	return (size_t)got - x;
}

/* Units of the character at in[i] that plain goes on with at *at, which it is moved behind;
 * of what was left out, a BOM, an ESC, a stray octet, one. */
static size_t step(const struct walk *w, size_t i, size_t *at)
{
	const size_t unit = is_wide(w->coding) ? 2 : 1;

	for (size_t n = unit; n <= 4; n += unit) {
		const size_t octets = reads_as(w, i, n, *at);
		for (size_t k = 0; k < octets; k++)
			w->origins[*at + k] =
				(struct explain_origin){ w->number + (uint32_t)i,
				                         w->number + (uint32_t)(i + n) };
		*at += octets;
		if (octets != 0)
			return n;
	}
	return unit < w->len - i ? unit : w->len - i;
}

/* Whether the units come to the text; where they do its origins are set. */
static bool walk(const struct walk *w)
{
	size_t at = 0;

	for (size_t i = 0; i < w->len;)
		i += step(w, i, &at);
	return ends_at(w->plain, w->plain_len, at, w->more);
}

static bool has_bom(const uint8_t *in, size_t len, uint8_t first, uint8_t second)
{
	return len >= 2 && in[0] == first && in[1] == second;
}

/* As the decoder may have read the whole of it: text.h says when. */
static bool walk_any(struct walk *w)
{
	const enum text_coding coding = w->coding;
	const bool septets = coding == TEXT_GSM7 || coding == TEXT_BINARY;
	bool high = coding == TEXT_BINARY;

	for (size_t i = 0; i < w->len; i++)
		high |= w->in[i] >= 0x80;
	if (septets && high)
		w->coding = text_utf8_valid(w->in, w->len) ? TEXT_UTF8 : TEXT_LATIN1;
	else if (coding == TEXT_UCS2 && has_bom(w->in, w->len, 0xFF, 0xFE))
		w->coding = TEXT_UCS2_LE;
	else if (coding == TEXT_UCS2_LE && has_bom(w->in, w->len, 0xFE, 0xFF))
		w->coding = TEXT_UCS2;
	if (walk(w))
		return true;
	const bool again = w->coding != coding;
	w->coding = coding;
	if (again && walk(w))
		return true;
	w->coding = TEXT_LATIN1;
	return walk(w);
}

/* The parts that were heard of a message, in order; the part itself is one of them. */
struct parts_heard {
	const struct explain_heard *parts[PARTS_MAX];
	unsigned n;
};

static void list_parts(struct parts_heard *list, const struct explain_heard *first,
                       const struct explain_heard *of)
{
	list->n = 0;
	for (uint32_t part = of->part == 0 ? 0 : 1; part <= PARTS_MAX; part++)
		for (const struct explain_heard *h = first; h != NULL; h = h->next)
			if (h->part == part && memcmp(h->key, of->key, sizeof(h->key)) == 0 &&
			    list->n < PARTS_MAX) {
				list->parts[list->n++] = h;
				break;
			}
}

static bool goes_on(const struct explain_heard *a, const struct explain_heard *b)
{
	return b->part == a->part + 1 && b->coding == a->coding &&
	       b->language.lock == a->language.lock && b->language.shift == a->language.shift;
}

/* Parts that go on from one to the next, as octets. */
struct run {
	const struct explain_heard *first;
	bool before, behind; /* there are parts that a character may lie in */
	bool again;          /* in a second coding */
	uint8_t *octets;
	size_t len;
	uint32_t number; /* of its first unit */
};

/* Read with a octets left out before and b behind: octets of the text at t->plain + at, -1:
 * not so. */
static int64_t read_cut(const struct run *r, size_t a, size_t b, struct explain_text *t,
                        size_t at)
{
	const size_t len = r->len - a - b, cap = (TEXT_GROWTH + 1) * (len + 1);
	const enum text_coding first = r->first->coding;
	const enum text_coding other =
		r->again ? text_other_coding(first, r->octets + a, len, 0) : TEXT_UNKNOWN;
	const enum text_coding coding = other != TEXT_UNKNOWN ? other : first;
	const struct text_language none = { 0 };
	uint8_t *out = malloc(cap);
	struct walk w = { .coding = coding,
		          .language = r->again ? none : r->first->language,
		          .in = r->octets + a,
		          .len = len,
		          .number = r->number + (uint32_t)a,
		          .plain = t->plain + at,
		          .origins = t->origins + at };
	int64_t n = -1;

	if (out != NULL && r->again)
		n = text_decode_mended(coding, r->octets + a, len, 0, out, cap);
	else if (out != NULL)
		n = text_decode_in(&w.language, coding, r->octets + a, len, 0, out, cap);
	const bool same = n >= 0 && (size_t)n <= t->plain_len - at &&
	                  memcmp(out, t->plain + at, (size_t)n) == 0;
	free(out);
	if (same && r->again && at == 0 && ends_at(t->plain, t->plain_len, (size_t)n, true))
		t->coding = coding;
	w.plain_len = same ? (size_t)n : 0;
	return same && walk_any(&w) ? n : -1;
}

static int64_t read_run(const struct run *r, struct explain_text *t, size_t at)
{
	for (size_t cut = 0; cut <= 2 * SPLIT_MAX && cut <= r->len; cut++)
		for (size_t a = 0; a <= cut && a <= SPLIT_MAX; a++) {
			if (cut - a > SPLIT_MAX || (a != 0 && !r->before) ||
			    (cut != a && !r->behind))
				continue;
			const int64_t n = read_cut(r, a, cut - a, t, at);
			if (n >= 0)
				return n;
		}
	return -1;
}

/* Parts one behind the other, with a space where one is missing. False: that is not the
 * text. */
static bool read_parts(const struct parts_heard *list, unsigned total, uint8_t *octets,
                       struct explain_text *t)
{
	uint32_t number = 0;
	size_t at = 0;

	for (unsigned i = 0, end; i < list->n; i = end) {
		struct run r = { list->parts[i], list->parts[i]->part > 1,
			         false,          t->again,
			         octets,         0,
			         number };

		end = i;
		do {
			const struct explain_heard *h = list->parts[end++];
			memcpy(octets + r.len, h->octets, h->len);
			memcpy(t->units + number, h->units, h->len * sizeof(*h->units));
			r.len += h->len;
			number += (uint32_t)h->len;
		} while (end < list->n && goes_on(list->parts[end - 1], list->parts[end]));
		r.behind = list->parts[end - 1]->part < total;
		if (at != 0 && at < t->plain_len &&
		    r.first->part != list->parts[i - 1]->part + 1)
			at++;
		const int64_t n = read_run(&r, t, at);
		if (n < 0)
			return false;
		at += (size_t)n;
	}
	return ends_at(t->plain, t->plain_len, at, t->again);
}

/* One text, in the coding that it was read in. */
static bool read_one(const struct explain_heard *h, struct explain_text *t)
{
	/* A second coding is read without tables of a language. */
	struct walk w = { t->coding == TEXT_GSM7_PACKED ? TEXT_GSM7 : t->coding,
		          t->again ? (struct text_language){ 0 } : h->language,
		          h->octets,
		          h->len,
		          0,
		          t->plain,
		          t->plain_len,
		          t->origins,
		          t->again };

	memcpy(t->units, h->units, h->len * sizeof(*h->units));
	return walk_any(&w);
}

/* In a second coding only the parts that go on from one to the next around it are read, all as
 * packed septets when one looks so (concat.c), where no octet is followed. */
static void crop(struct parts_heard *list, const struct explain_heard *own,
                 struct explain_text *t)
{
	unsigned first = 0, end = 0;

	while (list->parts[end] != own)
		end++;
	for (first = end++; first > 0 && goes_on(list->parts[first - 1], list->parts[first]);)
		first--;
	while (end < list->n && goes_on(list->parts[end - 1], list->parts[end]))
		end++;
	for (unsigned i = first; i < end; i++)
		if (list->parts[i]->packed)
			t->coding = TEXT_GSM7_PACKED;
	list->n = end - first;
	memmove(list->parts, list->parts + first, list->n * sizeof(list->parts[0]));
}

static bool read_any(const struct explain *e, const struct explain_heard *h, unsigned total,
                     uint8_t *octets, struct explain_text *t)
{
	struct parts_heard list = { { h }, 1 };

	if (h->part == 0)
		return read_one(h, t);
	list_parts(&list, e->heard, h);
	if (t->again)
		crop(&list, h, t);
	if (read_parts(&list, total, octets, t))
		return true;
	/* Those before may be of a message that was whole, or have expired. */
	list = (struct parts_heard){ { h }, 1 };
	return read_parts(&list, total, octets, t);
}

int explain_wire(struct explain *e, struct explain_text *t, const struct screen_message *m,
                 const struct smpp_text *text, enum text_coding coding, const uint8_t *pdu)
{
	const bool alone = t->again && m->concat.total < 2;
	struct explain_heard *h = hear(m, text, alone ? t->coding : coding, pdu);
	size_t units = 1;

	if (h == NULL)
		return -ENOMEM;
	keep(e, h);
	for (const struct explain_heard *of = h; of != NULL; of = of->next)
		units += of->len;
	uint8_t *octets = malloc(units);
	t->units = calloc(units, sizeof(*t->units));
	t->origins = calloc(t->plain_len + 1, sizeof(*t->origins));
	const bool enough = octets != NULL && t->units != NULL && t->origins != NULL;
	if (enough && !read_any(e, h, m->concat.total, octets, t))
		memset(t->origins, 0, t->plain_len * sizeof(*t->origins));
	free(octets);
	if (h->part == 0) {
		e->heard = h->next;
		heard_free(h);
	}
	return enough ? 0 : -ENOMEM;
}

unsigned explain_octets(const struct explain_text *t, uint32_t from, uint32_t to,
                        struct explain_unit *out, unsigned max)
{
	unsigned n = 0;
	uint32_t last = 0;

	for (uint32_t k = from; k < to && t->origins != NULL; k++)
		for (uint32_t i = t->origins[k].from > last ? t->origins[k].from : last;
		     i < t->origins[k].to; i++) {
			const struct explain_unit *u = &t->units[i];
			last = i + 1;
			if (n != 0 && out[n - 1].part == u->part) {
				out[n - 1].to = u->to > out[n - 1].to ? u->to : out[n - 1].to;
				continue;
			}
			if (n == max)
				return n;
			out[n++] = *u;
		}
	return n;
}

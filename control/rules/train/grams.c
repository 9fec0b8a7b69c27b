/* SPDX-License-Identifier: Apache-2.0 */
#include "grams.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

#define NONE UINT32_MAX
#define ANY_DIGIT UINT32_C(0x110000) /* beyond the last code point */

/* A piece of the level at work. */
struct piece {
	uint64_t key;
	uint32_t n, n_spam, n_clean; /* n_clean: not of others */
	uint32_t last;               /* message that was counted last */
	uint32_t sample, start;      /* the first occurrence */
	uint32_t number;             /* among the frequent ones, or NONE */
	uint64_t at;                 /* where its next posting goes; NONE64 = not recorded */
	bool has_digit;
};

struct miner {
	const struct corpus *corpus;
	const struct gram_limits *limits;
	struct grams *out;
	uint32_t n_places;     /* characters in all messages, one more for each message */
	uint32_t *place_octet; /* octets into the message's text; of the last: its length */
	uint32_t *number;      /* by place: of the piece of this level that begins there */
	bool *has_digit;       /* by number, of the level before */
	uint32_t *found;       /* by place: index of the piece found */
	struct piece *pieces;
	uint32_t n_pieces;
	uint32_t *slots;
	uint32_t n_slots;  /* a power of two, at least twice the places */
	uint32_t capacity; /* of grams */
	bool digits;
};

static uint64_t mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
	return x ^ (x >> 31);
}

/* Characters of valid UTF-8 begin where an octet is no continuation. */
static bool begins(char octet) { return ((uint8_t)octet & 0xC0) != 0x80; }

static uint32_t octets_of(uint8_t lead)
{
	return lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

/* Level 0: the character itself, the digits one character when they are taken so. */
static uint32_t character(const struct miner *m, const char *at)
{
	const uint8_t lead = (uint8_t)at[0];
	uint32_t c = lead < 0x80 ? lead : lead & (0xFFu >> (octets_of(lead) + 1));

	for (uint32_t i = 1; i < octets_of(lead); i++)
		c = c << 6 | ((uint8_t)at[i] & 0x3F);
	if (c < ' ' || c == 0x7F)
		return NONE;
	return m->digits && c >= '0' && c <= '9' ? ANY_DIGIT : c;
}

static int lay_out(struct miner *m)
{
	uint64_t places = 0;

	for (uint32_t i = 0; i < m->corpus->n; i++)
		places += m->corpus->samples[i].len + 1;
	if (places > UINT32_MAX / 4)
		return -E2BIG;
	places++; /* so that nothing is of size 0 */
	for (m->n_slots = 1024; m->n_slots < 2 * places;)
		m->n_slots *= 2;
	m->place_octet = malloc(places * sizeof(*m->place_octet));
	m->number = malloc(places * sizeof(*m->number));
	m->found = malloc(places * sizeof(*m->found));
	m->has_digit = malloc(places * sizeof(*m->has_digit));
	m->pieces = calloc(places, sizeof(*m->pieces));
	m->slots = malloc(m->n_slots * sizeof(*m->slots));
	if (m->place_octet == NULL || m->number == NULL || m->found == NULL ||
	    m->has_digit == NULL || m->pieces == NULL || m->slots == NULL)
		return -ENOMEM;
	return 0;
}

static void fill_places(struct miner *m)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < m->corpus->n; i++) {
		const struct sample *s = &m->corpus->samples[i];

		for (uint32_t at = 0; at < s->len; at++) {
			if (!begins(s->text[at]))
				continue;
			m->place_octet[n] = at;
			m->number[n++] = character(m, s->text + at);
		}
		m->place_octet[n] = s->len;
		m->number[n++] = NONE;
	}
	m->n_places = n;
}

/* The piece with this key, made when it is new. */
static struct piece *piece_of(struct miner *m, uint64_t key)
{
	for (uint64_t i = mix(key);; i++) {
		uint32_t *slot = &m->slots[i & (m->n_slots - 1)];

		if (*slot == 0) {
			*slot = ++m->n_pieces;
			m->pieces[*slot - 1] = (struct piece){ .key = key, .last = NONE };
			return &m->pieces[*slot - 1];
		}
		if (m->pieces[*slot - 1].key == key)
			return &m->pieces[*slot - 1];
	}
}

/* The key of the piece that begins at a place, from the numbers of the level before. */
static bool key_at(const struct miner *m, uint32_t place, uint32_t level, uint64_t *key)
{
	const uint32_t left = m->number[place];
	const uint32_t right = level == 1 ? 0 : m->number[place + 1];

	*key = (uint64_t)left << 32 | right;
	return left != NONE && right != NONE;
}

static bool digit_in(const struct miner *m, uint32_t level, uint64_t key)
{
	if (level == 1)
		return key >> 32 == ANY_DIGIT;
	return m->has_digit[key >> 32] || m->has_digit[key & UINT32_MAX];
}

static void count(struct miner *m, uint32_t level)
{
	uint32_t sample = 0;

	memset(m->slots, 0, m->n_slots * sizeof(*m->slots));
	m->n_pieces = 0;
	for (uint32_t place = 0; place < m->n_places; place++) {
		const struct sample *s = &m->corpus->samples[sample];
		uint64_t key;

		m->found[place] = NONE;
		if (m->place_octet[place] == s->len) {
			sample++;
			continue;
		}
		if (!key_at(m, place, level, &key))
			continue;
		struct piece *piece = piece_of(m, key);
		m->found[place] = (uint32_t)(piece - m->pieces);
		if (piece->last == sample)
			continue;
		if (piece->last == NONE) {
			piece->sample = sample;
			piece->start = m->place_octet[place];
			piece->has_digit = digit_in(m, level, key);
		}
		piece->last = sample;
		piece->n++;
		piece->n_spam += s->spam;
		piece->n_clean += !s->spam && !s->others;
	}
}

/* Octets of a piece of so many characters. */
static uint32_t piece_octets(const struct miner *m, const struct piece *piece, uint32_t chars)
{
	const char *text = m->corpus->samples[piece->sample].text + piece->start;
	uint32_t octets = 0;

	for (uint32_t i = 0; i < chars; i++)
		octets += octets_of((uint8_t)text[octets]);
	return octets;
}

/* A literal is folded when its rule is read: one that folding would change, out of its
 * place in the message, would look for something else. */
static bool folds_to_itself(const struct miner *m, const struct piece *piece, uint32_t octets)
{
	const char *text = m->corpus->samples[piece->sample].text + piece->start;
	uint8_t folded[GRAM_CHARS * 4 * TEXT_FOLD_GROWTH];
	const size_t n = corpus_fold(m->corpus, text, octets, folded, sizeof(folded));

	return n == octets && memcmp(text, folded, n) == 0;
}

static bool wanted(const struct miner *m, const struct piece *piece, uint32_t octets)
{
	const struct gram_limits *limits = m->limits;

	return piece->n >= limits->min_messages && octets >= limits->min_octets &&
	       (piece->n_spam >= limits->min_spam || piece->n_clean >= limits->min_clean) &&
	       piece->has_digit == m->digits && folds_to_itself(m, piece, octets);
}

static int record(struct miner *m, struct piece *piece, uint32_t chars, uint32_t octets)
{
	struct grams *out = m->out;

	if (out->n == m->capacity) {
		const uint32_t more = m->capacity ? m->capacity * 2 : 4096;
		struct gram *grams = realloc(out->grams, more * sizeof(*grams));

		if (grams == NULL)
			return -ENOMEM;
		out->grams = grams;
		m->capacity = more;
	}
	if (out->n_postings + piece->n > GRAM_POSTINGS_MAX)
		return -E2BIG;
	piece->at = out->n_postings;
	out->grams[out->n++] = (struct gram){
		.first = out->n_postings,
		.n = piece->n,
		.n_spam = piece->n_spam,
		.sample = piece->sample,
		.start = piece->start,
		.octets = (uint8_t)octets,
		.chars = (uint8_t)chars,
		.digits = m->digits,
	};
	out->n_postings += piece->n;
	return 0;
}

/* Number the frequent ones, give those wanted a gram. The number of frequent ones. */
static int keep(struct miner *m, uint32_t chars, uint32_t *n_frequent)
{
	int result = 0;

	*n_frequent = 0;
	for (uint32_t i = 0; i < m->n_pieces && result == 0; i++) {
		struct piece *piece = &m->pieces[i];
		const bool frequent = piece->n >= m->limits->min_messages;
		const uint32_t octets = frequent ? piece_octets(m, piece, chars) : 0;

		piece->at = UINT64_MAX;
		piece->last = NONE;
		piece->number = frequent ? *n_frequent : NONE;
		if (frequent)
			m->has_digit[(*n_frequent)++] = piece->has_digit;
		if (wanted(m, piece, octets))
			result = record(m, piece, chars, octets);
	}
	return result;
}

/* Numbers for the next level, and the postings of the pieces that have grams. */
static int post(struct miner *m)
{
	uint32_t *postings =
		realloc(m->out->postings, (m->out->n_postings + 1) * sizeof(*postings));
	uint32_t sample = 0;

	if (postings == NULL)
		return -ENOMEM;
	m->out->postings = postings;
	for (uint32_t place = 0; place < m->n_places; place++) {
		const bool last = m->place_octet[place] == m->corpus->samples[sample].len;
		struct piece *piece =
			m->found[place] == NONE ? NULL : &m->pieces[m->found[place]];

		m->number[place] = piece ? piece->number : NONE;
		if (piece != NULL && piece->at != UINT64_MAX && piece->last != sample) {
			piece->last = sample;
			postings[piece->at++] = sample;
		}
		sample += last;
	}
	return 0;
}

static int mine_all(struct miner *m)
{
	uint32_t n_frequent = 1;
	int result = 0;

	fill_places(m);
	for (uint32_t level = 1; level <= m->limits->max_chars && n_frequent > 0 && result == 0;
	     level++) {
		count(m, level);
		result = keep(m, level, &n_frequent);
		if (result == 0)
			result = post(m);
	}
	return result;
}

int grams_mine(struct grams *out, const struct corpus *corpus, const struct gram_limits *limits)
{
	struct miner m = { .corpus = corpus, .limits = limits, .out = out };

	*out = (struct grams){ 0 };
	int result = lay_out(&m);
	if (result == 0)
		result = mine_all(&m);
	m.digits = true;
	if (result == 0 && !limits->literals_only)
		result = mine_all(&m);
	free(m.place_octet);
	free(m.number);
	free(m.found);
	free(m.has_digit);
	free(m.pieces);
	free(m.slots);
	if (result != 0)
		grams_free(out);
	return result;
}

void grams_free(struct grams *grams)
{
	free(grams->grams);
	free(grams->postings);
	*grams = (struct grams){ 0 };
}

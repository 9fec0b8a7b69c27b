/* SPDX-License-Identifier: Apache-2.0 */
#include "corpus.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* Words near each other: syllables come from few, so that prefixes are shared. */
#define SYLLABLES 300u
#define LATIN_WORDS 4000u
#define MATCH_ONE_IN 22u /* with chance matches, about one text in twenty */

uint64_t rng_next(struct rng *r)
{
	uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

uint32_t rng_below(struct rng *r, uint32_t bound)
{
	return (uint32_t)(((rng_next(r) >> 32) * bound) >> 32);
}

/* Append, never beyond size; how long it is now. */
__attribute__((format(printf, 4, 5))) static size_t put(char *out, size_t size, size_t at,
                                                        const char *format, ...)
{
	__builtin_va_list list;

	if (at >= size)
		return at;
	__builtin_va_start(list, format);
	const int n = vsnprintf(out + at, size - at, format, list);
	__builtin_va_end(list);
	return at + (n > 0 ? (size_t)n : 0);
}

static size_t put_hangul(char *out, size_t size, size_t at, struct rng *r, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		const uint32_t c = 0xAC00 + rng_below(r, SYLLABLES) * 37u;
		at = put(out, size, at, "%c%c%c", (int)(0xE0 | c >> 12),
		         (int)(0x80 | (c >> 6 & 63)), (int)(0x80 | (c & 63)));
	}
	return at;
}

static size_t put_latin(char *out, size_t size, size_t at, struct rng *r)
{
	static const char *const vowels[] = { "a", "e", "i", "o", "u", "ai", "ee", "ou" };
	static const char consonants[] = "bcdfghjklmnprstvwz";
	struct rng word = { rng_below(r, LATIN_WORDS) * UINT64_C(7919) };
	const unsigned n = 2 + rng_below(&word, 3);

	for (unsigned i = 0; i < n; i++)
		at = put(out, size, at, "%c%s",
		         consonants[rng_below(&word, sizeof(consonants) - 1)],
		         vowels[rng_below(&word, 8)]);
	return at;
}

/* A pattern, and in sample a text that it matches. */
static void make_pattern(char *pattern, char *sample, struct rng *r)
{
	const size_t p = CORPUS_PATTERN_MAX, s = CORPUS_TEXT_MAX;
	const uint32_t kind = rng_below(r, 100);
	char word[64], other[64];

	if (kind < 45) {
		put_hangul(word, sizeof(word), 0, r, 3 + rng_below(r, 3));
		put(pattern, p, 0, "%s", word);
		put(sample, s, 0, "%s", word);
	} else if (kind < 70) {
		size_t n = put_latin(word, sizeof(word), 0, r);
		put_latin(word, sizeof(word), put(word, sizeof(word), n, " "), r);
		put(pattern, p, 0, "%s", word);
		put(sample, s, 0, "%s", word);
	} else if (kind < 80) {
		put_latin(word, sizeof(word), 0, r);
		const uint32_t n = rng_below(r, 1000);
		put(pattern, p, 0, "%s%u\\.(com|net|kr)/[a-z0-9]{2,6}", word, n);
		put(sample, s, 0, "%s%u.net/ab1", word, n);
	} else if (kind < 90) {
		const uint32_t n = 1000 + rng_below(r, 9000);
		put(pattern, p, 0, "01[016789]-?%u-?[0-9]{4}", n);
		put(sample, s, 0, "010-%u-1234", n);
	} else if (kind < 95) {
		put_hangul(word, sizeof(word), 0, r, 1);
		put_hangul(other, sizeof(other), 0, r, 1);
		const uint32_t n = rng_below(r, 100);
		put(pattern, p, 0, "%s[^a-z0-9]{1,3}%s%u", word, other, n);
		put(sample, s, 0, "%s*%s%u", word, other, n);
	} else {
		put_hangul(word, sizeof(word), 0, r, 2);
		put_hangul(other, sizeof(other), 0, r, 2);
		put(pattern, p, 0, "%s(%s|[0-9]+x)", word, other);
		put(sample, s, 0, "%s%s", word, other);
	}
}

static size_t put_word(char *out, size_t size, size_t at, struct rng *r, uint32_t hangul_of_100)
{
	const uint32_t kind = rng_below(r, 100);

	if (kind < 8)
		return put(out, size, at, "%u ", 1000 + rng_below(r, 900000));
	at = rng_below(r, 100) < hangul_of_100
	             ? put_hangul(out, size, at, r, 2 + rng_below(r, 3))
	             : put_latin(out, size, at, r);
	return put(out, size, at, kind < 20 ? ", " : " ");
}

static void make_text(char *text, uint8_t *korean, const char *sample, struct rng *r)
{
	const uint32_t kind = rng_below(r, 100);
	const uint32_t hangul = kind < 60 ? 90 : kind < 85 ? 50 : 0;
	const size_t target = 20 + rng_below(r, 70) + rng_below(r, 70);
	const bool match = rng_below(r, MATCH_ONE_IN) == 0;
	size_t at = 0;

	*korean = hangul != 0;
	while (at < target / 2)
		at = put_word(text, CORPUS_TEXT_MAX, at, r, hangul);
	if (match) {
		at = put(text, CORPUS_TEXT_MAX, at, "%s ", sample);
		for (const char *p = sample; *p != '\0'; p++)
			*korean |= (uint8_t)*p >= 0x80;
	}
	while (at < target)
		at = put_word(text, CORPUS_TEXT_MAX, at, r, hangul);
}

int corpus_open(struct corpus *out, uint64_t seed, unsigned n_patterns, unsigned n_texts)
{
	struct rng r = { seed };
	char(*samples)[CORPUS_TEXT_MAX] = calloc(n_patterns, sizeof(*samples));

	*out = (struct corpus){
		.n_patterns = n_patterns,
		.n_texts = n_texts,
		.patterns = calloc(n_patterns, sizeof(*out->patterns)),
		.texts = calloc(n_texts, sizeof(*out->texts)),
		.korean = calloc(n_texts, 1),
	};
	if (samples == NULL || out->patterns == NULL || out->texts == NULL ||
	    out->korean == NULL) {
		free(samples);
		corpus_close(out);
		return -ENOMEM;
	}
	for (unsigned i = 0; i < n_patterns; i++)
		make_pattern(out->patterns[i], samples[i], &r);
	for (unsigned i = 0; i < n_texts; i++)
		make_text(out->texts[i], &out->korean[i], samples[rng_below(&r, n_patterns)],
		          &r);
	free(samples);
	return 0;
}

void corpus_close(struct corpus *corpus)
{
	free(corpus->patterns);
	free(corpus->texts);
	free(corpus->korean);
	*corpus = (struct corpus){ 0 };
}

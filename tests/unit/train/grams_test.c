/* SPDX-License-Identifier: Apache-2.0 */
/* Mining against a naive twin: every piece of every message, looked for in all of them. */
#include "grams.h"

#include <stdlib.h>
#include <string.h>

#include "cmocka_first.h"
#include "solver.h"

#define ROUNDS 30
#define MESSAGES 25u

/* Few letters, so that pieces are shared; some of two and three octets, digits, blanks. */
static void fill(struct corpus *corpus, uint64_t *random)
{
	static const char *const letters[] = { "a", "b", "é", "가", "7", "3", " ", "\n" };
	uint32_t row;

	for (uint32_t i = 0; i < MESSAGES; i++) {
		char text[200] = "ham\t";

		if (random_next(random) % 2)
			strcpy(text, "spam\t");
		for (uint64_t n = 1 + random_next(random) % 30; n > 0; n--)
			strcat(text, letters[random_next(random) % 8]);
		for (char *c = text; *c != '\0'; c++)
			if (*c == '\n')
				*c = '\x0b'; /* a control character that is no row's end */
		assert_int_equal(corpus_add(corpus, "a", text, strlen(text), &row), 0);
	}
}

static bool digit(char c) { return c >= '0' && c <= '9'; }

static bool same(const char *a, const char *b, uint32_t n, bool digits)
{
	for (uint32_t i = 0; i < n; i++)
		if (a[i] != b[i] && !(digits && digit(a[i]) && digit(b[i])))
			return false;
	return true;
}

static bool has(const struct sample *s, const char *piece, uint32_t octets, bool digits)
{
	for (uint32_t at = 0; at + octets <= s->len; at++)
		if (same(s->text + at, piece, octets, digits))
			return true;
	return false;
}

static uint32_t count(const struct corpus *c, const char *piece, uint32_t octets, bool digits,
                      uint32_t *spam)
{
	uint32_t n = 0;

	*spam = 0;
	for (uint32_t i = 0; i < c->n; i++) {
		const bool hit = has(&c->samples[i], piece, octets, digits);

		n += hit;
		*spam += hit && c->samples[i].spam;
	}
	return n;
}

/* What is mined is so: counts and postings. */
static void check_found(const struct corpus *c, const struct grams *g,
                        const struct gram_limits *limits)
{
	for (uint32_t i = 0; i < g->n; i++) {
		const struct gram *gram = &g->grams[i];
		const char *piece = c->samples[gram->sample].text + gram->start;
		uint32_t spam, n = count(c, piece, gram->octets, gram->digits, &spam), at = 0;

		assert_int_equal(gram->n, n);
		assert_int_equal(gram->n_spam, spam);
		assert_true(n >= limits->min_messages && gram->octets >= limits->min_octets &&
		            gram->chars <= limits->max_chars);
		assert_true(spam >= limits->min_spam || n - spam >= limits->min_clean);
		assert_null(memchr(piece, '\x0b', gram->octets));
		for (uint32_t k = 0; k < c->n; k++)
			if (has(&c->samples[k], piece, gram->octets, gram->digits))
				assert_int_equal(g->postings[gram->first + at++], k);
		for (uint32_t k = 0; k < i; k++)
			assert_false(
				g->grams[k].octets == gram->octets &&
				g->grams[k].digits == gram->digits &&
				same(c->samples[g->grams[k].sample].text + g->grams[k].start,
			             piece, gram->octets, gram->digits));
	}
}

static bool is_mined(const struct corpus *c, const struct grams *g, const char *piece,
                     uint32_t octets, bool digits)
{
	for (uint32_t k = 0; k < g->n; k++)
		if (g->grams[k].octets == octets && g->grams[k].digits == digits &&
		    same(c->samples[g->grams[k].sample].text + g->grams[k].start, piece, octets,
		         digits))
			return true;
	return false;
}

/* What should be mined is: every run of whole characters in bounds. */
static void check_complete(const struct corpus *c, const struct grams *g,
                           const struct gram_limits *limits)
{
	for (uint32_t i = 0; i < c->n; i++) {
		const struct sample *s = &c->samples[i];

		for (uint32_t from = 0; from < s->len; from++) {
			uint32_t chars = 0;
			bool digits = false;

			if ((s->text[from] & 0xC0) == 0x80)
				continue;
			for (uint32_t to = from; to < s->len && (uint8_t)s->text[to] >= ' ';
			     to++) {
				digits |= digit(s->text[to]);
				chars += (s->text[to] & 0xC0) != 0x80;
				if (chars > limits->max_chars)
					break;
				if (to + 1 < s->len && (s->text[to + 1] & 0xC0) == 0x80)
					continue;
				const uint32_t octets = to + 1 - from;
				for (int any = 0; any <= digits; any++) {
					uint32_t spam, n = count(c, s->text + from, octets, any,
					                         &spam);
					const bool due = n >= limits->min_messages &&
					                 octets >= limits->min_octets &&
					                 (spam >= limits->min_spam ||
					                  n - spam >= limits->min_clean);
					assert_int_equal(
						is_mined(c, g, s->text + from, octets, any),
						due);
				}
			}
		}
	}
}

static void mining_equals_looking(void **state)
{
	uint64_t random = 1;

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		const struct gram_limits limits = {
			.max_chars = 1 + (uint32_t)(random_next(&random) % GRAM_CHARS),
			.min_octets = 1 + (uint32_t)(random_next(&random) % 3),
			.min_messages = 2,
			.min_spam = 2,
			.min_clean = 3,
		};
		struct corpus c = { 0 };
		struct grams g;

		fill(&c, &random);
		assert_int_equal(grams_mine(&g, &c, &limits), 0);
		check_found(&c, &g, &limits);
		check_complete(&c, &g, &limits);
		grams_free(&g);
		corpus_free(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mining_equals_looking),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Texts that are known again: the store by itself, and verdicts with it against without. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "cache.h"
#include "text.h"
#include "world.h"
#include "worth.h"

static struct cache_key key(const char *text, uint64_t serial, uint8_t coding, uint64_t hash)
{
	return (struct cache_key){ .serial = serial,
		                   .hash = hash,
		                   .octets = (const uint8_t *)text,
		                   .len = (uint16_t)strlen(text),
		                   .coding = coding };
}

static struct cache *new_cache(uint32_t entries)
{
	struct cache *c = NULL;

	assert_int_equal(cache_open(&c, entries), 0);
	return c;
}

static const struct cache_entry *find(struct cache *c, const struct cache_key *k)
{
	const struct cache_entry *e = NULL;

	cache_find(c, k, 1, &e);
	return e;
}

/* Said twice, as it takes. */
static bool keep(struct cache *c, const struct cache_key *k, uint16_t hit)
{
	(void)cache_again(c, k);
	return cache_again(c, k) && cache_keep(c, k, &hit, 1, 7);
}

static void sizes(void **state)
{
	struct cache *c = NULL;

	(void)state;
	assert_int_equal(cache_open(&c, 0), -EINVAL);
	assert_int_equal(cache_open(&c, CACHE_ENTRIES_MAX + 1), -EINVAL);
	cache_close(NULL);
}

static void kept_when_it_comes_again(void **state)
{
	struct cache *c = new_cache(64);
	const struct cache_key k = key("text", 1, 0, UINT64_C(77) << 32);
	const uint16_t hits[2] = { 5, 9 };

	(void)state;
	assert_null(find(c, &k));
	assert_false(cache_again(c, &k));
	assert_null(find(c, &k));
	assert_true(cache_again(c, &k));
	assert_false(cache_keep(c, &k, hits, 2, 9));
	assert_false(cache_again(c, &k)); /* it is there */
	const struct cache_entry *e = find(c, &k);
	assert_non_null(e);
	assert_int_equal(e->n_hits, 2);
	assert_true(e->fingerprint == 9);
	assert_memory_equal(cache_hits(e), hits, sizeof(hits));
	cache_close(c);
}

/* The longest texts and most finds, and the odd lengths below: neither overwrites the other. */
static void longest(void **state)
{
	struct cache *c = new_cache(64);
	char text[CACHE_TEXT_MAX + 1] = { 0 };
	uint16_t hits[CACHE_HITS_MAX];

	(void)state;
	for (unsigned i = 0; i < CACHE_HITS_MAX; i++)
		hits[i] = (uint16_t)(UINT16_MAX - i);
	memset(text, 'x', CACHE_TEXT_MAX);
	for (unsigned cut = 0; cut < 4; cut++) {
		text[CACHE_TEXT_MAX - cut] = 0;
		const struct cache_key k = key(text, 1, 0, (uint64_t)(cut + 1) << 32);
		(void)cache_again(c, &k);
		assert_true(cache_again(c, &k));
		assert_false(cache_keep(c, &k, hits, CACHE_HITS_MAX - cut, 7));
		const struct cache_entry *e = find(c, &k);
		assert_non_null(e);
		assert_int_equal(e->n_hits, CACHE_HITS_MAX - cut);
		assert_memory_equal(cache_hits(e), hits, e->n_hits * sizeof(hits[0]));
	}
	cache_close(c);
}

/* All with one hash, as if somebody had found out how: only what is equal is found. */
static void collisions(void **state)
{
	struct cache *c = new_cache(8);
	const struct cache_key keys[] = { key("onex", 1, 0, 4), key("two", 1, 0, 4),
		                          key("one", 1, 0, 4), key("one", 2, 0, 4),
		                          key("one", 1, 8, 4) };
	enum { N = sizeof(keys) / sizeof(keys[0]) };

	(void)state;
	for (uint32_t i = 0; i < N; i++) {
		for (uint32_t k = 0; k < N; k++) {
			const struct cache_entry *e = find(c, &keys[k]);
			assert_true((e != NULL) == (k < i));
			if (e != NULL)
				assert_int_equal(cache_hits(e)[0], k);
		}
		(void)keep(c, &keys[i], (uint16_t)i);
	}
	cache_close(c);
}

/* Full: others give way and are counted, what is found again and again stays. */
static void full(void **state)
{
	struct cache *c = new_cache(CACHE_WAYS);
	const struct cache_key loved = key("loved", 1, 0, UINT64_C(1) << 32);
	const struct cache_key before = key("before", 1, 0, UINT64_C(200) << 32);
	unsigned replaced = 0;

	(void)state;
	(void)keep(c, &before, 200); /* so that it is not the first of its set */
	(void)keep(c, &loved, 1000);
	for (uint32_t i = 2; i < 200; i++) {
		char text[16];
		snprintf(text, sizeof(text), "text %u", i);
		const struct cache_key k = key(text, 1, 0, (uint64_t)i << 32);
		replaced += keep(c, &k, (uint16_t)i);
		if (i % 16 == 0) /* what is never looked for goes first */
			assert_int_equal(cache_hits(find(c, &k))[0], i);
		assert_non_null(find(c, &loved));
		assert_int_equal(cache_hits(find(c, &loved))[0], 1000);
	}
	assert_int_equal(replaced, 200 - CACHE_WAYS);
	cache_close(c);
}

/* Of nothing but new texts one call in CACHE_NAP looks; when texts repeat all do. */
static void naps(void **state)
{
	struct cache *c = new_cache(64);
	unsigned looked = 0;

	(void)state;
	assert_true(cache_awake(c));
	cache_learn(c, WORTH_WINDOW - 1, 0);
	assert_true(cache_awake(c)); /* too few to tell */
	cache_learn(c, 1, 0);
	for (unsigned i = 0; i < 10 * CACHE_NAP; i++)
		looked += cache_awake(c);
	assert_int_equal(looked, 10);
	cache_learn(c, WORTH_WINDOW, WORTH_WINDOW / CACHE_WORTH);
	for (unsigned i = 0; i < 10; i++)
		assert_true(cache_awake(c));
	cache_close(c);
}

#define WORDS 10u
static const char *const words[WORDS] = { "alpha", "bravo", "charlie", "delta", "echo",
	                                  "golf",  "hotel", "india",   "kilo",  "lima" };

/* A world of accounts that differ, and rules that differ by seed: of all actions, scored,
 * until a second. */
static void make_world(struct world *w, unsigned seed)
{
	struct image_build_account a = {
		.system_id = "alpha", .id = 1, .state = IMAGE_CERTIFIED, .alphabet = TEXT_GSM7
	};
	struct image_build_account b = { .system_id = "bravo",
		                         .id = 2,
		                         .state = IMAGE_CERTIFIED,
		                         .mode = IMAGE_OBSERVE,
		                         .alphabet = TEXT_LATIN1 };

	world_begin(w);
	w->policy.refuse_score = 3000;
	w->policy.flag_score = 1000;
	world_account(w, &a);
	world_account(w, &b);
	world_sender(w, "01012345678", 1);
	world_sender(w, "01087654321", 2);
	for (uint32_t i = 0; i < WORDS; i++) {
		static const unsigned actions[] = { 0, IMAGE_REFUSE, IMAGE_FLAG, IMAGE_DISCARD,
			                            IMAGE_RULE_OBSERVE };
		struct image_build_rule rule = {
			.row = { .id = 100 + i + seed,
			         .action = actions[i % 5],
			         .flags = i % 4 == 3 ? IMAGE_RULE_SHADOW : 0,
			         .weight = i % 5 == 0 || i % 2 == 0 ? 1500 : 0,
			         .valid_until = i % 3 == 0 ? WORLD_NOW + 50 : 0 }
		};
		(void)world_rule_with(w, &rule, words[(i + seed) % WORDS]);
	}
	world_ready(w);
}

/* Short texts of few words, so that most come again; now and then what is never kept. */
static void add_random(struct world *w, char text[64])
{
	static const char *const senders[] = { "01012345678", "01087654321", "0105550000" };
	struct submit s = { .source = senders[random() % 3], .text = text };

	text[0] = '\0';
	for (long n = 1 + random() % 2; n > 0; n--)
		strcat(strcat(text, words[random() % WORDS]),
		       random() % 20 == 0 ? "\xe9" : " ");
	strcat(text, "said at noon by all"); /* so that it has a fingerprint */
	if (random() % 10 == 0)
		s.data_coding = random() % 2 == 0 ? 3 : 8;
	if (random() % 20 == 0) {
		s.payload = text;
		s.payload_len = strlen(text);
	}
	if (random() % 10 == 0) {
		s.tag = SMPP_TAG_CALLBACK_NUM_ATAG;
		s.value = random() % 2 == 0 ? "\0bravo" : "\0delta";
		s.value_len = 6;
	}
	(void)world_add(w, random() % 2 == 0 ? "alpha" : "bravo", &s);
}

static void equal(const struct screen_message *a, const struct screen_message *b)
{
	assert_int_equal(a->reason, b->reason);
	assert_int_equal(a->refuse, b->refuse);
	assert_int_equal(a->discard, b->discard);
	assert_int_equal(a->flagged, b->flagged);
	assert_int_equal(a->rule, b->rule);
	assert_int_equal(a->score, b->score);
	assert_true(a->fingerprint == b->fingerprint);
	assert_int_equal(a->command_status, b->command_status);
	assert_int_equal(a->n_matched, b->n_matched);
	assert_int_equal(a->n_rules, b->n_rules);
	assert_memory_equal(a->rules, b->rules, a->n_rules * sizeof(a->rules[0]));
}

static int by_number(const void *a, const void *b)
{
	return (*(const uint32_t *)a > *(const uint32_t *)b) -
	       (*(const uint32_t *)a < *(const uint32_t *)b);
}

/* The rules that are counted, in whatever order. */
static void equal_matched(uint32_t *a, uint32_t *b, unsigned n)
{
	qsort(a, n, sizeof(*a), by_number);
	qsort(b, n, sizeof(*b), by_number);
	assert_memory_equal(a, b, n * sizeof(*a));
}

/* What the audit record would keep. */
static void equal_plain(const struct screen_message *m, const struct view kept[2])
{
	for (unsigned which = 0; which < 2; which++) {
		assert_int_equal(m->plain[which].len, kept[which].len);
		if (kept[which].len != 0)
			assert_memory_equal(m->plain[which].data, kept[which].data,
			                    kept[which].len);
	}
}

/* The same vector without the cache and with it. */
static void screen_twice(struct world *w, struct cache *c)
{
	static struct screen_message without[SCREEN_VECTOR_MAX];
	static uint8_t octets[SCREEN_VECTOR_MAX][2][SCREEN_PLAIN_MAX];
	static uint32_t matched[SCREEN_VECTOR_MAX][SCREEN_MATCHED_MAX];
	struct screen_vector *v = w->vector;

	w->context.cache = NULL;
	world_screen(w);
	memcpy(without, v->messages, v->n * sizeof(without[0]));
	memcpy(octets, v->kept, sizeof(octets));
	memcpy(matched, v->matched, sizeof(matched));
	w->context.cache = c;
	world_screen(w);
	for (unsigned i = 0; i < v->n; i++) {
		struct view kept[2];
		equal(&v->messages[i], &without[i]);
		equal_matched(v->matched[i], matched[i], without[i].n_matched);
		for (unsigned which = 0; which < 2; which++)
			kept[which] =
				(struct view){ octets[i][which], without[i].plain[which].len };
		equal_plain(&v->messages[i], kept);
	}
}

/* Two tables that differ share a small cache in turn, times go by, rules end. */
static void verdicts_are_the_same(void **state)
{
	static struct world worlds[2];
	struct cache *c = new_cache(64);
	static char texts[SCREEN_VECTOR_MAX][64];
	uint64_t hits = 0, replaced = 0;

	(void)state;
	srandom(20261124);
	make_world(&worlds[0], 0);
	make_world(&worlds[1], 3);
	for (unsigned round = 0; round < 300; round++) {
		struct world *w = &worlds[random() % 2];
		w->context.seconds = WORLD_NOW + round / 3;
		for (unsigned i = 0; i < 40; i++)
			add_random(w, texts[i]);
		screen_twice(w, c);
		hits += w->context.cache_hits;
		replaced += w->context.cache_replaced;
		w->context.cache_hits = w->context.cache_replaced = 0;
		world_clear(w);
	}
	assert_true(hits > 1000); /* of 12,000 messages */
	assert_true(replaced > 10);
	world_end(&worlds[0]);
	world_end(&worlds[1]);
	cache_close(c);
}

/* A sanction makes new tables, which say the same of texts: those stay known, and the sanction
 * holds for them as for all. */
static void deltas_forget_nothing(void **state)
{
	static struct world w;
	struct cache *c = new_cache(64);
	const struct submit s = { .source = "01012345678", .text = "juliet" };

	(void)state;
	make_world(&w, 0);
	w.context.cache = c;
	for (unsigned round = 0; round < 5; round++) {
		if (round == 3)
			world_delta(&w, LINK_SUSPEND, NULL, "01087654321");
		if (round == 4)
			world_delta(&w, LINK_SUSPEND, NULL, "01012345678");
		const struct screen_message *m = world_add(&w, "alpha", &s);
		world_screen(&w);
		assert_int_equal(m->reason, round < 4 ? REASON_PASS : REASON_SENDER_SUSPENDED);
		world_clear(&w);
	}
	/* The first time and the second it is new; the last time the sender decides. */
	assert_int_equal(w.context.cache_hits, 2);
	world_end(&w);
	cache_close(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),
		cmocka_unit_test(kept_when_it_comes_again),
		cmocka_unit_test(longest),
		cmocka_unit_test(collisions),
		cmocka_unit_test(full),
		cmocka_unit_test(naps),
		cmocka_unit_test(verdicts_are_the_same),
		cmocka_unit_test(deltas_forget_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

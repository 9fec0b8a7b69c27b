/* SPDX-License-Identifier: Apache-2.0 */
/* Senders that are known again: the table by itself, and verdicts with it against without. */
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

#include "known_senders.h"
#include "text.h"
#include "world.h"
#include "worth.h"

static struct known_senders *new_table(uint32_t n)
{
	struct known_senders *k = NULL;

	assert_int_equal(known_senders_open(&k, n), 0);
	known_senders_era(k, 1, WORLD_NOW);
	return k;
}

static struct known_sender key_of(const struct known_senders *k, const void *octets, size_t len,
                                  uint32_t row)
{
	const struct view address = { octets, (uint32_t)len };
	struct known_sender key;

	known_senders_seek(k, &address, &row, 1, &key);
	return key;
}

/* What was said of it, or KNOWN_SENDER_NOT. */
static uint8_t said_of(struct known_senders *k, const char *address, uint32_t row)
{
	const struct known_sender key = key_of(k, address, strlen(address), row);
	uint8_t said = 0;
	const unsigned found = known_senders_find(k, &key, 1, &said);

	assert_int_equal(found, said != KNOWN_SENDER_NOT);
	return said;
}

static bool say(struct known_senders *k, const char *address, uint32_t row, enum reason said)
{
	const struct known_sender key = key_of(k, address, strlen(address), row);

	return known_senders_keep(k, &key, said);
}

static void sizes(void **state)
{
	struct known_senders *k = NULL;

	(void)state;
	assert_int_equal(known_senders_open(&k, 0), -EINVAL);
	assert_int_equal(known_senders_open(&k, KNOWN_SENDERS_MAX + 1), -EINVAL);
	known_senders_close(NULL);
}

static void known_as_it_was_sent(void **state)
{
	struct known_senders *k = new_table(64);

	(void)state;
	assert_int_equal(said_of(k, "01012345678", 1), KNOWN_SENDER_NOT);
	(void)say(k, "01012345678", 1, REASON_PASS);
	(void)say(k, "BANK", 1, REASON_SENDER_BLOCKED);
	assert_int_equal(said_of(k, "01012345678", 1), REASON_PASS);
	assert_int_equal(said_of(k, "BANK", 1), REASON_SENDER_BLOCKED);
	assert_int_equal(said_of(k, "01012345678", 2), KNOWN_SENDER_NOT); /* who sends */
	assert_int_equal(said_of(k, "01012345679", 1), KNOWN_SENDER_NOT);
	assert_int_equal(said_of(k, "0101234567", 1), KNOWN_SENDER_NOT);
	/* Never known: no address, and one that is too long. */
	assert_false(say(k, "", 1, REASON_PASS));
	assert_int_equal(said_of(k, "", 1), KNOWN_SENDER_NOT);
	assert_false(say(k, "0101234567890123", 1, REASON_PASS));
	assert_int_equal(said_of(k, "0101234567890123", 1), KNOWN_SENDER_NOT);
	(void)say(k, "010123456789012", 1, REASON_PASS);
	assert_int_equal(said_of(k, "010123456789012", 1), REASON_PASS);
	known_senders_close(k);
}

/* Two addresses have one key only if their octets are the same: few octets, zeros among them,
 * so that lengths and both ends are mistaken where they can be. */
static void keys_are_whole(void **state)
{
	struct known_senders *k = new_table(64);

	(void)state;
	srandom(20261130);
	for (unsigned round = 0; round < 300000; round++) {
		uint8_t a[16], b[16]; /* as large as they are: ASan sees what is read */
		const size_t n = (size_t)(1 + random() % KNOWN_SENDER_MAX);
		const size_t m =
			random() % 4 == 0 ? (size_t)(1 + random() % KNOWN_SENDER_MAX) : n;
		for (unsigned i = 0; i < sizeof(a); i++)
			a[i] = b[i] = (uint8_t)(random() % 2);
		for (long left = random() % 3; left > 0; left--)
			b[(size_t)random() % m] ^= 1;
		const struct known_sender x = key_of(k, a + 16 - n, n, 1),
					  y = key_of(k, b + 16 - m, m, 1);
		assert_int_equal(x.first == y.first && x.last == y.last,
		                 n == m && memcmp(a + 16 - n, b + 16 - m, n) == 0);
		assert_true(x.last != 0);
	}
	known_senders_close(k);
}

/* Nothing outlives its snapshot nor its second, whether those are new or come again. */
static void eras_end(void **state)
{
	struct known_senders *k = new_table(64);

	(void)state;
	(void)say(k, "01012345678", 1, REASON_PASS);
	known_senders_era(k, 1, WORLD_NOW);
	assert_int_equal(said_of(k, "01012345678", 1), REASON_PASS);
	known_senders_era(k, 2, WORLD_NOW);
	assert_int_equal(said_of(k, "01012345678", 1), KNOWN_SENDER_NOT);
	known_senders_era(k, 1, WORLD_NOW);
	assert_int_equal(said_of(k, "01012345678", 1), KNOWN_SENDER_NOT);
	(void)say(k, "01012345678", 1, REASON_PASS);
	known_senders_era(k, 1, WORLD_NOW + 1);
	assert_int_equal(said_of(k, "01012345678", 1), KNOWN_SENDER_NOT);
	/* More of them than there are numbers for. */
	(void)say(k, "01012345678", 1, REASON_PASS);
	for (uint32_t i = 2; i < 140000; i++) {
		known_senders_era(k, 1, WORLD_NOW + i);
		assert_int_equal(said_of(k, "01012345678", 1), KNOWN_SENDER_NOT);
	}
	known_senders_close(k);
}

/* Full: others give way and are counted, what is found again and again stays. */
static void full(void **state)
{
	struct known_senders *k = new_table(2);
	unsigned replaced = 0;

	(void)state;
	(void)say(k, "01000000000", 1, REASON_SENDER_EXPIRED);
	for (unsigned i = 1; i < 200; i++) {
		char address[16];
		snprintf(address, sizeof(address), "010%08u", i);
		assert_int_equal(said_of(k, "01000000000", 1), REASON_SENDER_EXPIRED);
		replaced += say(k, address, 1, REASON_PASS);
		assert_false(say(k, address, 1, REASON_PASS)); /* it is there */
	}
	assert_int_equal(replaced, 200 - 2);
	known_senders_era(k, 2, WORLD_NOW);
	assert_false(say(k, "01087654321", 1, REASON_PASS)); /* in place of what is over */
	known_senders_close(k);
}

/* Fills a table thrice with numbers in a row; how many of them it knows then. */
static unsigned filled_thrice(uint32_t size)
{
	struct known_senders *k = new_table(size);
	unsigned replaced = 0, known = 0;
	char address[16];

	for (unsigned i = 0; i < 3 * size; i++) {
		snprintf(address, sizeof(address), "010%08u", i);
		replaced += say(k, address, 1, REASON_PASS);
	}
	for (unsigned i = 0; i < 3 * size; i++) {
		snprintf(address, sizeof(address), "010%08u", i);
		known += said_of(k, address, 1) == REASON_PASS;
	}
	assert_int_equal(known, 3 * size - replaced);
	known_senders_close(k);
	return known;
}

/* As many as were asked for, and no more, whatever comes and whatever the secret is: with
 * places drawn by lot 58 of 64 was the least in 20,000 tables. */
static void holds_its_bound(void **state)
{
	const unsigned sizes[] = { 2, 64, 4096 }, secrets[] = { 1, 1000, 10 };

	(void)state;
	for (unsigned s = 0; s < 3; s++) {
		for (unsigned i = 0; i < secrets[s]; i++) {
			const unsigned known = filled_thrice(sizes[s]);
			assert_true(known <= sizes[s] && known > sizes[s] * 3 / 4);
		}
	}
}

/* Where no sender comes again one call in KNOWN_SENDERS_NAP looks; when they do all. */
static void naps(void **state)
{
	struct known_senders *k = new_table(64);
	unsigned looked = 0;

	(void)state;
	assert_true(known_senders_awake(k));
	known_senders_learn(k, WORTH_WINDOW, WORTH_WINDOW / KNOWN_SENDERS_WORTH - 1);
	for (unsigned i = 0; i < 10 * KNOWN_SENDERS_NAP; i++)
		looked += known_senders_awake(k);
	assert_int_equal(looked, 10);
	known_senders_learn(k, WORTH_WINDOW, WORTH_WINDOW / KNOWN_SENDERS_WORTH);
	for (unsigned i = 0; i < 10; i++)
		assert_true(known_senders_awake(k));
	known_senders_close(k);
}

#define NUMBERS 24u

static const char *number(unsigned i)
{
	static char text[16];

	/* Some in two forms, so that one record is known under several. */
	snprintf(text, sizeof(text), i % 3 == 0 ? "8210555500%02u" : "010555500%02u", i / 2);
	return text;
}

static const struct image_build_account accounts[] = {
	{ .system_id = "alpha", .id = 1, .state = IMAGE_CERTIFIED, .alphabet = TEXT_GSM7 },
	{ .system_id = "bravo", .id = 2, .state = IMAGE_CERTIFIED, .alphabet = TEXT_GSM7 },
	{ .system_id = "state",
	  .id = 3,
	  .state = IMAGE_CERTIFIED,
	  .alphabet = TEXT_GSM7,
	  .flags = IMAGE_ACCOUNT_ANY_SENDER },
	{ .system_id = "shown",
	  .id = 4,
	  .state = IMAGE_CERTIFIED,
	  .alphabet = TEXT_GSM7,
	  .sender_tlv = SMPP_TAG_CALLBACK_NUM },
};

/* Senders of two accounts and of nobody; some begin, end or are blocked within the test. */
static void scenery(struct world *w)
{
	world_begin(w);
	for (unsigned i = 0; i < 4; i++)
		world_account(w, &accounts[i]);
	for (uint32_t i = 0; i < NUMBERS / 2; i++)
		world_sender_with(w, number(2 * i), i % 5 == 4 ? 0 : 1 + i % 2,
		                  (struct image_build_sender){
					  .state = i % 5 == 4 ? IMAGE_BLOCKED : IMAGE_CERTIFIED,
					  .valid_from = i % 4 == 1 ? WORLD_NOW + 7 : 0,
					  .valid_until = i % 4 == 2 ? WORLD_NOW + 12 : 0,
					  .blocked_until = i % 7 == 3 ? WORLD_NOW + 9 : 0 });
	world_numbers(w, "010-5555-0000", "010-5555-0006", IMAGE_NUMBER_ASSIGNED);
	world_numbers(w, "010-5555-0007", "010-5555-0008", IMAGE_NUMBER_UNASSIGNED);
	world_ready(w);
}

static void random_message(struct world *w)
{
	const char *from = accounts[random() % 4].system_id;
	const struct submit s = { .source = number((unsigned)random() % NUMBERS),
		                  .text = "at noon" };

	(void)world_add(w, from, &s);
}

static void random_delta(struct world *w)
{
	static const enum link_delta_op ops[] = { LINK_SUSPEND, LINK_LIFT, LINK_BLOCK,
		                                  LINK_UNBLOCK };

	world_delta(w, ops[random() % 4], NULL, number((unsigned)random() % NUMBERS));
}

/* The vector without the table and with it, message by message. */
static void screen_twice(struct world *w, struct known_senders *k)
{
	enum reason without[SCREEN_VECTOR_MAX];

	w->context.known_senders = NULL;
	world_screen(w);
	for (unsigned i = 0; i < w->vector->n; i++)
		without[i] = w->vector->messages[i].reason;
	w->context.known_senders = k;
	world_screen(w);
	for (unsigned i = 0; i < w->vector->n; i++)
		assert_int_equal(w->vector->messages[i].reason, without[i]);
}

/* Two worlds share one small table in turn, deltas come between vectors, and time goes by. */
static void verdicts_are_the_same(void **state)
{
	static struct world worlds[2];
	struct known_senders *k = new_table(64);

	(void)state;
	srandom(20261130);
	scenery(&worlds[0]);
	scenery(&worlds[1]);
	for (unsigned round = 0; round < 2000; round++) {
		struct world *w = &worlds[round / 50 % 2];
		w->context.seconds = WORLD_NOW + round / 100;
		if (random() % 8 == 0)
			random_delta(w);
		for (unsigned i = 0; i < 40; i++)
			random_message(w);
		screen_twice(w, k);
		world_clear(w);
	}
	uint64_t hits = 0, replaced = 0;
	for (unsigned i = 0; i < 2; i++) {
		hits += worlds[i].context.sender_hits;
		replaced += worlds[i].context.sender_replaced;
		world_end(&worlds[i]);
	}
	assert_true(hits > 10000); /* of 80,000 messages */
	assert_true(replaced > 1000);
	known_senders_close(k);
}

/* What an operator says holds for the next message, of a sender that is known as of others. */
static void deltas_hold_at_once(void **state)
{
	static struct world w;
	struct known_senders *k = new_table(64);
	const struct submit s = { .source = "01055550000", .text = "at noon" };
	const struct {
		enum link_delta_op op;
		enum reason reason;
	} steps[] = { { LINK_SUSPEND, REASON_SENDER_SUSPENDED },
		      { LINK_LIFT, REASON_PASS },
		      { LINK_BLOCK, REASON_SENDER_BLOCKED },
		      { LINK_UNBLOCK, REASON_PASS } };

	(void)state;
	scenery(&w);
	w.context.known_senders = k;
	for (unsigned i = 0; i < 4; i++) {
		world_delta(&w, steps[i].op, NULL, s.source);
		for (unsigned round = 0; round < 3; round++) {
			const struct screen_message *m = world_add(&w, "alpha", &s);
			world_screen(&w);
			assert_int_equal(m->reason, steps[i].reason);
			world_clear(&w);
		}
		assert_int_equal(w.context.sender_hits, 2 * (i + 1));
		assert_int_equal(w.context.sender_misses, i + 1);
	}
	world_end(&w);
	known_senders_close(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),
		cmocka_unit_test(known_as_it_was_sent),
		cmocka_unit_test(keys_are_whole),
		cmocka_unit_test(eras_end),
		cmocka_unit_test(full),
		cmocka_unit_test(holds_its_bound),
		cmocka_unit_test(naps),
		cmocka_unit_test(verdicts_are_the_same),
		cmocka_unit_test(deltas_hold_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

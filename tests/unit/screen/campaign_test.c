/* SPDX-License-Identifier: Apache-2.0 */
/* Campaigns in the stages: what is near is acted upon, known or new, and recorded. */
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
#include "parts.h"
#include "text.h"
#include "world.h"

#define OFFER "Cheap credit for everybody, up to 5,000 tonight: bit.ly/a1"
#define AGAIN "CHEAP CREDIT for everybody -- up to 70,000 tonight: http://x.kr/9?q=3"
#define OTHER "The parcel that you wait for comes between nine and ten."

static struct screen_message *say(struct world *w, const char *system_id, const char *text)
{
	world_clear(w);
	struct screen_message *m = world_add(
		w, system_id, &(struct submit){ .text = text, .source = "01012345678" });
	world_screen(w);
	return m;
}

static void begin(struct world *w, enum image_action action)
{
	world_begin(w);
	for (unsigned i = 0; i < 2; i++)
		world_account(w, &(struct image_build_account){
					 .system_id = i == 0 ? "acme" : "watched",
					 .id = 7 + i,
					 .state = IMAGE_CERTIFIED,
					 .mode = i == 0 ? IMAGE_ENFORCE : IMAGE_OBSERVE,
					 .flags = IMAGE_ACCOUNT_ANY_SENDER,
					 .alphabet = TEXT_GSM7 });
	world_rule(w, 100, IMAGE_FLAG, "credit", 0);
	world_rule(w, 101, IMAGE_RULE_OBSERVE, "parcel", 0);
	if (action != 0) {
		world_campaign(w, OFFER, action, 3);
		world_campaign(w, OTHER, action, 3);
	}
	world_ready(w);
}

static void each_action(void **state)
{
	static const struct {
		enum image_action action;
		bool refuse, discard, flagged;
		enum reason offer, other;
	} cases[] = {
		{ 0, false, false, true, REASON_PASS, REASON_CONTENT_RULE },
		{ IMAGE_REFUSE, true, false, false, REASON_CAMPAIGN, REASON_CAMPAIGN },
		{ IMAGE_DISCARD, true, true, false, REASON_CAMPAIGN, REASON_CAMPAIGN },
		{ IMAGE_FLAG, false, false, true, REASON_PASS, REASON_CONTENT_RULE },
		{ IMAGE_RULE_OBSERVE, false, false, true, REASON_PASS, REASON_CONTENT_RULE },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world w;
		begin(&w, cases[i].action);
		const struct screen_message *m = say(&w, "acme", AGAIN);
		assert_int_equal(m->reason, cases[i].offer);
		assert_int_equal(m->refuse, cases[i].refuse);
		assert_int_equal(m->discard, cases[i].discard);
		assert_int_equal(m->flagged, cases[i].flagged);
		assert_true(m->fingerprint == world_fingerprint(OFFER));
		assert_int_equal(w.context.campaign_matches, cases[i].action != 0);
		if (cases[i].refuse && !cases[i].discard)
			assert_int_equal(m->command_status,
			                 reason_row(REASON_CAMPAIGN)->command_status);
		m = say(&w, "acme", OTHER);
		assert_int_equal(m->reason, cases[i].other);
		assert_int_equal(m->refuse, cases[i].refuse);
		assert_int_equal(m->flagged, cases[i].action == IMAGE_FLAG);
		/* Observed: never refused, the reason stays. */
		m = say(&w, "watched", OTHER);
		assert_false(m->refuse);
		assert_int_equal(m->reason, cases[i].other);
		world_end(&w);
	}
}

static struct link_delta delta_of(const struct world *w, enum link_delta_op op,
                                  const char *text)
{
	struct link_delta d = { .op = (uint8_t)op,
		                .kind = LINK_CAMPAIGN,
		                .generation = tables_generation(w->tables) + 1,
		                .key.octets = { LINK_CAMPAIGN_KEY },
		                .action = op == LINK_ADD ? IMAGE_REFUSE : 0 };
	const uint64_t f = world_fingerprint(text);

	for (unsigned k = 0; k < 8; k++)
		d.key.octets[8 + k] = (uint8_t)(f >> 8 * k);
	return d;
}

#define LOAN "무직자도 당일 대출 한도 조회 바로 상담 가능합니다"
#define LOAN_CP949 \
	"\xB9\xAB\xC1\xF7\xC0\xDA\xB5\xB5 \xB4\xE7\xC0\xCF \xB4\xEB\xC3\xE2 " \
	"\xC7\xD1\xB5\xB5 \xC1\xB6\xC8\xB8 \xB9\xD9\xB7\xCE \xBB\xF3\xB4\xE3 " \
	"\xB0\xA1\xB4\xC9\xC7\xD5\xB4\xCF\xB4\xD9"

/* Not only the first text, nor only the first reading of it, may be what is blocked. */
static void either_text(void **state)
{
	static const struct submit cases[] = {
		{ .text = "Your parcel comes at nine, please sign for it", .payload = AGAIN },
		{ .text = AGAIN, .payload = "Your parcel comes at nine, please sign for it" },
		{ .text = "short", .payload = AGAIN },
		{ .text = LOAN_CP949 },
		{ .text = LOAN_CP949, .data_coding = 3 },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *blocked = i < 3 ? OFFER : LOAN;
		struct submit s = cases[i];
		struct world w;
		begin(&w, 0);
		struct link_delta d = delta_of(&w, LINK_ADD, blocked);
		world_deltas(&w, &d, 1);
		s.source = "01012345678";
		s.payload_len = s.payload != NULL ? strlen(s.payload) : 0;
		struct screen_message *m = world_add(&w, "acme", &s);
		world_screen(&w);
		if (m->reason != REASON_CAMPAIGN || !m->refuse)
			fail_msg("%u: %s", i, reason_row(m->reason)->name);
		assert_true(m->fingerprint == world_fingerprint(blocked));
		world_end(&w);
	}
}

/* The same in two parts, of which the second makes it whole. */
static void in_parts(void **state)
{
	static const size_t half = 39; /* behind a word */
	struct world w;
	uint8_t text[160] = { 5, 0, 3, 77, 2, 1 };

	(void)state;
	begin(&w, 0);
	assert_int_equal(parts_open(&w.context.parts), 0);
	struct link_delta d = delta_of(&w, LINK_ADD, LOAN);
	world_deltas(&w, &d, 1);
	for (unsigned data_coding = 0; data_coding <= 3; data_coding += 3) {
		const struct screen_message *m = NULL;
		text[3]++;
		for (unsigned part = 0; part < 2; part++) {
			const size_t n = part == 0 ? half : sizeof(LOAN_CP949) - 1 - half;
			text[5] = (uint8_t)(part + 1);
			memcpy(text + 6, &LOAN_CP949[part * half], n);
			m = world_add(&w, "acme",
			              &(struct submit){ .source = "01012345678",
			                                .esm_class = 0x40,
			                                .data_coding = data_coding,
			                                .text = text,
			                                .text_len = 6 + n });
			world_screen(&w);
			assert_int_equal(m->reason, part == 0 ? REASON_PASS : REASON_CAMPAIGN);
			world_clear(&w);
		}
	}
	parts_close(w.context.parts);
	world_end(&w);
}

/* Of a text that is known since before the delta, and of one that is not. */
static void at_once(void **state)
{
	struct world w;

	(void)state;
	begin(&w, 0);
	assert_int_equal(cache_open(&w.context.cache, 64), 0);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(say(&w, "acme", AGAIN)->reason, REASON_PASS);
	assert_int_equal(w.context.cache_hits, 1);
	assert_int_equal(w.context.fingerprints, 2);
	struct link_delta d = delta_of(&w, LINK_ADD, OFFER);
	world_deltas(&w, &d, 1);
	assert_int_equal(say(&w, "acme", AGAIN)->reason, REASON_CAMPAIGN);
	assert_int_equal(w.context.cache_hits, 2);
	assert_int_equal(w.context.fingerprints, 2); /* a known text costs none */
	assert_int_equal(say(&w, "acme", OFFER)->reason, REASON_CAMPAIGN);
	/* Its last second, and the one after. */
	d = delta_of(&w, LINK_ADD, OFFER);
	d.valid_until = WORLD_NOW + 1;
	world_deltas(&w, &d, 1);
	assert_int_equal(say(&w, "acme", AGAIN)->reason, REASON_CAMPAIGN);
	w.context.seconds = WORLD_NOW + 1;
	assert_int_equal(say(&w, "acme", AGAIN)->reason, REASON_PASS);
	w.context.seconds = WORLD_NOW;
	d = delta_of(&w, LINK_REMOVE, OFFER);
	world_deltas(&w, &d, 1);
	assert_int_equal(say(&w, "acme", AGAIN)->reason, REASON_PASS);
	cache_close(w.context.cache);
	world_end(&w);
}

/* Who is refused before anything is read belongs to a campaign too. */
static void refused_ones_have_it(void **state)
{
	struct world w;

	(void)state;
	begin(&w, IMAGE_REFUSE);
	const struct screen_message *m = say(&w, "nobody", AGAIN);
	assert_int_equal(m->reason, REASON_ACCOUNT_UNKNOWN);
	assert_true(m->fingerprint == world_fingerprint(OFFER));
	m = say(&w, "acme", "too short for it");
	assert_int_equal(m->reason, REASON_PASS);
	assert_true(m->fingerprint == 0);
	world_end(&w);
}

/* Of message_payload, and of a message that has both the short_message's. */
static void payload(void **state)
{
	struct world w;

	(void)state;
	begin(&w, 0);
	world_clear(&w);
	const struct submit only = { .payload = OTHER, .payload_len = strlen(OTHER) };
	const struct submit both = { .text = OFFER,
		                     .payload = OTHER,
		                     .payload_len = strlen(OTHER) };
	const struct screen_message *a = world_add(&w, "acme", &only);
	const struct screen_message *b = world_add(&w, "acme", &both);
	world_screen(&w);
	assert_true(a->fingerprint == world_fingerprint(OTHER));
	assert_true(b->fingerprint == world_fingerprint(OFFER));
	world_end(&w);
}

/* Who comes each eighth time is looked at as often as who comes at any time. */
static void nobody_counts_along(void **state)
{
	unsigned made[8] = { 0 };
	struct world w;
	char text[80];

	(void)state;
	begin(&w, 0);
	w.context.fingerprint_every = 8;
	for (unsigned i = 0; i < 6400; i++) {
		snprintf(text, sizeof(text), "Your train of %u leaves from another platform",
		         i);
		made[i % 8] += say(&w, "acme", text)->fingerprint != 0;
	}
	/* 800 times one in eight each: 100, four standard deviations of 9.4 either way. */
	for (unsigned i = 0; i < 8; i++)
		assert_true(made[i] > 62 && made[i] < 138);
	assert_int_equal(w.context.fingerprints, 800);
	world_end(&w);
}

/* Of new texts one in eight, which stands for eight; known, refused and flagged ones have it;
 * while a campaign is acted upon all do. */
static void sampled(void **state)
{
	struct world w;
	unsigned made = 0, stand = 0;
	char text[80];

	(void)state;
	begin(&w, 0);
	w.context.fingerprint_every = 8;
	assert_int_equal(cache_open(&w.context.cache, 64), 0);
	for (unsigned i = 0; i < 800; i++) {
		snprintf(text, sizeof(text), "Your train of %u leaves from another platform",
		         i);
		const struct screen_message *m = say(&w, "acme", text);
		made += m->fingerprint != 0;
		stand += m->fingerprint != 0 ? m->stands_for : 0;
	}
	assert_int_equal(made, 100);
	assert_int_equal(stand, 800);
	assert_int_equal(w.context.fingerprints, 100);
	for (unsigned i = 0; i < 16; i++) {
		const struct screen_message *m =
			say(&w, "acme", "This text comes again and again");
		if (i == 0)
			continue;                 /* by chance */
		assert_true(m->fingerprint != 0); /* and so that it is blocked at once */
		assert_int_equal(m->stands_for, 1);
	}
	for (unsigned i = 0; i < 16; i++) {
		snprintf(text, sizeof(text), "Some credit for everybody, the offer no. %u", i);
		const struct screen_message *m = say(&w, i % 2 == 0 ? "acme" : "nobody", text);
		assert_true(m->flagged || m->refuse);
		assert_true(m->fingerprint != 0);
		assert_int_equal(m->stands_for, 1);
	}
	const struct link_delta d = delta_of(&w, LINK_ADD, OFFER);
	world_deltas(&w, &d, 1);
	for (unsigned i = 0; i < 16; i++) {
		snprintf(text, sizeof(text), "Our shop in street %u opens tomorrow morning", i);
		const struct screen_message *m = say(&w, "acme", text);
		assert_true(m->fingerprint != 0);
		assert_int_equal(m->stands_for, 1);
	}
	cache_close(w.context.cache);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_action),          cmocka_unit_test(at_once),
		cmocka_unit_test(refused_ones_have_it), cmocka_unit_test(payload),
		cmocka_unit_test(nobody_counts_along),  cmocka_unit_test(sampled),
		cmocka_unit_test(either_text),          cmocka_unit_test(in_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

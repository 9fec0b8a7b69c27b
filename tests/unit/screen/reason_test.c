/* SPDX-License-Identifier: Apache-2.0 */
/* Every reason of verdict.def, and which of several decides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "parts.h"
#include "text.h"
#include "world.h"

#define BLOCKED "This offer ends tonight, write to us."

static void add_account(struct world *w, const char *system_id, uint32_t id,
                        enum image_state state, uint32_t until)
{
	world_account(w, &(struct image_build_account){ .system_id = system_id,
	                                                .id = id,
	                                                .state = state,
	                                                .valid_until = until,
	                                                .alphabet = TEXT_GSM7 });
}

/* Accounts and senders in every state. */
static void scenery(struct world *w)
{
	world_begin(w);
	add_account(w, "acme", 7, IMAGE_CERTIFIED, 0);
	add_account(w, "halted", 8, IMAGE_SUSPENDED, 0);
	add_account(w, "former", 9, IMAGE_CERTIFIED, WORLD_NOW);
	world_sender(w, "010-1234-5678", 7);
	world_sender(w, "010-0000-0009", 9);
	world_sender_with(w, "010-0000-0001", 7,
	                  (struct image_build_sender){ .state = IMAGE_SUSPENDED });
	world_sender_with(w, "010-0000-0002", 7,
	                  (struct image_build_sender){ .state = IMAGE_CERTIFIED,
	                                               .valid_until = WORLD_NOW });
	world_sender_with(w, "010-0000-0003", 7,
	                  (struct image_build_sender){ .state = IMAGE_CERTIFIED,
	                                               .blocked_until = WORLD_NOW + 1 });
	world_sender_with(w, "010-0000-0004", 7,
	                  (struct image_build_sender){ .state = IMAGE_CERTIFIED,
	                                               .blocked_until = WORLD_NOW + 1,
	                                               .block = IMAGE_BLOCK_BLACKLIST });
	world_sender_with(w, "010-0000-0005", 7,
	                  (struct image_build_sender){ .state = IMAGE_BLOCKED,
	                                               .block = IMAGE_BLOCK_THEFT });
	world_sender(w, "010-0000-0006", 7);
	world_numbers(w, "010-0000-0006", "010-0000-0006", IMAGE_NUMBER_UNASSIGNED);
	world_rule(w, 100, IMAGE_REFUSE, "casino", 0);
	w->policy.refuse_score = 2000;
	world_rule_with(w, &(struct image_build_rule){ .row = { .id = 101, .weight = 2000 } },
	                "jackpot");
	world_rule(w, 102, IMAGE_REFUSE, "대출", 0);
	world_campaign(w, BLOCKED, IMAGE_REFUSE, 0);
	world_ready(w);
}

static const struct row {
	const char *system_id;
	enum reason reason;
	bool unbound;
	struct submit submit;
} rows[] = {
	{ "acme", REASON_PASS, false, { .text = "hello" } },
	{ "acme", REASON_NOT_BOUND, true, { .text = "hello" } },
	{ "nobody", REASON_ACCOUNT_UNKNOWN, false, { .text = "hello" } },
	{ "halted", REASON_ACCOUNT_SUSPENDED, false, { .text = "hello" } },
	{ "former", REASON_ACCOUNT_EXPIRED, false, { .text = "hello" } },
	{ "acme",
	  REASON_SENDER_UNCERTIFIED,
	  false,
	  { .source = "0101111222", .text = "hello" } },
	{ "acme",
	  REASON_SENDER_SUSPENDED,
	  false,
	  { .source = "01000000001", .text = "hello" } },
	{ "acme", REASON_SENDER_EXPIRED, false, { .source = "01000000002", .text = "hello" } },
	{ "acme", REASON_SENDER_BLOCKED, false, { .source = "01000000003", .text = "hello" } },
	{ "acme",
	  REASON_SENDER_BLACKLISTED,
	  false,
	  { .source = "01000000004", .text = "hello" } },
	{ "acme", REASON_SENDER_THEFT, false, { .source = "01000000005", .text = "hello" } },
	{ "acme",
	  REASON_SENDER_UNASSIGNED,
	  false,
	  { .source = "01000000006", .text = "hello" } },
	{ "acme",
	  REASON_SENDER_NOT_OWNED,
	  false,
	  { .source = "01000000009", .text = "hello" } },
	{ "acme", REASON_CONTENT_RULE, false, { .text = "the best CASINO" } },
	{ "acme", REASON_CONTENT_SCORE, false, { .text = "the JACKPOT" } },
	{ "acme",
	  REASON_READINGS_DISAGREE,
	  false,
	  { .text = "\xB4\xEB\xC3\xE2", .data_coding = 3 } },
	{ "acme", REASON_CAMPAIGN, false, { .text = BLOCKED } },
	{ "acme", REASON_CONTENT_RULE, false, { .text = BLOCKED " casino" } },
	{ "acme", REASON_MALFORMED, false, { .text = "hello", .cut = 2 } },
	{ "acme", REASON_TEXT_UNDECODABLE, false, { .data_coding = 8, .text = "odd" } },
	{ "acme",
	  REASON_MESSAGE_TOO_LONG,
	  false,
	  { .esm_class = SMPP_ESM_UDHI, .text = "\5\0\3\1\x12\1hello", .text_len = 11 } },
	/* The first stage that objects decides. */
	{ "nobody", REASON_MALFORMED, true, { .text = "casino", .cut = 1 } },
	{ "nobody", REASON_NOT_BOUND, true, { .source = "1", .text = "casino" } },
	{ "halted", REASON_ACCOUNT_SUSPENDED, false, { .source = "1", .text = "casino" } },
	{ "acme", REASON_SENDER_UNCERTIFIED, false, { .source = "1", .text = "casino" } },
	{ "acme",
	  REASON_TEXT_UNDECODABLE,
	  false,
	  { .data_coding = 8,
	    .text = "odd",
	    .payload = "\0c\0a\0s\0i\0n\0o",
	    .payload_len = 12 } },
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static uint32_t rule_behind(enum reason reason)
{
	switch (reason) {
	case REASON_CONTENT_RULE:
		return 100;
	case REASON_CONTENT_SCORE:
		return 101;
	case REASON_READINGS_DISAGREE:
		return 102;
	default:
		return 0;
	}
}

static void every_reason(void **state)
{
	bool reached[REASON_SLOTS] = { [REASON_ALREADY_BOUND] = true }; /* of binds alone */
	struct world w;

	(void)state;
	scenery(&w);
	assert_int_equal(parts_open(&w.context.parts), 0);
	for (size_t i = 0; i < ROWS; i++)
		world_add(&w, rows[i].system_id, &rows[i].submit)->bound = !rows[i].unbound;
	world_screen(&w);
	for (size_t i = 0; i < ROWS; i++) {
		const struct screen_message *m = &w.vector->messages[i];
		assert_int_equal(m->reason, rows[i].reason);
		assert_int_equal(m->refuse, rows[i].reason != REASON_PASS);
		assert_false(m->flagged);
		assert_int_equal(m->rule, rule_behind(rows[i].reason));
		assert_ptr_equal(m->owner, &w);
		reached[m->reason] = true;
	}
	for (unsigned number = 0; number < REASON_SLOTS; number++)
		assert_true(reached[number] == (reason_row(number) != NULL));
	parts_close(w.context.parts);
	world_end(&w);
}

/* Without an image nothing of an ESME passes, and what the SMSC sends does. */
static void no_image(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	world_add(&w, "acme", &(struct submit){ .text = "hello" });
	world_add(&w, "acme",
	          &(struct submit){ .command_id = SMPP_DELIVER_SM, .text = "hello" });
	world_screen(&w);
	const struct screen_message *m = w.vector->messages;
	assert_int_equal(m[0].reason, REASON_ACCOUNT_UNKNOWN);
	assert_true(m[0].refuse);
	assert_int_equal(m[0].command_status,
	                 reason_row(REASON_ACCOUNT_UNKNOWN)->command_status);
	assert_memory_equal(m[0].plain[0].data, "hello", 5);
	assert_int_equal(m[1].reason, REASON_PASS);
	assert_false(m[1].refuse);
	world_end(&w);
}

static void expect_direction(uint32_t directions, enum reason submit, enum reason deliver)
{
	struct world w;

	world_usual(&w);
	w.policy.directions = directions;
	world_ready(&w);
	world_add(&w, "acme", &(struct submit){ .source = "1", .text = "casino" });
	world_add(&w, "acme",
	          &(struct submit){
			  .command_id = SMPP_DELIVER_SM, .source = "1", .text = "casino" })
		->bound = false;
	world_add(&w, "acme",
	          &(struct submit){
			  .command_id = SMPP_DELIVER_SM, .source = "1", .text = "hello" });
	world_screen(&w);
	assert_int_equal(w.vector->messages[0].reason, submit);
	assert_int_equal(w.vector->messages[1].reason, deliver);
	assert_int_equal(w.vector->messages[2].reason, REASON_PASS);
	world_end(&w);
}

/* Messages of the SMSC: by their content, not by the account or its senders. */
static void directions(void **state)
{
	(void)state;
	expect_direction(0, REASON_PASS, REASON_PASS);
	expect_direction(IMAGE_DIRECTION_FROM_ESME, REASON_SENDER_UNCERTIFIED, REASON_PASS);
	expect_direction(IMAGE_DIRECTION_FROM_SMSC, REASON_PASS, REASON_CONTENT_RULE);
	expect_direction(IMAGE_DIRECTION_FROM_ESME | IMAGE_DIRECTION_FROM_SMSC,
	                 REASON_SENDER_UNCERTIFIED, REASON_CONTENT_RULE);
}

/* An account that is only observed is never refused, whatever the reason, once it is bound. */
static void observe(void **state)
{
	struct world w;

	(void)state;
	world_begin(&w);
	world_account(&w, &(struct image_build_account){ .system_id = "acme",
	                                                 .id = 7,
	                                                 .state = IMAGE_SUSPENDED,
	                                                 .mode = IMAGE_OBSERVE,
	                                                 .alphabet = TEXT_GSM7 });
	world_account(&w, &(struct image_build_account){ .system_id = "bolt",
	                                                 .id = 8,
	                                                 .state = IMAGE_CERTIFIED,
	                                                 .mode = IMAGE_OBSERVE,
	                                                 .alphabet = TEXT_GSM7 });
	world_sender(&w, "010-1234-5678", 8);
	world_rule(&w, 100, IMAGE_REFUSE, "casino", 0x77);
	world_ready(&w);
	world_add(&w, "acme", &(struct submit){ .text = "hello" });
	world_add(&w, "bolt", &(struct submit){ .text = "casino" });
	/* Nobody is who sends these: what is of no session is refused all the same. */
	world_add(&w, "bolt", &(struct submit){ .text = "hello" })->bound = false;
	world_add(&w, "bolt", &(struct submit){ .text = "hello", .cut = 1 })->bound = false;
	world_screen(&w);
	assert_int_equal(w.vector->messages[2].reason, REASON_NOT_BOUND);
	assert_int_equal(w.vector->messages[3].reason, REASON_MALFORMED);
	for (unsigned i = 2; i < 4; i++) {
		assert_true(w.vector->messages[i].refuse);
		assert_int_not_equal(w.vector->messages[i].command_status, SMPP_ROK);
	}
	static const enum reason expected[] = { REASON_ACCOUNT_SUSPENDED, REASON_CONTENT_RULE };
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(w.vector->messages[i].reason, expected[i]);
		assert_false(w.vector->messages[i].refuse);
		assert_int_equal(w.vector->messages[i].command_status, SMPP_ROK);
	}
	assert_int_equal(w.vector->messages[1].rule, 100);
	world_end(&w);
}

static enum reason reason_now(struct world *w)
{
	return world_one(w, &(struct submit){ .text = "hello" })->reason;
}

/* Sanctions that came after the image, and their end. */
static void overlays(void **state)
{
	struct world w;

	(void)state;
	world_usual(&w);
	world_ready(&w);
	assert_int_equal(reason_now(&w), REASON_PASS);
	world_delta(&w, LINK_SUSPEND, "acme", NULL);
	assert_int_equal(reason_now(&w), REASON_ACCOUNT_SUSPENDED);
	world_delta(&w, LINK_LIFT, "acme", NULL);
	assert_int_equal(reason_now(&w), REASON_PASS);
	world_delta(&w, LINK_SUSPEND, NULL, "+82 10 1234 5678");
	assert_int_equal(reason_now(&w), REASON_SENDER_SUSPENDED);
	world_delta(&w, LINK_LIFT, NULL, "010-1234-5678");
	assert_int_equal(reason_now(&w), REASON_PASS);
	world_delta(&w, LINK_BLOCK, NULL, "010-1234-5678");
	assert_int_equal(reason_now(&w), REASON_SENDER_BLOCKED);
	world_delta(&w, LINK_UNBLOCK, NULL, "010-1234-5678");
	world_delta(&w, LINK_REMOVE, NULL, "010-1234-5678");
	assert_int_equal(reason_now(&w), REASON_SENDER_UNCERTIFIED);
	world_delta(&w, LINK_BLOCK, "acme", NULL);
	assert_int_equal(reason_now(&w), REASON_ACCOUNT_SUSPENDED);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_reason), cmocka_unit_test(no_image),
		cmocka_unit_test(directions),   cmocka_unit_test(observe),
		cmocka_unit_test(overlays),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

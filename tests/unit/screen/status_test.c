/* SPDX-License-Identifier: Apache-2.0 */
/* What a refusal is answered with, over every combination of what may say so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "text.h"
#include "world.h"

#define RULE_STATUS 0x101u
#define ACCOUNT_STATUS 0x102u
#define POLICY_STATUS 0x103u
#define REASON_STATUS 0x104u

/* Bits of a combination. */
enum { BY_RULE = 1, BY_ACCOUNT = 2, BY_POLICY = 4, BY_REASON = 8, COMBINATIONS = 16 };

static void scenery(struct world *w, unsigned combination, uint32_t refuse_at_bind)
{
	world_begin(w);
	w->policy.refuse_at_bind = refuse_at_bind;
	w->policy.uniform_status = combination & BY_POLICY ? POLICY_STATUS : 0;
	for (unsigned i = 0; i < REASON_SLOTS && (combination & BY_REASON) != 0; i++)
		w->policy.status[i] = REASON_STATUS + i;
	const struct image_build_account accounts[] = {
		{ .system_id = "acme", .id = 1, .state = IMAGE_CERTIFIED },
		{ .system_id = "halted", .id = 2, .state = IMAGE_SUSPENDED },
		{ .system_id = "watched",
		  .id = 3,
		  .state = IMAGE_SUSPENDED,
		  .mode = IMAGE_OBSERVE },
		{ .system_id = "former",
		  .id = 4,
		  .state = IMAGE_CERTIFIED,
		  .valid_until = WORLD_NOW },
	};
	for (unsigned i = 0; i < 4; i++) {
		struct image_build_account a = accounts[i];
		a.alphabet = TEXT_GSM7;
		a.uniform_status = combination & BY_ACCOUNT ? ACCOUNT_STATUS : 0;
		world_account(w, &a);
	}
	world_sender(w, "010-1234-5678", 1);
	world_rule(w, 100, IMAGE_REFUSE, "casino", combination & BY_RULE ? RULE_STATUS : 0);
	world_ready(w);
}

/* First of rule, account, policy, policy by reason; else the row of the reason. */
static uint32_t twin(unsigned combination, enum reason reason, bool known, uint32_t otherwise)
{
	if (reason == REASON_CONTENT_RULE && (combination & BY_RULE) != 0)
		return RULE_STATUS;
	if (known && (combination & BY_ACCOUNT) != 0)
		return ACCOUNT_STATUS;
	if ((combination & BY_POLICY) != 0)
		return POLICY_STATUS;
	return (combination & BY_REASON) != 0 ? REASON_STATUS + reason : otherwise;
}

static void precedence(void **state)
{
	static const struct {
		const char *system_id;
		enum reason reason;
		struct submit submit;
	} rows[] = {
		{ "acme", REASON_CONTENT_RULE, { .text = "casino" } },
		{ "acme", REASON_SENDER_UNCERTIFIED, { .source = "1", .text = "casino" } },
		{ "acme", REASON_TEXT_UNDECODABLE, { .data_coding = 8, .text = "odd" } },
		{ "halted", REASON_ACCOUNT_SUSPENDED, { .text = "casino" } },
		{ "nobody", REASON_ACCOUNT_UNKNOWN, { .text = "casino" } },
		{ "acme", REASON_PASS, { .text = "hello" } },
	};

	(void)state;
	for (unsigned combination = 0; combination < COMBINATIONS; combination++) {
		struct world w;
		scenery(&w, combination, 0);
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
			world_add(&w, rows[i].system_id, &rows[i].submit);
		world_screen(&w);
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			const struct screen_message *m = &w.vector->messages[i];
			const bool known = strcmp(rows[i].system_id, "nobody") != 0;
			assert_int_equal(m->reason, rows[i].reason);
			assert_int_equal(m->command_status,
			                 m->reason == REASON_PASS
			                         ? 0
			                         : twin(combination, m->reason, known,
			                                reason_row(m->reason)->command_status));
		}
		world_end(&w);
	}
}

/* A PDU that is none is answered by its own fault, whatever a policy says. */
static void malformed(void **state)
{
	(void)state;
	for (unsigned combination = 0; combination < COMBINATIONS; combination++) {
		struct world w;
		scenery(&w, combination, 0);
		const struct screen_message *m =
			world_add(&w, "acme", &(struct submit){ .text = "casino", .cut = 3 });
		world_screen(&w);
		assert_int_equal(m->reason, REASON_MALFORMED);
		assert_int_not_equal(m->sm.error, 0);
		assert_int_equal(m->command_status, m->sm.error);
		world_end(&w);
	}
}

static void expect_bind(const struct world *w, const char *system_id, enum reason reason,
                        uint32_t status)
{
	const uint32_t row = image_account_row(w->tables->image, (const uint8_t *)system_id,
	                                       strlen(system_id));
	uint32_t answered = 0xFFFFFFFF;

	assert_int_equal(screen_bind(w->tables, row, WORLD_NOW, &answered), reason);
	assert_int_equal(answered, reason == REASON_PASS ? 0xFFFFFFFF : status);
}

static void binds(void **state)
{
	static const struct {
		const char *system_id;
		enum reason reason;
	} rows[] = {
		{ "acme", REASON_PASS },
		{ "halted", REASON_ACCOUNT_SUSPENDED },
		{ "former", REASON_ACCOUNT_EXPIRED },
		{ "watched", REASON_PASS }, /* only observed */
		{ "nobody", REASON_ACCOUNT_UNKNOWN },
	};
	uint32_t status = 0;

	(void)state;
	assert_int_equal(screen_bind(NULL, 0, WORLD_NOW, &status), REASON_PASS);
	for (unsigned k = 0; k < 2 * COMBINATIONS; k++) {
		const unsigned combination = k / 2;
		struct world w;
		scenery(&w, combination, k % 2);
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			const enum reason reason = k % 2 ? rows[i].reason : REASON_PASS;
			const bool known = strcmp(rows[i].system_id, "nobody") != 0;
			expect_bind(&w, rows[i].system_id, reason,
			            twin(combination, reason, known, SMPP_RBINDFAIL));
		}
		world_end(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(precedence),
		cmocka_unit_test(malformed),
		cmocka_unit_test(binds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

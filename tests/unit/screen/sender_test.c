/* SPDX-License-Identifier: Apache-2.0 */
/* Which address is the sender, in which of its forms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "text.h"
#include "world.h"

#define DLT_TAG 0x1402u

static void scenery(struct world *w)
{
	world_begin(w);
	const struct image_build_account accounts[] = {
		{ .system_id = "plain", .id = 1 },
		{ .system_id = "shown", .id = 2, .sender_tlv = SMPP_TAG_CALLBACK_NUM },
		{ .system_id = "custom", .id = 3, .sender_tlv = DLT_TAG },
		{ .system_id = "state", .id = 4, .flags = IMAGE_ACCOUNT_ANY_SENDER },
	};
	for (unsigned i = 0; i < 4; i++) {
		struct image_build_account a = accounts[i];
		a.state = IMAGE_CERTIFIED;
		a.alphabet = TEXT_GSM7;
		world_account(w, &a);
	}
	world_sender(w, "010-1234-5678", 1);
	world_sender(w, "1588-1234", 2);
	world_sender(w, "Sluice", 3);
	world_sender_with(w, "010-9999-9999", 0,
	                  (struct image_build_sender){ .state = IMAGE_BLOCKED });
	world_sender(w, "010-5555-0001", 1);
	world_sender_with(w, "010-5555-0002", 1,
	                  (struct image_build_sender){ .state = IMAGE_CERTIFIED,
	                                               .blocked_until = WORLD_NOW + 1,
	                                               .block = IMAGE_BLOCK_BLACKLIST });
	world_sender_with(w, "010-5555-0003", 0,
	                  (struct image_build_sender){ .state = IMAGE_BLOCKED,
	                                               .block = IMAGE_BLOCK_THEFT });
	world_numbers(w, "010-0000-0000", "010-9999-9999", IMAGE_NUMBER_ASSIGNED);
	world_numbers(w, "010-5555-0000", "010-5555-9999", IMAGE_NUMBER_UNASSIGNED);
	world_ready(w);
}

static const struct row {
	const char *system_id;
	enum reason reason;
	struct submit submit;
} rows[] = {
	/* One number in the forms that links send it in. */
	{ "plain", REASON_PASS, { .source = "01012345678" } },
	{ "plain", REASON_PASS, { .source = "821012345678", .ton = 1, .npi = 1 } },
	{ "plain", REASON_PASS, { .source = "+82-10-1234-5678", .ton = 5 } },
	{ "plain", REASON_SENDER_UNCERTIFIED, { .source = "01012345679" } },
	{ "plain", REASON_SENDER_UNCERTIFIED, { .source = "" } },
	{ "plain", REASON_SENDER_NOT_OWNED, { .source = "15881234" } },
	/* A TLV that another account's policy names is no sender here. */
	{ "plain",
	  REASON_PASS,
	  { .tag = SMPP_TAG_CALLBACK_NUM,
	    .value = "\1\0\0"
	             "15881234",
	    .value_len = 11 } },
	/* callback_num: mode, TON and NPI before the digits; it wins over source_addr. */
	{ "shown",
	  REASON_PASS,
	  { .tag = SMPP_TAG_CALLBACK_NUM,
	    .value = "\1\0\0"
	             "15881234",
	    .value_len = 11 } },
	{ "shown",
	  REASON_PASS, /* with its NUL */
	  { .tag = SMPP_TAG_CALLBACK_NUM,
	    .value = "\1\0\0"
	             "15881234",
	    .value_len = 12 } },
	{ "shown",
	  REASON_SENDER_UNCERTIFIED,
	  { .source = "15881234",
	    .tag = SMPP_TAG_CALLBACK_NUM,
	    .value = "\1\0\0"
	             "15889999",
	    .value_len = 11 } },
	{ "shown",
	  REASON_SENDER_UNCERTIFIED,
	  { .source = "15881234",
	    .tag = SMPP_TAG_CALLBACK_NUM,
	    .value = "\1\0",
	    .value_len = 2 } },
	{ "shown", REASON_PASS, { .source = "15881234" } }, /* no TLV: people see source_addr */
	{ "shown", REASON_SENDER_NOT_OWNED, { .source = "01012345678" } },
	{ "custom", REASON_PASS, { .tag = DLT_TAG, .value = "SLUICE", .value_len = 6 } },
	{ "custom", REASON_PASS, { .tag = DLT_TAG, .value = "Sluice", .value_len = 7 } },
	{ "custom",
	  REASON_SENDER_UNCERTIFIED,
	  { .tag = DLT_TAG, .value = "Sluicf", .value_len = 6 } },
	/* Two of them: which one is shown is the receiver's choice. */
	{ "custom",
	  REASON_MALFORMED,
	  { .tag = DLT_TAG, .value = "Sluice", .value_len = 6, .again = "Sluicf" } },
	{ "custom",
	  REASON_MALFORMED,
	  { .tag = DLT_TAG, .value = "Sluice", .value_len = 6, .again = "Sluice" } },
	{ "shown",
	  REASON_PASS,
	  { .source = "15881234",
	    .tag = DLT_TAG,
	    .value = "Sluice",
	    .value_len = 6,
	    .again = "Sluicf" } },
	/* Any sender but one that is blocked for all. */
	{ "state", REASON_PASS, { .source = "112" } },
	{ "state", REASON_PASS, { .source = "" } },
	{ "state", REASON_SENDER_BLOCKED, { .source = "01099999999" } },
	/* A number that nobody has: not even with a certificate; but a block says more. */
	{ "plain", REASON_SENDER_UNASSIGNED, { .source = "01055550001" } },
	{ "plain", REASON_SENDER_UNASSIGNED, { .source = "+82 10 5555 9999" } },
	{ "state", REASON_SENDER_UNASSIGNED, { .source = "01055550000" } },
	{ "state", REASON_PASS, { .source = "01055560000" } },
	{ "plain", REASON_SENDER_BLACKLISTED, { .source = "01055550002" } },
	{ "state", REASON_SENDER_THEFT, { .source = "01055550003" } },
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static void which_sender(void **state)
{
	struct world w;

	(void)state;
	scenery(&w);
	for (size_t i = 0; i < ROWS; i++)
		world_add(&w, rows[i].system_id, &rows[i].submit);
	world_screen(&w);
	for (size_t i = 0; i < ROWS; i++)
		if (w.vector->messages[i].reason != rows[i].reason)
			fail_msg("row %zu: reason %u, not %u", i, w.vector->messages[i].reason,
			         rows[i].reason);
	world_end(&w);
}

/* A whole vector in one batch: each message has its own answer. */
static void full_batch(void **state)
{
	struct world w;

	(void)state;
	scenery(&w);
	for (unsigned i = 0; i < SCREEN_VECTOR_MAX; i++)
		world_add(&w, "plain", &rows[i * 7 % 6].submit);
	world_screen(&w);
	for (unsigned i = 0; i < SCREEN_VECTOR_MAX; i++)
		assert_int_equal(w.vector->messages[i].reason, rows[i * 7 % 6].reason);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(which_sender),
		cmocka_unit_test(full_batch),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

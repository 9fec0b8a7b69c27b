/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sender_fault: what no sender on the wire can be is refused with what is wrong with it, by
 * whatever way it comes into the registry.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "import.h"
#include "numbering_plan.h"
#include "registry_delta.h"
#include "sender_fault.h"
#include "temp.h"

static struct numbering_plan plan;

static void expect(const char *text, const char *fault)
{
	struct sender_key key;
	char why[400] = "";
	const bool good = sender_key_of(&key, text, &plan, why, sizeof(why));

	if (good != (fault == NULL) || (fault != NULL && strstr(why, fault) == NULL))
		fail_msg("%s: %s", text, good ? "taken" : why);
}

static void senders_can_be_sent(void **state)
{
	(void)state;
	numbering_plan_default(&plan, 82);
	expect("KAKAO\xe2\x80\x8b", "U+200B after 5 octets");
	expect("\xed\x95\x9c\xea\xb8\x80", "U+D55C");
	expect("010\xe2\x80\x93"
	       "1234-5678",
	       "U+2013");
	expect("a\tb", "U+0009");
	expect("caf\xe9\x01", "U+0001");
	expect("-", "no letter");
	expect("+", "no letter");
	expect("?!", "no letter");
	expect("0", "too short");
	expect("82", "too short");
	expect("030-12", "no number of the numbering plan");
	expect("010", "no number of the numbering plan");
	expect("", "cannot be");
	expect("123456789012345678901", "cannot be");
	expect("+82 030-12", "no number of the numbering plan");
	expect("010-1234-56789", "no number of the numbering plan");
	expect("050-1234-5678-9999", "no number of the numbering plan");
	expect("1.02E+09", "a spreadsheet has rounded");
	expect("8.21012E+11", "a spreadsheet has rounded");
	expect("1E+10", "a spreadsheet has rounded");
	expect("=\"010-1234-5678\"", "write the number alone");
	expect("'01012345678", "write the number alone");
	expect("#N/A", "an error of a spreadsheet");
	expect("1.02E+", NULL);
	expect("2E+A", NULL);
	expect("E+09", NULL);
	expect("'tis", NULL);
	expect("#SALE", NULL);
	expect("Caf\xc3\xa9", NULL);
	expect("1700-0000", NULL);
	expect("02-123-4567", NULL);
	expect("0505-1234-5678", NULL);
	expect("\xce\xa9", NULL);
	expect("112", NULL);
	expect("1588", NULL);
	expect("010-1234-5678", NULL);
	expect("030-1234-56789", NULL);
	expect("+1 202 555 0123", NULL);
	expect("00 1 202 555 0123", NULL);
	expect("AT&T", NULL);
	expect("a~b", NULL);
}

/* Without a plan nobody knows what a leading 0 is. */
static void without_a_plan(void **state)
{
	(void)state;
	numbering_plan_default(&plan, 0);
	expect("030-12", NULL);
	expect("0", "too short");
}

static struct registry *registry;

/* A file of one row; what it says is wrong with that, NULL: nothing. */
static const char *import(const char *address, bool theft, bool senders)
{
	static struct problems problems, notes;
	const struct import_options options = { 0 };
	struct import_result done;
	char text[200];

	problems_init(&problems, "file");
	problems_init(&notes, "file");
	snprintf(text, sizeof(text), "address%s\n\"%s\"%s\n", senders ? ",owner" : "", address,
	         senders ? ",acme" : "");
	const int result = (senders ? import_senders
	                    : theft ? import_theft
	                            : import_blacklist)(registry, text, strlen(text), &options,
	                                                &problems, &notes, &done);
	assert_int_equal(result == 0, problems.total == 0);
	return result == 0 ? NULL : problems.list[0].text;
}

static const char *change(enum link_delta_op op, const char *address)
{
	const struct registry_delta d = { .op = op,
		                          .kind = LINK_SENDER,
		                          .name = address,
		                          .owners = op == LINK_ADD ? "acme" : NULL };
	static char said[SENDER_FAULT_SIZE];
	struct link_delta told;

	assert_int_equal(registry_deltas_begin(registry, false), 0);
	const int result = registry_delta(registry, &d, &told);
	snprintf(said, sizeof(said), "%s", registry_error(registry));
	assert_int_equal(registry_deltas_end(registry, -ECANCELED), -ECANCELED);
	return result == 0 ? NULL : said;
}

static void same(const char *address, const char *way, const char *said)
{
	struct sender_key key;
	char why[SENDER_FAULT_SIZE] = "", copy[SENDER_FAULT_SIZE] = "";

	snprintf(copy, sizeof(copy), "%s", said == NULL ? "" : said);
	if (sender_key_of(&key, address, &plan, why, sizeof(why)))
		why[0] = '\0';
	if (strcmp(copy, why) != 0)
		fail_msg("%s %s: \"%s\", not \"%s\"", way, address, copy, why);
}

/* Files of senders, blacklists and thefts, `add sender` and `block sender` know one rule. */
static void every_way_into_the_registry(void **state)
{
	static const char *const addresses[] = {
		"KAKAO\xe2\x80\x8b",
		"1.02E+09",
		"\xed\x95\x9c\xea\xb8\x80",
		"-",
		"82",
		"030-12",
		"010-1234-56789",
		"123456789012345678901",
		"010-1234-5678",
		"1588",
		"AT&T",
	};
	const char *text = "system_id\nacme\n";
	char *file = strdup(text);
	struct problems problems, notes;
	const struct import_options options = { 0 };
	struct import_result done;

	numbering_plan_default(&plan, 82);
	assert_int_equal(temp_make(state), 0);
	assert_int_equal(registry_open(&registry, temp_path("r.sqlite")), 0);
	problems_init(&problems, "file");
	problems_init(&notes, "file");
	assert_int_equal(import_accounts(registry, file, strlen(file), &options, &problems,
	                                 &notes, &done),
	                 0);
	free(file);
	for (unsigned i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		same(addresses[i], "add", change(LINK_ADD, addresses[i]));
		same(addresses[i], "block", change(LINK_BLOCK, addresses[i]));
		same(addresses[i], "senders", import(addresses[i], false, true));
		same(addresses[i], "blacklist", import(addresses[i], false, false));
		same(addresses[i], "theft", import(addresses[i], true, false));
	}
	registry_close(registry);
	assert_int_equal(temp_remove(state), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(senders_can_be_sent),
		cmocka_unit_test(without_a_plan),
		cmocka_unit_test(every_way_into_the_registry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

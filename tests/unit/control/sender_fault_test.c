/* SPDX-License-Identifier: Apache-2.0 */
/* sender_fault: what no sender on the wire can be is refused with what is wrong with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "numbering_plan.h"
#include "sender_fault.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(senders_can_be_sent),
		cmocka_unit_test(without_a_plan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registered: what the registry holds is shown, and what is shown can be imported: the same
 * holds then.
 *
 * usage: registered_test SLUICE_CONTROL SLUICECTL
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon.h"

#define SENDERS "address,owner,state,valid_from,valid_until,blocked_until\n"

static int setup(void **state)
{
	assert_int_equal(temp_make(state), 0);
	temp_write("a.csv",
	           "system_id,name,state,alphabet,sender_field,valid_until,regime,"
	           "refuse_score,flag_score\r\n"
	           "hanbit,\"한빛, \"\"문자\"\"\",certified,cp949,0x0381,2099-01-01,kr,"
	           "2.5,never\r\nnamsan,,suspended,,,,,,\r\nold,,,,,,,,\r\n");
	temp_write("s.csv", "address,owner,state,valid_from,valid_until,blocked_until\n"
	                    "010-1234-5678,hanbit;namsan,,2026-01-01,2099-01-01T09:00+09:00,\n"
	                    "1588-1234,hanbit,suspended,,,\nCaf\xc3\xa9,namsan,,,,\n"
	                    "+1 212 555 1234,old,,,,2099-05-05\n02-123-4567,,blocked,,,\n"
	                    "HanBitPay,hanbit,,,,\n");
	control_start();
	assert_int_equal(import("accounts import", "a.csv"), 0);
	assert_int_equal(import("senders import", "s.csv"), 0);
	return 0;
}

static int teardown(void **state)
{
	if (control > 0)
		control_end(SIGKILL);
	return temp_remove(state);
}

/* Of stdout alone. */
static void shows(const char *words, const char *wanted)
{
	char arguments[200];

	snprintf(arguments, sizeof(arguments), "%s 2>/dev/null", words);
	assert_int_equal(ctl(arguments), 0);
	assert_string_equal(output, wanted);
}

static void accounts_are_shown(void **state)
{
	(void)state;
	assert_int_equal(ctl("suspend account old"), 3);
	assert_int_equal(ctl("block account hanbit --until 2098-01-01"), 3);
	shows("accounts show",
	      "system_id,name,state,mode,alphabet,sender_field,valid_from,valid_until,regime,"
	      "refuse_score,flag_score\n"
	      "hanbit,\"한빛, \"\"문자\"\"\",certified,enforce,cp949,0x0381,,"
	      "2099-01-01T00:00:00Z,kr,2.5,never\n"
	      "namsan,,suspended,enforce,gsm7,source_addr,,,,,\n"
	      "old,,suspended,enforce,gsm7,source_addr,,,,,\n");
	assert_int_equal(ctl("accounts show hanbit"), 0);
	assert_true(
		said("note: it is blocked until 2098-01-01T00:00:00Z; \"sluicectl unblock\""));
	assert_null(strstr(output, "namsan"));
	assert_int_equal(ctl("accounts show nobody"), 1);
	assert_true(
		said("no account has the system_id \"nobody\"; \"sluicectl accounts show\""));
	assert_int_equal(ctl("accounts show --json"), 0);
	assert_true(said("\"blocked_until\":\"2098-01-01T00:00:00Z\""));
}

static void senders_are_shown(void **state)
{
	(void)state;
	temp_write("l.csv", "address,until\n010-9999-8888,2099-03-03\n1588-1234,\n");
	assert_int_equal(import("blacklist import", "l.csv"), 0);
	assert_int_equal(ctl("suspend sender HANBITPAY"), 3);
	assert_int_equal(ctl("block sender 010-7777-7777"), 3);
	assert_int_equal(ctl("remove account old"), 3);
	shows("senders show",
	      SENDERS "+8215881234,hanbit,suspended,,,\n+8221234567,,blocked,,,\n"
	              "+12125551234,,certified,,,2099-05-05T00:00:00Z\n"
	              "+821012345678,hanbit;namsan,certified,2026-01-01T00:00:00Z,"
	              "2099-01-01T00:00:00Z,\nHANBITPAY,hanbit,suspended,,,\nCAF\xc3\x89,"
	              "namsan,certified,,,\n");
	shows("senders show 01012345678",
	      SENDERS "+821012345678,hanbit;namsan,certified,2026-01-01T00:00:00Z,"
	              "2099-01-01T00:00:00Z,\n");
	assert_int_equal(ctl("senders show --account namsan"), 0);
	assert_true(said("CAF\xc3\x89") && said("+821012345678") && !strstr(output, "HANBIT"));
	assert_int_equal(ctl("senders show 010-7777-7777"), 0);
	assert_true(said("no account has it registered") && said("blocked for ever"));
	assert_int_equal(ctl("senders show 010-9999-8888"), 0);
	assert_true(said("it is on the list \"blacklist\" until 2099-03-03T00:00:00Z"));
	assert_int_equal(ctl("senders show 010-2222-2222"), 1);
	assert_true(said("no sender \"010-2222-2222\" is registered, suspended or blocked"));
	assert_int_equal(ctl("senders show '#N/A'"), 1);
	assert_true(said("no sender \"#N/A\" is registered"));
	assert_int_equal(ctl("senders show --account nobody"), 1);
	assert_int_equal(ctl("senders show 1588-1234 --json"), 0);
	assert_true(
		said("\"blocked_by\":\"blacklist\",\"suspended\":true,\"registered\":true"));
}

/* What is shown is imported elsewhere, and the same is shown there. */
static void what_is_shown_can_be_imported(void **state)
{
	char first[4096];

	(void)state;
	assert_int_equal(ctl("accounts show 2>/dev/null"), 0);
	temp_write("a2.csv", output);
	assert_int_equal(ctl("senders show 2>/dev/null"), 0);
	temp_write("s2.csv", strcpy(first, output));
	control_end(SIGTERM);
	assert_int_equal(rename(temp_path("r.sqlite"), temp_path("gone")), 0);
	assert_int_equal(rename(temp_path("r.sqlite-sanctions"), temp_path("gone2")), 0);
	control_start();
	assert_int_equal(import("accounts import", "a2.csv"), 0);
	assert_int_equal(import("senders import", "s2.csv"), 0);
	shows("senders show", first);
}

/* More than a page. */
static void pages_follow_each_other(void **state)
{
	FILE *f = fopen(temp_path("many.csv"), "w");

	(void)state;
	assert_non_null(f);
	fputs("address,owner\n", f);
	for (unsigned i = 0; i < 25000; i++)
		fprintf(f, "0107%07u,hanbit\n", i);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(import("senders import", "many.csv"), 0);
	assert_int_equal(ctl("senders show --account hanbit | sort -u | wc -l"), 0);
	assert_int_equal(atoi(output), 25000 + 3 + 1);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(accounts_are_shown, setup, teardown),
		cmocka_unit_test_setup_teardown(senders_are_shown, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_shown_can_be_imported, setup, teardown),
		cmocka_unit_test_setup_teardown(pages_follow_each_other, setup, teardown),
	};

	if (argc != 3) {
		fputs("usage: registered_test SLUICE_CONTROL SLUICECTL\n", stderr);
		return 2;
	}
	control_path = argv[1];
	ctl_path = argv[2];
	return cmocka_run_group_tests(tests, NULL, NULL);
}

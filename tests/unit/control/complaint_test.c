/* SPDX-License-Identifier: Apache-2.0 */
/*
 * complaint: who sent somebody a text. The number that is asked for is hashed by control, in
 * each way that it may have been sent in, and is nowhere afterwards.
 *
 * usage: complaint_test SLUICE_CONTROL SLUICECTL
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/stat.h>

#include "audit_store.h"
#include "daemon.h"
#include "secret.h"

#define DAY UINT64_C(1717200000) /* 2024-06-01 */

static const char key[SECRET_SIZE + 1] = "0123456789abcdef";
static char key_file[160], later[160];

static void store(unsigned position, const char *sender, const char *recipient, unsigned reason)
{
	char error[AUDIT_ERROR_SIZE];
	struct audit_store *s = NULL;
	struct audit_record r = { .time_us = (DAY + position) * 1000000,
		                  .kind = AUDIT_REFUSED,
		                  .reason = reason,
		                  .account_id = reason == REASON_CONTENT_RULE,
		                  .stranger = reason != REASON_CONTENT_RULE };

	strcpy(r.system_id, "acme");
	strcpy(r.sender, sender);
	r.recipient_hash = secret_hash((const uint8_t *)key, recipient, strlen(recipient));
	assert_int_equal(audit_store_open(&s, temp_path("audit"), temp_path("r.sqlite"), error),
	                 0);
	audit_store_bound(s, 0, 0);
	assert_int_equal(audit_store_put(s, 0, position, &r, 1, error), 0);
	audit_store_close(s);
}

static int setup(void **state)
{
	assert_int_equal(temp_make(state), 0);
	recipient_key = strcpy(key_file, temp_write("key", key));
	return chmod(key_file, 0600);
}

static int teardown(void **state)
{
	if (control > 0)
		control_end(SIGKILL);
	return temp_remove(state);
}

/* One citizen, as five firms write the number; and somebody else. */
static void a_number_is_looked_up(void **state)
{
	static const char *const asked[] = { "01012345678", "+82 10-1234-5678", "010-1234-5678",
		                             "821012345678" };
	static const char *const sent[] = { "01012345678", "821012345678", "+821012345678",
		                            "1012345678", "00821012345678" };
	char words[100], sender[24];

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		snprintf(sender, sizeof(sender), "15880%03u", i);
		store(i, sender, sent[i], REASON_CONTENT_RULE);
	}
	store(9, "16660000", "01012345679", REASON_CONTENT_RULE);
	control_start();
	for (unsigned i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		snprintf(words, sizeof(words), "audit --recipient '%s'", asked[i]);
		assert_int_equal(ctl(words), 0);
		for (unsigned k = 0; k < 5; k++) {
			snprintf(sender, sizeof(sender), "15880%03u", k);
			assert_true(said(sender));
		}
		assert_null(strstr(output, "16660000"));
	}
	assert_int_equal(ctl("audit --recipient 010-9999-9999"), 0);
	assert_true(said("nothing was refused or flagged that is asked for"));
}

static void it_may_come_on_stdin(void **state)
{
	char words[200];

	(void)state;
	store(0, "15880000", "01012345678", REASON_CONTENT_RULE);
	control_start();
	temp_write("number", "010-1234-5678\r\n");
	temp_write("empty", "\n");
	snprintf(words, sizeof(words), "audit --recipient - < %s", temp_path("number"));
	assert_int_equal(ctl(words), 0);
	assert_true(said("15880000"));
	snprintf(words, sizeof(words), "audit --recipient - < %s", temp_path("empty"));
	assert_int_equal(ctl(words), 2);
}

/* Whatever is wrong is said without the number, and none is in the log or in a file. */
static void it_is_nowhere(void **state)
{
	char command[300];

	(void)state;
	recipient_key = NULL;
	control_start();
	assert_int_equal(ctl("audit --recipient 01087654321"), 1);
	assert_true(said("start sluice-control with --recipient-key FILE"));
	assert_null(strstr(output, "87654321"));
	control_end(SIGTERM);
	recipient_key = strcpy(later, temp_path("later"));
	control_start();
	assert_int_equal(ctl("audit --recipient 01087654321"), 1);
	assert_true(said("/later: No such file or directory; start sluice-control with"));
	assert_int_equal(chmod(temp_write("later", key), 0600), 0);
	assert_int_equal(ctl("audit --recipient 01087654321"), 0);
	assert_int_equal(ctl("audit --recipient 0108765x4321"), 1);
	assert_true(said("the recipient is no number; write all its digits"));
	assert_null(strstr(output, "8765x"));
	control_end(SIGTERM);
	snprintf(command, sizeof(command), "grep -r 8765 %s", temp_dir);
	assert_int_not_equal(system(command), 0); /* of this test's own folder */
}

/* What strangers made beyond their share has no record, and is not kept quiet. */
static void what_was_left_out_is_said(void **state)
{
	(void)state;
	store(0, "15880000", "01012345678", REASON_CONTENT_RULE);
	store(1, "0", "01012345678", REASON_NOT_BOUND);
	store(2, "0", "01012345678", REASON_NOT_BOUND);
	control_start();
	assert_int_equal(ctl("audit"), 0);
	assert_true(said("15880000") &&
	            said("(2 more of strangers only counted: not_bound, from "
	                 "2024-06-01T00:00:01.000Z to 2024-06-01T00:00:02.000Z)"));
	assert_int_equal(ctl("audit --json --from 2024-06-01"), 0);
	assert_true(said("\"left_out\":[{\"reason\":\"not_bound\",\"n\":2,"));
	assert_int_equal(ctl("audit --reason content_rule"), 0);
	assert_null(strstr(output, "only counted"));
	assert_int_equal(ctl("audit --from 2024-06-02"), 0);
	assert_null(strstr(output, "only counted"));
	assert_int_equal(ctl("audit --until 2024-06-01T00:00:01Z --json"), 0);
	assert_true(said("\"left_out\":[]"));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_number_is_looked_up, setup, teardown),
		cmocka_unit_test_setup_teardown(it_may_come_on_stdin, setup, teardown),
		cmocka_unit_test_setup_teardown(it_is_nowhere, setup, teardown),
		cmocka_unit_test_setup_teardown(what_was_left_out_is_said, setup, teardown),
	};

	if (argc != 3) {
		fputs("usage: complaint_test SLUICE_CONTROL SLUICECTL\n", stderr);
		return 2;
	}
	control_path = argv[1];
	ctl_path = argv[2];
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * campaigns: what workers counted, as sluicectl campaigns shows it, and what an operator says
 * of campaigns, through sluice-control and sluicectl as they are installed.
 *
 * usage: campaigns_test SLUICE_CONTROL SLUICECTL
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <time.h>

#include "reported.h"
#include "report_reader.h"

#define LOAN UINT64_C(0x3b1f00c29e77a5d4)
#define CASINO UINT64_C(0x8000000000000001)

static int setup(void **state) { return reported(state, "a.csv", "system_id\nacme\nghost\n"); }

static void counted(unsigned worker, unsigned row, uint64_t fingerprint, uint32_t account,
                    uint64_t count)
{
	report_campaign_write(&report_worker(report, worker)->campaigns[row],
	                      &(struct report_campaign){ .account_id = account,
	                                                 .fingerprint = fingerprint,
	                                                 .count = count,
	                                                 .error = account ? 0 : 3,
	                                                 .refused = account ? 0 : 1,
	                                                 .sample = 1,
	                                                 .first = 1700000000 + worker,
	                                                 .last = 1800000000 + worker });
}

static void count_some(void)
{
	counted(0, 0, LOAN, 0, 700);
	counted(1, 9, LOAN, 0, 300);
	counted(1, REPORT_CAMPAIGNS - 1, LOAN ^ 5, 0, 11); /* a neighbour, two bits away */
	counted(0, 1, CASINO, 0, 50);
	counted(0, 5000, LOAN, 1, 600);
	counted(0, 5001, LOAN, 2, 90);
	counted(1, 5000, LOAN ^ 5, 2, 11);
	counted(1, 5001, CASINO, 7, 50); /* of an account that is gone */
}

static void the_largest_are_shown(void **state)
{
	(void)state;
	control_start();
	assert_int_equal(ctl("campaigns"), 0);
	assert_true(said("no text that is long enough was counted"));
	assert_int_equal(import("accounts import", "a.csv"), 0);
	count_some();
	assert_int_equal(ctl("campaigns --json"), 0);
	assert_true(said("{\"campaigns\":[{\"fingerprint\":\"3b1f00c29e77a5d4\","
	                 "\"messages\":1011,\"at_most_wrong_by\":9,\"sampled\":0,\"sample\":1,"
	                 "\"refused\":3,"
	                 "\"variants\":2,\"accounts\":[{\"system_id\":\"acme\","
	                 "\"account_id\":1,\"messages\":600},{\"system_id\":\"ghost\","
	                 "\"account_id\":2,\"messages\":101}],\"accounts_total\":2,"
	                 "\"first\":\"2023-11-14T22:13:20Z\","
	                 "\"last\":\"2027-01-15T08:00:01Z\",\"acted\":null},"
	                 "{\"fingerprint\":\"8000000000000001\",\"messages\":50,"));
	assert_true(said("\"total\":2,\"left_out\":0,\"radius\":6,"));
	assert_int_equal(ctl("campaigns"), 0);
	assert_true(said("acme, ghost ") && said("#7 "));
	assert_int_equal(ctl("campaigns --radius 1 --json"), 0);
	assert_true(said("\"messages\":1000,") && said("\"total\":3"));
	assert_int_equal(ctl("campaigns --top 1 --min-count 11"), 0);
	assert_true(said("(1 more: --top)") && strstr(output, "8000000000000001") == NULL);
	assert_int_equal(ctl("campaigns --account ghost --json"), 0);
	assert_true(said("\"messages\":101,\"at_most_wrong_by\":0,\"sampled\":0,") &&
	            strstr(output, "one in") == NULL);
	assert_true(said("\"total\":1"));
	/* Who sent a text, whose fingerprint explain says. */
	assert_int_equal(ctl("campaigns --campaign 3b1f00c29e77a5d5 --json"), 0);
	assert_true(said("\"messages\":1011,") && said("\"system_id\":\"acme\"") &&
	            said("\"total\":1,"));
	assert_int_equal(ctl("campaigns --campaign 3b1f00c29e77a5d4 --radius 1 --json"), 0);
	assert_true(said("\"messages\":1000,") && said("\"total\":1,"));
	assert_int_equal(ctl("campaigns --campaign 00ff00ff00ff00ff"), 0);
	assert_true(said("no text that is near that fingerprint was counted yet"));
}

/* What is an estimate is said to be one, and how wrong it may be for that. */
static void samples_are_said(void **state)
{
	(void)state;
	control_start();
	report_campaign_write(&report_worker(report, 0)->campaigns[0],
	                      &(struct report_campaign){ .fingerprint = LOAN,
	                                                 .count = 850,
	                                                 .error = 3,
	                                                 .sampled = 100,
	                                                 .sample = 8 });
	assert_int_equal(ctl("campaigns --json"), 0);
	/* 100 texts of one in eight: so 1.96 roots of 800 * 7 and some; and the 3. */
	assert_true(said("\"messages\":850,\"at_most_wrong_by\":169,\"sampled\":100,"
	                 "\"sample\":8,"));
	assert_int_equal(ctl("campaigns"), 0);
	assert_true(said("(of new texts one in 8 is counted, as 8: one figure in 20 may be "
	                 "more wrong)"));
}

static void wrong_words_are_explained(void **state)
{
	static const char *const rows[][2] = {
		{ "campaigns --account nobody", "no account has the system_id \"nobody\"" },
		{ "campaigns --top 0", "from 1 to 1000" },
		{ "campaigns --top -1", "from 1 to 1000" },
		{ "campaigns --radius 8", "from 0 to 7" },
		{ "campaigns --campaign 3b1f", "16 hexadecimal digits" },
		{ "campaigns --min-count many", "must be a number" },
		{ "campaigns block 3b1f", "16 hexadecimal digits" },
		{ "campaigns block 0000000000000000", "16 hexadecimal digits" },
		{ "campaigns block 3b1f00c29e77a5d4 --radius 8", "from 0 to 7" },
		{ "campaigns block 3b1f00c29e77a5d4 --action kill", "refuse, discard, flag" },
		{ "campaigns block 3b1f00c29e77a5d4 --until soon", "a time like" },
		{ "campaigns block 3b1f00c29e77a5d4 --until 2020-01-01", "until is over" },
		{ "campaigns unblock 3b1f00c29e77a5d4", "is not acted upon" },
		{ "audit --campaign 3b1f", "16 hexadecimal digits" },
	};

	(void)state;
	control_start();
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(ctl(rows[i][0]), 1);
		assert_true(said(rows[i][1]));
	}
	assert_int_equal(ctl("status --json"), 0);
	assert_true(said("\"generation\":1,")); /* nothing was changed */
}

/* Recorded while the data plane is away (3), and there after kill -9. */
static void what_is_said_outlives_control(void **state)
{
	(void)state;
	control_start();
	count_some();
	assert_int_equal(ctl("campaigns block 3b1f00c29e77a5d5 --note 대출 --radius 2"), 3);
	assert_int_equal(ctl("campaigns block 8000000000000001 --action flag --radius 0"), 3);
	control_end(SIGKILL);
	control_start();
	assert_int_equal(ctl("campaigns list --json"), 0);
	assert_true(said("[{\"fingerprint\":\"3b1f00c29e77a5d5\",\"radius\":2,"
	                 "\"action\":\"refuse\",\"until\":\"\",\"since\":\""));
	assert_true(said("\"note\":\"대출\"},{\"fingerprint\":\"8000000000000001\","
	                 "\"radius\":0,\"action\":\"flag\","));
	/* What is acted upon is said of those in its radius. */
	assert_int_equal(ctl("campaigns --json"), 0);
	assert_true(said("\"acted\":{\"fingerprint\":\"3b1f00c29e77a5d5\",") &&
	            said("\"acted\":{\"fingerprint\":\"8000000000000001\","));
	assert_int_equal(ctl("campaigns unblock 3b1f00c29e77a5d5"), 3);
	assert_int_equal(ctl("campaigns --json"), 0);
	assert_true(said("\"acted\":null"));
	assert_int_equal(ctl("campaigns list"), 0);
	assert_true(said("flag") && strstr(output, "3b1f00c29e77a5d5") == NULL);
}

static bool stop;

/* A worker that counts: all of a row is of one moment. */
static void *count_always(void *row)
{
	struct report_campaign now = { .fingerprint = 1 };

	for (; !__atomic_load_n(&stop, __ATOMIC_RELAXED); now.fingerprint++) {
		now.count = now.error = now.refused = now.fingerprint;
		report_campaign_write(row, &now);
	}
	return NULL;
}

static void rows_are_read_whole(void **state)
{
	static struct report_campaign rows[REPORT_CAMPAIGNS];
	char error[REPORT_ERROR_SIZE] = "";
	struct report_reader *reader = NULL;
	struct report_campaign *written = report_worker(report, 1)->campaigns;
	const time_t until = time(NULL) + 60; /* a writer may wait for its core */
	unsigned seen = 0;
	pthread_t writer;

	(void)state;
	written[7].sequence = 5; /* its writer died in it */
	written[7].fingerprint = 9;
	stop = false;
	assert_int_equal(pthread_create(&writer, NULL, count_always, &written[3]), 0);
	assert_int_equal(report_reader_open(&reader, temp_path("report"), error), 0);
	assert_int_equal(report_reader_campaigns_max(reader), REPORT_CAMPAIGNS);
	while (seen < 2000 && time(NULL) < until) {
		const unsigned n = report_reader_campaigns(reader, 1, rows);

		assert_true(n <= 1);
		if (n == 0)
			continue;
		seen++;
		assert_int_equal(rows[0].count, rows[0].fingerprint);
		assert_int_equal(rows[0].error, rows[0].fingerprint);
		assert_int_equal(rows[0].refused, rows[0].fingerprint);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(writer, NULL);
	assert_int_equal(seen, 2000);
	assert_int_equal(report_reader_campaigns(reader, 0, rows), 0);
	report_reader_close(reader);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, unreported)
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		T(rows_are_read_whole),
		T(the_largest_are_shown),
		T(samples_are_said),
		T(wrong_words_are_explained),
		T(what_is_said_outlives_control),
	};

	if (argc != 3)
		return 2;
	control_path = argv[1];
	ctl_path = argv[2];
	return cmocka_run_group_tests(tests, NULL, NULL);
}

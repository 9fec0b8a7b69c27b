/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain_rig: an explain over rules of a test's own, and what it said of the last message.
 * For one source file of a test program each.
 */
#ifndef TEST_EXPLAIN_RIG_H
#define TEST_EXPLAIN_RIG_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explain.h"
#include "import.h"
#include "temp.h"

#define NOW 1700000000u

static struct explain *explain;
static struct explanation e;
static struct problems problems;
static char error[EXPLAIN_ERROR_SIZE];
static uint8_t *pdu;
static size_t pdu_len;

/* Instead of the one that is open, if any. */
static void explain_from(const struct explain_source *source)
{
	explain_close(explain);
	explain = NULL;
	problems_init(&problems, "rules");
	if (explain_open(&explain, source, &problems, error) != 0)
		fail_msg("%s", error);
}

static void forget(void)
{
	explanation_free(&e);
	free(pdu);
	pdu = NULL;
}

static int teardown(void **state)
{
	(void)state;
	forget();
	explain_close(explain);
	explain = NULL;
	return 0;
}

static void submit_in(const char *text, int data_coding)
{
	const struct explain_message message = { text, "01012345678", data_coding,
		                                 explain_alphabet(explain) };

	forget();
	if (explain_pdu_text(&pdu, &pdu_len, &message, error) != 0)
		fail_msg("%s", error);
	assert_int_equal(explain_run(&e, explain, pdu, pdu_len, NOW), 0);
}

static inline void submit(const char *text) { submit_in(text, EXPLAIN_ANY_CODING); }

#define SOURCE "0001 3031303132333435363738 00 "
#define DESTINATION "0101 383231303030 00 "

/* A submit_sm whose text, in hexadecimal, begins with a user data header; TLVs behind it. */
static inline void run_pdu(unsigned data_coding, const char *text, const char *tlvs)
{
	const unsigned len = (unsigned)strlen(text) / 2;
	char hex[400];

	snprintf(hex, sizeof(hex),
	         "%08x 00000004 00000000 00000001 00 " SOURCE DESTINATION
	         "40 0000 0000 0000 %02x 00 %02x %s %s",
	         50 + len + (unsigned)strlen(tlvs) / 2, data_coding, len, text, tlvs);
	forget();
	if (explain_pdu_hex(&pdu, &pdu_len, hex, error) != 0)
		fail_msg("%s", error);
	assert_int_equal(explain_run(&e, explain, pdu, pdu_len, NOW), 0);
}

/* Of temp_make()'s folder, which tests of accounts begin with. */
static inline void explain_from_registry(const char *account)
{
	explain_from(&(struct explain_source){ .registry = temp_path("r.sqlite"),
	                                       .account = account });
}

static inline void import(int (*function)(struct registry *, char *, size_t,
                                          const struct import_options *, struct problems *,
                                          struct problems *, struct import_result *),
                          struct registry *registry, const char *csv)
{
	const struct import_options options = { 0 };
	struct problems notes;
	struct import_result done;
	char *copy = strdup(csv);

	problems_init(&problems, "f.csv");
	problems_init(&notes, "f.csv");
	assert_int_equal(
		function(registry, copy, strlen(copy), &options, &problems, &notes, &done), 0);
	free(copy);
}

#endif

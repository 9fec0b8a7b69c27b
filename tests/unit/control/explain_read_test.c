/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain: how a message is read is how the data plane reads it: loosely where rules ask for
 * that, with the parts before it, in the alphabet of its account.
 */
#include "explain_rig.h"

static const char rules[] = "rules:\n"
			    "- { id: sum, sentence: sum, weight: 0.001, patterns:\n"
			    "    [ { literal: \"무료대출\", view: loose, weight: 3 },\n"
			    "      { literal: \"casino\", weight: 2 } ] }\n"
			    "- { id: free, sentence: free, action: flag, view: loose,\n"
			    "    patterns: [ { words: [ free ] } ] }\n";

static int setup(void **state)
{
	(void)state;
	explain_from(&(struct explain_source){
		.rules = rules, .rules_size = sizeof(rules) - 1, .account = "anyone" });
	return 0;
}

/* Match i is of this view and at this piece of the plain text. */
static void assert_at(uint32_t i, unsigned view, const char *piece)
{
	const struct explain_match *m = &e.matches[i];

	assert_true(i < e.n_matches);
	assert_int_equal(m->view, view);
	assert_int_equal(m->to - m->from, strlen(piece));
	assert_memory_equal(e.texts[m->text].plain + m->from, piece, strlen(piece));
}

static void the_loose_reading_is_one(void **state)
{
	(void)state;
	submit("무1료2대3출 casino");
	assert_string_equal((char *)e.texts[EXPLAIN_LOOSE].folded, "무료대출 casino");
	assert_true(e.texts[EXPLAIN_LOOSE].loose);
	assert_int_equal(e.n_matches, 2);
	assert_at(0, IMAGE_VIEW_FOLDED, "casino");
	assert_at(1, IMAGE_VIEW_LOOSE, "무1료2대3출");
	assert_int_equal(e.message.score, 5001);
	assert_int_equal(e.effects[0], MATCH_ACTS);
	assert_true(e.message.refuse);
	/* places lead through the folding: FULLWIDTH letters, in a longer text */
	submit("오늘 ｆ r ｅ e 합니다");
	assert_int_equal(e.n_matches, 1);
	assert_at(0, IMAGE_VIEW_LOOSE, " ｆ r ｅ e "); /* a word's edges are of its match */
	assert_true(e.message.flagged);
	/* found in the folded text: shown once; "casino" is not asked for loosely */
	submit("무료대출 f r e e 합니다 c a s i n o");
	assert_int_equal(e.n_matches, 2);
	assert_at(0, IMAGE_VIEW_FOLDED, "무료대출");
	assert_at(1, IMAGE_VIEW_LOOSE, " f r e e ");
	/* what reads the same has no second entry */
	submit("plain words");
	assert_null(e.texts[EXPLAIN_LOOSE].field);
}

/* Where pieces are not tried, the match is there without a place. */
static void a_long_text_has_no_places(void **state)
{
	static char text[6000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	memcpy(text + 3000, " f r e e ", 9);
	submit(text);
	assert_int_equal(e.n_matches, 1);
	assert_int_equal(e.matches[0].view, IMAGE_VIEW_LOOSE);
	assert_int_equal(e.matches[0].to, 0);
	assert_true(e.matches[0].seen_to > e.matches[0].seen_from);
}

static void parts_are_joined(void **state)
{
	(void)state;
	/* a surrogate pair in two parts: neither of them is undecodable */
	run_pdu(8,
	        "050003010201"
	        "00680069d83d",
	        "");
	assert_int_equal(e.message.reason, REASON_PASS);
	assert_int_equal(e.message.concat.part, 1);
	run_pdu(8,
	        "050003010202"
	        "de000078",
	        "");
	assert_int_equal(e.message.reason, REASON_PASS);
	assert_string_equal((char *)e.texts[0].plain, "hi😀x");
	/* a word in two parts, and the same with its header said by SAR parameters too */
	run_pdu(0,
	        "050003020201"
	        "6672",
	        "");
	assert_false(e.message.flagged);
	run_pdu(0,
	        "050003020202"
	        "6565",
	        "");
	assert_true(e.message.flagged);
	assert_int_equal(e.n_matches, 1);
	run_pdu(0,
	        "050003030201"
	        "6672",
	        "020c00020003020e000102020f000101");
	assert_int_equal(e.message.reason, REASON_MALFORMED);
	assert_int_equal(e.message.command_status, SMPP_RINVOPTPARAMVAL);
}

/* A text is written in what the account's data_coding 0 is, and read as that again. */
static void in_the_alphabet_of_the_account(void **state)
{
	static const char ascii[] = "'a@b_c $5 {9} casino'";
	struct registry *registry;

	assert_int_equal(temp_make(state), 0);
	assert_int_equal(registry_open(&registry, temp_path("r.sqlite")), 0);
	import(import_accounts, registry, "system_id,alphabet\nkorean,cp949\nusual,\n");
	import(import_senders, registry, "address,owner\n01012345678,korean;usual\n");
	registry_close(registry);
	explain_from_registry("korean");
	submit(ascii);
	assert_int_equal(e.message.sm.data_coding, 0);
	assert_string_equal((char *)e.texts[0].plain, ascii);
	submit_in("카지노", 0);
	assert_int_equal(e.texts[0].coding, TEXT_CP949);
	assert_string_equal((char *)e.texts[0].plain, "카지노");
	submit("카지노");
	assert_int_equal(e.message.sm.data_coding, 0);
	explain_from_registry("usual");
	submit(ascii);
	assert_string_equal((char *)e.texts[0].plain, ascii);
	submit("카지노");
	assert_int_equal(e.message.sm.data_coding, 8);
	assert_int_equal(temp_remove(state), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_loose_reading_is_one),
		TEST(a_long_text_has_no_places),
		TEST(parts_are_joined),
		TEST(in_the_alphabet_of_the_account),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

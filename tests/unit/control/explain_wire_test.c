/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain: a match leads back to the octets of the PDU, through folding and decoding, in each
 * coding and over parts.
 */
#include "explain_rig.h"

static const char rules[] = "rules:\n"
			    "- { id: a, sentence: a, action: flag, view: loose, patterns:\n"
			    "    [ { literal: \"casino\" }, { literal: \"대출\" }, "
			    "{ literal: \"😀\" } ] }\n";

static int setup(void **state)
{
	(void)state;
	explain_from(&(struct explain_source){
		.rules = rules, .rules_size = sizeof(rules) - 1, .account = "anyone" });
	return 0;
}

/* Where the user data of run_pdu() begins, behind a header of one octet. */
#define AT 51u

/* The first match is of these octets, and of no other part's. */
static void assert_octets(uint32_t from, uint32_t to, uint32_t part)
{
	struct explain_unit pieces[4];
	const struct explain_match *m = &e.matches[0];

	assert_true(e.n_matches >= 1 && m->to > m->from);
	assert_int_equal(
		explain_octets(&e.texts[m->text % EXPLAIN_LOOSE], m->from, m->to, pieces, 4),
		1);
	assert_int_equal(pieces[0].from, from);
	assert_int_equal(pieces[0].to, to);
	assert_int_equal(pieces[0].part, part);
}

/* Without a header: the text that is submitted ends the PDU. */
static void assert_ends(const char *text, int data_coding, uint32_t octets, uint32_t behind)
{
	submit_in(text, data_coding);
	assert_octets((uint32_t)pdu_len - octets - behind, (uint32_t)pdu_len - behind, 0);
}

static void each_coding(void **state)
{
	(void)state;
	assert_ends("a casino!", 0, 6, 1);
	assert_ends("[€] casino{", 0, 6, 2); /* two septets each */
	assert_ends("Ä casino é", 3, 6, 2);
	assert_ends("💰 casino é", 8, 12, 4);
	assert_ends("x😀", 8, 4, 0);
	assert_ends("카지노 대출", 0x84, 4, 0);
	assert_ends("x 대출 y", 0x84, 4, 2);
	/* through the folding, and the loose reading */
	assert_ends("ｃasinｏ.", 8, 12, 2);
	assert_ends("대1출", 8, 6, 0);
	assert_ends("cásíno", 3, 6, 0);
}

static void other_orders_and_octets(void **state)
{
	(void)state;
	/* a BOM, then UTF-16 of the other order: "x casino" */
	run_pdu(8, "00fffe7800200063006100730069006e006f00", "");
	assert_octets(AT + 6, AT + 18, 0);
	run_pdu(8, "00feff007800200063006100730069006e006f", "");
	assert_octets(AT + 6, AT + 18, 0);
	/* UTF-8 in a septet's place: e acute, casino */
	run_pdu(0, "00c3a9636173696e6f", "");
	assert_octets(AT + 2, AT + 8, 0);
	/* Latin-1 there */
	run_pdu(0, "00e920636173696e6f", "");
	assert_octets(AT + 2, AT + 8, 0);
	/* Turkish by its single shift table: ESC s is a letter with a cedilla */
	run_pdu(0,
	        "03240101"
	        "1b73"
	        "20"
	        "636173696e6f",
	        "");
	assert_octets(AT + 6, AT + 12, 0);
}

/* Septets that were packed though nobody said so are a second reading, from bit 6 behind a
 * header of one octet. */
static void packed_septets(void **state)
{
	(void)state;
	/* "free casino now" */
	run_pdu(0,
	        "00"
	        "80595e2e83c6e179dafd06b9df77",
	        "");
	assert_true(e.texts[1].again);
	assert_int_equal(e.texts[1].coding, TEXT_GSM7_PACKED);
	/* the sixth to the eleventh septet: bits 41 to 82 */
	assert_octets(AT + 5, AT + 11, 0);
}

static unsigned pieces_of_first(struct explain_unit pieces[4])
{
	const struct explain_match *m = &e.matches[0];

	assert_int_equal(e.n_matches, 1);
	return explain_octets(&e.texts[m->text % EXPLAIN_LOOSE], m->from, m->to, pieces, 4);
}

static void over_parts(void **state)
{
	struct explain_unit pieces[4];

	(void)state;
	/* "xcas", "ino": octets behind six of a header */
	run_pdu(0,
	        "050003010201"
	        "78636173",
	        "");
	assert_int_equal(e.n_matches, 0);
	run_pdu(0,
	        "050003010202"
	        "696e6f",
	        "");
	assert_int_equal(pieces_of_first(pieces), 2);
	assert_int_equal(pieces[0].part, 1);
	assert_int_equal(pieces[0].from, 57);
	assert_int_equal(pieces[0].to, 60);
	assert_int_equal(pieces[1].part, 2);
	assert_int_equal(pieces[1].from, 56);
	assert_int_equal(pieces[1].to, 59);
	/* a pair of surrogates in two parts, the second one first */
	run_pdu(8,
	        "050003020202"
	        "de00",
	        "");
	run_pdu(8,
	        "050003020201"
	        "d83d",
	        "");
	assert_int_equal(pieces_of_first(pieces), 2);
	assert_int_equal(pieces[0].part, 1);
	assert_int_equal(pieces[1].part, 2);
	/* a part between is missing; and a number that had another message before */
	run_pdu(0,
	        "050003010301"
	        "78",
	        "");
	run_pdu(0,
	        "050003010303"
	        "2e636173696e6f",
	        "");
	assert_octets(57, 63, 3);
}

/* A second reading: octets of CP949 that are announced as septets. */
static void the_second_reading(void **state)
{
	(void)state;
	run_pdu(0, "00b4ebc3e220c0cc20b0a1b4c9c7d5b4cfb4d9", "");
	assert_true(e.texts[1].again);
	assert_int_equal(e.matches[0].text, 1);
	assert_octets(AT, AT + 4, 0);
}

/* Of parts it is the coding of the octets together: alone these have none, or another one. */
static void the_second_coding_of_parts(void **state)
{
	(void)state;
	/* CP949 under UCS-2, cut within a character */
	run_pdu(8,
	        "050003040201"
	        "b9abbcadb7f920b4ebc3e220b0",
	        "");
	assert_true(e.texts[1].again);
	assert_int_equal(e.texts[1].coding, TEXT_CP949);
	run_pdu(8,
	        "050003040202"
	        "a1b4c9c7d5b4cfb4d9c1f6b1dd",
	        "");
	assert_true(e.texts[1].again);
	assert_non_null(strstr((char *)e.texts[1].plain, "대출 가능합니다지금"));
	assert_int_equal(e.texts[1].coding, TEXT_CP949);
	assert_int_equal(e.matches[0].text, 1);
	/* packed septets that only one of two parts looks like: "free casino now and
	 * again", "ok" */
	run_pdu(0,
	        "050003050201"
	        "ccf27219340ecfd3ee37c8fdbe83c26e32287c0ea7dd",
	        "");
	run_pdu(0,
	        "050003050202"
	        "de6b",
	        "");
	assert_true(e.texts[1].again);
	assert_int_equal(e.texts[1].coding, TEXT_GSM7_PACKED);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_coding),        TEST(other_orders_and_octets),
		TEST(packed_septets),     TEST(over_parts),
		TEST(the_second_reading), TEST(the_second_coding_of_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

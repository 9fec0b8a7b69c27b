/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain: what is said of a message is what the data plane does with it, and places are
 * places of the text that was sent.
 */
#include "explain_rig.h"

#include <errno.h>

#include "registry_delta.h"

static const char rules[] =
	"rules:\n"
	"- { id: loan, sentence: loan, action: refuse, command_status: 0x400,\n"
	"    patterns: [ { literal: \"무서류 대출\" } ] }\n"
	"- { id: shout, sentence: shout, weight: 2.5, view: plain,\n"
	"    patterns: [ { regex: 'WIN\\w*' } ] }\n"
	"- { id: click, sentence: click, weight: 3,\n"
	"    patterns: [ { words: [ click, tap ] } ] }\n"
	"- { id: trial, sentence: trial, action: refuse, mode: shadow,\n"
	"    canary: { accounts: [ brave ] }, patterns: [ { literal: casino } ] }\n"
	"- { id: mine, sentence: mine, action: flag, scope: { accounts: [ acme ] },\n"
	"    patterns: [ { literal: lottery } ] }\n"
	"- { id: gone, sentence: gone, action: discard, patterns: [ { literal: pills } ] }\n"
	"- { id: enough, sentence: enough, action: observe, threshold: 3, patterns:\n"
	"    [ { literal: aaa, weight: 2 }, { literal: bbb, weight: 2 } ] }\n"
	"folds: [ { from: △, to: a }, { from: 卜, to: ㅏ } ]\n";

static void open_for(const char *account)
{
	explain_from(&(struct explain_source){
		.rules = rules, .rules_size = sizeof(rules) - 1, .account = account });
}

static int setup(void **state)
{
	(void)state;
	open_for("anyone");
	return 0;
}

static enum match_effect effect(const char *rule)
{
	for (uint32_t i = 0; i < e.set->n_rules; i++)
		if (strcmp(e.set->rules[i].name, rule) == 0)
			return (enum match_effect)e.effects[i];
	fail_msg("no rule %s", rule);
	return MATCH_NONE;
}

/* The only match is at this piece of the plain text. */
static void assert_at(const char *piece)
{
	const struct explain_match *m = &e.matches[0];

	assert_int_equal(e.n_matches, 1);
	assert_int_equal(m->to - m->from, strlen(piece));
	assert_memory_equal(e.texts[m->text].plain + m->from, piece, strlen(piece));
}

static void places_are_of_the_plain_text(void **state)
{
	(void)state;
	submit("직장인 무서류 ㄷHㅊㅜㄹ 가능");
	assert_int_equal(e.texts[0].coding, TEXT_UCS2);
	assert_string_equal((char *)e.texts[0].plain, "직장인 무서류 ㄷHㅊㅜㄹ 가능");
	assert_string_equal((char *)e.texts[0].folded, "직장인 무서류 대출 가능");
	assert_at("무서류 ㄷHㅊㅜㄹ");
	assert_true(e.message.refuse);
	assert_int_equal(e.message.reason, REASON_CONTENT_RULE);
	assert_int_equal(e.message.command_status, 0x400);
	submit("you WINNER of it");
	assert_at("WINNER");
	assert_int_equal(e.matches[0].view, IMAGE_VIEW_PLAIN);
	submit("ＣＡＳＩＮＯ");
	assert_at("ＣＡＳＩＮＯ");
	submit("ㄷ卜: the C△SINO");
	assert_string_equal((char *)e.texts[0].folded, "다: the casino");
	assert_at("C△SINO");
	submit("clean");
	assert_int_equal(e.n_matches, 0);
	assert_int_equal(e.message.reason, REASON_PASS);
}

/* Several places of one pattern, from left to right, none in another. */
static void all_places(void **state)
{
	(void)state;
	submit("WIN WINNER WI WINS");
	assert_int_equal(e.n_matches, 3);
	assert_int_equal(e.matches[0].to, 3);
	assert_int_equal(e.matches[1].from, 4);
	assert_int_equal(e.matches[1].to, 10);
	assert_int_equal(e.matches[2].from, 14);
}

static void weights_add_up(void **state)
{
	(void)state;
	submit("WIN: it is cheap");
	assert_int_equal(e.message.score, 2500);
	assert_false(e.message.refuse);
	assert_int_equal(e.refuse_score, 5000);
	submit("WIN: click");
	assert_int_equal(e.message.score, 5500);
	assert_int_equal(e.message.reason, REASON_CONTENT_SCORE);
	assert_int_equal(effect("click"), MATCH_ACTS);
	submit("aaa");
	assert_int_equal(effect("enough"), MATCH_NONE);
	assert_int_equal(e.n_matches, 1);
	submit("aaa bbb");
	assert_int_equal(effect("enough"), MATCH_ACTS);
	assert_false(e.message.refuse);
}

static void who_sends_it(void **state)
{
	(void)state;
	submit("casino lottery pills");
	assert_int_equal(effect("trial"), MATCH_SHADOW);
	assert_int_equal(effect("mine"), MATCH_BEYOND);
	assert_true(e.message.discard);
	assert_int_equal(e.message.command_status, 0);
	open_for("brave");
	submit("casino");
	assert_int_equal(effect("trial"), MATCH_ACTS);
	assert_true(e.message.refuse);
	assert_int_equal(e.message.command_status, 0x45);
	open_for("acme");
	submit("lottery");
	assert_int_equal(effect("mine"), MATCH_ACTS);
	assert_true(e.message.flagged);
}

static void every_coding_goes_there_and_back(void **state)
{
	static const struct {
		int data_coding;
		const char *text;
	} rows[] = {
		{ 0, "ein @£$ {Wort} \\ für 10 €\n[~]^|" },
		{ 1, "plain ASCII" },
		{ 3, "façade \xc2\xa3" },
		{ 6, "Привет" },
		{ 8, "한글 😀 text" },
		{ 14, "한글과 English" },
	};
	char longer[3001];

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		submit_in(rows[i].text, rows[i].data_coding);
		assert_string_equal((char *)e.texts[0].plain, rows[i].text);
		assert_string_equal(e.texts[0].field, "short_message");
	}
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	submit(longer);
	assert_string_equal((char *)e.texts[1].plain, longer);
	assert_string_equal(e.texts[1].field, "message_payload");
}

static void assert_no_text(const char *text, const char *source, int coding, const char *why)
{
	const struct explain_message message = { text, source, coding, TEXT_GSM7 };

	forget();
	assert_int_equal(explain_pdu_text(&pdu, &pdu_len, &message, error), -EINVAL);
	if (strstr(error, why) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", error, why);
}

static void what_cannot_be_said(void **state)
{
	(void)state;
	assert_no_text("caf\xc3\xa9 한", "1588", 3, "octet 6 of the text: \"한");
	assert_no_text("ab한", "1588", 0, "octet 2 of the text");
	assert_no_text("ab", "1588", 4, "data_coding 4 (binary)");
	assert_no_text("a\xff", "1588", 0, "not UTF-8");
	assert_no_text("ab", "012345678901234567890", 0, "at most 20 octets");
}

static void assert_no_pdu(const char *hex, const char *why)
{
	forget();
	assert_int_equal(explain_pdu_hex(&pdu, &pdu_len, hex, error), -EINVAL);
	if (strstr(error, why) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", error, why);
}

#define HEADER "00000004 00000000 00000001 "

static void bad_hex_names_the_octet(void **state)
{
	(void)state;
	assert_no_pdu("00 00 0", "octet 2, at character 7: \"0\"");
	assert_no_pdu("00 0g", "octet 1, at character 4: \"0g\"");
	assert_no_pdu("", "octet 0 is missing");
	assert_no_pdu("00000010", "octet 4 is missing");
	assert_no_pdu("00000020" HEADER "00", "octet 17 is missing");
	assert_no_pdu("00000010" HEADER "00", "octet 16 is too many");
	assert_no_pdu("00000002" HEADER "00", "octet 0: command_length 2");
	assert_no_pdu("7fffffff" HEADER "00", "octet 0: command_length 2147483647");
	assert_no_pdu("00000010 00000015 00000000 00000001", "octet 4: command_id 0x00000015");
}

static void explain_hex(const char *hex)
{
	forget();
	assert_int_equal(explain_pdu_hex(&pdu, &pdu_len, hex, error), 0);
	assert_int_equal(explain_run(&e, explain, pdu, pdu_len, NOW), 0);
}

static void a_bad_body_names_its_octet(void **state)
{
	(void)state;
	/* service_type, source 0 0 "", destination 0 0 "", ... sm_length 5, two octets */
	explain_hex("00:00:00:23 " HEADER
	            "00 0000 00 0000 00 00 00 00 00 00 00 00 00 00 05 6869");
	assert_int_equal(e.message.reason, REASON_MALFORMED);
	assert_string_equal(e.message.sm.error_field, "short_message");
	assert_int_equal(e.message.sm.error_at, 0x21);
	explain_hex("00000013 " HEADER "00 00 00");
	assert_string_equal(e.message.sm.error_field, "source_addr");
	assert_int_equal(e.message.sm.error_at, 0x13);
	/* A TLV that says more than is there. */
	explain_hex("00000027 " HEADER
	            "00 0000 00 0000 00 00 00 00 00 00 00 00 00 00 02 6869 0424 ffff");
	assert_string_equal(e.message.sm.error_field, "tlv");
	assert_int_equal(e.message.sm.error_at, 0x23);
}

/* Two readings of the same octets: CP949 under the default alphabet. */
static void a_second_reading(void **state)
{
	(void)state;
	/* "무서류 대출" in CP949 */
	explain_hex("0000002c " HEADER "00 0000 00 0000 00 00 00 00 00 00 00 00 00 00 0b"
	            "b9abbcadb7f920b4ebc3e2");
	assert_non_null(e.texts[1].field);
	assert_true(e.texts[1].again);
	assert_int_equal(e.texts[1].coding, TEXT_CP949);
	assert_string_equal((char *)e.texts[1].plain, "무서류 대출");
	assert_true(e.message.refuse);
}

/* Rules that were never pushed, one of them scoped to an account of the registry. */
static void try_other_rules(void)
{
	static const char other[] =
		"rules:\n- { id: roulette, sentence: s, action: flag,\n"
		"    patterns: [ { literal: roulette } ] }\n"
		"- { id: mine, sentence: s, action: refuse, scope: { accounts: [ acme ] },\n"
		"    patterns: [ { literal: poker } ] }\n";

	explain_from(&(struct explain_source){ .registry = temp_path("r.sqlite"),
	                                       .rules = other,
	                                       .rules_size = sizeof(other) - 1,
	                                       .account = "acme" });
	submit("casino");
	assert_int_equal(e.message.reason, REASON_PASS);
	submit("roulette");
	assert_true(e.message.flagged);
	submit("poker");
	assert_int_equal(e.message.reason, REASON_CONTENT_RULE);
	assert_at("poker");
	explain_from_registry("acme"); /* which is as it was */
	submit("poker");
	assert_int_equal(e.message.reason, REASON_PASS);
}

static void who_may_send_is_in_the_registry(void **state)
{
	static const char one[] = "rules:\n- { id: casino, sentence: s, action: refuse,\n"
				  "    patterns: [ { literal: casino } ] }\n";
	const char *names[] = { "casino" };
	struct registry *registry;
	uint64_t generation;

	assert_int_equal(temp_make(state), 0);
	assert_int_equal(registry_open(&registry, temp_path("r.sqlite")), 0);
	import(import_accounts, registry, "system_id\nacme\n");
	import(import_senders, registry, "address,owner\n010-1234-5678,acme\n");
	assert_int_equal(registry_put_rules(registry,
	                                    &(struct rules_push){ "f", "me", one,
	                                                          sizeof(one) - 1, names, 1 },
	                                    &generation),
	                 0);
	registry_close(registry);
	explain_from_registry("nobody");
	submit("casino");
	assert_int_equal(e.message.reason, REASON_ACCOUNT_UNKNOWN);
	explain_from_registry("acme");
	submit("casino");
	assert_int_equal(e.message.reason, REASON_CONTENT_RULE);
	assert_at("casino");
	try_other_rules();
	submit("clean");
	assert_int_equal(e.message.reason, REASON_PASS);
	const struct explain_message foreign = { "clean", "+33123456789", 0, TEXT_GSM7 };
	forget();
	assert_int_equal(explain_pdu_text(&pdu, &pdu_len, &foreign, error), 0);
	assert_int_equal(explain_run(&e, explain, pdu, pdu_len, NOW), 0);
	assert_int_equal(e.message.reason, REASON_SENDER_UNCERTIFIED);
	explain_close(explain);
	explain = NULL;
	const struct explain_source none = { .registry = temp_path("none"), .account = "x" };
	assert_int_equal(explain_open(&explain, &none, &problems, error), -ENOENT);
	assert_non_null(strstr(error, "none"));
	assert_int_equal(temp_remove(state), 0);
}

static void accounts_have_thresholds_and_regimes(void **state)
{
	static const char some[] =
		"rules:\n- { id: heavy, sentence: s, weight: 3, patterns: [ { literal: casino "
		"} ] "
		"}\n"
		"- { id: here, sentence: s, action: refuse, scope: { regimes: [ kr ] },\n"
		"    patterns: [ { literal: bet } ] }\n";
	static const char *const names[] = { "heavy", "here" };
	static const struct rules_push push = { "f", "me", some, sizeof(some) - 1, names, 2 };
	struct registry *registry;
	uint64_t generation;

	assert_int_equal(temp_make(state), 0);
	assert_int_equal(registry_open(&registry, temp_path("r.sqlite")), 0);
	import(import_accounts, registry,
	       "system_id,regime,refuse_score,flag_score\n"
	       "strict,kr,3,\nwatched,sg,never,2.5\nusual,,,\n");
	import(import_senders, registry, "address,owner\n01012345678,strict;watched;usual\n");
	assert_int_equal(registry_put_rules(registry, &push, &generation), 0);
	registry_close(registry);
	explain_from_registry("strict");
	submit("casino");
	assert_int_equal(e.rules_version, 1);
	assert_int_equal(e.message.reason, REASON_CONTENT_SCORE);
	assert_int_equal(e.refuse_score, 3000);
	submit("bet");
	assert_int_equal(e.message.reason, REASON_CONTENT_RULE);
	explain_from_registry("watched");
	submit("casino bet");
	assert_false(e.message.refuse);
	assert_true(e.message.flagged);
	explain_from_registry("usual");
	submit("casino bet");
	assert_int_equal(e.message.reason, REASON_PASS);
	assert_false(e.message.flagged);
	assert_int_equal(temp_remove(state), 0);
}

#define OFFER "This offer ends tonight, write to us for the papers."

/* The campaign that an operator blocked is named, with how far off the text is. */
static void a_blocked_campaign_is_named(void **state)
{
	struct registry_delta block = {
		.op = LINK_BLOCK, .kind = LINK_CAMPAIGN, .radius = 4, .has_radius = true
	};
	struct registry *registry;
	struct link_delta told;
	char name[17];

	submit(OFFER);
	assert_null(e.campaign);
	snprintf(name, sizeof(name), "%016llx",
	         (unsigned long long)(e.message.fingerprint ^ 5));
	block.name = name;
	assert_int_equal(temp_make(state), 0);
	assert_int_equal(registry_open(&registry, temp_path("r.sqlite")), 0);
	import(import_accounts, registry, "system_id\nacme\n");
	import(import_senders, registry, "address,owner\n01012345678,acme\n");
	assert_int_equal(registry_deltas_begin(registry, false), 0);
	assert_int_equal(registry_deltas_end(registry, registry_delta(registry, &block, &told)),
	                 0);
	registry_close(registry);
	explain_from_registry("acme");
	submit(OFFER);
	assert_int_equal(e.message.reason, REASON_CAMPAIGN);
	assert_non_null(e.campaign);
	assert_int_equal(e.campaign->fingerprint, e.message.fingerprint ^ 5);
	submit("The weather is fine, so let us meet at the lake at noon.");
	assert_null(e.campaign);
	assert_int_equal(temp_remove(state), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(places_are_of_the_plain_text),
		TEST(all_places),
		TEST(weights_add_up),
		TEST(who_sends_it),
		TEST(every_coding_goes_there_and_back),
		TEST(what_cannot_be_said),
		TEST(bad_hex_names_the_octet),
		TEST(a_bad_body_names_its_octet),
		TEST(a_second_reading),
		TEST(who_may_send_is_in_the_registry),
		TEST(accounts_have_thresholds_and_regimes),
		TEST(a_blocked_campaign_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

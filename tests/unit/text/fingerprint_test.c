/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fingerprint: what is generalised away, against a slow reading octet by octet; the bits
 * against a slow sum; that small edits are few bits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fingerprint.h"
#include "guard.h"
#include "text.h"

#define OCTETS_MAX 4096u
#define TRIES 60000u

static struct guard in_guard;
static uint64_t random_state = 20261124;

static uint32_t any(uint32_t below)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((random_state >> 33) % below);
}

static bool alnum(uint8_t c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
static bool small(uint8_t c) { return c >= 'a' && c <= 'z'; }
static bool graphic(uint8_t c) { return c > ' ' && c < 0x7F; }

/* Whether at[i ..) begins a symbol; octets of it. */
static size_t symbol(const uint8_t *at, size_t left)
{
	const uint8_t next = left > 1 ? at[1] : 0;

	return at[0] == 0xC2                   ? 2
	       : at[0] == 0xE2                 ? 3
	       : at[0] == 0xE3 && next == 0x80 ? 3
	       : at[0] == 0xF0 && next == 0x9F ? 4
	                                       : 0;
}

/* Whether the word of graphic octets in[from .. to) is a link. */
static bool is_link(const uint8_t *in, size_t from, size_t to)
{
	for (size_t i = from; i + 2 < to; i++)
		if ((alnum(in[i]) && in[i + 1] == '.' && small(in[i + 2])) ||
		    (in[i] == ':' && in[i + 1] == '/' && in[i + 2] == '/'))
			return true;
	return false;
}

/* Of each longest run the first thirteen octets; of one letter three. */
static size_t slow_runs(uint8_t *text, size_t n)
{
	uint8_t was[FINGERPRINT_GENERAL_MAX];
	size_t kept = 0, end;

	memcpy(was, text, n);
	for (size_t i = 0; i < n; i = end) {
		for (end = i; end >= 3 && end < n && was[end] == was[end - 3];)
			end++;
		if (end - i > 10 && was[i] == was[i - 1] && was[i] == was[i - 2])
			continue;
		if (end - i > 10) {
			memcpy(text + kept, was + i, 10);
			kept += 10;
			continue;
		}
		end += end == i;
		memcpy(text + kept, was + i, end - i);
		kept += end - i;
	}
	return kept;
}

/* Octet by octet; what fingerprint.h says, in the order that it says it. */
static size_t slow_general(const uint8_t *in, size_t len, uint8_t *out)
{
	size_t n = 0, skip = 0;

	if (len > FINGERPRINT_TEXT_MAX)
		len = FINGERPRINT_TEXT_MAX;
	for (size_t i = 0; i < len; i++) {
		size_t to = i;
		while (to < len && graphic(in[to]))
			to++;
		if ((i == 0 || !graphic(in[i - 1])) && is_link(in, i, to)) {
			out[n++] = 1;
			i = to - 1;
			skip = 0;
			continue;
		}
		const size_t dropped = symbol(in + i, len - i);
		skip = dropped > skip ? dropped : skip;
		if (skip > 0) {
			skip--;
		} else if (in[i] >= '0' && in[i] <= '9') {
			if (n == 0 || out[n - 1] != '0')
				out[n++] = '0';
		} else if (small(in[i]) || in[i] >= 0x80) {
			out[n++] = in[i];
		}
	}
	return slow_runs(out, n);
}

static uint64_t slow_bits(const uint8_t *general, size_t n)
{
	unsigned sums[64] = { 0 };
	uint64_t bits = 0;

	if (n < FINGERPRINT_MIN)
		return 0;
	for (size_t i = 0; i + 6 <= n; i++) {
		uint64_t h = 0;
		for (unsigned k = 0; k < 6; k++)
			h |= (uint64_t)general[i + k] << 8 * k;
		h *= UINT64_C(0x9e3779b97f4a7c15);
		h = (h ^ h >> 32) * UINT64_C(0x517cc1b727220a95);
		h ^= h >> 29;
		for (unsigned b = 0; b < 64; b++)
			sums[b] += (unsigned)(h >> b & 1);
	}
	for (unsigned b = 0; b < 64; b++)
		bits |= (uint64_t)(2 * sums[b] > n - 5) << b;
	return bits != 0 ? bits : 1;
}

/* A text of pieces that matter here, of any length, some of it no UTF-8. */
static size_t random_text(uint8_t *text, size_t max)
{
	static const char *const pieces[] = {
		"a",           "call",
		" ",           "  ",
		"1",           "010-1234-5678",
		".",           "bit.ly/x1",
		"http://a.kr", "://",
		"대",          "출",
		"상담",        "♠",
		"☎",           "😀",
		"。",          "£",
		"x.y",         "3.14",
		"\n",          "-",
		"무료",        "\xE2",
		"\xF0\x9F",    "0.a",
		"제공",        "ㅋㅋㅋㅋㅋ",
		"ㅋㅋㅎㅎㅎ",  "aaaaaaa",
		"abcabcabca",  "aaaaaaaaaaaaaaab",
	};
	size_t n = 0;

	while (n < max) {
		if (any(50) == 0) {
			text[n++] = (uint8_t)any(256);
			continue;
		}
		const char *piece = pieces[any(sizeof(pieces) / sizeof(pieces[0]))];
		if (n + strlen(piece) > max)
			break;
		memcpy(text + n, piece, strlen(piece));
		n += strlen(piece);
	}
	return n;
}

static void as_the_slow_one(void **state)
{
	(void)state;
	uint8_t general[FINGERPRINT_GENERAL_MAX], slow[FINGERPRINT_GENERAL_MAX];
	uint8_t text[OCTETS_MAX];

	for (unsigned t = 0; t < TRIES; t++) {
		const size_t max = any(20) == 0 ? any(OCTETS_MAX) : any(300);
		const size_t len = random_text(text, max);
		uint8_t *in = guard_end(&in_guard, len);
		memcpy(in, text, len);
		const size_t n = text_generalise(in, len, general);
		const size_t expected = slow_general(in, len, slow);
		if (n != expected || memcmp(general, slow, n) != 0)
			fail_msg("try %u: \"%.*s\" is \"%.*s\", not \"%.*s\"", t, (int)len,
			         (char *)in, (int)n, (char *)general, (int)expected,
			         (char *)slow);
		assert_true(n <= len && n <= FINGERPRINT_TEXT_MAX);
		assert_true(text_fingerprint(in, len) == slow_bits(slow, expected));
	}
}

static uint64_t of(const char *text)
{
	static uint8_t folded[OCTETS_MAX * TEXT_FOLD_GROWTH];
	const size_t len = text_fold((const uint8_t *)text, strlen(text), folded,
	                             strlen(text) * TEXT_FOLD_GROWTH + TEXT_FOLD_GROWTH);

	return text_fingerprint(folded, len);
}

static void same(const char *a, const char *b)
{
	if (of(a) != of(b) || of(a) == 0)
		fail_msg("\"%s\" and \"%s\" are %u bits apart", a, b,
		         fingerprint_distance(of(a), of(b)));
}

static void generalised(void **state)
{
	(void)state;
	same("당신의 대출 한도는 300만원입니다 지금 상담하세요",
	     "당신의 대출 한도는 12,500만원입니다 지금 상담하세요");
	same("무료 상담 신청하세요 지금 bit.ly/a1B2c3 로 오세요",
	     "무료 상담 신청하세요 지금 https://short.kr/zz?u=9 로 오세요");
	same("무료 상담 전화 010-1234-5678 연락 주세요",
	     "무료 상담 전화 01098765432 연락 주세요");
	same("You have won a cash prize, call now!", "YOU HAVE WON A CASH PRIZE call now");
	same("오늘만 최대 금리 인하 대출 상담", "오늘만 최대 금리 인하 대♠출 상☎담");
	same("오늘만 최대 금리 인하 대출 상담", "오 늘 만 최대금리인하 대출😀상담");
	/* Where the links are, and that there is one, is of the campaign. */
	assert_true(of("무료 상담 신청하세요 지금 bit.ly/a1B2c3 로 오세요") !=
	            of("무료 상담 신청하세요 지금 로 오세요"));
	/* Two sentences without a space between are no reason to read across Hangul. */
	assert_true(of("무료상담신청하세요a.kr지금오세요") !=
	            of("무료상담신청하세요a.kr내일오세요"));
}

/* Laughter, or what stands for a name: texts are told apart by the rest. */
static void runs(void **state)
{
#define TWENTY "ㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋ"
#define STARS "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	(void)state;
	same(TWENTY " 오늘 저녁에 영화 보러 갈까", TWENTY TWENTY " 오늘 저녁에 영화 보러 갈까");
	assert_true(fingerprint_distance(of(TWENTY " 오늘 저녁에 영화 보러 갈까"),
	                                 of(TWENTY " 내일 회의는 열 시에 합니다")) > 7);
	assert_true(fingerprint_distance(of(STARS " please pay the rent of october"),
	                                 of(STARS " see you at the gym by half past six")) > 7);
	assert_true(of(TWENTY TWENTY TWENTY) == 0);
	assert_true(of(STARS STARS) == 0);
}

static void too_short(void **state)
{
	(void)state;
	assert_true(of("") == 0);
	assert_true(of("ok see you") == 0);
	assert_true(of("[123456] 인증번호") == 0);
	assert_true(of("abcdefghijklmnopqrstuvw") == 0);
	assert_true(of("abcdefghijklmnopqrstuvwx") != 0);
	assert_true(of("abcdefghijklmnopqrstuvw 1234 5678") != 0);
	assert_true(of("!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!") == 0);
}

/* Random words; then edits of growing size: on the average ever more bits, a few for few. */
static void near(void **state)
{
	(void)state;
	enum { ROUNDS = 400, EDITS = 5, LEN = 180 };
	static const unsigned edits[EDITS] = { 1, 4, 12, 40, LEN };
	uint64_t bits[EDITS] = { 0 };
	uint8_t text[LEN], edited[LEN];

	for (unsigned r = 0; r < ROUNDS; r++) {
		for (unsigned i = 0; i < LEN; i++)
			text[i] = (uint8_t)('a' + any(26));
		for (unsigned e = 0; e < EDITS; e++) {
			memcpy(edited, text, LEN);
			const unsigned from = any(LEN - edits[e] + 1);
			for (unsigned k = from; k < from + edits[e]; k++)
				edited[k] = (uint8_t)('a' + any(26));
			bits[e] += fingerprint_distance(text_fingerprint(text, LEN),
			                                text_fingerprint(edited, LEN));
		}
	}
	for (unsigned e = 1; e < EDITS; e++)
		assert_true(bits[e] > bits[e - 1]);
	assert_true(bits[0] < 7 * ROUNDS); /* six shingles of 175 */
	/* Another text altogether: half of the bits, and so many that none is inside 7. */
	assert_true(bits[EDITS - 1] > 30 * ROUNDS && bits[EDITS - 1] < 34 * ROUNDS);
}

/* No bit is nearly always the same: each halves what it is asked about. */
static void every_bit_tells(void **state)
{
	(void)state;
	enum { ROUNDS = 4000 };
	unsigned set[64] = { 0 };
	uint8_t text[100];

	for (unsigned r = 0; r < ROUNDS; r++) {
		for (unsigned i = 0; i < sizeof(text); i++)
			text[i] = (uint8_t)('a' + any(26));
		const uint64_t f = text_fingerprint(text, sizeof(text));
		for (unsigned b = 0; b < 64; b++)
			set[b] += (unsigned)(f >> b & 1);
	}
	for (unsigned b = 0; b < 64; b++)
		if (set[b] < ROUNDS / 3 || set[b] > 2 * ROUNDS / 3)
			fail_msg("bit %u is set in %u of %u", b, set[b], ROUNDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_the_slow_one),
		cmocka_unit_test(generalised),
		cmocka_unit_test(runs),
		cmocka_unit_test(too_short),
		cmocka_unit_test(near),
		cmocka_unit_test(every_bit_tells),
	};

	in_guard = guard_new(OCTETS_MAX);
	const int failed = cmocka_run_group_tests(tests, NULL, NULL);
	guard_free(&in_guard);
	return failed;
}

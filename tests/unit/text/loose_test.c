/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <utf8proc.h>

#include "guard.h"
#include "loose_priv.h"
#include "text.h"

#define TEXT_MAX 1024u

static struct guard in_guard, out_guard;

/* Between guard pages: folded as a message is, then read loosely. */
static const uint8_t *loose(const char *text, size_t *n)
{
	static uint8_t folded[TEXT_MAX * TEXT_FOLD_GROWTH];
	const size_t len =
		text_fold((const uint8_t *)text, strlen(text), folded, sizeof(folded));
	uint8_t *in = guard_end(&in_guard, len), *out = guard_end(&out_guard, len);

	memcpy(in, folded, len);
	*n = text_loose(in, len, out, len);
	return out;
}

static void read_as(const char *text, const char *expected)
{
	size_t n;
	const uint8_t *out = loose(text, &n);

	if (n != strlen(expected) || memcmp(out, expected, n) != 0)
		fail_msg("\"%s\" is read as \"%.*s\"", text, (int)n, (const char *)out);
}

static void hangul(void **state)
{
	(void)state;
	read_as("대♠출", "대출");
	read_as("대..출 상담", "대출 상담");
	read_as("대1출", "대출");
	read_as("대 출 상 담", "대출상담");
	read_as("카*지*노 이벤트", "카지노 이벤트");
	read_as("ㄷ♠ㅐ출", "대출");
	read_as("ㄷ.ㅐ.ㅊ.ㅜ.ㄹ", "대출");
	read_as("바📞카📞라", "바카라");
	read_as("대 * 출", "대출");
	read_as("대ㆍ출・상･담", "대출상담");
	read_as("대ᆞ출", "대출");
	read_as("카\n지\n노 이벤트", "카지노 이벤트");
	read_as("카 1 지 2 노", "카지노");
	read_as("[카][지][노]", "[카지노]");
	read_as("카!!!!!!지·······노", "카지노");
	read_as("대ㅊ출 카ㅋㅋ지ㅋㅋ노", "대출 카지노");
	read_as("무서\r류", "무서류");
	read_as("카x지x노 대(x)출 대Ж출", "카지노 대출 대출");
}

static void latin(void **state)
{
	(void)state;
	read_as("f r e e money", "free money");
	read_as("get f.r.e.e now", "get free now");
	read_as("V-I-A-G-R-A", "viagra");
	read_as("fr*ee", "free");
	read_as("c4sh l0an pr1ze", "cash loan prize");
	read_as("fr☆ee", "free");
	read_as("f1r1e1e c2a2s2h", "free cash");
	read_as("f ı r s a t", "firsat");
	read_as("ü c r e t s i z", "ücretsiz");
	read_as("ü-c-r-e-t", "ücret");
	read_as("ü-c-r-é-t", "ucret");
	read_as("güçlü böñus", "guclu bonus");
	read_as("cásíno", "casino");
	read_as("c·á・s‧i•n⋅o", "casino");
	read_as("f\nr\ne\ne", "free");
	read_as("CA51NO c4s1n0 ｃa$ino", "casino casino casino");
	read_as("cas|no", "casino");
	read_as("ca-si-no c_as_in_o ca.si.no", "casino casino casino");
	read_as("cas-ino (via.gra) casi_no, cas-ino.", "casino (viagra) casino, casino.");
	read_as("cas\rino ca\v\fsino cas\xC2\x85ino cas\u2028ino",
	        "casino casino casino casino");
	read_as("cas\xEE\x80\x80ino", "casino");
	read_as("casin○ casin0 c⭕de ©asino", "casino casino code casino");
	read_as("fr^ee", "free");
	read_as("fr**ee f~*~ree fr🎰🎰ee", "free free free");
	read_as("fr****ee w**w now** **ok", "fr****ee ww now** **ok");
	read_as("b|ue ca|l spec|al w|th", "blue call special with");
	read_as("$ale @ll fr€e €nter", "sale all free enter");
	read_as("+ex+ fre€ cal| |ong |nc !nstan+", "text free call long inc instant");
	read_as("$€xy 0ffer c@p!+al bes+, game$", "sexy offer capital best, games");
	read_as("(f)(r)[e](e) [c][a][s][h] f(r)e(e)!", "free cash free)!");
}

/* Telephone numbers that are not written as such. */
static void numbers(void **state)
{
	(void)state;
	read_as("tel 010*1234*5678 or", "tel 010-1234-5678 or");
	read_as("010-1234*5678, 0 1 0 1 2 3 4 5 6 7 8", "010-1234-5678, 01012345678");
	read_as("010 / 1234 / 5678", "010-1234-5678");
	read_as("010·1234·5678", "010-1234-5678");
	read_as("０１０．１２３４．５６７８", "010-1234-5678");
	read_as("0.1.0.1.2.3.4.5.6.7.8 02~123~4567", "01012345678 02-123-4567");
	read_as("공일공 일이삼사 오육칠팔", "010-1234-5678");
	read_as("전화공일공-일이삼사-오륙칠팔이 번호", "전화010-1234-5678이 번호");
	read_as("영일영일이삼사오육칠팔로", "01012345678로");
	read_as("전화010 1234*5678, 전화O1O 1234 5678", "전화010-1234-5678, 전화010-1234-5678");
	read_as("공1공-1234-5678 0일0 1234 5678", "010-1234-5678 010-1234-5678");
	read_as("〇一〇一二三四五六七八", "01012345678");
	read_as("⓪①⓪ 1234*5678", "010-1234-5678");
	read_as("call zero eight zero one two three four five six!", "call 080123456!");
	read_as("O1O-1234-5678 OlO-l234-5678 0I0 1234 5678",
	        "010-1234-5678 010-1234-5678 010-1234-5678");
	read_as("010*1234*56789", "");
	read_as("010*1234", "");
}

static void urls(void **state)
{
	(void)state;
	read_as("hxxp://a.kr", "http://a.kr");
	read_as("hxxps : // bit . ly / abc", "https://bit.ly/abc");
	read_as("bit[.]ly", "bit.ly");
	read_as("bit (dot) ly/x", "bit.ly/x");
	read_as("see bit dot ly", "see bit.ly");
	read_as("evil•com evil , com evil・net", "evil.com evil.com evil.net");
	read_as("see evil. com now", "see evil.com now");
	read_as("well. common, comma,net", "well. common, comma.net");
	read_as("bit 점 ly", "bit.ly");
	read_as("bit . ly", "bit.ly");
	read_as("xx*.c3o3m", "xx*.com");
	read_as("kk**.C0M열쐬", "kk**.com열쐬");
	read_as("kk.C0MCODE:x", "kk.comcode:x");
	read_as("h2t2t2p2s://ab.c2o2m/x", "https://ab.com/x");
	read_as("http://evil%2Ekr/%41%62c", "http://evil.kr/abc");
	read_as("evil%2ekr http://%65vil.kr", "evil.kr http://evil.kr");
	read_as("http://a.kr/a%2", "");
	read_as("http://a.kr/?q=%20x%EA%B0%80%", "");
	read_as("100%2e 5%41b", "");
	read_as("xx.c1o1m1정1성", "xx.com정성");
}

/* Letters with marks are a language's if all letters of the text are; addresses apart. */
static void own_marks(void **state)
{
	(void)state;
	read_as("böñus", "bonus");
	read_as("wın çaşh now.", "win cash now.");
	read_as("extra çaşh bönüş www.a.tr q", "extra cash bonus www.a.tr q");
	read_as("카지노 bönüş", "카지노 bonus");
	read_as("güçlü b*nüş www.axa.tr/x x.tr w3 axa", "güçlü bnüş www.axa.tr/x x.tr w3 axa");
}

/* The table of letters without marks beside another decomposition; strokes and hooks, which
 * letters do not decompose into, go by their names. */
static void marks(void **state)
{
	unsigned with_marks = 0, with_strokes = 0;

	(void)state;
	for (utf8proc_int32_t c = 0xC0; c < 0x20000; c++) {
		utf8proc_uint8_t text[5] = "", *bare = NULL;
		utf8proc_int32_t left;
		const utf8proc_option_t options =
			UTF8PROC_NULLTERM | UTF8PROC_DECOMPOSE | UTF8PROC_STRIPMARK;

		if ((c >= 0xD800 && c < 0xE000) || kind_of((uint32_t)c) != LETTER)
			continue;
		utf8proc_encode_char(c, text);
		const utf8proc_ssize_t n = utf8proc_map(text, 0, &bare, options);
		const bool one = n > 0 && utf8proc_iterate(bare, n, &left) == n;
		const uint32_t expected = one && left != c ? (uint32_t)left : 0;
		const uint32_t bare_letter = loose_word((uint32_t)c) & 0xFFFF;
		const bool stroke =
			one && left >= 0x80 && bare_letter >= 'a' && bare_letter <= 'z';
		with_strokes += stroke;
		if (bare_letter != expected && !stroke)
			fail_msg("U+%04X is bare U+%04X", (unsigned)c, loose_word((uint32_t)c));
		with_marks += expected != 0;
		free(bare);
	}
	assert_true(with_marks > 700);
	assert_in_range(with_strokes, 100, 250);
	read_as("møre łoan ƈaʂiɳo", "more loan casino");
}

/* What people write is read once. */
static void clean(void **state)
{
	static const char *const texts[] = {
		"",
		"www.bit.ly/ab e-mail 12-34-56 win10 abc0 iphone100 a,b",
		"one\r\ntwo\r\nthree",
		"안녕하세요 고객님, 주문하신 상품이 배송되었습니다.",
		"Hello there. Next week at 5 pm, ok?",
		"http://bit.ly/a1b2c3 see you",
		"http://a.kr/b1c2d1",
		"http://a.kr/x.b0c1",
		"3시 30분에 만나요",
		"call 010-1234-5678",
		"a dot",
		"dot com",
		"end. next",
		"x/y and z / w",
		"I am",
		"ㅋㅋㅋ 네 ㅎㅎ",
		"총 3 명이 왔다",
		"방 2 개",
		"abc100 x1",
		"$50 @5",
		"5th 10am 0 a",
		"hi! ok? (yes!) a+ 5",
		"Güçlü bir ağaç, şöyle",
		"02-123-4567 (031) 123-4567 010 1234 5678",
		"05:30:10, 0, 1, 2, 3, 4, 5, 6, 7, 8 05.12.2026",
		"제공 일이 영 아니다 zero one two",
		"갤럭시tv구매 비타민 c 함유"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		size_t n;
		const uint8_t *out = loose(texts[i], &n);
		if (n != 0)
			fail_msg("\"%s\" is read as \"%.*s\"", texts[i], (int)n,
			         (const char *)out);
	}
}

/* Pieces in any order, and octets of no meaning: never longer, never outside. */
static void bounds(void **state)
{
	static const char *const pieces[] = {
		"대", "ㄷ", "ㅐ", "H", "f",  " ",  ".", "[.]",          "dot",  "hxxp",    ":",
		"/",  "♠",  "1",  "@", "점", "。", "(", "\xE1\x84\x83", "\xEA", "\xF0\x9F"
	};

	(void)state;
	srandom(7);
	for (unsigned round = 0; round < 60000; round++) {
		char text[TEXT_MAX] = "";
		const unsigned n = (unsigned)random() % 24;
		size_t len = 0;
		for (unsigned i = 0; i < n; i++)
			len += strlen(strcpy(text + len, pieces[random() % 21]));
		uint8_t *in = guard_end(&in_guard, len), *out = guard_end(&out_guard, len);
		memcpy(in, text, len);
		assert_true(text_loose(in, len, out, len) <= len);
	}
}

/* text_loose() built to skip nothing, and what it is told instead of loose_seek(). */
size_t twin_loose(const uint8_t *in, size_t len, uint8_t *out, size_t cap);
size_t twin_seek(struct loose_marks *marks, size_t from);

size_t twin_seek(struct loose_marks *marks, size_t from)
{
	(void)marks;
	return from;
}

/* Whether some of the text was skipped, unread. */
static bool compare(const uint8_t *text, size_t len)
{
	static uint8_t twin[TEXT_MAX * TEXT_FOLD_GROWTH];
	uint8_t *in = guard_end(&in_guard, len), *out = guard_end(&out_guard, len);

	memcpy(in, text, len);
	const size_t expected = twin_loose(in, len, twin, len);
	const size_t n = text_loose(in, len, out, len);
	if (n != expected || memcmp(out, twin, n) != 0)
		fail_msg("\"%.*s\" is read as \"%.*s\", not as \"%.*s\"", (int)len,
		         (const char *)in, (int)n, (const char *)out, (int)expected,
		         (const char *)twin);
	struct loose_marks marks = { .in = in, .len = len, .foreign = loose_foreign(in, len) };
	return loose_seek(&marks, 0) > LOOSE_REWIND;
}

/* What is skipped is what would not change: words as people write them, strewn pieces among
 * them now and then, so that there is something to skip, of any length. */
static void twins(void **state)
{
	static const char *const words[] = { "hello",      "고객님", "the",    "상품이",
		                             "i",          "배송",   "이",     "12",
		                             "www.a.kr/x", "그",     "ok,",    "안녕하세요.",
		                             "a",          "(주)",   "people", "3시",
		                             "don't",      "note:" };
	static const char *const pieces[] = {
		"대",     "출",   "ㄷ",   "ㅐ",   "f",   "r",   "é",       "ж",   " ",
		"  ",     "\t",   "\n",   ".",    "[",   "]",   "[.]",     "(",   ")",
		"dot",    "점",   "hxxp", "h**p", "://", ":",   "/",       "♠",   "·",
		"。",     "1",    "0",    "2",    "@",   "$",   "*",       "-",   "!",
		"abc",    "한글", "漢",   "ก",    "א",   "😀",   "ꀀ",      "힣",  "힠",
		"á",      "й",    "ㆍ",   "・",   "|",   "5",   "가 1 나", "ｗ",  "+",
		"€",      "ü",    "공",   "일",   "0*",  "010", "1234",    "o1o", "zero one ",
		"공일공", "x",    "〇",   "영 "
	};
	unsigned skipped = 0;

	(void)state;
	srandom(11);
	for (unsigned round = 0; round < 400000; round++) {
		const unsigned n = 1 + (unsigned)random() % 40,
			       often = 1 + (unsigned)random() % 60;
		char text[TEXT_MAX] = "";
		size_t len = 0;
		for (unsigned i = 0; i < n; i++) {
			const bool strewn = (unsigned)random() % often == 0;
			const char *piece =
				strewn ? pieces[(size_t)random() %
			                        (sizeof(pieces) / sizeof(pieces[0]))]
				       : words[(size_t)random() %
			                       (sizeof(words) / sizeof(words[0]))];
			len += strlen(strcpy(text + len, piece));
			if (!strewn)
				text[len++] = ' ';
		}
		skipped += compare((const uint8_t *)text, len);
	}
	assert_true(skipped > 10000);
}

/* The longest of each rule. */
static const char *const longest[] = { "f - -r - -e",
	                               "bit    (    \xC2\xB7    ) ly",
	                               "bit(    .    )ly",
	                               "a    [    dot    ]b",
	                               "a    :    /    /    b",
	                               "a.b    /    c",
	                               "대 - ★출",
	                               "대😀😀😀😀출",
	                               "가    나",
	                               "가나 - 다",
	                               "가 - 나다",
	                               "가 나다",
	                               "가나 다",
	                               "hxxp",
	                               "h**p",
	                               "a1b",
	                               "a.b.c0m",
	                               "a dot b",
	                               "a 점 b",
	                               "f 1r 1e",
	                               "é f g",
	                               "f é g",
	                               "f g é",
	                               "cásíno",
	                               "fr|ee c4s1n0",
	                               "x@5$n",
	                               "+e",
	                               "+€$ale",
	                               "0ffer",
	                               "bes+",
	                               "al|",
	                               "güb*n",
	                               "카 1 지 2 노",
	                               "f\nr\ne",
	                               "대ㆍ출",
	                               "가나☆",
	                               "가 나☆",
	                               "카x지",
	                               "가(x)나",
	                               "010-1234*5678",
	                               "010 1234 -*5678",
	                               "(02) 123 -·4567",
	                               "0 1 0 1 2 3 4 5 6 7 8",
	                               "공일공일이삼사오육칠팔",
	                               "가공일공 일이삼사 오육칠팔",
	                               "영 일 영일이삼사오육칠팔",
	                               "0일0-1234-5678",
	                               "01o-1234-5678",
	                               "olo-1234-5678",
	                               "0 1o-1234-5678",
	                               "evil.com",
	                               "zero one zero one two three four five six" };

/* They, at every place of a set of 64 octets, and with more behind. */
static void edges(void **state)
{
	static const char *const behind[] = { "", " ", "x", " and more of it to be read on" };
	uint8_t text[TEXT_MAX];

	(void)state;
	for (size_t k = 0; k < sizeof(longest) / sizeof(longest[0]); k++) {
		for (size_t before = 0; before < 4 * 90; before++) {
			const char *end = behind[before % 4];
			const size_t n = strlen(longest[k]), more = strlen(end);
			memset(text, 'b', sizeof(text));
			for (size_t i = before / 4; i > 0; i -= i < 7 ? i : 7)
				text[i - 1] = ' ';
			memcpy(text + before / 4, longest[k], n);
			memcpy(text + before / 4 + n, end, more);
			(void)compare(text, before / 4 + n + more);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hangul),  cmocka_unit_test(latin), cmocka_unit_test(urls),
		cmocka_unit_test(marks),   cmocka_unit_test(clean), cmocka_unit_test(bounds),
		cmocka_unit_test(twins),   cmocka_unit_test(edges), cmocka_unit_test(own_marks),
		cmocka_unit_test(numbers),
	};
	in_guard = guard_new(TEXT_MAX * TEXT_FOLD_GROWTH);
	out_guard = guard_new(TEXT_MAX * TEXT_FOLD_GROWTH);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

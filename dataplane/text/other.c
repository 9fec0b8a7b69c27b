/* SPDX-License-Identifier: Apache-2.0 */
/*
 * other: in which other coding octets make sense that were announced as one.
 *
 * One look at the octets, 64 at a time, passes what is plausible as announced: ASCII, and in
 * UCS-2 a text of which most units are Latin, Greek, Cyrillic, Hebrew, Arabic, Thai or Hangul.
 * Only of the rest is asked what it may be as well.
 */
#include "text_priv.h"

#include <string.h>

#define PACKED_MIN 6u /* septets: fewer are plausible by chance */
#define PACKED_MAX 1024u
/* Octets with bit 7 in a row: of what is UTF-8 fewer hide no word when that bit is taken off,
 * since each of its characters is a letter and a sign or more then. */
#define UTF8_RUN_MIN 6u
#define EVEN UINT64_C(0x5555555555555555)

static bool any_high(const uint8_t *in, size_t len)
{
	for (size_t i = 0; i < len; i += WIDE)
		if (wide_high(wide_load(in + i, len - i < WIDE ? len - i : WIDE)) != 0)
			return true;
	return false;
}

/* What only texts have that are worth a second look: octets with bit 7, and those that are
 * the first of UTF-16 in scripts below U+0700. */
static bool is_plain(const uint8_t *in, size_t len)
{
	for (size_t i = 0; i < len; i += WIDE) {
		const size_t n = len - i < WIDE ? len - i : WIDE;
		const struct wide w = wide_load(in + i, n);
		if ((wide_high(w) | (wide_between(w, 0x00, 0x06) & wide_first(n))) != 0)
			return false;
	}
	return true;
}

/* Controls that no text of octets has; it may have ends of lines and tabs. */
static bool any_control(const uint8_t *in, size_t len)
{
	for (size_t i = 0; i < len; i += WIDE) {
		const size_t n = len - i < WIDE ? len - i : WIDE;
		const struct wide w = wide_load(in + i, n);
		if (((wide_between(w, 0x00, 0x1F) & ~wide_between(w, '\t', '\r')) &
		     wide_first(n)) != 0)
			return true;
	}
	return false;
}

static bool is_ascii_letter(uint8_t c) { return (c | 32) >= 'a' && (c | 32) <= 'z'; }

/* Pairs of CP949, those of them that are syllables of Hangul, and octets that are neither a
 * pair's nor ASCII; of the syllables those with no Latin letter before them since another. */
struct korean {
	size_t pairs, syllables, strays, together;
};

static struct korean count_korean(const uint8_t *in, size_t len)
{
	struct korean k = { 0 };
	bool behind = false;

	for (size_t i = 0; i < len; i++) {
		if (in[i] < 0x80) {
			k.strays += text_is_control(in[i]);
			behind &= !is_ascii_letter(in[i]);
			continue;
		}
		const uint16_t c = text_cp949_pair(in + i, len - i);
		const bool syllable = c >= 0xAC00 && c < 0xD7A4;
		k.pairs += c != 0;
		k.syllables += syllable;
		k.strays += c == 0;
		k.together += syllable && behind;
		behind |= syllable;
		i += c != 0;
	}
	return k;
}

/* CP949 without a hole, and with a syllable of Hangul in it: octets of Latin-1, UTF-8 or
 * UTF-16 hardly ever come in such pairs; but single letters of UTF-8 with accents do, which a
 * Latin text has here and there, and one syllable is no word. */
static bool is_korean(const uint8_t *in, size_t len)
{
	const struct korean k = count_korean(in, len);

	return k.syllables != 0 && k.strays == 0 &&
	       (k.together != 0 || !text_utf8_valid(in, len));
}

/* UTF-8 or CP949 but for a few octets, which receivers pass over. UTF-16 has more holes, and
 * a 0 in each space. */
static enum text_coding broken(enum text_coding coding, const uint8_t *in, size_t len)
{
	if (coding != TEXT_UTF8 && text_mostly_utf8(in, len))
		return TEXT_UTF8;
	const struct korean k = count_korean(in, len);
	const bool korean = k.syllables != 0 && text_few_strays(k.pairs, k.strays) &&
	                    memchr(in, 0, len) == NULL;
	return korean && coding != TEXT_CP949 ? TEXT_CP949 : TEXT_UNKNOWN;
}

/* Units of UTF-16, in either order, that are of alphabets below U+0700, Thai, or Hangul. */
struct units {
	size_t all, big, little;
};

static struct units count_units(const uint8_t *in, size_t len)
{
	struct units u = { .all = len / 2 };

	for (size_t i = 0; i + 1 < len; i += WIDE) {
		const size_t n = len - i < WIDE ? (len - i) & ~(size_t)1 : WIDE;
		const struct wide w = wide_load(in + i, n);
		const uint64_t there = wide_first(n), zero = wide_equal(w, 0x00);
		const uint64_t printed =
			wide_between(w, 0x20, 0xFF) | wide_equal(w, '\n') | wide_equal(w, '\r');
		const uint64_t script = wide_between(w, 0xAC, 0xD7) |
		                        wide_between(w, 0x03, 0x06) | wide_equal(w, 0x0E);
		const uint64_t big = (script | (zero & printed >> 1)) & EVEN & there;
		const uint64_t little = (script | (zero & printed << 1)) & ~EVEN & there;
		u.big += (size_t)__builtin_popcountll(big);
		u.little += (size_t)__builtin_popcountll(little);
	}
	return u;
}

static bool are_most(size_t units, size_t all) { return units >= 2 && 2 * units > all; }

/* UTF-16 of either order, where octets were announced. */
static enum text_coding units_of(const uint8_t *in, size_t len)
{
	const struct units u = count_units(in, len);

	if (are_most(u.big, u.all) && u.big >= u.little)
		return TEXT_UCS2;
	return are_most(u.little, u.all) ? TEXT_UCS2_LE : TEXT_UNKNOWN;
}

static bool is_letter(uint8_t septet)
{
	return (septet >= 'a' && septet <= 'z') || (septet >= 'A' && septet <= 'Z') ||
	       (septet >= '0' && septet <= '9') || septet == ' ';
}

/* Octets that are letters, digits and spaces when septets are taken out of them. */
static bool is_packed(const uint8_t *in, size_t len, size_t udh_octets)
{
	uint8_t septets[PACKED_MAX];
	size_t letters = 0, controls = 0;

	const size_t found = text_unpack(in, len, udh_octets, septets, PACKED_MAX);
	const size_t n = found < PACKED_MAX ? found : PACKED_MAX;
	for (size_t i = 0; i < n; i++) {
		letters += is_letter(septets[i]);
		controls += septets[i] < 0x20 && septets[i] != '\n' && septets[i] != '\r';
	}
	return n >= PACKED_MIN && 4 * letters >= 3 * n && 16 * controls <= n;
}

/* Octets that GSM 7-bit has letters at and ASCII none: an accent there hides a word of them. Of
 * those that texts of ASCII have too only where letters stand beside them. */
static bool any_gsm_letter(const uint8_t *in, size_t len)
{
	for (size_t i = 0; i < len; i += WIDE) {
		const size_t n = len - i < WIDE ? len - i : WIDE;
		const struct wide w = wide_load(in + i, n);
		const uint64_t controls = wide_between(w, 0x04, 0x08) |
		                          wide_between(w, 0x0B, 0x0C) |
		                          wide_between(w, 0x0E, 0x1F);
		const uint64_t letters = wide_between(wide_lower(w), 'a', 'z');
		const uint64_t brackets = wide_equal(w, '[') | wide_equal(w, ']');
		const uint64_t signs = wide_between(w, '\\', '^') | wide_between(w, '{', 0x7F);
		/* What is in the next set, or was in the last, may be a letter. */
		const uint64_t before = letters << 1 | (i != 0);
		const uint64_t behind = letters >> 1 | (uint64_t)(n == WIDE) << (WIDE - 1);
		const uint64_t found = controls | (signs & ~brackets & (before | behind)) |
		                       (brackets & before & behind);

		if ((found & wide_first(n)) != 0)
			return true;
	}
	return false;
}

/* Where each octet is a character, ASCII's but for those with bit 7. */
static enum text_coding gsm_or_none(enum text_coding coding, const uint8_t *in, size_t len)
{
	if (coding == TEXT_GSM7)
		return text_may_be_masked(coding, in, len) ? TEXT_GSM7_MASKED : TEXT_UNKNOWN;
	return coding != TEXT_UTF8 && text_may_be_gsm(in, len) ? TEXT_GSM7 : TEXT_UNKNOWN;
}

bool text_may_be_gsm(const uint8_t *in, size_t len)
{
	return !any_high(in, len) && any_gsm_letter(in, len);
}

bool text_may_be_masked(enum text_coding coding, const uint8_t *in, size_t len)
{
	size_t letters = 0, run = 0, longest = 0;

	if (coding != TEXT_GSM7 || !any_high(in, len))
		return false;
	for (size_t i = 0; i < len; i++) {
		letters += is_letter(in[i] & 0x7F);
		run = in[i] < 0x80 ? 0 : run + 1;
		longest = run > longest ? run : longest;
	}
	return 4 * letters >= 3 * len && (longest >= UTF8_RUN_MIN || !text_utf8_valid(in, len));
}

/* Where the first coding has one octet a character, or CP949. */
static enum text_coding other_octets(enum text_coding coding, const uint8_t *in, size_t len,
                                     size_t udh_octets)
{
	const bool utf8 = text_utf8_valid(in, len) && !any_control(in, len);
	/* GSM 7-bit is read as UTF-8 already when it is. */
	const bool known = coding == TEXT_GSM7 || coding == TEXT_UTF8;

	if (utf8 && !known)
		return TEXT_UTF8;
	if (coding != TEXT_CP949 && is_korean(in, len))
		return TEXT_CP949;
	/* Pairs of CP949 look like units of Hangul: only controls tell UTF-16 from them. */
	if (utf8 || (coding == TEXT_CP949 && !any_control(in, len)))
		return gsm_or_none(coding, in, len);
	if (coding == TEXT_GSM7 && is_packed(in, len, udh_octets))
		return TEXT_GSM7_PACKED;
	const enum text_coding other = broken(coding, in, len);
	const enum text_coding units = other != TEXT_UNKNOWN ? other : units_of(in, len);
	return units != TEXT_UNKNOWN ? units : gsm_or_none(coding, in, len);
}

/* Where UCS-2 was announced. Units of Hangul may be CP949: B4 EB C3 E2. */
static enum text_coding other_units(const uint8_t *in, size_t len)
{
	const struct units u = count_units(in, len);

	/* Whoever knows no BOM reads on in the usual order. */
	if (len >= 2 && in[0] == 0xFF && in[1] == 0xFE)
		return TEXT_UCS2;
	/* What has no control at all has neither Latin letters of UCS-2 nor its spaces. */
	if (!any_control(in, len)) {
		if (text_utf8_valid(in, len))
			return TEXT_UTF8;
		if (is_korean(in, len))
			return TEXT_CP949;
	}
	if (are_most(u.big, u.all) && u.big >= u.little)
		return TEXT_UNKNOWN;
	return are_most(u.little, u.all) ? TEXT_UCS2_LE : TEXT_UNKNOWN;
}

/* A unit that messages of here are written in: ASCII, signs, Hangul, full-width forms. */
static bool is_usual_unit(uint32_t c, bool *letter)
{
	const bool syllable = c >= 0xAC00 && c < 0xD7A4;
	const bool alphanumeric =
		(c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');

	*letter |= syllable || alphanumeric;
	return syllable || (c >= 0x20 && c < 0x7F) || c == '\n' || c == '\r' ||
	       (c >= 0x2000 && c < 0x2800) || (c >= 0x3000 && c < 0x3040) ||
	       (c >= 0x3130 && c < 0x3190) || (c >= 0xFF01 && c < 0xFF5F);
}

/* Of random octets one unit in five is such a one; of a text one in eight may be another, like
 * half a picture, or a BOM. */
static bool is_ucs2(const uint8_t *in, size_t len)
{
	bool letter = false;
	size_t others = 0;

	for (size_t i = 0; i + 1 < len; i += 2)
		others += !is_usual_unit((uint32_t)in[i] << 8 | in[i + 1], &letter);
	return letter && others <= len / 16;
}

/* Syllables alone may look like both: with a space or a digit of UCS-2 it is that. */
static enum text_coding other_than_binary(enum text_coding coding, const uint8_t *in,
                                          size_t len)
{
	if (is_ucs2(in, len) && (memchr(in, 0, len) != NULL || !is_korean(in, len)))
		return TEXT_UCS2;
	if (!any_high(in, len))
		return coding == TEXT_BINARY ? gsm_or_none(coding, in, len) : TEXT_UNKNOWN;
	if (is_korean(in, len))
		return TEXT_CP949;
	/* It is read as UTF-8 already when it is. */
	return text_utf8_valid(in, len) ? TEXT_UNKNOWN : broken(TEXT_BINARY, in, len);
}

enum text_coding text_other_coding(enum text_coding coding, const uint8_t *in, size_t len,
                                   size_t udh_octets)
{
	switch (coding) {
	case TEXT_GSM7:
	case TEXT_ASCII:
	case TEXT_LATIN1:
	case TEXT_CYRILLIC:
	case TEXT_HEBREW:
	case TEXT_CP949:
	case TEXT_UTF8:
		if (is_plain(in, len))
			return coding == TEXT_GSM7 ? TEXT_UNKNOWN
			                           : gsm_or_none(coding, in, len);
		return other_octets(coding, in, len, udh_octets);
	case TEXT_UCS2:
		return other_units(in, len);
	case TEXT_BINARY:
	case TEXT_UNKNOWN:
		return other_than_binary(coding, in, len);
	default:
		return TEXT_UNKNOWN;
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text: user data octets to folded UTF-8.
 *
 * Tables are generated at build time from the system's own sources (glibc iconv,
 * unicode-data), never typed in. Output is always valid UTF-8: Hyperscan's
 * behaviour on anything else is undefined. Nothing here allocates.
 *
 * Threads: pure functions over constant tables; any thread.
 */
#ifndef DP_TEXT_H
#define DP_TEXT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "check.h"

/* Numbers are part of the image (struct image_account.alphabet). */
enum text_coding {
	TEXT_GSM7 = 1, /* 3GPP TS 23.038 default alphabet, one septet per octet */
	TEXT_ASCII = 2,
	TEXT_LATIN1 = 3,
	TEXT_UCS2 = 4,  /* UTF-16BE in practice: surrogates joined, BOM honoured */
	TEXT_CP949 = 5, /* "KS C 5601" of SMPP, as the field sends it */
	TEXT_UTF8 = 6,
	TEXT_GSM7_PACKED = 7, /* septets packed into octets */
	TEXT_BINARY = 8,      /* not announced as text; read as Latin-1, which reads anything */
	TEXT_UNKNOWN = 9,     /* reserved or unsupported data_coding: undecodable */
	TEXT_CYRILLIC = 10,   /* ISO 8859-5 */
	TEXT_HEBREW = 11,     /* ISO 8859-8 */
	TEXT_UCS2_LE = 12,    /* the same as UCS2, little endian unless a BOM says otherwise */
	TEXT_GSM7_MASKED =
		13, /* GSM7 where bit 7 of an octet is nothing; only as other coding */
	TEXT_CODINGS
};

/* Worst growth, octets of UTF-8 per octet of user data: packed GSM under national language
 * tables 24/7 (7 octets are 8 septets of at most 3), without them 16/7, GSM and ISO 8859 2,
 * CP949 and UCS-2 3/2, others 1; rounded up.
 * Folding: 11 (U+FDFA, 3 octets, is 18 characters in 33). A test has both as maxima. */
#define TEXT_GROWTH 4u
#define TEXT_FOLD_GROWTH 11u

/* Class of a data_coding by a table of 256 (SMPP 3.4 section 5.2.19, TS 23.038
 * section 4 groups); 0 and other "SMSC default" values give default_alphabet. */
enum text_coding text_coding(uint8_t data_coding, enum text_coding default_alphabet);

/*
 * Decode in[0 .. len) into out as UTF-8. udh_octets: only for TEXT_GSM7_PACKED,
 * septet alignment after a user data header of that many octets (UDHL included;
 * 0 without one). Returns octets written; -EILSEQ (no character of the coding is at
 * some place; out then holds nothing of use); -ENOSPC (cap < TEXT_GROWTH * len:
 * nothing was read). Never writes outside out[0 .. cap).
 *
 * Readings, where the field departs from the specifications:
 * - TEXT_GSM7 cannot fail. An octet with bit 7 is no septet, so a text that has one
 *   is read whole as UTF-8 when it is valid UTF-8, else as Latin-1. An ESC with a
 *   septet that the extension table lacks is that septet's default character (TS
 *   23.038 section 6.2.1.1), ESC ESC and a last ESC are a space.
 * - TEXT_GSM7_PACKED cannot fail. A last septet of 0 that ends on an octet boundary is
 *   padding, not "@".
 * - TEXT_UCS2 begins big endian; a first U+FEFF in either order is a BOM and goes.
 * - TEXT_BINARY is read as UTF-8 or else as Latin-1: handsets show such a text, one as this,
 *   another as that. TEXT_UNKNOWN is -EILSEQ.
 */
must_use int64_t text_decode(enum text_coding coding, const uint8_t *in, size_t len,
                             size_t udh_octets, uint8_t *out, size_t cap);

/*
 * The same under the national language tables of a user data header (TS 23.038 section
 * 6.2.1.2): identifiers of its elements 0x25 (locking) and 0x24 (single shift), 0 = none.
 * They concern GSM 7-bit alone; an identifier without a table is as none.
 */
struct text_language {
	uint8_t lock, shift;
};
must_use int64_t text_decode_in(const struct text_language *language, enum text_coding coding,
                                const uint8_t *in, size_t len, size_t udh_octets, uint8_t *out,
                                size_t cap);

/*
 * The same without octets that are no character of the coding, and without controls where it
 * has one octet for them: receivers show the rest. Of CP949, UTF-8 and UTF-16; a BOM goes and
 * decides nothing. -ENOSPC: cap < (TEXT_GROWTH + 1) * len.
 */
must_use int64_t text_decode_mended(enum text_coding coding, const uint8_t *in, size_t len,
                                    size_t udh_octets, uint8_t *out, size_t cap);

/*
 * A second coding in which the octets make sense as well, where the field lies about the
 * first, to be read with text_decode_mended(): a few octets of it may be no character. Under
 * the default alphabet, ASCII, ISO 8859, CP949 and UTF-8: CP949, UTF-8, and UTF-16 of either
 * order; under the default alphabet packed septets as well, and septets without their bit 7;
 * where GSM 7-bit was not announced that, if it has letters where the other has signs (phones
 * obey TS 23.038, which has that alphabet at 1, 3, 6 and 7). Under UCS-2: the other order, also
 * where a BOM has little endian (phones that know no BOM read on as ever), CP949, and UTF-8
 * with ASCII. In binary and what is unknown: CP949, UTF-8, UCS-2. TEXT_UNKNOWN: there is none,
 * as of all that is plausible as announced. Whoever may read it so has to judge both.
 */
enum text_coding text_other_coding(enum text_coding coding, const uint8_t *in, size_t len,
                                   size_t udh_octets);

/* Whether octets under GSM 7-bit are as plausible without their bit 7, which some SMSCs take
 * off to pack them: to be judged whatever their other coding is. */
bool text_may_be_masked(enum text_coding coding, const uint8_t *in, size_t len);

/*
 * Valid UTF-8 as it is shown where U+202E has characters stand backwards. Octets written, fewer
 * than were read; 0: there is none, it is shown as it stands. cap at least len (bug_if).
 */
size_t text_turned(const uint8_t *in, size_t len, uint8_t *out, size_t cap);

/*
 * text_decode() and text_fold() in one pass, of what most texts are: printed ASCII and
 * syllables of Hangul alone, which no table folds otherwise, and which have no second coding
 * by text_other_coding(). Octets written; -EAGAIN: it is not such a text, or cap <
 * TEXT_GROWTH * len + TEXT_QUIET_ROOM. Never writes outside out[0 .. cap).
 */
#define TEXT_QUIET_ROOM 128u
must_use int64_t text_decode_quiet(enum text_coding coding, const uint8_t *in, size_t len,
                                   uint8_t *out, size_t cap);

/* Whether all of it is UTF-8 (RFC 3629 section 4). */
bool text_utf8_valid(const uint8_t *in, size_t len);
/* Octets of the longest prefix of valid UTF-8 that has at most max octets and ends with a
 * character (10xxxxxx goes on with one). */
static inline uint32_t text_prefix(const uint8_t *in, uint32_t len, uint32_t max)
{
	uint32_t n = len < max ? len : max;

	while (n < len && n > 0 && (in[n] & 0xC0) == 0x80)
		n--;
	return n;
}

/* Packed septets as one septet an octet, without padding; how many there are. At most cap
 * are written. */
size_t text_unpack(const uint8_t *in, size_t len, size_t udh_octets, uint8_t *out, size_t cap);

/*
 * Fold valid UTF-8 for matching, so that what looks alike is alike:
 * - NFKC_Casefold (Unicode 3.13, R4 and R5): compatibility forms, width, full case folding;
 *   zero-width, bidi and other ignorable characters and variation selectors dropped, and
 *   controls that end no line and are no tab;
 * - letters and digits in circles, squares, brackets and keycaps, small capitals and regional
 *   indicators to the bare ones; every decimal digit to 0-9;
 * - what UTS #39 has as confusable with one ASCII character to that, for both cases of
 *   a letter alike, but of a capital that looks like another letter than its small one
 *   (Greek Ν, ν) in words with ASCII letters for itself; not right-to-left letters, ideographs
 *   and kana. Of ASCII letters only change case; braille of six dots to letters;
 * - accents and other marks of no script that compose with nothing dropped, and those of other
 *   scripts over Latin letters, digits and Hangul;
 * - Hangul letters of any kind put together as a keyboard does, with Latin look-alikes.
 *
 * Returns octets written; cap must be at least TEXT_FOLD_GROWTH * len (bug_if). in
 * and out do not overlap. Of input that is no UTF-8 only the bound holds.
 */
size_t text_fold(const uint8_t *in, size_t len, uint8_t *out, size_t cap);

/*
 * The second reading of a folded text: without what was strewn into words. Between
 * syllables of Hangul: symbols and digits, letters of it that belong to neither, and spaces
 * and line ends between lone syllables (대♠출, 대ㅊ출, 대 출 상 담, 카 1 지 2 노), and one
 * letter of another script (카x지x노). Telephone numbers from 0 on in digits that nobody writes
 * them in, or with such signs, as 010-1234-5678 (010*1234*5678, 공일공, 〇一〇, o1o). In Latin
 * words: letters spelled apart (f r e e), pieces (ca-si-no, cas-ino), signs between letters, up
 * to three (fr*ee), digits and signs for letters (l0an, c4$1n0, cas|no);
 * marks of Latin, Greek and Cyrillic letters (cásíno), unless all of them are Turkish. URLs:
 * hxxp, [.], (dot), spaces around dots and slashes, letters in percent (%2e).
 * Returns octets written, 0 when the text reads the same; cap at least len (bug_if). Of input
 * that is no folded text only the bound holds.
 */
size_t text_loose(const uint8_t *in, size_t len, uint8_t *out, size_t cap);

/*
 * text_fold() with a table of the caller's, and where things came from: map, if not NULL,
 * has room for cap + 1; map[k] is the place in `in` of the character that out[k] stems
 * from, map[octets written] is len. So out[from .. to) stems from in[map[from] .. e), e the
 * first of map[to ..] that is greater than map[to - 1].
 */
struct text_table;
extern const struct text_table text_table_default;
size_t text_fold_with(const struct text_table *table, const uint8_t *in, size_t len,
                      uint8_t *out, size_t cap, uint32_t *map);

#endif

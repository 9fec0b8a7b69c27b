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
#include <stddef.h>
#include <stdint.h>

#include "check.h"

/* Numbers are part of the image (struct image_account.alphabet). */
enum text_coding {
	TEXT_GSM7 = 1,        /* 3GPP TS 23.038 default alphabet, one septet per octet */
	TEXT_ASCII = 2,
	TEXT_LATIN1 = 3,
	TEXT_UCS2 = 4,        /* UTF-16BE in practice: surrogates joined, BOM honoured */
	TEXT_CP949 = 5,       /* "KS C 5601" of SMPP, as the field sends it */
	TEXT_UTF8 = 6,
	TEXT_GSM7_PACKED = 7, /* septets packed into octets */
	TEXT_BINARY = 8,      /* not text: nothing to match; passes as an empty text */
	TEXT_UNKNOWN = 9,     /* reserved or unsupported data_coding: undecodable */
	TEXT_CODINGS
};

/* Worst growth of any coding: one GSM or CP949 or Latin-1 octet is at most 3 octets
 * of UTF-8, a UCS-2 pair at most 3, and folding at most doubles a character. */
#define TEXT_GROWTH 3u
#define TEXT_FOLD_GROWTH 2u

/* Class of a data_coding by a table of 256 (SMPP 3.4 section 5.2.19, TS 23.038
 * section 4 groups); 0 and other "SMSC default" values give default_alphabet. */
enum text_coding text_coding(uint8_t data_coding, enum text_coding default_alphabet);

/*
 * Decode in[0 .. len) into out as UTF-8. fill_bits: only for TEXT_GSM7_PACKED,
 * septet alignment after a user data header of that many octets (UDHL included;
 * 0 without one). Returns octets written, or -EILSEQ (no character of the coding
 * is at some place), or -ENOSPC (cap < TEXT_GROWTH * len may give this).
 */
must_use int64_t text_decode(enum text_coding coding, const uint8_t *in, size_t len,
                             size_t udh_octets, uint8_t *out, size_t cap);

/* Fold valid UTF-8 for matching (simple case folding, Unicode CaseFolding C+S).
 * Returns octets written; cap must be at least TEXT_FOLD_GROWTH * len. in and out
 * do not overlap. */
size_t text_fold(const uint8_t *in, size_t len, uint8_t *out, size_t cap);

#endif

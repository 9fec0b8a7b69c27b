/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_tables: tables that tables_gen.c and gsm_gen.pl write when we build.
 */
#ifndef DP_TEXT_TABLES_H
#define DP_TEXT_TABLES_H
#include <stdint.h>

/* Code point of a CP949 pair, 0 = none. Leads 0x81-0xFE, trails 0x41-0xFE. */
#define CP949_LEAD_MIN 0x81u
#define CP949_LEADS 126u
#define CP949_TRAIL_MIN 0x41u
#define CP949_TRAILS 190u
#define CP949_PAIRS (CP949_LEADS * CP949_TRAILS)
extern const uint16_t text_cp949[CP949_LEADS][CP949_TRAILS];

/* The same as UTF-8, then a row of single octets, then CP949_NOTHING: octets from the lowest
 * on, how many from CP949_COUNT on, CP949_GOOD, CP949_QUIET of what text_decode_quiet() takes;
 * 0: no character. */
#define CP949_NOTHING (CP949_PAIRS + 256)
#define CP949_COUNT 24
#define CP949_GOOD 0x80000000u
#define CP949_QUIET 0x40000000u
extern const uint32_t text_cp949_utf8[CP949_NOTHING + 1];

/* Code point of octets 0x80-0xFF, 0 = none. */
extern const uint16_t text_latin1[128], text_cyrillic[128], text_hebrew[128];

/* GSM septet as UTF-8: octets from the lowest on, how many in the top octet; an
 * entry 0 of the extension is a septet that the table does not define. */
extern const uint32_t text_gsm_default[128], text_gsm_extension[128];

/* National language tables (TS 23.038 annex A), entries as above; 0: the table has nothing
 * of its own there. Rows 0 and those of languages without a table are empty. */
#define TEXT_LANGUAGES 14u
extern const uint32_t text_gsm_lock[TEXT_LANGUAGES][128], text_gsm_shift[TEXT_LANGUAGES][128];

#endif

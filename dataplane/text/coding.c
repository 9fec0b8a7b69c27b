/* SPDX-License-Identifier: Apache-2.0 */
#include "text.h"

/* The alphabet of the SMSC, which the account's row in the image says. */
#define SMSC 0

#define FOUR(a) a, a, a, a
#define SIXTEEN(a) FOUR(a), FOUR(a), FOUR(a), FOUR(a)
/* Bits 3..2 of a TS 23.038 data coding scheme: 00 default alphabet, 01 eight-bit data,
 * 10 UCS2, 11 reserved, where section 4 tells a receiver to assume the default. */
#define BY_ALPHABET FOUR(SMSC), FOUR(TEXT_BINARY), FOUR(TEXT_UCS2), FOUR(SMSC)

static const uint8_t codings[256] = {
	/* 0x00-0x0F: SMPP 3.4 section 5.2.19. */
	[0x00] = SMSC,
	[0x01] = TEXT_ASCII,  /* IA5 */
	[0x02] = TEXT_BINARY, /* octet unspecified */
	[0x03] = TEXT_LATIN1,
	[0x04] = TEXT_BINARY,   /* octet unspecified */
	[0x05] = TEXT_UNKNOWN,  /* JIS X 0208 */
	[0x06] = TEXT_CYRILLIC, /* ISO 8859-5 */
	[0x07] = TEXT_HEBREW,   /* ISO 8859-8 */
	[0x08] = TEXT_UCS2,
	[0x09] = TEXT_UNKNOWN, /* pictogram */
	[0x0A] = TEXT_UNKNOWN, /* ISO 2022-JP, music codes */
	[0x0B] = TEXT_UNKNOWN, /* reserved */
	[0x0C] = TEXT_UNKNOWN, /* reserved */
	[0x0D] = TEXT_UNKNOWN, /* JIS X 0212 */
	[0x0E] = TEXT_CP949,   /* KS C 5601 */
	[0x0F] = TEXT_UNKNOWN, /* reserved */

	/* 0x10-0xBF are reserved in SMPP 3.4; gateways put a TS 23.038 scheme there,
	 * and its section 4 is what a handset obeys. */
	[0x10] = BY_ALPHABET,           /* 0001: uncompressed, with message class */
	[0x20] = SIXTEEN(TEXT_UNKNOWN), /* 0010: compressed (TS 23.042), no class */
	[0x30] = SIXTEEN(TEXT_UNKNOWN), /* 0011: compressed, with class */
	[0x40] = BY_ALPHABET,           /* 0100: automatic deletion, uncompressed */
	[0x50] = BY_ALPHABET,           /* 0101: the same with class */
	[0x60] = SIXTEEN(TEXT_UNKNOWN), /* 0110: compressed */
	[0x70] = SIXTEEN(TEXT_UNKNOWN), /* 0111: compressed */
	[0x80] = FOUR(TEXT_UNKNOWN),    /* 1000-1011: reserved in both */
	/* ... where Korean networks have KS C 5601, and handsets read it so. */
	[0x84] = TEXT_CP949,
	[0x85] = TEXT_UNKNOWN,
	[0x86] = TEXT_UNKNOWN,
	[0x87] = TEXT_UNKNOWN,
	FOUR(TEXT_UNKNOWN),
	FOUR(TEXT_UNKNOWN),
	[0x90] = SIXTEEN(TEXT_UNKNOWN),
	[0xA0] = SIXTEEN(TEXT_UNKNOWN),
	[0xB0] = SIXTEEN(TEXT_UNKNOWN),

	/* 0xC0-0xFF: TS 23.038 message waiting and class groups; SMPP 3.4 section
	 * 5.2.19 points there for 0xC0-0xDF and 0xF0-0xFF. */
	[0xC0] = SIXTEEN(SMSC),      /* 1100: message waiting, discard */
	[0xD0] = SIXTEEN(SMSC),      /* 1101: message waiting, store */
	[0xE0] = SIXTEEN(TEXT_UCS2), /* 1110: message waiting, store, UCS2 */
	/* 1111: bit 2 is the alphabet, bit 3 is reserved and ignored. */
	[0xF0] = FOUR(SMSC),
	FOUR(TEXT_BINARY),
	FOUR(SMSC),
	FOUR(TEXT_BINARY),
};

enum text_coding text_coding(uint8_t data_coding, enum text_coding default_alphabet)
{
	return codings[data_coding] == SMSC ? default_alphabet
	                                    : (enum text_coding)codings[data_coding];
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * second_readings: what else the octets of texts may be read as, by how they are sent.
 *
 * usage: second_readings < TEXTS      (a text a line, in which \n, \t, \r and \\ are one octet)
 *
 * Each text is encoded as senders do it, honestly or not, and announced as below. Prints for
 * each way "=<TAB>WAY<TAB>texts that can be sent so", and for each of them that is judged in a
 * second reading as well "line from 0<TAB>WAY<TAB>that reading", as the text was.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explain_encode.h"
#include "screen_priv.h"
#include "text.h"

#define LINE_MAX_OCTETS 65536u
#define OCTETS_MAX (4 * LINE_MAX_OCTETS)

/* Sent: what the octets are. Announced: what they are said to be. */
static const struct way {
	const char *name;
	enum text_coding sent, announced;
} ways[] = {
	{ "GSM 7-bit as such", TEXT_GSM7, TEXT_GSM7 },
	{ "ASCII as GSM 7-bit", TEXT_ASCII, TEXT_GSM7 },
	{ "Latin-1 as GSM 7-bit", TEXT_LATIN1, TEXT_GSM7 },
	{ "UTF-8 as GSM 7-bit", TEXT_UTF8, TEXT_GSM7 },
	{ "CP949 as GSM 7-bit", TEXT_CP949, TEXT_GSM7 },
	{ "UCS-2 as GSM 7-bit", TEXT_UCS2, TEXT_GSM7 },
	{ "ASCII as such", TEXT_ASCII, TEXT_ASCII },
	{ "Latin-1 as such", TEXT_LATIN1, TEXT_LATIN1 },
	{ "UTF-8 as Latin-1", TEXT_UTF8, TEXT_LATIN1 },
	{ "GSM 7-bit as Latin-1", TEXT_GSM7, TEXT_LATIN1 },
	{ "CP949 as such", TEXT_CP949, TEXT_CP949 },
	{ "UTF-8 as CP949", TEXT_UTF8, TEXT_CP949 },
	{ "UCS-2 as such", TEXT_UCS2, TEXT_UCS2 },
	{ "UCS-2 of the other order", TEXT_UCS2_LE, TEXT_UCS2 },
	{ "UTF-8 as UCS-2", TEXT_UTF8, TEXT_UCS2 },
	{ "UTF-8 as binary", TEXT_UTF8, TEXT_BINARY },
	{ "CP949 as binary", TEXT_CP949, TEXT_BINARY },
};
#define WAYS (sizeof(ways) / sizeof(ways[0]))

/* In place; a NUL would end the text. */
static void unescape(char *text)
{
	static const char names[] = "ntr", signs[] = "\n\t\r";
	char *out = text;

	for (; *text != '\0' && *text != '\n'; text++) {
		if (*text == '\\' && text[1] != '\0' && text[1] != '\n')
			text++;
		else {
			*out++ = *text;
			continue;
		}
		const char *named = strchr(names, *text);
		*out++ = named != NULL ? signs[named - names] : *text;
	}
	*out = '\0';
}

static void print_escaped(const uint8_t *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		switch (text[i]) {
		case '\n':
			fputs("\\n", stdout);
			break;
		case '\t':
			fputs("\\t", stdout);
			break;
		case '\r':
			fputs("\\r", stdout);
			break;
		case '\\':
			fputs("\\\\", stdout);
			break;
		default:
			putchar(text[i]);
		}
	}
	putchar('\n');
}

/* Whether a text can be sent so; prints its second reading. */
static bool read_again(const struct way *way, const char *text, unsigned long line)
{
	static uint8_t octets[OCTETS_MAX], plain[(TEXT_GROWTH + 1) * OCTETS_MAX + 1];
	static const struct text_language none = { 0 };
	size_t at;
	uint16_t apart;
	const int64_t n = explain_encode(way->sent, text, octets, OCTETS_MAX, &at);

	if (n <= 0 || n > SCREEN_OTHER_MAX)
		return false;
	const struct view sent = { octets, (uint32_t)n };
	const enum text_coding other = reading_other(way->announced, &none, sent, 0);
	if (other == TEXT_UNKNOWN)
		return true;
	const int64_t len = reading_decode_other(way->announced, other, sent, 0, plain,
	                                         sizeof(plain), &apart);
	if (len > 0) {
		printf("%lu\t%s\t", line, way->name);
		print_escaped(plain, (size_t)len);
	}
	return true;
}

int main(void)
{
	static char line[LINE_MAX_OCTETS];
	unsigned long sendable[WAYS] = { 0 }, lines = 0;

	for (; fgets(line, sizeof(line), stdin) != NULL; lines++) {
		unescape(line);
		for (size_t i = 0; i < WAYS; i++)
			sendable[i] += read_again(&ways[i], line, lines);
	}
	for (size_t i = 0; i < WAYS; i++)
		printf("=\t%s\t%lu\n", ways[i].name, sendable[i]);
	return ferror(stdin) != 0 || fflush(stdout) != 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "explain_encode.h"

#include <errno.h>
#include <iconv.h>
#include <stdbool.h>
#include <string.h>

#define ESC 0x1Bu
#define SEPTETS 128u

static const struct {
	const char *name, *iconv; /* iconv NULL: not one of its */
} codings[TEXT_CODINGS] = {
	[TEXT_GSM7] = { "gsm7", NULL },
	[TEXT_ASCII] = { "ascii", "ASCII" },
	[TEXT_LATIN1] = { "latin1", "ISO-8859-1" },
	[TEXT_UCS2] = { "ucs2", "UTF-16BE" },
	[TEXT_CP949] = { "cp949", "CP949" },
	[TEXT_UTF8] = { "utf8", "UTF-8" },
	[TEXT_GSM7_PACKED] = { "gsm7-packed", NULL },
	[TEXT_BINARY] = { "binary", NULL },
	[TEXT_UNKNOWN] = { "unknown", NULL },
	[TEXT_CYRILLIC] = { "iso8859-5", "ISO-8859-5" },
	[TEXT_UCS2_LE] = { "ucs2-le", "UTF-16LE" },
	[TEXT_GSM7_MASKED] = { "gsm7-masked", NULL },
	[TEXT_HEBREW] = { "iso8859-8", "ISO-8859-8" },
};

const char *explain_coding_name(enum text_coding coding)
{
	return (unsigned)coding < TEXT_CODINGS && codings[coding].name != NULL
	               ? codings[coding].name
	               : "unknown";
}

/* Whether these octets are read as exactly this text. */
static bool means(const uint8_t *octets, size_t n, const char *text, size_t len)
{
	uint8_t read[8 * TEXT_GROWTH];
	const int64_t got = text_decode(TEXT_GSM7, octets, n, 0, read, sizeof(read));

	return got == (int64_t)len && memcmp(read, text, len) == 0;
}

/* Octets of one character, 1 or 2; 0: GSM 7-bit lacks it. */
static size_t gsm_character(const char *text, size_t len, uint8_t out[2])
{
	for (unsigned escaped = 0; escaped < 2; escaped++)
		for (unsigned i = 0; i < SEPTETS; i++) {
			out[0] = escaped ? ESC : (uint8_t)i;
			out[1] = (uint8_t)i;
			if (i != ESC && means(out, 1 + escaped, text, len))
				return 1 + escaped;
		}
	return 0;
}

static int64_t encode_gsm(const char *text, uint8_t *out, size_t cap, size_t *at)
{
	size_t used = 0;

	for (*at = 0; text[*at] != '\0';) {
		uint8_t octets[2];
		size_t len = 1;

		while ((text[*at + len] & 0xC0) == 0x80)
			len++;
		const size_t n = gsm_character(text + *at, len, octets);
		if (n == 0)
			return -EILSEQ;
		if (used + n > cap)
			return -ENOSPC;
		memcpy(out + used, octets, n);
		used += n;
		*at += len;
	}
	return (int64_t)used;
}

int64_t explain_encode(enum text_coding coding, const char *text, uint8_t *out, size_t cap,
                       size_t *at)
{
	char *in = (char *)(uintptr_t)text, *to = (char *)out; /* iconv does not write there */
	size_t left = strlen(text), room = cap;

	*at = 0;
	if (coding == TEXT_GSM7)
		return encode_gsm(text, out, cap, at);
	if ((unsigned)coding >= TEXT_CODINGS || codings[coding].iconv == NULL)
		return -ENOTSUP;
	const iconv_t how = iconv_open(codings[coding].iconv, "UTF-8");
	if (how == (iconv_t)-1)
		return -ENOTSUP;
	const size_t result = iconv(how, &in, &left, &to, &room);
	const int why = errno;
	iconv_close(how);
	*at = (size_t)(in - text);
	if (result != 0) /* also what iconv only approximates */
		return result == (size_t)-1 && why == E2BIG ? -ENOSPC : -EILSEQ;
	return (int64_t)(cap - room);
}

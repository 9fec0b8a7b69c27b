/* SPDX-License-Identifier: Apache-2.0 */
#include "explain_pdu.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explain_encode.h"
#include "message.h"
#include "problems.h"

#define SHORT_MAX 254u /* SMPP 3.4 section 5.2.21 */
#define PAYLOAD_MAX 65535u
#define SOURCE_MAX 20u /* section 5.2.8: 21 with the NUL */
#define DATA_CODING_UCS2 8

__attribute__((format(printf, 2, 3))) static int wrong(char error[EXPLAIN_ERROR_SIZE],
                                                       const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, EXPLAIN_ERROR_SIZE, format, args);
	va_end(args);
	return -EINVAL;
}

static int digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
	                              : -1;
}

static bool is_space(char c) { return isspace((unsigned char)c) || c == ':'; }

static int read_hex(uint8_t *out, size_t *len, const char *hex, char error[EXPLAIN_ERROR_SIZE])
{
	const char *at = hex;

	for (*len = 0;; at += 2) {
		while (is_space(*at))
			at++;
		if (*at == '\0')
			return 0;
		const int high = digit(at[0]), low = high < 0 ? -1 : digit(at[1]);
		if (*len == SMPP_PDU_MAX)
			return wrong(error, "octet %zu: a PDU has at most %u octets", *len,
			             SMPP_PDU_MAX);
		if (low < 0) {
			char quoted[12];
			utf8_printable(quoted, sizeof(quoted), at, strnlen(at, 2));
			return wrong(error,
			             "octet %zu, at character %zu: \"%s\" is not two "
			             "hexadecimal digits",
			             *len, (size_t)(at - hex) + 1, quoted);
		}
		out[(*len)++] = (uint8_t)(high << 4 | low);
	}
}

static int check_frame(const uint8_t *pdu, size_t len, char error[EXPLAIN_ERROR_SIZE])
{
	struct smpp_header header;

	if (len < SMPP_HEADER_SIZE)
		return wrong(error, "octet %zu is missing: a PDU begins with %u octets", len,
		             SMPP_HEADER_SIZE);
	if (smpp_frame(pdu, len, len, &header) == FRAME_BAD)
		return wrong(error,
		             "octet 0: command_length %u is not from %u to %u; this would end "
		             "the connection",
		             header.length, SMPP_HEADER_SIZE, SMPP_PDU_MAX);
	if (header.length > len)
		return wrong(error, "octet %zu is missing: command_length (octet 0) says %u",
		             len, header.length);
	if (header.length < len)
		return wrong(error, "octet %u is too many: command_length (octet 0) says %u",
		             header.length, header.length);
	if (smpp_kind(header.command_id) != SMPP_KIND_MESSAGE)
		return wrong(error,
		             "octet 4: command_id 0x%08x carries no message; it crosses "
		             "unread",
		             header.command_id);
	return 0;
}

int explain_pdu_hex(uint8_t **out, size_t *len, const char *hex, char error[EXPLAIN_ERROR_SIZE])
{
	/* Room for what is too long as well, so that it is named. */
	uint8_t *octets = malloc(SMPP_PDU_MAX);

	if (octets == NULL)
		return -ENOMEM;
	int result = read_hex(octets, len, hex, error);
	if (result == 0)
		result = check_frame(octets, *len, error);
	/* Exactly its octets: a sanitizer sees the first one too many. */
	uint8_t *exact = result == 0 ? malloc(*len) : NULL;
	if (exact != NULL)
		*out = memcpy(exact, octets, *len);
	free(octets);
	return result == 0 && exact == NULL ? -ENOMEM : result;
}

/* The body of a submit_sm (SMPP 3.4 section 4.4.1) grows here; the room is PDU_ROOM. */
#define PDU_ROOM (PAYLOAD_MAX + 256u)
struct writer {
	uint8_t *octets;
	size_t len;
};

static void put(struct writer *w, const void *octets, size_t n)
{
	bug_if(w->len + n > PDU_ROOM);
	memcpy(w->octets + w->len, octets, n);
	w->len += n;
}

static void put_number(struct writer *w, uint32_t value, unsigned octets)
{
	while (octets-- > 0)
		put(w, &(uint8_t){ (uint8_t)(value >> 8 * octets) }, 1);
}

/* Type of number and numbering plan (sections 5.2.5 and 5.2.6) of what people write. */
static void put_source(struct writer *w, const char *source)
{
	const bool number = source[strspn(source, "+0123456789- ")] == '\0';

	put_number(w, !number ? 5 : source[0] == '+' ? 1 : 0, 1);
	put_number(w, number, 1);
	put(w, source, strlen(source) + 1);
}

static void put_submit(struct writer *w, const char *source, uint8_t data_coding,
                       const uint8_t *text, size_t len)
{
	const bool whole = len <= SHORT_MAX;

	put_number(w, 0, 4);
	put_number(w, SMPP_SUBMIT_SM, 4);
	put_number(w, 0, 4);
	put_number(w, 1, 4); /* sequence_number */
	put_number(w, 0, 1); /* service_type */
	put_source(w, source);
	put(w, "\1\1821000000000", 15); /* destination_addr: some subscriber */
	put_number(w, 0, 3);            /* esm_class, protocol_id, priority_flag */
	put_number(w, 0, 2);            /* no schedule, no validity */
	put_number(w, 0, 2);            /* registered_delivery, replace_if_present_flag */
	put_number(w, data_coding, 1);
	put_number(w, 0, 1); /* sm_default_msg_id */
	put_number(w, whole ? (uint32_t)len : 0, 1);
	if (!whole) {
		put_number(w, SMPP_TAG_MESSAGE_PAYLOAD, 2);
		put_number(w, (uint32_t)len, 2);
	}
	put(w, text, len);
	const uint8_t length[4] = { 0, (uint8_t)(w->len >> 16), (uint8_t)(w->len >> 8),
		                    (uint8_t)w->len };
	memcpy(w->octets, length, sizeof(length));
}

/* The text in *coding; when that is open, in the first of the two that has all of it. */
static int64_t encode(const struct explain_message *message, int *coding, uint8_t *out,
                      char error[EXPLAIN_ERROR_SIZE])
{
	const bool open = message->data_coding == EXPLAIN_ANY_CODING;
	const char *text = message->text;
	size_t at = 0;

	*coding = open ? 0 : message->data_coding;
	enum text_coding as = text_coding((uint8_t)*coding, message->alphabet);
	int64_t n = explain_encode(as, text, out, PAYLOAD_MAX, &at);
	if ((n == -EILSEQ || n == -ENOTSUP) && open) {
		*coding = DATA_CODING_UCS2;
		as = TEXT_UCS2;
		n = explain_encode(as, text, out, PAYLOAD_MAX, &at);
	}
	if (n == -EILSEQ) {
		char rest[12];
		utf8_printable(rest, sizeof(rest), text + at, strlen(text + at));
		return wrong(error,
		             "octet %zu of the text: \"%s...\" cannot be said in "
		             "data_coding %d (%s)",
		             at, rest, *coding, explain_coding_name(as));
	}
	if (n == -ENOTSUP)
		return wrong(error,
		             "no text is written in data_coding %d (%s) here; give "
		             "the message with --pdu",
		             *coding, explain_coding_name(as));
	return n == -ENOSPC ? wrong(error, "longer than %u octets", PAYLOAD_MAX) : n;
}

int explain_pdu_text(uint8_t **out, size_t *len, const struct explain_message *message,
                     char error[EXPLAIN_ERROR_SIZE])
{
	struct writer w = { .octets = malloc(PDU_ROOM) };
	uint8_t *text = malloc(PAYLOAD_MAX);
	int coding = 0;
	int64_t n = -ENOMEM;

	if (w.octets != NULL && text != NULL)
		n = strlen(message->source) > SOURCE_MAX
		            ? wrong(error, "a sender has at most %u octets", SOURCE_MAX)
		    : !utf8_valid(message->text, strlen(message->text))
		            ? wrong(error, "the text is not UTF-8")
		            : encode(message, &coding, text, error);
	if (n >= 0) {
		put_submit(&w, message->source, (uint8_t)coding, text, (size_t)n);
		*out = w.octets;
		*len = w.len;
	} else {
		free(w.octets);
	}
	free(text);
	return n < 0 ? (int)n : 0;
}

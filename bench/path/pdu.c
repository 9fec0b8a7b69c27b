/* SPDX-License-Identifier: Apache-2.0 */
#include "pdu.h"

#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint8_t *put_u32(uint8_t *at, uint32_t v)
{
	at[0] = (uint8_t)(v >> 24);
	at[1] = (uint8_t)(v >> 16);
	at[2] = (uint8_t)(v >> 8);
	at[3] = (uint8_t)v;
	return at + 4;
}

static uint8_t *put_string(uint8_t *at, const char *s)
{
	return (uint8_t *)stpcpy((char *)at, s) + 1;
}

static uint8_t *put_octets(uint8_t *at, const void *octets, size_t n)
{
	memcpy(at, octets, n);
	return at + n;
}

static size_t finish(uint8_t *out, const uint8_t *end)
{
	put_u32(out, (uint32_t)(end - out));
	return (size_t)(end - out);
}

static uint8_t *put_header(uint8_t *out, uint32_t id, uint32_t status, uint32_t sequence)
{
	return put_u32(put_u32(put_u32(out + 4, id), status), sequence);
}

size_t pdu_bare(uint8_t *out, uint32_t command_id, uint32_t status, uint32_t sequence)
{
	return finish(out, put_header(out, command_id, status, sequence));
}

size_t pdu_bind(uint8_t *out, uint32_t sequence, const char *system_id)
{
	uint8_t *at = put_header(out, 0x09, 0, sequence);

	at = put_string(put_string(put_string(at, system_id), "secret"), "");
	at = put_octets(at, "\x34\x00\x00", 3);
	return finish(out, put_string(at, ""));
}

size_t pdu_bind_resp(uint8_t *out, uint32_t sequence)
{
	return finish(out, put_string(put_header(out, 0x80000009, 0, sequence), "smsc"));
}

/* Convert as an ESME does; a text that the coding lacks is our own mistake. */
static size_t encode(uint8_t *out, size_t size, const char *coding, const char *text)
{
	iconv_t cd = iconv_open(coding, "UTF-8");
	char *in = (char *)(uintptr_t)text, *to = (char *)out;
	size_t left = strlen(text), room = size;

	if (cd == (iconv_t)-1 || iconv(cd, &in, &left, &to, &room) == (size_t)-1) {
		fprintf(stderr, "bench: cannot write as %s: %s\n", coding, text);
		exit(1);
	}
	iconv_close(cd);
	return size - room;
}

size_t pdu_submit(uint8_t *out, uint32_t sequence, const char *sender, const char *text,
                  bool korean, bool cp949)
{
	uint8_t body[512];
	uint8_t coding = !korean ? 0x00 : cp949 ? 0x0E : 0x08;
	size_t n = encode(body, sizeof(body),
	                  !korean ? "ASCII"
	                  : cp949 ? "CP949"
	                          : "UTF-16BE",
	                  text);
	char receiver[16];

	if (n > 254) { /* too long as UCS-2 for one short_message */
		coding = 0x0E;
		n = encode(body, sizeof(body), "CP949", text);
	}
	snprintf(receiver, sizeof(receiver), "010%08u", 30000000 + sequence * 7919 % 1000000);
	uint8_t *at = put_string(put_header(out, 0x04, 0, sequence), "");
	at = put_string(put_octets(at, "\x01\x01", 2), sender);
	at = put_string(put_octets(at, "\x01\x01", 2), receiver);
	at = put_octets(at, "\x00\x00\x00", 3);  /* esm_class, protocol_id, priority */
	at = put_string(put_string(at, ""), ""); /* schedule, validity */
	at = put_octets(at, "\x01\x00", 2);      /* registered_delivery, replace */
	*at++ = coding;
	*at++ = 0;
	*at++ = (uint8_t)n;
	return finish(out, put_octets(at, body, n));
}

size_t pdu_submit_resp(uint8_t *out, uint32_t sequence)
{
	char id[16];

	snprintf(id, sizeof(id), "%08x", sequence);
	return finish(out, put_string(put_header(out, 0x80000004, 0, sequence), id));
}

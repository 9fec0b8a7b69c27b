/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every PDU and stream of ../shared/data/vectors: what a strict decoder calls valid
 * decodes, field by field; what it calls malformed is refused, or passes for a
 * reason that is written here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <jansson.h>

#include "decode.h"
#include "../shared.h"

struct exception {
	const char *name; /* of the vector */
	const char *why;
};

/* Valid to the strict decoder, refused by us. */
static const struct exception refused[] = {
	{ "main", "UDHI over \"test222\", which has no room for the header it would announce: "
	          "RINVESMCLASS (traps 7); tshark calls it malformed too" },
};

/* Malformed to the strict decoder, passed by us. */
static const struct exception passed[] = {
	{ "decodeUnsupportedRequestCommandId", "unknown PDUs pass octet-exact" },
	{ "test_01_bind_tr_rsp_encode", "bare interface_version in bind_resp" },
	{ "test_01_bind_rcr_rsp_encode", "bare interface_version in bind_resp" },
	{ "test_01_bind_tcr_rsp_encode", "bare interface_version in bind_resp" },
	{ "test_03_submit_multi_response_encode", "responses carry no text: not looked into" },
	{ "submit_sm, sm_length 60 but 61 octets present (a NUL more)",
	  "up to 3 stray octets after the last TLV (traps 13)" },
};

/* Streams whose state is another one here. */
static const struct {
	struct exception exception;
	const char *state;
} streams[] = {
	{ { "parse: bad command_id", "unknown PDUs pass; 3 octets of the next remain" },
	  "incomplete" },
	{ { "testPDUHeader", "unknown PDUs pass" }, "complete" },
	{ { "parse: negative resp with nonempty malformed body",
	    "responses are not looked into; one octet of the next remains" },
	  "incomplete" },
	{ { "testInvalidPDUHeaderWithCommandLengthZero",
	    "a length of 0 is bad as soon as it is there, as upstream says" },
	  "bad" },
};

static bool is_listed(const struct exception *rows, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(rows[i].name, name) == 0)
			return true;
	return false;
}

static size_t from_hex(uint8_t *out, size_t room, const char *hex)
{
	const size_t n = strlen(hex) / 2;

	assert_true(n <= room && strlen(hex) % 2 == 0);
	for (size_t i = 0; i < n; i++) {
		const char two[3] = { hex[2 * i], hex[2 * i + 1], '\0' };
		char *end;
		out[i] = (uint8_t)strtoul(two, &end, 16);
		assert_true(*end == '\0');
	}
	return n;
}

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

/* Run fn on every vector of this kind; how many there were. */
static unsigned each_vector(const char *kind, void (*fn)(const json_t *, const char *))
{
	static char line[1 << 18];
	char path[4096];
	unsigned n = 0;

	shared_path(path, sizeof(path), "data/vectors/vectors.dev.jsonl");
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		json_t *v = json_loads(line, 0, NULL);
		assert_non_null(v);
		if (strcmp(text_of(v, "kind"), kind) == 0) {
			fn(v, text_of(v, "name"));
			n++;
		}
		json_decref(v);
	}
	fclose(f);
	return n;
}

/* The fields are compared only where the vector states them. */
static void compare_number(const json_t *decode, const char *key, uint32_t ours)
{
	const json_t *j = json_object_get(decode, key);

	if (j != NULL)
		assert_int_equal(ours, json_integer_value(j));
}

static void compare_string(const json_t *decode, const char *key, struct view ours)
{
	const char *s = text_of(decode, key);

	if (s != NULL)
		assert_text(ours, s);
}

static void compare_hex(const char *hex, struct view ours)
{
	uint8_t octets[4096];

	if (hex != NULL)
		assert_octets(ours, octets, from_hex(octets, sizeof(octets), hex));
}

/* In order and complete; smpp_tlv() finds the value of each. */
static void compare_tlvs(const json_t *tlvs, const struct smpp_message *m)
{
	struct cursor c = cursor_over(m->tlvs.data, m->tlvs.len);
	size_t i;
	const json_t *tlv;

	if (tlvs == NULL)
		return;
	json_array_foreach(tlvs, i, tlv)
	{
		const uint16_t tag = cursor_u16(&c);
		assert_int_equal(tag, json_integer_value(json_array_get(tlv, 0)));
		const struct view value = cursor_view(&c, cursor_u16(&c));
		compare_hex(json_string_value(json_array_get(tlv, 1)), value);
		assert_ptr_equal(smpp_tlv(m, tag).data, value.data);
	}
	assert_false(c.error);
	assert_int_equal(cursor_left(&c), 0);
}

static void compare_text(const json_t *decode, const struct smpp_message *m)
{
	const json_t *udh = json_object_get(decode, "udh");

	if (udh == NULL)
		compare_hex(text_of(decode, "short_message_hex"), m->short_message.octets);
	else
		compare_hex(text_of(udh, "payload_hex"), m->short_message.octets);
	if (smpp_tlv(m, SMPP_TAG_MESSAGE_PAYLOAD).data != NULL && m->payload.udh.data == NULL)
		assert_ptr_equal(m->payload.octets.data,
		                 smpp_tlv(m, SMPP_TAG_MESSAGE_PAYLOAD).data);
}

static void compare(const json_t *decode, const struct smpp_message *m)
{
	compare_number(decode, "command_length", m->header.length);
	compare_number(decode, "command_id", m->header.command_id);
	compare_number(decode, "command_status", m->header.command_status);
	compare_number(decode, "sequence_number", m->header.sequence);
	if (m->kind == SMPP_KIND_BIND) {
		compare_string(decode, "system_id", m->system_id);
		compare_number(decode, "interface_version", m->interface_version);
	}
	if (m->kind == SMPP_KIND_BIND_RESP && m->header.command_status == SMPP_ROK) {
		compare_string(decode, "system_id", m->system_id);
		compare_tlvs(json_object_get(decode, "tlvs"), m);
	}
	if (m->kind != SMPP_KIND_MESSAGE)
		return;
	compare_number(decode, "source_addr_ton", m->source.ton);
	compare_number(decode, "source_addr_npi", m->source.npi);
	compare_string(decode, "source_addr", m->source.digits);
	compare_number(decode, "dest_addr_ton", m->destination.ton);
	compare_number(decode, "dest_addr_npi", m->destination.npi);
	compare_string(decode, "destination_addr", m->destination.digits);
	compare_number(decode, "esm_class", m->esm_class);
	compare_number(decode, "data_coding", m->data_coding);
	compare_tlvs(json_object_get(decode, "tlvs"), m);
	compare_text(decode, m);
}

/* Frame and decode; whether it was whole, of this length, and without error. */
static bool accept(struct smpp_message *m, struct pdu *p, const json_t *v)
{
	struct smpp_header h;

	p->len = from_hex(p->octets, sizeof(p->octets), text_of(v, "hex"));
	const uint8_t *at = guard_end(p->octets, p->len);
	if (smpp_frame(at, p->len, p->len, &h) != FRAME_WHOLE || h.length != p->len)
		return false;
	return decode(m, p) == SMPP_ROK;
}

static void check_pdu(const json_t *v, const char *name)
{
	static struct pdu p;
	struct smpp_message m;
	const bool valid = json_is_true(json_object_get(v, "valid"));
	const bool expected = valid ? !is_listed(refused, ROWS(refused), name)
	                            : is_listed(passed, ROWS(passed), name);
	const bool accepted = accept(&m, &p, v);

	if (accepted != expected)
		fail_msg("%s: %s", name, accepted ? "passed" : "refused");
	if (accepted && valid)
		compare(json_object_get(v, "decode"), &m);
}

static void pdus(void **state)
{
	(void)state;
	assert_true(each_vector("pdu", check_pdu) >= 80);
}

/* Take PDU after PDU off the stream: complete, incomplete or bad. */
static const char *state_of(const struct pdu *stream)
{
	static struct pdu p;
	struct smpp_message m;
	struct smpp_header h;

	for (size_t at = 0; at < stream->len; at += h.length) {
		const size_t left = stream->len - at;
		switch (smpp_frame(guard_end(stream->octets + at, left), left, left, &h)) {
		case FRAME_BAD:
			return "bad";
		case FRAME_MORE:
			return "incomplete";
		case FRAME_WHOLE:
			break;
		}
		memcpy(p.octets, stream->octets + at, h.length);
		p.len = h.length;
		if (decode(&m, &p) != SMPP_ROK)
			return "bad";
	}
	return "complete";
}

static void check_stream(const json_t *v, const char *name)
{
	static struct pdu p;
	const char *expected = text_of(v, "state");

	for (size_t i = 0; i < ROWS(streams); i++)
		if (strcmp(streams[i].exception.name, name) == 0)
			expected = streams[i].state;
	p.len = from_hex(p.octets, sizeof(p.octets), text_of(v, "hex"));
	if (strcmp(state_of(&p), expected) != 0)
		fail_msg("%s: %s, not %s", name, state_of(&p), expected);
}

static void all_streams(void **state)
{
	(void)state;
	assert_true(each_vector("stream", check_stream) >= 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pdus),
		cmocka_unit_test(all_streams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decode: decode a test PDU between guard pages, and say what came out.
 * Include cmocka.h first.
 */
#ifndef TEST_DECODE_H
#define TEST_DECODE_H
#include "check_message.h"
#include "guard.h"
#include "pdu.h"

#define ROWS(a) (sizeof(a) / sizeof((a)[0]))

/* Views point into the guarded room and live until the next decode. */
static inline uint32_t decode(struct smpp_message *m, const struct pdu *p)
{
	const uint8_t *at = guard_end(p->octets, p->len);
	const uint32_t status = smpp_decode(m, at, p->len);

	check_message(m, status, at, p->len);
	return status;
}

static inline void assert_octets(struct view v, const void *octets, size_t len)
{
	assert_int_equal(v.len, len);
	if (len != 0)
		assert_memory_equal(v.data, octets, len);
}

static inline void assert_text(struct view v, const char *text)
{
	assert_octets(v, text, strlen(text));
}

/* The PDU is refused with this status, because of this field. */
static inline void assert_fault(const struct pdu *p, uint32_t status, const char *field)
{
	struct smpp_message m;

	assert_int_equal(decode(&m, p), status);
	assert_non_null(m.error_field);
	assert_string_equal(m.error_field, field);
}

#endif

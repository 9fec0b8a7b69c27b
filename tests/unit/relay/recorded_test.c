/* SPDX-License-Identifier: Apache-2.0 */
/* What the audit record has of a message's texts: the reading that the verdict is about, or
 * both texts, within its room and whole characters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "rig.h"

#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define ROOM AUDIT_TEXT_SIZE /* 320 */

static const struct row {
	const char *texts[2]; /* as they were decoded */
	uint8_t told, second;
	const char *record;
} rows[] = {
	{ { "one", "" }, 0, SCREEN_ONE_READING, "one" },
	{ { "", "one" }, 0, SCREEN_ONE_READING, "one" },
	{ { "", "" }, 0, SCREEN_ONE_READING, "" },
	{ { "one", "two" }, 0, SCREEN_ONE_READING, "one / two" },
	/* readings of one text: the one that decided */
	{ { "one", "other" }, 0, 1, "one" },
	{ { "one", "other" }, 1, 1, "other" },
	{ { "other", "one" }, 1, 0, "one" },
	{ { "one", "" }, 1, 1, "one" },
	/* as much as has room, and no half of a character */
	{ { HUNDRED HUNDRED HUNDRED TEN TEN, "two" },
	  0,
	  SCREEN_ONE_READING,
	  HUNDRED HUNDRED HUNDRED TEN TEN },
	{ { HUNDRED HUNDRED HUNDRED TEN "1234567", "two" },
	  0,
	  SCREEN_ONE_READING,
	  HUNDRED HUNDRED HUNDRED TEN "1234567 / " },
	{ { HUNDRED HUNDRED HUNDRED TEN "12", "대출" },
	  0,
	  SCREEN_ONE_READING,
	  HUNDRED HUNDRED HUNDRED TEN "12 / 대" },
	{ { HUNDRED HUNDRED HUNDRED TEN "12345678", "대출" },
	  0,
	  SCREEN_ONE_READING,
	  HUNDRED HUNDRED HUNDRED TEN "12345678 /" },
};
_Static_assert(sizeof(HUNDRED HUNDRED HUNDRED TEN TEN) - 1 == ROOM, "full");

static const struct row *row;

static void screen(struct screen_context *context, struct screen_vector *v)
{
	(void)context;
	for (unsigned i = 0; i < v->n; i++) {
		struct screen_message *m = &v->messages[i];
		m->reason = REASON_READINGS_DISAGREE;
		m->refuse = true;
		m->told = row->told;
		m->second = row->second;
		for (unsigned k = 0; k < 2; k++)
			m->plain[k] = (struct view){ (const uint8_t *)row->texts[k],
				                     (uint32_t)strlen(row->texts[k]) };
	}
}

static void texts_of_a_record(void **state)
{
	struct rig *r = rig_open(rig_buffers, NULL);
	const struct report_ring *ring = r->report.ring;
	uint32_t seq = 0;

	(void)state;
	rig_screen = screen;
	rig_handshake(r);
	for (row = rows; row < rows + sizeof(rows) / sizeof(rows[0]); row++) {
		/* A submit_sm without a body: the screener says what it is. */
		const uint8_t octets[16] = { 0, 0, 0, 16, 0, 0, 0, 4, [15] = 1 };
		rig_send(r, ESME,
		         (struct seg){ .seq = seq,
		                       .payload = octets,
		                       .len = sizeof(octets),
		                       .window = 60000,
		                       .has_ts = true,
		                       .ts_val = 1000 });
		seq += sizeof(octets);
		assert_int_equal(ring->head, seq / sizeof(octets));
		const struct audit_record *a = &ring->records[ring->head - 1];
		if (a->text_len != strlen(row->record) ||
		    memcmp(a->text, row->record, a->text_len) != 0)
			fail_msg("row %td: \"%.*s\"", row - rows, (int)a->text_len, a->text);
	}
	rig_screen = NULL;
	rig_close(r);
}

/* A part that is refused for another one says for which; what is observed was not answered. */
static void screen_part(struct screen_context *context, struct screen_vector *v)
{
	(void)context;
	for (unsigned i = 0; i < v->n; i++) {
		struct screen_message *m = &v->messages[i];
		m->reason = REASON_CONTENT_RULE;
		m->refuse = m->sm.header.sequence == 1;
		m->command_status = 0x45;
		m->concat = (struct smpp_concat){ .total = m->sm.header.sequence == 1 ? 2 : 0,
			                          .part = 2 };
		m->concat_refused = 1;
	}
}

static void part_of_a_record(void **state)
{
	struct rig *r = rig_open(rig_buffers, NULL);
	const uint8_t octets[32] = { 0, 0, 0,        16,        0,        0,
		                     0, 4, [15] = 1, [19] = 16, [23] = 4, [31] = 2 };
	const struct audit_record *a = r->report.ring->records;

	(void)state;
	rig_screen = screen_part;
	rig_handshake(r);
	rig_send(r, ESME,
	         (struct seg){ .payload = octets,
	                       .len = sizeof(octets),
	                       .window = 60000,
	                       .has_ts = true,
	                       .ts_val = 1000 });
	assert_int_equal(r->report.ring->head, 2);
	assert_int_equal(a[0].kind, AUDIT_REFUSED);
	assert_int_equal(a[0].command_status, 0x45);
	assert_int_equal(a[0].part, 2);
	assert_int_equal(a[0].parts, 2);
	assert_int_equal(a[0].part_refused, 1);
	assert_int_equal(a[1].part + a[1].parts + a[1].part_refused, 0); /* no part */
	assert_int_equal(a[1].kind, AUDIT_OBSERVED);
	assert_int_equal(a[1].command_status, 0);
	rig_screen = NULL;
	rig_close(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_of_a_record),
		cmocka_unit_test(part_of_a_record),
	};

	return cmocka_run_group_tests(tests, rig_start, NULL);
}

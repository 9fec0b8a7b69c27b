/* SPDX-License-Identifier: Apache-2.0 */
/* Whoever has more waiting than a turn decides shares the turns with others: with other
 * connections, and with the other direction of his own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "rig.h"

enum { EACH = 1440, SEGMENTS = 40, MESSAGES = SEGMENTS * EACH / 16 };
_Static_assert(MESSAGES > 10 * SCREEN_VECTOR_MAX, "as much as many turns decide");

/* All messages of that end at once: the first segment comes last. */
static void flood(struct rig *r, int from)
{
	static uint8_t octets[SEGMENTS * EACH];

	for (unsigned i = 0; i < MESSAGES; i++)
		memcpy(octets + 16 * i, "\0\0\0\20\0\0\0\4\0\0\0\0\0\0\0\1", 16);
	for (unsigned i = SEGMENTS; i-- > 0; rig_quiet(r))
		rig_send(r, from, rig_part(i * EACH, octets + i * EACH, EACH));
	assert_true(rig_relay(r)->leg[from].in.octets > 8 * 16 * SCREEN_VECTOR_MAX);
}

/* A PDU of the other end, or of another connection, is there a turn later, although what
 * came before it would fill many. */
static void expect_soon(struct rig *r, int from)
{
	uint8_t pdu[16];
	bool came = false;

	rig_send(r, from, rig_part(0, rig_pdu(pdu, sizeof(pdu)), sizeof(pdu)));
	rig_wait(r, 1);
	for (const struct seg *s; (s = rig_said(r, !from)) != NULL;)
		came |= s->len == sizeof(pdu) && s->seq == 0;
	assert_true(came);
}

static void other_connections_have_their_turn(void **state)
{
	struct rig *r = rig_open(rig_buffers, NULL);

	(void)state;
	rig_handshake(r);
	r->path.port[ESME] = 41000;
	rig_handshake(r);
	flood(r, ESME);
	r->path.port[ESME] = 40000;
	expect_soon(r, ESME);
	rig_close(r);
}

static void the_other_end_has_its_turn(void **state)
{
	struct rig *r = rig_connected(NULL);

	(void)state;
	flood(r, ESME);
	expect_soon(r, SMSC);
	rig_close(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(other_connections_have_their_turn),
		cmocka_unit_test(the_other_end_has_its_turn),
	};

	return cmocka_run_group_tests(tests, rig_start, NULL);
}

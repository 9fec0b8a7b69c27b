/* SPDX-License-Identifier: Apache-2.0 */
#include "session.h"

#include <string.h>

void session_offer(struct session *s, const struct smpp_message *bind)
{
	const uint32_t most = sizeof(s->system_id) - 1;
	const uint32_t n = bind->system_id.len < most ? bind->system_id.len : most;

	memset(s->system_id, 0, sizeof(s->system_id));
	if (n != 0)
		memcpy(s->system_id, bind->system_id.data, n);
	s->tables_serial = 0;
}

static bool answers_bind(const struct session *s, const struct smpp_header *h)
{
	return s->state == SESSION_BINDING && h->sequence == s->bind_sequence &&
	       h->command_id == (s->bind_command | SMPP_RESPONSE);
}

void session_heard(struct session *s, enum side from, const struct smpp_header *h)
{
	switch (smpp_kind(h->command_id)) {
	case SMPP_KIND_BIND:
		s->state = SESSION_BINDING;
		s->bind_sequence = h->sequence;
		s->bind_command = (uint8_t)h->command_id;
		s->nacked = false;
		s->asked_unbind[SIDE_ESME] = s->asked_unbind[SIDE_SMSC] = false;
		return;
	case SMPP_KIND_BIND_RESP:
		if (from == SIDE_SMSC && answers_bind(s, h))
			s->state =
				h->command_status == SMPP_ROK ? SESSION_BOUND : SESSION_UNBOUND;
		return;
	case SMPP_KIND_UNBIND:
		s->asked_unbind[from] = true;
		return;
	case SMPP_KIND_UNBIND_RESP:
		/* Of who was asked. Not while a bind waits: its answer is to come. */
		if (s->state == SESSION_BOUND && h->command_status == SMPP_ROK &&
		    s->asked_unbind[side_other(from)]) {
			s->state = SESSION_UNBOUND;
			s->others = true;
		}
		return;
	case SMPP_KIND_OTHER:
		if (h->command_id == SMPP_GENERIC_NACK && from == SIDE_SMSC)
			s->nacked = !s->others;
		return;
	case SMPP_KIND_MESSAGE:
	case SMPP_KIND_RESPONSE:
		return;
	}
}

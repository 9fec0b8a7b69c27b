/* SPDX-License-Identifier: Apache-2.0 */
/* double: the screener and the tables, decided by the table of senders alone. */
#include "sim.h"

#include "pdu.h"

const struct tables *publish_load(const struct publish *publish)
{
	(void)publish;
	return NULL;
}

void publish_quiescent(struct publish *publish, unsigned worker)
{
	(void)publish, (void)worker;
}
void publish_online(struct publish *publish, unsigned worker) { (void)publish, (void)worker; }
void publish_offline(struct publish *publish, unsigned worker) { (void)publish, (void)worker; }

enum reason screen_bind(const struct tables *tables, uint32_t row, uint32_t seconds,
                        uint32_t *status)
{
	(void)tables, (void)row, (void)seconds, (void)status;
	return REASON_PASS;
}

static bool has_word(const struct view v)
{
	return v.len != 0 && memmem(v.data, v.len, PDU_WORD, strlen(PDU_WORD)) != NULL;
}

static void judge(struct screen_message *m, uint32_t seconds)
{
	const struct view from = m->sm.source.digits;
	bool good = false;

	for (unsigned i = 0; i < pdu_senders_n; i++)
		if (from.len == strlen(pdu_senders[i].address) &&
		    memcmp(from.data, pdu_senders[i].address, from.len) == 0)
			good = pdu_senders[i].kind == SENDER_GOOD ||
			       (pdu_senders[i].kind == SENDER_CHANGES && seconds % 2 == 0);
	m->command_status =
		!m->bound     ? PDU_STATUS_BOUND
		: m->sm.error ? m->sm.error
		: !good       ? PDU_STATUS_SENDER
		: has_word(m->sm.short_message.octets) || has_word(m->sm.payload.octets)
			? PDU_STATUS_CONTENT
			: 0;
	m->refuse = m->command_status != 0;
	m->reason = m->refuse ? REASON_CONTENT_RULE : REASON_PASS;
}

void screen_run(struct screen_context *context, struct screen_vector *vector)
{
	for (unsigned i = 0; i < vector->n; i++)
		judge(&vector->messages[i], context->seconds);
}

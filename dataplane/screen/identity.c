/* SPDX-License-Identifier: Apache-2.0 */
#include "screen_priv.h"

/* Form comes first: of what is no SMPP no field is to be trusted. */
void stage_form(struct screen_context *context, struct screen_vector *v)
{
	(void)context;
	for (unsigned i = v->first; i < v->end; i++) {
		struct screen_message *m = &v->messages[i];
		if (m->sm.error != SMPP_ROK && is_open(m))
			m->reason = REASON_MALFORMED;
	}
}

static enum reason account_reason(const struct screen_context *context, uint32_t row)
{
	if (context->tables == NULL)
		return REASON_ACCOUNT_UNKNOWN;
	return (enum reason)tables_account_reason(context->tables, row, context->seconds);
}

/* Messages of a session come together, so most have the account of the one before. */
void stage_identity(struct screen_context *context, struct screen_vector *v)
{
	uint32_t row = 0; /* no account */
	enum reason reason = REASON_ACCOUNT_UNKNOWN;

	for (unsigned i = v->first; i < v->end; i++) {
		struct screen_message *m = &v->messages[i];
		if (!m->from_esme || !is_open(m))
			continue;
		if (m->account_row != row) {
			row = m->account_row;
			reason = account_reason(context, row);
		}
		m->reason = m->bound ? reason : REASON_NOT_BOUND;
	}
}

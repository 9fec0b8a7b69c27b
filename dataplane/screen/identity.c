/* SPDX-License-Identifier: Apache-2.0 */
#include "screen_priv.h"

/* Form comes first: of what is no SMPP no field is to be trusted. */
void stage_form(struct screen_context *context, struct screen_vector *v)
{
	for (unsigned i = v->first; i < v->end; i++) {
		struct screen_message *m = &v->messages[i];
		if (m->sm.error != SMPP_ROK && is_open(context, m))
			m->reason = REASON_MALFORMED;
	}
}

static enum reason identity_reason(const struct screen_context *context,
                                   const struct screen_message *m)
{
	if (!m->bound)
		return REASON_NOT_BOUND;
	if (context->tables == NULL)
		return REASON_ACCOUNT_UNKNOWN;
	return (enum reason)tables_account_reason(context->tables, m->account_row,
	                                          context->seconds);
}

void stage_identity(struct screen_context *context, struct screen_vector *v)
{
	for (unsigned i = v->first; i < v->end; i++) {
		struct screen_message *m = &v->messages[i];
		if (m->from_esme && is_open(context, m))
			m->reason = identity_reason(context, m);
	}
}

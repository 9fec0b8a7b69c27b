/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verdict: what becomes of a message that a stage found a reason for.
 *
 * command_status, the first of these that is not 0:
 *   1. the fault of the PDU (MALFORMED): it tells an honest client what to mend, and
 *      says nothing of what we screen for
 *   2. the rule's own (CONTENT_RULE, READINGS_DISAGREE)
 *   3. the account's uniform status
 *   4. the policy's uniform status
 *   5. the policy's status for this reason
 *   6. the reason's row in verdict.def; for a bind ESME_RBINDFAIL
 */
#include "screen_priv.h"

#include <string.h>

#include "report_format.h"
#include "text.h"

_Static_assert(SCREEN_PLAIN_MAX == AUDIT_TEXT_SIZE, "what is kept is what is recorded");

/* Steps 3 to 6. account may be NULL (no image). */
static uint32_t status_of(const struct tables *tables, const struct image_account *account,
                          enum reason reason, uint32_t otherwise)
{
	if (tables == NULL)
		return otherwise;
	const struct image_policy *policy = tables->image->policy;
	if (account->uniform_status != 0)
		return account->uniform_status;
	if (policy->uniform_status != 0)
		return policy->uniform_status;
	return policy->status[reason] != 0 ? policy->status[reason] : otherwise;
}

static uint32_t command_status(const struct screen_context *context,
                               const struct screen_message *m)
{
	if (m->reason == REASON_MALFORMED)
		return m->sm.error;
	if (m->command_status != 0) /* the rule's */
		return m->command_status;
	return status_of(context->tables, context->tables ? account_of(context, m) : NULL,
	                 m->reason, reason_row(m->reason)->command_status);
}

/* An account in observe mode is never refused; the reason stays, for the record. Where the
 * connection is not bound no account sends: the one of a bind that failed says nothing. */
static bool may_refuse(const struct screen_context *context, const struct screen_message *m)
{
	if (m->from_esme && !m->bound)
		return true;
	return context->tables == NULL || account_of(context, m)->mode != IMAGE_OBSERVE;
}

static void decide(const struct screen_context *context, struct screen_message *m)
{
	/* A content rule or a campaign has said itself whether it refuses, discards or only
	 * observes; of two readings one refuses. */
	const bool wanted = m->reason == REASON_CONTENT_RULE || m->reason == REASON_CAMPAIGN
	                            ? m->refuse
	                            : m->reason != REASON_PASS;

	m->refuse = wanted && may_refuse(context, m);
	m->discard = m->discard && m->refuse;
	m->command_status = m->refuse && !m->discard ? command_status(context, m) : SMPP_ROK;
}

/* The arena is free for the next slice after this: what the record needs is copied. A
 * message that was decided before the text stage is decoded now; a refused one belongs to
 * its campaign as well as a passed one. */
static void keep(struct screen_context *context, struct screen_vector *v, unsigned i)
{
	struct screen_message *m = &v->messages[i];

	fingerprint_message(context, m);
	for (unsigned which = 0; which < 2; which++) {
		struct view plain = m->plain[which];
		if (plain.data == NULL && wire_text(m, which)->octets.len != 0) {
			const int64_t n = reading_decode(context, v, m, which);
			plain = (struct view){ v->arena + v->arena_used,
				               n > 0 ? (uint32_t)n : 0 };
		}
		if (m->fingerprint == 0 && plain.len != 0 && m->text[which].len == 0)
			fingerprint_text(context, m, reading_fold(context, v, plain));
		const uint32_t len = text_prefix(plain.data, plain.len, SCREEN_PLAIN_MAX);
		if (len != 0)
			memcpy(v->kept[i][which], plain.data, len);
		m->plain[which] = (struct view){ v->kept[i][which], len };
	}
}

void verdict_slice(struct screen_context *context, struct screen_vector *v)
{
	for (unsigned i = v->first; i < v->end; i++) {
		struct screen_message *m = &v->messages[i];
		if (m->reason != REASON_PASS || m->flagged) {
			keep(context, v, i);
			decide(context, m);
		} else {
			memset(m->plain, 0, sizeof(m->plain));
		}
	}
}

enum reason screen_bind(const struct tables *tables, uint32_t account_row, uint32_t seconds,
                        uint32_t *status)
{
	if (tables == NULL || tables->image->policy->refuse_at_bind == 0)
		return REASON_PASS;
	const struct image_account *account = tables_account(tables, account_row);
	const enum reason reason =
		(enum reason)tables_account_reason(tables, account_row, seconds);
	if (reason == REASON_PASS || account->mode == IMAGE_OBSERVE)
		return REASON_PASS;
	*status = status_of(tables, account, reason, SMPP_RBINDFAIL);
	return reason;
}

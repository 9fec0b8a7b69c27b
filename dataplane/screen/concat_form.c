/* SPDX-License-Identifier: Apache-2.0 */
/*
 * concat_form: whether what says that it is a part can be judged as one.
 */
#include "screen_priv.h"
#include "udh.h"

/* Destinations of a part by the parts that are looked for: what a submit_multi may cost. 255 of
 * 8 parts have room. */
#define LOOKS_MAX 2048u

/* What is at fault, for people. */
#define FAULT_SAID "concatenation (said twice, or in two ways)"
#define FAULT_LENGTH "concatenation (a SAR parameter of another length)"
#define FAULT_TEXTS "concatenation (a part with two texts)"
#define FAULT_LIST "concatenation (a part to a distribution list)"
#define FAULT_MANY "concatenation (that many parts to that many destinations)"

uint32_t concat_form(struct screen_message *m, unsigned places, const char **fault)
{
	const uint32_t error = smpp_concat_of(&m->concat, &m->sm);
	const unsigned looks = m->concat.total < places ? m->concat.total : places;

	*fault = error == SMPP_RINVPARLEN ? FAULT_LENGTH : FAULT_SAID;
	if (error != SMPP_ROK || m->concat.total < 2)
		return error;
	/* Which of the two is put together is the receiver's choice. */
	*fault = FAULT_TEXTS;
	if (m->sm.short_message.octets.len != 0 && m->sm.payload.octets.len != 0)
		return SMPP_RINVOPTPARAMVAL;
	/* Whose phones those are, and what else they get, only the message centre knows. */
	*fault = FAULT_LIST;
	if (m->sm.to_list)
		return SMPP_RCNTSUBDL;
	*fault = FAULT_MANY;
	return m->sm.n_destinations * looks > LOOKS_MAX ? SMPP_RINVNUMDESTS : SMPP_ROK;
}

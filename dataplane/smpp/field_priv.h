/* SPDX-License-Identifier: Apache-2.0 */
/*
 * field: read one named field of a PDU, and say which one was at fault.
 *
 * A decoder reads straight through; the first fault is stored in the message and
 * later ones change nothing, because the cursor's error sticks. All of it inlines
 * to constants: the name costs nothing until there is a fault.
 */
#ifndef DP_FIELD_PRIV_H
#define DP_FIELD_PRIV_H
#include "check.h"
#include "cursor.h"
#include "message.h"

enum field {
#define FIELD(NAME, name, max, status) FIELD_##NAME,
#include "field.def"
#undef FIELD
	FIELD_N
};

struct field_row {
	const char *name;
	uint32_t max;      /* octets, NUL included */
	uint32_t too_long; /* command_status */
};

static const struct field_row field_rows[FIELD_N] = {
#define FIELD(NAME, name, max, status) [FIELD_##NAME] = { #name, max, status },
#include "field.def"
#undef FIELD
};

struct reader {
	struct cursor cursor;
	struct cursor_nuls nuls; /* ahead of it, where a body asked for them */
	struct smpp_message *message;
};

/* Store the first fault, of a field that begins where left octets of the PDU remain; no
 * effect when there is one already. */
void field_fault(struct smpp_message *message, const char *name, uint32_t status, size_t left);

/* The field that did not fit, read with left octets to go. */
void field_overrun(struct smpp_message *message, enum field field, size_t left);

static inline struct view read_string(struct reader *r, enum field field)
{
	const size_t left = cursor_left(&r->cursor);
	const struct view v = cursor_cstring_of(&r->cursor, &r->nuls, field_rows[field].max);

	if (unlikely(v.data == NULL))
		field_overrun(r->message, field, left);
	return v;
}

static inline uint8_t read_octet(struct reader *r, enum field field)
{
	const uint8_t *p = cursor_some(&r->cursor, 1);

	if (unlikely(p == NULL)) {
		field_overrun(r->message, field, 0);
		return 0;
	}
	return *p;
}

/*
 * The standard ends at 254 octets (3.4) or 255 (5.0) and sm_length has one octet:
 * whatever it says can be read here whole, so no value hides text from us.
 */
static inline void read_short_message(struct reader *r)
{
	const uint8_t len = read_octet(r, FIELD_SM_LENGTH);

	if (unlikely(cursor_left(&r->cursor) < len))
		field_fault(r->message, "short_message", SMPP_RINVMSGLEN,
		            cursor_left(&r->cursor));
	r->message->short_message.octets = cursor_view(&r->cursor, len);
}

/* message_body.c: the mandatory part of a kind; returns with the cursor after it. */
void body_message(struct reader *r);
void body_bind(struct reader *r);
void body_bind_resp(struct reader *r);

/* message_text.c: the optional part, to the end of the PDU. */
void text_tlvs(struct reader *r);

/* message_text.c: take the user data header off whichever text carries it. */
void text_split_udh(struct reader *r);

#endif

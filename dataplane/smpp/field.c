/* SPDX-License-Identifier: Apache-2.0 */
#include "field_priv.h"

void field_fault(struct smpp_message *message, const char *name, uint32_t status, size_t left)
{
	if (message->error != SMPP_ROK)
		return;
	message->error = status;
	message->error_field = name;
	message->error_at = message->header.length - (uint32_t)left;
}

void field_overrun(struct smpp_message *message, enum field field, size_t left)
{
	const struct field_row *row = &field_rows[field];

	field_fault(message, row->name, left < row->max ? SMPP_RINVCMDLEN : row->too_long,
	            left);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "frame.h"

#include "check.h"
#include "cursor.h"

enum frame_result smpp_frame(const uint8_t *octets, size_t len, size_t available,
                             struct smpp_header *header)
{
	bug_if(len > available || (len < SMPP_HEADER_SIZE && available >= SMPP_HEADER_SIZE));

	/* Octets that are not there yet read as 0. */
	struct cursor c =
		cursor_over(octets, likely(len >= SMPP_HEADER_SIZE) ? SMPP_HEADER_SIZE : len);
	const uint32_t length = cursor_u32(&c);

	header->length = length;
	header->command_id = cursor_u32(&c);
	header->command_status = cursor_u32(&c);
	header->sequence = cursor_u32(&c);

	if (unlikely(len < sizeof(length)))
		return FRAME_MORE;
	if (unlikely(length < SMPP_HEADER_SIZE || length > SMPP_PDU_MAX))
		return FRAME_BAD;
	return available < length ? FRAME_MORE : FRAME_WHOLE;
}

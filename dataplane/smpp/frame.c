/* SPDX-License-Identifier: Apache-2.0 */
#include "frame.h"

#include "check.h"
#include "cursor.h"

/* What is there of one. */
static void read_part(struct smpp_header *header, struct cursor c)
{
	header->length = cursor_u32(&c);
	header->command_id = cursor_u32(&c);
	header->command_status = cursor_u32(&c);
	header->sequence = cursor_u32(&c);
}

enum frame_result smpp_frame(const uint8_t *octets, size_t len, size_t available,
                             struct smpp_header *header)
{
	bug_if(len > available || (len < SMPP_HEADER_SIZE && available >= SMPP_HEADER_SIZE));

	if (likely(len >= SMPP_HEADER_SIZE))
		*header = smpp_header_read(octets);
	else /* octets that are not there yet read as 0 */
		read_part(header, cursor_over(octets, len));
	const uint32_t length = header->length;
	if (unlikely(len < sizeof(length)))
		return FRAME_MORE;
	if (unlikely(length < SMPP_HEADER_SIZE || length > SMPP_PDU_MAX))
		return FRAME_BAD;
	return available < length ? FRAME_MORE : FRAME_WHOLE;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "response.h"

#include "message.h"

static void put_u32(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 24);
	at[1] = (uint8_t)(value >> 16);
	at[2] = (uint8_t)(value >> 8);
	at[3] = (uint8_t)value;
}

static void put_header(uint8_t out[SMPP_HEADER_SIZE], uint32_t command_id,
                       uint32_t command_status, uint32_t sequence)
{
	put_u32(out, SMPP_HEADER_SIZE);
	put_u32(out + 4, command_id);
	put_u32(out + 8, command_status);
	put_u32(out + 12, sequence);
}

void smpp_refusal(uint8_t out[SMPP_HEADER_SIZE], const struct smpp_header *request,
                  uint32_t command_status)
{
	put_header(out, request->command_id | SMPP_RESPONSE, command_status, request->sequence);
}

/* message_id as 16 digits, which all versions can carry, and its NUL. */
static uint32_t put_id(uint8_t *out, uint64_t id)
{
	for (unsigned i = 0; i < 16; i++)
		out[i] = (uint8_t) "0123456789abcdef"[id >> (60 - 4 * i) & 15];
	out[16] = 0;
	return 17;
}

uint32_t smpp_accepted(uint8_t out[SMPP_ACCEPTED_MAX], const struct smpp_header *request,
                       uint64_t id)
{
	uint32_t len = SMPP_HEADER_SIZE;

	put_header(out, request->command_id | SMPP_RESPONSE, 0, request->sequence);
	switch (request->command_id) {
	case SMPP_REPLACE_SM:
		break;
	case SMPP_DELIVER_SM:
		out[len++] = 0; /* message_id is not used */
		break;
	case SMPP_SUBMIT_MULTI:
		len += put_id(out + len, id);
		out[len++] = 0; /* no_unsuccess */
		break;
	default:
		len += put_id(out + len, id);
	}
	put_u32(out, len);
	return len;
}

void smpp_nack(uint8_t out[SMPP_HEADER_SIZE], uint32_t command_status, uint32_t sequence)
{
	put_header(out, SMPP_GENERIC_NACK, command_status, sequence);
}

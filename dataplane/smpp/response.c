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

void smpp_nack(uint8_t out[SMPP_HEADER_SIZE], uint32_t command_status, uint32_t sequence)
{
	put_header(out, SMPP_GENERIC_NACK, command_status, sequence);
}

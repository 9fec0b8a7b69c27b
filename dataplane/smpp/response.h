/* SPDX-License-Identifier: Apache-2.0 */
/*
 * response: the PDUs that we write ourselves. Header only: SMPP 3.4 section
 * 4.4.2 wants no body with a command_status other than 0. Threads: pure; any.
 */
#ifndef DP_RESPONSE_H
#define DP_RESPONSE_H
#include <stdint.h>

#include "frame.h"

/* The response to request, with its sequence number; 16 octets into out. */
void smpp_refusal(uint8_t out[SMPP_HEADER_SIZE], const struct smpp_header *request,
                  uint32_t command_status);

/* The response that says accepted, as the message centre would: command_status 0 and what
 * the command's body needs (SMPP 3.4 sections 4.4.2, 4.5.2, 4.7.2; 5.0 section 4.4.1.2): a
 * message_id made of id where there is one. Octets written. */
#define SMPP_ACCEPTED_MAX (SMPP_HEADER_SIZE + 18u)
uint32_t smpp_accepted(uint8_t out[SMPP_ACCEPTED_MAX], const struct smpp_header *request,
                       uint64_t id);

/* generic_nack (SMPP 3.4 section 4.3), sequence 0 where it is not known. */
void smpp_nack(uint8_t out[SMPP_HEADER_SIZE], uint32_t command_status, uint32_t sequence);

#endif

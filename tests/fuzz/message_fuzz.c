/* SPDX-License-Identifier: Apache-2.0 */
/* One PDU; its command_length is made true, as the framer sees to. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "../unit/smpp/check_message.h"

enum { DECODED = 1, REFUSED = 2 };
unsigned fuzz_reached;
const unsigned fuzz_wanted = DECODED | REFUSED;

/* What was read before must not depend on what the decoder's output held before. */
static void decode_again(const struct smpp_message *first, const uint8_t *pdu, size_t len)
{
	struct smpp_message m;

	memset(&m, 0xA5, sizeof(m));
	bug_if(smpp_decode(&m, pdu, len) != first->error);
	bug_if(m.short_message.octets.data != first->short_message.octets.data);
	bug_if(m.payload.octets.data != first->payload.octets.data);
	bug_if(m.tlvs.len != first->tlvs.len || m.n_destinations != first->n_destinations);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct smpp_message m;

	if (size < SMPP_HEADER_SIZE || size > SMPP_PDU_MAX)
		return 0;
	uint8_t *pdu = malloc(size);
	bug_if(pdu == NULL);
	memcpy(pdu, data, size);
	pdu[0] = 0;
	pdu[1] = (uint8_t)(size >> 16);
	pdu[2] = (uint8_t)(size >> 8);
	pdu[3] = (uint8_t)size;

	memset(&m, 0, sizeof(m));
	const uint32_t status = smpp_decode(&m, pdu, size);
	check_message(&m, status, pdu, size);
	fuzz_reached |= status == SMPP_ROK ? DECODED : REFUSED;
	decode_again(&m, pdu, size);
	free(pdu);
	return 0;
}

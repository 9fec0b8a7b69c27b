/* SPDX-License-Identifier: Apache-2.0 */
/*
 * udh: what a user data header says that changes how a text is read.
 *
 * Information elements of 3GPP TS 23.040 section 9.2.3.24: concatenation with 8-bit (0x00)
 * and 16-bit reference (0x08), national language single (0x24) and locking shift (0x25).
 * They may stand anywhere among others. Of two that say the same thing the last one counts,
 * one that contradicts itself says nothing, as that section has it. Disputed is a header of
 * which phones make different things: with two elements that make it another part (some take
 * the first), or one of a fixed length that has another (some go on where it says, some where
 * it should end, and find a part there).
 *
 * Threads: pure; any thread.
 */
#ifndef DP_UDH_H
#define DP_UDH_H
#include <stdbool.h>
#include <stdint.h>

#include "message.h"

/* Part `part` of `total`, both from 1. Reference numbers of different width differ. */
struct smpp_concat {
	uint16_t reference;
	uint8_t total, part; /* total 0: not a part */
	uint8_t width;       /* 8 or 16; 0 for sar_* parameters */
};

struct smpp_udh {
	struct smpp_concat concat;
	uint8_t single_shift, locking_shift; /* national language identifiers, 0 = none */
	bool disputed;                       /* phones differ on what it is */
};

/* Read the elements of a header (without UDHL); an empty view is no header. Stops at an
 * element that overruns the header; what came before counts. */
void smpp_udh_read(struct smpp_udh *out, struct view udh);

/*
 * What kind of part a message is, from its header or from sar_msg_ref_num,
 * sar_total_segments and sar_segment_seqnum (SMPP 3.4 sections 5.3.2.22 to 24). Returns 0, or
 * SMPP_RINVOPTPARAMVAL when it says both, SMPP_RINVOPTPARSTREAM when one of the three is there
 * twice, SMPP_RINVPARLEN when one has not the octets it should have, SMPP_RINVESMCLASS when the
 * header is disputed: which one the receiver obeys we cannot know.
 */
must_use uint32_t smpp_concat_of(struct smpp_concat *out, const struct smpp_message *message);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frame: where a PDU begins and ends in a stream of octets.
 *
 * The contract is picohttpparser's: WHOLE (the PDU is there, length says how
 * long), MORE (a valid start, octets missing), BAD (framing is lost: no later
 * octet can be trusted). The 16-octet header (SMPP 3.4 section 3.2) is judged
 * before anything is buffered for it: "HTTP" read as a length is 1213486160.
 *
 * Threads: pure; any.
 */
#ifndef DP_FRAME_H
#define DP_FRAME_H
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SMPP_HEADER_SIZE 16u
/* message_payload holds 64 KiB - 1; the widest PDU around it (submit_multi with
 * 255 destinations of 24 octets, plus headers and TLVs) stays below 8 KiB more. SMPP has no
 * bound: a PDU of more is taken for lost framing, as README says. */
#define SMPP_PDU_MAX (72u * 1024)

struct smpp_header {
	uint32_t length;    /* command_length, octets, header included */
	uint32_t command_id;
	uint32_t command_status;
	uint32_t sequence;
};

/*
 * The header at octets[0 .. 16). In one load and one store: a copy of it, which compilers
 * make with one load, would wait for four stores of its members.
 */
static inline struct smpp_header smpp_header_read(const uint8_t *octets)
{
	typedef uint8_t octet16 __attribute__((vector_size(SMPP_HEADER_SIZE)));
	struct smpp_header header;
	octet16 v;

	_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "members are swapped");
	memcpy(&v, octets, sizeof(v));
	v = __builtin_shufflevector(v, v, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
	memcpy(&header, &v, sizeof(header));
	return header;
}

enum frame_result { FRAME_WHOLE, FRAME_MORE, FRAME_BAD };

/*
 * Judge the PDU at octets[0 .. len). available = octets of the stream that are
 * there in all (>= len; the caller may have only the first of them contiguous).
 * len < 16 with available >= 16 is the caller's mistake (bug_if).
 * WHOLE and MORE with len >= 16 fill *header; BAD fills it as far as it is
 * known (sequence 0 when not).
 */
enum frame_result smpp_frame(const uint8_t *octets, size_t len, size_t available,
                             struct smpp_header *header);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream, taken apart PDU by PDU. A frame is WHOLE exactly from its last octet on,
 * and BAD stays BAD: what arrives later never changes what was said before.
 */
#include "check.h"
#include "frame.h"
#include "fuzz.h"

enum { WHOLE = 1, BAD = 2 };
unsigned fuzz_reached;
const unsigned fuzz_wanted = WHOLE | BAD;

/* The cursor reads the header; this reads it again, plainly. */
static uint32_t length_at(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static enum frame_result expected(const uint8_t *at, size_t available)
{
	if (available < 4)
		return FRAME_MORE;
	if (length_at(at) < 16 || length_at(at) > SMPP_PDU_MAX)
		return FRAME_BAD;
	return available < length_at(at) ? FRAME_MORE : FRAME_WHOLE;
}

static void check_prefixes(const uint8_t *at, size_t left)
{
	const size_t most = left < 32 ? left : 32;
	struct smpp_header h;

	for (size_t n = 0; n <= most; n++)
		bug_if(smpp_frame(at, n, n, &h) != expected(at, n));
	fuzz_reached |= expected(at, most) == FRAME_BAD ? BAD : 0;
	for (size_t n = SMPP_HEADER_SIZE; n <= most; n++)
		bug_if(smpp_frame(at, SMPP_HEADER_SIZE, n, &h) != expected(at, n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct smpp_header h;
	size_t at = 0;

	while (at < size) {
		check_prefixes(data + at, size - at);
		if (smpp_frame(data + at, size - at, size - at, &h) != FRAME_WHOLE)
			break;
		fuzz_reached |= WHOLE;
		bug_if(h.length != length_at(data + at) || h.length > size - at);
		at += h.length;
	}
	return 0;
}

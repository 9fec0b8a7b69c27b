/* SPDX-License-Identifier: Apache-2.0 */
/* sack: four octets say how much is out, the rest are the options of an ACK. Whatever they
 * hold, the blocks that are believed lie inside what is out. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "fuzz.h"
#include "scoreboard.h"
#include "sequence.h"

#define UNA (UINT32_MAX - 999u) /* the numbers wrap */

enum { BLOCK = 1, SEVERAL = 2, TWICE = 4 };
unsigned fuzz_reached;
const unsigned fuzz_wanted = BLOCK | SEVERAL | TWICE;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sack_report report;

	if (size < 4 || size > 44)
		return 0;
	const uint32_t out = (uint32_t)data[0] << 16 | (uint32_t)data[1] << 8 | data[2];
	const uint32_t ack = UNA + out * data[3] / 256;
	uint8_t *options = malloc(size - 4 + 1); /* for a sanitizer */
	bug_if(options == NULL);
	memcpy(options, data + 4, size - 4);
	sack_read(&report, options, size - 4, ack, UNA, UNA + out);
	bug_if(report.n > SACK_HEARD_MAX);
	for (unsigned i = 0; i < report.n; i++) {
		const struct sack_block b = report.block[i];
		bug_if(!seq_leq(ack, b.left) || !seq_lt(b.left, b.right));
		bug_if(!seq_leq(b.right, UNA + out));
	}
	fuzz_reached |= (report.n > 0 ? BLOCK : 0) | (report.n > 1 ? SEVERAL : 0) |
	                (report.duplicate ? TWICE : 0);
	free(options);
	return 0;
}

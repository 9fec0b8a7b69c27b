/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options: any octets as the options of a segment. What is stripped is gone, nothing else
 * has changed its meaning, and there is nothing left to strip.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "fuzz.h"
#include "options.h"

#define OPTIONS_MAX 40u /* RFC 9293 section 3.1: data offset 15 */

enum { TS = 1, STRIPPED = 2 };
unsigned fuzz_reached;
const unsigned fuzz_wanted = TS | STRIPPED;

static void check_same(const struct tcp_options *a, const struct tcp_options *b)
{
	bug_if(a->mss != b->mss || a->sack_ok != b->sack_ok);
	bug_if(a->has_wscale != b->has_wscale || a->wscale != b->wscale);
	bug_if(a->has_ts != b->has_ts || a->ts_val != b->ts_val || a->ts_ecr != b->ts_ecr);
}

/* Options that end where they must not are read up to there: every one may be the last. */
static void check_kinds(const uint8_t *o, size_t len)
{
	for (size_t at = 0; at < len && o[at] != OPTION_END;) {
		if (o[at] == OPTION_NOP) {
			at++;
			continue;
		}
		if (at + 1 >= len || o[at + 1] < 2 || o[at + 1] > len - at)
			return;
		bug_if(o[at] != OPTION_MSS && o[at] != OPTION_WSCALE &&
		       o[at] != OPTION_SACK_OK && o[at] != OPTION_TS);
		at += o[at + 1];
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tcp_options before, after;
	uint8_t written[12];

	if (size > OPTIONS_MAX)
		return 0;
	uint8_t *octets = malloc(size ? size : 1); /* of the exact size, for a sanitizer */
	bug_if(octets == NULL);
	memcpy(octets, data, size);
	options_read(&before, octets, size);
	bug_if(before.wscale > WSCALE_MAX);
	const unsigned stripped = options_strip(octets, size);
	fuzz_reached |= (stripped ? STRIPPED : 0) | (before.has_ts ? TS : 0);
	check_kinds(octets, size);
	bug_if(options_strip(octets, size) != 0);
	options_read(&after, octets, size);
	check_same(&before, &after);
	(void)options_limit_mss(octets, size, 1000);
	options_read(&after, octets, size);
	bug_if(after.mss > 1000 || (before.mss <= 1000 && after.mss != before.mss));
	if (before.has_ts) {
		const struct tcp_options ts = { .has_ts = true,
			                        .ts_val = before.ts_val,
			                        .ts_ecr = before.ts_ecr };
		bug_if(options_write_ts(written, before.ts_val, before.ts_ecr) != 12);
		options_read(&after, written, sizeof(written));
		check_same(&ts, &after);
	}
	free(octets);
	return 0;
}

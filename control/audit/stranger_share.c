/* SPDX-License-Identifier: Apache-2.0 */
#include "stranger_share.h"

#define DAY_US (UINT64_C(86400) * 1000000)
/* A record, so that three quarters of N in a day are 3 N a microsecond, without a rest. */
#define RECORD (4 * DAY_US)

_Static_assert(STRANGERS_DAY_MAX < UINT64_MAX / RECORD, "no sum below wraps");

static uint64_t most(const struct stranger_share *share) { return share->day * RECORD / 4; }

struct stranger_share stranger_share(uint64_t day, uint64_t now_us)
{
	struct stranger_share share = { .day = day, .at_us = now_us };

	share.credit = most(&share);
	return share;
}

void stranger_share_fill(struct stranger_share *share, uint64_t now_us)
{
	const uint64_t passed_us = now_us - share->at_us;
	const uint64_t room = most(share) - share->credit;
	const uint64_t more = passed_us < DAY_US ? 3 * share->day * passed_us : room;

	share->at_us = now_us;
	share->credit += more < room ? more : room;
}

bool stranger_share_take(struct stranger_share *share)
{
	if (share->credit < RECORD)
		return false;
	share->credit -= RECORD;
	return true;
}

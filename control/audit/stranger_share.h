/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stranger_share: how many refusals of strangers are stored.
 *
 * A stranger is who is not bound, or bound under a system_id that is no account's
 * (audit_record.stranger). Anybody who reaches the port makes
 * as many of them as he likes, and a day's file must not be his to fill. Of N a day a quarter
 * may come at once; the rest comes evenly, so that whoever has spent it all does not hide
 * what another one does an hour later. What is left out is counted. Records of accounts are
 * never left out, and cost nothing here.
 *
 * Time is an argument, of a clock that only goes on. Threads: one at a time.
 */
#ifndef CONTROL_STRANGER_SHARE_H
#define CONTROL_STRANGER_SHARE_H
#include <stdbool.h>
#include <stdint.h>

#define STRANGERS_DAY UINT64_C(100000) /* some 60 MB of a day's file */
#define STRANGERS_DAY_MAX UINT64_C(10000000)

struct stranger_share {
	uint64_t day;    /* N */
	uint64_t credit; /* in parts of a record */
	uint64_t at_us;
};

/* A new one, with the quarter that may come at once. */
struct stranger_share stranger_share(uint64_t day, uint64_t now_us);
/* What has come evenly until now. */
void stranger_share_fill(struct stranger_share *share, uint64_t now_us);
/* Whether one more is stored. */
bool stranger_share_take(struct stranger_share *share);

#endif

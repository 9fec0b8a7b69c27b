/* SPDX-License-Identifier: Apache-2.0 */
/*
 * points: what files say of weights, thresholds and regimes.
 * Threads: pure; any thread.
 */
#ifndef CONTROL_POINTS_H
#define CONTROL_POINTS_H
#include <stdbool.h>
#include <stdint.h>

/* Whole points in decimal with up to three places, in thousandths: no float, so that a file
 * means the same everywhere. False: no such number, or beyond RULE_POINTS_MAX. */
bool points_parse(int32_t *out, const char *text);

/* One to four letters or digits as one number, as struct image_account has them. */
bool regime_parse(uint32_t *out, const char *word);

#endif

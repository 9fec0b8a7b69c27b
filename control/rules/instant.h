/* SPDX-License-Identifier: Apache-2.0 */
/*
 * instant: times in files and for people, as Unix seconds in 32 bits (to 2106).
 * Threads: pure; any thread.
 */
#ifndef CONTROL_INSTANT_H
#define CONTROL_INSTANT_H
#include <stdbool.h>
#include <stdint.h>

#include "check.h"

#define INSTANT_TEXT_SIZE 24u
#define INSTANT_FOREVER UINT32_MAX

/*
 * ISO 8601: 2026-01-31, 2026-01-31T09:00Z, 2026-01-31T09:00:00Z, or an offset like
 * +09:00 instead of Z. A date alone is its midnight UTC; a time needs its zone.
 * "" is 0. 0 and *out, or -EINVAL (also before 1970 or after 2105).
 */
must_use int instant_parse(uint32_t *out, const char *text);

/* "2026-01-31T09:00:00Z", "" for 0, "for ever" for INSTANT_FOREVER. */
void instant_text(char out[INSTANT_TEXT_SIZE], uint32_t instant);

#endif

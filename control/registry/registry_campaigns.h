/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registry_campaigns: campaigns that an operator acts upon.
 *
 * A campaign is named by its fingerprint (dataplane/text/fingerprint.h), written as 16
 * hexadecimal digits; it is every text whose fingerprint differs from it in at most radius
 * bits. What is said of campaigns is a sanction: it is in the file of sanctions, waits for
 * no import, and comes by registry_delta() with kind LINK_CAMPAIGN: BLOCK says what is done
 * with it (and replaces what was said before), UNBLOCK that nothing is.
 *
 * Threads: as registry.h.
 */
#ifndef CONTROL_REGISTRY_CAMPAIGNS_H
#define CONTROL_REGISTRY_CAMPAIGNS_H
#include <stddef.h>
#include <stdint.h>

#include "check.h"
#include "registry.h"

/* When none is given. Measured (bench/RESULTS.md, campaigns): one clean text in ten thousand
 * is near spam within 6 bits, as it is within 3, and 6 find twice as many of the texts that had
 * a name put before them; tests/quality/campaigns.py holds it to that. */
#define CAMPAIGN_RADIUS 6u
#define CAMPAIGN_NOTE_MAX 200u /* octets of UTF-8 */
#define CAMPAIGN_TEXT_SIZE 17u /* of a fingerprint, with its NUL */

struct registry_campaign {
	uint64_t fingerprint;
	uint32_t until; /* Unix seconds, first second not acted upon; 0 = for ever */
	uint8_t radius; /* bits */
	uint8_t action; /* enum image_action */
	int64_t at;     /* Unix seconds: when it was said */
	char note[CAMPAIGN_NOTE_MAX + 1]; /* for people */
};

/* Those that are acted upon at this time (Unix seconds), by fingerprint: an array of *n, at
 * most IMAGE_CAMPAIGNS_MAX, to free(). */
must_use int registry_campaigns(struct registry *registry, int64_t now,
                                struct registry_campaign **out, size_t *n);

/* 16 hexadecimal digits, not all 0. 0 and *out, or -EINVAL. */
must_use int campaign_parse(uint64_t *out, const char *text);
void campaign_text(char out[CAMPAIGN_TEXT_SIZE], uint64_t fingerprint);
const char *campaign_action(unsigned action); /* "refuse", ...; "?" when it is none */

#endif

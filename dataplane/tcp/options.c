/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <string.h>

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Octets of the option at o, which has left octets behind it; 0 = cannot be. */
static size_t option_len(const uint8_t *o, size_t left)
{
	if (*o == OPTION_NOP)
		return 1;
	if (left < 2 || o[1] < 2 || o[1] > left)
		return 0;
	return o[1];
}

static void option_read(struct tcp_options *out, const uint8_t *o)
{
	switch (o[0]) {
	case OPTION_MSS:
		if (o[1] == 4)
			out->mss = (uint16_t)(o[2] << 8 | o[3]);
		break;
	case OPTION_WSCALE:
		if (o[1] == 3) {
			out->has_wscale = true;
			out->wscale = o[2] < WSCALE_MAX ? o[2] : WSCALE_MAX;
		}
		break;
	case OPTION_SACK_OK:
		out->sack_ok = out->sack_ok || o[1] == 2;
		break;
	case OPTION_TS:
		if (o[1] == 10) {
			out->has_ts = true;
			out->ts_val = be32(o + 2);
			out->ts_ecr = be32(o + 6);
		}
		break;
	default:
		break;
	}
}

void options_read(struct tcp_options *out, const uint8_t *octets, size_t len)
{
	*out = (struct tcp_options){ 0 };
	/* What nearly every segment carries: NOP NOP TS, and nothing else. */
	if (len == 12 && memcmp(octets, "\x01\x01\x08\x0a", 4) == 0) {
		option_read(out, octets + 2);
		return;
	}
	for (size_t at = 0; at < len && octets[at] != OPTION_END;) {
		const size_t n = option_len(octets + at, len - at);
		if (n == 0)
			return;
		if (n > 1)
			option_read(out, octets + at);
		at += n;
	}
}

/* The options a relay can keep its word on, and how long they are; 0 = not one of them. */
static size_t known_len(uint8_t kind)
{
	switch (kind) {
	case OPTION_MSS:
		return 4;
	case OPTION_WSCALE:
		return 3;
	case OPTION_SACK_OK:
		return 2;
	case OPTION_TS:
		return 10;
	default:
		return 0;
	}
}

static unsigned blank(uint8_t *octets, uint8_t with, size_t n)
{
	unsigned changed = 0;

	for (size_t i = 0; i < n; i++) {
		changed += octets[i] != with;
		octets[i] = with;
	}
	return changed;
}

unsigned options_strip(uint8_t *octets, size_t len)
{
	uint8_t *seen[OPTION_TS + 1] = { NULL };
	unsigned changed = 0;
	size_t at = 0, n;

	for (; at < len && octets[at] != OPTION_END; at += n) {
		uint8_t *o = octets + at;
		n = option_len(o, len - at);
		if (n == 0)
			break;
		if (n == 1)
			continue;
		if (known_len(o[0]) != n) {
			changed += blank(o, OPTION_NOP, n);
			continue;
		}
		if (seen[o[0]] != NULL) /* the last one stands, as in options_read() */
			changed += blank(seen[o[0]], OPTION_NOP, n);
		seen[o[0]] = o;
		if (o[0] == OPTION_WSCALE && o[2] > WSCALE_MAX) {
			o[2] = WSCALE_MAX;
			changed++;
		}
	}
	return changed + blank(octets + at, OPTION_END, len - at);
}

bool options_limit_mss(uint8_t *octets, size_t len, uint16_t most)
{
	bool limited = false;

	for (size_t at = 0, n; at < len && octets[at] != OPTION_END; at += n) {
		uint8_t *o = octets + at;
		n = option_len(o, len - at);
		if (n == 0)
			break;
		if (o[0] != OPTION_MSS || n != 4 || (o[2] << 8 | o[3]) <= most)
			continue;
		o[2] = (uint8_t)(most >> 8);
		o[3] = (uint8_t)most;
		limited = true;
	}
	return limited;
}

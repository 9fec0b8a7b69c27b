/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "instant.h"
#include "registry_delta.h"
#include "registry_priv.h"

static const struct word operations[] = {
	{ "suspend", LINK_SUSPEND },
	{ "lift", LINK_LIFT },
	{ "block", LINK_BLOCK },
	{ "unblock", LINK_UNBLOCK },
	{ "add", LINK_ADD },
	{ "remove", LINK_REMOVE },
	{ NULL, 0 },
};
static const struct word kinds[] = {
	{ "account", LINK_ACCOUNT },
	{ "sender", LINK_SENDER },
	{ "campaign", LINK_CAMPAIGN },
	{ NULL, 0 },
};

const char *registry_delta_values(const char *field)
{
	static const char *const rows[][2] = {
		{ "op", "suspend, lift, block, unblock, add or remove" },
		{ "kind", "account, sender or campaign" },
		{ "radius", "a number from 0 to 7" },
		{ "action", "refuse, discard, flag or observe" },
		{ "mode", "enforce or observe" },
		{ "alphabet", "gsm7, ascii, latin1, ucs2, cp949 or utf8" },
		{ "sender_field", "source_addr or a tag like 0x0381" },
		{ "until", "a time like 2026-01-31T09:00:00Z, or forever" },
		{ "from", "a time like 2026-01-31T09:00:00Z" },
	};

	_Static_assert(IMAGE_CAMPAIGN_RADIUS_MAX == 7, "as above");
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(field, rows[i][0]) == 0)
			return rows[i][1];
	return "";
}

/* One of these words; there is no default. */
static int read_word(const struct word *words, const char *text, uint32_t *out)
{
	const int64_t value = text[0] == '\0' ? -1 : word_value(words, text);

	*out = (uint32_t)value;
	return value < 0 ? -EINVAL : 0;
}

static int read_time(const char *text, uint32_t *out)
{
	if (strcmp(text, "forever") == 0) {
		*out = INSTANT_FOREVER;
		return 0;
	}
	return instant_parse(out, text);
}

static int read_tag(const char *text, uint16_t *out)
{
	char *end = NULL;
	const unsigned long tag = strncmp(text, "0x", 2) == 0 ? strtoul(text, &end, 16) : 0;

	if (strcmp(text, "source_addr") == 0) {
		*out = 0;
		return 0;
	}
	if (tag == 0 || tag > UINT16_MAX || *end != '\0')
		return -EINVAL;
	*out = (uint16_t)tag;
	return 0;
}

/* What is done with a campaign. */
static int read_campaign(struct registry_delta *d, const char *field, const char *text)
{
	uint32_t value = 0;
	int result = 0;

	if (strcmp(field, "action") == 0) {
		result = read_word(campaign_actions, text, &value);
		d->action = (uint8_t)value;
	} else if (strcmp(field, "radius") == 0) {
		if (text[0] < '0' || text[0] > '0' + (char)IMAGE_CAMPAIGN_RADIUS_MAX ||
		    text[1] != '\0')
			return -EINVAL;
		d->radius = (uint8_t)(text[0] - '0');
		d->has_radius = true;
	} else if (strcmp(field, "note") == 0) {
		d->note = text;
	} else {
		result = -ENOENT;
	}
	return result;
}

static int read_setting(struct registry_delta *d, const char *field, const char *text)
{
	uint32_t value = 0;
	int result = -ENOENT;

	if (strcmp(field, "mode") == 0) {
		result = read_word(modes, text, &value);
		d->mode = (uint8_t)value;
	} else if (strcmp(field, "alphabet") == 0) {
		result = read_word(alphabets, text, &value);
		d->alphabet = (uint8_t)value;
	} else if (strcmp(field, "sender_field") == 0) {
		result = read_tag(text, &d->sender_tlv);
	} else {
		result = read_campaign(d, field, text);
	}
	return result;
}

int registry_delta_field(struct registry_delta *d, const char *field, const char *text)
{
	uint32_t value = 0;
	int result = 0;

	if (strcmp(field, "op") == 0) {
		result = read_word(operations, text, &value);
		d->op = (enum link_delta_op)value;
	} else if (strcmp(field, "kind") == 0) {
		result = read_word(kinds, text, &value);
		d->kind = (enum link_delta_kind)value;
	} else if (strcmp(field, "name") == 0) {
		d->name = text;
	} else if (strcmp(field, "owner") == 0) {
		d->owners = text;
	} else if (strcmp(field, "title") == 0) {
		d->title = text;
	} else if (strcmp(field, "from") == 0) {
		result = read_time(text, &d->valid_from);
	} else if (strcmp(field, "until") == 0) {
		result = read_time(text, &d->until);
	} else {
		result = read_setting(d, field, text);
	}
	return result;
}

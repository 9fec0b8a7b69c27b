/* SPDX-License-Identifier: Apache-2.0 */
#include "registry_campaigns.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "registry_priv.h"

#define DIGITS "0123456789abcdefABCDEF"

const struct word campaign_actions[] = {
	{ "refuse", IMAGE_REFUSE },
	{ "discard", IMAGE_DISCARD },
	{ "flag", IMAGE_FLAG },
	{ "observe", IMAGE_RULE_OBSERVE },
	{ NULL, 0 },
};

const char *campaign_action(unsigned action) { return word_name(campaign_actions, action); }

int campaign_parse(uint64_t *out, const char *text)
{
	const size_t n = strlen(text);

	if (n != CAMPAIGN_TEXT_SIZE - 1 || strspn(text, DIGITS) != n)
		return -EINVAL;
	const uint64_t value = strtoull(text, NULL, 16);
	if (value == 0)
		return -EINVAL;
	*out = value;
	return 0;
}

void campaign_text(char out[CAMPAIGN_TEXT_SIZE], uint64_t fingerprint)
{
	snprintf(out, CAMPAIGN_TEXT_SIZE, "%016llx", (unsigned long long)fingerprint);
}

/* The key that the data plane knows it by. */
static struct sender_key key_of(uint64_t fingerprint)
{
	struct sender_key key = { { LINK_CAMPAIGN_KEY } };

	for (unsigned i = 0; i < 8; i++)
		key.octets[8 + i] = (uint8_t)(fingerprint >> 8 * i);
	return key;
}

/* Those that are over make room; what is left must be fewer than an image holds. */
static int make_room(struct registry *r, uint64_t fingerprint, int64_t now)
{
	int64_t others = 0;
	int result = sql_run(&r->sql, "DELETE FROM campaign WHERE until <> 0 AND until <= ?",
	                     "i", now);

	if (result == 0)
		result = sql_number(&r->sql, &others,
		                    "SELECT count(*) FROM campaign WHERE fingerprint <> ?", "i",
		                    (int64_t)fingerprint);
	if (result < 0)
		return result;
	if (others < IMAGE_CAMPAIGNS_MAX)
		return 0;
	return registry_refuse(r, -E2BIG,
	                       "%u campaigns are acted upon, which is all there is room for; "
	                       "unblock one of them first",
	                       IMAGE_CAMPAIGNS_MAX);
}

static int block(struct registry *r, const struct registry_delta *d, uint64_t fingerprint,
                 struct link_delta *told)
{
	const char *note = d->note == NULL ? "" : d->note;
	const int64_t now = time(NULL);

	told->op = LINK_ADD;
	told->action = d->action == 0 ? IMAGE_REFUSE : d->action;
	told->radius = d->has_radius ? d->radius : CAMPAIGN_RADIUS;
	told->valid_until = d->until == UINT32_MAX ? 0 : d->until;
	if (told->valid_until != 0 && told->valid_until <= now)
		return registry_refuse(r, -EINVAL,
		                       "until is over: it would never be acted upon");
	if (strlen(note) > CAMPAIGN_NOTE_MAX)
		return registry_refuse(r, -EINVAL,
		                       "the note has %zu octets, at most %u are kept",
		                       strlen(note), CAMPAIGN_NOTE_MAX);
	const int result = make_room(r, fingerprint, now);
	if (result < 0)
		return result;
	return sql_run(&r->sql, "INSERT OR REPLACE INTO campaign VALUES(?,?,?,?,?,?)", "iiiiit",
	               (int64_t)fingerprint, (int64_t)told->radius, (int64_t)told->action,
	               (int64_t)told->valid_until, now, note);
}

static int unblock(struct registry *r, uint64_t fingerprint, struct link_delta *told)
{
	told->op = LINK_REMOVE;
	const int result = sql_run(&r->sql, "DELETE FROM campaign WHERE fingerprint = ?", "i",
	                           (int64_t)fingerprint);

	if (result < 0 || sqlite3_changes(r->sql.db) != 0)
		return result;
	return registry_refuse(r, -ENOENT, "campaign %016llx is not acted upon",
	                       (unsigned long long)fingerprint);
}

int registry_change_campaign(struct registry *r, const struct registry_delta *d,
                             struct link_delta *told)
{
	uint64_t fingerprint = 0;

	if (campaign_parse(&fingerprint, d->name) != 0)
		return registry_refuse(
			r, -EINVAL,
			"\"%.40s\" cannot be a campaign's fingerprint: 16 hexadecimal "
			"digits, as sluicectl campaigns shows them",
			d->name);
	told->key = key_of(fingerprint);
	if (d->op == LINK_BLOCK)
		return block(r, d, fingerprint, told);
	if (d->op == LINK_UNBLOCK)
		return unblock(r, fingerprint, told);
	return registry_refuse(r, -EINVAL,
	                       "a campaign can be blocked and unblocked, nothing else");
}

static void read_row(struct registry_campaign *c, sqlite3_stmt *s)
{
	*c = (struct registry_campaign){
		.fingerprint = (uint64_t)sqlite3_column_int64(s, 0),
		.radius = (uint8_t)sqlite3_column_int(s, 1),
		.action = (uint8_t)sqlite3_column_int(s, 2),
		.until = (uint32_t)sqlite3_column_int64(s, 3),
		.at = sqlite3_column_int64(s, 4),
	};
	snprintf(c->note, sizeof(c->note), "%s", (const char *)sqlite3_column_text(s, 5));
}

int registry_campaigns(struct registry *registry, int64_t now, struct registry_campaign **out,
                       size_t *n)
{
	/* SQLite's numbers have a sign: those with the highest bit come last. */
	sqlite3_stmt *s = sql_prepare(&registry->sql,
	                              "SELECT fingerprint, radius, action, until, at, note"
	                              " FROM campaign WHERE until = 0 OR until > ?"
	                              " ORDER BY fingerprint < 0, fingerprint LIMIT ?");
	struct registry_campaign *list = calloc(IMAGE_CAMPAIGNS_MAX, sizeof(*list));
	size_t found = 0;
	int result = list == NULL ? -ENOMEM
	                          : sql_step(&registry->sql, s, "ii", now,
	                                     (int64_t)IMAGE_CAMPAIGNS_MAX);

	while (result == 1) {
		read_row(&list[found++], s);
		result = sql_again(&registry->sql, s);
	}
	sqlite3_finalize(s);
	if (result < 0) {
		free(list);
		return result;
	}
	*out = list;
	*n = found;
	return 0;
}

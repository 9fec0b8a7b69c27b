/* SPDX-License-Identifier: Apache-2.0 */
#include "delta.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "address.h"
#include "image_priv.h"

struct sender_key delta_account_key(const uint8_t *system_id, size_t len)
{
	struct sender_key key = { { 0 } };

	memcpy(key.octets + 1, system_id,
	       len < SENDER_KEY_SIZE - 1 ? len : SENDER_KEY_SIZE - 1);
	return key;
}

/* A system_id and then zeros: what follows a NUL would make two keys of one account. */
static bool account_key_valid(const struct sender_key *key)
{
	const char *id = (const char *)key->octets + 1;
	const size_t len = strnlen(id, SENDER_KEY_SIZE - 1);

	if (key->octets[0] != 0 || len == 0)
		return false;
	for (size_t i = len; i < SENDER_KEY_SIZE - 1; i++)
		if (id[i] != 0)
			return false;
	return true;
}

/* Its octets beside the fingerprint are 0, or there would be two keys of one campaign. */
static bool campaign_key_valid(const struct sender_key *key)
{
	static const uint8_t start[8] = { LINK_CAMPAIGN_KEY };

	return memcmp(key->octets, start, 8) == 0 && !image_all_zero(key->octets + 8, 8);
}

static const char *check_campaign(const struct link_delta *d)
{
	if (d->op != LINK_ADD && d->op != LINK_REMOVE)
		return "a campaign can only be added or removed";
	if (d->account_id != 0 || d->alphabet != 0 || d->sender_tlv != 0)
		return "fields of an account are not 0";
	if (d->op == LINK_REMOVE)
		return d->action != 0 || d->radius != 0 ? "what is removed has no action"
		                                        : NULL;
	if (d->action < IMAGE_REFUSE || d->action > IMAGE_RULE_OBSERVE)
		return "the campaign's action is none";
	return d->radius > IMAGE_CAMPAIGN_RADIUS_MAX ? "the campaign's radius is too large"
	                                             : NULL;
}

static const char *check_owners(const struct link_delta *d)
{
	const bool wanted = d->op == LINK_ADD && d->kind == LINK_SENDER;

	if (wanted ? d->n_owners == 0 || d->n_owners > LINK_OWNERS_MAX : d->n_owners != 0)
		return "the number of owners cannot be";
	for (unsigned i = 0; i < LINK_OWNERS_MAX; i++)
		if ((d->owners[i] != 0) != (i < d->n_owners))
			return "an owner is not an account";
	return NULL;
}

static const char *check_fields(const struct link_delta *d)
{
	if (d->kind == LINK_CAMPAIGN)
		return check_campaign(d);
	if (d->op != LINK_ADD || d->kind != LINK_ACCOUNT)
		return d->account_id != 0 || d->mode != 0 || d->alphabet != 0 ||
		                       d->sender_tlv != 0 || d->flags != 0
		               ? "fields of an account are not 0"
		               : NULL;
	if (d->account_id == 0)
		return "account 0 is no account";
	if (d->mode > IMAGE_OBSERVE || !image_alphabet_known(d->alphabet))
		return "the account has an unknown mode or alphabet";
	if ((d->flags & ~IMAGE_ACCOUNT_ANY_SENDER) != 0)
		return "the account has unknown flags";
	return NULL;
}

static const char *check_times(const struct link_delta *d)
{
	if ((d->op == LINK_BLOCK) != (d->blocked_until != 0))
		return "the end of a block does not fit the operation";
	if (d->op != LINK_ADD && (d->valid_from != 0 || d->valid_until != 0))
		return "times of validity do not fit the operation";
	if (d->valid_until != 0 && d->valid_until <= d->valid_from)
		return "it would never be valid";
	return NULL;
}

static const char *fault_of(const struct link_delta *d)
{
	if (d->op < LINK_SUSPEND || d->op > LINK_REMOVE)
		return "unknown operation";
	if (d->kind < LINK_ACCOUNT || d->kind > LINK_CAMPAIGN)
		return "unknown kind";
	if (d->kind == LINK_ACCOUNT && !account_key_valid(&d->key))
		return "the key is not a system_id";
	if (d->kind == LINK_SENDER && !address_key_valid(&d->key))
		return "the sender is not a canonical key";
	if (d->kind == LINK_CAMPAIGN && !campaign_key_valid(&d->key))
		return "the key is not a campaign's";
	if (d->generation == 0)
		return "generation 0 is no generation";
	const char *why = check_owners(d);
	if (why == NULL)
		why = check_fields(d);
	return why != NULL ? why : check_times(d);
}

int delta_check(const struct link_delta *delta, const char **why)
{
	*why = fault_of(delta);
	return *why == NULL ? 0 : -EINVAL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * concat_key: which messages a part is of, as the phones tell them apart that get it: by
 * sender, reference and total; and we by account, direction and destination.
 *
 * Addresses are canonical, because the network makes them so: 010... and +8210... reach one
 * phone and are one sender there. The width of the reference is left out: whether a phone
 * joins references of 8 and of 16 bits that are equal is the phone's. Of the reference the last
 * 8 bits count: message centres that write a header out of SAR parameters (Kannel does) put no
 * more of it there. A submit_multi is a part
 * of one message a destination: a list of its own as the key would let the same phone be
 * reached by another list, or by a submit_sm, without its parts meeting.
 */
#include <string.h>

#include "concat_key.h"

#include "address.h"

static uint8_t *append(uint8_t *at, struct view octets)
{
	const uint8_t len = octets.len < 255 ? (uint8_t)octets.len : 255;

	*at = len;
	memcpy(at + 1, octets.data != NULL ? (const char *)octets.data : "", len);
	return at + 1 + len;
}

/* As sent where it has no canonical form. */
static uint8_t *append_address(uint8_t *at, const struct screen_context *context,
                               struct view digits)
{
	struct sender_key key;

	if (context->tables == NULL ||
	    address_key_by(&key, digits.data, digits.len, &context->tables->image->plan) != 0)
		return append(at, digits);
	return append(at, (struct view){ key.octets, sizeof(key.octets) });
}

/* One in a TLV, which is shown, and source_addr: which of them phones tell senders apart by is
 * not known, and an account may have several of either. */
static bool has_two_senders(const struct screen_context *context,
                            const struct screen_message *m)
{
	return m->from_esme && context->tables != NULL &&
	       account_of(context, m)->sender_tlv != 0;
}

static struct parts_key key_for(const struct screen_context *context,
                                const struct screen_message *m, struct view destination)
{
	const struct smpp_concat *c = &m->concat;
	const uint32_t account = account_id_of(context, m);
	uint8_t octets[2 * 256 + 16], *at = octets;

	memcpy(at, &account, 4);
	at[4] = m->from_esme;
	at[5] = c->total;
	at[6] = (uint8_t)c->reference;
	at += 7;
	if (!has_two_senders(context, m))
		at = append_address(at, context, m->sm.source.digits);
	at = append_address(at, context, destination);
	return parts_key(context->parts, octets, (uint32_t)(at - octets));
}

void concat_keys_make(const struct screen_context *context, struct screen_message *m)
{
	const struct parts_key key = key_for(context, m, m->sm.destination.digits);

	memcpy(m->concat_key, key.hash, sizeof(key.hash));
}

struct concat_keys concat_keys(const struct screen_context *context,
                               const struct screen_message *m)
{
	const struct view more = m->sm.destinations;

	return (struct concat_keys){ context, m, cursor_over(more.data, more.len), true };
}

bool concat_keys_next(struct concat_keys *k, struct parts_key *key)
{
	const struct screen_message *m = k->message;

	if (k->first) {
		k->first = false;
		memcpy(key->hash, m->concat_key, sizeof(key->hash));
		if (cursor_left(&k->left) != 0)
			(void)smpp_next_destination(&k->left); /* the first */
		return true;
	}
	if (cursor_left(&k->left) == 0)
		return false;
	*key = key_for(k->context, m, smpp_next_destination(&k->left).digits);
	return true;
}

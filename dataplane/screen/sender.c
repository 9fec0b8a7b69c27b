/* SPDX-License-Identifier: Apache-2.0 */
#include "screen_priv.h"

#include "address.h"

/* A C-octet string in a TLV may bring its NUL or not: stacks differ. */
static struct view without_nul(struct view v)
{
	if (v.len != 0 && v.data[v.len - 1] == 0)
		v.len--;
	return v;
}

/* SMPP 3.4 section 5.3.2.36: digit mode, TON and NPI come before the digits. */
static struct smpp_address callback_num(struct view value)
{
	struct cursor c = cursor_over(value.data, value.len);
	struct smpp_address a = { 0 };

	(void)cursor_u8(&c);
	a.ton = cursor_u8(&c);
	a.npi = cursor_u8(&c);
	a.digits = without_nul(cursor_view(&c, cursor_left(&c)));
	return a;
}

/* The account's TLV where the message has it. */
struct smpp_address sender_shown(const struct screen_context *context,
                                 const struct screen_message *m)
{
	const uint16_t tag = m->from_esme && context->tables != NULL
	                             ? account_of(context, m)->sender_tlv
	                             : 0;
	if (tag == 0)
		return m->sm.source;
	const struct view value = smpp_tlv(&m->sm, tag);
	if (value.data == NULL)
		return m->sm.source;
	if (tag == SMPP_TAG_CALLBACK_NUM)
		return callback_num(value);
	return (struct smpp_address){ .digits = without_nul(value) };
}

/* Which of two is shown would be the receiver's choice. */
static bool says_two_senders(const struct image_account *account, const struct smpp_message *sm)
{
	return account->sender_tlv != 0 && smpp_tlv_repeats(sm, account->sender_tlv);
}

/* What has no key is all zero: in no set, so not certified. */
static void find_key(const struct screen_context *context, const struct image *image,
                     const struct screen_message *m, struct sender_key *key)
{
	const struct smpp_address a = sender_shown(context, m);

	/* TON and NPI lie too often to decide anything: the octets do. */
	if (address_key_by(key, a.digits.data, a.digits.len, &image->plan) != 0)
		*key = (struct sender_key){ { 0 } };
}

/* What forbids a number comes first, then that it is nobody's, then whose it is. */
static enum reason with_number(unsigned reason, enum image_number_state state)
{
	const bool forbidden =
		reason == REASON_SENDER_SUSPENDED || reason == REASON_SENDER_BLOCKED ||
		reason == REASON_SENDER_BLACKLISTED || reason == REASON_SENDER_THEFT;

	return state == IMAGE_NUMBER_UNASSIGNED && !forbidden ? REASON_SENDER_UNASSIGNED
	                                                      : (enum reason)reason;
}

/* Hash all, prefetch all, compare all: the set is larger than any cache, and so is the
 * map of numbers, whose misses are asked for before and read after. */
void stage_sender(struct screen_context *context, struct screen_vector *v)
{
	struct sender_key keys[SCREEN_VECTOR_MAX];
	const struct image_sender *found[SCREEN_VECTOR_MAX];
	struct number_place places[SCREEN_VECTOR_MAX];
	struct screen_message *asked[SCREEN_VECTOR_MAX];
	const struct image *image = context->tables == NULL ? NULL : context->tables->image;
	unsigned n = 0;

	_Static_assert(SCREEN_VECTOR_MAX <= SENDER_BATCH_MAX, "one batch");
	for (unsigned i = v->first; i < v->end; i++) {
		struct screen_message *m = &v->messages[i];
		if (!m->from_esme || !is_open(m))
			continue;
		bug_if(image == NULL); /* without tables nothing is open by now */
		if (unlikely(says_two_senders(account_of(context, m), &m->sm))) {
			refuse_malformed(m, SMPP_RINVOPTPARSTREAM);
			continue;
		}
		find_key(context, image, m, &keys[n]);
		asked[n++] = m;
	}
	if (n == 0)
		return;
	number_map_seek(&image->numbers, keys, n, places);
	sender_set_find(&image->senders, keys, n, found);
	for (unsigned i = 0; i < n; i++)
		asked[i]->reason = with_number(
			tables_sender_reason(context->tables, &keys[i], found[i],
		                             asked[i]->account_row, context->seconds),
			number_map_state(&places[i]));
}

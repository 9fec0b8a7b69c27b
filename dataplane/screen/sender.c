/* SPDX-License-Identifier: Apache-2.0 */
#include "screen_priv.h"

#include "address.h"
#include "address_plain.h"

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

/* In the account's TLV, where the message has it. */
static struct smpp_address sender_in(const struct smpp_message *sm, uint16_t tag)
{
	const struct view value = smpp_tlv(sm, tag);

	if (value.data == NULL)
		return sm->source;
	if (tag == SMPP_TAG_CALLBACK_NUM)
		return callback_num(value);
	return (struct smpp_address){ .digits = without_nul(value) };
}

struct smpp_address sender_shown(const struct screen_context *context,
                                 const struct screen_message *m)
{
	const uint16_t tag = m->from_esme && context->tables != NULL
	                             ? account_of(context, m)->sender_tlv
	                             : 0;

	return unlikely(tag != 0) ? sender_in(&m->sm, tag) : m->sm.source;
}

/* TON and NPI lie too often to decide anything: the octets do. What has no key is all zero:
 * in no set, so not certified. */
static inline void find_key(const struct numbering_plan *plan, struct view digits,
                            struct sender_key *key)
{
	if (likely(address_plain_key(key, digits.data, digits.len, plan)))
		return;
	if (address_key_by(key, digits.data, digits.len, plan) != 0)
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

/* The slice's messages whose senders are asked for. */
struct asked {
	unsigned n;
	struct screen_message *messages[SCREEN_VECTOR_MAX];
	struct sender_key keys[SCREEN_VECTOR_MAX];
	struct number_place places[SCREEN_VECTOR_MAX];
	const struct image_sender *found[SCREEN_VECTOR_MAX];
};

static void gather(const struct screen_context *context, struct screen_vector *v,
                   struct asked *asked)
{
	unsigned n = 0;

	for (unsigned i = v->first; i < v->end; i++) {
		struct screen_message *m = &v->messages[i];
		if (!m->from_esme || !is_open(m))
			continue;
		bug_if(context->tables == NULL); /* without tables nothing is open by now */
		const uint16_t tag = account_of(context, m)->sender_tlv;
		struct view digits = m->sm.source.digits;
		if (unlikely(tag != 0)) {
			/* Which of two is shown would be the receiver's choice. */
			if (smpp_tlv_repeats(&m->sm, tag)) {
				refuse_malformed(m, SMPP_RINVOPTPARSTREAM, "sender");
				continue;
			}
			digits = sender_in(&m->sm, tag).digits;
		}
		find_key(&context->tables->image->plan, digits, &asked->keys[n]);
		asked->messages[n++] = m;
	}
	asked->n = n;
}

static void judge(const struct screen_context *context, const struct asked *asked)
{
	const bool plain = tables_without_deltas(context->tables);

	for (unsigned i = 0; i < asked->n; i++) {
		struct screen_message *m = asked->messages[i];
		const enum image_number_state state = number_map_state(&asked->places[i]);
		if (likely(plain && state != IMAGE_NUMBER_UNASSIGNED &&
		           tables_sender_passes(asked->found[i], m->account_row,
		                                context->seconds)))
			continue;
		m->reason = with_number(tables_sender_reason(context->tables, &asked->keys[i],
		                                             asked->found[i], m->account_row,
		                                             context->seconds),
		                        state);
	}
}

/* Hash all, prefetch all, compare all: the set is larger than any cache, and so is the
 * map of numbers, whose misses are asked for before and read after. */
void stage_sender(struct screen_context *context, struct screen_vector *v)
{
	struct asked asked;

	_Static_assert(SCREEN_VECTOR_MAX <= SENDER_BATCH_MAX, "one batch");
	gather(context, v, &asked);
	if (asked.n == 0)
		return;
	const struct image *image = context->tables->image;
	number_map_seek(&image->numbers, asked.keys, asked.n, asked.places);
	sender_set_find(&image->senders, asked.keys, asked.n, asked.found);
	judge(context, &asked);
}

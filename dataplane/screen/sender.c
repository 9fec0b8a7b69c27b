/* SPDX-License-Identifier: Apache-2.0 */
#include "screen_priv.h"

#include "address.h"
#include "address_plain.h"
#include "known_senders.h"
#include "wide.h"

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

/* Those of some messages whose senders are asked for: so few that all of this stays in a
 * corner of the first-level cache, and as many as a core keeps misses in flight. */
#define ASKED_MAX RECALL_SOUGHT_MAX
struct asked {
	unsigned n;
	bool awake; /* known senders are looked for */
	struct screen_message *messages[ASKED_MAX];
	uint32_t account_rows[ASKED_MAX];
	struct view digits[ASKED_MAX];
	struct known_sender known[ASKED_MAX]; /* their keys, if so */
	struct sender_key keys[ASKED_MAX];
	struct sender_place senders[ASKED_MAX];
	struct number_place numbers[ASKED_MAX];
	const struct image_sender *found[ASKED_MAX];
};

static void gather(const struct screen_context *context, struct screen_vector *v, unsigned from,
                   unsigned end, struct asked *asked)
{
	unsigned n = 0;

	for (unsigned i = from; i < end; i++) {
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
		asked->digits[n] = digits;
		asked->account_rows[n] = m->account_row;
		asked->messages[n++] = m;
	}
	asked->n = n;
}

/* What was said of those that are known holds, and the others stay asked for. Of those that
 * pass, nearly all, there is nothing to be noted. */
static void know(struct screen_context *context, struct asked *asked)
{
	struct known_senders *known = context->known_senders;
	uint8_t said[WIDE]; /* of ASKED_MAX; gcc cannot see that no more are loaded */
	unsigned n = 0;

	_Static_assert(REASON_PASS == 0 && ASKED_MAX <= WIDE, "a bit for each");

	known_senders_era(known, context->tables->serial, context->seconds);
	known_senders_seek(known, asked->digits, asked->account_rows, asked->n, asked->known);
	const unsigned found = known_senders_find(known, asked->known, asked->n, said);
	const struct wide all = wide_load(said, asked->n);
	uint64_t left = wide_first(asked->n) & ~wide_equal(all, REASON_PASS);
	for (; left != 0; left &= left - 1) {
		const unsigned i = wide_lowest(left);
		if (said[i] != KNOWN_SENDER_NOT) {
			asked->messages[i]->reason = (enum reason)said[i];
			continue;
		}
		asked->messages[n] = asked->messages[i];
		asked->digits[n] = asked->digits[i];
		asked->known[n++] = asked->known[i];
	}
	known_senders_learn(known, asked->n, found);
	context->sender_hits += found;
	context->sender_misses += n;
	asked->n = n;
}

/* Hash all, and ask for what is read first: the set is larger than any cache, and so is the
 * map of numbers. */
static void seek(struct screen_context *context, struct asked *asked)
{
	const struct image *image = context->tables->image;

	asked->awake =
		context->known_senders != NULL && known_senders_awake(context->known_senders);
	if (asked->awake)
		know(context, asked);
	for (unsigned i = 0; i < asked->n; i++)
		find_key(&image->plan, asked->digits[i], &asked->keys[i]);
	number_map_seek(&image->numbers, asked->keys, asked->n, asked->numbers);
	sender_set_seek(&image->senders, asked->keys, asked->n, asked->senders);
}

static enum reason judge_one(const struct screen_context *context, const struct asked *asked,
                             unsigned i, bool plain)
{
	const uint32_t row = asked->messages[i]->account_row;
	const enum image_number_state state = number_map_state(&asked->numbers[i]);

	if (likely(plain && state != IMAGE_NUMBER_UNASSIGNED &&
	           tables_sender_passes(asked->found[i], row, context->seconds)))
		return REASON_PASS;
	return with_number(tables_sender_reason(context->tables, &asked->keys[i],
	                                        asked->found[i], row, context->seconds),
	                   state);
}

static void judge(struct screen_context *context, struct asked *asked)
{
	const bool plain = tables_without_deltas(context->tables);

	sender_set_answer(&context->tables->image->senders, asked->keys, asked->senders,
	                  asked->n, asked->found);
	for (unsigned i = 0; i < asked->n; i++) {
		const enum reason reason = judge_one(context, asked, i, plain);
		asked->messages[i]->reason = reason;
		if (asked->awake)
			context->sender_replaced += known_senders_keep(
				context->known_senders, &asked->known[i], reason);
	}
}

/* Hash all, prefetch all, compare all; texts in between (recall_seek()), so that something is
 * computed while memory is waited for. */
void stage_sender(struct screen_context *context, struct screen_vector *v)
{
	struct asked asked;
	struct recall_sought sought;

	for (unsigned from = v->first, end; from < v->end; from = end) {
		end = v->end - from < ASKED_MAX ? v->end : from + ASKED_MAX;
		gather(context, v, from, end, &asked);
		if (asked.n != 0)
			seek(context, &asked);
		recall_seek(context, v, from, end, &sought);
		if (asked.n != 0)
			sender_set_reach(&context->tables->image->senders, asked.senders,
			                 asked.n);
		recall_find(context, &sought);
		if (asked.n != 0)
			judge(context, &asked);
	}
}

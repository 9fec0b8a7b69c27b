/* SPDX-License-Identifier: Apache-2.0 */
/*
 * concat: parts of concatenated messages, judged with the parts that were seen before.
 *
 * A handset shows the whole, so that is what a part is read in: its octets between those
 * of its neighbours, joined before they are decoded, because a character may be split. Parts
 * come in any order, over any session of the account. A part of a message that was refused is
 * refused for the same reason and in the same way: one that was discarded is discarded, so that
 * no later part tells its sender. Of a message that is whole nothing is kept.
 *
 * A message of more parts or octets than are joined could hide its text behind that bound, in
 * empty parts or one character in each: it is refused, or passes by policy, counted, when each
 * part is judged with those near it.
 */
#include "screen_priv.h"

#include <errno.h>
#include <string.h>

#include "concat_key.h"
#include "text.h"
#include "udh.h"

/* Parts on either side that are looked for: 255 would be with every part. A phone shows some
 * ten as one message. */
#define WINDOW 16u
#define JUDGED_WHOLE_MAX (WINDOW + 1) /* parts of a message that each see all others */
#define WHOLE_MAX (2 * WINDOW)        /* a message of more parts is kept until it expires */
#define NUMBER_REFUSED 0u             /* stands for the message: it was refused */
/* Octets of a character that may lie in a part we have not seen, less one. */
#define SPLIT_MAX 3u

/* What is at fault where a part is malformed, for people. */
#define FAULT_LONG "concatenation (a part longer than 960 octets)"
#define FAULT_AGAIN "concatenation (a part again, with another text)"
#define FAULT_BEFORE "concatenation (a part before it)"
_Static_assert(PARTS_OCTETS == 960, "FAULT_LONG");

#define PLACES (2 * WINDOW + 1) /* the part's own is the one in the middle */
/* What was found on either side of a part. */
struct neighbours {
	bool there[PLACES];
	struct part parts[PLACES];
};

/* Parts to be read together, in order. */
struct joined {
	unsigned n, own;
	struct part parts[PLACES];
};

static unsigned carrier_of(const struct screen_message *m)
{
	if (m->sm.payload.udh.data != NULL)
		return 1;
	return m->sm.short_message.udh.data == NULL && m->sm.short_message.octets.len == 0;
}

/* The part that m is; false: it is longer than a part can be. */
static bool make_part(const struct screen_context *context, const struct screen_message *m,
                      struct parts_key key, struct part *part)
{
	const struct smpp_text *text = wire_text(m, m->concat_text);
	const enum text_coding coding = reading_coding(context, m);
	const size_t udh_octets = udh_octets_of(text);
	struct smpp_udh udh;
	size_t len = text->octets.len;

	smpp_udh_read(&udh, text->udh);
	memset(part, 0, offsetof(struct part, data));
	part->key = key;
	part->until = context->clock_s + PARTS_LIFE_S;
	part->number = m->concat.part;
	part->account = account_id_of(context, m);
	/* Each part is packed by itself: joined are the septets. */
	part->coding = coding == TEXT_GSM7_PACKED ? TEXT_GSM7 : (uint8_t)coding;
	part->lock = udh.locking_shift;
	part->shift = udh.single_shift;
	part->udh_octets = (uint16_t)udh_octets;
	if (coding == TEXT_GSM7_PACKED)
		len = text_unpack(text->octets.data, len, udh_octets, part->data, PARTS_OCTETS);
	else if (len <= PARTS_OCTETS)
		memcpy(part->data, text->octets.data, len);
	part->len = (uint16_t)len;
	return len <= PARTS_OCTETS;
}

static void take_refusal(struct screen_context *context, struct screen_message *m,
                         const struct part *refused)
{
	m->reason = (enum reason)refused->reason;
	m->rule = refused->rule;
	m->concat_refused = refused->refused;
	m->refuse = true;
	m->discard = refused->discard != 0;
	if (m->reason == REASON_MALFORMED)
		refuse_malformed(m, refused->command_status, FAULT_BEFORE);
	else
		m->command_status = refused->command_status;
	context->parts_sticky++;
}

/* A part of one of the messages, beside what was seen of it in others; false: they differ. */
static bool see(const struct screen_context *context, struct parts_key key, uint8_t number,
                bool *there, struct part *part)
{
	struct part again;

	if (*there)
		return !parts_get_head(context->parts, key, number, context->clock_s, &again) ||
		       again.digest == part->digest;
	*there = parts_get(context->parts, key, number, context->clock_s, part);
	return true;
}

/* The neighbours of a part in any of its messages, by place; false: two of the messages have
 * parts there that differ. */
static bool collect(const struct screen_context *context, const struct screen_message *m,
                    struct neighbours *n)
{
	const unsigned own = m->concat.part, total = m->concat.total;
	struct concat_keys keys = concat_keys(context, m);
	struct parts_key key;
	bool agree = true;

	memset(n->there, 0, sizeof(n->there));
	while (concat_keys_next(&keys, &key))
		for (unsigned place = 0; place < PLACES; place++) {
			const unsigned before = own + place - WINDOW - 1; /* parts before it */
			if (place != WINDOW && before < total)
				agree &= see(context, key, (uint8_t)(before + 1),
				             &n->there[place], &n->parts[place]);
		}
	return agree;
}

static void count_lost(struct screen_context *context, enum parts_added added)
{
	context->parts_lost += added == PARTS_GAVE_WAY || added == PARTS_OWN_GAVE_WAY;
	context->parts_own_lost += added == PARTS_OWN_GAVE_WAY;
}

/* What the store keeps of a part that may go on: 0, or the command_status that refuses it. */
static uint32_t add(struct screen_context *context, const struct screen_message *m)
{
	struct concat_keys keys = concat_keys(context, m);
	struct neighbours n;
	struct parts_key key;
	struct part part;

	if (!make_part(context, m, (struct parts_key){ { 0, 0 } }, &part))
		return SMPP_RINVMSGLEN;
	while (concat_keys_next(&keys, &key)) {
		part.key = key;
		const enum parts_added added =
			parts_add(context->parts, &part, context->clock_s);
		if (added == PARTS_DIFFER)
			return SMPP_RINVOPTPARAMVAL;
		count_lost(context, added);
	}
	return m->sm.n_destinations < 2 || collect(context, m, &n) ? SMPP_ROK
	                                                           : SMPP_RINVOPTPARAMVAL;
}

static bool is_refused(const struct screen_context *context, const struct screen_message *m,
                       struct part *refused)
{
	struct concat_keys keys = concat_keys(context, m);
	struct parts_key key;

	while (concat_keys_next(&keys, &key))
		if (parts_get(context->parts, key, NUMBER_REFUSED, context->clock_s, refused))
			return true;
	return false;
}

static void look_at(struct screen_context *context, struct screen_message *m)
{
	const char *fault;
	uint32_t error = concat_form(m, PLACES, &fault);
	struct part part;

	m->concat_refused = 0;
	if (error == SMPP_ROK && m->concat.total < 2)
		return;
	if (error == SMPP_ROK) {
		m->concat_text = (uint8_t)carrier_of(m);
		concat_keys_make(context, m);
		context->parts_seen++;
		if (is_refused(context, m, &part)) {
			take_refusal(context, m, &part);
			return;
		}
		error = add(context, m);
		fault = error == SMPP_RINVMSGLEN ? FAULT_LONG : FAULT_AGAIN;
	}
	if (error == SMPP_ROK)
		return;
	refuse_malformed(m, error, fault);
	/* The fault is this PDU's: what came before it may still be made whole. */
	if (error != SMPP_RINVMSGLEN)
		m->concat.total = 0;
}

void stage_concat(struct screen_context *context, struct screen_vector *v)
{
	if (context->parts == NULL)
		return;
	for (unsigned i = v->first; i < v->end; i++) {
		struct screen_message *m = &v->messages[i];
		if (may_be_part(m) && is_open(m))
			look_at(context, m);
	}
}

/* The part itself and its neighbours, nearest first until CONCAT_JOINED_MAX is full. False:
 * some are left out, or would be if they were there. */
static bool gather(const struct screen_context *context, const struct screen_message *m,
                   struct joined *j)
{
	const struct parts_key key = { { m->concat_key[0], m->concat_key[1] } };
	uint32_t room = CONCAT_JOINED_MAX;
	bool all = m->concat.total <= JUDGED_WHOLE_MAX;
	struct neighbours n;

	/* Those that differ were refused when they came (but for a race of two workers). */
	(void)collect(context, m, &n);
	for (unsigned step = 1; step < PLACES; step++) {
		const unsigned away = (step + 1) / 2;
		const unsigned place = step % 2 != 0 ? WINDOW - away : WINDOW + away;
		all &= !n.there[place] || n.parts[place].len <= room;
		n.there[place] = n.there[place] && n.parts[place].len <= room;
		room -= n.there[place] ? n.parts[place].len : 0;
	}
	n.there[WINDOW] = make_part(context, m, key, &n.parts[WINDOW]);
	j->n = 0;
	for (unsigned place = 0; place < PLACES; place++) {
		if (!n.there[place])
			continue;
		if (place == WINDOW)
			j->own = j->n;
		j->parts[j->n++] = n.parts[place];
	}
	return all;
}

/* The other coding of octets that begin so far into a part. From an odd octet on UCS-2 in the
 * other order is what was announced, read a second time. */
static enum text_coding other_from(const struct part *as, struct view some, size_t begin)
{
	const struct text_language language = { as->lock, as->shift };
	const enum text_coding first = (enum text_coding)as->coding;
	const enum text_coding other = reading_other(first, &language, some, 0);

	return first == TEXT_UCS2 && other == TEXT_UCS2_LE && begin % 2 != 0 ? TEXT_UNKNOWN
	                                                                     : other;
}

/* Decode octets whose first or last character may lie partly in a part that is not there.
 * apart not NULL: as reading_decode_other(), -EILSEQ if they have no other coding. */
static int64_t decode_split(const struct part *as, uint16_t *apart, const uint8_t *in,
                            size_t len, bool before, bool behind, uint8_t *out, size_t cap)
{
	const enum text_coding first = (enum text_coding)as->coding;
	const struct text_language language = { as->lock, as->shift };

	for (size_t cut = 0; cut <= 2 * SPLIT_MAX; cut++)
		for (size_t a = 0; a <= cut && a <= SPLIT_MAX; a++) {
			const size_t b = cut - a;
			if (b > SPLIT_MAX || cut > len || (a != 0 && !before) ||
			    (b != 0 && !behind))
				continue;
			const struct view some = { in + a, (uint32_t)(len - cut) };
			const int64_t n =
				apart != NULL
					? reading_decode_other(first, other_from(as, some, a),
			                                       some, 0, out, cap, apart)
					: text_decode_in(&language, first, some.data, some.len,
			                                 0, out, cap);
			if (n != -EILSEQ)
				return n;
		}
	return -EILSEQ;
}

static bool goes_on(const struct part *a, const struct part *b)
{
	return b->number == a->number + 1 && b->coding == a->coding && b->lock == a->lock &&
	       b->shift == a->shift;
}

/* Parts first .. end - 1, which go on from one to the next, as one text; apart as above. */
static int64_t decode_run(const struct joined *j, unsigned first, unsigned end, uint8_t total,
                          uint16_t *apart, uint8_t *out, size_t cap)
{
	uint8_t octets[CONCAT_JOINED_MAX + PARTS_OCTETS];
	size_t len = 0;

	for (unsigned i = first; i < end; i++) {
		memcpy(octets + len, j->parts[i].data, j->parts[i].len);
		len += j->parts[i].len;
	}
	return decode_split(&j->parts[first], apart, octets, len, j->parts[first].number > 1,
	                    j->parts[end - 1].number < total, out, cap);
}

int64_t concat_decode(struct screen_context *context, struct screen_vector *v,
                      const struct screen_message *m)
{
	struct joined j;
	uint8_t *out = v->arena + v->arena_used;
	const size_t cap = SCREEN_TEXT_MAX - v->arena_used;
	size_t at = 0;

	if (!gather(context, m, &j)) {
		context->parts_beyond++;
		if (context->tables->image->policy->too_long == IMAGE_TOO_LONG_REFUSE)
			return -EMSGSIZE;
	}
	for (unsigned first = 0, end; first < j.n; first = end) {
		for (end = first + 1; end < j.n && goes_on(&j.parts[end - 1], &j.parts[end]);)
			end++;
		/* What is between is not there: a word does not go on. */
		if (at != 0 && j.parts[first].number != j.parts[first - 1].number + 1)
			out[at++] = ' ';
		int64_t n =
			decode_run(&j, first, end, m->concat.total, NULL, out + at, cap - at);
		if (n == -EILSEQ && first <= j.own && j.own < end) {
			/* Others of its message do not go with it; alone it must decode. */
			n = decode_run(&j, j.own, j.own + 1, m->concat.total, NULL, out + at,
			               cap - at);
			if (n < 0)
				return n;
		}
		at += n > 0 ? (size_t)n : 0;
	}
	return (int64_t)at;
}

/* Parts first .. end - 1 whose septets are packed though that was not announced, each part by
 * itself; -EILSEQ: none looks so. */
static int64_t decode_packed(const struct joined *j, unsigned first, unsigned end, uint8_t *out,
                             size_t cap)
{
	uint8_t septets[(CONCAT_JOINED_MAX + PARTS_OCTETS) * 8 / 7 + PLACES];
	const struct text_language language = { j->parts[first].lock, j->parts[first].shift };
	bool packed = false;
	size_t len = 0;

	for (unsigned i = first; i < end; i++) {
		const struct part *p = &j->parts[i];
		packed |= text_other_coding((enum text_coding)p->coding, p->data, p->len,
		                            p->udh_octets) == TEXT_GSM7_PACKED;
	}
	for (unsigned i = first; packed && i < end; i++) {
		const struct part *p = &j->parts[i];
		len += text_unpack(p->data, p->len, p->udh_octets, septets + len,
		                   sizeof(septets) - len);
	}
	return packed ? text_decode_in(&language, TEXT_GSM7, septets, len, 0, out, cap)
	              : -EILSEQ;
}

/* The order of a part's units where it is read by itself: that of its BOM. */
static enum text_coding order_of(const struct part *p)
{
	const unsigned first = p->len >= 2 ? (unsigned)p->data[0] << 8 | p->data[1] : 0;

	if (first == 0xFEFF)
		return TEXT_UCS2;
	return first == 0xFFFE ? TEXT_UCS2_LE : (enum text_coding)p->coding;
}

/* Whether phones that read each part of UTF-16 by itself, as Android does, show another text
 * than that of all octets in a row: half a unit is at an end, or a part says its own order. */
static bool are_read_apart(const struct joined *j, unsigned first, unsigned end)
{
	for (unsigned i = first; i < end; i++) {
		const struct part *p = &j->parts[i];
		const bool wide = p->coding == TEXT_UCS2 || p->coding == TEXT_UCS2_LE;
		if (wide && (p->len % 2 != 0 || order_of(p) != p->coding))
			return true;
	}
	return false;
}

/* Parts first .. end - 1 of UTF-16 so, without what is no character in each of them; behind
 * n octets of another reading, if it has any. */
static int64_t add_apart(const struct joined *j, unsigned first, unsigned end, int64_t n,
                         uint8_t *out, size_t cap)
{
	size_t at = 0;

	if (n > 0) {
		at = (size_t)n;
		out[at++] = '\n';
	}
	for (unsigned i = first; i < end; i++) {
		const struct part *p = &j->parts[i];
		const int64_t more =
			text_decode_mended(order_of(p), p->data, p->len, 0, out + at, cap - at);
		at += more > 0 ? (size_t)more : 0;
	}
	return (int64_t)at;
}

_Static_assert((uint64_t)TEXT_GROWTH *(CONCAT_JOINED_MAX + PARTS_OCTETS) <= UINT16_MAX,
               "apart");

int64_t concat_decode_second(const struct screen_context *context, struct screen_vector *v,
                             const struct screen_message *m, uint16_t *apart)
{
	uint8_t *out = v->arena + v->arena_used;
	const size_t cap = SCREEN_TEXT_MAX - v->arena_used;
	struct joined j;
	unsigned first, end;

	(void)gather(context, m, &j);
	for (first = j.own; first > 0 && goes_on(&j.parts[first - 1], &j.parts[first]);)
		first--;
	for (end = j.own + 1; end < j.n && goes_on(&j.parts[end - 1], &j.parts[end]);)
		end++;
	int64_t n = decode_packed(&j, first, end, out, cap);
	if (n == -EILSEQ)
		n = decode_run(&j, first, end, m->concat.total, apart, out, cap);
	if (!are_read_apart(&j, first, end))
		return n;
	*apart = 0;
	/* What is refused as a whole is refused for that, whatever its parts say. */
	if (n == -EILSEQ)
		n = decode_run(&j, first, end, m->concat.total, NULL, out, cap);
	if (n > 0)
		*apart = (uint16_t)n;
	return add_apart(&j, first, end, n, out, cap);
}

static bool is_whole(const struct screen_context *context, const struct screen_message *m,
                     struct parts_key key)
{
	struct part part;

	if (m->concat.total > WHOLE_MAX)
		return false;
	for (unsigned i = 1; i <= m->concat.total; i++)
		if (!parts_get_head(context->parts, key, (uint8_t)i, context->clock_s, &part))
			return false;
	return true;
}

static void settle(struct screen_context *context, const struct screen_message *m,
                   struct parts_key key)
{
	const struct part refused = { .key = key,
		                      .until = context->clock_s + PARTS_LIFE_S,
		                      .rule = m->rule,
		                      .command_status = m->command_status,
		                      .number = NUMBER_REFUSED,
		                      .reason = (uint8_t)m->reason,
		                      .refused = m->concat_refused != 0 ? m->concat_refused
		                                                        : m->concat.part,
		                      .discard = m->discard,
		                      .account = account_id_of(context, m) };

	if (m->refuse)
		count_lost(context, parts_put(context->parts, &refused, context->clock_s));
	else if (is_whole(context, m, key))
		for (unsigned n = 1; n <= m->concat.total; n++)
			parts_drop(context->parts, key, (uint8_t)n);
}

void concat_settle(struct screen_context *context, struct screen_vector *v)
{
	if (context->parts == NULL)
		return;
	for (unsigned i = v->first; i < v->end; i++) {
		const struct screen_message *m = &v->messages[i];
		struct concat_keys keys = concat_keys(context, m);
		struct parts_key key;
		while (m->concat.total >= 2 && concat_keys_next(&keys, &key))
			settle(context, m, key);
	}
	context->parts_lost += parts_missed(context->parts);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recall: the stage that knows texts again; they are looked for beside the senders
 * (stage_sender()). What was found in them the last time stands for what decoding, folding and
 * scanning would find, and the stages for those pass them over; behind the scans what was
 * found in new texts is kept.
 *
 * Only whole texts of one reading are kept: what is a part, has a user data header, does not
 * decode or is plausible in a second coding is read each time.
 */
#include "screen_priv.h"

/* Which of the two texts may be known: the only one; 2 = neither. */
static unsigned only_text(const struct screen_message *m)
{
	const uint32_t a = m->sm.short_message.octets.len, b = m->sm.payload.octets.len;

	if (m->sm.has_callback_tag || (a != 0) == (b != 0) || a > CACHE_TEXT_MAX ||
	    b > CACHE_TEXT_MAX || may_be_part(m))
		return 2;
	return a != 0 ? 0 : 1;
}

static struct cache_key key_of(const struct screen_context *context,
                               const struct screen_message *m)
{
	const struct view octets = wire_text(m, m->recall_text)->octets;

	return (struct cache_key){ .serial = context->tables->image_serial,
		                   .hash = m->recall_hash,
		                   .octets = octets.data,
		                   .len = (uint16_t)octets.len,
		                   .coding = m->recall_coding };
}

/* What was found then, as if it were found now. */
static void take(struct screen_hits *h, unsigned message, const struct cache_entry *e)
{
	const uint16_t *hits = cache_hits(e);

	for (unsigned k = 0; k < e->n_hits; k++)
		hits_add(h, message, hits[k]);
}

void recall_seek(struct screen_context *context, struct screen_vector *v, unsigned from,
                 unsigned end, struct recall_sought *sought)
{
	sought->n = 0;
	if (context->cache == NULL || context->match == NULL || !cache_awake(context->cache))
		return;
	for (unsigned i = from; i < end; i++) {
		struct screen_message *m = &v->messages[i];
		const unsigned which = is_open(m) ? only_text(m) : 2;
		if (which == 2)
			continue;
		m->recall = RECALL_NEW;
		m->recall_text = (uint8_t)which;
		m->recall_coding = (uint8_t)reading_coding(context, m);
		sought->messages[sought->n] = m;
		sought->keys[sought->n++] = key_of(context, m);
	}
	cache_seek(context->cache, sought->keys, sought->n);
}

void recall_find(struct screen_context *context, const struct recall_sought *sought)
{
	const struct cache_entry *found[RECALL_SOUGHT_MAX];

	if (sought->n != 0)
		cache_find(context->cache, sought->keys, sought->n, found);
	for (unsigned k = 0; k < sought->n; k++) {
		sought->messages[k]->recall_hash = sought->keys[k].hash;
		sought->messages[k]->recall_entry = found[k];
	}
}

/* Those that are not known are listed without a branch on which one is: it is nothing to
 * guess. */
void stage_recall(struct screen_context *context, struct screen_vector *v)
{
	static const struct cache_entry nothing;
	unsigned sought = 0, known = 0, n = 0;

	for (unsigned i = v->first; i < v->end; i++) {
		struct screen_message *m = &v->messages[i];
		const bool open = is_open(m), asked = (m->recall == RECALL_NEW) & open;
		const struct cache_entry *e = asked ? m->recall_entry : NULL;
		bool is_known = e != NULL;
		e = is_known ? e : &nothing;
		is_known &= v->hits.n + e->n_hits <= SCREEN_HITS_MAX;
		m->recall = is_known ? RECALL_KNOWN : m->recall;
		m->fingerprint = is_known ? e->fingerprint : m->fingerprint;
		if (unlikely(is_known && e->n_hits != 0))
			take(&v->hits, i, e);
		sought += asked;
		known += is_known;
		v->unread[n] = (uint16_t)i;
		n += open & !is_known;
	}
	v->n_unread = n;
	if (context->cache == NULL)
		return;
	context->cache_hits += known;
	context->cache_misses += sought - known;
	cache_learn(context->cache, sought, known);
}

/* The patterns of a list, in the order that they were found in: the list is the last one first.
 * How many; CACHE_HITS_MAX + 1: they cannot be kept. */
static unsigned listed(const struct screen_hits *h, uint32_t last, uint16_t out[CACHE_HITS_MAX])
{
	unsigned n = 0;

	for (uint32_t hit = last; hit != 0; hit = h->hits[hit].before)
		if (++n > CACHE_HITS_MAX || h->hits[hit].pattern > UINT16_MAX)
			return CACHE_HITS_MAX + 1;
	for (unsigned left = n; left > 0; last = h->hits[last].before)
		out[--left] = (uint16_t)h->hits[last].pattern;
	return n;
}

void recall_keep(struct screen_context *context, struct screen_vector *v)
{
	for (unsigned k = 0; k < v->n_unread; k++) {
		const unsigned i = v->unread[k];
		struct screen_message *m = &v->messages[i];
		uint16_t hits[CACHE_HITS_MAX];

		if (m->recall != RECALL_NEW || !is_open(m) ||
		    v->hits.last[i] == SCREEN_HITS_LOST)
			continue;
		const struct cache_key key = key_of(context, m);
		if (!cache_again(context->cache, &key))
			continue;
		const unsigned n = listed(&v->hits, v->hits.last[i], hits);
		if (n > CACHE_HITS_MAX)
			continue;
		/* What is known is known with it. */
		fingerprint_message(context, m);
		context->cache_replaced +=
			cache_keep(context->cache, &key, hits, n, m->fingerprint);
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
/* app: an ESME that sends what its plan says, and an SMSC that answers. */
#include "sim.h"

#include "pdu.h"

#define SEQUENCES 1000000u /* of a connection, so that records tell them apart */

static uint32_t next_sequence(struct conn *c)
{
	return (c->index + 1) * SEQUENCES + ++c->sequence;
}

static bool is_word(const struct pdu_text *t, const char *word)
{
	return t->word != NULL && strcmp(t->word, word) == 0;
}

static enum expected judge(const struct pdu_sender *from, const struct pdu_text *t, bool bound,
                           uint32_t *status)
{
	*status = !bound                      ? PDU_STATUS_BOUND
	          : t->broken                 ? PDU_STATUS_LENGTH
	          : from->kind != SENDER_GOOD ? PDU_STATUS_SENDER
	          : is_word(t, PDU_WORD)      ? PDU_STATUS_CONTENT
	                                      : 0;
	if (bound && !t->broken && from->kind == SENDER_CHANGES)
		return EXPECT_EITHER;
	if (*status != 0)
		return EXPECT_REFUSE;
	return is_word(t, PDU_SILENT_WORD) ? EXPECT_DISCARD : EXPECT_PASS;
}

static void write_message(struct conn *c, bool bound)
{
	struct random *r = &c->app_random;
	struct octets *o = &c->end[ESME].out;
	const uint32_t off = o->len;
	const struct pdu_sender *from = &pdu_senders[random_below(r, pdu_senders_n)];
	struct pdu_text t = { .len = random_in(r, 20, c->plan.size_most) };
	uint32_t status;

	t.payload = t.len > 250 || random_chance(r, 2000);
	if (random_chance(r, c->plan.large)) {
		t.payload = true;
		t.len = random_in(r, 2000, 65535);
	}
	/* One reason at a time where the reasons' order is the screener's own affair. */
	if (from->kind == SENDER_GOOD && (c->plan.flood || random_chance(r, 1500)))
		t.word = random_chance(r, 3000) ? PDU_SILENT_WORD : PDU_WORD;
	t.broken = bound && !t.payload && t.word == NULL && random_chance(r, 500);
	const enum expected expected = judge(from, &t, bound, &status);
	pdu_message(o, r, 4, next_sequence(c), from->address, &t);
	oracle_wrote(c, off, expected, status);
	c->sent++;
}

static void write_other(struct conn *c, uint32_t id, uint32_t n)
{
	struct octets *o = &c->end[ESME].out;
	const uint32_t off = o->len;

	pdu_any(o, &c->app_random, id, 0, next_sequence(c), n);
	oracle_wrote(c, off, EXPECT_PASS, 0);
	c->sent++;
}

static void write_request(struct conn *c, bool bound)
{
	struct random *r = &c->app_random;
	const uint32_t kind = random_below(r, 10);

	if (c->plan.unbind && c->sent + 1 == c->plan.requests)
		write_other(c, 6, 0);
	else if (kind < 7)
		write_message(c, bound);
	else if (kind < 8)
		write_other(c, 0x15, 0); /* enquire_link */
	else if (kind < 9)
		write_other(c, 0x3, random_in(r, 10, 40)); /* query_sm: not decoded */
	else
		write_other(c, 0x10200 + random_below(r, 99), random_below(r, 3000));
}

/* Octets after which no framing can be found: a length that cannot be. */
static void write_garbage(struct conn *c, int end)
{
	struct octets *o = &c->end[end].out;

	c->garbage_sequence = next_sequence(c);
	*(end == ESME ? &c->garbage : &c->server_garbage) = true;
	uint8_t *at = octets_extend(o, 300);
	random_fill(&c->app_random, at, 300);
	pdu_header(at, random_chance(&c->app_random, 5000) ? 0x48545450 : 3, 0x2f312e31, 0,
	           c->garbage_sequence);
}

static void write_bind(struct conn *c)
{
	struct octets *o = &c->end[ESME].out;

	for (uint32_t i = 0; i < c->plan.early; i++)
		write_message(c, false);
	const uint32_t off = o->len;
	pdu_bind(o, next_sequence(c));
	oracle_wrote(c, off, EXPECT_PASS, 0);
	c->sent++;
	c->opened = true;
}

static void finish_esme(struct conn *c)
{
	struct endpoint *e = &c->end[ESME];

	if (c->plan.close == CLOSE_ESME_GARBAGE && !c->garbage)
		write_garbage(c, ESME);
	if (c->plan.close == CLOSE_PARTIAL && !e->closing) {
		uint8_t *at = octets_extend(&e->out, 30);
		random_fill(&c->app_random, at, 30);
		pdu_header(at, 31 + random_below(&c->app_random, 60000), 4, 0, 1);
		e->out.len -= random_below(&c->app_random, 29);
		end_close(e);
	}
}

static bool requests_written(const struct conn *c)
{
	return c->bound && c->sent >= c->plan.requests;
}

static void tick_esme(struct conn *c)
{
	if (!c->opened) {
		write_bind(c);
		return;
	}
	if (!c->bound || c->garbage || c->end[ESME].closing)
		return;
	for (uint32_t i = 0; i < c->plan.burst && !requests_written(c); i++)
		write_request(c, true);
}

static void owe(struct conn *c, uint32_t id, uint32_t sequence)
{
	if (c->n_owed == c->owed_room) {
		c->owed_room = c->owed_room * 2 + 16;
		c->owed = realloc(c->owed, c->owed_room * sizeof(*c->owed));
		if (c->owed == NULL)
			abort();
	}
	c->owed[c->n_owed++] = (struct answer){ .id = id, .sequence = sequence };
}

static void pay(struct conn *c, uint32_t i)
{
	struct octets *o = &c->end[SMSC].out;
	const struct answer a = c->owed[i];

	memmove(c->owed + i, c->owed + i + 1, (c->n_owed - i - 1) * sizeof(*c->owed));
	c->n_owed--;
	if (a.id >= 1 && a.id <= 9 && a.id != 4) {
		uint8_t *at = octets_extend(o, 16 + 5);
		pdu_header(at, 21, a.id | 0x80000000, 0, a.sequence);
		memcpy(at + 16, "smsc", 5);
		return;
	}
	pdu_any(o, &c->app_random, a.id | 0x80000000, random_below(&c->app_random, 9) ? 0 : 8,
	        a.sequence, random_below(&c->app_random, 20));
}

static void tick_smsc(struct conn *c)
{
	struct random *r = &c->app_random;

	if (c->end[SMSC].closing || c->server_garbage)
		return;
	for (uint32_t n = random_in(r, 1, 20); n > 0 && c->n_owed > 0; n--)
		pay(c, c->plan.shuffle ? random_below(r, c->n_owed) : 0);
	if (c->bound && c->delivered < c->plan.deliveries) {
		const struct pdu_text t = { .len = random_in(r, 20, 140) };
		const uint32_t sequence = ++c->deliver_sequence;
		if (random_chance(r, 8000))
			pdu_message(&c->end[SMSC].out, r, 5, sequence, "01055556666", &t);
		else
			pdu_any(&c->end[SMSC].out, r, 0x15, 0, sequence, 0);
		c->delivered++;
	}
}

uint64_t app_due(const struct conn *c, int end)
{
	const bool over = c->end[end].closing || c->garbage || c->server_garbage;

	if (c->end[end].state != END_OPEN || over)
		return UINT64_MAX;
	if (end == ESME ? c->opened && (!c->bound || requests_written(c))
	                : c->n_owed == 0 && (!c->bound || c->delivered >= c->plan.deliveries))
		return UINT64_MAX;
	return c->tick_at[end];
}

void app_tick(struct conn *c, int end)
{
	c->tick_at[end] = c->sim->now + c->plan.tick_us[end] / 2 +
	                  random_below(&c->app_random, c->plan.tick_us[end]);
	if (c->end[end].state != END_OPEN)
		return;
	if (end == ESME)
		tick_esme(c);
	else
		tick_smsc(c);
}

static void esme_got(struct conn *c, uint32_t id, uint32_t sequence)
{
	struct octets *o = &c->end[ESME].out;

	if (id & 0x80000000) {
		c->answers++;
		if (id == 0x80000009)
			c->bound = true;
	} else if (!c->end[ESME].closing && !c->garbage) {
		const uint32_t off = o->len;
		pdu_any(o, &c->app_random, id | 0x80000000, 0, sequence, id == 5);
		oracle_wrote(c, off, EXPECT_PASS, 0);
	}
}

void app_read(void *arg, int end, const uint8_t *octets, uint32_t n)
{
	struct conn *c = arg;
	struct octets *o = &c->inbox[end];
	uint32_t at = 0;

	if (c->plain)
		oracle_plain(c, end, octets, c->end[end].rcv_read, n);
	octets_append(o, octets, n);
	while (o->len - at >= 16 && get32(o->at + at) <= o->len - at &&
	       get32(o->at + at) >= 16) {
		const uint32_t id = get32(o->at + at + 4), sequence = get32(o->at + at + 12);
		if (end == ESME)
			esme_got(c, id, sequence);
		else if (!(id & 0x80000000))
			owe(c, id, sequence);
		at += get32(o->at + at);
	}
	memmove(o->at, o->at + at, o->len - at);
	o->len -= at;
}

static bool read_to_end(const struct endpoint *e)
{
	return e->fin_received && e->rcv_read == e->fin_at;
}

static void settle_smsc(struct conn *c)
{
	struct endpoint *e = &c->end[SMSC];
	const bool at_time = c->plan.close == CLOSE_SMSC_FIRST || c->plan.close == CLOSE_BOTH;

	if (c->plan.close == CLOSE_SMSC_GARBAGE && c->bound && !c->server_garbage &&
	    !e->closing && c->sim->now >= c->plan.close_at)
		write_garbage(c, SMSC);
	if (at_time && c->sim->now >= c->plan.close_at && c->bound)
		end_close(e);
	if (read_to_end(e) && ((c->n_owed == 0 && c->delivered >= c->plan.deliveries) ||
	                       !c->bound || c->garbage || c->server_garbage))
		end_close(e);
}

static void settle_esme(struct conn *c)
{
	struct endpoint *e = &c->end[ESME];
	const bool done = requests_written(c);

	switch (c->plan.close) {
	case CLOSE_ESME_ANSWERED:
		if (done && c->answers >= c->sent)
			end_close(e);
		break;
	case CLOSE_ESME_HALF:
	case CLOSE_SMSC_FIRST:
		if (done)
			end_close(e);
		break;
	case CLOSE_BOTH:
		if (c->opened && c->bound && c->sim->now >= c->plan.close_at)
			end_close(e);
		break;
	default:
		if (done)
			finish_esme(c);
		break;
	}
	/* Nobody talks on for ever after the other end has closed, before the bind too. */
	if (read_to_end(e) && (!c->bound || done || c->garbage || c->server_garbage))
		end_close(e);
}

/* RST or silence at the time of the plan. */
static void settle_early_end(struct conn *c)
{
	if (c->sim->now < c->plan.close_at)
		return;
	struct endpoint *esme = &c->end[ESME], *smsc = &c->end[SMSC];
	if (c->plan.close == CLOSE_ESME_RST && !end_is_over(esme))
		end_abort(esme);
	if (c->plan.close == CLOSE_SMSC_RST && !end_is_over(smsc))
		end_abort(smsc);
	if (c->plan.close == CLOSE_ESME_DIES)
		end_die(esme);
	if (c->plan.close == CLOSE_SMSC_DIES)
		end_die(smsc);
}

void app_settle(struct conn *c)
{
	settle_early_end(c);
	for (int end = ESME; end <= SMSC; end++) {
		struct endpoint *e = &c->end[end];
		if (e->state != END_OPEN)
			continue;
		if (end == ESME)
			settle_esme(c);
		else
			settle_smsc(c);
		end_output(e, c->sim->now);
	}
}

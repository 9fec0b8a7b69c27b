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

static enum expected judge(const struct pdu_sender *from, const struct pdu_text *t,
                           enum pdu_account as, uint32_t *status)
{
	*status = t->broken                   ? PDU_STATUS_LENGTH
	          : as == PDU_NOBODY          ? PDU_STATUS_BOUND
	          : as == PDU_SUSPENDED       ? PDU_STATUS_ACCOUNT
	          : from->kind != SENDER_GOOD ? PDU_STATUS_SENDER
	          : is_word(t, PDU_WORD)      ? PDU_STATUS_CONTENT
	                                      : 0;
	if (as == PDU_CLIENT && !t->broken && from->kind == SENDER_CHANGES)
		return EXPECT_EITHER;
	if (*status != 0)
		return EXPECT_REFUSE;
	return is_word(t, PDU_SILENT_WORD) ? EXPECT_DISCARD : EXPECT_PASS;
}

static void write_message(struct conn *c)
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
	t.broken = !t.payload && t.word == NULL && random_chance(r, 500);
	const enum expected expected = judge(from, &t, c->as, &status);
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

/* One bind more. On a session that is bound it is one too many, and it may be one behind
 * another that has no answer yet. */
static void write_bind(struct conn *c)
{
	struct random *r = &c->app_random;
	struct octets *o = &c->end[ESME].out;
	const uint32_t off = o->len, id = random_below(r, 2) ? 9 : 2;
	const bool other = random_chance(r, c->plan.sessions * 2);

	pdu_bind(o, id, next_sequence(c), other ? PDU_SUSPENDED : PDU_CLIENT);
	oracle_wrote(c, off,
	             c->as != PDU_NOBODY ? EXPECT_REFUSE
	             : c->waits == 0     ? EXPECT_PASS
	                                 : EXPECT_EITHER,
	             PDU_STATUS_ALREADY);
	c->waits++;
	c->sent++;
}

static void write_unbind(struct conn *c)
{
	write_other(c, 6, 0);
	c->waits++;
}

static void write_request(struct conn *c)
{
	struct random *r = &c->app_random;
	const uint32_t kind = random_below(r, 10);
	const bool bound = c->as != PDU_NOBODY;

	if (c->plan.unbind && c->sent + 1 == c->plan.requests)
		write_unbind(c);
	else if (!bound || random_chance(r, c->plan.sessions))
		bound &&random_below(r, 2) ? write_unbind(c) : write_bind(c);
	else if (kind < 7)
		write_message(c);
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

static void open_session(struct conn *c)
{
	for (uint32_t i = 0; i < c->plan.early; i++)
		write_message(c);
	do
		write_bind(c);
	while (random_chance(&c->app_random, c->plan.sessions * 2));
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
	return (c->bound || c->plan.close == CLOSE_NEVER_BINDS) && c->sent >= c->plan.requests;
}

/* It asks whether the SMSC lives, some times or never; or leaves it at half a header. */
static void tick_never_binds(struct conn *c)
{
	c->opened = true;
	if (c->sent < c->plan.requests)
		write_other(c, 0x15, 0);
	if (c->sent == c->plan.requests && random_below(&c->app_random, 2)) {
		pdu_header(octets_extend(&c->end[ESME].out, 16), 60, 9, 0, 1);
		c->end[ESME].out.len -= random_below(&c->app_random, 16);
	}
}

/* Nothing for a while, and then on. */
static bool pauses(struct conn *c)
{
	const unsigned thirds = 3 * c->sent / (c->plan.requests + 1);

	/* A third is written, or two: in between the relay's own timers come. */
	if (c->paused >= c->plan.pauses || thirds <= c->paused || c->sent == c->paused_sent)
		return false;
	c->paused++;
	c->paused_sent = c->sent;
	c->tick_at[ESME] = c->sim->now + PAUSE_US;
	return true;
}

static void tick_esme(struct conn *c)
{
	if (c->plan.close == CLOSE_NEVER_BINDS) {
		tick_never_binds(c);
		return;
	}
	if (!c->opened) {
		open_session(c);
		return;
	}
	if (c->garbage || c->end[ESME].closing || pauses(c))
		return;
	for (uint32_t i = 0; i < c->plan.burst && c->waits == 0 && !requests_written(c); i++)
		write_request(c);
}

static bool is_bind(uint32_t id) { return id == 1 || id == 2 || id == 9; }

/* What reaches the SMSC, by its own idea of the session: the suspended account's messages
 * never do, nor any before a bind; and no bind but where it may be accepted. */
static void look_at(struct conn *c, uint32_t id, uint32_t sequence)
{
	if (c->plain || c->gone || c->sim->leaving)
		return;
	if (id == 4 && (c->served == PDU_SUSPENDED || (!c->served && !c->unserved)))
		sim_fail(c->sim, "message %u of %s reached the SMSC", sequence,
		         c->served == PDU_SUSPENDED ? "a suspended account" : "nobody");
	if (is_bind(id) && (c->served != PDU_NOBODY || c->binds_owed != 0))
		sim_fail(c->sim, "bind %u reached a session that is bound, or is to be",
		         sequence);
}

static void owe(struct conn *c, const uint8_t *pdu)
{
	const uint32_t id = get32(pdu + 4), sequence = get32(pdu + 12);

	look_at(c, id, sequence);
	if (c->n_owed == c->owed_room) {
		c->owed_room = c->owed_room * 2 + 16;
		c->owed = realloc(c->owed, c->owed_room * sizeof(*c->owed));
		if (c->owed == NULL)
			abort();
	}
	c->owed[c->n_owed++] = (struct answer){
		.id = id,
		.sequence = sequence,
		.account = is_bind(id) ? pdu_account_of(pdu) : PDU_NOBODY,
	};
	c->binds_owed += is_bind(id);
}

static void unserve(struct conn *c)
{
	c->unserved |= c->served != PDU_NOBODY;
	c->served = PDU_NOBODY;
}

/* The SMSC's mind about a bind or an unbind: a command_status. */
static uint32_t consent(struct conn *c, const struct answer *a)
{
	const bool refuses = random_chance(&c->app_random, c->plan.refusals);

	c->binds_owed -= is_bind(a->id);
	if (is_bind(a->id) && c->served != PDU_NOBODY)
		return PDU_STATUS_ALREADY;
	if (refuses)
		return 8;
	if (is_bind(a->id)) {
		c->served = a->account;
		c->bound = true;
	} else {
		unserve(c);
	}
	return 0;
}

static void pay(struct conn *c, uint32_t i)
{
	struct octets *o = &c->end[SMSC].out;
	const struct answer a = c->owed[i];

	memmove(c->owed + i, c->owed + i + 1, (c->n_owed - i - 1) * sizeof(*c->owed));
	c->n_owed--;
	if (a.id >= 1 && a.id <= 9 && a.id != 4) {
		uint8_t *at = octets_extend(o, 16 + 5);
		const bool session = is_bind(a.id) || a.id == 6;
		pdu_header(at, 21, a.id | 0x80000000, session ? consent(c, &a) : 0, a.sequence);
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
		if (c->served && !c->unserving && random_chance(r, c->plan.sessions)) {
			pdu_any(&c->end[SMSC].out, r, 6, 0, sequence, 0);
			c->unserving = true;
		} else if (random_chance(r, 8000))
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
	if (end == ESME ? c->opened && (c->waits != 0 || requests_written(c))
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

static enum pdu_account account_bound(const struct conn *c, uint32_t sequence)
{
	for (uint32_t i = 0; i < c->n_requests; i++)
		if (c->requests[i].sequence == sequence && is_bind(c->requests[i].id))
			return pdu_account_of(c->end[ESME].out.at + c->requests[i].off);
	return PDU_NOBODY;
}

static void esme_heard(struct conn *c, uint32_t id, uint32_t status, uint32_t sequence)
{
	c->answers++;
	c->waits -= is_bind(id) || id == 6;
	if (is_bind(id) && status == 0)
		c->as = account_bound(c, sequence);
	if (id == 6 && status == 0)
		c->as = PDU_NOBODY;
}

static void esme_got(struct conn *c, const uint8_t *pdu)
{
	const uint32_t id = get32(pdu + 4), sequence = get32(pdu + 12);
	struct octets *o = &c->end[ESME].out;

	if (id & 0x80000000) {
		esme_heard(c, id & 0x7fffffff, get32(pdu + 8), sequence);
	} else if (!c->end[ESME].closing && !c->garbage) {
		const uint32_t off = o->len;
		const bool refuses = id == 6 && random_chance(&c->app_random, c->plan.refusals);
		pdu_any(o, &c->app_random, id | 0x80000000, refuses ? 8 : 0, sequence, id == 5);
		oracle_wrote(c, off, EXPECT_PASS, 0);
		if (id == 6 && !refuses)
			c->as = PDU_NOBODY;
	}
}

static void smsc_got(struct conn *c, const uint8_t *pdu)
{
	const uint32_t id = get32(pdu + 4);

	if (id == 0x80000006) {
		c->unserving = false;
		if (get32(pdu + 8) == 0)
			unserve(c);
	}
	if (!(id & 0x80000000))
		owe(c, pdu);
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
		if (end == ESME)
			esme_got(c, o->at + at);
		else
			smsc_got(c, o->at + at);
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
	if (read_to_end(e) &&
	    (c->as == PDU_NOBODY || c->waits != 0 || done || c->garbage || c->server_garbage))
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

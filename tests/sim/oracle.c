/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oracle: whole PDUs of what the worker says, against what the ends wrote. To the SMSC:
 * the ESME's stream less the refused PDUs. To the ESME: the SMSC's stream with our
 * responses between its PDUs, in the order of the requests, each once.
 */
#include "sim.h"

uint32_t oracle_wrote(struct conn *c, uint32_t off, enum expected expected, uint32_t status)
{
	const struct octets *o = &c->end[ESME].out;

	if (c->n_requests == c->room) {
		c->room = c->room * 2 + 16;
		c->requests = realloc(c->requests, c->room * sizeof(*c->requests));
		if (c->requests == NULL)
			abort();
	}
	c->requests[c->n_requests] = (struct request){
		.off = off,
		.len = o->len - off,
		.id = get32(o->at + off + 4),
		.sequence = get32(o->at + off + 12),
		.status = status,
		.expected = expected,
	};
	return c->n_requests++;
}

static void forwarded(struct conn *c, const uint8_t *pdu, uint32_t len)
{
	const uint8_t *stream = c->end[ESME].out.at;

	for (; c->forward_next < c->n_requests; c->forward_next++) {
		struct request *q = &c->requests[c->forward_next];
		if (q->len == len && memcmp(stream + q->off, pdu, len) == 0) {
			if (q->expected >= EXPECT_REFUSE || q->answered)
				sim_fail(c->sim, "PDU %u was %s and forwarded", q->sequence,
				         q->answered ? "answered" : "to be refused");
			q->forwarded = true;
			c->forward_next++;
			return;
		}
		if (q->expected == EXPECT_PASS)
			break;
	}
	for (uint32_t i = 0; c->forward_next < c->n_requests && i < len; i++) {
		const struct request *q = &c->requests[c->forward_next];
		if (i >= q->len || stream[q->off + i] != pdu[i]) {
			sim_trace(c->sim, "  octet %u differs: stream %u, log %u", i,
			          q->off + i, c->said[SMSC].checked + i);
			break;
		}
	}
	sim_fail(c->sim,
	         "to the SMSC: PDU id %x sequence %u of %u octets is not the next one, %u",
	         get32(pdu + 4), get32(pdu + 12), len,
	         c->forward_next < c->n_requests ? c->requests[c->forward_next].sequence : 0);
}

static void answered(struct conn *c, const uint8_t *pdu, uint32_t len)
{
	const uint32_t id = get32(pdu + 4), status = get32(pdu + 8), sequence = get32(pdu + 12);

	if (c->garbage && id == 0x80000000 && len == 16 && !c->nacked &&
	    (sequence == c->garbage_sequence || sequence == 0) && status == 2) {
		c->nacked = true;
		return;
	}
	for (; c->answer_next < c->n_requests; c->answer_next++) {
		struct request *q = &c->requests[c->answer_next];
		if (q->sequence == sequence && (q->id | 0x80000000) == id) {
			if (len != (q->expected == EXPECT_DISCARD ? 33 : 16) ||
			    q->expected == EXPECT_PASS || q->forwarded || status != q->status)
				sim_fail(c->sim, "PDU %u answered with status %x%s", sequence,
				         status, q->forwarded ? " though forwarded" : "");
			q->answered = true;
			c->answer_next++;
			return;
		}
		if (q->expected >= EXPECT_REFUSE)
			break;
	}
	sim_fail(c->sim, "to the ESME: PDU id %x status %x sequence %u is nobody's", id, status,
	         sequence);
}

static void to_esme(struct conn *c, const uint8_t *pdu, uint32_t len)
{
	const struct octets *server = &c->end[SMSC].out;

	if (server->len - c->server_next >= len &&
	    memcmp(server->at + c->server_next, pdu, len) == 0)
		c->server_next += len;
	else
		answered(c, pdu, len);
}

static void to_smsc(struct conn *c, const uint8_t *pdu, uint32_t len)
{
	if (c->server_garbage && len == 16 && get32(pdu + 4) == 0x80000000 && !c->nacked) {
		c->nacked = true;
		return;
	}
	forwarded(c, pdu, len);
}

void oracle_octets(struct conn *c, int to)
{
	struct said *d = &c->said[to];

	while (d->log.len - d->checked >= 16 && !c->sim->failed) {
		const uint8_t *pdu = d->log.at + d->checked;
		const uint32_t len = get32(pdu);
		if (len < 16 || len > 80000) {
			sim_fail(c->sim, "a PDU of %u octets was let through", len);
			return;
		}
		if (d->log.len - d->checked < len)
			return;
		if (to == ESME)
			to_esme(c, pdu, len);
		else
			to_smsc(c, pdu, len);
		d->checked += len;
	}
}

/* It was never edited, or it would not have been handed back. */
void oracle_plain(struct conn *c, int to, const uint8_t *octets, uint64_t at, uint32_t n)
{
	const struct octets *o = &c->end[!to].out;

	if (at + n > o->len || memcmp(o->at + at, octets, n) != 0)
		sim_fail(c->sim, "%s read other octets from %llu on than were written",
		         to == ESME ? "the ESME" : "the SMSC", (unsigned long long)at);
}

void oracle_record(struct sim *s, const struct audit_record *r)
{
	/* Sequence numbers of a world are unique over its connections. */
	for (unsigned i = 0; i < s->n_conns; i++) {
		struct conn *c = &s->conns[i];
		for (uint32_t q = 0; q < c->n_requests; q++) {
			if (c->requests[q].sequence != r->sequence ||
			    c->requests[q].id != r->command_id)
				continue;
			if (c->requests[q].recorded || c->requests[q].forwarded)
				sim_fail(s, "PDU %u recorded twice, or though forwarded",
				         r->sequence);
			c->requests[q].recorded = true;
			return;
		}
	}
	sim_fail(s, "a record of a PDU that nobody sent");
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "traffic.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture.h"
#include "pdu.h"

/* Where a session stands, as its client sees it. */
enum phase {
	PHASE_SYN,
	PHASE_SYN_SENT,
	PHASE_BIND,
	PHASE_BIND_SENT,
	PHASE_SUBMIT,
	PHASE_UNBIND_SENT,
	PHASE_FIN_SENT,
	PHASE_DONE
};

enum { REPLY_SYN = 1, REPLY_BIND = 2, REPLY_UNBIND = 4, REPLY_FIN = 8 };

#define TURNS_MAX 100000u
#define REPLIES_MAX 32u /* at least the window */

struct session {
	struct capture_flow flow;
	enum phase phase;
	uint32_t client_seq, server_seq;     /* next octet each end sends */
	uint32_t client_knows, server_knows; /* next octet each end expects: its ACK */
	uint32_t to_client, to_server;       /* octets delivered in this turn */
	unsigned sent, answered;
	uint32_t replies[REPLIES_MAX]; /* sequence numbers the server owes */
	unsigned n_replies, n_new;     /* new: delivered in this turn */
	unsigned owed, owed_new;       /* REPLY_* */
	unsigned refused_new, answered_new;
	enum phase next; /* phase from the next turn on */
};

struct player {
	const struct traffic_plan *plan;
	struct traffic *out;
	struct session *sessions;
	struct capture *esme, *smsc;
	struct rng rng;
	unsigned text;  /* next text */
	unsigned first; /* whose turn it is first */
	uint32_t turn;
};

void traffic_sender(char out[16], unsigned i) { snprintf(out, 16, "010%08u", 20000000 + i); }

static bool two_in_one(struct player *p) { return rng_below(&p->rng, 9) == 0; }

/* A segment of the client, with what it knows; its payload is in buffer. */
static void client_frame(struct player *p, struct session *s, uint8_t flags,
                         const uint8_t *buffer, size_t n)
{
	capture_tcp(p->esme, &s->flow, true, flags, s->client_seq, s->client_knows, p->turn,
	            buffer, n);
	s->client_seq += (uint32_t)n + (flags & (CAPTURE_SYN | CAPTURE_FIN) ? 1 : 0);
}

static void server_frame(struct player *p, struct session *s, uint8_t flags,
                         const uint8_t *buffer, size_t n)
{
	capture_tcp(p->smsc, &s->flow, false, flags, s->server_seq, s->server_knows, p->turn,
	            buffer, n);
	s->server_seq += (uint32_t)n + (flags & (CAPTURE_SYN | CAPTURE_FIN) ? 1 : 0);
	s->to_client += (uint32_t)n + (flags & (CAPTURE_SYN | CAPTURE_FIN) ? 1 : 0);
}

/* One submit_sm at out; whether the relay will refuse it. */
static size_t submit(struct player *p, struct session *s, uint8_t *out, bool *refused)
{
	const struct traffic_plan *plan = p->plan;
	const unsigned text = p->text++ % plan->corpus->n_texts;
	const bool foreign = rng_below(&p->rng, plan->foreign_one_in) == 0;
	char sender[16];

	if (foreign)
		snprintf(sender, sizeof(sender), "010%08u",
		         90000000 + rng_below(&p->rng, 9000000));
	else
		traffic_sender(sender, rng_below(&p->rng, plan->n_senders));
	*refused = foreign || plan->refused[text];
	p->out->messages++;
	p->out->refused += *refused;
	return pdu_submit(out, ++s->sent, sender, plan->corpus->texts[text],
	                  plan->corpus->korean[text], rng_below(&p->rng, 5) < 2);
}

static void send_submits(struct player *p, struct session *s)
{
	uint8_t buffer[1460];
	size_t n = 0;
	const unsigned room = p->plan->window - (s->sent - s->answered);
	const unsigned left = p->plan->messages_each - s->sent;
	unsigned count = two_in_one(p) ? 2 : 1;

	count = count < room ? count : room;
	count = count < left ? count : left;
	for (unsigned i = 0; i < count; i++) {
		bool refused;
		const size_t len = submit(p, s, buffer + n, &refused);
		n += len;
		if (refused) {
			s->refused_new++;
			s->to_client += PDU_HEADER;
			continue;
		}
		s->to_server += (uint32_t)len;
		s->replies[s->n_replies + s->n_new++] = s->sent;
	}
	client_frame(p, s, CAPTURE_ACK | CAPTURE_PSH, buffer, n);
}

static void send_one(struct player *p, struct session *s, enum phase next, unsigned owed,
                     uint8_t flags, size_t (*make)(uint8_t *))
{
	uint8_t buffer[256] = { 0 };
	const size_t n = make == NULL ? 0 : make(buffer);

	s->to_server += (uint32_t)n + (flags & (CAPTURE_SYN | CAPTURE_FIN) ? 1 : 0);
	client_frame(p, s, flags, buffer, n);
	s->next = next;
	s->owed_new |= owed;
}

static size_t make_bind(uint8_t *out) { return pdu_bind(out, 1000000, TRAFFIC_SYSTEM_ID); }
static size_t make_unbind(uint8_t *out) { return pdu_bare(out, 0x06, 0, 1000001); }

/* What this client sends in this turn, if anything. */
static bool client_turn(struct player *p, struct session *s)
{
	switch (s->phase) {
	case PHASE_SYN:
		send_one(p, s, PHASE_SYN_SENT, REPLY_SYN, CAPTURE_SYN, NULL);
		return true;
	case PHASE_BIND:
		send_one(p, s, PHASE_BIND_SENT, REPLY_BIND, CAPTURE_ACK | CAPTURE_PSH,
		         make_bind);
		return true;
	case PHASE_SUBMIT:
		if (s->sent < p->plan->messages_each &&
		    s->sent - s->answered < p->plan->window) {
			send_submits(p, s);
			return true;
		}
		if (s->answered < p->plan->messages_each)
			return false;
		send_one(p, s, PHASE_UNBIND_SENT, REPLY_UNBIND, CAPTURE_ACK | CAPTURE_PSH,
		         make_unbind);
		return true;
	case PHASE_FIN_SENT: /* reached when the unbind was answered */
		send_one(p, s, PHASE_DONE, REPLY_FIN, CAPTURE_ACK | CAPTURE_FIN, NULL);
		return true;
	case PHASE_SYN_SENT:
	case PHASE_BIND_SENT:
	case PHASE_UNBIND_SENT:
	case PHASE_DONE:
		break;
	}
	return false;
}

static void server_replies(struct player *p, struct session *s)
{
	uint8_t buffer[256] = { 0 };
	size_t n = 0;
	unsigned count = two_in_one(p) && s->n_replies > 1 ? 2 : 1;

	for (unsigned i = 0; i < count; i++)
		n += pdu_submit_resp(buffer + n, s->replies[i]);
	memmove(s->replies, s->replies + count,
	        (s->n_replies + s->n_new - count) * sizeof(s->replies[0]));
	s->n_replies -= count;
	s->answered_new += count;
	server_frame(p, s, CAPTURE_ACK | CAPTURE_PSH, buffer, n);
}

static bool server_turn(struct player *p, struct session *s)
{
	uint8_t buffer[256] = { 0 };

	if (s->owed & REPLY_SYN) {
		server_frame(p, s, CAPTURE_SYN | CAPTURE_ACK, NULL, 0);
		s->next = PHASE_BIND;
	} else if (s->owed & REPLY_BIND) {
		server_frame(p, s, CAPTURE_ACK | CAPTURE_PSH, buffer,
		             pdu_bind_resp(buffer, 1000000));
		s->next = PHASE_SUBMIT;
	} else if (s->n_replies > 0) {
		server_replies(p, s);
		return true;
	} else if (s->owed & REPLY_UNBIND) {
		server_frame(p, s, CAPTURE_ACK | CAPTURE_PSH, buffer,
		             pdu_bare(buffer, 0x80000006, 0, 1000001));
		s->next = PHASE_FIN_SENT;
	} else if (s->owed & REPLY_FIN) {
		server_frame(p, s, CAPTURE_ACK | CAPTURE_FIN, NULL, 0);
	} else
		return false;
	s->owed &= s->owed - 1;
	return true;
}

/* A client whose server has closed too ends with RST: the same ports and numbers come
 * again in the next pass, and a lingering connection would take its SYN for a late copy. */
static bool client_reset(struct player *p, struct session *s)
{
	if (s->phase != PHASE_DONE || s->owed != 0 || s->client_knows == 0)
		return false;
	client_frame(p, s, CAPTURE_RST | CAPTURE_ACK, NULL, 0);
	s->client_knows = 0;
	return true;
}

static void commit(struct session *s)
{
	s->server_knows += s->to_server;
	if (s->client_knows != 0 || s->to_client != 0)
		s->client_knows += s->to_client;
	s->answered += s->refused_new + s->answered_new;
	s->n_replies += s->n_new;
	s->owed |= s->owed_new;
	s->phase = s->next;
	s->to_client = s->to_server = 0;
	s->refused_new = s->answered_new = s->n_new = s->owed_new = 0;
}

static bool all_done(const struct player *p)
{
	for (unsigned i = 0; i < p->plan->sessions; i++)
		if (p->sessions[i].phase != PHASE_DONE || p->sessions[i].client_knows != 0)
			return false;
	return true;
}

static void play_turn(struct player *p)
{
	const unsigned n = p->plan->sessions;
	unsigned from_clients = 0, from_servers = 0;

	for (unsigned i = 0; i < n; i++)
		p->sessions[i].next = p->sessions[i].phase;
	for (unsigned i = 0; i < n && from_clients < p->plan->burst; i++) {
		struct session *s = &p->sessions[(p->first + i) % n];
		from_clients += client_turn(p, s) || client_reset(p, s);
	}
	for (unsigned i = 0; i < n && from_servers < p->plan->burst; i++)
		from_servers += server_turn(p, &p->sessions[(p->first + i) % n]);
	p->out->fillers += 2 * p->plan->burst - from_clients - from_servers;
	for (; from_clients < p->plan->burst; from_clients++)
		capture_filler(p->esme);
	for (; from_servers < p->plan->burst; from_servers++)
		capture_filler(p->smsc);
	for (unsigned i = 0; i < n; i++)
		commit(&p->sessions[i]);
	p->first = (p->first + p->plan->burst) % n;
	p->turn++;
}

static void start(struct player *p)
{
	for (unsigned i = 0; i < p->plan->sessions; i++) {
		struct session *s = &p->sessions[i];
		s->flow = (struct capture_flow){ .client = 0x0a630100 + i / 200,
			                         .server = 0x0a630002,
			                         .client_port = (uint16_t)(20000 + i),
			                         .server_port = 2775 };
		s->client_seq = (uint32_t)rng_next(&p->rng);
		s->server_seq = (uint32_t)rng_next(&p->rng);
		s->server_knows = s->client_seq;
		s->client_knows = s->server_seq;
	}
}

int traffic_write(struct traffic *out, const struct traffic_plan *plan, const char *esme_path,
                  const char *smsc_path)
{
	struct player p = { .plan = plan, .out = out, .rng = { plan->seed } };
	int result = -ENOMEM;

	*out = (struct traffic){ 0 };
	p.sessions = calloc(plan->sessions, sizeof(*p.sessions));
	if (p.sessions == NULL)
		return -ENOMEM;
	if ((result = capture_open(&p.esme, esme_path)) == 0 &&
	    (result = capture_open(&p.smsc, smsc_path)) == 0) {
		start(&p);
		while (!all_done(&p) && p.turn < TURNS_MAX)
			play_turn(&p);
		result = all_done(&p) ? 0 : -EDEADLK; /* a session waits for ever */
		out->turns = p.turn;
		out->frames = (uint64_t)p.turn * plan->burst * 2 - out->fillers;
		out->octets = capture_octets(p.esme) + capture_octets(p.smsc);
	}
	const int esme = capture_close(p.esme), smsc = capture_close(p.smsc);
	free(p.sessions);
	return result != 0 ? result : esme != 0 ? esme : smsc;
}

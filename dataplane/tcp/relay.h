/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay: one TCP connection through us, as two legs that share a birth.
 *
 * The handshake passes through, so both ends negotiate with each other and both
 * legs start with the same sequence numbers. From the first data octet on each
 * leg is an endpoint of its own (RFC 9293): we acknowledge what we receive, own
 * what we have acknowledged, and retransmit it until the other side has it.
 *
 *   ESME ==> leg[ESME].in --pass/cut--> leg[SMSC].out ==> SMSC
 *   ESME <== leg[ESME].out <--pass/insert-- leg[SMSC].in <== SMSC
 *
 * No I/O and no clock: segments and the time come in, segments go out through
 * env->tx. So the same code runs under a simulation that replays a seed.
 *
 * Ownership  a relay owns the mbufs of its chains until relay_release().
 *            relay_input() consumes its mbuf in every case.
 * Threads    one worker.
 * Invariant  leg.in begins at a PDU boundary: the caller passes or cuts only whole
 *            PDUs, and inserts only behind whole PDUs.
 */
#ifndef DP_RELAY_H
#define DP_RELAY_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bbr.h"
#include "chain.h"
#include "cubic.h"
#include "flow.h"
#include "header.h"
#include "pace.h"
#include "packet.h"
#include "rack.h"
#include "report_format.h"
#include "rtt.h"
#include "scoreboard.h"

/* Segments of one turn waiting for one port. A turn receives at most 2 x 128 frames
 * and answers each with at most a few; what does not fit waits in its leg. */
#define TCP_TX_MAX 1024u
struct tcp_tx {
	struct rte_mbuf *mbufs[TCP_TX_MAX];
	unsigned n;
	unsigned offload; /* enum header_offload of this port */
	uint32_t mtu;     /* octets of an IP packet that it carries */
};

struct tcp_config {
	uint32_t leg_buffer;    /* octets a leg may hold; at least the largest PDU */
	uint32_t leg_buffer_most; /* and what that may grow to (leg_room()) */
	uint32_t leg_segments;  /* mbufs a connection may hold */
	uint32_t newcomer_segments; /* and one that is young, NEWCOMER_US */
	uint32_t delayed_ack_us, rto_min_us, rto_max_us;
	uint32_t rto_limit;     /* retransmissions in a row before the relay is given up */
	uint64_t idle_us, embryonic_us, linger_us;
};

struct tcp_env {
	uint64_t now_us;
	const struct tcp_config *config;
	struct rte_mempool *pool;
	uint64_t *counters;     /* enum counter; one writer */
	struct tcp_tx *tx;      /* [link * 2 + side] */
	uint32_t share;         /* buffers a connection may hold; what is beyond is left to be
	                           resent. 0: take ACKs only */
	bool scarce;            /* no new connections */
	struct bbr_pool *models; /* NULL: every leg has CUBIC */
};

/* Out-of-order segments a leg stores (RFC 9293 section 3.10.7.4 keeps them; bounded). When
 * the first of a window is lost all others come ahead of the gap: 181 of 1,448 octets, in a
 * window of leg_buffer's default; 2,900 in one of leg_buffer_most's, and leg_segments bounds
 * them as well. Storing one walks the runs, segments without a gap between them, so those are
 * bounded by themselves: some microseconds are what a peer can draw. */
#define LEG_OOO_MAX 4096u
#define LEG_RUNS_MAX 256u
/* A sender that is only watched: what is missing then was lost before us. */
#define LISTEN_OOO_MAX 64u
#define LEG_SACK_RECENT 4u

/* ACKs of a connection that somebody who guesses can draw (RFC 5961 section 7: "no more
 * than 10 challenge ACKs in any 5 second window"). */
#define CHALLENGE_MOST 10u
#define CHALLENGE_US 5000000u

/* What a leg believes of its path: no loss; mending one; all lost after a time-out. */
enum leg_sending { SENDING_OPEN, SENDING_RECOVERY, SENDING_LOSS };

/* By cache lines, of which a segment touches all: whose bounds are kept below. */
struct leg {
	/* receive half: sequence space of the endpoint at this leg */
	uint32_t rcv_nxt, rcv_adv;  /* next expected; right edge advertised, never shrinks */
	uint32_t rcv_acked;         /* Last.ACK.sent (RFC 7323 section 4.3) */
	uint32_t ts_recent;         /* TS.Recent: what we echo, and what PAWS compares with */
	uint32_t ts_newest;         /* newest TSval in order: the other leg sends it on */
	uint32_t max_wnd;           /* MAX.SND.WND (RFC 5961 section 5.2) */
	struct chain in;            /* in order, not yet decided */
	uint64_t ack_at;            /* deadline, 0 = none */
	uint16_t mss;               /* payload octets of a segment to this endpoint */
	uint16_t ip_id;             /* IPv4 identification of the next frame to it */
	uint8_t wscale;             /* shift of windows this endpoint sends */
	uint8_t sending;            /* enum leg_sending */
	bool limited : 1;           /* it was the congestion window that stopped us */
	bool urgent : 1;            /* one segment goes, whatever that window says */
	bool override : 1;          /* one may be short (RFC 9293 section 3.8.6.2.1) */
	/* tail loss probe (RFC 8985 section 7): one is out; of old octets; loss_at is for it */
	bool probing : 1, probe_again : 1, loss_is_probe : 1;
	bool modelled : 1, paced : 1; /* it has bbr; the next segment waits for its time */

	bool fin_seen : 1, fin_received : 1; /* peer's FIN: somewhere; in order */
	bool fin_queued : 1, fin_sent : 1, fin_acked : 1; /* our FIN */
	bool ack_now : 1, discard : 1; /* discard: octets are acknowledged and dropped */
	bool asks : 1;              /* its keep-alive is answered when the other end is heard */

	/* send half: sequence space of the other endpoint, as this one knows it */
	uint32_t snd_una, snd_max;  /* not acknowledged yet; to be sent next */
	uint32_t snd_wnd, snd_wl1, snd_wl2;
	uint32_t sent_ms;           /* new octets went out last */
	struct chain out;           /* from snd_una to leg_end() */
	struct rte_mbuf *next;      /* first member of out never sent; NULL: none */
	uint64_t rto_at;            /* deadline, 0 = none */

	struct chain ooo;           /* ahead of a gap, sorted, no overlaps */
	uint64_t loss_at;           /* when to look for losses, or to probe (loss.c) */
	struct rtt rtt;
	struct scoreboard board;

	union {
		uint32_t cwnd; /* of either */
		struct cubic cubic;
		struct {
			uint32_t cwnd_of_bbr;
			struct bbr *bbr; /* while modelled */
		};
	};
	uint32_t sized_us, sized_una; /* since when it is measured, and snd_una then */
	uint8_t grown;              /* doublings of its room, right_size() */
	uint8_t dupacks, retries;   /* retries: time-outs in a row without any answer */
	uint8_t n_sack_recent;
	uint32_t recover;           /* snd_max when the last loss was seen */
	uint32_t probe_end;         /* TLP.end_seq, while probing */
	uint32_t fin_seq;           /* of the peer's FIN, when fin_seen */
	uint32_t dsack_left, dsack_right; /* octets that came twice, to be said once */

	struct header_template header; /* of frames to this endpoint */

	struct rack rack;
	uint32_t sack_recent[LEG_SACK_RECENT]; /* a number in each run stored, newest first */
	uint32_t irs;               /* of its SYN */
	uint16_t mss_most;          /* before a router made it less; 0: none did */
	uint16_t reserved;
};
_Static_assert(sizeof(struct leg) == 6 * 64 && offsetof(struct leg, snd_una) == 64 &&
                       offsetof(struct leg, ooo) == 128 && offsetof(struct leg, cwnd) == 192 &&
                       offsetof(struct leg, header) == 256,
               "cache lines");

/* A connection this young may hold less (config->newcomer_segments). */
#define NEWCOMER_US UINT64_C(10000000)

/* Behind the last queued octet; a FIN is this number, and is acknowledged behind it. */
static inline uint32_t leg_end(const struct leg *l)
{
	return l->snd_una + l->out.octets - l->fin_acked;
}

/* Octets (and a FIN) received since our last ACK. */
static inline uint32_t leg_unacked(const struct leg *l) { return l->rcv_nxt - l->rcv_acked; }

/* Octets that the way to this leg's end may hold: those on it, and those of the other leg's
 * end that are not decided yet. */
static inline uint32_t leg_room(const struct leg *l, const struct tcp_config *config)
{
	const uint64_t room = (uint64_t)config->leg_buffer << l->grown;

	if (l->grown == 0)
		return config->leg_buffer;
	return room < config->leg_buffer_most ? (uint32_t)room : config->leg_buffer_most;
}

/* When the next segment may go, while paced. */
static inline uint64_t leg_next_ns(const struct leg *l)
{
	return l->modelled ? l->bbr->next_ns : l->cubic.next_ns;
}

enum relay_state {
	RELAY_OPEN,     /* two endpoints */
	RELAY_LINGER,   /* both ends are done; answers late segments for a while */
	RELAY_DEAD,     /* nothing left: the owner removes it */
} __attribute__((packed));

struct relay {
	struct flow_head head;
	enum relay_state state;
	bool ts_ok, sack_ok;    /* both ends offered it */
	bool established : 1;   /* the handshake was completed */
	uint8_t initiator : 1;  /* enum side */
	uint8_t reset_to : 2;   /* enum side + 1 of who is to hear of a RST; 0: none came */
	uint8_t challenges;     /* since challenge_us */
	uint16_t mss_less_s;    /* since when a router made an MSS less: seconds, lower half */
	struct leg leg[2];      /* by enum side */
	uint64_t touched_us;    /* last segment from either end that is no guess */
	uint64_t state_us;      /* when the state began */
	uint64_t challenge_us;  /* when the present window of challenges began */
};
_Static_assert(offsetof(struct relay, leg) == 64, "legs are whole cache lines");

struct embryo; /* embryo.h: the handshake */

/* A fresh relay (zeroed but for head) from the attempt and the ACK that completes it,
 * which is consumed. */
void relay_open(struct relay *r, const struct embryo *e, const struct packet *ack,
                struct tcp_env *env);

/* Whether this segment begins a new connection on the same ports: a SYN after the old one
 * ended. The owner removes the old one and begins an attempt; the ends themselves judge
 * whether the SYN is good (RFC 9293 section 3.6.1). */
bool relay_restarts(const struct relay *r, const struct packet *p);

/* One segment from either end. Afterwards look at leg[].in for new octets. A RST ends the
 * relay with the next relay_output(). */
void relay_input(struct relay *r, const struct packet *p, struct tcp_env *env);

/* A router on the way to side could not carry a segment of size octets that began at seq
 * (RFC 9293 section 3.7.2); mtu: what it can, 0 = it does not say. Whether the segment is
 * one of ours that is out: then it goes again in smaller ones. */
bool relay_too_big(struct relay *r, enum side side, uint32_t seq, uint32_t mtu, uint32_t size,
                   struct tcp_env *env);

/* Decisions on the octets that came from one side, in stream order. -ENOMEM: nothing
 * done, try again next turn. */
must_use int relay_pass(struct relay *r, enum side from, uint32_t octets, struct tcp_env *env);
void relay_cut(struct relay *r, enum side from, uint32_t octets);
/* What is inserted where relay_has_closed() is lost: nothing may follow a FIN. */
must_use int relay_insert(struct relay *r, enum side to, const uint8_t *octets, uint32_t n,
                          struct tcp_env *env);

/* All whole PDUs of this side have been decided: if its FIN came, it goes on. */
void relay_finish(struct relay *r, enum side from, struct tcp_env *env);

/* Orderly end from our side: FIN to both ends behind what is queued, later octets dropped. */
void relay_shut(struct relay *r, struct tcp_env *env);
/* RST to both ends (RFC 9293 section 3.10.7), nothing more is sent. */
void relay_abort(struct relay *r, struct tcp_env *env);

/* Send what may be sent now on both legs; sets deadlines. True: something waits for
 * room in env->tx or for a buffer; call again next turn. */
bool relay_output(struct relay *r, struct tcp_env *env);

/* Give up what lies ahead of gaps, but for the first keep segments of each leg. */
void relay_renege(struct relay *r, uint32_t keep, struct tcp_env *env);

/* The earliest deadline in microseconds, never 0; and what is due at env->now_us. */
uint64_t relay_deadline(const struct relay *r, const struct tcp_config *config);
void relay_timer(struct relay *r, struct tcp_env *env);

/* Whether its windows are closed because it holds all the buffers that it may. */
bool relay_lacks_buffers(const struct relay *r, const struct tcp_env *env);

/* Free every mbuf. */
void relay_release(struct relay *r);

/* Whether both legs stand at the same numbers with nothing under way, so that plain
 * forwarding could go on from here. */
bool relay_in_step(const struct relay *r);

/* Whether this side has been told, or is to be, that nothing more comes. */
static inline bool relay_has_closed(const struct relay *r, enum side to)
{
	return r->leg[to].fin_queued;
}

/* Octets queued for this side and not yet acknowledged. */
static inline uint32_t relay_backlog(const struct relay *r, enum side to)
{
	return r->leg[to].out.octets;
}

/* Whether that is more than the way there may hold: the caller then decides no more. */
static inline bool relay_stalls(const struct relay *r, enum side to,
                                const struct tcp_config *config)
{
	return relay_backlog(r, to) > leg_room(&r->leg[to], config);
}

/*
 * A segment of a connection between others, watched (monitor mode): its octets go onto
 * leg[SIDE_ESME].in of a relay that serves one direction only. Nothing is ever sent. A
 * gap that is not filled while LISTEN_OOO_MAX segments come is skipped: true is returned,
 * and what was held before it is gone. Consumes the mbuf.
 */
bool relay_listen(struct relay *r, const struct packet *p, struct tcp_env *env);

/* A RST that answers a segment of a connection we do not have, to its sender and,
 * in the sender's name, to the other end (both then reconnect), but of a SYN,ACK to its
 * sender alone. A RST of such a connection goes on, without anything that it carries.
 * Consumes the mbuf. */
void relay_refuse(const struct packet *p, struct tcp_env *env);

#endif

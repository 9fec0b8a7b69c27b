/* SPDX-License-Identifier: Apache-2.0 */
/*
 * endpoint: one end of a TCP connection, written from the RFCs a second time and the
 * simple way: streams are counted in 64-bit offsets, octets are kept in flat arrays,
 * recovery is go-back-N with one fast retransmit.
 *
 * Everything it says goes through hooks; the time is an argument. Octets are handed to
 * the application in order, each once.
 */
#ifndef SIM_ENDPOINT_H
#define SIM_ENDPOINT_H
#include "frame.h"
#include "octets.h"

enum end_state {
	END_LISTEN, END_SYN_SENT, END_SYN_RECEIVED, END_OPEN,
	END_TIME_WAIT, /* both FINs acknowledged: answers late ones */
	END_CLOSED,    /* answers with RST: after an abort or a RST */
	END_DEAD,      /* says nothing ever again */
};

struct end_config {
	uint32_t isn, ts_base;
	uint32_t buffer;      /* receive buffer, octets */
	uint32_t read_every_us, read_octets; /* a slow reader; 0: reads at once */
	uint32_t ack_delay_us;
	uint16_t mss;
	uint8_t wscale;
	bool offer_ts, offer_wscale, offer_sack;
	bool tiny;            /* sends segments of a few octets */
	bool mute;            /* says nothing of a window that opens: to be probed */
	bool shrinks;         /* takes back windows that it gave */
	bool means_it;        /* and takes nothing beyond what it says now */
	bool last_words;      /* a RST of its own carries octets */
	bool resets_at_fin;   /* and has the number of the FIN before it */
	bool reneges;         /* forgets what it has SACKed (RFC 2018 section 8) */
	bool sacks_well;      /* always, the newest run first (RFC 2018), and D-SACK (RFC 2883);
	                         else most times, the first runs */
	bool keeps_ends;      /* may keep only the end of a segment behind a gap */
	bool probes_octet;    /* zero-window probe of one octet, else an old number */
};

struct endpoint;
struct end_hooks {
	void (*send)(void *arg, int end, const struct seg *s);
	void (*read)(void *arg, int end, const uint8_t *octets, uint32_t n);
	void *arg;
};

struct endpoint {
	struct end_config config;
	struct end_hooks hooks;
	struct random random;
	int end;
	enum end_state state;
	bool ts_ok, sack_ok;
	bool got_rst, gave_up;

	/* sending: offsets of the stream; a FIN is the offset out.len */
	struct octets out;
	uint64_t snd_una, snd_nxt, snd_max, peer_edge, cwnd;
	uint32_t peer_window;
	uint16_t peer_mss;
	uint8_t peer_wscale;
	bool closing, fin_sent, fin_acked;
	unsigned dupacks, retries;
	uint64_t recover;
	uint32_t rto_us;
	uint64_t rto_at;

	/* receiving */
	uint32_t irs;
	uint64_t rcv_nxt, rcv_read, edge;
	uint64_t said_edge;   /* by the last window */
	uint64_t newest;      /* in the run that was stored into last */
	uint64_t stored_to;   /* nothing was ever stored from here on */
	uint64_t twice[2];    /* what came twice, to be said once; [1] 0: nothing */
	uint32_t again;       /* segments that brought no new octet */
	uint8_t *ring, *have;
	bool fin_known, fin_received;
	uint64_t fin_at;
	uint32_t ts_recent;
	uint64_t ack_at, read_at, wait_until;
	bool ack_now;
};

void end_open(struct endpoint *e, int end, const struct end_config *config,
              struct end_hooks hooks, struct random random);
void end_free(struct endpoint *e);

void end_connect(struct endpoint *e, uint64_t now);
void end_write(struct endpoint *e, const uint8_t *octets, uint32_t n);
void end_close(struct endpoint *e);              /* FIN behind what was written */
void end_abort(struct endpoint *e);              /* RST, now */
void end_die(struct endpoint *e);

void end_receive(struct endpoint *e, const struct seg *s, uint64_t now);
void end_timer(struct endpoint *e, uint64_t now);
/* Send what may be sent. */
void end_output(struct endpoint *e, uint64_t now);
uint64_t end_deadline(const struct endpoint *e);  /* UINT64_MAX: none */
bool end_is_over(const struct endpoint *e);

static inline uint32_t end_clock(const struct endpoint *e, uint64_t now)
{
	return e->config.ts_base + (uint32_t)(now / 1000);
}

#endif

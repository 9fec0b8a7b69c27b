/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include <jansson.h>
#include <rte_ethdev.h>

#include "message.h"
#include "relay.h"

#define MONITOR_BURST 32u
#define GIVE_WAY_OF 64u /* watched ones that are looked at for the one that goes */
#define IDLE_SLEEP_NS 200000L
#define RESERVE_SHARE 8u /* of the packet buffers: without any, no frame comes in any more */

/* One direction of a connection: its sender is the key's ESME end. */
struct watched {
	struct relay relay;
	uint64_t frame;   /* that brought the newest octets */
	uint32_t fin_seq; /* of its FIN, when that was seen */
	bool fin_seen;
} __attribute__((aligned(64)));

struct monitor {
	FILE *out;
	struct flow_table *flows;
	struct tcp_config config;
	struct tcp_env env;
	uint64_t counters[REPORT_COUNTERS];
	struct packet_policy policy;
	uint64_t frames;
	uint32_t give_way_at; /* where give_way() looked last */
	uint8_t pdu[SMPP_PDU_MAX];
};

static const char *command_name(uint32_t id)
{
	static const struct {
		uint32_t id;
		const char *name;
	} names[] = {
		{ SMPP_BIND_RECEIVER, "bind_receiver" },
		{ SMPP_BIND_TRANSMITTER, "bind_transmitter" },
		{ SMPP_BIND_TRANSCEIVER, "bind_transceiver" },
		{ SMPP_QUERY_SM, "query_sm" },
		{ SMPP_SUBMIT_SM, "submit_sm" },
		{ SMPP_DELIVER_SM, "deliver_sm" },
		{ SMPP_UNBIND, "unbind" },
		{ SMPP_REPLACE_SM, "replace_sm" },
		{ SMPP_CANCEL_SM, "cancel_sm" },
		{ SMPP_OUTBIND, "outbind" },
		{ SMPP_ENQUIRE_LINK, "enquire_link" },
		{ SMPP_SUBMIT_MULTI, "submit_multi" },
		{ SMPP_DATA_SM, "data_sm" },
		{ SMPP_ALERT_NOTIFICATION, "alert_notification" },
		{ SMPP_BROADCAST_SM, "broadcast_sm" },
		{ SMPP_QUERY_BROADCAST_SM, "query_broadcast_sm" },
		{ SMPP_CANCEL_BROADCAST_SM, "cancel_broadcast_sm" },
	};

	if (id == SMPP_GENERIC_NACK)
		return "generic_nack";
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].id == (id & ~SMPP_RESPONSE))
			return names[i].name;
	return "unknown";
}

static json_t *end_name(const struct flow_key *key, bool sender)
{
	const uint8_t *addr = sender ? key->esme_addr : key->smsc_addr;
	const uint16_t port = ntohs(sender ? key->esme_port : key->smsc_port);
	char text[INET6_ADDRSTRLEN] = "";

	if (key->ip_version == 4)
		inet_ntop(AF_INET, addr + 12, text, sizeof(text));
	else
		inet_ntop(AF_INET6, addr, text, sizeof(text));
	return json_sprintf(key->ip_version == 4 ? "%s:%u" : "[%s]:%u", text, port);
}

/* Octets as text: printable ASCII as it is, the rest as \xNN, so that it is always JSON. */
static json_t *octets_text(struct view v)
{
	char text[4 * 64 + 1];
	size_t n = 0;

	for (uint32_t i = 0; i < v.len && i < 64; i++) {
		const uint8_t c = v.data[i];
		n += (size_t)snprintf(text + n, sizeof(text) - n,
		                      c >= 0x20 && c < 0x7f && c != '\\' ? "%c" : "\\x%02x", c);
	}
	text[n] = '\0';
	return json_string(text);
}

static void add_body(json_t *line, const struct smpp_message *m)
{
	if (m->kind == SMPP_KIND_BIND)
		json_object_set_new(line, "system_id", octets_text(m->system_id));
	if (m->kind != SMPP_KIND_MESSAGE)
		return;
	json_object_set_new(line, "source_addr", octets_text(m->source.digits));
	json_object_set_new(line, "destination_addr", octets_text(m->destination.digits));
	json_object_set_new(line, "data_coding", json_integer(m->data_coding));
	json_object_set_new(line, "esm_class", json_integer(m->esm_class));
	json_object_set_new(line, "short_message_octets",
	                    json_integer(m->short_message.octets.len));
	json_object_set_new(line, "payload_octets", json_integer(m->payload.octets.len));
}

static void print_pdu(struct monitor *mon, const struct watched *w, const uint8_t *pdu,
                      const struct smpp_header *h)
{
	struct smpp_message m;
	const uint32_t fault = smpp_decode(&m, pdu, h->length);
	json_t *line = json_object();

	json_object_set_new(line, "frame", json_integer((json_int_t)w->frame));
	json_object_set_new(line, "from", end_name(&w->relay.head.key, true));
	json_object_set_new(line, "to", end_name(&w->relay.head.key, false));
	json_object_set_new(
		line, "command",
		json_sprintf("%s%s", command_name(h->command_id),
	                     h->command_id & SMPP_RESPONSE && h->command_id != SMPP_GENERIC_NACK
	                             ? "_resp"
	                             : ""));
	json_object_set_new(line, "command_id", json_integer(h->command_id));
	json_object_set_new(line, "command_length", json_integer(h->length));
	json_object_set_new(line, "command_status", json_integer(h->command_status));
	json_object_set_new(line, "sequence_number", json_integer(h->sequence));
	if (fault != 0) {
		json_object_set_new(line, "malformed", json_string(m.error_field));
		json_object_set_new(line, "error_status", json_integer(fault));
	} else
		add_body(line, &m);
	json_dumpf(line, mon->out, JSON_COMPACT);
	fputc('\n', mon->out);
	json_decref(line);
}

static void print_lost(struct monitor *mon, const struct watched *w, const char *why)
{
	json_t *line = json_object();

	json_object_set_new(line, "frame", json_integer((json_int_t)w->frame));
	json_object_set_new(line, "from", end_name(&w->relay.head.key, true));
	json_object_set_new(line, "to", end_name(&w->relay.head.key, false));
	json_object_set_new(line, "lost", json_string(why));
	json_dumpf(line, mon->out, JSON_COMPACT);
	fputc('\n', mon->out);
	json_decref(line);
}

static void print_stream(struct monitor *mon, struct watched *w)
{
	struct chain *in = &w->relay.leg[SIDE_ESME].in;

	while (in->octets > 0) {
		uint8_t scratch[SMPP_HEADER_SIZE];
		struct smpp_header h;
		const uint32_t n =
			in->octets < SMPP_HEADER_SIZE ? in->octets : SMPP_HEADER_SIZE;
		const enum frame_result result =
			smpp_frame(chain_read(chain_start(in), n, scratch), n, in->octets, &h);
		if (result == FRAME_MORE)
			return;
		if (result == FRAME_BAD) { /* go on with the next segment */
			print_lost(mon, w, "not SMPP");
			relay_cut(&w->relay, SIDE_ESME, in->octets);
			return;
		}
		print_pdu(mon, w, chain_read(chain_start(in), h.length, mon->pdu), &h);
		relay_cut(&w->relay, SIDE_ESME, h.length);
	}
}

static void forget(struct monitor *mon, struct watched *w)
{
	relay_release(&w->relay);
	flow_remove(mon->flows, &w->relay.head);
}

/* Of some the one that was silent for longest. */
static void give_way(struct monitor *mon, const char *why)
{
	struct watched *oldest = NULL;

	for (unsigned i = 0; i < GIVE_WAY_OF; i++) {
		struct watched *w = (struct watched *)flow_next(mon->flows, &mon->give_way_at);
		if (w == NULL)
			mon->give_way_at = 0;
		else if (oldest == NULL || w->frame < oldest->frame)
			oldest = w;
	}
	if (oldest == NULL)
		return;
	if (oldest->relay.leg[SIDE_ESME].in.octets != 0)
		print_lost(mon, oldest, why);
	forget(mon, oldest);
}

/* Connections that never finish what they began may hold all the buffers there are. */
static void relieve(struct monitor *mon)
{
	const struct rte_mempool *pool = mon->env.pool;

	while (rte_mempool_avail_count(pool) < pool->size / RESERVE_SHARE &&
	       flow_count(mon->flows) != 0)
		give_way(mon, "no packet buffers");
}

static struct watched *watched_of(struct monitor *mon, const struct packet *p)
{
	struct flow_head *head = flow_find_one(mon->flows, &p->key, p->hash);

	/* The last ACKs of one that has ended begin no other. */
	if (head != NULL || (p->payload_len == 0 && !(p->flags & TCP_SYN)))
		return (struct watched *)head;
	head = flow_add(mon->flows, &p->key, p->hash);
	if (head == NULL) {
		give_way(mon, "too many connections");
		head = flow_add(mon->flows, &p->key, p->hash);
	}
	return (struct watched *)head;
}

static void note_fin(struct watched *w, const struct packet *p)
{
	if (p->flags & TCP_SYN)
		w->fin_seen = false;
	if (!(p->flags & TCP_FIN))
		return;
	w->fin_seen = true;
	w->fin_seq = p->seq + p->payload_len;
}

static void take_packet(struct monitor *mon, const struct packet *p)
{
	struct watched *w = watched_of(mon, p);

	if (w == NULL) {
		rte_pktmbuf_free(p->mbuf);
		return;
	}
	const bool reset = (p->flags & TCP_RST) != 0;
	note_fin(w, p);
	w->frame = mon->frames;
	if (relay_listen(&w->relay, p, &mon->env))
		print_lost(mon, w, "a gap was not filled");
	print_stream(mon, w);
	if (reset || (w->fin_seen && w->relay.leg[SIDE_ESME].rcv_nxt == w->fin_seq))
		forget(mon, w);
}

static unsigned take_port(struct monitor *mon, const struct port *port)
{
	struct rte_mbuf *frames[MONITOR_BURST];
	const unsigned n = rte_eth_rx_burst(port->id, 0, frames, MONITOR_BURST);

	for (unsigned i = 0; i < n; i++) {
		struct packet p;
		mon->frames++;
		/* The sender is called the ESME, whichever it is: one direction, one key. */
		packet_parse(&mon->policy, frames[i], SIDE_ESME, &p);
		if (p.class == PACKET_TCP)
			take_packet(mon, &p);
		else
			rte_pktmbuf_free(frames[i]);
	}
	return n;
}

static uint64_t clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Until it is told to stop, or nobody takes what it says. */
static void watch(struct monitor *mon, const struct ports *ports, unsigned idle_ms,
                  const volatile sig_atomic_t *stop)
{
	uint64_t last_ms = clock_ms();

	while (!*stop && !ferror(mon->out)) {
		unsigned n = 0;
		for (unsigned l = 0; l < ports->n_links; l++)
			n += take_port(mon, &ports->links[l].port[SIDE_ESME]) +
			     take_port(mon, &ports->links[l].port[SIDE_SMSC]);
		relieve(mon);
		if (n != 0) {
			last_ms = clock_ms();
			continue;
		}
		(void)!fflush(mon->out); /* ferror() remembers */
		if (idle_ms != 0 && clock_ms() - last_ms >= idle_ms)
			return;
		nanosleep(&(struct timespec){ .tv_nsec = IDLE_SLEEP_NS }, NULL);
	}
}

int monitor_run(const struct settings *settings, struct ports *ports, unsigned idle_ms,
                const volatile sig_atomic_t *stop, FILE *out, char error[200])
{
	struct monitor *mon = calloc(1, sizeof(*mon));

	if (mon == NULL || flow_table_open(&mon->flows, (uint32_t)settings->flows,
	                                   sizeof(struct watched)) != 0) {
		free(mon);
		snprintf(error, 200, "no memory for %" PRIu64 " flows", settings->flows);
		return -ENOMEM;
	}
	mon->out = out;
	mon->config = (struct tcp_config){ .leg_buffer = (uint32_t)settings->leg_buffer,
		                           .leg_segments = (uint32_t)settings->leg_segments };
	mon->env = (struct tcp_env){ .config = &mon->config,
		                     .share = 4 * LISTEN_OOO_MAX,
		                     .pool = ports->pool,
		                     .counters = mon->counters };
	/* Captures taken where the sender's NIC fills in checksums hold none. */
	mon->policy.verify = false;
	mon->policy.n_ports = settings->n_smpp_ports;
	for (unsigned i = 0; i < settings->n_smpp_ports; i++)
		mon->policy.ports[i] = htons(settings->smpp_ports[i]);
	watch(mon, ports, idle_ms, stop);
	const bool said = fflush(out) == 0 && !ferror(out);
	flow_table_close(mon->flows);
	free(mon);
	if (said)
		return 0;
	snprintf(error, 200, "the PDUs cannot be written: the output takes no more");
	return -EIO;
}

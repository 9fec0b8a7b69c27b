/* SPDX-License-Identifier: Apache-2.0 */
#include "api_priv.h"

#include <time.h>
#include <unistd.h>

#include "audit_drain.h"
#include "report_reader.h"

/* Counted once a generation: a full count of millions of senders takes a while. */
static int count(struct api *api, struct registry *registry, struct registry_counts *out)
{
	uint64_t generation = 0;
	int result = registry_generation(registry, &generation);

	pthread_mutex_lock(&api->lock);
	if (result == 0 && api->counts.generation != generation)
		result = registry_count(registry, &api->counts);
	*out = api->counts;
	pthread_mutex_unlock(&api->lock);
	return result;
}

static json_t *control_part(const struct api *api)
{
	struct door_state door;

	door_read(api->door, &door);
	return json_pack("{ss sI sI ss ss si sI sI}", "version", SLUICE_VERSION, "pid",
	                 (json_int_t)getpid(), "uptime_s",
	                 (json_int_t)((uint64_t)time(NULL) - api->started), "database",
	                 api->setting.database, "socket", api->setting.socket, "connections",
	                 door.connected, "connections_gave_way", (json_int_t)door.gave_way,
	                 "connections_turned_away", (json_int_t)door.turned_away);
}

static json_t *registry_part(const struct registry_counts *c)
{
	return json_pack("{sI sI sI sI sI sI sI}", "generation", (json_int_t)c->generation,
	                 "accounts", (json_int_t)c->accounts, "accounts_suspended",
	                 (json_int_t)c->accounts_suspended, "senders", (json_int_t)c->senders,
	                 "senders_suspended", (json_int_t)c->senders_suspended,
	                 "senders_blocked", (json_int_t)c->senders_blocked, "rules",
	                 (json_int_t)c->rules);
}

static json_t *dataplane_part(const struct api *api, uint64_t generation)
{
	struct push_state s;

	push_state(api->setting.push, &s);
	/* A registry that never held anything (generation 1) is never pushed. */
	const bool current = s.connected && s.covered >= generation && generation > 1;
	return json_pack("{sb sb sb sI si sI sI si si si ss so}", "connected", s.connected,
	                 "current", current, "draining", s.connected && s.draining,
	                 "generation", (json_int_t)s.generation, "workers",
	                 s.connected ? s.workers : 0, "pid", (json_int_t)s.pid, "uptime_s",
	                 (json_int_t)s.uptime_s, "overlay", (int)s.overlay_used, "overlay_max",
	                 (int)s.overlay_max, "overlay_full", (int)s.overlay_full, "link",
	                 api->setting.link, "text", api_text(s.text));
}

static json_t *audit_part(const struct api *api)
{
	struct audit_drain_state s;

	audit_drain_state(api->setting.drain, &s);
	return json_pack("{ss sb sI sI sI sI so}", "folder", api->setting.audit, "attached",
	                 s.attached, "stored", (json_int_t)(s.stored - s.left_out),
	                 "left_out", (json_int_t)s.left_out, "waiting",
	                 (json_int_t)s.waiting, "failing_s", (json_int_t)s.failing_s, "text",
	                 api_text(s.text));
}

bool api_two_dataplanes(const struct api_setting *setting)
{
	char error[REPORT_ERROR_SIZE] = "";
	struct report_reader *reader = NULL;
	struct push_state s;

	push_state(setting->push, &s);
	if (!s.connected || s.instance == 0 ||
	    report_reader_open(&reader, setting->report, error) != 0)
		return false;
	const uint64_t instance = report_reader_instance(reader);
	report_reader_close(reader);
	return instance != 0 && instance != s.instance;
}

static json_t *port_part(const struct report_port *p)
{
	return json_pack("{so sb sI sI}", "port", api_text(p->name), "up", (int)(p->state & 1),
	                 "since", (json_int_t)(p->state >> 1), "changes",
	                 (json_int_t)p->changes);
}

/* A list of {"esme": {...}, "smsc": {...}}; empty while the data plane is away: what it said
 * last may not be so any more. */
static json_t *links_part(const struct api *api)
{
	struct report_port ports[REPORT_PORTS_MAX];
	char error[REPORT_ERROR_SIZE] = "";
	struct report_reader *reader = NULL;
	json_t *list = json_array();
	struct push_state s;

	push_state(api->setting.push, &s);
	if (!s.connected || report_reader_open(&reader, api->setting.report, error) != 0)
		return list;
	const unsigned n = report_reader_ports(reader, ports);
	report_reader_close(reader);
	for (unsigned i = 0; i + 1 < n; i += 2)
		json_array_append_new(list, json_pack("{so so}", "esme", port_part(&ports[i]),
		                                      "smsc", port_part(&ports[i + 1])));
	return list;
}

/* Seconds since segments came over another link than their connections began on; null when
 * none did, as far as is known here. */
static json_t *other_link_part(const struct api *api)
{
	struct audit_drain_state s;

	audit_drain_state(api->setting.drain, &s);
	return s.other_link_s ? json_integer((json_int_t)s.other_link_s) : json_null();
}

/* Of each worker, in per cent of its core; empty while nothing is known yet. */
static json_t *busy_part(const struct api *api)
{
	struct audit_drain_state s;
	json_t *list = json_array();

	audit_drain_state(api->setting.drain, &s);
	for (unsigned w = 0; s.attached && s.load.over_ms != 0 && w < s.load.n_workers; w++)
		json_array_append_new(list, json_real(s.load.permille[w] / 10.0));
	return list;
}

unsigned handle_status(struct api *api, struct request *request, json_t **out)
{
	struct registry_counts counts = { 0 };
	struct registry *registry = NULL;
	int result = registry_open(&registry, api->setting.database);

	(void)request;
	if (result == 0)
		result = count(api, registry, &counts);
	if (result != 0)
		return api_fail_registry(out, registry, result);
	registry_close(registry);
	*out = json_pack("{so so so so so so so ss sb}", "control", control_part(api),
	                 "registry", registry_part(&counts), "dataplane",
	                 dataplane_part(api, counts.generation), "links", links_part(api),
	                 "other_link_s", other_link_part(api), "busy_percent", busy_part(api),
	                 "audit", audit_part(api), "report", api->setting.report,
	                 "report_is_of_another",
	                 api_two_dataplanes(&api->setting));
	return MHD_HTTP_OK;
}

static json_t *counter_list(const struct report_reader *reader, unsigned from, unsigned to)
{
	json_t *list = json_array();

	for (unsigned i = from; i < to; i++) {
		const struct report_counter_row *row = report_counter_row(i);

		if (row != NULL)
			json_array_append_new(
				list, json_pack("{ss sI ss ss}", "name", row->name, "value",
			                        (json_int_t)report_reader_sum(reader, i),
			                        "unit", row->unit, "sentence", row->sentence));
	}
	return list;
}

/* Of each worker what is not zero: {"turns": 7, ...}. */
static json_t *worker_list(const struct report_reader *reader)
{
	json_t *list = json_array();

	for (unsigned w = 0; w < report_reader_workers(reader); w++) {
		json_t *row = json_object();
		for (unsigned i = 0; i < COUNTER_N; i++) {
			const uint64_t value = report_reader_counter(reader, w, i);
			if (value != 0)
				json_object_set_new(row, report_counter_row(i)->name,
				                    json_integer((json_int_t)value));
		}
		json_array_append_new(list, row);
	}
	return list;
}

unsigned handle_counters(struct api *api, struct request *request, json_t **out)
{
	char error[REPORT_ERROR_SIZE] = "";
	struct report_reader *reader = NULL;

	(void)request;
	if (report_reader_open(&reader, api->setting.report, error) != 0)
		return api_fail(out, MHD_HTTP_SERVICE_UNAVAILABLE, api->setting.report,
		                "start the data plane; its report_file must be this one", "%s",
		                error);
	*out = json_pack("{si sI sI so so so}", "workers", report_reader_workers(reader),
	                 "started", (json_int_t)report_reader_started(reader), "tsc_hz",
	                 (json_int_t)report_reader_tsc_hz(reader), "counters",
	                 counter_list(reader, 0, COUNTER_N), "reasons",
	                 counter_list(reader, REPORT_REASON_BASE, REPORT_COUNTERS), "by_worker",
	                 worker_list(reader));
	report_reader_close(reader);
	return MHD_HTTP_OK;
}

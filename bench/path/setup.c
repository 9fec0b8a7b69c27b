/* SPDX-License-Identifier: Apache-2.0 */
#include "setup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <hs/hs.h>
#include <rte_cycles.h>

#include "address.h"
#include "eal.h"
#include "image_build.h"
#include "text.h"

/* The ring is drained between passes: room for the refusals of one, of so many messages one. */
#define AUDIT_LEAST 1024u
#define REFUSED_ONE_IN 8u
#define BUFFERS_LEAST 32768u
#define SENDERS 100000u
#define FOREIGN_ONE_IN 200u
#define SEED UINT64_C(20240601)

static int fail(char error[400], int code, const char *what)
{
	snprintf(error, 400, "%s: %s", what, strerror(-code));
	return code;
}

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
                    void *context)
{
	(void)id, (void)from, (void)to, (void)flags;
	*(uint8_t *)context = 1;
	return 1;
}

/* The texts as they will be scanned, and which of them a rule will refuse. */
static int fold_texts(struct setup *s)
{
	const unsigned n = s->corpus.n_texts;

	s->folded = malloc((size_t)n * CORPUS_TEXT_MAX * TEXT_FOLD_GROWTH);
	s->folded_at = calloc(n + 1, sizeof(*s->folded_at));
	s->matches = calloc(n, 1);
	if (s->folded == NULL || s->folded_at == NULL || s->matches == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < n; i++) {
		const char *text = s->corpus.texts[i];
		uint8_t *to = s->folded + s->folded_at[i];
		const size_t len = text_fold((const uint8_t *)text, strlen(text), to,
		                             CORPUS_TEXT_MAX * TEXT_FOLD_GROWTH);
		s->folded_at[i + 1] = s->folded_at[i] + (uint32_t)len;
		const hs_error_t e = hs_scan(s->patterns.raw, (const char *)to, (unsigned)len,
		                             0, s->patterns.scratch, on_match, &s->matches[i]);
		if (e != HS_SUCCESS && e != HS_SCAN_TERMINATED)
			return -EIO;
	}
	return 0;
}

static int add_senders(struct image_build *b)
{
	int result = image_build_account(
		b, &(struct image_build_account){ .system_id = TRAFFIC_SYSTEM_ID,
	                                          .id = 1,
	                                          .state = IMAGE_CERTIFIED,
	                                          .alphabet = TEXT_GSM7 });

	for (unsigned i = 0; i < SENDERS && result == 0; i++) {
		char digits[16];
		uint32_t owner = 1;
		struct image_build_sender sender = { .state = IMAGE_CERTIFIED,
			                             .owners = &owner,
			                             .n_owners = 1 };
		traffic_sender(digits, i);
		result = address_key(&sender.key, (const uint8_t *)digits, strlen(digits), 1, 1,
		                     82);
		if (result == 0)
			result = image_build_sender(b, &sender);
	}
	return result;
}

static void release(void *octets) { free(octets); }

int setup_tables(struct setup *s, struct tables **out, char error[400])
{
	struct image_build *b;
	void *octets = NULL;
	size_t size = 0;
	int result = image_build_open(&b);

	if (result != 0)
		return fail(error, result, "image");
	result = add_senders(b);
	if (result == 0)
		result = pattern_set_rules(&s->patterns, &s->corpus, b);
	if (result == 0)
		result = image_build_memory(b, 1, (uint64_t)time(NULL), &octets, &size, error);
	else
		fail(error, result, "image");
	image_build_close(b);
	if (result == 0)
		result = tables_open(out, octets, size, 1, release, octets, error);
	return result;
}

/* infinite_rx keeps both files in buffers. A third of all is for what is in flight: where less
 * than an eighth is free, new connections are turned away (limit.c). */
static uint64_t buffers_for(uint64_t frames)
{
	return frames + (frames / 2 > BUFFERS_LEAST ? frames / 2 : BUFFERS_LEAST);
}

static int write_traffic(struct setup *s, const struct setup_options *o, char error[400])
{
	const struct traffic_plan plan = {
		.sessions = o->sessions,
		.messages_each = o->messages_each,
		.burst = o->burst,
		.window = 10,
		.corpus = &s->corpus,
		.refused = s->matches,
		.n_senders = SENDERS,
		.foreign_one_in = FOREIGN_ONE_IN,
		.seed = SEED,
	};
	char esme[96], smsc[96];
	struct settings *t = &s->settings;

	snprintf(esme, sizeof(esme), "%s/esme.pcap", s->folder);
	snprintf(smsc, sizeof(smsc), "%s/smsc.pcap", s->folder);
	const int result = traffic_write(&s->traffic, &plan, esme, smsc);
	if (result != 0)
		return fail(error, result, s->folder);
	settings_defaults(t);
	/* So few that a text is forgotten before the next pass brings it: all are new. */
	t->known_texts = 1024;
	t->known_senders = 4096;
	t->n_links = 1;
	snprintf(t->links[0].esme, SETTING_TEXT_SIZE, "net_pcap0,rx_pcap=%s,infinite_rx=1",
	         esme);
	snprintf(t->links[0].smsc, SETTING_TEXT_SIZE, "net_pcap1,rx_pcap=%s,infinite_rx=1",
	         smsc);
	snprintf(t->eal[0], SETTING_TEXT_SIZE, "--no-pci");
	t->n_eal = 1;
	t->burst = o->burst;
	t->workers = 1;
	t->flows = 16384;
	t->embryos = 16384;
	t->pdu_limit = 60;
	t->poll = POLL_BUSY;
	t->buffers = buffers_for((uint64_t)s->traffic.turns * o->burst * 2);
	return 0;
}

static uint64_t audit_slots(const struct traffic *t)
{
	uint64_t slots = AUDIT_LEAST;

	while (slots < t->messages / REFUSED_ONE_IN)
		slots *= 2;
	return slots;
}

static int open_worker(struct setup *s, char error[400])
{
	char path[96];
	int result = eal_open(&s->settings, error);

	if (result == 0)
		result = ports_open(&s->ports, &s->settings, sizeof(struct segment), error);
	if (result != 0)
		return result;
	s->ports_up = true;
	snprintf(path, sizeof(path), "%s/report", s->folder);
	result = report_open(&s->report, path, 1, audit_slots(&s->traffic), rte_get_tsc_hz(),
	                     error);
	if (result == 0)
		result = publish_open(&s->publish, 1);
	if (result == 0)
		result = setup_tables(s, &s->tables, error);
	if (result != 0)
		return result;
	(void)publish_swap(s->publish, s->tables);
	s->unix_offset_us = (int64_t)time(NULL) * 1000000 -
	                    (int64_t)((double)rte_rdtsc() * 1e6 / (double)rte_get_tsc_hz());
	return worker_open(&s->worker, 0, &s->settings, &s->ports, s->publish,
	                   report_worker(s->report, 0), &s->unix_offset_us, s->recipient_key,
	                   error);
}

int setup_open(struct setup *s, const struct setup_options *o, char error[400])
{
	*s = (struct setup){ .folder = "/dev/shm/sluice-bench-XXXXXX" };
	if (mkdtemp(s->folder) == NULL)
		return fail(error, -errno, s->folder);
	int result =
		corpus_open(&s->corpus, SEED, o->n_patterns, o->sessions * o->messages_each);
	if (result != 0)
		return fail(error, result, "corpus");
	result = pattern_set_open(&s->patterns, &s->corpus, error);
	if (result != 0)
		return result;
	result = fold_texts(s);
	if (result != 0)
		return fail(error, result, "texts");
	result = write_traffic(s, o, error);
	return result != 0 ? result : open_worker(s, error);
}

static void remove_file(const struct setup *s, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", s->folder, name);
	(void)unlink(path); /* what was not made is not there */
}

void setup_close(struct setup *s)
{
	worker_close(s->worker);
	if (s->publish != NULL)
		publish_close(s->publish);
	if (s->report != NULL)
		report_close(s->report);
	if (s->ports_up)
		ports_close(&s->ports);
	pattern_set_close(&s->patterns);
	free(s->folded);
	free(s->folded_at);
	free(s->matches);
	corpus_close(&s->corpus);
	remove_file(s, "esme.pcap");
	remove_file(s, "smsc.pcap");
	remove_file(s, "report");
	(void)rmdir(s->folder);
}

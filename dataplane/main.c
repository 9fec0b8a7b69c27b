/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sluice-dataplane: reads the settings, opens what the workers need, starts one on each
 * core, and becomes the link thread until it is told to stop.
 */
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <sodium.h>

#include "distribute.h"
#include "stray.h"
#include "eal.h"
#include "link.h"
#include "monitor.h"
#include "parts.h"
#include "secret.h"
#include "worker.h"

#define ERROR_SIZE 400u
#define LINK_TURN_MS 100 /* also how often the clock is followed */

static volatile sig_atomic_t stopping;

struct dataplane {
	struct settings settings;
	struct ports ports;
	struct report *report;
	struct publish *publish;
	struct link_server *link;
	struct distribute *distribute; /* NULL: ports give each worker a queue */
	struct strays *strays;         /* NULL: one worker, or distribute */
	struct parts *parts;           /* of concatenated messages, for all workers */
	struct worker *workers[REPORT_WORKERS_MAX];
	uint8_t recipient_key[SECRET_SIZE];
	int64_t unix_offset_us;
	time_t links_told; /* monotonic seconds */
	bool eal, ports_up;
};

static void on_signal(int number)
{
	(void)number;
	stopping = 1;
}

static void say(void *arg, const char *sentence)
{
	(void)arg;
	fprintf(stderr, "sluice-dataplane: %s\n", sentence);
}

/* Workers count microseconds of the TSC; this is what makes Unix time of them. A jump of
 * the system clock is followed within a tenth of a second; timers never notice. */
static void follow_clock(struct dataplane *d)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	const int64_t unix_us = (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
	const int64_t tsc_us = (int64_t)((double)rte_rdtsc() * 1e6 / (double)rte_get_tsc_hz());
	__atomic_store_n(&d->unix_offset_us, unix_us - tsc_us, __ATOMIC_RELAXED);
}

static void tell_link(struct dataplane *d, unsigned i, uint64_t now)
{
	const struct port *port = &d->ports.links[i / 2].port[i % 2];
	const bool up = port_link_is_up(port);

	if (report_port_state(d->report, i, port->name, up, now))
		fprintf(stderr, "sluice-dataplane: link %u, the %s's side, %s: %s\n", i / 2 + 1,
		        i % 2 == SIDE_ESME ? "ESME" : "SMSC", port->name,
		        up ? "up again" : "DOWN: nothing crosses until it is up");
}

/* Once a second: some drivers ask their device. */
static void tell_links(struct dataplane *d)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	if (t.tv_sec == d->links_told)
		return;
	d->links_told = t.tv_sec;
	for (unsigned i = 0; i < d->ports.n_links * 2; i++)
		tell_link(d, i, (uint64_t)time(NULL));
}

/* After the ports are open nothing needs root any more. */
static int become(const char *user, char error[ERROR_SIZE])
{
	if (user[0] == '\0')
		return 0;
	errno = 0;
	const struct passwd *p = getpwnam(user);
	if (p == NULL) {
		snprintf(error, ERROR_SIZE,
		         "user %s does not exist; make it or change the setting user", user);
		return -ENOENT;
	}
	if (setgroups(0, NULL) != 0 || setgid(p->pw_gid) != 0 || setuid(p->pw_uid) != 0) {
		snprintf(error, ERROR_SIZE, "cannot become %s: %s", user, strerror(errno));
		return -errno;
	}
	return 0;
}

/* What lies between several workers. */
static int open_between(struct dataplane *d)
{
	const unsigned n = (unsigned)d->settings.workers;

	if (d->ports.distribute)
		return distribute_open(&d->distribute, n, d->ports.n_links);
	return n > 1 ? strays_open(&d->strays, n) : 0;
}

static int open_workers(struct dataplane *d, char error[ERROR_SIZE])
{
	if (open_between(d) != 0) {
		snprintf(error, ERROR_SIZE, "no memory for rings between workers");
		return -ENOMEM;
	}
	if (parts_open(&d->parts) != 0) {
		snprintf(error, ERROR_SIZE, "no memory for parts of messages");
		return -ENOMEM;
	}
	for (unsigned i = 0; i < d->settings.workers; i++) {
		const int result = worker_open(&d->workers[i], i, &d->settings, &d->ports,
		                               d->publish, report_worker(d->report, i),
		                               &d->unix_offset_us, d->recipient_key, error);
		if (result != 0)
			return result;
		d->workers[i]->distribute = d->distribute;
		d->workers[i]->strays = d->strays;
		d->workers[i]->screen.parts = d->parts;
	}
	return 0;
}

static int open_ports(struct dataplane *d, char error[ERROR_SIZE])
{
	int result = eal_open(&d->settings, error);

	if (result != 0)
		return result;
	d->eal = true;
	result = ports_open(&d->ports, &d->settings, sizeof(struct segment), error);
	if (result != 0)
		return result;
	d->ports_up = true;
	/* Texts, passwords of binds and a key will be in our memory: not in a core file. */
	(void)prctl(PR_SET_DUMPABLE, 0);
	return become(d->settings.user, error);
}

/* 0, when there are no random octets, is for "not said". */
static uint64_t draw_instance(void)
{
	uint64_t instance = 0;

	return getrandom(&instance, sizeof(instance), 0) == sizeof(instance) ? instance : 0;
}

static int open_all(struct dataplane *d, char error[ERROR_SIZE])
{
	const unsigned n = (unsigned)d->settings.workers;
	int result = open_ports(d, error);

	if (result == 0) {
		follow_clock(d);
		result = secret_load(d->settings.recipient_key, d->recipient_key, error);
	}
	if (result == 0)
		result = report_open(&d->report, d->settings.report_file, n,
		                     d->settings.audit_slots, rte_get_tsc_hz(), error);
	if (result != 0)
		return result;
	if (error[0] != '\0')
		say(NULL, error);
	const uint64_t instance = draw_instance();
	report_instance(d->report, instance);
	result = publish_open(&d->publish, n);
	if (result == 0)
		result = open_workers(d, error);
	if (result != 0)
		return result;
	const struct link_params params = {
		.socket_path = d->settings.link_socket,
		.image_file = d->settings.image_file,
		.image_key = d->settings.image_key,
		.instance = instance,
		.n_workers = n,
		.say = say,
	};
	return link_open(&d->link, &params, d->publish, error);
}

static int run_worker(void *arg)
{
	prctl(PR_SET_TIMERSLACK, 1000); /* ns: naps of an idle worker are short */
	worker_run(arg);
	return 0;
}

/* It works, but not as fast as whoever wrote the settings thinks. */
static void tell_cores(const struct settings *s)
{
	const long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (cores > 0 && s->first_core + s->workers > (uint64_t)cores)
		fprintf(stderr,
		        "sluice-dataplane: %" PRIu64 " worker(s) from core %" PRIu64
		        " on, but the cores are 0 to %ld: counted round\n",
		        s->workers, s->first_core, cores - 1);
}

/* EAL waits in a loop that never gives up its core: with a real-time policy (chrt), a worker
 * that has no other core would never end. */
static void end_workers(struct dataplane *d)
{
	const struct timespec nap = { .tv_nsec = 1000000 };

	for (unsigned i = 0; i < d->settings.workers; i++)
		worker_stop(d->workers[i]);
	for (unsigned i = 0; i < d->settings.workers; i++)
		while (rte_eal_get_lcore_state(i + 1) != WAIT)
			nanosleep(&nap, NULL);
	rte_eal_mp_wait_lcore();
}

static int run(struct dataplane *d, char error[ERROR_SIZE])
{
	int result = 0;

	tell_cores(&d->settings);
	for (unsigned i = 0; i < d->settings.workers && result == 0; i++)
		result = rte_eal_remote_launch(run_worker, d->workers[i], i + 1);
	if (result != 0)
		snprintf(error, ERROR_SIZE, "a worker did not start: %s", strerror(-result));
	else
		fprintf(stderr, "sluice-dataplane: ready: %u link(s), %" PRIu64 " worker(s)\n",
		        d->ports.n_links, d->settings.workers);
	while (!stopping && result == 0) {
		follow_clock(d);
		tell_links(d);
		result = link_turn(d->link, LINK_TURN_MS);
		if (result == -EINTR || result > 0)
			result = 0;
	}
	end_workers(d);
	return result;
}

static void close_all(struct dataplane *d)
{
	if (d->link != NULL)
		link_close(d->link);
	for (unsigned i = 0; i < REPORT_WORKERS_MAX; i++)
		worker_close(d->workers[i]);
	distribute_close(d->distribute);
	strays_close(d->strays);
	parts_close(d->parts);
	if (d->publish != NULL)
		publish_close(d->publish);
	if (d->report != NULL)
		report_close(d->report);
	if (d->ports_up)
		ports_close(&d->ports);
	if (d->eal)
		eal_close();
}

static void help(FILE *out)
{
	fputs("usage: sluice-dataplane --settings FILE\n"
	      "       sluice-dataplane --settings FILE --monitor [--idle-stop MS]\n"
	      "       sluice-dataplane --settings FILE --print-settings\n\n"
	      "Screens SMPP on the wire between two ports. See sluice-dataplane(8).\n\n"
	      "  --settings FILE    the settings file (YAML)\n"
	      "  --monitor          forward nothing: print every PDU seen as a line of JSON\n"
	      "  --idle-stop MS     with --monitor: stop when no frame came for so long\n"
	      "  --print-settings   print every setting in force and stop\n"
	      "  --version, --help\n\nSettings:\n",
	      out);
	settings_help(out);
}

enum { ARG_SETTINGS = 256, ARG_MONITOR, ARG_IDLE_STOP, ARG_PRINT, ARG_VERSION, ARG_HELP };

enum task { TASK_RUN, TASK_MONITOR, TASK_PRINT, TASK_NONE };

struct arguments {
	const char *settings;
	enum task task;
	unsigned idle_ms;
	int status; /* exit status of TASK_NONE */
};

static const struct option long_options[] = {
	{ "settings", required_argument, NULL, ARG_SETTINGS },
	{ "monitor", no_argument, NULL, ARG_MONITOR },
	{ "idle-stop", required_argument, NULL, ARG_IDLE_STOP },
	{ "print-settings", no_argument, NULL, ARG_PRINT },
	{ "version", no_argument, NULL, ARG_VERSION },
	{ "help", no_argument, NULL, ARG_HELP },
	{ 0 },
};

/* Milliseconds, 0 not: that would be never. */
static bool read_idle_stop(struct arguments *a, const char *text)
{
	char *end;
	const unsigned long ms = strtoul(text, &end, 10);

	a->idle_ms = (unsigned)ms;
	if (text[0] >= '0' && text[0] <= '9' && *end == '\0' && ms >= 1 && ms <= 86400000)
		return true;
	fputs("sluice-dataplane: --idle-stop needs a number from 1 to 86400000\n", stderr);
	a->status = 2;
	return false;
}

/* One option; false: stop with a->status. */
static bool read_option(struct arguments *a, int option)
{
	switch (option) {
	case ARG_SETTINGS:
		a->settings = optarg;
		return true;
	case ARG_MONITOR:
		a->task = TASK_MONITOR;
		return true;
	case ARG_IDLE_STOP:
		return read_idle_stop(a, optarg);
	case ARG_PRINT:
		a->task = TASK_PRINT;
		return true;
	case ARG_VERSION:
		puts("sluice-dataplane " SLUICE_VERSION);
		return false;
	case ARG_HELP:
		help(stdout);
		return false;
	default:
		a->status = 2;
		return false;
	}
}

static void read_arguments(struct arguments *a, int argc, char **argv)
{
	for (int c; (c = getopt_long(argc, argv, "", long_options, NULL)) != -1;) {
		if (!read_option(a, c)) {
			a->task = TASK_NONE;
			return;
		}
	}
	if (a->settings != NULL && optind == argc)
		return;
	fputs("sluice-dataplane: --settings FILE is needed; --help says more\n", stderr);
	a->status = 2;
	a->task = TASK_NONE;
}

static int perform(struct dataplane *d, const struct arguments *a, char error[ERROR_SIZE])
{
	int result;

	switch (a->task) {
	case TASK_PRINT:
		settings_print(stdout, &d->settings);
		return 0;
	case TASK_MONITOR:
		result = open_ports(d, error);
		return result != 0 ? result
		                   : monitor_run(&d->settings, &d->ports, a->idle_ms, &stopping,
		                                 stdout, error);
	case TASK_RUN:
		/* Of a terminal that is closed: nobody on the wire may notice. */
		signal(SIGHUP, SIG_IGN);
		result = open_all(d, error);
		return result != 0 ? result : run(d, error);
	case TASK_NONE:
		break;
	}
	return 0;
}

int main(int argc, char **argv)
{
	static struct dataplane d;
	struct arguments a = { .task = TASK_RUN };
	char error[SETTING_ERROR_SIZE] = ""; /* of settings there may be many */

	read_arguments(&a, argc, argv);
	if (a.task == TASK_NONE)
		return a.status;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	int result = settings_read(&d.settings, a.settings, error);
	if (result == 0 && sodium_init() < 0) {
		snprintf(error, sizeof(error), "libsodium did not start");
		result = -EIO;
	}
	if (result == 0)
		result = perform(&d, &a, error);
	close_all(&d);
	if (result == 0)
		return 0;
	fprintf(stderr, "sluice-dataplane: %s\n", error[0] != '\0' ? error : strerror(-result));
	return 1;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "link.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "crash_point.h"
#include "image_job.h"
#include "lastgood.h"
#include "link_check.h"
#include "link_socket.h"
#include "refuse.h"

#define TIME_SIZE 24u

struct link_server {
	struct publish *publish;
	struct lastgood *lastgood;
	struct image_key key;
	unsigned n_workers;
	int listen_fd;
	int client_fd; /* -1: no control is connected */
	bool greeted;  /* it has said hello */
	uint64_t client_serial;
	uint64_t started_us, instance;
	bool whole; /* all deltas that were acknowledged are in force */
	uint32_t overlay_full;
	struct image_job *job;
	struct link_datagram datagram;
	void (*say)(void *arg, const char *sentence);
	void *arg;
	char socket_path[];
};

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

__attribute__((format(printf, 2, 3))) static void tell(const struct link_server *s,
                                                       const char *format, ...)
{
	char sentence[400];
	va_list args;

	if (s->say == NULL)
		return;
	va_start(args, format);
	vsnprintf(sentence, sizeof(sentence), format, args);
	va_end(args);
	s->say(s->arg, sentence);
}

static void hang_up(struct link_server *s)
{
	if (s->client_fd >= 0)
		close(s->client_fd);
	s->client_fd = -1;
	s->greeted = false;
}

static uint64_t generation_of(const struct tables *tables)
{
	return tables ? tables->image->header->generation : 0;
}

static void answer(struct link_server *s, const struct link_message *request, int result,
                   uint64_t elapsed_us, const char *text);

/* An image is in force, or refused. */
static void image_ended(struct link_server *s, const struct image_outcome *o)
{
	const unsigned long long generation = o->request.generation;

	if (o->result != 0) {
		tell(s, "image %llu refused: %s", generation, o->text);
	} else {
		s->whole = true;
		if (o->text[0] != '\0')
			tell(s, "image %llu: %s", generation, o->text);
		tell(s, "image %llu in force, workers waited for %llu us", generation,
		     (unsigned long long)o->waited_us);
	}
	if (o->client == s->client_serial && s->client_fd >= 0)
		answer(s, &o->request, o->result, now_us() - o->start_us, o->text);
}

/* A step of what is under way. */
static void step_image(struct link_server *s, bool wait)
{
	struct image_outcome outcome;
	char text[LINK_TEXT_SIZE];

	if (image_job_step(s->job, wait, &outcome, text))
		image_ended(s, &outcome);
	if (text[0] != '\0')
		tell(s, "%s", text);
}

/* Begin; the answer comes when it is done. */
static int serve_image(struct link_server *s, const struct link_message *m, int fd,
                       uint64_t start_us, char *text)
{
	if (image_job_busy(s->job)) /* of a control that was replaced */
		step_image(s, true);
	return image_job_start(s->job, m, fd, s->client_serial, start_us, text);
}

static int deltas_refused(struct link_server *s, const struct link_message *m, int rc,
                          char *text)
{
	/* Later ones may find room: then what is in force is not all up to the latest. */
	s->whole = false;
	if (rc == -ENOSPC) {
		s->overlay_full += m->n_deltas;
		return refuse(text, rc,
		              "no room for %u deltas beside %u subjects: push an image",
		              m->n_deltas, tables_overlay_used(publish_current(s->publish)));
	}
	if (rc == -ESTALE)
		return refuse(
			text, rc, "generations up to %llu are in force: push an image",
			(unsigned long long)tables_generation(publish_current(s->publish)));
	return refuse(text, rc, "deltas: %s", strerror(-rc));
}

static int serve_deltas(struct link_server *s, const struct link_message *m,
                        const struct link_delta *deltas, uint64_t *enforced_us, char *text)
{
	const struct tables *base = publish_current(s->publish);
	struct tables *next;

	if (base == NULL)
		return refuse(text, -ENOENT, "no image is in force: push one first");
	const int rc = tables_deltas(&next, base, deltas, m->n_deltas);
	if (rc != 0)
		return deltas_refused(s, m, rc, text);
	crash_point("deltas_applied");
	publish_swap(s->publish, next);
	*enforced_us = now_us();
	crash_point("deltas_enforced");
	if (lastgood_deltas(s->lastgood, next, deltas, m->n_deltas, text) != 0)
		tell(s, "%u deltas enforced, but %s", m->n_deltas, text);
	crash_point("deltas_saved");
	return 0;
}

static int serve(struct link_server *s, const struct link_message *m, uint64_t *enforced_us,
                 char *text)
{
	if (m->type == LINK_HELLO)
		s->greeted = true;
	if (!s->greeted)
		return refuse(text, -EPROTO, "the first message must be a hello");
	if (m->type == LINK_IMAGE)
		return serve_image(s, m, s->datagram.fds[0], now_us(), text);
	if (m->type == LINK_DELTAS)
		return serve_deltas(s, m, (const void *)(s->datagram.octets + sizeof(*m)),
		                    enforced_us, text);
	if (m->type == LINK_DRAIN) {
		publish_drain(s->publish, m->size != 0);
		tell(s, m->size != 0 ? "draining: new connections are not screened"
		                     : "screening new connections again");
	}
	return 0; /* LINK_STATUS: the answer says it all */
}

/* A control that does not take its answers is not one we can serve. */
static void answer(struct link_server *s, const struct link_message *request, int result,
                   uint64_t elapsed_us, const char *text)
{
	const struct tables *tables = publish_current(s->publish);
	struct link_message a = {
		.magic = LINK_MAGIC,
		.version = LINK_VERSION,
		.type = LINK_ANSWER,
		.sequence = request->sequence,
		.result = result,
		.workers = publish_workers(s->publish),
		.generation = generation_of(tables),
		.overlay_used = tables ? tables_overlay_used(tables) : 0,
		.overlay_max = OVERLAY_MAX,
		.overlay_full = s->overlay_full,
		.draining = publish_draining(s->publish),
		.seen = tables && s->whole ? tables_generation(tables) : 0,
		.elapsed_us = elapsed_us,
		.uptime_s = (now_us() - s->started_us) / 1000000,
		.pid = (uint64_t)getpid(),
		.instance = s->instance,
	};

	memcpy(a.text, text, strnlen(text, LINK_TEXT_SIZE - 1));
	if (link_socket_send(s->client_fd, &a) != 0) {
		tell(s, "control does not take its answers: connection closed");
		hang_up(s);
	}
}

static void serve_datagram(struct link_server *s)
{
	const struct link_datagram *d = &s->datagram;
	char text[LINK_TEXT_SIZE] = "";
	const uint64_t start = now_us();
	uint64_t enforced_us = 0;
	struct link_message m;

	int rc = link_check(&m, d->octets, d->len, d->n_fds, text);
	if (rc == -ENOMSG) {
		tell(s, "control sent what is not a link message: connection closed");
		hang_up(s);
		return;
	}
	if (rc == 0)
		rc = serve(s, &m, &enforced_us, text);
	if (rc == 0 && m.type == LINK_IMAGE)
		return; /* image_ended() answers */
	if (enforced_us == 0)
		enforced_us = now_us();
	answer(s, &m, rc, enforced_us - start, text);
}

static void serve_client(struct link_server *s)
{
	const int rc = link_socket_receive(s->client_fd, &s->datagram);

	if (rc == -EAGAIN)
		return;
	if (rc != 0) {
		tell(s, "control has gone: %s", rc == -EPIPE ? "closed" : strerror(-rc));
		hang_up(s);
		return;
	}
	serve_datagram(s);
	link_datagram_close(&s->datagram);
}

static void take_connection(struct link_server *s)
{
	pid_t pid = 0;
	const int fd = link_socket_accept(s->listen_fd, &pid);

	if (fd == -EPERM)
		tell(s, "process %d is neither root's nor ours: not heard", (int)pid);
	if (fd < 0)
		return;
	tell(s, "control connected: process %d%s", (int)pid,
	     s->client_fd >= 0 ? ", in place of the one before" : "");
	hang_up(s);
	s->client_fd = fd;
	s->client_serial++;
}

int link_turn(struct link_server *server, int timeout_ms)
{
	struct pollfd p[3] = {
		{ .fd = server->listen_fd, .events = POLLIN },
		{ .fd = server->client_fd, .events = POLLIN }, /* -1 is passed over */
		{ .fd = image_job_fd(server->job), .events = POLLIN },
	};
	const bool ready = image_job_ready(server->job);
	const int n = poll(p, 3, ready ? 0 : timeout_ms);

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	if ((p[0].revents & (POLLERR | POLLNVAL)) != 0)
		return -EIO;
	if (p[1].revents != 0)
		serve_client(server);
	if (p[2].revents != 0 || ready)
		step_image(server, false);
	if ((p[0].revents & POLLIN) != 0)
		take_connection(server);
	return n > 0 || ready;
}

/* Its author has written it: no year need be one of ours. */
static const char *write_time(char out[TIME_SIZE], uint64_t seconds)
{
	const time_t t = (time_t)seconds;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL ||
	    strftime(out, TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		strcpy(out, "at no time");
	return out;
}

static void start_from_disk(struct link_server *s)
{
	char text[LINK_TEXT_SIZE], made[TIME_SIZE];
	struct tables *tables;
	const int rc =
		lastgood_load(s->lastgood, s->n_workers, &s->key, &tables, &s->whole, text);

	if (rc != 0) {
		tell(s, "no last good image, nothing is certified until control sends one: %s",
		     text);
		return;
	}
	if (text[0] != '\0')
		tell(s, "%s", text);
	tell(s, "image %llu in force, from disk, made %s",
	     (unsigned long long)generation_of(tables),
	     write_time(made, tables->image->header->created));
	publish_swap(s->publish, tables);
}

static int open_job(struct link_server *s)
{
	const struct image_job_params params = { .publish = s->publish,
		                                 .lastgood = s->lastgood,
		                                 .key = &s->key,
		                                 .n_workers = s->n_workers };

	return image_job_open(&s->job, &params);
}

int link_open(struct link_server **out, const struct link_params *params,
              struct publish *publish, char error[LINK_ERROR_SIZE])
{
	struct link_server *s = malloc(sizeof(*s) + strlen(params->socket_path) + 1);
	char text[LINK_TEXT_SIZE] = "";

	error[0] = '\0';
	if (s == NULL)
		return -ENOMEM;
	*s = (struct link_server){
		.publish = publish,
		.n_workers = params->n_workers,
		.listen_fd = -1,
		.client_fd = -1,
		.started_us = now_us(),
		.instance = params->instance,
		.say = params->say,
		.arg = params->arg,
	};
	strcpy(s->socket_path, params->socket_path);
	int rc = image_key_load(&s->key, params->image_key, text);
	if (rc == 0)
		rc = lastgood_open(&s->lastgood, params->image_file);
	if (rc == 0)
		rc = open_job(s);
	if (text[0] != '\0')
		snprintf(error, LINK_ERROR_SIZE, "%.190s", text);
	else if (rc != 0)
		snprintf(error, LINK_ERROR_SIZE, "%.150s: %s", params->image_file,
		         strerror(-rc));
	else /* the listener first: it is also the lock on what is on disk */
		rc = s->listen_fd = link_socket_listen(s->socket_path, error);
	if (rc < 0) {
		image_job_close(s->job);
		lastgood_close(s->lastgood);
		free(s);
		return rc;
	}
	start_from_disk(s);
	*out = s;
	return 0;
}

void link_close(struct link_server *server)
{
	if (server == NULL)
		return;
	hang_up(server);
	if (image_job_busy(server->job))
		step_image(server, true);
	image_job_close(server->job);
	(void)unlink(server->socket_path);
	close(server->listen_fd);
	lastgood_close(server->lastgood);
	free(server);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "link.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "crash_point.h"
#include "image_key.h"
#include "image_octets.h"
#include "lastgood.h"
#include "link_check.h"
#include "link_socket.h"
#include "say.h"

/* An image that is read, proved and saved beside the link thread, which goes on serving
 * deltas meanwhile: a hundred million senders take seconds. */
struct image_job {
	bool running;
	pthread_t thread;
	int done_fd; /* eventfd: the thread has nothing more to do */
	struct link_server *server;
	struct link_message request;
	uint64_t client; /* whose it is: serial of its connection */
	uint64_t start_us;
	int fd, result;
	struct tables *tables; /* when result is 0 */
	char text[LINK_TEXT_SIZE];
};

struct link_server {
	struct publish *publish;
	struct lastgood *lastgood;
	struct image_key key;
	unsigned n_workers;
	int listen_fd;
	int client_fd; /* -1: no control is connected */
	bool greeted;  /* it has said hello */
	uint64_t client_serial;
	uint64_t started_us;
	bool whole; /* all deltas that were acknowledged are in force */
	uint32_t overlay_full;
	struct image_job job;
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

static int open_image(struct link_server *s, const struct link_message *m, int fd,
                      struct tables **out, char *text)
{
	char fault[IMAGE_ERROR_SIZE] = "";
	struct image_octets *octets;
	struct tables *tables;

	int rc = image_octets_map(&octets, fd, m->size, text);
	if (rc != 0)
		return rc;
	rc = image_key_check(&s->key, octets->octets, octets->size, text);
	if (rc != 0) {
		image_octets_release(octets);
		return rc;
	}
	rc = tables_open(&tables, octets->octets, octets->size, s->n_workers,
	                 image_octets_release, octets, fault);
	if (rc != 0) {
		image_octets_release(octets);
		return say(text, rc, "%s", fault);
	}
	const uint64_t generation = generation_of(tables);
	if (generation != m->generation) {
		tables_free(tables);
		return say(text, -EBADMSG,
		           "the image is generation %llu, the message says %llu",
		           (unsigned long long)generation, (unsigned long long)m->generation);
	}
	*out = tables;
	return 0;
}

static void *load_image(void *arg)
{
	struct image_job *job = arg;
	const uint64_t one = 1;

	job->result = open_image(job->server, &job->request, job->fd, &job->tables, job->text);
	if (job->result == 0)
		(void)!lastgood_save(job->server->lastgood, job->tables, job->text);
	if (write(job->done_fd, &one, sizeof(one)) != sizeof(one))
		abort(); /* an eventfd of ours takes a 1 */
	return NULL;
}

/* The image has been read: what came meanwhile goes with it. Link thread. */
static int take_image(struct link_server *s, struct image_job *job)
{
	char why[LINK_TEXT_SIZE] = "";
	const unsigned long long generation = job->request.generation;
	int rc = job->result;

	tables_carry_begin(publish_current(s->publish));
	if (rc == 0)
		do
			rc = tables_carry(job->tables, publish_current(s->publish));
		while (rc == 1);
	if (rc != 0) {
		if (job->result == 0) {
			tables_free(job->tables);
			say(job->text, rc, "out of memory");
		}
		tell(s, "image %llu refused: %s", generation, job->text);
		return rc;
	}
	const uint64_t waited = publish_swap(s->publish, job->tables);
	s->whole = true;
	if (job->text[0] != '\0')
		tell(s, "image %llu: %s", generation, job->text);
	else if (lastgood_trim(s->lastgood, job->tables, why) != 0)
		tell(s, "image %llu: %s", generation, why);
	tell(s, "image %llu in force, workers waited for %llu us", generation,
	     (unsigned long long)waited);
	return 0;
}

static void answer(struct link_server *s, const struct link_message *request, int result,
                   uint64_t elapsed_us, const char *text);

/* Wait for the image that is being read, if any, and put it in force. */
static void finish_image(struct link_server *s)
{
	struct image_job *job = &s->job;
	uint64_t ones;

	if (!job->running)
		return;
	pthread_join(job->thread, NULL);
	(void)!read(job->done_fd, &ones, sizeof(ones));
	job->running = false;
	close(job->fd);
	const int rc = take_image(s, job);
	if (job->client == s->client_serial && s->client_fd >= 0)
		answer(s, &job->request, rc, now_us() - job->start_us, job->text);
}

/* Begin; the answer comes when it is done. */
static int serve_image(struct link_server *s, const struct link_message *m, int fd,
                       uint64_t start_us, char *text)
{
	struct image_job *job = &s->job;

	finish_image(s); /* of a control that was replaced */
	job->server = s;
	job->request = *m;
	job->client = s->client_serial;
	job->start_us = start_us;
	job->tables = NULL;
	job->text[0] = '\0';
	job->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (job->fd < 0)
		return say(text, -errno, "image: %s", strerror(errno));
	const int rc = pthread_create(&job->thread, NULL, load_image, job);
	if (rc != 0) {
		close(job->fd);
		return say(text, -rc, "image: %s", strerror(rc));
	}
	job->running = true;
	return 0;
}

static int deltas_refused(struct link_server *s, const struct link_message *m, int rc,
                          char *text)
{
	/* Later ones may find room: then what is in force is not all up to the latest. */
	s->whole = false;
	if (rc == -ENOSPC) {
		s->overlay_full += m->n_deltas;
		return say(text, rc, "no room for %u deltas beside %u subjects: push an image",
		           m->n_deltas, tables_overlay_used(publish_current(s->publish)));
	}
	if (rc == -ESTALE)
		return say(text, rc, "generations up to %llu are in force: push an image",
		           (unsigned long long)tables_generation(publish_current(s->publish)));
	return say(text, rc, "deltas: %s", strerror(-rc));
}

static int serve_deltas(struct link_server *s, const struct link_message *m,
                        const struct link_delta *deltas, uint64_t *enforced_us, char *text)
{
	const struct tables *base = publish_current(s->publish);
	struct tables *next;

	if (base == NULL)
		return say(text, -ENOENT, "no image is in force: push one first");
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
		return say(text, -EPROTO, "the first message must be a hello");
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
		.seen = tables && s->whole ? tables_generation(tables) : 0,
		.elapsed_us = elapsed_us,
		.uptime_s = (now_us() - s->started_us) / 1000000,
		.pid = (uint64_t)getpid(),
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
		return; /* finish_image() answers */
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
		{ .fd = server->job.done_fd, .events = POLLIN },
	};
	const int n = poll(p, 3, timeout_ms);

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	if ((p[0].revents & (POLLERR | POLLNVAL)) != 0)
		return -EIO;
	if (p[2].revents != 0)
		finish_image(server);
	else if (p[1].revents != 0)
		serve_client(server);
	if ((p[0].revents & POLLIN) != 0)
		take_connection(server);
	return n > 0;
}

static void start_from_disk(struct link_server *s)
{
	char text[LINK_TEXT_SIZE];
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
	tell(s, "image %llu in force, from disk", (unsigned long long)generation_of(tables));
	publish_swap(s->publish, tables);
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
		.job = { .done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) },
		.started_us = now_us(),
		.say = params->say,
		.arg = params->arg,
	};
	strcpy(s->socket_path, params->socket_path);
	int rc = s->job.done_fd < 0 ? -errno : image_key_load(&s->key, params->image_key, text);
	if (rc == 0)
		rc = lastgood_open(&s->lastgood, params->image_file);
	if (text[0] != '\0')
		snprintf(error, LINK_ERROR_SIZE, "%.190s", text);
	else if (rc != 0)
		snprintf(error, LINK_ERROR_SIZE, "%.150s: %s", params->image_file,
		         strerror(-rc));
	else /* the listener first: it is also the lock on what is on disk */
		rc = s->listen_fd = link_socket_listen(s->socket_path, error);
	if (rc < 0) {
		lastgood_close(s->lastgood);
		close(s->job.done_fd);
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
	finish_image(server);
	close(server->job.done_fd);
	(void)unlink(server->socket_path);
	close(server->listen_fd);
	lastgood_close(server->lastgood);
	free(server);
}

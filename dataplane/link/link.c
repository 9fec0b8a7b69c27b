/* SPDX-License-Identifier: Apache-2.0 */
#include "link.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "image_octets.h"
#include "lastgood.h"
#include "link_check.h"
#include "link_socket.h"
#include "say.h"

struct link_server {
	struct publish *publish;
	struct lastgood *lastgood;
	unsigned n_workers;
	int listen_fd;
	int client_fd; /* -1: no control is connected */
	bool greeted;  /* it has said hello */
	uint64_t started_us;
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

static int serve_image(struct link_server *s, const struct link_message *m, int fd, char *text)
{
	struct tables *next = NULL;
	const int rc = open_image(s, m, fd, &next, text);

	if (rc != 0) {
		tell(s, "image %llu refused: %s", (unsigned long long)m->generation, text);
		return rc;
	}
	const struct image *image = next->image;
	if (lastgood_save(s->lastgood, image->header, image->header->size, text) != 0)
		tell(s, "image %llu: %s", (unsigned long long)m->generation, text);
	const uint64_t waited = publish_swap(s->publish, next);
	tell(s, "image %llu in force, workers waited for %llu us",
	     (unsigned long long)m->generation, (unsigned long long)waited);
	return 0;
}

static int serve_sanction(struct link_server *s, const struct link_sanction *sanction,
                          uint64_t *enforced_us, char *text)
{
	const struct tables *base = publish_current(s->publish);
	struct tables *next;

	if (base == NULL)
		return say(text, -ENOENT, "no image is in force: push one first");
	const int rc = tables_sanction(&next, base, sanction);
	if (rc == -ENOSPC)
		return say(text, rc, "more than %u sanctions since the last image: push one",
		           OVERLAY_MAX);
	if (rc != 0)
		return say(text, rc, "sanction: %s", strerror(-rc));
	publish_swap(s->publish, next);
	*enforced_us = now_us();
	if (lastgood_sanction(s->lastgood, sanction, text) != 0)
		tell(s, "sanction enforced, but %s", text);
	return 0;
}

static int serve(struct link_server *s, const struct link_message *m, int fd,
                 uint64_t *enforced_us, char *text)
{
	if (m->type != LINK_HELLO && !s->greeted)
		return say(text, -EPROTO, "the first message must be a hello");
	switch (m->type) {
	case LINK_IMAGE:
		return serve_image(s, m, fd, text);
	case LINK_SANCTION:
		return serve_sanction(s, &m->sanction, enforced_us, text);
	case LINK_HELLO:
		s->greeted = true;
		return 0;
	default: /* LINK_STATUS: the answer says it all */
		return 0;
	}
}

/* A control that does not take its answers is not one we can serve. */
static void answer(struct link_server *s, const struct link_message *request, int result,
                   uint64_t elapsed_us, const char *text)
{
	struct link_message a = {
		.magic = LINK_MAGIC,
		.version = LINK_VERSION,
		.type = LINK_ANSWER,
		.sequence = request->sequence,
		.result = result,
		.workers = publish_workers(s->publish),
		.generation = generation_of(publish_current(s->publish)),
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

static void serve_datagram(struct link_server *s, const struct link_datagram *d)
{
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
		rc = serve(s, &m, d->fds[0], &enforced_us, text);
	if (enforced_us == 0)
		enforced_us = now_us();
	answer(s, &m, rc, enforced_us - start, text);
}

static void serve_client(struct link_server *s)
{
	struct link_datagram d;
	const int rc = link_socket_receive(s->client_fd, &d);

	if (rc == -EAGAIN)
		return;
	if (rc != 0) {
		tell(s, "control has gone: %s", rc == -EPIPE ? "closed" : strerror(-rc));
		hang_up(s);
		return;
	}
	serve_datagram(s, &d);
	link_datagram_close(&d);
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
}

int link_turn(struct link_server *server, int timeout_ms)
{
	struct pollfd p[2] = {
		{ .fd = server->listen_fd, .events = POLLIN },
		{ .fd = server->client_fd, .events = POLLIN }, /* -1 is passed over */
	};
	const int n = poll(p, 2, timeout_ms);

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	if ((p[0].revents & (POLLERR | POLLNVAL)) != 0)
		return -EIO;
	if (p[1].revents != 0)
		serve_client(server);
	if ((p[0].revents & POLLIN) != 0)
		take_connection(server);
	return n > 0;
}

static void start_from_disk(struct link_server *s)
{
	char text[LINK_TEXT_SIZE];
	struct tables *tables;
	const int rc = lastgood_load(s->lastgood, s->n_workers, &tables, text);

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

	error[0] = '\0';
	if (s == NULL)
		return -ENOMEM;
	*s = (struct link_server){
		.publish = publish,
		.n_workers = params->n_workers,
		.listen_fd = -1,
		.client_fd = -1,
		.started_us = now_us(),
		.say = params->say,
		.arg = params->arg,
	};
	strcpy(s->socket_path, params->socket_path);
	int rc = lastgood_open(&s->lastgood, params->image_file);
	if (rc != 0)
		snprintf(error, LINK_ERROR_SIZE, "%.150s: %s", params->image_file,
		         strerror(-rc));
	else /* the listener first: it is also the lock on what is on disk */
		rc = s->listen_fd = link_socket_listen(s->socket_path, error);
	if (rc < 0) {
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
	(void)unlink(server->socket_path);
	close(server->listen_fd);
	lastgood_close(server->lastgood);
	free(server);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "link_client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define FDS_MAX 4u
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* A request that waits for its answer, on the stack of who asks. */
struct asking {
	uint32_t sequence;
	bool done;
	struct link_message *answer;
	struct asking *next;
};

/*
 * One of those who wait reads for all of them: it hands each answer to whose it is, and
 * the task to another when its own has come.
 */
struct link_client {
	int fd;
	unsigned owners; /* atomic */
	pthread_mutex_t lock;
	pthread_cond_t changed; /* an answer was handed over, or nobody reads */
	uint32_t sequence;
	bool reading;
	struct asking *asking;
};

__attribute__((format(printf, 3, 4))) static int fail(char *error, int rc, const char *format,
                                                      ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, LINK_CLIENT_ERROR_SIZE, format, args);
	va_end(args);
	return rc;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* 0 when events are there, -ETIMEDOUT when they are not by the deadline. */
static int wait_for(int fd, short events, int64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = events };

	for (;;) {
		const int64_t left = deadline - now_ms();
		const int n = poll(&p, 1, left > 0 ? (int)left : 0);

		if (n > 0)
			return 0;
		if (n == 0 && left <= 0)
			return -ETIMEDOUT;
		if (n < 0 && errno != EINTR)
			return -errno;
	}
}

static int connect_to(const char *path, char *error)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(address.sun_path))
		return fail(error, -ENAMETOOLONG, "%s: path too long for a socket", path);
	strcpy(address.sun_path, path);
	const int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fail(error, -errno, "socket: %s", strerror(errno));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		const int e = errno;
		close(fd);
		return fail(error, -e, "%s: no data plane answers: %s", path, strerror(e));
	}
	return fd;
}

static void add_fds(struct msghdr *message, const int *fds, unsigned n_fds)
{
	message->msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
	struct cmsghdr *c = CMSG_FIRSTHDR(message);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
	memcpy(CMSG_DATA(c), fds, n_fds * sizeof(int));
}

static int send_request(struct link_client *client, const struct link_question *q,
                        int64_t deadline, char *error)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(FDS_MAX * sizeof(int))] = { 0 };
	const size_t behind = q->n_deltas * sizeof(*q->deltas);
	struct iovec iov[2] = {
		{ .iov_base = q->request, .iov_len = sizeof(*q->request) },
		{ .iov_base = (void *)(uintptr_t)q->deltas, .iov_len = behind },
	};
	struct msghdr message = { .msg_iov = iov, .msg_iovlen = behind != 0 ? 2 : 1 };

	bug_if(q->n_fds > FDS_MAX);
	if (q->n_fds != 0) {
		message.msg_control = control;
		add_fds(&message, q->fds, q->n_fds);
	}
	for (;;) {
		const ssize_t sent = sendmsg(client->fd, &message, MSG_NOSIGNAL);
		if (sent == (ssize_t)(sizeof(*q->request) + behind))
			return 0;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return fail(error, -ECONNRESET, "the data plane has gone: %s",
			            strerror(errno));
		const int rc = wait_for(client->fd, POLLOUT, deadline);
		if (rc != 0)
			return fail(error, rc, "the data plane takes no request: %s",
			            strerror(-rc));
	}
}

/* One datagram that is an answer; its text is then terminated. */
static int receive(struct link_client *client, struct link_message *answer, int64_t deadline,
                   char *error)
{
	const int rc = wait_for(client->fd, POLLIN, deadline);

	if (rc != 0)
		return fail(error, rc, "the data plane did not answer in time");
	const ssize_t n = recv(client->fd, answer, sizeof(*answer), MSG_TRUNC);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return -EAGAIN;
	if (n <= 0)
		return fail(error, -ECONNRESET, "the data plane closed the connection");
	if (n != (ssize_t)sizeof(*answer) || answer->magic != LINK_MAGIC ||
	    answer->type != LINK_ANSWER)
		return fail(error, -EPROTO, "what came is not an answer of a data plane");
	if (answer->version != LINK_VERSION)
		return fail(error, -EPROTONOSUPPORT,
		            "the data plane speaks version %u of the link, we speak %u",
		            answer->version, LINK_VERSION);
	answer->text[LINK_TEXT_SIZE - 1] = '\0';
	return 0;
}

/* Read one answer and hand it to whose it is; one that came after its time-out is nobody's.
 * With the lock, which is let go meanwhile. */
static int read_for_all(struct link_client *client, int64_t deadline, char *error)
{
	struct link_message answer = { 0 };

	client->reading = true;
	pthread_mutex_unlock(&client->lock);
	const int rc = receive(client, &answer, deadline, error);
	pthread_mutex_lock(&client->lock);
	client->reading = false;
	for (struct asking *a = client->asking; rc == 0 && a != NULL; a = a->next)
		if (a->sequence == answer.sequence) {
			*a->answer = answer;
			a->done = true;
		}
	pthread_cond_broadcast(&client->changed);
	return rc == -EAGAIN ? 0 : rc;
}

static int wait_until(struct link_client *client, int64_t deadline, char *error)
{
	const struct timespec until = { .tv_sec = deadline / 1000,
		                        .tv_nsec = deadline % 1000 * 1000000 };

	if (pthread_cond_timedwait(&client->changed, &client->lock, &until) == ETIMEDOUT)
		return fail(error, -ETIMEDOUT, "the data plane did not answer in time");
	return 0;
}

static void forget(struct link_client *client, const struct asking *asking)
{
	struct asking **at = &client->asking;

	while (*at != asking)
		at = &(*at)->next;
	*at = asking->next;
}

/* Fill in what is not set; with the lock. */
static void complete(struct link_client *client, struct link_message *request)
{
	if (request->magic == 0)
		request->magic = LINK_MAGIC;
	if (request->version == 0)
		request->version = LINK_VERSION;
	if (request->sequence == 0)
		request->sequence = ++client->sequence;
}

static int exchange(struct link_client *client, const struct link_question *q,
                    unsigned timeout_ms, struct link_message *answer, char *error)
{
	const int64_t deadline = now_ms() + timeout_ms;
	struct asking asking = { .answer = answer };

	pthread_mutex_lock(&client->lock);
	complete(client, q->request);
	asking.sequence = q->request->sequence;
	asking.next = client->asking;
	client->asking = &asking;
	int rc = send_request(client, q, deadline, error);
	while (rc == 0 && !asking.done)
		rc = client->reading ? wait_until(client, deadline, error)
		                     : read_for_all(client, deadline, error);
	if (asking.done)
		rc = 0;
	forget(client, &asking);
	pthread_cond_broadcast(&client->changed); /* another one reads from now on */
	pthread_mutex_unlock(&client->lock);
	return rc;
}

int link_client_ask(struct link_client *client, const struct link_question *question,
                    unsigned timeout_ms, struct link_message *answer,
                    char error[LINK_CLIENT_ERROR_SIZE])
{
	struct link_message unwanted;

	error[0] = '\0';
	if (answer == NULL)
		answer = &unwanted;
	const int rc = exchange(client, question, timeout_ms, answer, error);
	if (rc != 0)
		return rc;
	if (answer->result > 0)
		return fail(error, -EPROTO, "the data plane answered with result %d",
		            answer->result);
	if (answer->result != 0)
		return fail(error, answer->result, "%s",
		            answer->text[0] != '\0' ? answer->text : strerror(-answer->result));
	return 0;
}

static struct link_client *new_client(int fd)
{
	struct link_client *c = calloc(1, sizeof(*c));
	pthread_condattr_t monotonic;

	if (c == NULL)
		return NULL;
	c->fd = fd;
	c->owners = 1;
	pthread_mutex_init(&c->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&c->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	return c;
}

int link_client_open(struct link_client **out, const char *socket_path, unsigned timeout_ms,
                     struct link_message *answer, char error[LINK_CLIENT_ERROR_SIZE])
{
	struct link_message hello = { .type = LINK_HELLO };
	const int fd = connect_to(socket_path, error);

	if (fd < 0)
		return fd;
	struct link_client *c = new_client(fd);
	if (c == NULL) {
		close(fd);
		return fail(error, -ENOMEM, "out of memory");
	}
	const struct link_question q = { .request = &hello };
	const int rc = link_client_ask(c, &q, timeout_ms, answer, error);
	if (rc != 0) {
		link_client_close(c);
		return rc;
	}
	*out = c;
	return 0;
}

struct link_client *link_client_keep(struct link_client *client)
{
	__atomic_add_fetch(&client->owners, 1, __ATOMIC_RELAXED);
	return client;
}

void link_client_close(struct link_client *client)
{
	/* Release what this owner did, acquire what the others did. */
	if (client == NULL || __atomic_sub_fetch(&client->owners, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	close(client->fd);
	pthread_mutex_destroy(&client->lock);
	pthread_cond_destroy(&client->changed);
	free(client);
}

int link_client_fd(const struct link_client *client) { return client->fd; }

static int write_all(int fd, const uint8_t *octets, size_t size)
{
	while (size != 0) {
		const ssize_t n = write(fd, octets, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		octets += n;
		size -= (size_t)n;
	}
	return 0;
}

int link_memfd(const void *octets, size_t size)
{
	const int fd = memfd_create("sluice-image", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -errno;
	int rc = write_all(fd, octets, size);
	if (rc == 0 && fcntl(fd, F_ADD_SEALS, SEALS) != 0)
		rc = -errno;
	if (rc != 0) {
		close(fd);
		return rc;
	}
	return fd;
}

static int send_image(struct link_client *client, int fd, uint64_t size, uint64_t generation,
                      bool leisure, unsigned timeout_ms, struct link_message *answer,
                      char *error)
{
	struct link_message request = {
		.type = LINK_IMAGE, .generation = generation, .size = size, .leisure = leisure
	};
	const struct link_question q = { .request = &request, .fds = &fd, .n_fds = 1 };

	return link_client_ask(client, &q, timeout_ms, answer, error);
}

int link_client_image(struct link_client *client, const void *octets, size_t size,
                      uint64_t generation, unsigned timeout_ms, struct link_message *answer,
                      char error[LINK_CLIENT_ERROR_SIZE])
{
	const int fd = link_memfd(octets, size);

	if (fd < 0)
		return fail(error, fd, "no memory for an image of %zu octets: %s", size,
		            strerror(-fd));
	const int rc =
		send_image(client, fd, size, generation, false, timeout_ms, answer, error);
	close(fd);
	return rc;
}

int link_client_image_fd(struct link_client *client, int fd, uint64_t generation, bool leisure,
                         unsigned timeout_ms, struct link_message *answer,
                         char error[LINK_CLIENT_ERROR_SIZE])
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return fail(error, -errno, "image: %s", strerror(errno));
	if (st.st_size == 0)
		return fail(error, -EBADMSG, "image: the file is empty");
	const uint64_t size = (uint64_t)st.st_size;
	const int seals = fcntl(fd, F_GET_SEALS);
	if (seals >= 0 && (seals & SEALS) == SEALS)
		return send_image(client, fd, size, generation, leisure, timeout_ms, answer,
		                  error);

	void *map = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return fail(error, -errno, "image: cannot map it: %s", strerror(errno));
	const int rc =
		link_client_image(client, map, size, generation, timeout_ms, answer, error);
	munmap(map, size);
	return rc;
}

int link_client_deltas(struct link_client *client, const struct link_delta *deltas, unsigned n,
                       unsigned timeout_ms, struct link_message *answer,
                       char error[LINK_CLIENT_ERROR_SIZE])
{
	struct link_message request = { .type = LINK_DELTAS, .n_deltas = n };
	const struct link_question q = { .request = &request, .deltas = deltas, .n_deltas = n };

	return link_client_ask(client, &q, timeout_ms, answer, error);
}

int link_client_drain(struct link_client *client, bool on, unsigned timeout_ms,
                      struct link_message *answer, char error[LINK_CLIENT_ERROR_SIZE])
{
	struct link_message request = { .type = LINK_DRAIN, .size = on };
	const struct link_question q = { .request = &request };

	return link_client_ask(client, &q, timeout_ms, answer, error);
}

int link_client_status(struct link_client *client, unsigned timeout_ms,
                       struct link_message *answer, char error[LINK_CLIENT_ERROR_SIZE])
{
	struct link_message request = { .type = LINK_STATUS };

	const struct link_question q = { .request = &request };

	return link_client_ask(client, &q, timeout_ms, answer, error);
}

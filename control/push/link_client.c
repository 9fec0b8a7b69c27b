/* SPDX-License-Identifier: Apache-2.0 */
#include "link_client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
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

struct link_client {
	int fd;
	uint32_t sequence;
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

static int send_request(struct link_client *client, const struct link_message *request,
                        const int *fds, unsigned n_fds, int64_t deadline, char *error)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(FDS_MAX * sizeof(int))] = { 0 };
	struct iovec iov = { .iov_base = (void *)request, .iov_len = sizeof(*request) };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };

	bug_if(n_fds > FDS_MAX);
	if (n_fds != 0) {
		message.msg_control = control;
		message.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		struct cmsghdr *c = CMSG_FIRSTHDR(&message);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n_fds * sizeof(int));
	}
	for (;;) {
		if (sendmsg(client->fd, &message, MSG_NOSIGNAL) == (ssize_t)sizeof(*request))
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

int link_client_ask(struct link_client *client, struct link_message *request, const int *fds,
                    unsigned n_fds, unsigned timeout_ms, struct link_message *answer,
                    char error[LINK_CLIENT_ERROR_SIZE])
{
	const int64_t deadline = now_ms() + timeout_ms;
	struct link_message unwanted;
	int rc;

	error[0] = '\0';
	if (answer == NULL)
		answer = &unwanted;
	if (request->magic == 0)
		request->magic = LINK_MAGIC;
	if (request->version == 0)
		request->version = LINK_VERSION;
	if (request->sequence == 0)
		request->sequence = ++client->sequence;
	rc = send_request(client, request, fds, n_fds, deadline, error);
	if (rc != 0)
		return rc;
	do { /* an answer that came after its time-out is not ours: wait for the next */
		rc = receive(client, answer, deadline, error);
	} while (rc == -EAGAIN || (rc == 0 && answer->sequence != request->sequence));
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

int link_client_open(struct link_client **out, const char *socket_path, unsigned timeout_ms,
                     struct link_message *answer, char error[LINK_CLIENT_ERROR_SIZE])
{
	struct link_message hello = { .type = LINK_HELLO };
	const int fd = connect_to(socket_path, error);

	if (fd < 0)
		return fd;
	struct link_client *c = malloc(sizeof(*c));
	if (c == NULL) {
		close(fd);
		return fail(error, -ENOMEM, "out of memory");
	}
	*c = (struct link_client){ .fd = fd };
	const int rc = link_client_ask(c, &hello, NULL, 0, timeout_ms, answer, error);
	if (rc != 0) {
		link_client_close(c);
		return rc;
	}
	*out = c;
	return 0;
}

void link_client_close(struct link_client *client)
{
	if (client == NULL)
		return;
	close(client->fd);
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
                      unsigned timeout_ms, struct link_message *answer, char *error)
{
	struct link_message request = { .type = LINK_IMAGE,
		                        .generation = generation,
		                        .size = size };

	return link_client_ask(client, &request, &fd, 1, timeout_ms, answer, error);
}

int link_client_image(struct link_client *client, const void *octets, size_t size,
                      uint64_t generation, unsigned timeout_ms, struct link_message *answer,
                      char error[LINK_CLIENT_ERROR_SIZE])
{
	const int fd = link_memfd(octets, size);

	if (fd < 0)
		return fail(error, fd, "no memory for an image of %zu octets: %s", size,
		            strerror(-fd));
	const int rc = send_image(client, fd, size, generation, timeout_ms, answer, error);
	close(fd);
	return rc;
}

int link_client_image_fd(struct link_client *client, int fd, uint64_t generation,
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
		return send_image(client, fd, size, generation, timeout_ms, answer, error);

	void *map = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return fail(error, -errno, "image: cannot map it: %s", strerror(errno));
	const int rc =
		link_client_image(client, map, size, generation, timeout_ms, answer, error);
	munmap(map, size);
	return rc;
}

int link_client_sanction(struct link_client *client, const struct link_sanction *sanction,
                         unsigned timeout_ms, struct link_message *answer,
                         char error[LINK_CLIENT_ERROR_SIZE])
{
	struct link_message request = { .type = LINK_SANCTION, .sanction = *sanction };

	return link_client_ask(client, &request, NULL, 0, timeout_ms, answer, error);
}

int link_client_status(struct link_client *client, unsigned timeout_ms,
                       struct link_message *answer, char error[LINK_CLIENT_ERROR_SIZE])
{
	struct link_message request = { .type = LINK_STATUS };

	return link_client_ask(client, &request, NULL, 0, timeout_ms, answer, error);
}

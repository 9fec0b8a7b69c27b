/* SPDX-License-Identifier: Apache-2.0 */
#include "link_socket.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define ERROR_SIZE 200u
#define BACKLOG 8

static int new_socket(void)
{
	return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* Whether a live process listens there. */
static int in_use(const struct sockaddr_un *address)
{
	const int fd = new_socket();

	if (fd < 0)
		return 0;
	/* EAGAIN: its backlog is full, so it is there. */
	const int used = connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
	                 errno == EAGAIN;
	close(fd);
	return used;
}

static int bind_to(int fd, const struct sockaddr_un *address)
{
	struct stat st;

	/* Before bind(), so that the file never has another mode. */
	if (fchmod(fd, 0600) != 0)
		return -errno;
	if (lstat(address->sun_path, &st) == 0 && S_ISSOCK(st.st_mode)) {
		if (in_use(address))
			return -EADDRINUSE;
		(void)unlink(address->sun_path);
	}
	if (bind(fd, (const struct sockaddr *)address, sizeof(*address)) != 0 ||
	    listen(fd, BACKLOG) != 0)
		return -errno;
	return 0;
}

int link_socket_listen(const char *path, char error[200])
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(address.sun_path)) {
		snprintf(error, ERROR_SIZE, "%.150s: too long for a socket", path);
		return -ENAMETOOLONG;
	}
	strcpy(address.sun_path, path);
	const int fd = new_socket();
	const int rc = fd < 0 ? -errno : bind_to(fd, &address);
	if (rc != 0) {
		snprintf(error, ERROR_SIZE, "%s: cannot listen: %s", path, strerror(-rc));
		if (fd >= 0)
			close(fd);
		return rc;
	}
	return fd;
}

int link_socket_accept(int listen_fd, pid_t *pid)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	const int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return -errno;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0) {
		const int e = errno;
		close(fd);
		return -e;
	}
	*pid = peer.pid;
	if (peer.uid != 0 && peer.uid != geteuid()) {
		close(fd);
		return -EPERM;
	}
	return fd;
}

static void take_fds(struct msghdr *message, struct link_datagram *out)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		/* One header at most carries them all, and our buffer holds LINK_FDS_MAX. */
		const size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n && out->n_fds < LINK_FDS_MAX; i++)
			memcpy(&out->fds[out->n_fds++], CMSG_DATA(c) + i * sizeof(int),
			       sizeof(int));
	}
}

int link_socket_receive(int fd, struct link_datagram *out)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(LINK_FDS_MAX * sizeof(int))];
	struct iovec iov = { .iov_base = out->octets, .iov_len = sizeof(out->octets) };
	struct msghdr message = { .msg_iov = &iov,
		                  .msg_iovlen = 1,
		                  .msg_control = control,
		                  .msg_controllen = sizeof(control) };
	/* MSG_TRUNC: the length as sent. Descriptors beyond the buffer are never opened. */
	const ssize_t n = recvmsg(fd, &message, MSG_CMSG_CLOEXEC | MSG_TRUNC | MSG_DONTWAIT);

	out->n_fds = 0;
	for (unsigned i = 0; i < LINK_FDS_MAX; i++)
		out->fds[i] = -1;
	if (n < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	take_fds(&message, out);
	out->len = (size_t)n;
	if (n == 0 && out->n_fds == 0)
		return -EPIPE; /* end, or an empty datagram: neither has anything to answer */
	return 0;
}

void link_datagram_close(struct link_datagram *datagram)
{
	for (unsigned i = 0; i < datagram->n_fds; i++)
		close(datagram->fds[i]);
	datagram->n_fds = 0;
}

int link_socket_send(int fd, const struct link_message *message)
{
	const ssize_t n = send(fd, message, sizeof(*message), MSG_NOSIGNAL | MSG_DONTWAIT);

	return n == (ssize_t)sizeof(*message) ? 0 : n < 0 ? -errno : -EIO;
}

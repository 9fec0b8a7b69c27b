/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link_socket: datagrams and file descriptors, and who may send them.
 *
 * Threads: the link thread. Nothing here waits.
 */
#ifndef DP_LINK_SOCKET_H
#define DP_LINK_SOCKET_H
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "check.h"
#include "link_message.h"

#define LINK_FDS_MAX 4u
#define LINK_DATAGRAM_MAX \
	(sizeof(struct link_message) + LINK_DELTAS_MAX * sizeof(struct link_delta))

/* len may say more than octets holds (a longer datagram): it is cut, not wrapped. */
struct link_datagram {
	_Alignas(8) uint8_t octets[LINK_DATAGRAM_MAX];
	size_t len;            /* as sent */
	unsigned n_fds;        /* those that came; all are open and ours */
	int fds[LINK_FDS_MAX]; /* -1 where none came */
};

/*
 * Listen at path with mode 0600. A socket that nobody listens at any more (its process
 * was killed) is replaced; one that somebody listens at is -EADDRINUSE. Returns the fd,
 * or negative errno with a sentence.
 */
must_use int link_socket_listen(const char *path, char error[200]);

/* The next connection, *pid its process; -EPERM: it was neither root nor our user and is
 * closed; another negative errno: none. */
must_use int link_socket_accept(int listen_fd, pid_t *pid);

/* 0; -EAGAIN: nothing came; -EPIPE: the other end has gone; another errno: so to speak. */
must_use int link_socket_receive(int fd, struct link_datagram *out);
void link_datagram_close(struct link_datagram *datagram);

/* 0 or negative errno; -EAGAIN when the other end does not read. */
must_use int link_socket_send(int fd, const struct link_message *message);

#endif

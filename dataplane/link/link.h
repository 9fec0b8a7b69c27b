/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link: the data plane's end of the link to control (include/link_message.h).
 *
 * The link thread calls link_turn() in its loop. Requests are served one at a time, in
 * order, each answered once:
 *
 *   LINK_IMAGE   validated in full and saved as last good by a helper thread, while deltas
 *                are served; then published with the deltas that it does not hold, and
 *                answered (image_job.h). An image that cannot be saved (disk full) is
 *                enforced all the same: what operators decided must hold now; the answer is
 *                0 with a warning.
 *   LINK_DELTAS  all or none: published, written to the journal beside the image
 *                (fdatasync, once for all of them), answered; a failed write is a warning
 *                likewise, and made up for by the next one that succeeds.
 *
 * A refused request changes nothing. One control is heard: the newest connection
 * replaces the one before, because a control that died behind a hung socket must not
 * lock its successor out. Only root and our own user may connect (socket mode 0600 and
 * SO_PEERCRED). What is not a link message, or comes from a control that does not read
 * its answers, closes the connection and nothing else.
 *
 * Open it after the process has become its final user: the socket and the files belong
 * to who makes them. Threads: the link thread (link_open() by main before it starts).
 */
#ifndef DP_LINK_H
#define DP_LINK_H
#include "check.h"
#include "publish.h"

#define LINK_ERROR_SIZE 200u

struct link_server;

struct link_params {
	const char *socket_path; /* settings: link_socket */
	const char *image_file;  /* settings: image_file */
	const char *image_key;   /* settings: image_key; NULL or "": none is demanded */
	uint64_t instance; /* of this process; 0 = it is not said */
	unsigned n_workers;
	/* One sentence an event, for the log; NULL = silent. Link thread. */
	void (*say)(void *arg, const char *sentence);
	void *arg;
};

/*
 * Publish the last good image with its deltas, if there is one that can be trusted,
 * and listen. publish must outlive the server. 0, or negative errno with a sentence:
 * -EADDRINUSE (another data plane listens there), -EACCES, ...
 */
must_use int link_open(struct link_server **out, const struct link_params *params,
                       struct publish *publish, char error[LINK_ERROR_SIZE]);
/* Closes and removes the socket. What is published stays published. */
void link_close(struct link_server *server);

/*
 * Wait at most timeout_ms (0: do not) and serve at most one request. 1: something was
 * served; 0: nothing came; negative errno: the socket is broken. Blocks longer only for
 * the disk and for publish_swap().
 */
must_use int link_turn(struct link_server *server, int timeout_ms);

#endif

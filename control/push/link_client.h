/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link_client: control's end of the link to the data plane.
 *
 * Each request waits for its answer, at most timeout_ms; several threads may ask at once,
 * so that deltas pass while an image is read. The messages are include/link_message.h, the
 * other end is dataplane/link/.
 *
 * Results  0: the data plane did it; answer->text may still hold a warning (for
 *          example: enforced, but not saved to disk). Negative errno: error holds a
 *          sentence. A refusal is the data plane's own errno and sentence (-EBADMSG,
 *          -EPROTONOSUPPORT, -ENOSPC, -ENOENT, ...) and the connection lives on.
 *          After -ETIMEDOUT, -ECONNRESET or -EPROTO close it and open another: what
 *          was asked may or may not have been done, so ask again. Control that finds
 *          -ECONNRESET lost a data plane, or was replaced by a newer control: the newest
 *          connection is the one that is heard.
 * Owners   counted: link_client_open() makes one, link_client_keep() another, and
 *          link_client_close() by each of them; the last one closes.
 * Threads  any; a request and its answer belong to the caller.
 */
#ifndef CONTROL_LINK_CLIENT_H
#define CONTROL_LINK_CLIENT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "check.h"
#include "link_message.h"

#define LINK_CLIENT_ERROR_SIZE 400u

struct link_client;

/* Connect and say hello; answer (may be NULL): generation in force, pid, workers. */
must_use int link_client_open(struct link_client **out, const char *socket_path,
                              unsigned timeout_ms, struct link_message *answer,
                              char error[LINK_CLIENT_ERROR_SIZE]);
struct link_client *link_client_keep(struct link_client *client);
void link_client_close(struct link_client *client); /* NULL is allowed */

/* For poll(): readable means that the data plane has gone. */
int link_client_fd(const struct link_client *client);

/*
 * Push an image; 0 when every worker uses it. generation: that of its header. The
 * octets are copied into a sealed memfd; an fd that is not sealed already is copied
 * too. fd stays the caller's. leisure: nobody waits for it, so it yields to all else there,
 * when it is sealed.
 */
must_use int link_client_image(struct link_client *client, const void *octets, size_t size,
                               uint64_t generation, unsigned timeout_ms,
                               struct link_message *answer, char error[LINK_CLIENT_ERROR_SIZE]);
must_use int link_client_image_fd(struct link_client *client, int fd, uint64_t generation,
                                  bool leisure, unsigned timeout_ms,
                                  struct link_message *answer,
                                  char error[LINK_CLIENT_ERROR_SIZE]);

/* n deltas, all or none; 0 when every worker enforces them. answer->elapsed_us: how long
 * that took. */
must_use int link_client_deltas(struct link_client *client, const struct link_delta *deltas,
                                unsigned n, unsigned timeout_ms, struct link_message *answer,
                                char error[LINK_CLIENT_ERROR_SIZE]);

/* Screen nothing new, or screen again; 0 when every worker does so. */
must_use int link_client_drain(struct link_client *client, bool on, unsigned timeout_ms,
                               struct link_message *answer,
                               char error[LINK_CLIENT_ERROR_SIZE]);

must_use int link_client_status(struct link_client *client, unsigned timeout_ms,
                                struct link_message *answer,
                                char error[LINK_CLIENT_ERROR_SIZE]);

/* A sealed memfd of these octets for the caller to close, or negative errno. */
must_use int link_memfd(const void *octets, size_t size);

/* What is asked: magic, version and sequence are filled in unless they are set. */
struct link_question {
	struct link_message *request;
	const int *fds; /* beside it; they stay the caller's */
	unsigned n_fds;
	const struct link_delta *deltas; /* behind it */
	unsigned n_deltas;
};

/* The general case: send a request and wait for its answer. */
must_use int link_client_ask(struct link_client *client, const struct link_question *question,
                             unsigned timeout_ms, struct link_message *answer,
                             char error[LINK_CLIENT_ERROR_SIZE]);

#endif

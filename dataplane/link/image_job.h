/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_job: an image on its way into force, while the link thread goes on serving deltas. A
 * hundred million senders take seconds.
 *
 *   loading     a thread reads and proves it, and saves it as last good
 *   carrying    the link thread carries what deltas said since, a few at a time between
 *               its other turns; when nothing is left, the image is in force
 *   clearing    a thread frees what it replaced and shortens the journal; another image
 *               need not wait for that: then the journal is shortened the next time
 *
 * Threads: the link thread.
 */
#ifndef DP_IMAGE_JOB_H
#define DP_IMAGE_JOB_H
#include <stdbool.h>
#include <stdint.h>

#include "check.h"
#include "image_key.h"
#include "lastgood.h"
#include "link_message.h"
#include "publish.h"

struct image_job;

struct image_job_params {
	struct publish *publish;
	struct lastgood *lastgood;
	const struct image_key *key;
	unsigned n_workers;
};

/* What became of a request. */
struct image_outcome {
	struct link_message request;
	uint64_t client, start_us; /* as they were given */
	int result;                /* 0: in force */
	uint64_t waited_us;        /* for the workers */
	char text[LINK_TEXT_SIZE]; /* a sentence, or a warning, or "" */
};

must_use int image_job_open(struct image_job **out, const struct image_job_params *params);
/* There is none that is loaded or carried. */
void image_job_close(struct image_job *job);

/* For poll(): readable when a thread has ended. */
int image_job_fd(const struct image_job *job);
/* It has something to do now, without waiting. */
bool image_job_ready(const struct image_job *job);
/* It is loaded or carried: image_job_step() first, until it says so. */
bool image_job_busy(const struct image_job *job);

/* Begin. fd is duplicated. Negative errno with a sentence: not begun. */
must_use int image_job_start(struct image_job *job, const struct link_message *request, int fd,
                             uint64_t client, uint64_t start_us, char text[LINK_TEXT_SIZE]);

/* When the fd is readable or it is ready. wait: until the image is in force or refused.
 * true: it is now, and this became of it. text: a sentence about clearing, or "". */
must_use bool image_job_step(struct image_job *job, bool wait, struct image_outcome *out,
                             char text[LINK_TEXT_SIZE]);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "image_job.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "background.h"
#include "image_octets.h"
#include "refuse.h"

enum phase { IDLE, LOADING, CARRYING, CLEARING };

struct image_job {
	struct image_job_params params;
	enum phase phase;
	pthread_t thread; /* while loading and clearing */
	int done_fd;      /* eventfd: the thread has nothing more to do */
	int fd;           /* of the image, while loading */
	struct image_outcome outcome;
	struct tables *tables; /* when loaded */
	struct tables *old;    /* to be freed; NULL: none */
};

int image_job_open(struct image_job **out, const struct image_job_params *params)
{
	struct image_job *job = calloc(1, sizeof(*job));

	if (job == NULL)
		return -ENOMEM;
	job->params = *params;
	job->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (job->done_fd < 0) {
		const int e = errno;
		free(job);
		return -e;
	}
	*out = job;
	return 0;
}

int image_job_fd(const struct image_job *job) { return job->done_fd; }

bool image_job_ready(const struct image_job *job) { return job->phase == CARRYING; }

bool image_job_busy(const struct image_job *job)
{
	return job->phase == LOADING || job->phase == CARRYING;
}

static int open_image(struct image_job *job, char *text)
{
	const struct link_message *m = &job->outcome.request;
	char fault[IMAGE_ERROR_SIZE] = "";
	struct image_octets *octets;
	struct tables *tables;

	int rc = image_octets_map(&octets, job->fd, m->size, text);
	if (rc != 0)
		return rc;
	rc = image_key_check(job->params.key, octets->octets, octets->size, text);
	if (rc != 0) {
		image_octets_release(octets);
		return rc;
	}
	rc = tables_open(&tables, octets->octets, octets->size, job->params.n_workers,
	                 image_octets_release, octets, fault);
	if (rc != 0) {
		image_octets_release(octets);
		return refuse(text, rc, "%s", fault);
	}
	const uint64_t generation = tables->image->header->generation;
	if (generation != m->generation) {
		tables_free(tables);
		return refuse(
			text, -EBADMSG, "the image is generation %llu, the message says %llu",
			(unsigned long long)generation, (unsigned long long)m->generation);
	}
	job->tables = tables;
	return 0;
}

static void tell_done(const struct image_job *job)
{
	const uint64_t one = 1;

	if (write(job->done_fd, &one, sizeof(one)) != sizeof(one))
		abort(); /* an eventfd of ours takes a 1 */
}

static void *load(void *arg)
{
	struct image_job *job = arg;
	struct image_outcome *o = &job->outcome;

	if (o->request.leisure != 0)
		background_begin("load");
	o->result = open_image(job, o->text);
	if (o->result == 0)
		(void)!lastgood_save(job->params.lastgood, job->tables, o->text);
	tell_done(job);
	return NULL;
}

/* Nobody waits for it, and it holds no lock. */
static void *clear(void *arg)
{
	struct image_job *job = arg;

	background_begin("clear");
	lastgood_trim_run(job->params.lastgood);
	tables_free(job->old);
	tell_done(job);
	return NULL;
}

static void join(struct image_job *job)
{
	uint64_t ones;

	pthread_join(job->thread, NULL);
	(void)!read(job->done_fd, &ones, sizeof(ones));
	job->phase = IDLE;
}

static void end_clearing(struct image_job *job, char *text)
{
	join(job);
	(void)!lastgood_trim_end(job->params.lastgood, text);
}

static void begin_clearing(struct image_job *job, char *text)
{
	/* An image that could not be saved leaves the one before in force on disk. */
	if (job->outcome.text[0] == '\0')
		(void)!lastgood_trim_begin(job->params.lastgood, job->tables, text);
	const int rc = pthread_create(&job->thread, NULL, clear, job);
	if (rc == 0) {
		job->phase = CLEARING;
		return;
	}
	lastgood_trim_stop(job->params.lastgood);
	(void)!lastgood_trim_end(job->params.lastgood, text);
	tables_free(job->old);
}

static void begin_carrying(struct image_job *job)
{
	join(job);
	close(job->fd);
	if (job->outcome.result != 0)
		return;
	tables_carry_begin(publish_current(job->params.publish));
	job->phase = CARRYING;
}

/* true: all is carried and the image in force, or it is refused. */
static bool carry(struct image_job *job, char *text)
{
	struct image_outcome *o = &job->outcome;
	const int rc = tables_carry(job->tables, publish_current(job->params.publish));

	if (rc == 1)
		return false;
	job->phase = IDLE;
	if (rc != 0) {
		tables_free(job->tables);
		o->result = refuse(o->text, rc, "out of memory");
		return true;
	}
	job->old = publish_exchange(job->params.publish, job->tables, &o->waited_us);
	begin_clearing(job, text);
	return true;
}

int image_job_start(struct image_job *job, const struct link_message *request, int fd,
                    uint64_t client, uint64_t start_us, char text[LINK_TEXT_SIZE])
{
	char unsaid[LINK_TEXT_SIZE];

	bug_if(image_job_busy(job));
	if (job->phase == CLEARING) {
		lastgood_trim_stop(job->params.lastgood);
		end_clearing(job, unsaid);
	}
	job->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (job->fd < 0)
		return refuse(text, -errno, "image: %s", strerror(errno));
	job->outcome = (struct image_outcome){ .request = *request,
		                               .client = client,
		                               .start_us = start_us };
	const int rc = pthread_create(&job->thread, NULL, load, job);
	if (rc != 0) {
		close(job->fd);
		return refuse(text, -rc, "image: %s", strerror(rc));
	}
	job->phase = LOADING;
	return 0;
}

bool image_job_step(struct image_job *job, bool wait, struct image_outcome *out,
                    char text[LINK_TEXT_SIZE])
{
	bool ended = false;

	text[0] = '\0';
	if (job->phase == CLEARING)
		end_clearing(job, text);
	else if (job->phase == LOADING) {
		begin_carrying(job);
		ended = job->phase == IDLE;
	}
	while (!ended && job->phase == CARRYING) {
		ended = carry(job, text);
		if (!wait)
			break;
	}
	if (ended)
		*out = job->outcome;
	return ended;
}

void image_job_close(struct image_job *job)
{
	char unsaid[LINK_TEXT_SIZE];

	if (job == NULL)
		return;
	bug_if(image_job_busy(job));
	if (job->phase == CLEARING)
		end_clearing(job, unsaid);
	close(job->done_fd);
	free(job);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crash: a process that writes deltas, as control and as the data plane, is killed at every
 * point there is, one after the other; control writes the next delta while one is on its way
 * (push.h). Whatever it had acknowledged is found again in the
 * registry and in the last good image with its journal, in order, with its generation.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "address.h"
#include "campaign_set.h"
#include "crash_point.h"
#include "import.h"
#include "lastgood.h"
#include "registry_campaigns.h"
#include "registry_delta.h"
#include "registry_image.h"
#include "verdict.h"

#define SENDERS 5u
#define OPS 19u
#define CAMPAIGN_EVERY 4u /* of them is of a campaign */
#define FINGERPRINT UINT64_C(0x5eed0c0ffee0f00d)
#define OPS_AN_IMAGE 5u /* an image after so many of them */

/* Shared with the child: it tells what it has done by these. */
struct shared {
	unsigned crash_at; /* which passing of a point kills; 0 = none */
	unsigned passed;
	unsigned acknowledged; /* deltas that an operator would have been answered */
	uint64_t base;         /* generation before the first */
	char name[40];         /* of the point that killed */
	bool failed;
};
static struct shared *shared;
static char folder[64], database[96], image_path[96];
static const struct image_key no_key; /* none is demanded */
static bool armed;                    /* in the child, from the first delta on */

void crash_point(const char *name)
{
	if (!armed || ++shared->passed != shared->crash_at)
		return;
	snprintf(shared->name, sizeof(shared->name), "%s", name);
	kill(getpid(), SIGKILL);
}

static void must(bool good)
{
	if (good)
		return;
	shared->failed = true;
	_exit(1);
}

static void sender_name(char name[16], unsigned i) { snprintf(name, 16, "0101234%04u", i); }

static bool is_campaign(unsigned i) { return i % CAMPAIGN_EVERY == 1; }

static struct registry_delta operation(unsigned i, char name[CAMPAIGN_TEXT_SIZE])
{
	static const enum link_delta_op ops[] = { LINK_SUSPEND, LINK_BLOCK, LINK_LIFT,
		                                  LINK_UNBLOCK };

	if (is_campaign(i)) {
		campaign_text(name, FINGERPRINT);
		return (struct registry_delta){ .op = i / CAMPAIGN_EVERY % 2 == 0
			                                      ? LINK_BLOCK
			                                      : LINK_UNBLOCK,
			                        .kind = LINK_CAMPAIGN,
			                        .name = name };
	}
	sender_name(name, i * 3 % SENDERS);
	return (struct registry_delta){ .op = ops[i * 7 / 3 % 4],
		                        .kind = LINK_SENDER,
		                        .name = name };
}

/* The twin: what the first n operations make of sender s. A lift of one that is only blocked
 * is refused by the registry, so that it changes nothing there or here. */
struct twin {
	bool suspended, blocked;
};

static bool is_refused(enum link_delta_op op, struct twin t)
{
	return op == LINK_LIFT && t.blocked && !t.suspended;
}

static struct twin twin_of(unsigned s, unsigned n)
{
	char name[CAMPAIGN_TEXT_SIZE], mine[16];
	struct twin t = { 0 };

	sender_name(mine, s);
	for (unsigned i = 0; i < n; i++) {
		const struct registry_delta d = operation(i, name);
		if (strcmp(name, mine) != 0 || is_refused(d.op, t))
			continue;
		if (d.op == LINK_SUSPEND || d.op == LINK_LIFT)
			t.suspended = d.op == LINK_SUSPEND;
		else
			t.blocked = d.op == LINK_BLOCK;
	}
	return t;
}

static unsigned expected(unsigned s, unsigned n)
{
	const struct twin t = twin_of(s, n);

	return t.blocked ? REASON_SENDER_BLOCKED : t.suspended ? REASON_SENDER_SUSPENDED : 0;
}

static bool campaign_expected(unsigned n)
{
	bool blocked = false;

	for (unsigned i = 0; i < n; i++)
		if (is_campaign(i))
			blocked = i / CAMPAIGN_EVERY % 2 == 0;
	return blocked;
}

static bool campaign_is_blocked(const struct tables *t)
{
	const uint32_t now = (uint32_t)time(NULL);

	return campaign_set_find(t->campaigns, FINGERPRINT, now) != NULL;
}

static unsigned reason(const struct tables *t, unsigned s)
{
	const struct image_sender *found;
	struct sender_key key;
	char name[16];

	sender_name(name, s);
	must(address_key(&key, (const uint8_t *)name, strlen(name), 0, 0, 82) == 0);
	sender_set_find(&t->image->senders, &key, 1, &found);
	return tables_sender_reason(t, &key, found, 1, (uint32_t)time(NULL));
}

static void release(void *octets) { munmap(octets, (size_t)1 << 20); }

static bool trimming;

static void end_trim(struct lastgood *l)
{
	char text[LINK_TEXT_SIZE];

	must(!trimming || lastgood_trim_end(l, text) == 0);
	trimming = false;
}

/* The registry's image in place of t, kept on disk; as the link server does it. */
static struct tables *swap_image(struct registry *r, struct lastgood *l, struct tables *t)
{
	static struct image_cache cache;
	char error[REGISTRY_IMAGE_ERROR_SIZE], text[LINK_TEXT_SIZE];
	struct registry_image image;
	struct tables *next;

	must(registry_image_build(&image, r, &cache, error) == 0);
	void *octets = mmap(NULL, (size_t)1 << 20, PROT_READ, MAP_PRIVATE, image.fd, 0);
	must(octets != MAP_FAILED && image.size <= (size_t)1 << 20);
	must(tables_open(&next, octets, image.size, 1, release, octets, error) == 0);
	close(image.fd);
	must(lastgood_save(l, next, text) == 0);
	tables_carry_begin(t);
	must(tables_carry(next, t) == 0); /* a few at once are all */
	tables_free(t);
	must(lastgood_trim_begin(l, next, text) == 0);
	lastgood_trim_run(l);
	trimming = true; /* until after the next delta */
	return next;
}

static int change(struct registry *r, unsigned i, struct link_delta *told)
{
	char name[CAMPAIGN_TEXT_SIZE];
	const struct registry_delta d = operation(i, name);

	must(registry_deltas_begin(r, false) == 0);
	return registry_deltas_end(r, registry_delta(r, &d, told));
}

/* A delta that control has written. */
struct written {
	struct link_delta told;
	bool accepted;
};

static void write_one(struct registry *r, unsigned i, struct written *out)
{
	out->accepted = change(r, i, &out->told) == 0;
}

static struct tables *enforce(struct lastgood *l, struct tables *t, const struct link_delta *d)
{
	char text[LINK_TEXT_SIZE];
	struct tables *next;

	must(tables_deltas(&next, t, d, 1) == 0);
	tables_free(t);
	must(lastgood_deltas(l, next, d, 1, text) == 0);
	return next;
}

/* What control does beside: room in the log, or a log that begins anew. */
static void tidy(struct registry *r, struct registry *beside, unsigned i)
{
	must(registry_checkpoint(beside) >= 0);
	if (i % 2 == 0)
		must(registry_log_room(beside, registry_log_used(r)) >= 0);
	else
		must(registry_restart_log(beside) == 0);
}

static void run_child(void)
{
	char text[LINK_TEXT_SIZE];
	struct lastgood *l = NULL;
	struct registry *r = NULL, *beside = NULL;
	struct written deltas[OPS];
	struct tables *t;
	bool whole = false;

	must(registry_open(&r, database) == 0 && registry_open(&beside, database) == 0 &&
	     lastgood_open(&l, image_path) == 0);
	registry_defer_checkpoints(r);
	must(lastgood_load(l, 1, &no_key, &t, &whole, text) == 0 && whole);
	armed = true;
	for (unsigned i = 0; i < OPS; i++) {
		/* Before an image all that is written was sent. */
		if (i % OPS_AN_IMAGE == 0)
			write_one(r, i, &deltas[i]);
		if ((i + 1) % OPS_AN_IMAGE != 0 && i + 1 < OPS)
			write_one(r, i + 1, &deltas[i + 1]);
		tidy(r, beside, i);
		if (deltas[i].accepted)
			t = enforce(l, t, &deltas[i].told);
		shared->acknowledged = i + 1;
		end_trim(l);
		if ((i + 1) % OPS_AN_IMAGE == 0)
			t = swap_image(r, l, t);
	}
	_exit(0);
}

static int import(struct registry *r,
                  int (*kind)(struct registry *, char *, size_t, const struct import_options *,
                              struct problems *, struct problems *, struct import_result *),
                  const char *rows)
{
	const struct import_options options = { 0 };
	struct import_result done;
	struct problems p, n;
	char text[400];

	strcpy(text, rows);
	problems_init(&p, "f");
	problems_init(&n, "f");
	return kind(r, text, strlen(text), &options, &p, &n, &done);
}

static void prepare(void)
{
	char rows[400] = "address,owner\n", name[16];
	struct lastgood *l;
	struct registry *r;

	strcpy(folder, "/dev/shm/sluice-crash-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(database, sizeof(database), "%s/r", folder);
	snprintf(image_path, sizeof(image_path), "%s/image", folder);
	for (unsigned i = 0; i < SENDERS; i++) {
		sender_name(name, i);
		sprintf(rows + strlen(rows), "%s,acme\n", name);
	}
	assert_int_equal(registry_open(&r, database), 0);
	assert_int_equal(import(r, import_accounts, "system_id\nacme\n"), 0);
	assert_int_equal(import(r, import_senders, rows), 0);
	assert_int_equal(registry_generation(r, &shared->base), 0);
	assert_int_equal(lastgood_open(&l, image_path), 0);
	tables_free(swap_image(r, l, NULL));
	lastgood_close(l);
	registry_close(r);
}

static void clear(void)
{
	char command[100];

	snprintf(command, sizeof(command), "rm -rf %s", folder);
	assert_int_equal(system(command), 0);
}

/* How many operations have made this state: those acknowledged, or up to so many more. */
static void check_tables(const struct tables *t, const char *whose, unsigned more)
{
	const unsigned n = shared->acknowledged;

	for (unsigned i = n; i <= n + more; i++) {
		unsigned wrong = campaign_is_blocked(t) != campaign_expected(i);
		for (unsigned s = 0; s < SENDERS; s++)
			wrong += reason(t, s) != expected(s, i);
		if (wrong == 0)
			return;
	}
	fail_msg("%s at passing %u (%s): not %u to %u operations are there", whose,
	         shared->crash_at, shared->name, n, n + more);
}

static void recover(void)
{
	static struct image_cache cache;
	char error[REGISTRY_IMAGE_ERROR_SIZE], text[LINK_TEXT_SIZE];
	struct registry_image image;
	struct registry *r;
	struct lastgood *l;
	struct tables *t;
	uint64_t now = 0;
	bool whole = false;

	/* The data plane, by itself: from its disk. */
	assert_int_equal(lastgood_open(&l, image_path), 0);
	assert_int_equal(lastgood_load(l, 1, &no_key, &t, &whole, text), 0);
	assert_true(whole || strcmp(shared->name, "journal_written") == 0);
	check_tables(t, "data plane", 1);
	const uint64_t seen = tables_generation(t);
	tables_free(t);
	lastgood_close(l);
	/* Control: its registry, as the next image will have it. */
	assert_int_equal(registry_open(&r, database), 0);
	assert_int_equal(registry_generation(r, &now), 0);
	assert_true(seen <= now); /* nothing is in force that the registry does not know */
	assert_int_equal(registry_image_build(&image, r, &cache, error), 0);
	void *octets = mmap(NULL, (size_t)1 << 20, PROT_READ, MAP_PRIVATE, image.fd, 0);
	assert_int_equal(tables_open(&t, octets, image.size, 1, release, octets, error), 0);
	close(image.fd);
	check_tables(t, "registry", 2);
	tables_free(t);
	registry_close(r);
}

/* One run that is killed at a passing; false: it came to its end. */
static bool killed_at(unsigned crash_at)
{
	int status = 0;

	*shared = (struct shared){ .crash_at = crash_at };
	prepare();
	const pid_t child = fork();
	if (child == 0)
		run_child();
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_false(shared->failed);
	recover();
	clear();
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static void killed_at_every_point(void **state)
{
	static const char *const points[] = { "registry_before_commit", "registry_committed",
		                              "journal_written",        "file_written",
		                              "file_renamed",           "image_saved",
		                              "journal_copied",         "journal_trimmed" };
	bool met[sizeof(points) / sizeof(points[0])] = { false };
	unsigned n = 1;

	(void)state;
	for (; killed_at(n); n++)
		for (unsigned i = 0; i < sizeof(points) / sizeof(points[0]); i++)
			met[i] |= strcmp(shared->name, points[i]) == 0;
	assert_int_equal(shared->acknowledged, OPS);
	print_message("killed at %u passings\n", n - 1);
	for (unsigned i = 0; i < sizeof(points) / sizeof(points[0]); i++)
		if (!met[i])
			fail_msg("%s was never passed", points[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(killed_at_every_point) };

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
	              -1, 0);
	if (shared == MAP_FAILED)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

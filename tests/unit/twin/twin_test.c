/* SPDX-License-Identifier: Apache-2.0 */
/*
 * twin: registry and tables together beside a few naive rows: imports, deltas, images that
 * are swapped in while deltas come, and a clock that goes both ways. What the data plane
 * says of each sender is what the rows say, whether it is told by an image or by a delta.
 *
 * usage: twin_test [OPERATIONS [SEED]]      millions of them by hand, 4,000 in the suite
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "../carry.h"
#include "address.h"
#include "import.h"
#include "registry_delta.h"
#include "registry_image.h"
#include "tables.h"
#include "verdict.h"

#define SENDERS 12u
#define ACCOUNTS 3u
#define START 1800000000u /* the clock's */
#define SPAN 600u
#define MAPPED ((size_t)1 << 20)

struct row {
	/* The record, as the latest import or addition says. */
	bool exists, suspended;
	uint32_t blocked, from, until;
	unsigned owner;
	int64_t import;
	/* Sanctions, which outlive records. 0: none was ever made. */
	enum link_delta_op sanction;
	int64_t sanction_import;
	bool has_block;
	uint32_t block;
	int64_t block_import;
};

static unsigned long operations = 4000;
static uint64_t random_state = 1;
static char folder[64], database[96];
static struct row rows[SENDERS];
static struct registry *registry;
static struct tables *tables;
static struct image_cache cache;
static int64_t imports; /* so far */
static bool stale;      /* an import is not in the tables yet */
static uint32_t now = START;

static uint32_t below(uint32_t n)
{
	random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)((random_state >> 32) * n >> 32);
}

static void name_of(char out[16], unsigned i) { snprintf(out, 16, "0101234%04u", i * 7); }

static bool is_suspended(const struct row *r)
{
	if (r->sanction == LINK_SUSPEND)
		return true;
	const bool lifted = r->sanction == LINK_LIFT && r->sanction_import >= r->import;
	return r->exists && r->suspended && !lifted;
}

/* Until when; 0: not. */
static uint32_t blocked_until(const struct row *r)
{
	if (r->has_block && r->block != 0)
		return r->block;
	const bool ended = r->has_block && r->block_import >= r->import;
	return r->exists && !ended ? r->blocked : 0;
}

static unsigned expected(const struct row *r, unsigned account)
{
	const uint32_t until = blocked_until(r);

	if (until == UINT32_MAX || now < until)
		return REASON_SENDER_BLOCKED;
	if (is_suspended(r))
		return REASON_SENDER_SUSPENDED;
	if (!r->exists)
		return REASON_SENDER_UNCERTIFIED;
	if (now < r->from || (r->until != 0 && now >= r->until))
		return REASON_SENDER_EXPIRED;
	return r->owner == account ? REASON_PASS : REASON_SENDER_NOT_OWNED;
}

static unsigned found(unsigned sender, unsigned account)
{
	const struct image_sender *record;
	struct sender_key key;
	char name[16], system_id[4];

	name_of(name, sender);
	snprintf(system_id, sizeof(system_id), "a%u", account);
	assert_int_equal(address_key(&key, (const uint8_t *)name, strlen(name), 0, 0, 82), 0);
	sender_set_find(&tables->image->senders, &key, 1, &record);
	const uint32_t row = tables_account_row(tables, (const uint8_t *)system_id, 2);
	assert_true(row != 0);
	return tables_sender_reason(tables, &key, record, row, now);
}

static void fail_differs(const char *after, unsigned long step, unsigned s, unsigned a)
{
	const struct row *r = &rows[s];

	print_message(
		"record %d of account %u, suspended %d, blocked %u, from %u until %u, import "
		"%lld; sanction %d at import %lld; block %d %u at import %lld; now %u\n",
		r->exists, r->owner, r->suspended, r->blocked, r->from, r->until,
		(long long)r->import, (int)r->sanction, (long long)r->sanction_import,
		r->has_block, r->block, (long long)r->block_import, now);
	fail_msg("operation %lu, %s: sender %u of account %u: reason %u, twin %u", step, after,
	         s, a, found(s, a), expected(r, a));
}

static void check_all(const char *after, unsigned long step)
{
	for (unsigned s = 0; s < SENDERS && !stale; s++)
		for (unsigned a = 0; a < ACCOUNTS; a++)
			if (found(s, a) != expected(&rows[s], a))
				fail_differs(after, step, s, a);
}

static void release(void *octets) { munmap(octets, MAPPED); }

/* What a registry says, in place of the tables; what they were told since stays. */
static void swap_image(struct registry *from)
{
	char error[REGISTRY_IMAGE_ERROR_SIZE];
	struct registry_image image;
	struct tables *next;

	if (registry_image_build(&image, from, &cache, error) != 0)
		fail_msg("%s", error);
	void *octets = mmap(NULL, MAPPED, PROT_READ, MAP_PRIVATE, image.fd, 0);
	assert_true(octets != MAP_FAILED && image.size <= MAPPED);
	assert_int_equal(tables_open(&next, octets, image.size, 1, release, octets, error), 0);
	close(image.fd);
	carry(next, tables);
	tables_free(tables);
	tables = next;
}

typedef int importer(struct registry *, char *, size_t, const struct import_options *,
                     struct problems *, struct problems *, struct import_result *);

static void import(importer *function, char *text)
{
	const struct import_options options = { 0 };
	struct problems problems, notes;
	struct import_result done;

	problems_init(&problems, "f");
	problems_init(&notes, "f");
	if (function(registry, text, strlen(text), &options, &problems, &notes, &done) != 0)
		fail_msg("import: %s %s", problems.list[0].text, registry_error(registry));
	imports++;
}

static uint32_t instant(void) { return below(3) ? START - SPAN / 2 + below(2 * SPAN) : 0; }

static const char *time_text(char out[32], uint32_t seconds)
{
	const time_t t = seconds;
	struct tm tm;

	out[0] = '\0';
	if (seconds != 0)
		strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&t, &tm));
	return out;
}

static void draw_validity(struct row *r)
{
	r->from = instant();
	r->until = instant();
	if (r->until != 0 && r->until <= r->from)
		r->until = r->from + 1 + below(SPAN);
}

/* Some senders, each once, in the order of their numbers. */
static void import_some(void)
{
	static const char *const states[] = { "certified", "suspended", "blocked" };
	char text[SENDERS * 160 + 100] = "address,owner,state,valid_from,valid_until,"
					 "blocked_until\n";
	bool any = false;

	for (unsigned s = 0; s < SENDERS; s++) {
		struct row *r = &rows[s];
		char name[16], from[32], until[32], blocked[32];
		const unsigned state = below(4) ? 0 : 1 + below(2);

		if (below(4) != 0 && (s + 1 < SENDERS || any))
			continue;
		any = true;
		draw_validity(r);
		r->blocked = below(4) ? 0 : instant();
		r->exists = true;
		r->suspended = state == 1;
		r->owner = below(ACCOUNTS);
		r->import = imports + 1;
		name_of(name, s);
		sprintf(text + strlen(text), "%s,a%u,%s,%s,%s,%s\n", name, r->owner,
		        states[state], time_text(from, r->from), time_text(until, r->until),
		        time_text(blocked, r->blocked));
		if (state == 2 && r->blocked == 0)
			r->blocked = UINT32_MAX;
	}
	import(import_senders, text);
	stale = true;
}

/* What the registry must answer to it. */
static int answer_of(const struct row *r, enum link_delta_op op)
{
	switch (op) {
	case LINK_SUSPEND:
	case LINK_REMOVE:
		return r->exists ? 0 : -ENOENT;
	case LINK_LIFT:
		if (!is_suspended(r) && blocked_until(r) != 0)
			return r->exists ? -EPERM : -ENOENT;
		return r->exists || is_suspended(r) ? 0 : -ENOENT;
	case LINK_UNBLOCK:
		return r->exists || blocked_until(r) != 0 ? 0 : -ENOENT;
	case LINK_ADD:
		return r->exists ? -EEXIST : 0;
	case LINK_BLOCK:
		break;
	}
	return 0;
}

static void tell_twin(struct row *r, const struct registry_delta *d, unsigned owner)
{
	const int64_t import = r->exists ? r->import : 0;

	switch (d->op) {
	case LINK_SUSPEND:
	case LINK_LIFT:
		r->sanction = d->op;
		r->sanction_import = import;
		break;
	case LINK_BLOCK:
	case LINK_UNBLOCK:
		r->has_block = true;
		r->block = d->op == LINK_UNBLOCK ? 0 : d->until == 0 ? UINT32_MAX : d->until;
		r->block_import = import;
		break;
	case LINK_ADD:
		r->exists = true;
		r->suspended = false;
		r->blocked = 0;
		r->owner = owner;
		r->from = d->valid_from;
		r->until = d->until;
		r->import = imports;
		break;
	case LINK_REMOVE: /* what a file said against the number stays */
		if (is_suspended(r)) {
			r->sanction = LINK_SUSPEND;
			r->sanction_import = import;
		}
		if (blocked_until(r) != 0) {
			r->block = blocked_until(r);
			r->has_block = true;
			r->block_import = import;
		}
		r->exists = false;
		break;
	}
}

static void change_one(void)
{
	const unsigned s = below(SENDERS), owner = below(ACCOUNTS);
	struct row *r = &rows[s], times = { 0 };
	struct link_delta told;
	struct tables *next;
	char name[16], owners[4];

	name_of(name, s);
	snprintf(owners, sizeof(owners), "a%u", owner);
	struct registry_delta d = { .op = (enum link_delta_op)(1 + below(6)),
		                    .kind = LINK_SENDER,
		                    .name = name };
	draw_validity(&times);
	if (d.op == LINK_ADD) {
		d.owners = owners;
		d.valid_from = times.from;
		d.until = times.until;
	} else if (d.op == LINK_BLOCK) {
		d.until = instant();
	}
	assert_int_equal(registry_deltas_begin(registry, true), 0);
	assert_int_equal(registry_group_begin(registry), 0);
	const int result = registry_group_end(registry, registry_delta(registry, &d, &told));
	assert_int_equal(registry_deltas_end(registry, 0), 0);
	if (result != answer_of(r, d.op))
		fail_msg("operation %d on sender %u: %d (%s), twin %d", (int)d.op, s, result,
		         registry_error(registry), answer_of(r, d.op));
	if (result != 0)
		return;
	tell_twin(r, &d, owner);
	assert_int_equal(tables_deltas(&next, tables, &told, 1), 0);
	tables_free(tables);
	tables = next;
}

/* Some deltas come between the snapshot that an image is made of and its being in force. */
static void image_beside_deltas(void)
{
	struct registry *other = NULL;
	uint64_t generation = 0;

	assert_int_equal(registry_open(&other, database), 0);
	assert_int_equal(registry_snapshot(other, &generation), 0);
	stale = false;
	for (unsigned i = below(4); i > 0; i--)
		change_one();
	swap_image(other);
	registry_close(other);
}

static void one_operation(unsigned long step)
{
	const unsigned kind = below(100);

	if (kind < 75) {
		change_one();
		check_all("delta", step);
	} else if (kind < 85) {
		now = below(4) ? now + below(20) : START + below(SPAN); /* or it jumps */
		check_all("clock", step);
	} else if (kind < 95) {
		image_beside_deltas();
		check_all("image", step);
	} else {
		import_some();
		if (below(2)) {
			change_one();
			image_beside_deltas();
			check_all("import", step);
		}
	}
}

static void registry_and_tables_say_what_the_rows_say(void **state)
{
	char accounts[60] = "system_id\na0\na1\na2\n";

	(void)state;
	strcpy(folder, "/dev/shm/sluice-twin-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(database, sizeof(database), "%s/r", folder);
	assert_int_equal(registry_open(&registry, database), 0);
	import(import_accounts, accounts);
	import_some();
	swap_image(registry);
	stale = false;
	for (unsigned long i = 0; i < operations; i++)
		one_operation(i);
	tables_free(tables);
	image_cache_clear(&cache);
	registry_close(registry);
}

static int clear(void **state)
{
	char command[100];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command); /* NOLINT(cert-env33-c): our own folder, from mkdtemp() */
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(registry_and_tables_say_what_the_rows_say, clear),
	};

	if (argc > 1)
		operations = strtoul(argv[1], NULL, 10);
	if (argc > 2)
		random_state = strtoull(argv[2], NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

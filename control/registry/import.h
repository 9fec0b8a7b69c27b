/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import: accounts and senders from CSV files into the registry.
 *
 * A row adds what it names, or replaces what an earlier import said of it; what the
 * file does not name stays. An optional column that is absent, or a field that is
 * empty, has its default. One wrong row and nothing is imported; every wrong row is
 * reported; or, when the caller wants that, wrong rows are skipped and listed. A
 * suspension or a block that was made by a delta outlives any import.
 *
 *   accounts: system_id | name state mode alphabet sender_field valid_from valid_until
 *             regime refuse_score flag_score
 *   senders:  address owner | state valid_from valid_until blocked_until
 *
 * Senders are compared by canonical form (dataplane/table/address.h): +82 10-1234-5678
 * and 01012345678 are one. A row that says again what an earlier row of the file said
 * is noted; one that contradicts it is a problem, and both are skipped where rows are
 * skipped; both name the two rows. A file of senders holds the registry only while it is
 * written, not while it is read.
 *
 * Threads: the registry's (registry.h); progress may be looked at by any.
 */
#ifndef CONTROL_IMPORT_H
#define CONTROL_IMPORT_H
#include <stddef.h>
#include <stdint.h>

#include "check.h"
#include "problems.h"
#include "registry.h"

/* A row that was not imported. */
struct import_skip {
	uint32_t row; /* line of the file */
	char field[PROBLEM_FIELD_SIZE];
	char *text;
};

#define IMPORT_SKIPS_MAX 100000u /* more: it is not the file that was meant */

struct import_skips {
	struct import_skip *list;
	uint32_t n, room;
};

void import_skips_free(struct import_skips *skips);

enum import_phase {
	IMPORT_IDLE,
	IMPORT_READ, /* of done octets of total */
	IMPORT_SORT,
	IMPORT_WRITE, /* rows */
	IMPORT_COMMIT,
	IMPORT_BUILD, /* the image, and until it is in force */
};

/* Written by the import with relaxed stores, read by whoever shows it. */
struct import_progress {
	uint32_t phase; /* enum import_phase */
	uint64_t done, total;
};

void import_progress(struct import_progress *progress, enum import_phase phase, uint64_t done,
                     uint64_t total); /* NULL is allowed */

struct import_result {
	uint64_t rows;                       /* of data, those that were skipped too */
	uint64_t added, updated;             /* updated: was there, whether it differs or not */
	uint64_t repeated;                   /* rows that said again what an earlier one said */
	uint64_t still_suspended;            /* named by the file, but under a sanction */
	uint64_t generation;                 /* of the registry, now */
	uint64_t read_us, sort_us, write_us; /* write: until it is durable */
};

struct import_options {
	struct import_skips *skips;       /* where wrong rows go; NULL: they fail it */
	struct import_progress *progress; /* NULL: nobody looks */
};

/*
 * text[0 .. size), with text[size] writable; it is overwritten. 0; -EINVAL with
 * problems added; or another negative errno with registry_error(). Nothing is
 * changed unless the result is 0. notes: harmless things worth saying.
 */
must_use int import_accounts(struct registry *registry, char *text, size_t size,
                             const struct import_options *options, struct problems *problems,
                             struct problems *notes, struct import_result *result);
must_use int import_senders(struct registry *registry, char *text, size_t size,
                            const struct import_options *options, struct problems *problems,
                            struct problems *notes, struct import_result *result);

/*
 * The regulator's blacklist and the list of numbers that nobody may send from: columns
 * address, until (empty: for ever). Numbers and their ranges that exist or do not:
 * first, last (empty: one number), state (assigned, unassigned, unknown). Each file is
 * the whole of its list and replaces what was there.
 */
must_use int import_blacklist(struct registry *registry, char *text, size_t size,
                              const struct import_options *options, struct problems *problems,
                              struct problems *notes, struct import_result *result);
must_use int import_theft(struct registry *registry, char *text, size_t size,
                          const struct import_options *options, struct problems *problems,
                          struct problems *notes, struct import_result *result);
must_use int import_numbers(struct registry *registry, char *text, size_t size,
                            const struct import_options *options, struct problems *problems,
                            struct problems *notes, struct import_result *result);
/*
 * The numbering plan of the policy's country (include/image_format.h): columns kind (trunk,
 * idd, bare, home, world), prefix, min, max. The whole plan; no rows: the built-in one.
 */
must_use int import_numbering(struct registry *registry, char *text, size_t size,
                              const struct import_options *options, struct problems *problems,
                              struct problems *notes, struct import_result *result);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import: accounts and senders from CSV files into the registry.
 *
 * A row adds what it names, or replaces what an earlier import said of it; what the
 * file does not name stays. An optional column that is absent, or a field that is
 * empty, has its default. One wrong row and nothing is imported; every wrong row is
 * reported. A suspension made with `suspend` outlives any import.
 *
 *   accounts: system_id | name state mode alphabet sender_field valid_from valid_until
 *   senders:  address owner | state valid_from valid_until blocked_until
 *
 * Senders are compared by canonical form (dataplane/table/address.h): +82 10-1234-5678
 * and 01012345678 are one. A row that says again what an earlier row of the file said
 * is noted; one that contradicts it is a problem; both name the two rows.
 */
#ifndef CONTROL_IMPORT_H
#define CONTROL_IMPORT_H
#include <stddef.h>
#include <stdint.h>

#include "check.h"
#include "problems.h"
#include "registry.h"

struct import_result {
	uint64_t rows;            /* of data */
	uint64_t added, updated;  /* updated: was there, whether it differs or not */
	uint64_t repeated;        /* rows that said again what an earlier one said */
	uint64_t still_suspended; /* named by the file, but under a sanction */
	uint64_t generation;      /* of the registry, now */
};

/*
 * text[0 .. size), with text[size] writable; it is overwritten. 0; -EINVAL with
 * problems added; or another negative errno with registry_error(). Nothing is
 * changed unless the result is 0. notes: harmless things worth saying.
 */
must_use int import_accounts(struct registry *registry, char *text, size_t size,
                             struct problems *problems, struct problems *notes,
                             struct import_result *result);
must_use int import_senders(struct registry *registry, char *text, size_t size,
                            struct problems *problems, struct problems *notes,
                            struct import_result *result);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit_drain: the thread that moves audit records from the workers' rings into the
 * audit store: first those of a file that a data plane with other settings set aside
 * (PATH.old, dataplane/report/report.h), which is removed when all of it is stored.
 *
 * A slot is given back only after its record is committed, so a crash at any moment
 * loses nothing. While the disk is full (or the store fails otherwise) nothing is given
 * back and it is tried again: the rings fill, and the data plane holds refusals back
 * until there is room. audit_drain_state() says so.
 */
#ifndef CONTROL_AUDIT_DRAIN_H
#define CONTROL_AUDIT_DRAIN_H
#include <stdbool.h>
#include <stdint.h>

#include "audit_store.h"
#include "check.h"
#include "load.h"

struct audit_drain;

struct audit_drain_state {
	bool attached;       /* the report file is mapped */
	uint64_t stored;     /* records taken from the rings, since we started */
	uint64_t left_out;   /* of them only counted: strangers' beyond their share */
	uint64_t waiting;    /* records in the rings at the last look */
	uint64_t failing_s;  /* how long storing has been failing; 0 = it works */
	uint64_t other_link_s; /* how long ago load saw that; 0 = it did not */
	char text[AUDIT_ERROR_SIZE]; /* what is wrong, or "" */
	struct load load;    /* of the workers, while attached */
};

/* The thread starts here; store is its own from now on (closed by audit_drain_close). */
must_use int audit_drain_open(struct audit_drain **out, struct audit_store *store,
                              const char *report_path, uint64_t strangers_a_day);
void audit_drain_close(struct audit_drain *drain);
void audit_drain_state(struct audit_drain *drain, struct audit_drain_state *out);

#endif

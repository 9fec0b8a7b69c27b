/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registry: who may send, as rows of an SQLite file. The source of every image.
 *
 * Every change is one transaction and makes the generation grow by one: after a
 * crash the file holds all of a change or nothing of it.
 *
 * Errors     negative errno of sql.h; registry_error() is then a sentence.
 * Threads    one struct registry, one thread at a time; open as many as you like.
 *            Readers see a snapshot and never wait; writers wait for each other.
 */
#ifndef CONTROL_REGISTRY_H
#define CONTROL_REGISTRY_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "check.h"

struct registry;

struct registry_counts {
	uint64_t accounts, accounts_suspended;
	uint64_t senders, senders_suspended, senders_blocked;
	uint64_t rules;
	uint64_t generation;
};

/* Open, or make, or bring to our schema version. *out is made also on failure, for
 * registry_error(); close it in both cases. -ENOMEM leaves it NULL. -EPROTONOSUPPORT:
 * the file was written by a newer version. */
must_use int registry_open(struct registry **out, const char *path);
void registry_close(struct registry *registry);              /* NULL is allowed */
const char *registry_error(const struct registry *registry); /* NULL is allowed */

must_use int registry_count(struct registry *registry, struct registry_counts *out);
must_use int registry_generation(struct registry *registry, uint64_t *out);

/* 1 with the registry id, or the system_id, of an account; 0 when there is none. */
must_use int registry_account_id(struct registry *registry, const char *system_id,
                                 uint32_t *id);
must_use int registry_account_name(struct registry *registry, uint32_t id, char *out,
                                   size_t size);

/* Make the generation greater than this one: the data plane has seen it already
 * (the file is older than its image: a backup was restored). */
must_use int registry_outgrow(struct registry *registry, uint64_t generation);

/* One number of the policy (policy.def); default where it was never set. -ENOENT: no
 * such name; -ERANGE: outside its bounds. */
must_use int registry_policy(struct registry *registry, const char *name, uint32_t *value);
must_use int registry_set_policy(struct registry *registry, const char *name, uint32_t value,
                                 uint64_t *generation);

/*
 * The numbering plan in force: the operator's for the policy's country, or the built-in one.
 * *out is the registry's, until the next call or registry_close().
 */
struct numbering_plan;
must_use int registry_plan(struct registry *registry, const struct numbering_plan **out);
bool registry_plan_is_own(const struct registry *registry); /* as of that call */
/* The operator's rows as the image takes them, as of that call. */
const struct image_plan_row *registry_plan_rows(const struct registry *registry, uint32_t *n);

struct policy_row {
	const char *name, *sentence;
	uint32_t min, max, value; /* value: the default */
};
/* Row i, or NULL after the last. */
const struct policy_row *policy_row(unsigned i);

/* A set of rules that was pushed; each has a number of its own, from 1. */
struct rules_version {
	uint32_t version, rules;
	int64_t at; /* Unix seconds */
	bool in_force;
	char file[256], who[64]; /* cut to fit */
	char hash[65];           /* SHA-256 of its text, in hexadecimal digits */
};

struct rules_push {
	const char *file, *who; /* for people */
	const char *text;       /* was checked by rule_load() before */
	size_t size;
	const char *const *names; /* of its n rules */
	uint32_t n;
};

/* A new version, in force, and a number for each rule name (an old one keeps its). */
must_use int registry_put_rules(struct registry *registry, const struct rules_push *push,
                                uint64_t *generation);
/* An old version in force again, as it was. -ENOENT: there is none of this number. */
must_use int registry_use_rules(struct registry *registry, uint32_t version,
                                uint64_t *generation);
/* The version in force; 0 when there is none. */
must_use int registry_rules_version(struct registry *registry, uint32_t *version);
/* All of them, the newest first: an array of *n to free(). */
must_use int registry_rules_versions(struct registry *registry, struct rules_version **out,
                                     size_t *n);
/* A copy of the text of a version (NUL after it), to free(); *text NULL when there is none. */
must_use int registry_rules(struct registry *registry, uint32_t version, char **text,
                            size_t *size);
/* The generation that brought these rules; 0 when there are none. */
must_use int registry_rules_generation(struct registry *registry, uint64_t *out);
/* 1 with *id, 0 when no rule was ever called so. */
must_use int registry_rule_id(struct registry *registry, const char *name, uint32_t *id);
/* 1 with the name in out, 0 when that number was never given. */
must_use int registry_rule_name(struct registry *registry, uint32_t id, char *out, size_t size);

/*
 * Thousands of commits a second must not wait, now and then, until the write-ahead log is
 * carried into the database. After registry_defer_checkpoints() the commits of this
 * connection never do that; another thread calls registry_checkpoint() on a connection of
 * its own, about once a second. Negative errno: it is done the next time.
 */
void registry_defer_checkpoints(struct registry *registry);
/* 1: the log of the sanctions should begin anew; what it holds is carried but for a little. */
must_use int registry_checkpoint(struct registry *registry);
/* It begins anew, when nobody reads it. Meanwhile nobody writes: better wait for a lock of
 * your own than for SQLite's, which is looked at now and then. */
must_use int registry_restart_log(struct registry *registry);
/* Octets of the log that are in use after the latest commit of this connection, which defers
 * checkpoints; 0: it has not committed yet. */
int64_t registry_log_used(struct registry *registry);
/* A step of room in the log's file, behind those in use; as registry_restart_log().
 * 1: it was made, so registry_log_flush(), for which nobody need wait, and call again. 0:
 * there is enough. */
must_use int registry_log_room(struct registry *registry, int64_t used);
void registry_log_flush(struct registry *registry);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql: SQLite with its results as errno, its errors as sentences, and parameters
 * that are bound, never pasted.
 *
 * format: one letter a parameter: i int64_t; t const char * (NULL = null);
 * b const void *, size_t.
 *
 * Threads: a connection is used by one thread at a time.
 */
#ifndef CONTROL_SQL_H
#define CONTROL_SQL_H
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "check.h"

#define SQL_ERROR_SIZE 300u
#define SQL_BUSY_MS 10000 /* longest wait for another writer */

struct sql {
	sqlite3 *db;
	char error[SQL_ERROR_SIZE]; /* the last failure, a sentence */
};

/* Open or make the file, write-ahead logged, foreign keys on. application_id: of a
 * file that is ours (a file of somebody else is left alone). 0 or negative errno with
 * error set; close in both cases. */
must_use int sql_open(struct sql *sql, const char *path, int32_t application_id);
void sql_close(struct sql *sql);

/* Note the last failure of db; returns it as errno: -EBUSY, -ENOSPC, -EROFS, -EBADMSG
 * (the file is damaged), -EEXIST (a constraint), -ENOMEM, -EIO. */
int sql_failed(struct sql *sql, const char *doing);

/* Several statements without parameters or results. */
must_use int sql_script(struct sql *sql, const char *script);

/* NULL with error set when it does not compile. */
sqlite3_stmt *sql_prepare(struct sql *sql, const char *statement);

/* Reset, bind, and step once: 1 a row is there, 0 done, negative errno. */
must_use int sql_step(struct sql *sql, sqlite3_stmt *statement, const char *format, ...);
/* The next row of it. */
must_use int sql_again(struct sql *sql, sqlite3_stmt *statement);

/* One statement, once, its rows ignored. 0 or negative errno. */
must_use int sql_run(struct sql *sql, const char *statement, const char *format, ...);

/* First column of its first row as a number into *out: 1 found, 0 no row. */
must_use int sql_number(struct sql *sql, int64_t *out, const char *statement,
                        const char *format, ...);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "sql.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

static int errno_of(int code)
{
	switch (code & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return -EROFS;
	case SQLITE_CANTOPEN:
		return -ENOENT;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return -EBADMSG;
	case SQLITE_CONSTRAINT:
		return -EEXIST;
	case SQLITE_NOMEM:
		return -ENOMEM;
	default:
		return -EIO;
	}
}

int sql_failed(struct sql *sql, const char *doing)
{
	snprintf(sql->error, sizeof(sql->error), "%s: %s", doing, sqlite3_errmsg(sql->db));
	return errno_of(sqlite3_extended_errcode(sql->db));
}

int sql_script(struct sql *sql, const char *script)
{
	if (sqlite3_exec(sql->db, script, NULL, NULL, NULL) != SQLITE_OK)
		return sql_failed(sql, "database");
	return 0;
}

static int check_application(struct sql *sql, const char *path, int32_t application_id)
{
	int64_t found = 0, tables = 0;
	char pragma[64];
	int result = sql_number(sql, &found, "PRAGMA application_id", "");

	if (result < 0)
		return result;
	if (found == application_id)
		return 0;
	result = sql_number(sql, &tables, "SELECT count(*) FROM sqlite_schema", "");
	if (result < 0)
		return result;
	if (tables != 0 || found != 0) {
		snprintf(sql->error, sizeof(sql->error),
		         "%s is a database of another program; give another path", path);
		return -EBADMSG;
	}
	snprintf(pragma, sizeof(pragma), "PRAGMA application_id = %d", application_id);
	return sql_script(sql, pragma);
}

int sql_open(struct sql *sql, const char *path, int32_t application_id)
{
	sql->error[0] = '\0';
	if (sqlite3_open_v2(path, &sql->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) !=
	    SQLITE_OK)
		return sql_failed(sql, path);
	sqlite3_extended_result_codes(sql->db, 1);
	sqlite3_busy_timeout(sql->db, SQL_BUSY_MS);
	const int result = check_application(sql, path, application_id);
	if (result < 0)
		return result;
	/* FULL: what was answered is on the disk, also when the machine loses power. */
	return sql_script(sql, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
	                       "PRAGMA foreign_keys = ON; PRAGMA cache_size = -65536;"
	                       "PRAGMA temp_store = MEMORY");
}

void sql_close(struct sql *sql)
{
	sqlite3_close(sql->db); /* NULL is allowed */
	sql->db = NULL;
}

sqlite3_stmt *sql_prepare(struct sql *sql, const char *statement)
{
	sqlite3_stmt *out = NULL;

	if (sqlite3_prepare_v2(sql->db, statement, -1, &out, NULL) != SQLITE_OK)
		sql_failed(sql, statement);
	return out;
}

static int bind_all(sqlite3_stmt *statement, const char *format, va_list args)
{
	int result = SQLITE_OK;

	for (int i = 1; *format != '\0' && result == SQLITE_OK; format++, i++) {
		const void *octets;

		switch (*format) {
		case 'i':
			result = sqlite3_bind_int64(statement, i, va_arg(args, int64_t));
			break;
		case 't':
			result = sqlite3_bind_text(statement, i, va_arg(args, const char *), -1,
			                           SQLITE_TRANSIENT);
			break;
		case 'b':
			octets = va_arg(args, const void *);
			result = sqlite3_bind_blob64(statement, i, octets, va_arg(args, size_t),
			                             SQLITE_TRANSIENT);
			break;
		default:
			bug_if(true);
		}
	}
	return result;
}

int sql_again(struct sql *sql, sqlite3_stmt *statement)
{
	const int result = sqlite3_step(statement);

	if (result == SQLITE_ROW)
		return 1;
	if (result == SQLITE_DONE)
		return 0;
	return sql_failed(sql, "database");
}

static int step(struct sql *sql, sqlite3_stmt *statement, const char *format, va_list args)
{
	if (statement == NULL)
		return errno_of(sqlite3_errcode(sql->db));
	sqlite3_reset(statement);
	if (bind_all(statement, format, args) != SQLITE_OK)
		return sql_failed(sql, "database");
	return sql_again(sql, statement);
}

int sql_step(struct sql *sql, sqlite3_stmt *statement, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	const int result = step(sql, statement, format, args);
	va_end(args);
	return result;
}

int sql_run(struct sql *sql, const char *statement, const char *format, ...)
{
	sqlite3_stmt *prepared = sql_prepare(sql, statement);
	va_list args;

	va_start(args, format);
	const int result = step(sql, prepared, format, args);
	va_end(args);
	sqlite3_finalize(prepared);
	return result < 0 ? result : 0;
}

int sql_number(struct sql *sql, int64_t *out, const char *statement, const char *format, ...)
{
	sqlite3_stmt *prepared = sql_prepare(sql, statement);
	va_list args;

	va_start(args, format);
	const int result = step(sql, prepared, format, args);
	va_end(args);
	if (result == 1)
		*out = sqlite3_column_int64(prepared, 0);
	sqlite3_finalize(prepared);
	return result;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registry_log: the write-ahead log of the sanctions while thousands of them a second are
 * written. Whoever writes never carries it into the database, and hardly ever makes the file
 * longer: a flush of octets that lie within it writes these and nothing else, while one of a
 * file that has grown waits for the file system's own journal, and with it for whatever
 * others have written.
 */
#include "registry_priv.h"

#define DELTAS_CARRIED 16384 /* at most so many wait while others keep coming */
#define ROOM (32 << 20)      /* octets: of twice as many, each on a page of 1 KiB */
#define ROOM_STEP (1 << 20)  /* a fraction of a millisecond */

void registry_defer_checkpoints(struct registry *registry)
{
	sqlite3_wal_autocheckpoint(registry->sql.db, 0);
}

/* One of the two files: frames in its log, or negative errno. */
static int checkpoint(struct registry *registry, const char *file, int mode)
{
	int frames = 0;

	if (sqlite3_wal_checkpoint_v2(registry->sql.db, file, mode, &frames, NULL) != SQLITE_OK)
		return sql_failed(&registry->sql, "checkpoint");
	return frames;
}

int registry_checkpoint(struct registry *registry)
{
	const int records = checkpoint(registry, "main", SQLITE_CHECKPOINT_PASSIVE);
	int64_t serial = 0;
	int result = sql_number(&registry->sql, &serial, "SELECT value FROM serial", "");
	const bool quiet = serial == registry->serial_before;

	registry->serial_before = serial;
	if (result < 0 || serial == registry->serial_carried)
		return result < 0 ? result : records < 0 ? records : 0;
	if (!quiet && serial - registry->serial_carried < DELTAS_CARRIED)
		return 0;
	registry->serial_carried = serial;
	result = checkpoint(registry, "sanctions", SQLITE_CHECKPOINT_PASSIVE);
	if (result >= 0 && !quiet) /* what came meanwhile: the rest takes a moment */
		result = checkpoint(registry, "sanctions", SQLITE_CHECKPOINT_PASSIVE);
	return result < 0 ? result : !quiet;
}

int registry_restart_log(struct registry *registry)
{
	/* Not while an image is made of what the log holds: it grows until that is done. */
	sqlite3_busy_timeout(registry->sql.db, 0);
	const int frames = checkpoint(registry, "sanctions", SQLITE_CHECKPOINT_RESTART);
	sqlite3_busy_timeout(registry->sql.db, SQL_BUSY_MS);
	return frames < 0 ? frames : 0;
}

static sqlite3_file *log_file(struct registry *registry)
{
	sqlite3_file *file = NULL;

	if (sqlite3_file_control(registry->sql.db, "sanctions", SQLITE_FCNTL_JOURNAL_POINTER,
	                         &file) != SQLITE_OK ||
	    file == NULL || file->pMethods == NULL)
		return NULL;
	return file;
}

static sqlite3_int64 log_size(struct registry *registry)
{
	sqlite3_file *file = log_file(registry);
	sqlite3_int64 size = 0;

	/* ROOM: it cannot be told, so leave it alone. */
	return file == NULL || file->pMethods->xFileSize(file, &size) != SQLITE_OK ? ROOM
	                                                                           : size;
}

/* Zeros behind its end: no frame, and the end of the log for whoever reads it. 1: they were
 * written. */
static int extend(struct registry *registry)
{
	static const uint8_t zeros[1 << 16]; /* SQLite writes no more than twice that at once */
	const sqlite3_int64 size = log_size(registry);
	sqlite3_file *file = log_file(registry);
	int written = SQLITE_OK;

	if (size >= ROOM)
		return 0;
	for (int i = 0; i < ROOM_STEP && written == SQLITE_OK; i += (int)sizeof(zeros))
		written = file->pMethods->xWrite(file, zeros, sizeof(zeros), size + i);
	return written == SQLITE_OK;
}

int registry_log_room(struct registry *registry)
{
	if (log_size(registry) >= ROOM)
		return 0;
	/* With the lock of the sanctions: nobody else writes behind the end of the log. */
	int result = sql_script(&registry->sql, "BEGIN; UPDATE serial SET value = value");
	if (result == 0)
		result = extend(registry);
	if (!sqlite3_get_autocommit(registry->sql.db))
		(void)!sql_script(&registry->sql, "ROLLBACK");
	return result;
}

void registry_log_flush(struct registry *registry)
{
	sqlite3_file *file = log_file(registry);

	if (file != NULL)
		file->pMethods->xSync(file, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registry_log: the write-ahead log of the sanctions while thousands of them a second are
 * written. Whoever writes never carries it into the database, and hardly ever makes the file
 * longer: a flush of octets that lie within it writes these and nothing else, while one of a
 * file that has grown waits for the file system's own journal, and with it for whatever
 * others have written.
 */
#include <string.h>

#include "registry_priv.h"

#define PASSES_MAX 8    /* each carries what came during the one before */
#define FEW 512         /* frames that may be left when it begins anew */
#define ROOM (32 << 20) /* octets behind what is in use: of two seconds and more */
#define FRAME_HEADER 24 /* of the log's format, as its own */
#define LOG_HEADER 32
#define ROOM_STEP (1 << 20) /* a fraction of a millisecond */

/* In place of SQLite's own, which would carry it. */
static int note_frames(void *registry, sqlite3 *db, const char *file, int frames)
{
	struct registry *r = registry;

	(void)db;
	if (strcmp(file, "sanctions") == 0)
		r->log_frames = frames;
	return SQLITE_OK;
}

void registry_defer_checkpoints(struct registry *registry)
{
	sqlite3_wal_hook(registry->sql.db, note_frames, registry);
}

int64_t registry_log_used(struct registry *registry)
{
	if (registry->log_page == 0 && sql_number(&registry->sql, &registry->log_page,
	                                          "PRAGMA sanctions.page_size", "") < 0)
		return 0;
	return LOG_HEADER + registry->log_frames * (registry->log_page + FRAME_HEADER);
}

/* One of the two files: frames in its log, or negative errno. left: those not carried. */
static int checkpoint(struct registry *registry, const char *file, int mode, int *left)
{
	int frames = 0, carried = 0;

	if (sqlite3_wal_checkpoint_v2(registry->sql.db, file, mode, &frames, &carried) !=
	    SQLITE_OK)
		return sql_failed(&registry->sql, "checkpoint");
	*left = frames - carried;
	return frames;
}

/* All that there is, and what comes meanwhile, until that is little. 1: it is; 0: a reader is
 * in the way, such as one who makes an image. */
static int carry_sanctions(struct registry *registry)
{
	int before = 0, left = 0;

	for (unsigned i = 0; i < PASSES_MAX; i++) {
		const int frames =
			checkpoint(registry, "sanctions", SQLITE_CHECKPOINT_PASSIVE, &left);
		if (frames < 0)
			return frames;
		if (left != 0)
			return 0;
		if (i != 0 && frames - before < FEW)
			break;
		before = frames;
	}
	return 1;
}

int registry_checkpoint(struct registry *registry)
{
	int left = 0;
	const int records = checkpoint(registry, "main", SQLITE_CHECKPOINT_PASSIVE, &left);
	int64_t serial = 0;
	int result = sql_number(&registry->sql, &serial, "SELECT value FROM serial", "");
	const bool quiet = serial == registry->serial_before;

	registry->serial_before = serial;
	if (result < 0 || serial == registry->serial_carried)
		return result < 0 ? result : records < 0 ? records : 0;
	if (!quiet && serial - registry->serial_carried < REGISTRY_DELTAS_CARRIED)
		return 0;
	result = carry_sanctions(registry);
	if (result == 1)
		registry->serial_carried = serial;
	return result < 0 ? result : result == 1 && !quiet;
}

int registry_restart_log(struct registry *registry)
{
	int left = 0;

	/* Not while an image is made of what the log holds: it grows until that is done. */
	sqlite3_busy_timeout(registry->sql.db, 0);
	const int frames = checkpoint(registry, "sanctions", SQLITE_CHECKPOINT_RESTART, &left);
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

	/* It cannot be told, so leave it alone. */
	return file == NULL || file->pMethods->xFileSize(file, &size) != SQLITE_OK ? INT64_MAX
	                                                                           : size;
}

/* Zeros behind its end: no frame, and the end of the log for whoever reads it. 1: they were
 * written. */
static int extend(struct registry *registry, sqlite3_int64 enough)
{
	static const uint8_t zeros[1 << 16]; /* SQLite writes no more than twice that at once */
	const sqlite3_int64 size = log_size(registry);
	sqlite3_file *file = log_file(registry);
	int written = SQLITE_OK;

	if (size >= enough)
		return 0;
	for (int i = 0; i < ROOM_STEP && written == SQLITE_OK; i += (int)sizeof(zeros))
		written = file->pMethods->xWrite(file, zeros, sizeof(zeros), size + i);
	return written == SQLITE_OK;
}

int registry_log_room(struct registry *registry, int64_t used)
{
	if (log_size(registry) >= used + ROOM)
		return 0;
	/* With the lock of the sanctions: nobody else writes behind the end of the log. */
	int result = sql_script(&registry->sql, "BEGIN; UPDATE serial SET value = value");
	if (result == 0)
		result = extend(registry, used + ROOM);
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

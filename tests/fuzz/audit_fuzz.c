/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit: a day's file as somebody else left it. It is found unreadable with a sentence,
 * or every row that is found is whole.
 *
 * First octet: bits 0-2 most rows, bit 3 after a cursor, bit 4 one reason, bit 7 octets of
 * the file are changed rather than cells. Cells: column (1), kind (1: number, text, octets,
 * number that is large; bit 7: of the later columns), length (1), octets. Octets of the file:
 * place (2), value (1).
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "audit_store.h"
#include "fuzz.h"

#define DAY 20260102u
#define DAY_US (UINT64_C(1767312000) * 1000000) /* 2026-01-02 */
#define ROWS 3u
#define LIMIT_MAX 7u

enum { UNREADABLE = 1, ROW = 2, CELL_LONG = 4, NEXT = 8 };
unsigned fuzz_reached;
const unsigned fuzz_wanted = UNREADABLE | ROW | CELL_LONG | NEXT;

static char dir[64], path[128], side[140];
static uint8_t sound[1 << 16], octets[1 << 16];
static size_t sound_size;

static void remove_files(void)
{
	static const char *const suffixes[] = { "-wal", "-shm", "-journal", "" };

	for (unsigned i = 0; i < 4; i++) {
		snprintf(side, sizeof(side), "%s%s", path, suffixes[i]);
		(void)unlink(side);
	}
}

static void remove_dir(void)
{
	remove_files();
	(void)rmdir(dir);
}

static struct audit_store *open_store(void)
{
	char error[AUDIT_ERROR_SIZE] = "";
	struct audit_store *store = NULL;

	bug_if(audit_store_open(&store, dir, "/dev/null", error) != 0);
	return store;
}

/* A file of three records as audit_store writes it, kept in memory. */
static void make_sound(void)
{
	struct audit_record r[ROWS] = { 0 };
	char error[AUDIT_ERROR_SIZE] = "";

	strcpy(dir, "/dev/shm/sluice-fuzz-XXXXXX");
	bug_if(mkdtemp(dir) == NULL || atexit(remove_dir) != 0);
	snprintf(path, sizeof(path), "%s/audit-%08u.sqlite", dir, DAY);
	for (unsigned i = 0; i < ROWS; i++) {
		r[i].time_us = DAY_US + i;
		r[i].kind = AUDIT_REFUSED;
		r[i].reason = 10 + i;
		strcpy(r[i].system_id, "hanbit");
		strcpy(r[i].sender, "0200000101");
		memcpy(r[i].text, "text", r[i].text_len = 4);
	}
	struct audit_store *store = open_store();
	bug_if(audit_store_put(store, 0, 0, r, ROWS, error) != 0);
	audit_store_close(store);
	FILE *f = fopen(path, "rb");
	bug_if(f == NULL);
	sound_size = fread(sound, 1, sizeof(sound), f);
	fclose(f);
	bug_if(sound_size == 0 || sound_size == sizeof(sound));
}

static void write_file(void)
{
	remove_files();
	FILE *f = fopen(path, "wb");
	bug_if(f == NULL);
	bug_if(fwrite(octets, 1, sound_size, f) != sound_size || fclose(f) != 0);
}

static void change_octets(const uint8_t *data, size_t size)
{
	for (size_t at = 0; at + 3 <= size; at += 3)
		octets[(data[at] | (size_t)data[at + 1] << 8) % sound_size] = data[at + 2];
	write_file();
}

static void bind(sqlite3_stmt *s, unsigned kind, const uint8_t *octet, int n)
{
	int64_t number = 0;

	memcpy(&number, octet, n < 8 ? (size_t)n : 8);
	switch (kind % 4) {
	case 0:
		sqlite3_bind_int64(s, 1, number);
		break;
	case 1:
		sqlite3_bind_text(s, 1, (const char *)octet, n, SQLITE_STATIC);
		break;
	case 2:
		sqlite3_bind_blob(s, 1, octet, n, SQLITE_STATIC);
		break;
	default:
		sqlite3_bind_double(s, 1, (double)number * 1e30);
	}
}

/* Cells of any type and length in any column: what a type in SQLite allows. */
static void change_cells(const uint8_t *data, size_t size)
{
	static const char *const columns[] = {
		"time_us",  "generation",     "kind",       "reason",
		"rule",     "rule_name",      "account_id", "system_id",
		"sender",   "recipient_hash", "flow",       "command_id",
		"sequence", "data_coding",    "text",       "id"
	};
	static const char *const later[] = { "rules_version", "score", "rules" };
	sqlite3 *db = NULL;

	write_file();
	bug_if(sqlite3_open(path, &db) != SQLITE_OK);
	sqlite3_exec(db, "PRAGMA synchronous = OFF", NULL, NULL, NULL);
	for (size_t at = 0; at + 3 <= size;) {
		const int n =
			data[at + 2] < size - at - 3 ? data[at + 2] : (int)(size - at - 3);
		char update[100];
		sqlite3_stmt *s = NULL;

		snprintf(update, sizeof(update), "UPDATE record SET %s = ? WHERE id = %u",
		         data[at + 1] & 128 ? later[data[at] % 3] : columns[data[at] % 16],
		         1 + data[at] / 16 % ROWS);
		bug_if(sqlite3_prepare_v2(db, update, -1, &s, NULL) != SQLITE_OK);
		bind(s, data[at + 1], data + at + 3, n);
		(void)sqlite3_step(s); /* a constraint may refuse it */
		sqlite3_finalize(s);
		at += 3 + (size_t)n;
	}
	sqlite3_close(db);
}

static void check_rows(const struct audit_row *rows, int64_t n)
{
	for (int64_t i = 0; i < n; i++) {
		const struct audit_record *r = &rows[i].record;

		bug_if(rows[i].day != DAY || r->text_len > AUDIT_TEXT_SIZE);
		bug_if(strnlen(rows[i].rule_name, sizeof(rows[i].rule_name)) ==
		       sizeof(rows[i].rule_name));
		bug_if(strnlen(rows[i].rules, sizeof(rows[i].rules)) == sizeof(rows[i].rules));
		fuzz_reached |= ROW | (r->text_len > 100 ? CELL_LONG : 0);
	}
}

static void find(unsigned how)
{
	const struct audit_query query = { .limit = 1 + how % LIMIT_MAX,
		                           .reason = how & 16 ? 11 : -1,
		                           .after_day = how & 8 ? DAY : 0,
		                           .after_id = 1,
		                           .campaign = how & 32,
		                           .system_id = how & 64 ? "acme" : NULL,
		                           .sender = how & 128 ? "010-1" : NULL,
		                           .from = how & 256 ? 1700000000 : 0,
		                           .until = how & 512 ? 1800000000 : 0,
		                           .radius = how & 7 };
	struct audit_row *rows = calloc(query.limit, sizeof(*rows));
	char error[AUDIT_ERROR_SIZE] = "";
	struct audit_store *store = open_store();

	const int64_t n = audit_store_find(store, &query, rows, error);
	bug_if(n > query.limit || (n < 0 && error[0] == '\0'));
	check_rows(rows, n);
	fuzz_reached |= n < 0 ? UNREADABLE : query.after_day != 0 ? NEXT : 0;
	audit_store_close(store);
	free(rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (sound_size == 0)
		make_sound();
	if (size < 1 || size > 4096)
		return 0;
	memcpy(octets, sound, sound_size);
	if (data[0] & 128)
		change_octets(data + 1, size - 1);
	else
		change_cells(data + 1, size - 1);
	find(data[0] & 127);
	return 0;
}

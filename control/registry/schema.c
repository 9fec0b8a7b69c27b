/* SPDX-License-Identifier: Apache-2.0 */
#include "registry_priv.h"

/*
 * The schema. A change appends a step to registry_steps[] that turns the
 * version before it into its own; a step that was ever released is never edited.
 *
 * account.state and sender.state are what the files said. import and row say where a
 * row came from.
 */
static const char version_1[] =
	"CREATE TABLE meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
	"INSERT INTO meta VALUES('generation', 1);"
	"CREATE TABLE import("
	"  serial INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, file TEXT NOT NULL,"
	"  rows INTEGER NOT NULL, at INTEGER NOT NULL);"
	"CREATE TABLE account("
	"  id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  system_id TEXT NOT NULL UNIQUE CHECK(length(CAST(system_id AS BLOB)) BETWEEN 1 AND "
	"15),"
	"  name TEXT NOT NULL, state INTEGER NOT NULL CHECK(state IN (1, 2)),"
	"  mode INTEGER NOT NULL, alphabet INTEGER NOT NULL, sender_tlv INTEGER NOT NULL,"
	"  valid_from INTEGER NOT NULL, valid_until INTEGER NOT NULL,"
	"  digest INTEGER NOT NULL, import INTEGER NOT NULL, row INTEGER NOT NULL);"
	"CREATE TABLE sender("
	"  key BLOB PRIMARY KEY CHECK(length(key) = 16), address TEXT NOT NULL,"
	"  owner INTEGER REFERENCES account(id), state INTEGER NOT NULL CHECK(state IN (1, 2, "
	"3)),"
	"  valid_from INTEGER NOT NULL, valid_until INTEGER NOT NULL,"
	"  blocked_until INTEGER NOT NULL,"
	"  digest INTEGER NOT NULL, import INTEGER NOT NULL, row INTEGER NOT NULL) WITHOUT "
	"ROWID;"
	/* Owners after the first, of the few senders that have several. */
	"CREATE TABLE sender_owner("
	"  key BLOB NOT NULL REFERENCES sender(key) ON DELETE CASCADE,"
	"  account INTEGER NOT NULL REFERENCES account(id), PRIMARY KEY(key, account)) WITHOUT "
	"ROWID;"
	/* Rule numbers are for ever: audit records name them long after a rule is gone. */
	"CREATE TABLE rule(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE);"
	"CREATE TABLE rule_file(one INTEGER PRIMARY KEY CHECK(one = 1), file TEXT NOT NULL,"
	"  text BLOB NOT NULL, at INTEGER NOT NULL);"
	"CREATE TABLE policy(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
	"PRAGMA user_version = 1;";

/*
 * A sender is its key: what was written in the file, and what a row hashes to, cost more
 * than all else of ten million rows. Owners are no foreign keys: an account that is removed
 * leaves numbers that nobody owns, and no number is looked for. The few that are suspended
 * or blocked have an index.
 */
static const char version_2[] =
	"CREATE TABLE sender_2("
	"  key BLOB PRIMARY KEY CHECK(length(key) = 16), owner INTEGER,"
	"  state INTEGER NOT NULL CHECK(state IN (1, 2, 3)), valid_from INTEGER NOT NULL,"
	"  valid_until INTEGER NOT NULL, blocked_until INTEGER NOT NULL,"
	"  import INTEGER NOT NULL, row INTEGER NOT NULL) WITHOUT ROWID;"
	"INSERT INTO sender_2 SELECT key, owner, state, valid_from, valid_until, blocked_until,"
	"  import, row FROM sender;"
	"CREATE TABLE owner_2(key BLOB NOT NULL, account INTEGER NOT NULL,"
	"  PRIMARY KEY(key, account)) WITHOUT ROWID;"
	"INSERT INTO owner_2 SELECT key, account FROM sender_owner;"
	"DROP TABLE sender_owner;"
	"DROP TABLE sender;"
	"ALTER TABLE sender_2 RENAME TO sender;"
	"ALTER TABLE owner_2 RENAME TO sender_owner;"
	"CREATE INDEX sender_odd ON sender(state) WHERE (state <> 1 OR blocked_until <> 0);"
	"INSERT OR REPLACE INTO meta SELECT 'senders', count(*) FROM sender;"
	"PRAGMA user_version = 2;";

/*
 * Block lists of others, replaced whole by each file: list is enum image_block, until
 * 4294967295 for ever. And ranges of numbers that exist or do not, in the order of their
 * file: a later one holds.
 */
static const char version_3[] =
	"CREATE TABLE sender_list(key BLOB NOT NULL CHECK(length(key) = 16),"
	"  list INTEGER NOT NULL CHECK(list IN (1, 2)), until INTEGER NOT NULL,"
	"  row INTEGER NOT NULL, PRIMARY KEY(key, list)) WITHOUT ROWID;"
	"CREATE INDEX sender_list_by_list ON sender_list(list);"
	"CREATE TABLE number_range(row INTEGER PRIMARY KEY,"
	"  first BLOB NOT NULL CHECK(length(first) = 16),"
	"  last BLOB NOT NULL CHECK(length(last) = 16), state INTEGER NOT NULL);"
	"PRAGMA user_version = 3;";

/* The operator's numbering plan, rows of include/image_format.h; none: the built-in one. */
static const char version_4[] =
	"CREATE TABLE numbering(row INTEGER PRIMARY KEY, kind INTEGER NOT NULL,"
	"  prefix TEXT NOT NULL, min INTEGER NOT NULL, max INTEGER NOT NULL);"
	"PRAGMA user_version = 4;";

/*
 * What an account is judged by besides: thousandths of points, 0 = as the policy says; the
 * regime as struct image_account. And every set of rules that was ever pushed, by a number
 * of its own; meta has which one is in force.
 */
static const char version_5[] =
	"ALTER TABLE account ADD COLUMN regime INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE account ADD COLUMN refuse_score INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE account ADD COLUMN flag_score INTEGER NOT NULL DEFAULT 0;"
	"CREATE TABLE rule_version(version INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  file TEXT NOT NULL, text BLOB NOT NULL, at INTEGER NOT NULL, who TEXT NOT NULL,"
	"  rules INTEGER NOT NULL);"
	"INSERT INTO rule_version SELECT 1, file, text, at, '',"
	"  coalesce((SELECT value FROM meta WHERE name = 'rules'), 0) FROM rule_file;"
	"INSERT INTO meta SELECT 'rules_version', 1 FROM rule_file;"
	"DROP TABLE rule_file;"
	"PRAGMA user_version = 5;";

const char *const registry_steps[] = { version_1, version_2, version_3, version_4, version_5 };
const int registry_version = sizeof(registry_steps) / sizeof(registry_steps[0]);

/*
 * Sanctions are in a file of their own: a suspension must not wait until the import of
 * millions of senders lets go of the registry. They are kept by name and by key, so that
 * they hold for whatever the registry says of these now or later. A lift ends what was
 * stated by imports up to the one it names; a later import may suspend again. A block is
 * the same with a time: until 0 ends what was stated. A campaign is a row while it is acted
 * upon: until 0 is for ever.
 */
const char registry_sanctions[] =
	"CREATE TABLE IF NOT EXISTS sanctions.serial(one INTEGER PRIMARY KEY CHECK(one = 1),"
	"  value INTEGER NOT NULL);"
	"INSERT OR IGNORE INTO sanctions.serial VALUES(1, 0);"
	"CREATE TABLE IF NOT EXISTS sanctions.account_sanction("
	"  system_id TEXT PRIMARY KEY, op INTEGER NOT NULL, import INTEGER NOT NULL,"
	"  at INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS sanctions.sender_sanction("
	"  key BLOB PRIMARY KEY, op INTEGER NOT NULL, import INTEGER NOT NULL,"
	"  at INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS sanctions.account_block("
	"  system_id TEXT PRIMARY KEY, until INTEGER NOT NULL, import INTEGER NOT NULL,"
	"  at INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS sanctions.sender_block("
	"  key BLOB PRIMARY KEY, until INTEGER NOT NULL, import INTEGER NOT NULL,"
	"  at INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS sanctions.campaign("
	"  fingerprint INTEGER PRIMARY KEY, radius INTEGER NOT NULL, action INTEGER NOT NULL,"
	"  until INTEGER NOT NULL, at INTEGER NOT NULL, note TEXT NOT NULL);"
	"PRAGMA sanctions.user_version = 3;";

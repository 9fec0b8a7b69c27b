#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""old_store: what sluice-control has written, as an older version, or a newer one, had it.

usage: old_store.py old REGISTRY AUDIT-FOLDER     versions 2, 2 and 1 of its three kinds of file
       old_store.py version FILE N                what the file says that it is; prints what it was
       old_store.py counts REGISTRY AUDIT-FOLDER  how many rows there are of what must be kept

The steps of control/registry/schema.c and control/audit/audit_store.c, backwards.
"""
import glob
import os
import sqlite3
import sys

REGISTRY = """
CREATE TABLE rule_file(one INTEGER PRIMARY KEY CHECK(one = 1), file TEXT NOT NULL,
  text BLOB NOT NULL, at INTEGER NOT NULL);
INSERT INTO rule_file SELECT 1, file, text, at FROM rule_version
  WHERE version = (SELECT value FROM meta WHERE name = 'rules_version');
DROP TABLE rule_version;
DELETE FROM meta WHERE name = 'rules_version';
ALTER TABLE account DROP COLUMN regime;
ALTER TABLE account DROP COLUMN refuse_score;
ALTER TABLE account DROP COLUMN flag_score;
DROP TABLE numbering;
DROP TABLE sender_list;
DROP TABLE number_range;
PRAGMA user_version = 2;
"""
SANCTIONS = "DROP TABLE campaign; PRAGMA user_version = 2;"
DAY = """
DROP TABLE left_out;
DROP INDEX record_campaign;
ALTER TABLE record DROP COLUMN campaign;
ALTER TABLE record DROP COLUMN rules_version;
ALTER TABLE record DROP COLUMN score;
ALTER TABLE record DROP COLUMN rules;
ALTER TABLE record DROP COLUMN part;
ALTER TABLE record DROP COLUMN parts;
ALTER TABLE record DROP COLUMN part_refused;
PRAGMA user_version = 1;
"""


def days(audit):
    return sorted(glob.glob(os.path.join(audit, "audit-*.sqlite")))


def run(path, script):
    db = sqlite3.connect(path)
    db.executescript(script)
    db.close()


def old(registry, audit):
    run(registry, REGISTRY)
    run(registry + "-sanctions", SANCTIONS)
    for path in days(audit):
        run(path, DAY)


def version(path, number):
    db = sqlite3.connect(path)
    print(db.execute("PRAGMA user_version").fetchone()[0])
    db.execute(f"PRAGMA user_version = {int(number)}")
    db.close()


def count(path, table):
    db = sqlite3.connect(path)
    n = db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    db.close()
    return f"{table} {n}"


def counts(registry, audit):
    for table in ("account", "sender", "sender_owner", "rule"):
        print(count(registry, table))
    for table in ("account_sanction", "sender_sanction", "sender_block"):
        print(count(registry + "-sanctions", table))
    for path in days(audit):
        print(count(path, "record"))


if __name__ == "__main__":
    {"old": old, "version": version, "counts": counts}[sys.argv[1]](*sys.argv[2:])

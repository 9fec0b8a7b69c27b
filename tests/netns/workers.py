#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""workers: each connection has one worker, and each worker has connections.

usage: workers.py ESME-NAMESPACE SMSC-NAMESPACE SLUICECTL CONTROL-SOCKET WORKERS

Sessions one after the other, all left open, each with PDUs of both directions from both
ends. After each the daemon's own counters, worker by worker, must say that one worker
opened it and saw all of its PDUs, and no other worker any.
"""
import socket
import sys

from live import BAD, CLEAN, HOST, PORT, Control, Session, enter

SESSIONS = 60  # 4 workers: one has none of so many once in 8 million runs
# bind, two submits, a refused one, the answer to a deliver_sm; and the SMSC's side of it
WANTED = {"flows_opened": 1, "binds": 1, "requests": 3, "forwarded": 2, "refused": 1,
          "pdus_from_esme": 5, "pdus_from_smsc": 4}


def counted(control, workers):
    rows = control("counters")["by_worker"]
    if len(rows) != workers:
        raise AssertionError(f"{len(rows)} workers, not {workers}")
    return [[row.get(name, 0) for name in WANTED] for row in rows]


def one_session(control, listener, esme, workers):
    """Its worker."""
    before = counted(control, workers)
    session = Session(listener, esme)
    session.passes(CLEAN)
    session.is_refused(BAD)
    session.delivers()
    session.passes(CLEAN)
    grown = [[now - was for now, was in zip(*pair)]
             for pair in zip(counted(control, workers), before)]
    whose = [w for w in range(workers) if any(grown[w])]
    if len(whose) != 1 or grown[whose[0]] != list(WANTED.values()):
        raise AssertionError(f"{', '.join(WANTED)} grew by {grown} in {workers} workers")
    return session, whose[0]


def main():
    esme, smsc, program, path, workers = sys.argv[1:]
    workers = int(workers)
    control = Control(program, path)
    enter(smsc)
    listener = socket.create_server((HOST, PORT))
    listener.settimeout(5)
    sessions, carried = [], [0] * workers
    for _ in range(SESSIONS):
        session, worker = one_session(control, listener, esme, workers)
        sessions.append(session)
        carried[worker] += 1
    for session in sessions:  # still its worker's, when all are there
        session.passes(CLEAN)
        session.close()
    print(f"      {SESSIONS} sessions, of {workers} workers each carried {carried}")
    return 0 if all(carried) else 1


if __name__ == "__main__":
    sys.exit(main())

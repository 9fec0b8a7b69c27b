#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""clock: sessions while the wall clock of both daemons jumps by six hours, forth and back.

usage: clock.py ESME-NAMESPACE SMSC-NAMESPACE SLUICECTL CONTROL-SOCKET CLOCK-FILE

Both daemons run under jumping_clock.c. Nothing that is counted in seconds from now on ends
early or late: the first session lives through it, new ones bind, a suspension holds. What has a
date ends with it: a block of three hours, which is over while it is later and not when it is
not. The audit has the times that the clock showed.
"""
import datetime
import socket
import struct
import sys
import time

from live import BAD, CLEAN, HOST, PORT, Control, Session, enter

HOUR = 3600
JUMPS = (0, 6, 0, -6, 0)  # hours ahead, one after the other
MESSAGES = 40             # at each
BLOCKED, SUSPENDED = "01000000102", "15000103"
SANCTIONED = 0x0A
FOLLOWED_S = 0.5          # it is looked at ten times a second
LASTS_S = 300             # longer than all of it


def set_clock(path, hours):
    with open(path, "r+b") as f:
        f.write(struct.pack("=q", hours * HOUR))
    time.sleep(FOLLOWED_S)


def look(session, hours):
    for _ in range(MESSAGES):
        session.passes(CLEAN)
    session.is_answered(SANCTIONED, CLEAN, source=SUSPENDED.encode())
    if hours > 3:
        session.passes(CLEAN, source=BLOCKED.encode())
    else:
        session.is_answered(SANCTIONED, CLEAN, source=BLOCKED.encode())
    session.delivers()


def instant(seconds):
    at = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def hours_recorded(control, began):
    """By how many hours the records of the texts refused here are off, a list. What cases
    before this one left is older than it."""
    found = []
    for hours in sorted(set(JUMPS)):
        at = began + hours * HOUR
        records = control("audit", "--account", "hanbit", "--reason", "content_rule", "--from",
                          instant(at), "--until", instant(at + LASTS_S))["records"]
        found += [hours] * len(records)
    return found


def main(esme, smsc, program, path, clock):
    control = Control(program, path)
    began = int(time.time())
    enter(smsc)
    listener = socket.create_server((HOST, PORT))
    listener.settimeout(5)
    control("block", "sender", BLOCKED, "--until", instant(began + 3 * HOUR))
    control("suspend", "sender", SUSPENDED)
    first = Session(listener, esme)
    for hours in JUMPS:
        set_clock(clock, hours)
        look(first, hours)
        enter(smsc)
        new = Session(listener, esme)
        look(new, hours)
        new.is_refused(BAD)
        new.close()
    first.close()
    wanted = sorted(JUMPS)
    for _ in range(100):
        got = hours_recorded(control, began)
        if len(got) >= len(wanted):
            break
        time.sleep(0.1)
    assert got == wanted, f"recorded {got}, not {wanted} hours from now"
    control("unblock", "sender", BLOCKED)
    control("lift", "sender", SUSPENDED)


if __name__ == "__main__":
    main(*sys.argv[1:])

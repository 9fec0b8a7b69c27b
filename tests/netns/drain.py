#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""drain: `sluicectl drain` against the live daemon, from both ends of live sessions.

usage: drain.py ESME-NAMESPACE SMSC-NAMESPACE SLUICECTL CONTROL-SOCKET

Whether a session is screened is seen in what becomes of a message with a word that the
rules of tests/scenario refuse: it is answered by Sluice, or it reaches the SMSC.
"""
import socket
import sys
import time

from live import BAD, CLEAN, HOST, PORT, Control, Session, enter, submit


def until(control, what, remaining, drained, seconds=15):
    """Draining says so many remain, so many were handed back."""
    end = time.monotonic() + seconds
    while True:
        said = control("drain")
        if (said["remaining"], said["drained"]) == (remaining, drained):
            print(f"      {what}: {drained} handed back, {remaining} remain")
            return
        if time.monotonic() > end:
            raise AssertionError(f"{what}: {said}, not {remaining} and {drained}")
        time.sleep(0.1)


def no_sessions_left(control, seconds=20, quiet=3):
    """Connections that ended with their process, in an earlier case, are never counted as
    closed: wait until nothing ends any more. One that stays is found by what is counted next."""
    end = time.monotonic() + seconds
    closed, since = control.counter("flows_closed"), time.monotonic()
    while time.monotonic() < since + quiet:
        if time.monotonic() > end:
            raise AssertionError("connections of earlier cases go on ending")
        time.sleep(0.2)
        now = control.counter("flows_closed")
        if now != closed:
            closed, since = now, time.monotonic()


def run(control, listener, esme):
    before = control.counter("drained")
    quiet, edited, busy = (Session(listener, esme) for _ in range(3))
    for session in (quiet, edited, busy):
        session.passes(CLEAN)
    edited.is_refused(BAD)
    busy.sequence += 1
    late = submit(busy.sequence, CLEAN)
    busy.esme.sendall(late[:20])

    said = control("drain")
    if said["on"] is not True:
        raise AssertionError(f"drain answers {said}")
    until(control, "draining", 2, before + 1)
    quiet.passes(BAD)  # nobody looks any more
    quiet.delivers()
    quiet.passes(CLEAN)
    edited.is_refused(BAD)  # whose numbers differ: it stays
    edited.passes(CLEAN)
    edited.delivers()
    new = Session(listener, esme)
    new.passes(BAD)
    new.delivers()
    busy.esme.sendall(late[20:])  # what it was in the middle of ends: it goes back as well
    busy.answer(late)
    until(control, "a PDU has ended", 1, before + 2)
    busy.passes(BAD)

    said = control("drain", "off")
    if said["on"] is not False or said["remaining"] != 1:
        raise AssertionError(f"drain off answers {said}")
    edited.is_refused(BAD)
    edited.passes(CLEAN)
    again = Session(listener, esme)
    again.is_refused(BAD)
    again.passes(CLEAN)
    for session in (quiet, busy, new):  # of unknown beginning now: policy midstream
        session.is_reset()
    for session in (quiet, edited, busy, new, again):
        session.close()


def main():
    esme, smsc, program, path = sys.argv[1:]
    control = Control(program, path)
    enter(smsc)
    listener = socket.create_server((HOST, PORT))
    listener.settimeout(5)
    no_sessions_left(control)
    try:
        run(control, listener, esme)
    finally:
        control("drain", "off")
    return 0


if __name__ == "__main__":
    sys.exit(main())

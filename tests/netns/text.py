#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""text: single messages whose fate lies in their text, seen from both ends of live sessions.

usage: text.py ESME-NAMESPACE SMSC-NAMESPACE SLUICECTL CONTROL-SOCKET

What is discarded is answered as accepted and reaches nobody; a message in parts is judged
by all of them, whichever session of the account brings them and in whatever order; rows that
an operator adds to the fold table hold from the push on.
"""
import socket
import sys
import tempfile
import time

from live import CLEAN, HOST, PORT, Control, Session, enter

RULES = "tests/scenario/rules.yaml"
COUNTERS = ("requests", "forwarded", "refused", "discarded")
DISCARDED = b"Your lucky number seven is here"


def part(reference, total, number):
    """A user data header of 3GPP TS 23.040 section 9.2.3.24.1."""
    return bytes([5, 0, 3, reference, total, number])


def recorded(control, kind, rule, seconds=10):
    """The newest record of this rule, once control has drained it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for r in control("audit", "--limit", "20")["records"]:
            if (r["kind"], r["rule"]) == (kind, rule):
                return r
        time.sleep(0.2)
    raise AssertionError(f"no audit record {kind} by {rule}")


def discarded(control, session):
    before = [control.counter(name) for name in COUNTERS]
    octets = session.is_answered(0, DISCARDED)
    if octets[-1:] != b"\0":
        raise AssertionError("the answer has no message_id")
    session.passes(CLEAN)  # the next that the SMSC gets
    record = recorded(control, "discarded", "test-discard")
    if DISCARDED.decode() not in record["text"]:
        raise AssertionError(f"recorded is {record}")
    grown = [control.counter(name) - was for name, was in zip(COUNTERS, before)]
    if grown != [2, 1, 0, 1]:
        raise AssertionError(f"{COUNTERS} grew by {grown}")
    print("      discarded: answered with status 0, recorded, forwarded to nobody")


def in_parts(sessions):
    one, two = sessions
    one.passes(part(7, 3, 1) + b"please cla", esm_class=0x40)
    two.is_refused(part(7, 3, 2) + b"im what is yours", esm_class=0x40)
    one.is_refused(part(7, 3, 3) + b", and thanks", esm_class=0x40)
    for session, number in ((two, 3), (one, 1), (two, 2)):
        session.passes(part(8, 3, number) + b"nothing to see", esm_class=0x40)
    print("      in parts: two sessions, refused from the part that completes a word on")


def split_pair(sessions):
    """A character beyond U+FFFF, one half in each part: both parts are text."""
    one, two = sessions
    pair = "\N{SLOT MACHINE}".encode("utf-16-be")
    one.passes(part(9, 2, 1) + "안녕 ".encode("utf-16-be") + pair[:2], esm_class=0x40,
               data_coding=8)
    two.passes(part(9, 2, 2) + pair[2:] + " 내일".encode("utf-16-be"), esm_class=0x40,
               data_coding=8)
    print("      in parts: a surrogate pair cut in two does not make them undecodable")


def look_alikes(control, session):
    """A letter that the built-in table does not know: from one push on it is folded, for texts
    that are known already too, and no more when the push is taken back."""
    text = "please cl\N{WHITE UP-POINTING TRIANGLE}im".encode("utf-16-be")
    with open(RULES, encoding="utf-8") as rules, tempfile.NamedTemporaryFile("w", encoding="utf-8") as more:
        more.write(rules.read() + "---\nfolds: [ { from: U+25B3, to: a } ]\n")
        more.flush()
        for _ in range(3):
            session.passes(text, data_coding=8)
        pushed = control("rules", "push", more.name)
        if pushed["folds"] != 1:
            raise AssertionError(f"the push says {pushed}")
        for _ in range(3):
            session.is_refused(text, data_coding=8)
    control("rules", "rollback")
    session.passes(text, data_coding=8)
    print("      look-alikes: folded from one push on, until it is taken back")


def main():
    esme, smsc, program, path = sys.argv[1:]
    control = Control(program, path)
    enter(smsc)
    listener = socket.create_server((HOST, PORT))
    listener.settimeout(5)
    sessions = [Session(listener, esme) for _ in range(2)]
    discarded(control, sessions[0])
    in_parts(sessions)
    split_pair(sessions)
    look_alikes(control, sessions[0])
    for session in sessions:
        session.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

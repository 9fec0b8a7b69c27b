#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""crash: sanctions while a daemon is killed at a named point, and what is left of them.

usage: crash.py act SLUICECTL CONTROL-SOCKET STATE CRASH-FILE POINT
       crash.py check ESME-NAMESPACE SMSC-NAMESPACE STATE
       crash.py settle SLUICECTL CONTROL-SOCKET STATE
       crash.py clear SLUICECTL CONTROL-SOCKET

act gives sanctions, and images now and then, until one of them is not acknowledged; STATE
then says what was acknowledged, and which one hangs in the balance. check sends a message
from each sender, and one of the campaign: what was acknowledged holds. settle takes back the one that hangs, clear all of
them, for the cases that come next.
"""
import json
import socket
import subprocess
import sys

from live import CLEAN, HOST, PORT, Session, enter

SENDERS = ("020000101", "01000000102", "15000103")
CAMPAIGN = "campaign"  # a subject beside them: of one text, from a sender that nothing befalls
TEXT = "The harbour office keeps the parcels until evening, and they bring the yellow ones home"
UNTOUCHED = b"HANBITPAY"
SUBJECTS = SENDERS + (CAMPAIGN,)
OPERATIONS = ("suspend", "block", "lift", "unblock")
SANCTIONED = 0x0A
CALLS = 24
CALLS_AN_IMAGE = 5


def call(program, path, *arguments):
    done = subprocess.run([program, "--socket", path, *arguments], capture_output=True,
                          text=True, check=False, timeout=30)
    return done.returncode == 0


def fingerprint(program):
    # Of any rules; those of the packs take seconds to compile.
    done = subprocess.run([program, "explain", "--json", "--rules", "tests/scenario/rules.yaml",
                           "--text", TEXT], capture_output=True, text=True, check=True,
                          timeout=30)
    return json.loads(done.stdout)["fingerprint"]


def sanction(program, path, operation, subject):
    if subject == CAMPAIGN:
        return call(program, path, "campaigns", operation, fingerprint(program))
    return call(program, path, operation, "sender", subject)


def load(path):
    try:
        with open(path, encoding="utf-8") as f:
            return json.load(f)
    except FileNotFoundError:
        return {"calls": 0, "pending": None, "senders": {s: [False, False] for s in SUBJECTS}}


def save(path, state):
    with open(path, "w", encoding="utf-8") as f:
        json.dump(state, f)


def apply(of, operation):
    """of: suspended, blocked. A lift takes back a suspension alone, an unblock a block."""
    if operation in ("suspend", "lift"):
        of[0] = operation == "suspend"
    else:
        of[1] = operation == "block"


def act(program, path, state_path, crash_file, point):
    state = load(state_path)
    with open(crash_file, "w", encoding="ascii") as f:
        f.write(point)
    for _ in range(CALLS):
        n = state["calls"]
        state["calls"] += 1
        if n % CALLS_AN_IMAGE == CALLS_AN_IMAGE - 1:
            csv = state_path + ".csv"
            with open(csv, "w", encoding="ascii") as f:
                f.write(f"address,owner\n0101234{n:04d},hanbit\n")
            if not call(program, path, "senders", "import", csv):
                break
            continue
        subject, operation = SUBJECTS[n % len(SUBJECTS)], OPERATIONS[n * 7 // 3 % 4]
        of = state["senders"][subject]
        if operation == "lift" and of[1] and not of[0]:
            continue  # refused: it is blocked, not suspended
        if subject == CAMPAIGN:
            operation = "unblock" if of[1] else "block"
        if not sanction(program, path, operation, subject):
            state["pending"] = [subject, operation]
            break
        apply(of, operation)
    save(state_path, state)


def check(esme, smsc, state_path):
    state = load(state_path)
    enter(smsc)
    listener = socket.create_server((HOST, PORT))
    listener.settimeout(5)
    session = Session(listener, esme)
    for sender, of in state["senders"].items():
        if state["pending"] and state["pending"][0] == sender:
            continue
        if sender == CAMPAIGN:
            meets = session.is_refused if any(of) else session.passes
            meets(TEXT.encode(), source=UNTOUCHED)
        elif any(of):
            session.is_answered(SANCTIONED, CLEAN, source=sender.encode())
        else:
            session.passes(CLEAN, source=sender.encode())
    session.close()


def release(program, path, sender):
    sanction(program, path, "unblock", sender)
    if sender != CAMPAIGN:
        sanction(program, path, "lift", sender)


def clear(program, path):
    for sender in SUBJECTS:
        release(program, path, sender)


def settle(program, path, state_path):
    state = load(state_path)
    if state["pending"]:
        sender, _ = state["pending"]
        release(program, path, sender)
        state["senders"][sender] = [False, False]
        state["pending"] = None
    save(state_path, state)


if __name__ == "__main__":
    {"act": act, "check": check, "settle": settle,
     "clear": clear}[sys.argv[1]](*sys.argv[2:])

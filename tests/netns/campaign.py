#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""campaign: a text that is sent again and again, its numbers and link others each time.

usage: campaign.py act ESME-NAMESPACE SMSC-NAMESPACE SLUICECTL CONTROL-SOCKET STATE
       campaign.py check ESME-NAMESPACE SMSC-NAMESPACE
       campaign.py end ESME-NAMESPACE SMSC-NAMESPACE SLUICECTL CONTROL-SOCKET STATE

act lets it cross, finds it in what sluicectl campaigns shows, and blocks it in the middle of
the session; STATE is then its fingerprint. check sends more of it, which is refused; end lets
it through again.
"""
import socket
import sys
import time

from live import CLEAN, HOST, PORT, Control, Session, enter

SENT = 40
SAMPLE = 8  # of new texts one in so many is counted, as so many, while nothing is acted upon
OTHERS = (CLEAN, b"The pharmacy is open until six, and they have your medicine there",
          "내일 오후에 회의실에서 만나서 발표 자료를 같이 보면 좋겠습니다".encode("utf-16-be"))


def variant(n):
    """What differs is what is written to each recipient anew."""
    return (f"Dear customer {7919 * n % 1000003}, cheap car insurance from {n % 90 + 10} a month"
            f" is waiting, see http://x{n}.example/{n * n} before {n % 28 + 1}/12 ends").encode()


def opened(esme, smsc):
    enter(smsc)
    listener = socket.create_server((HOST, PORT))
    listener.settimeout(5)
    return Session(listener, esme)


def until(what, seconds, look):
    """What look() gives as soon as it is something; control reads the rows as they are."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"no {what} within {seconds} s")


def shown(control):
    return {c["fingerprint"]: c for c in control("campaigns", "--top", "1000")["campaigns"]}


def find(control, before):
    """The one that grew by all that was sent, but for what the sample missed at an end."""
    for fingerprint, c in shown(control).items():
        was = before.get(fingerprint, {"messages": 0})["messages"]
        if c["messages"] - was >= SENT - SAMPLE:
            return c
    return None


def others_pass(session):
    session.passes(OTHERS[0])
    session.passes(OTHERS[1])
    session.passes(OTHERS[2], data_coding=8)


def on_trial(control):
    """(matched, acted) of the shadow rule that each variant meets, in the set in force."""
    for r in control("rules", "hits", "--top", "1000")["rules"]:
        if r["rule"] == "test-shadow" and r["in_force"]:
            if r["mode"] != "shadow":
                raise AssertionError(f"shown is {r}")
            return r["matched"], r["acted"]
    return 0, 0


def crosses(control, session):
    before, trial = shown(control), on_trial(control)
    for n in range(SENT):
        session.passes(variant(n))
    others_pass(session)
    c = until("campaign of all that was sent", 10, lambda: find(control, before))
    accounts = [a["system_id"] for a in c["accounts"]]
    if "hanbit" not in accounts or c["acted"] is not None or c["first"] > c["last"]:
        raise AssertionError(f"shown is {c}")
    print(f"      {SENT} variants are one campaign, {c['fingerprint']}")
    matched, acted = on_trial(control)
    # Of the others one says "your" and one "you".
    if (matched - trial[0], acted) != (SENT + 2, 0):
        raise AssertionError(f"the rule on trial: {trial}, then {(matched, acted)}")
    print(f"      the rule on trial matched {matched - trial[0]} and refused none")
    return c["fingerprint"]


def is_blocked(control, session, fingerprint):
    answer = control("campaigns", "block", fingerprint, "--note", "차 보험")
    was = control.reason("campaign")
    for n in range(100, 100 + SENT):
        session.is_refused(variant(n))
    others_pass(session)
    grown = control.reason("campaign") - was
    if grown != SENT:
        raise AssertionError(f"reason_campaign grew by {grown}")
    print(f"      blocked in force after {answer['dataplane']['total_ms']:.1f} ms: "
          f"{SENT} others of it were refused, {len(OTHERS)} other texts were not")


def is_recorded(control, fingerprint, kind):
    def look():
        records = control("audit", "--campaign", fingerprint, "--limit", "1000")["records"]
        return [r for r in records
                if r["kind"] == kind and r["fingerprint"] == fingerprint and r["text"]]
    return until(f"audit record that is {kind}", 10, look)


def act(esme, smsc, program, path, state):
    control = Control(program, path)
    session = opened(esme, smsc)
    fingerprint = crosses(control, session)
    is_blocked(control, session, fingerprint)
    if is_recorded(control, fingerprint, "refused")[-1]["reason"] != "campaign":
        raise AssertionError("it was refused for another reason")
    c = shown(control)[fingerprint]
    if c["refused"] < SENT or c["acted"]["action"] != "refuse":
        raise AssertionError(f"shown is {c}")
    control("campaigns", "block", fingerprint, "--action", "flag", "--radius", "0")
    session.passes(variant(200))
    is_recorded(control, fingerprint, "flagged")
    control("campaigns", "unblock", fingerprint)
    session.passes(variant(201))
    control("campaigns", "block", fingerprint)
    session.is_refused(variant(202))
    session.close()
    with open(state, "w", encoding="ascii") as f:
        f.write(fingerprint)


def check(esme, smsc):
    session = opened(esme, smsc)
    session.is_refused(variant(300))
    others_pass(session)
    session.close()


def end(esme, smsc, program, path, state):
    control = Control(program, path)
    with open(state, encoding="ascii") as f:
        fingerprint = f.read()
    if [c["fingerprint"] for c in control("campaigns", "list")["campaigns"]] != [fingerprint]:
        raise AssertionError("another than it is acted upon")
    session = opened(esme, smsc)
    session.is_refused(variant(400))
    control("campaigns", "unblock", fingerprint)
    session.passes(variant(401))
    session.close()
    print("      still blocked after kill -9 of both, and let through again")


if __name__ == "__main__":
    {"act": act, "check": check, "end": end}[sys.argv[1]](*sys.argv[2:])

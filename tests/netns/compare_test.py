#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""compare_test: does compare.py, the judge of the end-to-end cases, see what is wrong?

Captures of a small session are made here, frame by frame, with the client's report, the
plan and the counters that belong to them. As they are they must be accepted; with each
planted fault they must not, and for the reason that was planted.
"""
import json
import os
import struct
import subprocess
import sys
import tempfile

import wire

HERE = os.path.dirname(os.path.abspath(__file__))
CLIENT, SERVER = (bytes((10, 99, 0, 1)), 40000), (bytes((10, 99, 0, 2)), 2775)
BIND, SUBMIT, ENQUIRE, UNBIND, RESP = 9, 4, 0x15, 6, 0x80000000
MESSAGES = 6
REFUSED = {3: 0x0A, 5: 0x45}  # message: status


def pdu(command, sequence, body=b"", status=0):
    return struct.pack("!IIII", 16 + len(body), command, status, sequence) + body


def submit(n):
    text = f"message {n}".encode()
    return pdu(SUBMIT, 100 + n, b"\0\1\1" + b"0200000101\0" + b"\1\1" + b"8210%04d\0" % n +
               bytes(9) + bytes((len(text),)) + text)


class World:
    """What each end sent and received, PDU by PDU; faults change it before it is written."""

    def __init__(self):
        bind = pdu(BIND, 1, b"hanbit\0secret\0\0\x34\0\0\0")
        submits = [submit(n) for n in range(1, MESSAGES + 1)]
        passed = [s for n, s in enumerate(submits, 1) if n not in REFUSED]
        tail = [pdu(ENQUIRE, 900), pdu(UNBIND, 901)]
        said = [pdu(BIND | RESP, 1, b"smsc\0")]
        said += [pdu(SUBMIT | RESP, 100 + n, b"id%d\0" % n)
                 for n in range(1, MESSAGES + 1) if n not in REFUSED]
        said += [pdu(ENQUIRE | RESP, 900), pdu(UNBIND | RESP, 901)]
        self.asked, self.reached = [bind, *submits, *tail], [bind, *passed, *tail]
        self.said, self.heard = list(said), list(said)
        for n, status in REFUSED.items():
            self.heard.insert(-2, pdu(SUBMIT | RESP, 100 + n, status=status))
        self.plan = [{"id": n, "destination": "8210%04d" % n, "account": "hanbit",
                      "source": "0200000101", "data_coding": 0, "text": f"message {n}",
                      "expect": {"status": REFUSED.get(n, 0), "reason": ""}}
                     for n in range(1, MESSAGES + 1)]
        self.report = [{"id": n, "sequence": 100 + n, "status": REFUSED.get(n, 0)}
                       for n in range(1, MESSAGES + 1)]
        self.counters = {"requests": MESSAGES, "forwarded": MESSAGES - len(REFUSED),
                         "refused": len(REFUSED)}
        self.windows = []
        # At the SMSC alone: a FIN of an earlier case's connection, sent again.
        self.astray = [frame(SERVER, (CLIENT[0], 39999), 5, 17, b"")]


def checked(octets, at, before=b""):
    """The same with its checksum at this place, over what comes before as well."""
    value = 0xFFFF - wire.total(before + octets)
    return octets[:at] + struct.pack("!H", value) + octets[at + 2:]


def frame(source, destination, seq, flags, payload):
    tcp = struct.pack("!HHIIBBHHH", source[1], destination[1], seq, 0, 5 << 4, flags, 65535,
                      0, 0) + payload
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0)
    addresses = source[0] + destination[0]
    pseudo = addresses + struct.pack("!II", 6, len(tcp))
    return bytes(12) + b"\x08\x00" + checked(ip + addresses, 10) + checked(tcp, 16, pseudo)


def capture(path, there, back, astray=()):
    """Frames astray, then both directions of one connection; starts near the wrap of its
    numbers."""
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        when = 0
        for source, destination, first, pdus in ((CLIENT, SERVER, 0xFFFFFF00, there),
                                                 (SERVER, CLIENT, 0xFFFFFFF0, back)):
            syn = 2 if source is CLIENT else 18
            frames = [*astray, frame(source, destination, first, syn, b"")]
            seq = first + 1
            for octets in pdus:
                frames.append(frame(source, destination, seq & 0xFFFFFFFF, 24, octets))
                seq += len(octets)
            for octets in frames:
                when += 1
                f.write(struct.pack("<IIII", 1700000000, when, len(octets), len(octets)))
                f.write(octets)


def lines(path, objects):
    with open(path, "w", encoding="utf-8") as f:
        f.writelines(json.dumps(o) + "\n" for o in objects)
    return path


def judge(world):
    """(accepted, what compare.py said)"""
    with tempfile.TemporaryDirectory() as folder:
        at = lambda name: os.path.join(folder, name)
        capture(at("esme"), world.asked, world.heard)
        capture(at("smsc"), world.reached, world.said, world.astray)
        lines(at("before"), [{"counters": {k: 7 for k in world.counters}}])
        lines(at("after"), [{"counters": {k: 7 + v for k, v in world.counters.items()}}])
        done = subprocess.run(
            [sys.executable, os.path.join(HERE, "compare.py"), "--esme", at("esme"), "--smsc",
             at("smsc"), "--plan", lines(at("plan"), world.plan), "--report",
             lines(at("report"), world.report), "--before", at("before"), "--after",
             at("after"), "--timeline", lines(at("windows"), world.windows), "--must", "esme:enquire_link,smsc:unbind_resp", "--least",
             str(MESSAGES)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        return done.returncode == 0, done.stdout


def flip(octets, at=-1):
    changed = bytearray(octets)
    changed[at] ^= 1
    return bytes(changed)


def suspended(until):
    """The account, from before the first frame to this many frames later; all that is said is
    answered behind the thirteenth."""
    end = 1700000000 + until / 1e6
    return {"account": "hanbit", "status": 0x45, "from": 0, "sure_from": 0, "until": end,
            "sure_until": end}


def octet_flipped_on_its_way(w): w.reached[1] = flip(w.reached[1])
def octet_flipped_on_its_way_back(w): w.heard[1] = flip(w.heard[1], 12)
def message_lost(w): del w.reached[2], w.said[2], w.heard[2]
def message_doubled(w): w.reached.insert(2, w.reached[1])
def messages_swapped(w): w.reached[1:3] = w.reached[2:0:-1]
def refused_reached_the_smsc(w): w.reached.insert(3, w.asked[3])
def answer_lost(w): del w.heard[1]
def refusal_lost(w): del w.heard[-3]
def refusal_doubled(w): w.heard.insert(-2, w.heard[-3])
def foreign_response(w): w.heard.insert(2, pdu(SUBMIT | RESP, 4711, status=0x45))
def refusal_of_a_forwarded(w): w.heard.insert(2, pdu(SUBMIT | RESP, 101, status=0x45))
def refusal_that_says_ok(w): w.heard[-3] = pdu(SUBMIT | RESP, 105)
def refusal_with_a_body(w): w.heard[-3] = pdu(SUBMIT | RESP, 105, b"x\0", 0x45)
def other_verdict(w): w.plan[2]["expect"]["status"] = 0
def other_status(w): w.plan[2]["expect"]["status"] = 0x58
def never_sent(w): w.plan.append(dict(w.plan[0], id=99, destination="82109999"))
def other_account(w): w.plan[0]["account"] = "namsan"
def client_saw_otherwise(w): w.report[0]["status"] = 0x45
def client_saw_less(w): w.report.pop()
def counter_off_by_one(w): w.counters["forwarded"] += 1
def counter_short(w): w.counters["requests"] -= 1
def enquiry_did_not_cross(w): del w.asked[-2], w.reached[-2], w.said[-2], w.heard[-2]
def connection_of_one_end(w): w.astray = [frame((CLIENT[0], 39999), SERVER, 5, 2, b"")]
def passed_while_suspended(w): w.windows = [suspended(50)]
def pdu_cut_short(w): w.reached[-1] = w.reached[-1][:-1]


# The fault, and what must be said of it.
FAULTS = {
    octet_flipped_on_its_way: "not sent so",
    octet_flipped_on_its_way_back: "which nobody sent it",
    message_lost: "vanished",
    message_doubled: "not sent so",
    messages_swapped: "not sent so",
    refused_reached_the_smsc: "which nobody sent it",
    answer_lost: "did not cross",
    refusal_lost: "vanished",
    refusal_doubled: "refused twice",
    foreign_response: "which nobody sent it",
    refusal_of_a_forwarded: "which nobody sent it",
    refusal_that_says_ok: "status 0",
    refusal_with_a_body: "a refusal of 18 octets",
    other_verdict: "expected 0x0",
    other_status: "expected 0x58",
    never_sent: "never sent",
    other_account: "was sent by hanbit",
    client_saw_otherwise: "the client says",
    client_saw_less: "the client saw",
    counter_off_by_one: "counter forwarded",
    counter_short: "counter requests",
    enquiry_did_not_cross: "no enquire_link from the ESME crossed",
    connection_of_one_end: "at one only: 10.99.0.1:39999",
    passed_while_suspended: "expected 0x0",
    pdu_cut_short: "never ended",
}


def main():
    failed = 0
    lifted = World()
    lifted.windows = [suspended(5)]
    for right in (World(), lifted):
        accepted, said = judge(right)
        if not accepted:
            failed += 1
            print(f"FAILED: what is right is not accepted:\n{said}")
    for fault, reason in FAULTS.items():
        world = World()
        fault(world)
        accepted, said = judge(world)
        if accepted or reason not in said:
            failed += 1
            print(f"FAILED: {fault.__name__}: \"{reason}\" was not said:\n{said}")
    print(f"{2 + len(FAULTS)} captures judged, {failed} wrongly")
    return 1 if failed else 0


sys.exit(main())

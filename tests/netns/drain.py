#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""drain: `sluicectl drain` against the live daemon, from both ends of live sessions.

usage: drain.py ESME-NAMESPACE SMSC-NAMESPACE SLUICECTL CONTROL-SOCKET

Whether a session is screened is seen in what becomes of a message with a word that the
rules of tests/scenario refuse: it is answered by Sluice, or it reaches the SMSC.
"""
import ctypes
import json
import socket
import struct
import subprocess
import sys
import time

CLEAN, BAD = b"see you at lunch", b"claim your prize"
REFUSED = 0x45
HOST, PORT = "10.99.0.2", 2775


def enter(namespace):
    """What this process opens from now on lives there; what it has open stays."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/run/netns/" + namespace, "rb") as f:
        if libc.setns(f.fileno(), 0x40000000) != 0:
            raise OSError(ctypes.get_errno(), "setns")


def pdu(command, sequence, body=b"", status=0):
    return struct.pack("!IIII", 16 + len(body), command, status, sequence) + body


def submit(sequence, text):
    return pdu(4, sequence, b"\0\x01\x01020000101\0\x01\x01821055556666\0" + bytes(7) +
               b"\0\0" + bytes([len(text)]) + text)


class Session:
    """Both ends of one connection, bound as hanbit."""

    def __init__(self, listener, namespace):
        enter(namespace)
        self.esme = socket.create_connection((HOST, PORT), timeout=5)
        self.smsc, _ = listener.accept()
        self.smsc.settimeout(5)
        self.sequence = 1
        self.esme.sendall(pdu(9, 1, b"hanbit\0secret\0\0\x34\0\0\0"))
        self.expect(self.smsc, 9)
        self.smsc.sendall(pdu(0x80000009, 1, b"smsc\0"))
        self.expect(self.esme, 0x80000009)

    @staticmethod
    def read(end):
        def exactly(n):
            octets = b""
            while len(octets) < n:
                more = end.recv(n - len(octets))
                if not more:
                    raise ConnectionError("the connection ended")
                octets += more
            return octets
        head = exactly(16)
        length, command, status, sequence = struct.unpack("!IIII", head)
        return command, status, sequence, head + exactly(length - 16)

    def expect(self, end, command):
        got = self.read(end)
        if got[0] != command:
            raise AssertionError(f"PDU {got[0]:#x}, not {command:#x}")
        return got

    def answer(self, octets):
        """The SMSC has the request, octet for octet, and its answer comes back."""
        got = self.expect(self.smsc, 4)
        if got[3] != octets:
            raise AssertionError("the SMSC got other octets")
        self.smsc.sendall(pdu(0x80000004, got[2], b"id\0"))
        status = self.expect(self.esme, 0x80000004)[1]
        if status != 0:
            raise AssertionError(f"status {status:#x}")

    def passes(self, text):
        self.sequence += 1
        octets = submit(self.sequence, text)
        self.esme.sendall(octets)
        self.answer(octets)

    def is_refused(self, text):
        self.sequence += 1
        self.esme.sendall(submit(self.sequence, text))
        _, status, sequence, _ = self.expect(self.esme, 0x80000004)
        if (status, sequence) != (REFUSED, self.sequence):
            raise AssertionError(f"answer {status:#x} to {sequence}")

    def delivers(self):
        """The other direction: a deliver_sm and its answer."""
        octets = pdu(5, 77, b"\0\x01\x01821055556666\0\x01\x01020000101\0" + bytes(9) + b"\x02ok")
        self.smsc.sendall(octets)
        if self.expect(self.esme, 5)[3] != octets:
            raise AssertionError("the ESME got other octets")
        self.esme.sendall(pdu(0x80000005, 77, b"\0"))
        self.expect(self.smsc, 0x80000005)

    def is_reset(self):
        """RST at both ends, when one of them speaks."""
        for end in (self.esme, self.smsc):
            try:
                end.sendall(pdu(0x15, 99))
                while end.recv(4096):
                    pass
            except ConnectionError:
                continue
            raise AssertionError("a session that was handed back goes on, unscreened")

    def close(self):
        self.esme.close()
        self.smsc.close()


class Control:
    def __init__(self, program, path):
        self.command = [program, "--socket", path, "--json"]

    def __call__(self, *arguments):
        done = subprocess.run(self.command + list(arguments), capture_output=True, text=True,
                              check=False)
        if done.returncode != 0:
            raise AssertionError(f"sluicectl {arguments}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def counter(self, name):
        return next(c["value"] for c in self("counters")["counters"] if c["name"] == name)

    def until(self, what, remaining, drained, seconds=15):
        """Draining says so many remain, so many were handed back."""
        end = time.monotonic() + seconds
        while True:
            said = self("drain")
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
    control.until("draining", 2, before + 1)
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
    control.until("a PDU has ended", 1, before + 2)
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

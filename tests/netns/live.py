# SPDX-License-Identifier: Apache-2.0
"""live: both ends of live sessions through the daemons, and their control, for the cases
that look at single messages. The TCP of both ends is the kernel's.
"""
import ctypes
import json
import socket
import struct
import subprocess

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


def submit(sequence, text, esm_class=0, data_coding=0, source=b"020000101"):
    return pdu(4, sequence, b"\0\x01\x01" + source + b"\0\x01\x01821055556666\0" +
               bytes([esm_class]) + bytes(6) + bytes([data_coding, 0, len(text)]) + text)


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

    def passes(self, text, **fields):
        self.sequence += 1
        octets = submit(self.sequence, text, **fields)
        self.esme.sendall(octets)
        self.answer(octets)

    def is_answered(self, wanted, text, **fields):
        """Sluice answers with this status; the SMSC gets nothing of it."""
        self.sequence += 1
        self.esme.sendall(submit(self.sequence, text, **fields))
        _, status, sequence, octets = self.expect(self.esme, 0x80000004)
        if (status, sequence) != (wanted, self.sequence):
            raise AssertionError(f"answer {status:#x} to {sequence}")
        return octets

    def is_refused(self, text, **fields):
        self.is_answered(REFUSED, text, **fields)

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

    def reason(self, name):
        return next(c["value"] for c in self("counters")["reasons"]
                    if c["name"] == "reason_" + name)

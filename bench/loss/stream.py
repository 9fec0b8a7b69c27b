#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""stream: one SMPP session that carries one way as fast as TCP lets it.

    stream.py serve HOST PORT           accepts one session, prints octets and seconds
    stream.py send HOST PORT OCTETS KERNEL
                                        binds, writes that many octets of submit_sm, closes

The server answers the bind and then only reads, so what is timed is TCP: from the first
octet behind the bind to the end of the stream. Every octet is checked by a hash.
"""
import errno
import hashlib
import json
import socket
import struct
import sys
import time

SENDER, SYSTEM_ID = b"020000101", b"hanbit"  # of tests/scenario: certified, its own


def pdu(command, sequence, body):
    return struct.pack("!IIII", 16 + len(body), command, 0, sequence) + body


def bind(sequence):
    return pdu(9, sequence, SYSTEM_ID + b"\0secret\0\0\x34\0\0\0")


def submit(sequence):
    text = b"Your parcel %010d is on its way and will be there between ten and noon." % sequence
    return pdu(4, sequence, b"\0\x01\x01" + SENDER + b"\0\x01\x01" + b"821055556666\0" +
               bytes(7) + b"\x03\0" + bytes([len(text)]) + text)


def read_pdu(s):
    octets = b""
    while len(octets) < 16 or len(octets) < struct.unpack_from("!I", octets)[0]:
        more = s.recv(65536)
        if not more:
            raise EOFError("the session ended in its bind")
        octets += more
    length = struct.unpack_from("!I", octets)[0]
    return octets[:length], octets[length:]


def serve(host, port):
    listener = socket.create_server((host, port))
    print("ready", flush=True)
    s, _ = listener.accept()
    request, rest = read_pdu(s)
    sequence = struct.unpack_from("!I", request, 12)[0]
    s.sendall(pdu(0x80000009, sequence, b"smsc\0"))
    digest, octets, began = hashlib.sha256(rest), len(rest), time.monotonic()
    while True:
        more = s.recv(1 << 18)
        if not more:
            break
        if octets == 0:
            began = time.monotonic()
        digest.update(more)
        octets += len(more)
    seconds = time.monotonic() - began
    s.close()
    print(json.dumps({"octets": octets, "seconds": seconds, "sha256": digest.hexdigest()}))


def connect(host, port, tries=5):
    """The path is young, and loses: three ARP requests may be gone."""
    while True:
        try:
            return socket.create_connection((host, port), timeout=60)
        except OSError as e:
            tries -= 1
            if e.errno != errno.EHOSTUNREACH or tries == 0:
                raise


def send(host, port, octets, kernel):
    stream = bytearray()
    sequence = 1
    while len(stream) < octets:
        sequence += 1
        stream += submit(sequence)
    s = connect(host, port)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, kernel.encode())
    kernel = s.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16).rstrip(b"\0").decode()
    s.settimeout(300)
    s.sendall(bind(1))
    read_pdu(s)
    s.sendall(stream)
    s.shutdown(socket.SHUT_WR)
    while s.recv(65536):
        pass
    print(json.dumps({"octets": len(stream), "sha256": hashlib.sha256(stream).hexdigest(),
                      "kernel": kernel}))


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2], int(sys.argv[3]))
    else:
        send(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])

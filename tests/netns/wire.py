# SPDX-License-Identifier: Apache-2.0
"""wire: what really crossed a link, from a capture: frames, TCP streams, SMPP PDUs.

An own reading of the octets, so that neither the clients' nor the screener's word is
taken for anything. A stream with a hole, or with a retransmission that says something
else than the first transmission, is an error: then the capture proves nothing.
"""
import ipaddress
import struct

TAGS = (0x8100, 0x88A8)
NAMES = {1: "bind_receiver", 2: "bind_transmitter", 4: "submit_sm", 5: "deliver_sm",
         6: "unbind", 7: "replace_sm", 9: "bind_transceiver", 0x15: "enquire_link",
         0x21: "submit_multi", 0x103: "data_sm", 0x111: "broadcast_sm"}
# What carries or changes a message, and so is screened.
REQUESTS = (4, 7, 0x21, 0x103, 0x111)
RESPONSE = 0x80000000


def frames(path):
    """(time, octets) of each frame of a classic capture file."""
    with open(path, "rb") as f:
        data = f.read()
    magic = data[:4]
    order = "<" if magic in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    fine = 1e9 if magic in (b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d") else 1e6
    at = 24
    while at + 16 <= len(data):
        seconds, fraction, kept, length = struct.unpack_from(order + "IIII", data, at)
        if kept != length:
            raise ValueError(f"{path}: a frame of {length} octets was cut to {kept}")
        yield seconds + fraction / fine, data[at + 16:at + 16 + kept]
        at += 16 + kept


def total(octets):
    """The ones' complement sum of 16-bit words (RFC 1071)."""
    octets += b"\0" * (len(octets) & 1)
    value = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while value >> 16:
        value = (value & 0xFFFF) + (value >> 16)
    return value


def intact(ip, addresses, segment):
    """Whether the checksums hold: what a bad wire broke is nobody's word."""
    if ip[0] >> 4 == 4 and total(ip) != 0xFFFF:
        return False
    return total(addresses + struct.pack("!II", 6, len(segment)) + segment) == 0xFFFF


def tcp(frame):
    """((source, port), (destination, port), seq, flags, payload), or None: not TCP, or
    broken on its way."""
    at, kind = 14, struct.unpack_from("!H", frame, 12)[0]
    while kind in TAGS:
        kind = struct.unpack_from("!H", frame, at + 2)[0]
        at += 4
    if kind == 0x0800 and frame[at + 9] == 6:
        end = at + struct.unpack_from("!H", frame, at + 2)[0]
        src, dst = frame[at + 12:at + 16], frame[at + 16:at + 20]
        ip = frame[at:at + (frame[at] & 15) * 4]
    elif kind == 0x86DD and frame[at + 6] == 6:
        end = at + 40 + struct.unpack_from("!H", frame, at + 4)[0]
        src, dst = frame[at + 8:at + 24], frame[at + 24:at + 40]
        ip = frame[at:at + 40]
    else:
        return None
    at += len(ip)
    if not ip or end > len(frame) or at + 20 > end or not intact(ip, src + dst, frame[at:end]):
        return None
    sport, dport, seq = struct.unpack_from("!HHI", frame, at)
    flags = frame[at + 13]
    head = (frame[at + 12] >> 4) * 4
    return ((str(ipaddress.ip_address(src)), sport), (str(ipaddress.ip_address(dst)), dport),
            seq, flags, frame[at + head:end])


class Stream:
    """One direction of one connection, put in order."""

    def __init__(self):
        self.first = None
        self.data = bytearray()
        self.times = []  # (offset of the end, time) in order
        self.early = {}
        self.rst = False

    def put(self, seq, flags, payload, when):
        if flags & 2:
            self.first = (seq + 1) & 0xFFFFFFFF
        self.rst |= bool(flags & 4)
        if not payload:
            return
        if self.first is None:
            raise ValueError("octets before a SYN")
        offset = (seq - self.first) & 0xFFFFFFFF
        # Streams here are far below 2 GiB: a large offset is one before the start.
        if offset >= 1 << 31:
            return
        self.early.setdefault(offset, []).append((payload, when))
        self.settle()

    def settle(self):
        moved = True
        while moved:
            moved = False
            for offset in sorted(self.early):
                if offset > len(self.data):
                    break
                for payload, when in self.early.pop(offset):
                    self.join(offset, payload, when)
                moved = True

    def join(self, offset, payload, when):
        known = bytes(self.data[offset:offset + len(payload)])
        if known != payload[:len(known)]:
            raise ValueError(f"octets from {offset} on were sent again differently")
        if len(payload) > len(known):
            self.data += payload[len(known):]
            self.times.append((len(self.data), when))

    def pdus(self):
        """(time its last octet was seen, octets) of each whole PDU; the rest after them."""
        if self.early:
            raise ValueError(f"a hole after {len(self.data)} octets")
        out, at, t = [], 0, 0
        while at + 16 <= len(self.data):
            length = struct.unpack_from("!I", self.data, at)[0]
            if length < 16 or at + length > len(self.data):
                break
            while self.times[t][0] < at + length:
                t += 1
            out.append(Pdu(self.times[t][1], bytes(self.data[at:at + length])))
            at += length
        return out, bytes(self.data[at:])


class Pdu:
    def __init__(self, time, octets):
        self.time, self.octets = time, octets
        self.command, self.status, self.sequence = struct.unpack_from("!III", octets, 4)

    def is_request(self):
        return self.command in REQUESTS

    def name(self):
        base = NAMES.get(self.command & ~RESPONSE, hex(self.command & ~RESPONSE))
        return base + ("_resp" if self.command & RESPONSE else "")

    def destination(self):
        """destination_addr of a submit_sm or data_sm, which names the message."""
        at = self.octets.index(0, 16) + 1 + 2
        at = self.octets.index(0, at) + 1 + 2
        return self.octets[at:self.octets.index(0, at)].decode("latin-1")

    def system_id(self):
        return self.octets[16:self.octets.index(0, 16)].decode("latin-1")

    def __str__(self):
        return f"{self.name()} seq={self.sequence} status=0x{self.status:x}"


def connections(path, port=2775):
    """{(client, server): (stream to the server, stream to the client)} of the port: of those
    that began here. A FIN or ACK that is sent again for one of an earlier case, whose last
    acknowledgement a bad wire lost, makes no connection."""
    found = {}
    for when, frame in frames(path):
        seen = tcp(frame)
        if seen is None:
            continue
        src, dst, seq, flags, payload = seen
        if dst[1] == port:
            key, side = (src, dst), 0
        elif src[1] == port:
            key, side = (dst, src), 1
        else:
            continue
        if flags & 2 and not flags & 16:  # a first SYN, perhaps of a port used before
            known = found.get(key)
            if known and known[0].first not in (None, (seq + 1) & 0xFFFFFFFF):
                found[key + (known[0].first,)] = found.pop(key)
        found.setdefault(key, (Stream(), Stream()))[side].put(seq, flags, payload, when)
    return {key: both for key, both in found.items()
            if any(stream.first is not None for stream in both)}

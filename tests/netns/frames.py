#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""frames: what is not SMPP crosses the wire as it is: every octet, both ways, once; and what
a receiver could read as SMPP that we did not read does not cross.

usage: frames.py ESME-NAMESPACE SMSC-NAMESPACE

Sends frames of every kind that may cross from one end and compares the octets that
arrive at the other. Prints a line a kind; status 1 if any is missing, changed, doubled.
"""
import ctypes
import os
import select
import socket
import struct
import sys
import time

SOL_PACKET, PACKET_AUXDATA, PACKET_OUTGOING = 263, 8, 4
VLAN_VALID, TPID_VALID = 1 << 4, 1 << 6
MAC = {0: bytes.fromhex("02000000aa01"), 1: bytes.fromhex("02000000aa02")}


def packet_socket(namespace, interface="eth0"):
    """A raw socket that lives in a namespace of that name."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/run/netns/" + namespace, "rb") as f:
        if libc.setns(f.fileno(), 0x40000000) != 0:
            raise OSError(ctypes.get_errno(), "setns")
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    s.bind((interface, 3))
    s.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    return s


def receive(s):
    """A frame with its outer tag put back where the kernel took it from, or None if ours."""
    data, ancillary, _, address = s.recvmsg(65536, 256)
    if address[2] == PACKET_OUTGOING:
        return None
    for level, kind, value in ancillary:
        if (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
            status, _, _, _, _, tci, tpid = struct.unpack("=IIIHHHH", value[:20])
            if status & VLAN_VALID:
                tpid = tpid if status & TPID_VALID else 0x8100
                data = data[:12] + struct.pack("!HH", tpid, tci) + data[12:]
    return data


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ipv4(protocol, payload, flags=0, options=b"", ttl=3, tos=0xB8):
    head = struct.pack("!BBHHHBBH4s4s", 0x45 + len(options) // 4, tos,
                       20 + len(options) + len(payload), 0x1234, flags, ttl, protocol, 0,
                       socket.inet_aton("10.99.0.77"), socket.inet_aton("10.99.0.78")) + options
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def ipv6(next_header, payload, hop_limit=5):
    return struct.pack("!IHBB", 0x6AB12345, len(payload), next_header, hop_limit) + \
        socket.inet_pton(socket.AF_INET6, "fd99::77") + \
        socket.inet_pton(socket.AF_INET6, "fd99::78") + payload


def tcp(port, payload):
    return struct.pack("!HHIIBBHHH", 40000, port, 7, 9, 5 << 4, 0x18, 512, 0xBEEF, 0) + payload


def udp(payload, port=2775):
    return struct.pack("!HHHH", 40000, port, 8 + len(payload), 0xDEAD) + payload


def kinds(mark):
    """(name, ethertype and what follows) of everything that is to cross."""
    tag, qinq = struct.pack("!HH", 0x8100, 0x6007), struct.pack("!HH", 0x88A8, 0x2008)
    arp = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + MAC[0] + b"\x0a\x63\0\x4d" + \
        bytes(6) + b"\x0a\x63\0\x4e"
    ip4, ip6 = b"\x08\x00", b"\x86\xdd"
    yield "ARP", b"\x08\x06" + arp + mark
    yield "ARP, tagged", tag + b"\x08\x06" + arp + mark
    yield "ICMP echo", ip4 + ipv4(1, b"\x08\0\0\0\0\1\0\1" + mark)
    yield "ICMP echo of 1,500 octets", ip4 + ipv4(1, b"\x08\0\0\0\0\1\0\2" + mark * 73 + bytes(12))
    yield "ICMPv6 neighbour solicitation", ip6 + ipv6(58, b"\x87\0\0\0" + bytes(20) + mark, 255)
    yield "ICMPv6 echo", ip6 + ipv6(58, b"\x80\0\0\0" + mark)
    yield "UDP to the SMPP port", ip4 + ipv4(17, udp(mark))
    yield "UDP, wrong checksum kept", ip4 + ipv4(17, udp(mark, 53))
    yield "UDP over IPv6", ip6 + ipv6(17, udp(mark))
    yield "UDP fragment", ip4 + ipv4(17, udp(mark), flags=0x2000)
    yield "UDP with IP options", ip4 + ipv4(17, udp(mark), options=b"\x94\x04\0\0")
    yield "UDP with a hop-by-hop header", ip6 + ipv6(0, b"\x11\0\x01\x04" + bytes(4) + udp(mark))
    yield "TCP to another port", ip4 + ipv4(6, tcp(80, mark))
    yield "TCP to another port, IPv6", ip6 + ipv6(6, tcp(22, mark))
    yield "SCTP", ip4 + ipv4(132, struct.pack("!HHII", 2775, 2775, 1, 2) + mark)
    yield "GRE", ip4 + ipv4(47, b"\0\0\x08\x00" + mark)
    yield "tagged UDP", tag + ip4 + ipv4(17, udp(mark))
    yield "QinQ UDP", qinq + tag + ip4 + ipv4(17, udp(mark))
    yield "QinQ TCP to another port, IPv6", qinq + tag + ip6 + ipv6(6, tcp(8080, mark))
    yield "unknown EtherType", b"\x88\xb5" + mark
    yield "unknown EtherType, tagged", tag + b"\x88\xb5" + mark
    yield "MPLS", b"\x88\x47\0\1\x01\x40" + mark
    yield "802.3 frame with LLC", struct.pack("!H", 3 + len(mark)) + b"\x42\x42\x03" + mark


def unreadable(mark):
    """(name, ethertype and what follows) of what must not cross."""
    ip4, ip6, to_smpp = b"\x08\x00", b"\x86\xdd", tcp(2775, mark)
    yield "TCP behind three tags of VLAN 0", b"\x81\0\0\0" * 3 + ip4 + ipv4(6, to_smpp)
    yield "the same, IPv6", b"\x88\xa8\0\0" * 3 + ip6 + ipv6(6, to_smpp)
    yield "seventeen tags", b"\x81\0\0\0" * 17 + ip4 + ipv4(6, to_smpp)
    yield "TCP with a wrong checksum", ip4 + ipv4(6, to_smpp)
    yield "first fragment of TCP", ip4 + ipv4(6, to_smpp, flags=0x2000)
    yield "later fragment of TCP", ip4 + ipv4(6, mark, flags=3)
    yield "atomic fragment of TCP", ip6 + ipv6(44, b"\x06\0\0\0\0\0\0\7" + to_smpp)
    yield "first fragment without ports", ip6 + ipv6(44, b"\x3c\0\0\1\0\0\0\7" + mark)
    yield "TCP on its way by other routers", ip6 + ipv6(
        43, b"\x06\2\0\1" + bytes(4) + bytes(16) + to_smpp)
    yield "TCP in a jumbogram", ip6 + ipv6(0, b"\x06\0\xc2\4\0\1\0\0" + to_smpp)[:4] + \
        b"\0\0" + ipv6(0, b"\x06\0\xc2\4\0\1\0\0" + to_smpp)[6:]


def destinations(side):
    yield "to one", MAC[1 - side]
    yield "to all", b"\xff" * 6
    yield "to a group", bytes.fromhex("01005e000001")


def collect(s, wanted, seconds=10.0):
    """How often each wanted frame arrived; and by mark what came with it, but changed. Ends a
    while after the last one, or when they had time enough."""
    seen, changed = dict.fromkeys(wanted, 0), {}
    marks = {frame_mark(w) for w in wanted}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not select.select([s], [], [], 0.5)[0]:
            if all(seen.values()):
                break
            continue
        frame = receive(s)
        if frame in seen:
            seen[frame] += 1
        elif frame is not None and b"<<" in frame and frame_mark(frame) in marks:
            changed.setdefault(frame_mark(frame), frame)
    return seen, changed


def frame_mark(frame):
    at = frame.index(b"<<")
    return frame[at:at + 20]


def one_way(sockets, side):
    sent = {}  # kind: its frames
    for name, _ in kinds(b""):
        for _, destination in destinations(side):
            mark = b"<<%016x>>" % int.from_bytes(os.urandom(8), "big")
            rest = next(r for n, r in kinds(mark) if n == name)
            sent.setdefault(name, []).append(destination + MAC[side] + rest)
            sockets[side].send(sent[name][-1])
    seen, changed = collect(sockets[1 - side], [f for frames in sent.values() for f in frames])
    bad = 0
    for name, frames in sent.items():
        others = [changed[frame_mark(f)] for f in frames if frame_mark(f) in changed]
        if others or any(seen[f] != 1 for f in frames):
            bad += 1
            direction = "from the ESME" if side == 0 else "from the SMSC"
            print(f"      {name} {direction}: arrived {[seen[f] for f in frames]} times, "
                  f"{len(others)} changed")
            for frame in others[:1]:
                print(f"        sent {frames[0].hex()}\n        got  {frame.hex()}")
    return len(sent), bad


def must_not_cross(sockets, side):
    """How many kinds were sent, and how many of them arrived in any form."""
    marks = {name: b"<<%016x>>" % int.from_bytes(os.urandom(8), "big")
             for name, _ in unreadable(b"")}
    for name, mark in marks.items():
        rest = next(r for n, r in unreadable(mark) if n == name)
        sockets[side].send(MAC[1 - side] + MAC[side] + rest)
    arrived, end = set(), time.monotonic() + 1
    while select.select([sockets[1 - side]], [], [], max(0, end - time.monotonic()))[0]:
        frame = receive(sockets[1 - side]) or b""
        arrived |= {name for name, mark in marks.items() if mark in frame}
    for name in arrived:
        print(f"      {name} from the {'SMSC' if side else 'ESME'}: crossed")
    return len(marks), len(arrived)


def main():
    sockets = [packet_socket(sys.argv[1]), packet_socket(sys.argv[2])]
    count = bad = 0
    for side in (0, 1):
        n, wrong = one_way(sockets, side)
        count, bad = count + n, bad + wrong
    print(f"      {count} kinds of frames, 3 of each, {bad} kinds not as sent")
    hidden = crossed = 0
    for side in (0, 1):
        n, wrong = must_not_cross(sockets, side)
        hidden, crossed = hidden + n, crossed + wrong
    print(f"      {hidden} kinds that hide what they are, {crossed} of them crossed")
    return 1 if bad or crossed else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tagged: an interface whose frames travel eth0 with VLAN tags.

usage: ip netns exec NS tagged.py TPID:ID[,TPID:ID] &      (8100:7 or 88a8:8,8100:9)

Makes the tap interface tag0. Not every kernel that runs our tests has 8021q; with this
the tags are also surely in the frame and not in a NIC's descriptor.
"""
import fcntl
import os
import select
import socket
import struct
import sys

import frames

TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000


def main():
    tags = b"".join(struct.pack("!HH", int(t.split(":")[0], 16), int(t.split(":")[1]))
                    for t in sys.argv[1].split(","))
    tap = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH", b"tag0", IFF_TAP | IFF_NO_PI))
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    wire.bind(("eth0", 3))
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    wire.setsockopt(frames.SOL_PACKET, frames.PACKET_AUXDATA, 1)
    while True:
        for ready in select.select([tap, wire], [], [])[0]:
            if ready == tap:
                frame = os.read(tap, 65536)
                wire.send(frame[:12] + tags + frame[12:])
                continue
            frame = frames.receive(wire)
            if frame and frame[12:12 + len(tags)] == tags:
                try:
                    os.write(tap, frame[:12] + frame[12 + len(tags):])
                except OSError:
                    pass  # the interface is not up yet


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Monitor mode, more connections one after another than its table holds: those that have ended
make room, and without one the longest silent.

usage: monitor_many.py SLUICE_DATAPLANE
"""
import json
import os
import struct
import subprocess
import sys
import tempfile

FLOWS, CONNECTIONS = 64, 500
FIN, SYN, ACK = 1, 2, 16
PDU = struct.pack("!IIII", 16, 0x15, 0, 7)


def frame(port, seq, flags, payload=b""):
    tcp = struct.pack("!HHIIBBHHH", port, 2775, seq, 1, 0x50, flags, 8192, 0, 0) + payload
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 0, 0x4000, 64, 6, 0,
                     bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2]))
    return bytes(12) + b"\x08\x00" + ip + tcp


def capture(path, end):
    """One PDU a connection; a FIN that comes before it at every second one."""
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for n in range(CONNECTIONS):
            port, last = 10000 + n, frame(10000 + n, 117, end | ACK)
            frames = [frame(port, 100, SYN), frame(port, 101, ACK, PDU)]
            frames[2 - n % 2:2 - n % 2] = [last] if end else []
            frames += [frame(port, 118, ACK)]
            for octets in frames:
                f.write(struct.pack("<IIII", 0, 0, len(octets), len(octets)) + octets)


def command(program, folder, end, idle_stop):
    path, settings = os.path.join(folder, "c.pcap"), os.path.join(folder, "settings.yaml")
    capture(path, end)
    with open(settings, "w", encoding="utf-8") as f:
        f.write(f"links: [ {{ esme: 'net_pcap0,rx_pcap={path}', smsc: 'net_null0,no-rx=1' }} ]\n"
                f"flows: {FLOWS}\nbuffers: 1024\nhuge_pages: never\neal: [ '--no-pci' ]\n")
    return [program, "--settings", settings, "--monitor", "--idle-stop", idle_stop]


def pdus(program, folder, end):
    out = subprocess.run(command(program, folder, end, "500"), capture_output=True, text=True,
                         check=True, timeout=60).stdout
    return [json.loads(line) for line in out.splitlines()]


def unheard(program, folder):
    """Complaints: where its output is full or closed it is to end at once, and to say so."""
    run = command(program, folder, FIN, "50000")
    bad = []
    with open("/dev/full", "wb") as full:
        got = subprocess.run(run, stdout=full, stderr=subprocess.PIPE, text=True, timeout=20,
                             check=False)
        if got.returncode == 0 or "cannot be written" not in got.stderr:
            bad.append(f"full: status {got.returncode}: {got.stderr}")
    run[-1] = "never"
    got = subprocess.run(run, capture_output=True, text=True, timeout=20, check=False)
    if got.returncode == 0 or "--idle-stop needs a number" not in got.stderr:
        bad.append(f"--idle-stop never: status {got.returncode}: {got.stderr}")
    return bad


def main():
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, end in ("with a FIN", FIN), ("never ended", 0):
            got = pdus(sys.argv[1], folder, end)
            good = [p for p in got if p.get("sequence_number") == 7]
            print(f"{name}: {len(good)} PDUs of {CONNECTIONS} connections, "
                  f"{len(got) - len(good)} other lines")
            failed += len(good) != CONNECTIONS or len(got) != CONNECTIONS
        for why in unheard(sys.argv[1], folder):
            failed += 1
            print(why)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

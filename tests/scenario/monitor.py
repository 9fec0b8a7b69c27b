#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Monitor mode against tshark: the same PDUs, frame by frame and field by field.

usage: monitor.py SLUICE_DATAPLANE

Each capture of ../shared/data/pcap is played through the pcap PMD. Frames that tshark
calls malformed, or where it sees no SMPP because it does not know the command_id, are
left out of the comparison; all others must agree in number, order and fields. And a capture
of our own, whose connections never finish what they begin: what comes behind them is seen.
"""
import glob
import json
import os
import struct
import subprocess
import sys
import tempfile

CAPTURES = ["ndpi_smpp_in_general.dev.pcap", "loop_node_node.dev.pcapng",
            "vectors_one_per_flow.dev.pcap"]
PORTS = [2775, 9000, 42775]
FIELDS = ["frame.number", "smpp.command_id", "smpp.command_length", "smpp.command_status",
          "smpp.sequence_number"]
OURS = ["command_id", "command_length", "command_status", "sequence_number"]


def shared(name):
    root = os.environ.get("SLUICE_SHARED", "../shared")
    path = os.path.join(root, "data", "pcap", name)
    if os.path.exists(path):
        return path
    print(f"{'FAILED' if os.environ.get('CI') == 'true' else 'skipped'}: {path} is missing")
    sys.exit(1 if os.environ.get("CI") == "true" else 77)


def tshark(path):
    """{frame: [(command_id, length, status, sequence), ...]}, and the frames not to compare."""
    args = ["tshark", "-r", path, "-Y", "tcp", "-T", "fields", "-E", "occurrence=a",
            "-E", "aggregator=,", "-e", "_ws.malformed"]
    for port in PORTS:
        args += ["-d", f"tcp.port=={port},smpp"]
    for field in FIELDS:
        args += ["-e", field]
    out = subprocess.run(args, capture_output=True, text=True, check=True).stdout
    pdus, malformed = {}, set()
    for line in out.splitlines():
        bad, frame, ids, lengths, statuses, sequences = line.split("\t")
        if bad:
            malformed.add(int(frame))
        if not ids:
            continue
        ids = [int(v, 16) for v in ids.split(",")]
        # tshark shows a status only for responses: requests have none to show.
        statuses = [int(v, 16) for v in statuses.split(",")] if statuses else []
        row = []
        for i, command in enumerate(ids):
            status = statuses.pop(0) if command & 0x80000000 and statuses else None
            row.append((command, int(lengths.split(",")[i]), status,
                        int(sequences.split(",")[i])))
        pdus[int(frame)] = row
    return pdus, malformed


def monitor(program, path):
    with tempfile.TemporaryDirectory() as folder:
        settings = os.path.join(folder, "settings.yaml")
        with open(settings, "w", encoding="utf-8") as f:
            f.write(f"links: [ {{ esme: 'net_pcap0,rx_pcap={path}', smsc: 'net_null0,no-rx=1' }} ]\n"
                    f"smpp_ports: {PORTS}\nbuffers: 1024\nbuffer_octets: 32768\nhuge_pages: never\n"
                    "eal: [ '--no-pci' ]\n")
        out = subprocess.run([program, "--settings", settings, "--monitor", "--idle-stop", "500"],
                             capture_output=True, text=True, check=True, timeout=60).stdout
    pdus, lost = {}, set()
    for line in out.splitlines():
        pdu = json.loads(line)
        if "lost" in pdu:
            lost.add(pdu["frame"])
        else:
            pdus.setdefault(pdu["frame"], []).append(tuple(pdu[k] for k in OURS))
    return pdus, lost


# Of SMPP 3.3, 3.4 and 5.0, without the response bit.
KNOWN = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0xB, 0x15, 0x21, 0x102, 0x103, 0x111, 0x112, 0x113}


def unknown(pdus):
    return all(command & 0x7FFFFFFF not in KNOWN for command, _, _, _ in pdus)


def same(theirs, ours):
    return len(theirs) == len(ours) and all(
        a[0] == b[0] and a[1] == b[1] and a[3] == b[3] and (a[2] is None or a[2] == b[2])
        for a, b in zip(theirs, ours))


def eal_files():
    """What DPDK keeps in /run, which is memory: with each start that leaves some it is less."""
    return set(glob.glob("/var/run/dpdk/sluice-*") + glob.glob("/var/run/dpdk/sluice/*"))


def frame(port, seq, text):
    """From 10.0.0.1:port to 10.0.0.2:2775; monitor mode asks for no checksum."""
    tcp = struct.pack(">HHIIBBHHH", port, 2775, seq, 0, 0x50, 0x18, 60000, 0, 0) + text
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0,
                     bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2]))
    return bytes(12) + b"\x08\x00" + ip + tcp


def hoarders(path):
    """More begun PDUs, in segments of four octets, than there are buffers; then a whole one."""
    begun = struct.pack(">IIII", 60000, 4, 0, 1) + bytes(224)
    frames = [frame(port, at, begun[at:at + 4]) for port in range(1, 60)
              for at in range(0, len(begun), 4)]
    frames.append(frame(999, 0, struct.pack(">IIII", 16, 0x15, 0, 7)))
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for octets in frames:
            f.write(struct.pack("<IIII", 0, 0, len(octets), len(octets)) + octets)
    return len(frames)


def sees_behind_hoarders(program):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "hoarders.pcap")
        last = hoarders(path)
        ours, lost = monitor(program, path)
    print(f"hoarders: {len(lost)} given up, of {last} frames the last has {ours.get(last)}")
    return ours.get(last) == [(0x15, 16, 0, 7)]


def main():
    program, failed = sys.argv[1], 0
    before = eal_files()
    for name in CAPTURES:
        path = shared(name)
        theirs, malformed = tshark(path)
        ours, lost = monitor(program, path)
        lost |= {f for f in ours if f not in theirs and unknown(ours[f])}
        frames = sorted((set(theirs) | set(ours)) - malformed - lost)
        wrong = [f for f in frames if not same(theirs.get(f, []), ours.get(f, []))]
        total = sum(len(theirs.get(f, [])) for f in frames)
        print(f"{name}: {total} PDUs in {len(frames)} frames compared, "
              f"{len(malformed | lost)} left out, {len(wrong)} frames differ")
        for f in wrong[:10]:
            print(f"  frame {f}: tshark {theirs.get(f)}, monitor {ours.get(f)}")
        failed += bool(wrong) or total == 0
    failed += not sees_behind_hoarders(program)
    left = sorted(eal_files() - before)
    print(f"left behind: {left}")
    failed += bool(left)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

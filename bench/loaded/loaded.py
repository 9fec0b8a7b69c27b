#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""loaded: changes a second, and how long each takes, while the data plane carries all it can.

usage: loaded.py BUILD-FOLDER [--rate N] [--batch N] [--callers N] [--seconds N] [--rounds N]
                 [--calls FILE] [--json]

Both real daemons. Two captures of whole SMPP sessions are played into a worker in busy poll
mode without end (clean_traffic.c): its core has nothing left. Control and the callers share
the other core. A call suspends --batch senders (none that the traffic uses) and is timed from
when it was due until its answer: then every worker decides by it and both disks have it.
Wrong when an answer says it is not enforced, when a message is refused, or when none passes.
"""
import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

SENDERS = 1000000
FOLDED = "in force, workers waited"  # of the data plane, of every image
COUNTERS = b"GET /v1/counters HTTP/1.1\r\nHost: sluice\r\n\r\n"
SETTLE = 5  # seconds: the import is carried into the database
STEP = 1299709  # a prime: every sender once before one comes again
SETTINGS = """links:
  - {{ esme: "net_pcap0,rx_pcap={0}/esme.pcap,infinite_rx=1",
      smsc: "net_pcap1,rx_pcap={0}/smsc.pcap,infinite_rx=1" }}
smpp_ports: [ 2775 ]
eal: [ "--no-pci" ]
poll: busy
burst: 32
workers: 1
first_core: 1
buffers: 65536
huge_pages: try
link_socket: {0}/link.sock
report_file: {0}/report
image_file: {0}/image
recipient_key: {0}/recipient.key
"""


class Stack:
    """Both daemons, the data plane started anew once it has an image to begin with."""

    def __init__(self, build, work):
        self.build, self.work, self.running = build, work, []
        with open(f"{work}/settings.yaml", "w", encoding="utf-8") as f:
            f.write(SETTINGS.format(work))
        program = f"{build}/bench/clean_traffic"
        self.messages = int(subprocess.run([program, work], check=True, text=True,
                                           stdout=subprocess.PIPE).stdout)

    def start(self, name, *arguments, until):
        program = f"{self.build}/{name}"
        with open(f"{self.work}/log", "a", encoding="utf-8") as log:
            process = subprocess.Popen([program, *arguments], stdout=log, stderr=log,
                                       stdin=subprocess.DEVNULL)
        self.running.append(process)
        end = time.monotonic() + 20
        while not os.path.exists(until) or process.poll() is not None:
            if process.poll() is not None or time.monotonic() > end:
                with open(f"{self.work}/log", encoding="utf-8") as log:
                    sys.exit(f"loaded: {name} does not start:\n{log.read()[-1500:]}")
            time.sleep(0.05)
        return process

    def data_plane(self):
        return self.start("dataplane/sluice-dataplane", "--settings",
                          f"{self.work}/settings.yaml", until=f"{self.work}/link.sock")

    def control(self):
        w = self.work
        return self.start("control/sluice-control", "--database", f"{w}/registry.sqlite",
                          "--socket", f"{w}/control.sock", "--link", f"{w}/link.sock",
                          "--report", f"{w}/report", "--audit", f"{w}/audit",
                          until=f"{w}/control.sock")

    def ctl(self, *arguments):
        done = subprocess.run([f"{self.build}/control/sluicectl", "--socket",
                               f"{self.work}/control.sock", *arguments], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode != 0:
            sys.exit(f"loaded: sluicectl {' '.join(arguments)}: {done.stdout}")
        return done.stdout

    def stop(self, process):
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self.running.remove(process)

    def records(self):
        with open(f"{self.work}/accounts.csv", "w", encoding="utf-8") as f:
            f.write("system_id\nbench\n")
        with open(f"{self.work}/senders.csv", "w", encoding="utf-8") as f:
            f.write("address,owner\n")
            f.writelines(f"010{20000000 + i:08d},bench\n" for i in range(100000))
            f.writelines(f"010{50000000 + i:08d},bench\n" for i in range(SENDERS))
        self.ctl("accounts", "import", f"{self.work}/accounts.csv")
        self.ctl("senders", "import", f"{self.work}/senders.csv")

    def bring_up(self):
        first = self.data_plane()
        self.control()
        self.records()
        self.stop(first)  # its sessions began before there was anybody certified
        self.data_plane()
        end = time.monotonic() + 30
        while "is in force" not in self.ctl("status"):
            if time.monotonic() > end:
                sys.exit("loaded: control does not find the data plane again")
            time.sleep(0.2)
        # The first change after a restart takes an image along.
        self.ctl("suspend", "sender", f"010{50000000 + SENDERS - 1:08d}")
        time.sleep(SETTLE)


def request(first, batch):
    deltas = [{"op": "suspend", "kind": "sender",
               "name": f"010{50000000 + (first + i) * STEP % SENDERS:08d}"}
              for i in range(batch)]
    body = json.dumps({"deltas": deltas}).encode()
    return (b"POST /v1/deltas HTTP/1.1\r\nHost: sluice\r\nContent-Length: "
            + str(len(body)).encode() + b"\r\n\r\n" + body)


def connect(path):
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    return connection


def more(connection):
    octets = connection.recv(65536)
    if not octets:
        raise ConnectionError("control hung up before it had answered")
    return octets


def ask(connection, octets):
    connection.sendall(octets)
    said = b""
    while b"\r\n\r\n" not in said:
        said += more(connection)
    head, _, body = said.partition(b"\r\n\r\n")
    length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n")
                  if line.lower().startswith(b"content-length:"))
    while len(body) < length:
        body += more(connection)
    return json.loads(body)


class Run:
    """Calls at their times, without a pause, by callers that are free."""

    def __init__(self, path, options):
        self.path, self.gap = path, options.batch / options.rate
        n = int(options.rounds * options.seconds / self.gap)
        self.calls = [request(k * options.batch, options.batch) for k in range(n)]
        self.ms, self.of_control = [None] * n, [None] * n
        self.wrong, self.next = [], 0
        self.lock = threading.Lock()
        self.callers = [threading.Thread(target=self.caller, daemon=True)
                        for _ in range(options.callers)]
        self.began = time.monotonic() + 0.2
        for c in self.callers:
            c.start()

    def end(self):
        for c in self.callers:
            c.join()
        return time.monotonic()

    def caller(self):
        connection = connect(self.path)
        while True:
            with self.lock:
                k, self.next = self.next, self.next + 1
            if k >= len(self.calls) or self.wrong:
                return
            due = self.began + k * self.gap
            time.sleep(max(0, due - time.monotonic()))
            try:
                answer = ask(connection, self.calls[k])
            except OSError as error:
                self.wrong.append(f"call {k}: {error}")
                return
            self.ms[k] = (time.monotonic() - due) * 1000
            self.of_control[k] = answer.get("milliseconds", 0)
            if answer.get("dataplane", {}).get("enforced") is not True:
                self.wrong.append(answer)


class Meter:
    """What has crossed, been answered and been folded, at the ends of rounds."""

    def __init__(self, stack):
        self.connection = connect(f"{stack.work}/control.sock")
        self.log = f"{stack.work}/log"

    def read(self):
        said = {c["name"]: c["value"] for c in ask(self.connection, COUNTERS)["counters"]}
        with open(self.log, encoding="utf-8") as f:
            folds = f.read().count(FOLDED)
        return (time.monotonic(), said["requests"], said["refused"], folds)


def measure(stack, options):
    meter = Meter(stack)
    run = Run(f"{stack.work}/control.sock", options)
    readings = [meter.read()]
    for k in range(1, options.rounds):
        time.sleep(max(0, run.began + k * options.seconds - time.monotonic()))
        readings.append(meter.read())
    end = run.end()
    readings.append(meter.read())
    if not run.wrong and None in run.ms:
        sys.exit("loaded: calls without an answer")
    if run.wrong:
        sys.exit(f"loaded: not enforced: {run.wrong[0]}")
    return [one_round(options, run, readings, k, end) for k in range(options.rounds)], run


def one_round(options, run, readings, k, end):
    before, after = readings[k], readings[k + 1]
    per_round = len(run.calls) // options.rounds
    ms = run.ms[k * per_round:(k + 1) * per_round]
    last = k == options.rounds - 1
    seconds = (end - run.began if last else (k + 1) * options.seconds) - k * options.seconds
    if after[2] != before[2] or after[1] == before[1]:
        sys.exit(f"loaded: time, requests, refused, folds were {before}, are {after}")
    return {"deltas_per_s": round(len(ms) * options.batch / seconds),
            "messages_per_s": round((after[1] - before[1]) / (after[0] - before[0])),
            "folds": after[3] - before[3], **times(ms)}


def times(ms):
    ms = sorted(ms)
    return {"calls": len(ms), "p50_ms": round(ms[len(ms) // 2], 2),
            "p99_ms": round(ms[int(len(ms) * 0.99)], 2), "most_ms": round(ms[-1], 2)}


def main():
    p = argparse.ArgumentParser(prog="sudo ./run bench loaded", usage="%(prog)s [OPTION ...]",
                                description=__doc__.split("\n", maxsplit=1)[0])
    p.add_argument("build", help=argparse.SUPPRESS)
    p.add_argument("--rate", type=int, default=10000, help="deltas a second (10000)")
    p.add_argument("--batch", type=int, default=100, help="of a call (100)")
    p.add_argument("--callers", type=int, default=8)
    p.add_argument("--seconds", type=int, default=8, help="of a round (8)")
    p.add_argument("--rounds", type=int, default=3, help="one after the other (3)")
    p.add_argument("--calls", metavar="FILE", help="when each was due, its ms, those in control: TSV")
    p.add_argument("--json", action="store_true")
    options = p.parse_args()
    work = tempfile.mkdtemp(prefix="sluice-loaded.")
    os.sched_setaffinity(0, {0})  # the worker's core is its own
    stack = None
    try:
        stack = Stack(options.build, work)
        stack.bring_up()
        rounds, run = measure(stack, options)
    finally:
        for process in list(stack.running if stack else []):
            stack.stop(process)
        shutil.rmtree(work)
    together = times(run.ms)
    if options.calls:
        with open(options.calls, "w", encoding="utf-8") as f:
            f.writelines(f"{k * run.gap:.3f}\t{ms:.2f}\t{of_control:.2f}\n"
                         for k, (ms, of_control) in enumerate(zip(run.ms, run.of_control)))
    if options.json:
        print(json.dumps({"bench": "loaded", "rounds": rounds, **together}))
        return
    for r in rounds:
        print(f"{r['deltas_per_s']} deltas/s, answered p50 {r['p50_ms']} ms, p99 {r['p99_ms']}"
              f" ms, most {r['most_ms']} ms; {r['messages_per_s']} messages/s crossed,"
              f" {r['folds']} images")
    print(f"all {together['calls']} calls: p50 {together['p50_ms']} ms, p99"
          f" {together['p99_ms']} ms, most {together['most_ms']} ms")


if __name__ == "__main__":
    main()

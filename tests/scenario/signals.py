#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Signals to the daemons: a hangup leaves them at work, SIGTERM and SIGINT end them well.

usage: signals.py SLUICE_DATAPLANE SLUICE_CONTROL

A terminal that is closed, or a log rotation, sends SIGHUP: nobody on the wire may notice.
The data plane has rings in place of ports, and needs neither root nor huge pages.
"""
import os
import signal
import subprocess
import sys
import tempfile
import time

SETTINGS = """links: [ {{ esme: "net_ring0", smsc: "net_ring1" }} ]
workers: {1}
first_core: 0
buffers: 2048
flows: 64
embryos: 64
known_texts: 64
huge_pages: never
link_socket: {0}/link
report_file: {0}/report
image_file: {0}/image
recipient_key: {0}/key
"""
START_S = 60
STOP_S = 20
HUNG_UP_S = 0.5


def start(args, log, ready):
    """The process, once its log says that it is ready."""
    process = subprocess.Popen(args, stderr=log)
    end = time.monotonic() + START_S
    while ready not in open(log.name, encoding="utf-8").read():
        if process.poll() is not None or time.monotonic() > end:
            raise AssertionError(f"{args[0]} did not start:\n{open(log.name).read()}")
        time.sleep(0.05)
    return process


def ends_well(args, log, ready, number):
    process = start(args, log, ready)
    try:
        process.send_signal(signal.SIGHUP)
        time.sleep(HUNG_UP_S)
        if process.poll() is not None:
            raise AssertionError(f"{args[0]}: ended on SIGHUP with {process.returncode}")
        process.send_signal(number)
        status = process.wait(STOP_S)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    if status != 0:
        raise AssertionError(f"{args[0]}: ended on {number.name} with {status}")


def main():
    data_plane, control = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        settings = os.path.join(folder, "settings")
        with open(settings, "w", encoding="utf-8") as out:
            out.write(SETTINGS.format(folder, os.cpu_count()))
        commands = [
            ([data_plane, "--settings", settings], "ready: "),
            ([control, "--database", f"{folder}/registry", "--socket", f"{folder}/socket",
              "--link", f"{folder}/link", "--report", f"{folder}/report"], "serving on "),
        ]
        for args, ready in commands:
            for number in (signal.SIGTERM, signal.SIGINT):
                with tempfile.NamedTemporaryFile("w", dir=folder) as log:
                    ends_well(args, log, ready, number)
        print("both daemons outlive a hangup, and end well")
    return 0


if __name__ == "__main__":
    sys.exit(main())

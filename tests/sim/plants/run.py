#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""run.py FOLDER|--list [--seeds N] [--jobs N] [--every N] [NAME ...]

Runs the planted simulations that are built in FOLDER/tests/sim, all or those named, and
prints what caught each: the first seed whose world failed, or an abort of the planted code
itself. --every N: each N-th of the list, for a sample. --list: their names. The time is the processor's, from the first seed to the one that caught it.
"""
import argparse
import concurrent.futures
import os
import re
import resource
import subprocess
import sys
import tempfile

from plant import blocks

CPU_SECONDS_MAX = 300  # a plant that makes the simulation hang is not caught


def limit():
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS_MAX, CPU_SECONDS_MAX))


def run(folder, name, seeds):
    """(caught by, processor seconds, why) of one plant; caught by "" = it was not."""
    program = f"{folder}/tests/sim/sim_plant_{name}"
    with tempfile.TemporaryFile("w+") as said:
        child = subprocess.Popen([program, "--seeds", str(seeds), "--first"], stdout=said,
                                 stderr=subprocess.STDOUT, preexec_fn=limit)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read()
    seconds = usage.ru_utime + usage.ru_stime
    found = re.search(r"^seed (\d+): (.*)$", text, re.M)
    if found and child.returncode == 1:
        return f"seed {found[1]}", seconds, found[2]
    last = (text.strip().split("\n") or [""])[-1]
    if child.returncode < 0 and seconds < CPU_SECONDS_MAX - 1:
        return f"signal {-child.returncode}", seconds, last
    return "", seconds, f"status {child.returncode}: {last}"


def main():
    p = argparse.ArgumentParser()
    p.add_argument("folder", nargs="?")
    p.add_argument("--list", action="store_true")
    p.add_argument("--every", type=int, default=1)
    p.add_argument("--seeds", type=int, default=6000)
    p.add_argument("--jobs", type=int, default=os.cpu_count())
    p.add_argument("names", nargs="*")
    a = p.parse_args()
    plants = blocks(os.path.join(os.path.dirname(__file__), "plants.txt"))
    if a.list and a.folder:
        a.names.insert(0, a.folder)
    unknown = [n for n in a.names if n not in plants]
    if unknown:
        sys.exit(f"no plant {unknown[0]}; there are: {' '.join(plants)}")
    names = a.names or list(plants)[::a.every]
    if a.list:
        print(*names, sep="\n")
        return 0
    missed = 0
    print(f"{'defect':26} {'in':28} {'caught by':12} {'CPU s':>6}  as", flush=True)
    with concurrent.futures.ThreadPoolExecutor(a.jobs) as pool:
        results = pool.map(lambda n: run(a.folder, n, a.seeds), names)
        for name, (by, seconds, why) in zip(names, results):
            missed += not by
            print(f"{name:26} {plants[name][0]:28} {by or 'NOBODY':12} {seconds:6.1f}  {why}",
                  flush=True)
    print(f"{len(names)} plants, {missed} not caught")
    return missed != 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""race: loss detection by RACK-TLP (RFC 8985) beside RFC 6675, the same seeds over each path.

usage: race.py BUILD_FOLDER [--seeds N] [--json]

A row a path and a sender: milliseconds from the bind to the last octet at the SMSC (median,
90th and 99th of 100), segments sent again, those of them that brought nothing new, time-outs,
tail loss probes (each a seed, on average), and in how many of 100 seeds the time is less,
equal, more than that of the first sender. --json: {"seeds", "paths": [{"path", "senders": [
{"sender", "p50_ms", "p90_ms", "p99_ms", "resent", "again", "timeouts", "probes", "less",
"more"}]}]}.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

SENDERS = {"rack_tlp": "RACK-TLP", "rfc6675": "RFC 6675", "rfc6675_tlp": "RFC 6675 with probes",
           "rack": "RACK without probes"}


def run(folder, sender, seeds):
    """{path: {seed: (us, resent, again, timeouts, probes)}}"""
    program = os.path.join(folder, "tests/sim", f"race_{sender}")
    done = subprocess.run([program, "--seeds", str(seeds)], capture_output=True, text=True,
                          check=False)
    if done.returncode != 0:
        sys.exit(f"race: {sender}: {done.stderr.strip()}")
    paths = {}
    for line in done.stdout.splitlines():
        path, seed, *numbers = line.split("\t")
        paths.setdefault(path, {})[int(seed)] = tuple(map(int, numbers))
    return paths


def row(name, runs, first):
    times = sorted(r[0] for r in runs.values())
    mean = [statistics.fmean(r[i] for r in runs.values()) for i in range(1, 5)]
    at = lambda share: times[min(len(times) - 1, int(share * len(times)))] / 1000
    return {"sender": name, "p50_ms": at(0.5), "p90_ms": at(0.9), "p99_ms": at(0.99),
            "resent": round(mean[0], 2), "again": round(mean[1], 2),
            "timeouts": round(mean[2], 3), "probes": round(mean[3], 2),
            "less": round(100 * sum(runs[s][0] < first[s][0] for s in runs) / len(runs), 1),
            "more": round(100 * sum(runs[s][0] > first[s][0] for s in runs) / len(runs), 1)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    results = {name: run(args.folder, sender, args.seeds) for sender, name in SENDERS.items()}
    first = next(iter(results.values()))
    out = []
    for path, base in first.items():
        if any(results[name][path].keys() != base.keys() for name in results):
            sys.exit(f"race: {path}: not every sender came to an end in every seed")
        out.append({"path": path,
                    "senders": [row(name, results[name][path], base) for name in results]})
    if args.json:
        print(json.dumps({"seeds": args.seeds, "paths": out}))
        return
    print(f"{args.seeds} seeds a path; ms from the bind to the last octet\n")
    print("| path | sender | p50 | p90 | p99 | sent again | for nothing | time-outs | probes "
          "| less, more time of 100 |\n| --- | --- |" + " ---: |" * 8)
    for p in out:
        for s in p["senders"]:
            print("| {path} | {sender} | {p50_ms:.0f} | {p90_ms:.0f} | {p99_ms:.0f} | {resent} "
                  "| {again} | {timeouts} | {probes} | {less}, {more} |".format(path=p["path"],
                                                                            **s))


if __name__ == "__main__":
    main()

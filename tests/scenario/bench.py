#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A bench, small: it ends well and its JSON has the keys that others read. Never how fast.

usage: bench.py NAME PROGRAM [ARGUMENT ...]
"""
import json
import subprocess
import sys

KEYS = {
    "path": ["path_ratio", "path_ratio_offload"],
    "rebuild": ["ratio"],
    "screen": ["unique_ratio", "repeated_ratio", "repeated_campaign_ratio", "sizes"],
    "sessions": ["sessions"],
    "delta": ["alone", "callers", "sustained", "most"],
    "import": ["rows", "seconds", "peak_mib"],
    "text": ["ucs2_hangul", "cp949_hangul", "gsm7", "fold_hangul", "fold_ascii"],
    "certified": ["sizes"],
    "loaded": ["rounds", "p99_ms"],
}
OF_A_SIZE = {
    "certified": ["keys", "batch_ns", "single_ns", "floor_ns", "ratio", "build_s",
                  "bits_per_key", "peers"],
    "screen": ["unique_cycles", "repeated_cycles"],
}


def fail(name, why):
    sys.exit(f"bench {name}: {why}")


def numbers(value):
    if isinstance(value, dict):
        for inner in value.values():
            yield from numbers(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from numbers(inner)
    elif isinstance(value, (int, float)):
        yield value


def main():
    name, program, *arguments = sys.argv[1:]
    run = subprocess.run([program, *arguments, "--json"], capture_output=True, text=True,
                         check=False)
    if run.returncode != 0:
        fail(name, f"ended with {run.returncode}: {run.stderr.strip()[-1000:]}")
    # One line, and the last one: who reads the figures takes that.
    result = json.loads(run.stdout.splitlines()[-1])
    rows = [(result, KEYS[name])]
    rows += [(size, OF_A_SIZE[name]) for size in result.get("sizes", [])]
    for where, keys in rows:
        for key in keys:
            if key not in where:
                fail(name, f"no key {key} in {sorted(where)}")
    if not any(n > 0 for n in numbers(result)):
        fail(name, "nothing was measured")
    print(f"bench {name}: {len(run.stdout)} octets of JSON, {len(rows)} parts")


if __name__ == "__main__":
    main()

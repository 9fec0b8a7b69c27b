#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tidy: clang-tidy over each of our sources once, two at a time.

usage: tidy.py CLANG-TIDY BUILD-FOLDER

The compiler's flags come from compile_commands.json; of several entries for a file
(one per target) the first counts. Generated sources live in the build folder: skipped.
"""
import concurrent.futures
import json
import os
import re
import subprocess
import sys


def our_sources(build):
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as f:
        commands = json.load(f)
    root = os.getcwd() + os.sep
    paths = {os.path.realpath(os.path.join(c["directory"], c["file"])) for c in commands}
    inside = {p for p in paths if p.startswith(root) and p.endswith(".c")}
    return sorted(p for p in inside if not p.startswith(os.path.realpath(build) + os.sep))


def check(tidy, build, path):
    done = subprocess.run([tidy, "--quiet", "-p", build, path], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)
    # The path an analyzer took (its notes) is for who asks clang-tidy itself.
    lines = [n.replace(os.path.join(os.path.realpath(build), "../"), "") + "\n"
             for n in done.stdout.splitlines() if re.search(r": (warning|error): ", n)]
    found, said = bool(lines), "".join(lines)
    if done.returncode != 0 and not found:
        said += re.sub(r"^\d+ warnings? generated\.\n", "", done.stderr, flags=re.M)
    return found or done.returncode != 0, said


def main():
    tidy, build = sys.argv[1], sys.argv[2]
    paths = our_sources(build)
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for failed, said in pool.map(lambda p: check(tidy, build, p), paths):
            if failed:
                bad += 1
                sys.stdout.write(said)
    print(f"{len(paths)} sources, {bad} with findings")
    return 1 if bad or not paths else 0


sys.exit(main())

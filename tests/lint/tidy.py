#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tidy: clang-tidy over each of our sources once, two at a time.

usage: tidy.py CLANG-TIDY BUILD-FOLDER [FILE ...]

The compiler's flags come from compile_commands.json; of several entries for a file
(one per target) the first counts. Generated sources live in the build folder: skipped.
A source that was clean is not looked at again until it, a header that its object depends
on (ninja knows them), its flags or the checks have changed: BUILD-FOLDER/tidy/.
"""
import concurrent.futures
import hashlib
import json
import os
import re
import subprocess
import sys


def our_sources(build):
    """{path: compile command} of the sources in this tree."""
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as f:
        commands = json.load(f)
    root = os.getcwd() + os.sep
    generated = os.path.realpath(build) + os.sep
    found = {}
    for c in commands:
        path = os.path.realpath(os.path.join(c["directory"], c["file"]))
        if path.startswith(root) and path.endswith(".c") and not path.startswith(generated):
            found.setdefault(path, c)
    return found


def headers(build):
    """{object: files it was made from}, as ninja recorded them."""
    said = subprocess.run(["ninja", "-C", build, "-t", "deps"], stdout=subprocess.PIPE,
                          text=True, check=True).stdout
    deps = {}
    for block in said.split("\n\n"):
        head, _, rest = block.partition("\n")
        if "(VALID)" in head:
            deps[head.split(":")[0]] = [line.strip() for line in rest.splitlines()]
    return deps


def digest(path, known={}):
    if path not in known:
        with open(path, "rb") as f:
            known[path] = hashlib.sha256(f.read()).hexdigest()
    return known[path]


def stamp_of(tidy, build, command, deps):
    """The file that says "clean", or None when it is not known what the source reads."""
    files = deps.get(command["output"])
    if files is None:
        return None
    key = hashlib.sha256()
    for part in (digest(tidy), digest(".clang-tidy"), digest("tests/.clang-tidy"),
                 command["command"]):
        key.update(part.encode())
    for path in sorted(files):
        key.update(digest(os.path.join(build, path)).encode())
    return os.path.join(build, "tidy", key.hexdigest())


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
    sources, deps = our_sources(build), headers(build)
    for path in set(sources) - {os.path.realpath(p) for p in sys.argv[3:] or sources}:
        del sources[path]
    os.makedirs(os.path.join(build, "tidy"), exist_ok=True)
    stamps = {p: stamp_of(tidy, build, c, deps) for p, c in sources.items()}
    due = sorted(p for p in sources if not (stamps[p] and os.path.exists(stamps[p])))
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for path, (failed, said) in zip(due, pool.map(lambda p: check(tidy, build, p), due)):
            if failed:
                bad += 1
                sys.stdout.write(said)
                sys.stdout.flush()
            elif stamps[path]:
                with open(stamps[path], "w", encoding="utf-8"):
                    pass
    print(f"{len(sources)} sources, {len(due)} looked at, {bad} with findings")
    return 1 if bad or not sources else 0


sys.exit(main())

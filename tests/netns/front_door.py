#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""front_door: what ./run and the demo's plan make of arguments and files that are wrong, and
of a mirror that is away, and that a bench gives back the huge pages it borrowed.

Nothing is built and no network is made: each of these is to be refused before that. The demo
asks for root first, so without it its cases are left out.
"""
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.join(HERE, "..", "..")
RUN = os.path.join(TOP, "run")
PAGES = "/proc/sys/vm/nr_hugepages"
ENDS = ("exit 0", "exit 3", "false", "kill -INT $$; sleep 9", "kill -TERM $$; sleep 9")

# Fails as often as the folder says, and then has done it. Who is called is in its log.
APT_GET = """#!/bin/bash
cd "$(dirname "$0")" && echo "$1" >>log
[ "$1" = install ] || exit 100
[ "$(grep -c install log)" -gt "$(cat fails)" ]
"""
INSTALL = """. tests/netns/say.sh; . tests/netns/install.sh
install_pauses=(0 0) packages=(no-such-package); install_missing; echo goes on"""

# Arguments, what ./run is to say, and its status: 2 of a wrong command line, where none is
# given; in a folder with the files below.
REFUSED = (
    (["nosuch"], 'no verb "nosuch"'),
    (["lab up"], 'no verb "lab up"'),
    (["lab", "sideways"], "lab: up, down or status"),
    (["test", "--bogus"], 'no option "--bogus"'),
    (["fuzz", "--seconds", "x"], "fuzz: --seconds needs a number"),
    (["fuzz", "--seconds"], "fuzz: --seconds needs a number"),
    (["bench", "nosuch"], 'no bench "nosuch"'),
    (["demo", "--bogus"], 'no option "--bogus"'),
    (["demo", "--messages"], "demo: --messages needs a file"),
    (["demo", "--messages", "none.tsv"], "cannot read {folder}/none.tsv", 1),
    (["demo", "--messages", "."], "cannot read {folder}/.", 1),
    (["demo", "--limit", "-5"], "demo: --limit needs a number"),
    (["demo", "--limit", "many"], "demo: --limit needs a number"),
    (["demo", "--messages", "empty.tsv"], "0 messages of 0 lines", 1),
    (["demo", "--messages", "untabbed.tsv"], "untabbed.tsv:1: left out: not label TAB text", 1),
    (["demo", "--messages", "latin1.tsv"], "latin1.tsv:2:8: no UTF-8", 1),
)

FILES = {
    "empty.tsv": b"",
    "untabbed.tsv": b"no tab here\n",
    "latin1.tsv": b"ham\thi\nham\tcaf\xe9 \n",
}

# A file, and the octets of its messages: ASCII and UCS-2 by turns.
PLANS = (
    ("lines of Windows", b"\xef\xbb\xbfham\thello\r\nham\tbuy\r\n", [b"hello", b"\0b\0u\0y"]),
    ("no newline at the end", b"ham\thello", [b"hello"]),
    ("empty lines, lines without a text", b"\n\nham\t\nham\thello\n\n", [b"hello"]),
    ("a NUL", b"ham\ta\0b\n", [b"a\0b"]),
    ("a separator of lines in a text", "ham\ta\u2028b\n".encode(), [b"\0a\x20\x28\0b"]),
    ("hexadecimal", b"ham\thex:00ff\n", [b"\0\xff"]),
    ("not hexadecimal after all", b"ham\thex:zz\n", [b"hex:zz"]),
    ("tabs in the text", b"ham\ta\tb\n", [b"a\tb"]),
    ("a line of a megabyte", b"ham\t" + b"x" * 1000000 + b"\nham\thi\n", [b"hi"]),
)


def refused(folder, arguments, words, status=2):
    run = subprocess.run([RUN, *arguments], cwd=folder, text=True, stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
                         check=False)
    words = words.format(folder=folder)
    if run.returncode != status:
        return f"its status is {run.returncode}, not {status}"
    if words not in run.stdout or "Traceback" in run.stdout or ": line " in run.stdout:
        return f"it does not say \"{words}\", but: {run.stdout[-300:]}"
    return None


def planned(octets, wanted, folder):
    source, out = os.path.join(folder, "messages"), os.path.join(folder, "plan")
    with open(source, "wb") as f:
        f.write(octets)
    plan = subprocess.run(
        ["python3", "tests/netns/plan.py", "--out", out, "--messages", source, "--codings",
         "ascii,ucs2", "--accounts", "hanbit"], cwd=TOP, text=True, stderr=subprocess.PIPE,
        timeout=60, check=False)
    if plan.returncode != 0:
        return f"status {plan.returncode}: {plan.stderr[-300:]}"
    with open(out, encoding="utf-8") as f:
        got = [bytes.fromhex(json.loads(line)["octets"]) for line in f]
    return None if got == wanted else f"planned {got}, not {wanted}"


def pages():
    with open(PAGES, encoding="ascii") as f:
        return int(f.read())


def borrowed(end):
    """A shell that borrows pages and ends: there are more meanwhile, and as many as before."""
    had = pages()
    shell = subprocess.run(
        ["bash", "-c", f". bench/pages.sh; borrow_pages {had + 2}; cat {PAGES}; {end}"],
        cwd=TOP, text=True, stdout=subprocess.PIPE, timeout=60, check=False)
    if int(shell.stdout) <= had:
        return f"{shell.stdout.strip()} pages while it ran, {had} before"
    return None if pages() == had else f"{pages()} pages behind it, {had} before"


def installed(fails, folder):
    """A mirror whose lists cannot be had, and that gives nothing so many times."""
    apt = os.path.join(folder, f"apt-{fails}")
    os.mkdir(apt)
    for name, octets in (("fails", str(fails)), ("apt-get", APT_GET), ("node", ""), ("npm", "")):
        with open(os.path.join(apt, name), "w", encoding="ascii") as f:
            f.write(octets)
        os.chmod(f.name, 0o755)
    shell = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", INSTALL], cwd=TOP, text=True, timeout=60,
        env=dict(os.environ, PATH=apt + ":" + os.environ["PATH"]), stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, check=False)
    wanted = "goes on" if fails < 3 else "run: apt-get failed: see above"
    with open(os.path.join(apt, "log"), encoding="ascii") as f:
        calls = f.read().split().count("install")
    if shell.stdout.splitlines()[-1] != wanted or calls != min(fails + 1, 3):
        return f"installed {calls} times, and says: {shell.stdout}"
    return None


def main():
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        folder = os.path.realpath(folder)
        for name, octets in FILES.items():
            with open(os.path.join(folder, name), "wb") as f:
                f.write(octets)
        cases = [(f"./run {' '.join(row[0])}", lambda row=row: refused(folder, *row))
                 for row in REFUSED
                 if os.geteuid() == 0 or row[0][0] not in ("demo", "lab", "test")]
        cases += [(name, lambda o=o, w=w: planned(o, w, folder)) for name, o, w in PLANS]
        if os.geteuid() == 0:
            cases += [(f"a mirror that fails {n} times", lambda n=n: installed(n, folder))
                      for n in (0, 2, 3)]
        if os.access(PAGES, os.W_OK):
            cases += [(f"huge pages, {end}", lambda e=end: borrowed(e)) for end in ENDS]
        else:
            print(f"skipped: {PAGES} cannot be written")
        for name, case in cases:
            why = case()
            failed += why is not None
            print(f"{'FAILED' if why else 'ok    '} {name}{': ' + why if why else ''}")
    return 1 if failed else 0


sys.exit(main())

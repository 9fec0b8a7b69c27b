#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""shape: the limits of our style that no compiler knows.

A file is one noun of at most 500 lines, a C function has at most 50, lines are at most
96 columns with tabs of 8, the SPDX line comes first, and dependencies run in one
direction: the contract (include/) knows nobody, the data plane knows no control plane,
the octet modules know no DPDK, control links no DPDK.
"""
import os
import re
import sys

FILE_LINES = 500
FUNCTION_LINES = 50
COLUMNS = 96
SPDX = "SPDX-License-Identifier: Apache-2.0"
SOURCE = (".c", ".h", ".def", ".sh", ".py", ".pl", ".js", ".build")
TABS = (".c", ".h", ".sh")
# A folder, and what its sources may not include.
FORBIDDEN = [
    ("include/", r"rte_|microhttpd|jansson|sqlite3|hs/|hs\.h"),
    ("dataplane/", r"\.\./control|control/|sqlite3|microhttpd|jansson"),
    ("dataplane/smpp/", r"rte_"),
    ("dataplane/text/", r"rte_"),
    ("dataplane/screen/", r"rte_"),
    ("dataplane/table/", r"rte_"),
    ("dataplane/tcp/", r"rte_ethdev|rte_cycles"),
    ("control/", r"rte_"),
]
# Only the monitor writes JSON, and it is no part of the data path.
ALLOWED = {("dataplane/monitor.c", "jansson.h")}
ETHDEV = re.compile(r"dataplane/(exchange|monitor|port|port_probe)\.c$")


def our_files():
    for top in (".ci", "include", "dataplane", "control", "tests", "bench"):
        for folder, folders, names in os.walk(top):
            folders[:] = [d for d in folders if d not in ("node_modules", "corpus", "__pycache__")]
            for name in names:
                if name.endswith(SOURCE) or name == "run":
                    yield os.path.join(folder, name)
    yield from ("run", "meson.build")


def functions(lines):
    """(first line, length) of each C function: from its declarator to the } in column 0."""
    start = None
    for n, line in enumerate(lines):
        if line.startswith("{") and start is None and n > 0:
            start = n
            while start > 0 and lines[start - 1].strip() and \
                    not lines[start - 1].startswith(("}", "#", "/*", " */", "//")):
                start -= 1
        elif line.startswith("}") and start is not None:
            yield start + 1, n - start + 1
            start = None


def check(path):
    with open(path, encoding="utf-8") as f:
        lines = f.read().split("\n")
    if lines and lines[-1] == "":
        lines.pop()
    else:
        yield len(lines), "no newline at the end"
    if not any(SPDX in line for line in lines[:2]):
        yield 1, f"the first line must say {SPDX}"
    if len(lines) > FILE_LINES:
        yield len(lines), f"{len(lines)} lines; a file has at most {FILE_LINES}"
    for n, line in enumerate(lines, 1):
        # A row of a .def is one row, however long its sentence.
        if len(line.expandtabs(8)) > COLUMNS and not path.endswith((".def", ".py", ".js", ".pl")):
            yield n, f"{len(line.expandtabs(8))} columns; a line has at most {COLUMNS}"
        if line != line.rstrip():
            yield n, "white space at the end"
        if path.endswith(TABS) and re.match(r"\t* +\t", line):
            yield n, "a tab after spaces"
    if path.endswith(".c"):
        for n, length in functions(lines):
            if length > FUNCTION_LINES:
                yield n, f"a function of {length} lines; it may have {FUNCTION_LINES}"
    if path.endswith((".c", ".h")):
        yield from includes(path, lines)
        if path != "include/prefetch.h":
            yield from prefetches(path, lines)


def prefetches(path, lines):
    """gcc drops calls of a function that only prefetches: include/prefetch.h says how not."""
    for n, line in enumerate(lines, 1):
        if re.search(r"\b(__builtin_prefetch|rte_prefetch\w*)\s*\(", line):
            yield n, "prefetch() of include/prefetch.h; this one may be dropped by the compiler"


def includes(path, lines):
    for n, line in enumerate(lines, 1):
        m = re.match(r'\s*#\s*include\s*["<]([^">]+)[">]', line)
        if not m:
            continue
        for folder, pattern in FORBIDDEN:
            if (path, m.group(1)) in ALLOWED:
                continue
            if path.startswith(folder) and re.search(pattern, m.group(1)):
                yield n, f"{folder} may not include {m.group(1)}"
        if path.startswith("dataplane/") and m.group(1).startswith("rte_ethdev") \
                and not ETHDEV.match(path):
            yield n, "only exchange, monitor, port and port_probe touch ethdev"


def main():
    found = 0
    count = 0
    for path in sorted(set(our_files())):
        count += 1
        for n, what in check(path):
            print(f"{path}:{n}: {what}")
            found += 1
    print(f"{count} files, {found} findings")
    return 1 if found or count < 20 else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""links: what our Markdown points at exists.

Every [text](path) is a file or folder of the tree. In a table with a column "shown by",
every entry is a test: FILE:FUNCTION of a test source, or "e2e: NAME" of a case in
tests/netns/e2e_case.sh. Names of files in the picture of README.md exist under dataplane/.
"""
import os
import re
import subprocess
import sys

LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def links(path, text):
    for target in LINK.findall(text):
        if "://" not in target and not os.path.exists(
                os.path.normpath(os.path.join(os.path.dirname(path), target))):
            yield f"{target} does not exist"


def shown(entry):
    """Whether a test of this name is there."""
    if entry.startswith("e2e: "):
        return f'e2e_case "{entry[5:]}' in read("tests/netns/e2e_case.sh")
    path, _, function = entry.partition(":")
    if not os.path.isfile(path):
        return False
    return not function or re.search(rf"\b{re.escape(function)}\b", read(path)) is not None


def tables(text):
    column = None
    for line in text.split("\n"):
        cells = [c.strip() for c in line.split("|")[1:-1]]
        if "shown by" in cells:
            column = cells.index("shown by")
        elif not cells:
            column = None
        elif column is not None and len(cells) > column and not set(line) <= set("|- "):
            entries = re.findall(r"`([^`]+)`", cells[column])
            if not entries:
                yield f"nothing shows \"{cells[0]}\""
            yield from (f"no test {e} (\"{cells[0]}\")" for e in entries if not shown(e))


def picture(text):
    for block in re.findall(r"((?:^    .*\n|^\n)+)", text, re.M):
        if "rx burst" in block:
            for name in re.findall(r"[\w/]+\.[ch]\b", block):
                if not any(os.path.exists(os.path.join(top, name))
                           for top in ("", "dataplane", "dataplane/link")):
                    yield f"the picture names {name}, which does not exist"


def main():
    paths = subprocess.run(["git", "ls-files", "*.md"], stdout=subprocess.PIPE, text=True,
                           check=True).stdout.split()
    found = 0
    for path in paths:
        text = read(path)
        for what in [*links(path, text), *tables(text), *picture(text)]:
            print(f"{path}: {what}")
            found += 1
    print(f"{len(paths)} documents, {found} findings")
    return 1 if found or not paths else 0


sys.exit(main())

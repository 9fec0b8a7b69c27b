#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""plant.py --list FILE | --check FILE SOURCE_ROOT | FILE SOURCE_ROOT NAME OUTPUT

A copy of a source with one deliberate defect (tests/sim/plants/plants.txt); --check: do the
lines of all of them stand where they say, each once?
"""
import re
import sys


def pattern(lines):
    """Lines as an expression to which all white space is the same: formatting moves it."""
    return r"\s*".join(re.escape(word) for word in re.findall(r"\w+|[^\w\s]", lines))


def blocks(path):
    found, block, part = {}, None, None
    for line in open(path, encoding="utf-8"):
        if line.startswith("#") and block is None:
            continue
        if line.startswith("== "):
            _, name, source = line.split()
            block = found[name] = (source, [], [])
            part = block[1]
        elif line == "--\n":
            part = block[2]
        else:
            part.append(line)
    return found


def planted(root, name, block):
    """The source with the defect in it."""
    source, old, new = block
    text = open(f"{root}/{source}", encoding="utf-8").read()
    # A block is whole lines, or the middle of one.
    was, now = "".join(old).rstrip("\n"), "".join(new).rstrip("\n")
    found = list(re.finditer(pattern(was), text))
    if len(found) != 1:
        sys.exit(f"plant {name}: its lines are {len(found)} times in {source}")
    return text[: found[0].start()] + now + text[found[0].end() :]


def main(argv):
    if argv[1] == "--list":
        for name, (source, _, _) in blocks(argv[2]).items():
            print(name, source)
        return 0
    if argv[1] == "--check":
        for name, block in blocks(argv[2]).items():
            planted(argv[3], name, block)
        return 0
    path, root, name, output = argv[1:]
    # Warnings of the planted code are no news.
    off = ("unused-value", "unused-parameter", "misleading-indentation")
    prefix = "".join(f"#pragma GCC diagnostic ignored \"-W{w}\"\n" for w in off)
    prefix += "#include <string.h>\n"
    with open(output, "w", encoding="utf-8") as out:
        out.write(prefix + planted(root, name, blocks(path)[name]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))

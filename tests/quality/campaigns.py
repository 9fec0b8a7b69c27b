#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""campaigns: what a radius merges that does not belong together, and what it misses.

usage: campaigns.py FINGERPRINT_PAIRS

False merges are counted among the clean messages of the corpora that differ in more than
digits, links and signs, each with each; misses among spam and what is made of it: other
digits, links, names, spaces, a word more, a word less, and the evasions of evade.py. Prints a
table by radius and fails when it is worse than the floors below.
"""
import glob
import os
import random
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from evade import CLEAN, KINDS  # pylint: disable=wrong-import-position

RADIUS_MAX = 7
RECOMMENDED = 6
# Of what is written anew to each recipient the share that the recommended radius must find.
# A name of three letters changes nine shingles of a text that may have forty. Where a space
# before a link goes, the word before it becomes part of the link; a sign in a link breaks it.
FLOORS = {"digits": 0.99, "links": 0.99, "spacing": 0.87, "symbols strewn": 0.84,
          "evade: zero_width": 0.99, "evade: jamo": 0.90,
          "a name before": 0.68}
FALSE_MERGES_MAX = 0.03  # of clean texts, with another one
FALSE_BLOCKS_MAX = 0.001  # of clean texts, with any spam of the corpora
NAMES = ["Kim", "Ayşe", "Oliver", "김민수", "이서연", "Mehmet", "Grace", "박지훈"]


def digits(text, rng):
    return re.sub(r"\d", lambda m: rng.choice("0123456789"), text)


def links(text, rng):
    def link(_):
        return "bit.ly/" + "".join(rng.choice("abcdefghkmnpqrstuvwxyz23456789") for _ in range(7))
    return re.sub(r"(?i)(https?://|www\.)[\x21-\x7e]+", link, text)


def spacing(text, rng):
    return re.sub(r" ", lambda m: rng.choice(["", "  ", " "]), text)


def symbols(text, rng):
    return "".join(c + rng.choice("♠★·☎") if c.isalpha() and rng.random() < 0.2 else c
                   for c in text)


def name(text, rng):
    return rng.choice(NAMES) + ", " + text


def word_more(text, rng):
    words = text.split(" ")
    words.insert(rng.randrange(len(words) + 1), rng.choice(NAMES))
    return " ".join(words)


def word_less(text, rng):
    words = text.split(" ")
    del words[rng.randrange(len(words))]
    return " ".join(words)


OURS = {"digits": digits, "links": links, "spacing": spacing, "symbols strewn": symbols,
        "a name before": name, "a word more": word_more, "a word less": word_less}


def corpora():
    shared = os.environ.get("SLUICE_SHARED", "../shared")
    return sorted(glob.glob(os.path.join(shared, "data", "corpora", "*.tsv")))


def spam(paths):
    """Each once: a set that repeats a message does not repeat its weight."""
    seen = {}
    for path in paths:
        with open(path, encoding="utf-8", errors="replace") as f:
            for line in f:
                label, tab, text = line.rstrip("\n").partition("\t")
                if tab and label not in CLEAN:
                    seen[text] = label
    return list(seen)


def changed(kind, text, rng):
    pieces = re.split(r"(\\.)", text)
    pieces[::2] = [kind(p, rng) for p in pieces[::2]]
    return "".join(pieces)


def run(tool, *args):
    done = subprocess.run([tool, *args], capture_output=True, text=True, check=True)
    return [line.split() for line in done.stdout.splitlines()]


def write(folder, which, texts):
    path = os.path.join(folder, which)
    with open(path, "w", encoding="utf-8") as f:
        f.writelines(f"spam\t{t}\n" for t in texts)
    return path


def row(title, shares):
    print(f"{title:22}" + "".join(f" {100 * s:7.2f}" for s in shares))


def main():
    paths = corpora()
    if not paths:
        print("SKIPPED: no corpora (SLUICE_SHARED)")
        sys.exit(1 if os.environ.get("CI") == "true" else 77)
    wrong = []
    lines = run(sys.argv[1], "merges", str(RADIUS_MAX), *paths)
    n = int(lines[0][1])
    print(f"{n} clean texts, {n * (n - 1) // 2} pairs; hundredths by radius")
    print(f"{'':22}" + "".join(f" {r:7}" for r in range(RADIUS_MAX + 1)))
    row("false merges: texts", [int(x[5]) / n for x in lines[1:]])
    print(f"{'false merges: pairs':22}" + "".join(f" {x[3]:>7}" for x in lines[1:]))
    row("clean texts near spam", [int(x[7]) / n for x in lines[1:]])
    if int(lines[1 + RECOMMENDED][7]) / n > FALSE_BLOCKS_MAX:
        wrong.append(f"radius {RECOMMENDED}: {lines[1 + RECOMMENDED][7]} of {n} near spam")
    if int(lines[1 + RECOMMENDED][5]) / n > FALSE_MERGES_MAX:
        wrong.append(f"radius {RECOMMENDED} merges {lines[1 + RECOMMENDED][5]} of {n} texts")
    texts = spam(paths)
    with tempfile.TemporaryDirectory() as folder:
        before = write(folder, "before", texts)
        for title, kind in list(OURS.items()) + [("evade: " + k, v) for k, v in KINDS.items()]:
            rng = random.Random(1)
            after = write(folder, "after", [changed(kind, t, rng) for t in texts])
            lines = run(sys.argv[1], "pairs", str(RADIUS_MAX), before, after)
            shares = [int(x[3]) / max(int(x[5]), 1) for x in lines]
            row(title, shares)
            if shares[RECOMMENDED] < FLOORS.get(title, 0):
                wrong.append(f"{title}: {shares[RECOMMENDED]:.3f} found")
    for w in wrong:
        print("FAILED:", w)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()

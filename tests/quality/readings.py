#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""readings: how many clean messages are refused for a second reading of their octets alone.

usage: readings.py SLUICECTL SECOND_READINGS [--report]

Octets that make sense in another coding than was announced are judged in both
(dataplane/screen/screen.h), so that nobody passes by announcing the wrong one. Every clean
message of the corpora is sent as GSM 7-bit, UTF-8, UCS-2, ..., rightly announced and wrongly
(second_readings.c); of each way no more than MOST may be refused that its text, read as it was
meant, is not. How often the first reading is not what was meant is no matter of this.
"""
import collections
import os
import subprocess
import sys

import floors

MOST = 0.0005


def clean_texts():
    names = sorted(n[:-len(".dev.tsv")] for n in os.listdir(floors.SHARED))
    return list(dict.fromkeys(text for name in names for label, text in floors.read(name)
                              if label in floors.CLEAN))


def second_readings(program, texts):
    """({way: texts that can be sent so}, {way: [(text, its second reading)]})."""
    done = subprocess.run([program], input="".join(t + "\n" for t in texts),
                          capture_output=True, text=True, check=True)
    sent, again = {}, collections.defaultdict(list)
    for line in done.stdout.split("\n")[:-1]:
        at, way, rest = line.split("\t", 2)
        if at == "=":
            sent[way] = int(rest)
        else:
            again[way].append((texts[int(at)], rest))
    return sent, again


def refused(sluicectl, texts):
    """Which of these the default rules refuse."""
    rows = floors.distinct([("ham", text) for text in texts])
    run = floors.Run(sluicectl, rows, floors.rules() + floors.rules(*floors.SPAM))
    return {text for _, text in rows if ("ham", floors.unescape(text)) in run.missed}


def main():
    if not os.path.isdir(floors.SHARED):
        print(f"skipped: no corpora in {floors.SHARED} (SLUICE_SHARED)")
        sys.exit(1 if os.environ.get("CI") == "true" else 77)
    texts, failed = clean_texts(), 0
    sent, again = second_readings(sys.argv[2], texts)
    wrong = refused(sys.argv[1], texts + [b for rows in again.values() for _, b in rows])
    for way, n in sent.items():
        only = sum(b in wrong and a not in wrong for a, b in again[way])
        good = only <= max(MOST * n, 1)
        failed += not good
        if not good or "--report" in sys.argv:
            print(f"{'ok    ' if good else 'FAILED'} {way}: of {n} clean {len(again[way])} have "
                  f"a second reading, {only} are refused for it alone")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tally: count what meson's testlog.json holds: prints "passed failed skipped".

A cmocka program counts as the tests that it says it ran; anything else is one test.
A program that failed while its own count shows no failure (a crash, a time-out, a
sanitizer's report) adds one failure.
"""
import json
import re
import sys

GROUP = re.compile(r"\[\s*(PASSED|FAILED|SKIPPED)\s*\]\s*(\S+:)?\s*(\d+) test\(s\)")


def program(result, said):
    counts = {"PASSED": 0, "FAILED": 0, "SKIPPED": 0}
    for kind, _, n in GROUP.findall(said):
        counts[kind] += int(n)
    passed, failed, skipped = counts["PASSED"], counts["FAILED"], counts["SKIPPED"]
    if passed + failed + skipped == 0:
        passed, failed, skipped = {"OK": (1, 0, 0), "SKIP": (0, 0, 1),
                                   "EXPECTEDFAIL": (1, 0, 0)}.get(result, (0, 1, 0))
    elif result not in ("OK", "SKIP") and failed == 0:
        failed = 1
    return passed, failed, skipped


def main():
    total = [0, 0, 0]
    with open(sys.argv[1], encoding="utf-8") as log:
        for line in log:
            test = json.loads(line)
            said = test.get("stdout", "") + "\n" + test.get("stderr", "")
            for i, n in enumerate(program(test["result"], said)):
                total[i] += n
    print(*total)
    return 0 if sum(total) else 1


sys.exit(main())

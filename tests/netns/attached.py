#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""attached: does `sluicectl status --json` (standard input) say that control reaches the
data plane, and that its tables are in force?"""
import json
import sys


def values(thing):
    if isinstance(thing, dict):
        for key, value in thing.items():
            yield key, value
            yield from values(value)


def main():
    found = dict(values(json.load(sys.stdin)))
    attached = found.get("attached", found.get("connected"))
    return 0 if attached is True else 1


sys.exit(main())

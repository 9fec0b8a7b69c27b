#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""attached: does `sluicectl status --json` (standard input) say that control reaches the
data plane, and that all of the registry is in force there?"""
import json
import sys

found = json.load(sys.stdin)["dataplane"]
sys.exit(0 if found["connected"] and found["current"] else 1)

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""judge: rounds of the loss bench, on standard input, to figures; --json: as JSON.

A line is "through|direct SIDE ROUND SENT RECEIVED", the last two JSON of stream.py.
"""
import json
import statistics
import sys


def main(argv):
    rates, kernels = {}, set()
    for line in sys.stdin:
        way, side, _, rest = line.split(" ", 3)
        sent, received = json.JSONDecoder().raw_decode(rest), None
        received = json.loads(rest[sent[1]:])
        sent = sent[0]
        if sent["octets"] != received["octets"] or sent["sha256"] != received["sha256"]:
            sys.exit(f"loss: octets differ: {line}")
        kernels.add(sent["kernel"])
        rates.setdefault((way, side), []).append(received["octets"] / received["seconds"] / 1e6)
    out = []
    for side in sorted({side for _, side in rates}):
        through, direct = rates[("through", side)], rates[("direct", side)]
        ratios = [t / d for t, d in zip(through, direct)]
        out.append({
            "loss_at": side, "kernel": "/".join(sorted(kernels)), "rounds": len(ratios),
            "through_MB_s": round(statistics.median(through), 3),
            "direct_MB_s": round(statistics.median(direct), 3),
            "ratio": round(statistics.median(through) / statistics.median(direct), 3),
            "ratio_least": round(min(ratios), 3), "ratio_most": round(max(ratios), 3),
            "aim": 0.80})
    if "--json" in argv:
        print(json.dumps(out))
        return
    for o in out:
        print("loss at the {loss_at}'s side: {through_MB_s} MB/s through Sluice, {direct_MB_s} "
              "from kernel to kernel ({kernel}): {ratio} ({ratio_least} - {ratio_most}, "
              "{rounds} rounds)".format(**o))


if __name__ == "__main__":
    main(sys.argv[1:])

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""judge: rounds of the loss bench, on standard input, to figures.

usage: judge.py [--json] [DEFAULT]     DEFAULT: this host's own congestion control

A line is "through|direct SIDE ROUND SENT RECEIVED", the last two JSON of stream.py. A row is a
side and the congestion control of the kernel that sends; --json prints a list of them:

  loss_at        at whose side frames are lost: smsc (our sender mends it) or esme (the kernel)
  kernel         congestion control of the kernel that sends; host_default: it is this host's
  rounds         of which the medians are
  through_MB_s, through_least, through_most   through Sluice, payload
  direct_MB_s, direct_least, direct_most      from kernel to kernel, by a bridge
  ratio          of the medians; ratio_least, ratio_most: of the rounds
  aim, reached   0.80; whether ratio is at least that
"""
import json
import statistics
import sys

AIM = 0.80


def read(lines):
    """{(side, kernel): {way: [MB/s]}}"""
    rows = {}
    for line in lines:
        way, side, _, rest = line.split(" ", 3)
        sent, end = json.JSONDecoder().raw_decode(rest)
        received = json.loads(rest[end:])
        if sent["octets"] != received["octets"] or sent["sha256"] != received["sha256"]:
            sys.exit(f"loss: octets differ: {line}")
        rates = rows.setdefault((side, sent["kernel"]), {"through": [], "direct": []})
        rates[way].append(received["octets"] / received["seconds"] / 1e6)
    return rows


def judge(side, kernel, rates, default):
    row = {"loss_at": side, "kernel": kernel, "host_default": kernel == default,
           "rounds": len(rates["through"])}
    for way, of_way in rates.items():
        row[f"{way}_MB_s"] = round(statistics.median(of_way), 3)
        row[f"{way}_least"] = round(min(of_way), 3)
        row[f"{way}_most"] = round(max(of_way), 3)
    ratios = [t / d for t, d in zip(rates["through"], rates["direct"])]
    ratio = statistics.median(rates["through"]) / statistics.median(rates["direct"])
    row.update(ratio=round(ratio, 3), ratio_least=round(min(ratios), 3),
               ratio_most=round(max(ratios), 3), aim=AIM, reached=ratio >= AIM)
    return row


def main(argv):
    names = [a for a in argv if a != "--json"]
    default = names[0] if names else None
    rows = [judge(side, kernel, rates, default)
            for (side, kernel), rates in read(sys.stdin).items()]
    if "--json" in argv:
        print(json.dumps(rows))
        return
    print("| the loss is at the | kernel that sends | through, MB/s | direct, MB/s "
          "| ratio (least - most) | at least 0.80 |\n| --- | --- | --- | --- | --- | --- |")
    for row in rows:
        row["note"] = ", this host's default" if row["host_default"] else ""
        row["yes"] = "yes" if row["reached"] else "no"
        print("| {loss_at} | {kernel}{note} | {through_MB_s} ({through_least} - {through_most}) "
              "| {direct_MB_s} ({direct_least} - {direct_most}) | {ratio} ({ratio_least} - "
              "{ratio_most}) | {yes} |".format(**row))


if __name__ == "__main__":
    main(sys.argv[1:])

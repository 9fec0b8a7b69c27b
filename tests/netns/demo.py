#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""demo: what the demo's stream met, from the client's report, the counters, the audit.

usage: demo.py FOLDER [--json]

Status 1 when in != out: a message without its answer, or client and counters disagree.
"""
import collections
import json
import sys

import wire

SUBMIT = 4


def read(folder, name):
    with open(f"{folder}/{name}", encoding="utf-8") as f:
        return json.load(f)


def lines(folder, name):
    with open(f"{folder}/{name}", encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))] if values else 0


def both(us):
    return round(percentile(us, 0.50)), round(percentile(us, 0.99))


def as_the_client_sees_it(folder, name):
    return both([r["us"] for r in lines(folder, name) if r.get("us") is not None])


def between_the_ends(folder, name):
    """Each message's time between the two ends, there and back: what its request and its
    answer took from one end's interface to the other's. The ends' own time is not in it."""
    esme = wire.connections(f"{folder}/{name}-wire/esme.pcap")
    smsc = wire.connections(f"{folder}/{name}-wire/smsc.pcap")
    us = []
    for key, ends in esme.items():
        seen = [{(p.command, p.sequence): p.time for p in stream.pdus()[0]}
                for stream in (ends[0], smsc[key][0], smsc[key][1], ends[1])]
        for command, sequence in seen[0]:
            answer = (command | wire.RESPONSE, sequence)
            if command == SUBMIT and answer in seen[2]:
                us.append(1e6 * (seen[1][command, sequence] - seen[0][command, sequence] +
                                 seen[3][answer] - seen[2][answer]))
    return both(us)


def grown(folder):
    """{name: growth} of counters and of reasons while the stream ran."""
    out = []
    before, after = read(folder, "before"), read(folder, "after")
    for part in ("counters", "reasons"):
        old = {row["name"]: row["value"] for row in before[part]}
        out.append({row["name"].removeprefix("reason_"):
                    row["value"] - old.get(row["name"], 0) for row in after[part]})
    return out


def table(rows, heads):
    rows = [heads] + [[str(c) for c in row] for row in rows]
    widths = [max(len(r[i]) for r in rows) for i in range(len(heads))]
    for row in rows:
        print("   " + row[0].ljust(widths[0]) + "".join(
            "  " + c.rjust(w) for c, w in zip(row[1:], widths[1:])))


def gather(folder):
    plan = {m["id"]: m for m in lines(folder, "plan")}
    report = lines(folder, "report")
    if not report or "summary" not in report[-1]:
        sys.exit("the client died before it had said what it met")
    summary = report[-1]["summary"]
    counters, reasons = grown(folder)
    met = {r["id"]: r["status"] for r in report if "id" in r and r["status"] is not None}
    base, through = between_the_ends(folder, "base"), between_the_ends(folder, "through")
    return {
        "plan": plan, "met": met, "counters": counters, "summary": summary,
        "sequence": {(plan[r["id"]]["account"], r["sequence"]): plan[r["id"]]["label"]
                     for r in report if "id" in r},
        "base": base, "through": through,
        "client": [as_the_client_sees_it(folder, n) for n in ("base", "through")],
        "figures": {
            "sent": summary["sent"],
            "forwarded": sum(s == 0 for s in met.values()),
            "refused": sum(s != 0 for s in met.values()),
            "unanswered": len(plan) - len(met),
            "reasons": {k: v for k, v in reasons.items() if v and k != "pass"},
            "messages_per_second": round(len(met) / summary["seconds"], 1),
            "latency_us": {"p50": through[0] - base[0], "p99": through[1] - base[1]},
        },
    }


def show_verdicts(found):
    figures = found["figures"]
    print("\n== verdicts by reason")
    rows = [["forwarded", figures["forwarded"]]]
    rows += sorted(([k, v] for k, v in figures["reasons"].items()), key=lambda r: -r[1])
    table(rows + [["all", len(found["met"])]], ["verdict", "messages"])
    print("\n== what was sent, and what it met (labels never reach the screener)")
    by_label = collections.defaultdict(collections.Counter)
    for number, status in found["met"].items():
        m = found["plan"][number]
        kind = {0: "forwarded", 0x0A: "refused: sender"}.get(status, "refused: account or text")
        by_label[m["label"]][kind] += 1
    kinds = ("forwarded", "refused: sender", "refused: account or text")
    table([[label] + [n[k] for k in kinds] for label, n in sorted(by_label.items())],
          ["label", *kinds])


def show_refused(folder, found):
    records = read(folder, "audit").get("records", [])
    print("\n== some that were refused, as the audit has them")
    shown = collections.Counter()
    for r in records:
        if r.get("kind") != "refused" or shown[r["reason"]] >= (4 if r.get("rule") else 1):
            continue
        shown[r["reason"]] += 1
        rule = f", rule {r['rule']}" if r.get("rule") else ""
        text = "".join(c if c.isprintable() else "?" for c in r.get("text", ""))
        print(f"   {r['system_id']} from {r['sender']}: {r['reason']}{rule}\n"
              f"      {text[:70] or '(no text)'}")


def show_speed(found):
    figures, base, through = found["figures"], found["base"], found["through"]
    print("\n== speed, of one SMPP client and one server in JavaScript on this machine")
    print(f"   {figures['messages_per_second']} messages a second, answered")
    table([["over a plain bridge", *base, *found["client"][0]],
           ["through Sluice", *through, *found["client"][1]],
           ["added", figures["latency_us"]["p50"], figures["latency_us"]["p99"], "", ""]],
          ["microseconds, one at a time", "on the wire p50", "p99", "client sees p50", "p99"])


def in_is_out(found):
    figures, counters = found["figures"], found["counters"]
    wrong = []
    if figures["unanswered"]:
        wrong.append(f"{figures['unanswered']} messages were never answered")
    if found["summary"]["errors"]:
        wrong.append("; ".join(found["summary"]["errors"]))
    if counters["requests"] != figures["sent"]:
        wrong.append(f"the data plane counts {counters['requests']} requests of "
                     f"{figures['sent']} sent")
    if counters["requests"] != counters["forwarded"] + counters["refused"]:
        wrong.append("the data plane's requests are not its forwarded and refused")
    if counters["refused"] != figures["refused"]:
        wrong.append(f"the data plane refused {counters['refused']}, the client saw "
                     f"{figures['refused']}")
    return wrong


def main():
    folder = sys.argv[1]
    found = gather(folder)
    show_verdicts(found)
    show_refused(folder, found)
    show_speed(found)
    wrong = in_is_out(found)
    print("\n== in = out: " + ("; ".join(wrong) if wrong else
          f"{found['figures']['sent']} sent, each forwarded or refused exactly once"))
    print("""
== where to look next
   README.md                       what it is, and the packet's way through the code
   dataplane/worker.c              one turn of the loop
   control/rules/starter.yaml      the rules that were in force
   sudo ./run lab up               the same network, for your own clients
   sudo ./run demo --messages F    your own messages: lines "label TAB text\"""")
    if "--json" in sys.argv[2:]:
        print(json.dumps(found["figures"]))
    return 1 if wrong else 0


sys.exit(main())

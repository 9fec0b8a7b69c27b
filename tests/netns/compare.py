#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""compare: in = out, octet for octet, from captures at both ends of the wire.

For every connection: what the SMSC received is what the ESME sent less the refused
requests, and what the ESME received is what the SMSC sent plus exactly one header-only
response for each refused request, with its sequence number. Every request has its one
answer. Then the verdicts are those that the plan expects, the client saw the same, and
the data plane's counters agree.
"""
import argparse
import collections
import json
import math
import sys

import wire


class Comparison:
    def __init__(self, args):
        self.args = args
        self.problems = []
        self.counts = collections.Counter()
        self.crossed = collections.Counter()  # (from ESME?, name) that crossed whole
        self.lost = set()  # destinations of messages that met no verdict: the session broke
        # destination -> (Pdu, status of a refusal or None, account, when it was answered)
        self.outcome = {}
        self.windows = []
        if args.timeline:
            with open(args.timeline, encoding="utf-8") as f:
                self.windows = [json.loads(line) for line in f]

    def problem(self, text):
        self.counts["problems"] += 1
        if len(self.problems) < 25:
            self.problems.append(text)

    def run(self):
        esme = wire.connections(self.args.esme)
        smsc = wire.connections(self.args.smsc)
        if set(esme) != set(smsc):
            only = ", ".join(f"{key[0][0]}:{key[0][1]}" for key in set(esme) ^ set(smsc))
            self.problem(f"connections differ: {len(esme)} at the ESME, {len(smsc)} at the "
                         f"SMSC; at one only: {only}")
        if not esme:
            self.problem("no connection was captured")
        for key in sorted(set(esme) & set(smsc), key=str):
            self.counts["connections"] += 1
            where = f"{key[0][0]}:{key[0][1]}"
            try:
                self.connection(where, esme[key], smsc[key])
            except ValueError as e:
                self.problem(f"{where}: {e}")

    def connection(self, where, esme, smsc):
        asked, rest = esme[0].pdus()
        reached, rest_reached = smsc[0].pdus()
        said, _ = smsc[1].pdus()
        heard, rest_heard = esme[1].pdus()
        broken = self.args.broken or esme[0].rst or esme[1].rst
        if not broken and (rest or rest_reached or rest_heard):
            self.problem(f"{where}: octets of a PDU that never ended")
        account = next((p.system_id() for p in asked if p.command in (1, 2, 9)), None)
        refused = self.towards_smsc(where, asked, reached, broken)
        answers = self.towards_esme(where, said, heard, refused, broken)
        self.answered(where, asked, heard, broken)
        when = {(p.command & ~wire.RESPONSE, p.sequence): p.time for p in heard
                if p.command & wire.RESPONSE}
        for p in asked:
            if not p.is_request():
                continue
            self.counts["requests"] += 1
            key = (p.command, p.sequence)
            if key in refused and key not in answers:
                self.lost.add(p.destination())
            elif p.command in (4, 0x103):
                self.outcome[p.destination()] = (p, answers.get(key), account,
                                                 when.get(key, math.inf))

    def towards_smsc(self, where, asked, reached, broken):
        """The requests that did not cross, by (command, sequence)."""
        refused, at = {}, 0
        for p in asked:
            if at < len(reached) and reached[at].octets == p.octets:
                self.crossed[True, p.name()] += 1
                self.counts["forwarded"] += p.is_request()
                at += 1
            elif p.is_request():
                if (p.command, p.sequence) in refused:
                    self.problem(f"{where}: sequence {p.sequence} used twice by the client")
                refused[p.command, p.sequence] = p
            elif not broken:
                self.problem(f"{where}: {p} did not cross to the SMSC")
        if at < len(reached):
            self.problem(f"{where}: the SMSC received {reached[at]}, not sent so or then, "
                         f"and {len(reached) - at - 1} PDUs after it")
        return refused

    def towards_esme(self, where, said, heard, refused, broken):
        """Status of each refusal, by (command, sequence) of its request."""
        answers, at = {}, 0
        for p in heard:
            if at < len(said) and said[at].octets == p.octets:
                self.crossed[False, p.name()] += 1
                at += 1
                continue
            key = (p.command & ~wire.RESPONSE, p.sequence)
            if not p.command & wire.RESPONSE or key not in refused:
                self.problem(f"{where}: the ESME received {p}, which nobody sent it")
            elif len(p.octets) != 16:
                self.problem(f"{where}: a refusal of {len(p.octets)} octets: {p}")
            elif p.status == 0:
                self.problem(f"{where}: a refusal with status 0: {p}")
            elif key in answers:
                self.problem(f"{where}: refused twice: {p}")
            else:
                answers[key] = p.status
        if at < len(said) and not broken:
            self.problem(f"{where}: {len(said) - at} PDUs of the SMSC did not cross, "
                         f"the first {said[at]}")
        unanswered = [k for k in refused if k not in answers]
        if unanswered and not broken:
            self.problem(f"{where}: {len(unanswered)} requests vanished: neither forwarded "
                         f"nor refused, the first with sequence {unanswered[0][1]}")
        self.counts["refused"] += len(answers)
        self.counts["vanished"] += len(unanswered)
        return answers

    def answered(self, where, asked, heard, broken):
        waiting = collections.Counter((p.command, p.sequence) for p in asked
                                      if not p.command & wire.RESPONSE)
        for p in heard:
            if p.command & wire.RESPONSE:
                waiting[p.command & ~wire.RESPONSE, p.sequence] -= 1
        for (command, sequence), n in waiting.items():
            self.counts["unanswered"] += max(n, 0)
            if n < 0 or n > 0 and not broken:
                name = wire.NAMES.get(command, hex(command))
                self.problem(f"{where}: {name} sequence {sequence}: "
                             f"{'no answer' if n > 0 else 'too many answers'}")

    def allowed(self, message, asked, answered):
        """The statuses this message may meet, sanctions in mid-session considered: it was
        judged at some time between these two."""
        expected = message["expect"]["status"]
        allowed = {expected}
        for w in self.windows:
            if w["account"] == message["account"]:
                if w["from"] <= answered and asked <= w["until"]:
                    allowed.add(w["status"])
                if w["sure_from"] <= asked and answered <= w["sure_until"]:
                    return {w["status"]}
        return allowed

    def verdicts(self):
        sent = 0
        for path in self.args.plan:
            with open(path, encoding="utf-8") as f:
                plan = [json.loads(line) for line in f]
            for m in plan:
                if m["destination"] in self.lost:
                    continue
                if m["destination"] not in self.outcome:
                    self.counts["not sent"] += 1
                    continue
                sent += 1
                pdu, status, account, answered = self.outcome[m["destination"]]
                if account != m["account"]:
                    self.problem(f"message {m['id']} was sent by {account}, not {m['account']}")
                if (status or 0) not in self.allowed(m, pdu.time, answered):
                    self.problem(
                        f"message {m['id']} ({m['account']} from {m['source']}, coding "
                        f"{m['data_coding']}): status 0x{status or 0:x}, expected "
                        f"0x{m['expect']['status']:x} ({m['expect']['reason'] or 'pass'}): "
                        f"{m['text'][:60]!r}")
                self.counts["as refused" if status else "as forwarded"] += 1
        self.counts["sent"] = sent
        if self.counts["not sent"] and not self.args.broken:
            self.problem(f"{self.counts['not sent']} messages of the plan were never sent")

    def client(self):
        """What the client says it saw is what was on its wire."""
        with open(self.args.report, encoding="utf-8") as f:
            lines = [json.loads(line) for line in f]
        by_id = {}
        for path in self.args.plan:
            with open(path, encoding="utf-8") as f:
                by_id.update((m["id"], m["destination"]) for m in map(json.loads, f))
        seen = 0
        for r in lines:
            if "id" not in r or r["status"] is None:
                continue
            seen += 1
            pdu, status, *_ = self.outcome.get(by_id[r["id"]], (None, None))
            same = pdu and r["sequence"] in (None, pdu.sequence)
            if not same or (status or 0) != r["status"]:
                self.problem(f"the client says of message {r['id']}: {r}; its wire: {pdu}, {status}")
        if seen != self.counts["sent"] and not self.args.broken:
            self.problem(f"the client saw {seen} answers for {self.counts['sent']} messages")

    def counters(self):
        with open(self.args.before, encoding="utf-8") as f:
            before = flat(json.load(f))
        with open(self.args.after, encoding="utf-8") as f:
            after = flat(json.load(f))
        grown = {k: after[k] - before.get(k, 0) for k in after}
        for name in ("requests", "forwarded", "refused"):
            if grown.get(name) != self.counts[name]:
                self.problem(f"counter {name} grew by {grown.get(name)}; the wire saw "
                             f"{self.counts[name]}")
        if grown.get("requests") != grown.get("forwarded", 0) + grown.get("refused", 0):
            self.problem("counters: requests are not forwarded + refused")

    def must_cross(self):
        for wanted in filter(None, self.args.must.split(",")):
            side, _, name = wanted.partition(":")
            if not self.crossed[side == "esme", name]:
                self.problem(f"no {name} from the {side.upper()} crossed")


def flat(counters):
    """Counters by name, whether given as {name: n} or under a key or as rows."""
    if isinstance(counters, list):
        return {row["name"]: row["value"] for row in counters}
    if "counters" in counters:
        return flat(counters["counters"])
    return {k: v for k, v in counters.items() if isinstance(v, int)}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--esme", required=True, help="capture at the ESME")
    p.add_argument("--smsc", required=True, help="capture at the SMSC")
    p.add_argument("--plan", action="append", default=[])
    p.add_argument("--report", help="what the client wrote")
    p.add_argument("--timeline", help="sanctions while it ran, a JSON object each")
    p.add_argument("--before", help="counters, before")
    p.add_argument("--after", help="counters, after")
    p.add_argument("--must", default="", help="side:name,... that must have crossed")
    p.add_argument("--least", type=int, default=1, help="messages that must have been sent")
    p.add_argument("--broken", action="store_true", help="sessions were cut on purpose")
    args = p.parse_args()
    c = Comparison(args)
    c.run()
    if args.plan:
        c.verdicts()
        if c.counts["sent"] < args.least:
            c.problem(f"only {c.counts['sent']} messages were sent; {args.least} is the least")
    if args.report:
        c.client()
    if args.before:
        c.counters()
    c.must_cross()
    for text in c.problems:
        print("      " + text)
    print("      " + ", ".join(f"{k} {v}" for k, v in sorted(c.counts.items())))
    return 1 if c.problems else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""plan: what a client is to send, and what each message must meet.

A plan is one JSON object a line. The expectation is worked out here, without a line of
the screener: the registry is read from the CSV files that were imported, the rules are
plain substrings, and the octets are encoded by Python's own codecs. destination_addr is
unique, so that a message is recognised on any wire. Labels choose nothing.
"""
import argparse
import csv
import json
import random
import re
import sys
import time

GSM = ("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
       "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà")
GSM_EXTENSION = {"\f": 10, "^": 20, "{": 40, "}": 41, "\\": 47, "[": 60, "~": 61, "]": 62,
                 "|": 64, "€": 101}
assert len(GSM) == 128

STATUS = {"account_unknown": 0x45, "account_suspended": 0x45, "account_expired": 0x45,
          "sender_uncertified": 0x0A, "sender_suspended": 0x0A, "sender_expired": 0x0A,
          "sender_not_owned": 0x0A, "sender_blocked": 0x0A, "content_rule": 0x45,
          "text_undecodable": 0x45}
SHORT_MAX = 254  # SMPP 3.4 section 5.2.22: sm_length


def gsm7(text):
    out = bytearray()
    for c in text:
        if c in GSM_EXTENSION:
            out += bytes((27, GSM_EXTENSION[c]))
        elif c != "\x1b" and c in GSM:
            out.append(GSM.index(c))
        else:
            return None
    return bytes(out)


def codec(name):
    def encode(text):
        try:
            return text.encode(name)
        except UnicodeEncodeError:
            return None
    return encode


# name: (data_coding, encoder); None = the account's own alphabet.
CODINGS = {"gsm7": (0, gsm7), "ascii": (1, codec("ascii")), "latin1": (3, codec("latin-1")),
           "ucs2": (8, codec("utf-16-be")), "cp949": (14, codec("cp949")),
           "binary": (4, codec("utf-8"))}


def instant(text):
    return time.mktime(time.strptime(text[:10], "%Y-%m-%d")) if text else None


class Registry:
    def __init__(self, accounts, senders):
        with open(accounts, encoding="utf-8") as f:
            self.accounts = {r["system_id"]: r for r in csv.DictReader(f)}
        with open(senders, encoding="utf-8") as f:
            self.senders = list(csv.DictReader(f))

    def expired(self, row):
        now = time.time()
        start, end = instant(row["valid_from"]), instant(row["valid_until"])
        return (start and now < start) or (end and now >= end)

    def account_fault(self, system_id):
        row = self.accounts.get(system_id)
        if row is None:
            return "account_unknown"
        if row["state"] == "suspended":
            return "account_suspended"
        return "account_expired" if self.expired(row) else None

    def sender_fault(self, row, system_id):
        if row["blocked_until"] and instant(row["blocked_until"]) > time.time():
            return "sender_blocked"
        if row["state"] == "blocked":
            return "sender_blocked"
        if row["owner"] != system_id:
            return "sender_not_owned"
        if row["state"] == "suspended":
            return "sender_suspended"
        return "sender_expired" if self.expired(row) else None


def literals(path):
    """(action, literal) of each pattern that acts, of a rules file of plain words."""
    action, acts = "refuse", True
    with open(path, encoding="utf-8") as f:
        for line in f:
            m = re.match(r"\s+action: (\w+)", line)
            if m:
                action, acts = m.group(1), True
            if re.match(r"\s+mode: shadow", line):
                acts = False
            m = re.match(r'\s+- \{ literal: "(.*)" \}', line)
            if m and acts:
                yield action, m.group(1).casefold()


def unescape(text):
    return re.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t"}.get(m.group(1), m.group(1)), text)


def read_messages(path, count=None, pick=None):
    """(label, text) of lines "label TAB text", in order or a random choice of them."""
    rows = []
    with open(path, "rb") as f:
        for number, line in enumerate(f.read().removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
            try:
                line = line.removesuffix(b"\r").decode()
            except UnicodeDecodeError as e:
                sys.exit(f"{path}:{number}:{e.start + 1}: no UTF-8: convert it (iconv)")
            label, tab, text = line.partition("\t")
            if tab and text:
                rows.append((label, unescape(text)))
            elif line:
                print(f"{path}:{number}: left out: not label TAB text", file=sys.stderr)
    if count is not None and len(rows) > count:
        rows = pick.sample(rows, count) if pick else rows[:count]
    return rows


def hex_octets(text):
    """The octets of "hex:..."; None when it is a text like any other."""
    try:
        return bytes.fromhex(text[4:]) if text.startswith("hex:") else None
    except ValueError:
        return None


def spell(address, pick):
    """One of the ways a sender number is written in practice: all are one sender."""
    if not re.fullmatch(r"[0-9+ -]+", address):
        return pick.choice([(address, 5, 0), (address, 0, 0), (address.lower(), 5, 0)])
    digits = re.sub(r"\D", "", address)
    if digits.startswith("1"):
        return digits, pick.choice((0, 2)), 1
    national = digits[1:]
    return pick.choice([(digits, 2, 1), (digits, 0, 0), ("82" + national, 1, 1),
                        ("+82" + national, 1, 1), (address, 2, 1), ("82" + national, 0, 1)])


class Planner:
    def __init__(self, args, registry):
        self.args, self.registry = args, registry
        self.pick = random.Random(args.seed)
        self.words = list(literals(args.rules)) if args.rules else []
        self.turn = 0

    def sender(self, account):
        """(source, ton, npi, fault): most certified, the rest wrong in one way each."""
        rows = self.registry.senders
        mine = [r for r in rows if r["owner"] == account]
        good = [r for r in mine if not self.registry.sender_fault(r, account)]
        kind = self.pick.choices(("good", "bad", "foreign", "nobody"),
                                 self.args.sender_weights)[0]
        if kind == "nobody" or not rows or (kind == "good" and not good):
            digits = "010" + f"{self.pick.randrange(900, 999):04d}{self.pick.randrange(10000):04d}"
            return spell(digits, self.pick) + ("sender_uncertified",)
        bad = [r for r in mine if r not in good]
        if kind == "good":
            row = self.pick.choice(good)
        elif kind == "bad" and bad:
            row = self.pick.choice(bad)
        else:
            row = self.pick.choice([r for r in rows if r["owner"] != account])
        return spell(row["address"], self.pick) + (self.registry.sender_fault(row, account),)

    def encode(self, account, text):
        """(name, data_coding, octets): the next coding in turn that can say this text."""
        names = self.args.codings
        alphabet = self.registry.accounts.get(account, {}).get("alphabet", "gsm7")
        for i in range(len(names)):
            name = names[(self.turn + i) % len(names)]
            if name == "binary" and self.pick.random() > 0.2:
                continue
            data_coding, encoder = CODINGS[name]
            if name == "gsm7" and alphabet != "gsm7":
                data_coding, encoder = 0, CODINGS[alphabet][1]
            octets = encoder(text)
            if octets is not None and len(octets) <= self.args.octets_max:
                self.turn += i + 1
                return name, data_coding, octets
        return None

    def refuses(self, text):
        folded = text.casefold()
        return any(action == "refuse" and word in folded for action, word in self.words)

    def content(self, name, text, octets):
        """What is announced as binary is read too: as the UTF-8 that it is here."""
        if name == "binary" and hex_octets(text) is not None:
            text = octets.decode("latin-1")
        return "content_rule" if self.refuses(text) else None

    def message(self, n, label, text):
        account = self.args.accounts[n % len(self.args.accounts)]
        octets = hex_octets(text)
        if octets is not None:
            coded = ("binary", 4, octets)
        else:
            coded = self.encode(account, text)
        if coded is None:
            return None
        name, data_coding, octets = coded
        source, ton, npi, sender_fault = self.sender(account)
        reason = self.registry.account_fault(account) or sender_fault or \
            self.content(name, text, octets)
        observed = self.registry.accounts.get(account, {}).get("mode") == "observe"
        payload = len(octets) > SHORT_MAX or self.pick.random() < self.args.payload
        message = {
            "id": n, "account": account, "source": source, "ton": ton, "npi": npi,
            "destination": f"8210{self.args.first + n:08d}", "esm_class": 0,
            "coding": name, "data_coding": data_coding, "octets": octets.hex(),
            "via": "message_payload" if payload else "short_message",
            "label": label, "text": text,
        }
        if self.args.rules:
            message["expect"] = {"reason": None if observed else reason,
                                 "status": 0 if observed or not reason else STATUS[reason]}
        return message


def options():
    p = argparse.ArgumentParser()
    p.add_argument("--out", required=True)
    p.add_argument("--corpus", action="append", default=[], help="FILE=COUNT, shuffled")
    p.add_argument("--messages", help="FILE, all of it, in its order")
    p.add_argument("--limit", type=int, default=0)
    p.add_argument("--accounts", required=True, type=lambda s: s.split(","))
    p.add_argument("--registry", default="tests/scenario", help="folder of the CSV files")
    p.add_argument("--rules", help="file of plain words: expectations are written")
    p.add_argument("--codings", default="gsm7,ascii,latin1,ucs2,cp949,binary",
                   type=lambda s: s.split(","))
    p.add_argument("--sender-weights", default="70,10,10,10",
                   type=lambda s: [int(x) for x in s.split(",")],
                   help="certified, own but faulty, another's, nobody's")
    p.add_argument("--payload", type=float, default=0.15, help="share in message_payload")
    p.add_argument("--octets-max", type=int, default=4000)
    p.add_argument("--first", type=int, default=0, help="number of the first destination")
    p.add_argument("--seed", type=int, default=1)
    return p.parse_args()


def main():
    args = options()
    registry = Registry(args.registry + "/accounts.csv", args.registry + "/senders.csv")
    planner = Planner(args, registry)
    rows = read_messages(args.messages) if args.messages else []
    for corpus in args.corpus:
        path, _, count = corpus.partition("=")
        rows += read_messages(path, int(count), planner.pick)
    if args.corpus:
        planner.pick.shuffle(rows)
    if args.limit:
        rows = rows[:args.limit]
    written = 0
    with open(args.out, "w", encoding="utf-8") as out:
        for n, (label, text) in enumerate(rows):
            message = planner.message(n, label, text)
            if message:
                out.write(json.dumps(message, ensure_ascii=False) + "\n")
                written += 1
    print(f"{written} messages of {len(rows)} lines", file=sys.stderr)
    return 0 if written else 1


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""heldout: what the default rules make of messages that no pack was learned from.

usage: heldout.py SLUICECTL [SEED] [--evade]

All labelled sets of ../shared are divided together into five parts, a message and its copies
in whichever sets always in one. For each part the packs are learned anew from the other four,
as learn.py does, and the starter rules and these packs judge the
part together, as "rules test" does by default. Prints recall and false-positive rate of each
set with intervals of 95 % (Wilson); with --evade also what each kind of evasion loses. It
takes two minutes where nothing else runs, and is no part of ./run test; halves.py is.
"""
import collections
import hashlib
import math
import os
import sys
import tempfile
import unicodedata

import evade
import floors
import learn
import packs

FOLDS = 5
OF = {"english": "en_uci", "korean": "ko_lgai_spam", "turkish": "tr_karasoy"}


def letters(text):
    text = unicodedata.normalize("NFKC", floors.unescape(text)).casefold()
    return "".join(c for c in text if c.isalpha()) or text


def divide(seed, folds=FOLDS):
    """{set: [part: [(label, text)]]}: one of each message in a set; spam when any copy is."""
    copies = collections.defaultdict(list)
    names = sorted(n[:-len(".dev.tsv")] for n in os.listdir(floors.SHARED))
    for name in names:
        for label, text in floors.read(name):
            copies[letters(text)].append((name, label, text))
    parts = {name: [[] for _ in range(folds)] for name in names}
    for key, rows in copies.items():
        part = int(hashlib.sha256(f"{seed}{key}".encode()).hexdigest(), 16) % folds
        spam = any(label not in floors.CLEAN for _, label, _ in rows)
        for name, label, text in {r[0]: r for r in reversed(rows)}.values():
            if spam == (label not in floors.CLEAN):
                parts[name][part].append(("spam" if spam else "ham", text))
    return parts


def rules_without(sluicectl, parts, part, folder):
    learn.derive({name: [r for i, rows in enumerate(by_part) if i != part for r in rows]
                  for name, by_part in parts.items()}, folder)
    starters = floors.rules() + [os.path.join(floors.ROOT, "control", "rules", "packs",
                                              "starter-turkish.yaml")]
    for language in packs.PACKS:
        starters.append(os.path.join(folder, f"pack-{language}.yaml"))
        with open(starters[-1], "w", encoding="utf-8") as f:
            f.write(learn.learn(sluicectl, language, folder, "--no-held-out"))
    return starters


def interval(k, n, z=1.96):
    share, all_of = k / n, 1 + z * z / n
    middle = share + z * z / 2 / n
    half = z * math.sqrt(share * (1 - share) / n + z * z / 4 / n / n)
    return f"{k:5} of {n:5} {share:.4f} [{max(0, middle - half) / all_of:.4f}, " \
           f"{(middle + half) / all_of:.4f}]"


def evasions(spam):
    """[(language, kind), [(before, after)]] of this part's spam."""
    for language, name in OF.items():
        texts = [t for n, rows in spam.items() if n.startswith(name) for _, t in rows]
        for kind in evade.KINDS:
            pairs = list(floors.variants(kind, texts))
            if pairs and (language == "korean" or kind not in floors.HANGUL_ONLY):
                yield (language, kind), pairs


def judge(sluicectl, rows_of, rules, counts, lost):
    spam = {n: [r for r in rows if r[0] == "spam"] for n, rows in rows_of.items()}
    kinds = dict(evasions(spam)) if lost is not None else {}
    rows = [r for rows in rows_of.values() for r in rows]
    rows += [(f"{a}_{b}", after) for (a, b), pairs in kinds.items() for _, after in pairs]
    run = floors.Run(sluicectl, floors.distinct(rows), rules)
    for name, rows in rows_of.items():
        for label in ("spam", "ham"):
            mine = [r for r in rows if r[0] == label]
            wrong = run.wrong(mine)
            counts[name, label][0] += len(mine) - wrong if label == "spam" else wrong
            counts[name, label][1] += len(mine)
    for (language, kind), pairs in kinds.items():
        lost[language, kind][0] += run.wrong([(f"{language}_{kind}", b) for _, b in pairs])
        lost[language, kind][0] -= run.wrong([("spam", a) for a, _ in pairs])
        lost[language, kind][1] += len(pairs)


def main():
    words = [w for w in sys.argv[1:] if w != "--evade"]
    sluicectl = os.path.abspath(words[0])
    parts = divide(words[1] if len(words) > 1 else "1")
    counts = collections.defaultdict(lambda: [0, 0])
    lost = collections.defaultdict(lambda: [0, 0]) if "--evade" in sys.argv else None
    for part in range(FOLDS):
        with tempfile.TemporaryDirectory() as folder:
            rules = rules_without(sluicectl, parts, part, folder)
            judge(sluicectl, {n: p[part] for n, p in parts.items()}, rules, counts, lost)
    for (name, label), (k, n) in counts.items():
        if n > 0:
            print(f"{name:32} {'recall' if label == 'spam' else 'false '} {interval(k, n)}")
    for (language, kind), (k, n) in (lost or {}).items():
        print(f"{language} {kind}: {100 * k / n:.1f} points of {n} lost")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""packs: the form of the learned packs, as they are shipped.

usage: packs.py SLUICECTL

At most 2,000 patterns of at most 12 characters, so that no message comes along; a head that
names the command and the sets; and "rules check" takes them. Of the messages
of notices.tsv, which were written by hand for this, one is judged wrongly and no more: a bank's
notice of a deposit, whose words are those of the loans offered in its name.
"""
import json
import os
import re
import subprocess
import sys

ROOT = os.environ.get("SLUICE_SOURCE", ".")
PACKS = {
    "english": ["en_uci_sms_spam_collection", "en_nus_sms_corpus", "en_mishra_soni_5971",
                "clean_multi_ots_test_subset", "clean_th_sivakorn", "clean_english",
                "clean_turkish"],
    "korean": ["ko_lgai_spam", "ko_lgai_ham_delivery", "ko_lgai_ham_comments",
               "clean_korean"],
    "turkish": ["tr_karasoy_balli", "clean_turkish"],
}

NOTICES_WRONG = 1


def pack_path(language):
    return os.path.join(ROOT, "control", "rules", "packs", f"learned-{language}.yaml")


def characters(kind, literal):
    """Of the text that a pattern matches: escapes of YAML, then of the expression, undone; a
    class of characters is one, how often is none."""
    literal = re.sub(r"\\U[0-9A-F]{8}", "x", literal)
    literal = re.sub(r"\\(.)", r"\1", literal)
    if kind == "regex":
        literal = re.sub(r"\[[^\]]*\]", "x", literal)
        literal = re.sub(r"\\(.)|[+*()]|\{\d+\}", r"\1", literal)
    return len(literal)


def form(language):
    """What is wrong with the file itself."""
    with open(pack_path(language), encoding="utf-8") as f:
        text = f.read()
    head = text[:text.index("rules:")]
    found = re.findall(r'^ +- \{ (literal|regex): "((?:[^"\\]|\\.)*)", weight: -?\d+ \}$', text,
                       re.M)
    if not 0 < len(found) <= 2000 or len(found) != text.count(", weight:"):
        yield f"{len(found)} patterns"
    for kind, literal in found:
        if characters(kind, literal) > 12:
            yield f"{literal}: more than 12 characters"
    if "sluicectl rules train" not in head or any(s not in head for s in PACKS[language]):
        yield "its head does not say what it was learned from"


def main():
    wrong = []
    for language in PACKS:
        wrong += [f"{language}: {w}" for w in form(language)]
        done = subprocess.run([sys.argv[1], "rules", "check", pack_path(language)],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            wrong.append(f"{language}: {done.stderr}")
    done = subprocess.run([sys.argv[1], "rules", "test", "--misses", "--json", "--corpus",
                           os.path.join(ROOT, "tests", "quality", "notices.tsv")],
                          capture_output=True, text=True, check=True)
    misses = json.loads(done.stdout)["misses"]
    if len(misses) > NOTICES_WRONG:
        wrong += [f"{m['label']}: {m['text']}" for m in misses]
    for w in wrong:
        print("FAILED:", w)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()

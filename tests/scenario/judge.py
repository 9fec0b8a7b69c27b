#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""judge: "sluicectl rules test" and "explain" as commands, on files as people have them.

usage: judge.py SLUICECTL
"""
import json
import os
import pty
import random
import re
import struct
import subprocess
import sys
import tempfile
import time

RULES = """rules:
- { id: casino, sentence: s, action: refuse, patterns: [ { literal: casino } ] }
- { id: heavy, sentence: s, weight: 3, patterns: [ { regex: '^win' } ] }
- { id: quiet, sentence: s, action: refuse, mode: shadow, patterns: [ { literal: hi } ] }
"""
# BOM, CR, an empty line, a tab in the text, an escape, other labels, no last line end.
CORPUS = (b"\xef\xbb\xbfspam\tthe casino\r\nham\thi\tthere\r\n\r\nok\ta casino again\n"
          b"otp\t123\nPromo\tcasino\nphishing\tfirst\\nwin this\nHAM\tclean\\\\\n spam \twi\xffn")
GOOD = {"n_spam": 3, "n_ham": 4, "recall": 1 / 3, "false_positive_rate": 1 / 4,
        "precision": 1 / 2, "not_utf8": 1}


class Judge:
    def __init__(self, program, folder):
        self.program, self.folder, self.wrong = program, folder, []

    def write(self, name, octets):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as f:
            f.write(octets)
        return path

    def run(self, *arguments, **more):
        return subprocess.run([self.program, *arguments], capture_output=True, text=True,
                              check=False, **more)

    def expect(self, what, good):
        if not good:
            self.wrong.append(what)
            print("FAILED:", what)


def corpora(j, rules):
    corpus = j.write("c.tsv", CORPUS)
    done = j.run("rules", "test", "--corpus", corpus, "--rules", rules, "--json")
    said = json.loads(done.stdout)
    j.expect("exit status", done.returncode == 0)
    for key, value in GOOD.items():
        j.expect(f"{key}: {said.get(key)}", abs(said.get(key, -1) - value) < 1e-9)
    j.expect("digits", re.search(r"\.\d{13}", done.stdout) is None)
    j.expect("labels", said["labels"] == {"spam": 2, "ham": 1, "ok": 1, "otp": 1, "Promo": 1,
                                          "phishing": 1, "HAM": 1})
    j.expect("row that is not UTF-8", "c.tsv:9: not UTF-8" in done.stderr)
    per = {r["id"]: r for r in said["per_rule"]}
    j.expect("per rule", per["casino"]["spam"] == 1 and per["casino"]["ham"] == 1 and
             per["heavy"]["spam"] == 1 and per["quiet"]["ham"] == 1)
    done = j.run("rules", "test", "--corpus", corpus, "--rules", rules, "--misses",
                 "--threshold", "3")
    j.expect("misses", "ok\t0.000\ta casino again\n" in done.stdout and
             "recall 0.6667, false-positive rate 0.2500" in done.stdout)
    clean = j.write("clean.tsv", b"ham\tx\n")
    said = json.loads(j.run("rules", "test", "--corpus", clean, "--rules", rules,
                            "--json").stdout)
    j.expect("no recall without spam", said["recall"] is None and
             said["precision"] is None and said["false_positive_rate"] == 0)
    done = j.run("rules", "test", "--corpus", clean, "--rules", rules)
    j.expect("none for people", "recall -, false-positive rate 0.0000, precision -" in
             done.stdout)
    scoped(j, corpus)
    nul = j.write("nul.tsv", b"spam\ta\0 casino\n")
    done = j.run("rules", "test", "--corpus", nul, "--rules", rules, "--json")
    j.expect("behind a NUL", json.loads(done.stdout)["recall"] == 1 and
             "nul.tsv:1:" in done.stderr)
    bad = j.write("bad.tsv", b"ham\tx\nno tab here\n\tno label\n")
    done = j.run("rules", "test", "--corpus", bad, "--rules", rules)
    j.expect("bad lines", done.returncode == 1 and "bad.tsv:2:" in done.stderr and
             "bad.tsv:3:" in done.stderr)
    done = j.run("rules", "test", "--corpus", os.path.join(j.folder, "none.tsv"),
                 "--rules", rules)
    j.expect("no file", done.returncode == 1 and "none.tsv" in done.stderr)


def scoped(j, corpus):
    """A rule that is not about a corpus's messages is not silent about that."""
    rules = j.write("scoped.yaml", b"""rules:
- { id: there, sentence: s, action: refuse, scope: { accounts: [ acme ] },
    patterns: [ { literal: casino } ] }
- { id: over, sentence: s, action: refuse, valid: { until: 2020-01-01 },
    patterns: [ { literal: hi } ] }
""")
    done = j.run("rules", "test", "--corpus", corpus, "--rules", rules)
    j.expect("out of scope", "there: its scope, or valid, leaves out 1 spam and 1 clean that "
             "it matches\n" in done.stdout and "over: its scope" in done.stdout)
    done = j.run("rules", "test", "--corpus", corpus, "--rules", rules, "--json")
    said = json.loads(done.stdout)
    j.expect("out of scope as JSON", said["recall"] == 0 and said["out_of_scope"] ==
             [{"id": "there", "spam": 1, "ham": 1}, {"id": "over", "spam": 1, "ham": 1}])
    done = j.run("explain", "--text", "the casino", "--rules", rules)
    j.expect("explained out of scope", "there refuses: matches, but is not about this message"
             in done.stdout and '"casino", octets' in done.stdout)
    done = j.run("explain", "--text", "the casino", "--rules", rules, "--json")
    j.expect("the same as JSON", json.loads(done.stdout)["rules"][0]["effect"] ==
             "out_of_scope")
    done = j.run("explain", "--text", "the casino", "--rules", rules, "--account", "acme")
    j.expect("in scope", "there refuses: acts" in done.stdout)


def default_rules(j, corpus):
    done = j.run("rules", "test", "--corpus", corpus, "--json")
    j.expect("the packs without --rules", done.returncode == 0 and
             json.loads(done.stdout)["rules"] > 10)
    folder = os.path.join(j.folder, "mine")
    os.makedirs(folder)
    with open(os.path.join(folder, "starter.yaml"), "w", encoding="utf-8") as f:
        f.write(RULES)
    mine = dict(os.environ, SLUICE_RULES=folder)
    done = j.run("rules", "test", "--corpus", corpus, "--json", env=mine)
    j.expect("$SLUICE_RULES", json.loads(done.stdout)["rules"] == 3)


def on_terminal(j, *arguments, **more):
    """stdout, and what a terminal got on stderr; that is short enough for its buffer."""
    ours, theirs = pty.openpty()
    done = subprocess.run([j.program, *arguments], stdout=subprocess.PIPE, stderr=theirs,
                          text=True, check=False, **more)
    os.close(theirs)
    said = b""
    try:
        while piece := os.read(ours, 4096):
            said += piece
    except OSError: # all was read, and the other end is closed
        pass
    os.close(ours)
    return done.stdout, said.decode()


def cached(j):
    """The packs are compiled once, and who waits for that sees it."""
    cache = os.path.join(j.folder, "cache")
    env = dict(os.environ, XDG_CACHE_HOME=cache)
    first, waited = on_terminal(j, "explain", "--text", "casino", env=env)
    j.expect(f"progress: {waited!r}", waited.startswith("\r\x1b[Kcompiling the rules, 1 s") and
             waited.endswith("\r\x1b[K"))
    kept = os.listdir(os.path.join(cache, "sluice"))
    begun = time.monotonic()
    second, waited = on_terminal(j, "explain", "--text", "casino", env=env)
    took = time.monotonic() - begun
    j.expect("the same from the cache", first == second != "" and len(kept) == 1 and
             kept == os.listdir(os.path.join(cache, "sluice")))
    print(f"from the cache: {took:.2f} s, {waited!r}")
    empty = dict(os.environ, XDG_CACHE_HOME=os.path.join(j.folder, "unused"))
    mine = j.write("cached.yaml", RULES.encode())
    for words in ("explain --text casino", f"rules test --corpus {j.folder}/c.tsv"):
        words = f"{words} --rules {mine}".split()
        without = j.run(*words, "--no-cache", env=empty)
        j.expect("--no-cache", without.returncode == 0 and
                 not os.path.exists(empty["XDG_CACHE_HOME"]))
        nowhere = j.run(*words, env=dict(os.environ, XDG_CACHE_HOME="/proc/none"))
        j.expect(f"no folder: {nowhere.stderr}", nowhere.stderr == without.stderr and
                 nowhere.returncode == 0)
    j.run("explain", "--text", "casino", "--rules", mine, env=empty)
    j.write("cached.yaml", RULES.replace("casino }", "lottery }").encode())
    done = j.run("explain", "--text", "lottery", "--rules", mine, "--json", env=empty)
    j.expect("rules that changed", json.loads(done.stdout)["verdict"] == "refused")


def costs(j):
    """A rule that costs much more than another, on messages that show it."""
    heavy = j.write("cost.yaml", b"""rules:
- { id: cheap, sentence: s, action: flag, patterns: [ { literal: casino } ] }
- { id: dear, sentence: s, action: flag, patterns: [ { regex: '[a-z0-9 ]' } ] }
""")
    corpus = j.write("cost.tsv", b"ham\t" + b"some 1 words 2 with 3 digits 4 " * 8 + b"\n" +
                     b"spam\tthe casino\n")
    done = j.run("rules", "check", heavy, "--corpus", corpus, "--json")
    said = json.loads(done.stdout)
    j.expect("cost of a corpus", done.returncode == 0 and said["messages"] == 2 and
             [r["id"] for r in said["dearest"]] == ["dear", "cheap"])
    some = j.write("some.tsv", b"ham\tx\nno tab\nnone\n")
    done = j.run("rules", "check", heavy, "--corpus", some)
    j.expect(f"lines left out: {done.stderr}", done.returncode == 0 and
             "some.tsv:2: this line, of 2 such, is no label<TAB>text" in done.stderr)
    within = str(int(said["ns_per_message"] * 20) + 1000)
    done = j.run("rules", "check", heavy, "--corpus", corpus, "--budget-ns", within)
    j.expect("within the budget", done.returncode == 0 and "over" not in done.stderr)
    done = j.run("rules", "check", heavy, "--corpus", corpus, "--budget-ns", "1")
    j.expect("over the budget", done.returncode == 1 and "over it: dear" in done.stderr)
    done = j.run("rules", "check", heavy, "--budget-ns", "none")
    j.expect("no number", done.returncode == 2)
    done = j.run("rules", "check", heavy, "--corpus", j.write("none.tsv", b"no tab\n"))
    j.expect("no message", done.returncode == 1 and "no message" in done.stderr)


def written_whole(j, command, output):
    """A file that cannot be written is said before the work; one that was not stays."""
    quick = command[:-1] + ["--no-held-out", "--output"]
    for path, why in ((j.folder, "Is a directory"), ("/proc/none/x", "No such file"),
                      ("/dev/full", "No space left")):
        done = j.run(*quick, path)
        j.expect(f"{path}: {done.stderr}", done.returncode == 1 and
                 f"--output {path} cannot be written: {why}" in done.stderr)
    before = os.listdir(j.folder)
    link = os.path.join(j.folder, "link.yaml")
    os.symlink(output, link)
    os.chmod(output, 0o640)
    done = j.run(*quick, link)
    state = os.stat(output)
    j.expect("through a link, with its mode", done.returncode == 0 and os.path.islink(link) and
             state.st_mode & 0o777 == 0o640 and state.st_size > 100)
    os.unlink(link)
    j.expect("nothing is left beside it", sorted(before) == sorted(os.listdir(j.folder)))
    done = subprocess.run([j.program, *quick, "/dev/stdout"], capture_output=True, check=False)
    j.expect("to a pipe", done.returncode == 0 and b"rules:" in done.stdout)


def trained(j):
    """A budget of time: kept by a smaller model, or said that none keeps it."""
    rng = random.Random(5)
    words = ["w" + "".join(rng.choice("aeioubcdfgklmnprst") for _ in range(6))
             for _ in range(400)]
    lines = []
    for i in range(300):
        some = rng.sample(words[:200], 6) + rng.sample(words[200:] if i % 2 else words, 4)
        lines.append(("spam" if i % 2 else "ham") + "\t" + " ".join(some))
    corpus = j.write("learn.tsv", "\n".join(lines).encode())
    command = ["rules", "train", corpus, "--folds", "3", "--fpr", "0.1", "--json"]
    output = os.path.join(j.folder, "learned.yaml")
    free = json.loads(j.run(*command, "--output", output).stdout)
    kept = json.loads(j.run(*command, "--budget-ns", "1000000").stdout)
    j.expect("a budget that nothing exceeds", kept["literals"] == free["literals"] and
             free["ns_per_message"] > 0)
    done = j.run(*command, "--budget-ns", "1")
    j.expect("a budget that nothing keeps", done.returncode == 1 and
             "the smallest model costs" in done.stderr)
    few = j.write("few.tsv", b"spam\tbuy 1\nspam\tbuy 2\nham\thello\nham\tgood day\n")
    done = j.run("rules", "train", few)
    j.expect("too few", done.returncode == 1 and "1 spam and 2 clean messages that differ in "
             "their letters, and each of the 5 parts needs both" in done.stderr)
    done = j.run(*command, "--budget-ns", "0")
    j.expect("budget of nothing", done.returncode == 2)
    written_whole(j, command, output)
    done = j.run(*command, "--no-held-out", "--output", os.path.join(j.folder, "no.yaml"))
    j.expect("figures that were not made", done.returncode == 2)
    j.run(*command[:-1], "--no-held-out", "--output", os.path.join(j.folder, "quick.yaml"))
    rules = []
    for name in "learned.yaml", "quick.yaml":
        with open(os.path.join(j.folder, name), encoding="utf-8") as f:
            rules.append(f.read())
    j.expect("the same rule without figures", "Held out:" not in rules[1] and
             rules[0].partition("rules:")[2] == rules[1].partition("rules:")[2] != "")


def submit_part(number, text, coding=0, total=2):
    """A part of a message, as hexadecimal digits."""
    body = (b"\0\0\1" + b"01012345678\0" + b"\1\1" + b"821000\0" + b"\x40" + bytes(6) +
            bytes([coding, 0, 6 + len(text), 5, 0, 3, 1, total, number]) + text)
    return (struct.pack(">IIII", 16 + len(body), 4, 0, 1) + body).hex()


def parts_of_refused(j, rules):
    """A part that is refused because another one was says so."""
    parts = [w for n, text in ((1, b"casino"), (2, b"x")) for w in
             ("--pdu", submit_part(n, text))]
    done = j.run("explain", *parts, "--rules", rules)
    j.expect("refused before", "part        1 of 2, judged with" in done.stdout and
             "part        2 of 2, refused as part 1 before it was\n" in done.stdout)
    said = json.loads(j.run("explain", *parts, "--rules", rules, "--json").stdout)
    j.expect("the same as JSON", [m["part"] for m in said] ==
             [{"number": n, "total": 2, "refused_before": n == 2,
               "refused_for": 1 if n == 2 else None} for n in (1, 2)])
    done = j.run("explain", "--text", "x", "--rules", rules, "--json")
    j.expect("no part", json.loads(done.stdout)["part"] is None)


def explained(j, rules):
    done = j.run("explain", "--text", "Ｃａsino 좋아요", "--rules", rules, "--json")
    said = json.loads(done.stdout)
    match = said["matches"][0]
    j.expect("verdict", said["verdict"] == "refused" and said["rule"] == "casino" and
             said["answer"]["command_status"] == 0x45)
    j.expect("place", (match["from"], match["to"], match["text"]) == (0, 6, "Ｃａsino"))
    done = j.run("explain", "--text", "카지노 hi", "--rules", rules)
    j.expect("for people", '"카지노 hi"' in done.stdout and "only counts (shadow)" in done.stdout)
    cas, ino = (submit_part(n, text) for n, text in ((1, b"cas"), (2, b"ino")))
    done = j.run("explain", "--pdu", cas, "--pdu", ino, "--rules", rules, "--json")
    said = json.loads(done.stdout)
    j.expect("parts", [m["verdict"] for m in said] == ["forwarded", "refused"])
    done = j.run("explain", "--pdu", cas, "--pdu", ino, "--rules", rules)
    j.expect("parts for people", "part        2 of 2, judged with" in done.stdout)
    done = j.run("explain", "--pdu", submit_part(1, b"a"), "--pdu", submit_part(1, b"b"),
                 "--rules", rules, "--json")
    said = json.loads(done.stdout)
    j.expect("a malformed part", [m["reason"] for m in said] == ["pass", "malformed"] and
             said[1]["fault"]["field"] == "concatenation (a part again, with another text)")
    parts_of_refused(j, rules)
    odd = submit_part(1, b"abc", coding=8, total=1)
    done = j.run("explain", "--pdu", odd, "--rules", rules)
    j.expect("undecodable", "reading     none: it does not decode as ucs2\n" in done.stdout)
    flag = j.write("flag.yaml", RULES.replace("refuse", "observe").encode())
    done = j.run("explain", "--text", "casino", "--rules", flag)
    j.expect("a rule that observes", "rule, and it is not refused" in done.stdout and
             "a rule that refuses" not in done.stdout)
    drop = j.write("drop.yaml", RULES.replace("refuse", "discard").encode())
    done = j.run("explain", "--text", "casino", "--rules", drop)
    j.expect("a rule that discards", "discarded: content_rule, the text matches a rule that "
             "discards (rule casino)" in done.stdout)
    done = j.run("explain", "--text", "-", "--rules", rules, input="a\0casino")
    j.expect("a NUL", done.returncode == 1 and "a NUL after 1 octets" in done.stderr and
             "memory" not in done.stderr)
    done = j.run("explain", "--pdu", "-", "--rules", rules, input="00 01 0x")
    j.expect("bad digits", done.returncode == 1 and "octet 2" in done.stderr)
    j.expect("usage", j.run("explain", "--pdu", "00", "--text", "x").returncode == 2)


def failures_as_json(j, rules):
    """--json prints one object on stdout, of every failure too."""
    broken = j.write("broken.yaml", b"rules:\n- { id: x, sentence: s }\n- { id: y }\n")
    none, corpus = os.path.join(j.folder, "none"), os.path.join(j.folder, "c.tsv")
    for status, words in ((1, f"explain --json --pdu zz --rules {rules}"),
                          (1, f"explain --json --text x --rules {none}"),
                          (1, f"explain --json --text x --rules {broken}"),
                          (1, f"--json explain --text x --rules {rules} --registry {none} "
                              "--account a"),
                          (2, "explain --json"), (2, "explain --json --bogus"),
                          (2, "explain --json --text"), (2, "--json bogus"),
                          (2, "status --bogus --json"), (2, "--json"), (2, "--json rules"),
                          (2, "audit --json --limit"), (2, "rules test --json"),
                          (1, f"rules test --json --corpus {none}"),
                          (1, f"rules test --json --corpus {corpus} --rules {broken}"),
                          (2, "--json rules train"), (1, f"rules train --json {none}"),
                          (2, f"rules train --json {corpus} --folds 1"),
                          (1, f"rules check {none} --json"),
                          (1, f"rules check {broken} --json"),
                          (2, f"--json rules check {rules} --budget-ns x"),
                          (1, f"--json rules check {rules} --corpus {none}"),
                          (1, f"rules diff {none} {rules} --json"),
                          (1, f"--json rules diff {broken} {rules}"),
                          (1, f"--json deltas apply {none}"),
                          (1, f"--json --socket {none} status")):
        done = j.run(*words.split())
        try:
            said = json.loads(done.stdout)
        except ValueError:
            said = {}
        j.expect(f"{words}: {done.returncode}, {done.stdout!r}", done.returncode == status and
                 said.get("error", "failed") != "failed" and done.stderr != "" and
                 (broken not in words or len(said["problems"]) > 0))
    j.expect("no object that was not asked for", j.run("explain", "--text", "--json",
                                                       "--rules", none).stdout == "")


def unwritten(j, rules):
    """What cannot be printed is a failure, and goes into no file that was opened instead."""
    corpus = os.path.join(j.folder, "c.tsv")
    for words in (f"explain --text x --rules {rules}", f"explain --text x --rules {rules} --json",
                  f"rules test --corpus {corpus} --rules {rules}", "--help", "--version"):
        for output, why in ((">/dev/full", "No space left"), (">&-", "Bad file descriptor")):
            done = subprocess.run(["sh", "-c", f'"$0" "$@" {output}', j.program,
                                   *words.split()], check=False, text=True,
                                  capture_output=True)
            j.expect(f"{words} {output}: {done.returncode} {done.stderr}", done.returncode == 1
                     and f"the answer cannot be written: {why}" in done.stderr)
    done = subprocess.run(["sh", "-c", '"$0" "$@" >&- 2>&-', j.program, "explain", "--text", "x",
                           "--rules", rules, "--registry", j.write("none.sqlite", b"no"),
                           "--account", "a"], check=False)
    with open(os.path.join(j.folder, "none.sqlite"), "rb") as f:
        j.expect("nothing was printed into it", done.returncode == 1 and f.read() == b"no")


def said_where(j, rules):
    """Which file, and what would do."""
    bad = j.write("latin.yaml", RULES.replace("casino }", "caf\xe9 }").encode("latin-1"))
    large = j.write("large.yaml", b"#" * (17 << 20))
    for words, said in (
            (f"rules check {bad}", "latin.yaml:2:73: invalid"),
            (f"explain --text x --rules {rules} {bad}", "1 problem in " + bad),
            (f"explain --text x --rules {large}", "large.yaml: rules have at most 16 MiB"),
            (f"rules check {j.folder}", f"{j.folder}: Is a directory"),
            (f"rules diff {rules} {j.folder}/none", "none: No such file"),
            ("explain --text x --data-coding 300", "--data-coding 300: it is a number from"),
            ("explain --text x --time never", "--time never: it is no time like 2026-01-31")):
        done = j.run(*words.split())
        j.expect(f"{words}: {done.stderr}", done.returncode != 0 and said in done.stderr)
    broken = j.write("no.yaml", b"rules: 1\n")
    done = j.run("rules", "test", "--corpus", os.path.join(j.folder, "c.tsv"), "--rules", broken)
    j.expect(f"said once: {done.stderr}", done.stderr.count("\n") == 2)


def options_anywhere(j, rules):
    corpus = os.path.join(j.folder, "c.tsv")
    for words in (f"--json explain --text x --rules {rules}",
                  f"--text explain --rules {rules} --json explain",
                  f"--text=explain --json explain --rules={rules}",
                  f"--socket /none explain --text x --rules {rules} --json",
                  f"explain --text x --rules {rules} --socket=/none --json",
                  f"--json rules test --corpus {corpus} --rules {rules}",
                  f"rules --corpus {corpus} --json test --rules {rules}",
                  f"--json rules --all check {rules}"):
        done = j.run(*words.split())
        j.expect(f"{words}: {done.returncode} {done.stderr}", done.returncode == 0 and
                 len(json.loads(done.stdout)) > 3)
    done = j.run("--json", "rules", "--fpr", "0.1", "train", os.path.join(j.folder, "learn.tsv"),
                 "--folds", "3")
    j.expect("train with options before it", done.returncode == 0 and
             json.loads(done.stdout)["literals"] > 0)


def helped(j):
    """--help of all, of those that begin with a word, of one, and of none that there is."""
    done = [j.run(*words.split()) for words in ("--help", "rules --help", "rules push --help",
                                                "ruls --help")]
    counts = [d.stdout.count("\n  sluicectl ") + d.stdout.startswith("  sluicectl ")
              for d in done]
    j.expect(f"commands helped with: {counts}", counts[0] > 30 and counts[1:] == [8, 2, 0] and
             [d.returncode for d in done] == [0, 0, 0, 2])
    j.expect("only rules", "accounts" not in done[1].stdout)
    j.expect("no space at an end", " \n" not in done[0].stdout)


def main():
    with tempfile.TemporaryDirectory() as folder:
        j = Judge(sys.argv[1], folder)
        rules = j.write("r.yaml", RULES.encode())
        corpora(j, rules)
        default_rules(j, os.path.join(folder, "c.tsv"))
        cached(j)
        explained(j, rules)
        costs(j)
        trained(j)
        failures_as_json(j, rules)
        options_anywhere(j, rules)
        unwritten(j, rules)
        said_where(j, rules)
        helped(j)
    sys.exit(1 if j.wrong else 0)


if __name__ == "__main__":
    main()

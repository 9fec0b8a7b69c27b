#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""options.py BUILD: --help of each program beside its manual page, both ways: commands, and
the options of each."""
import re
import subprocess
import sys

OPTION = re.compile(r"(?<![\w-])--([a-z][a-z-]*)")
# Of all commands: the page names them once, at its head.
COMMON = {"json", "help", "socket", "version"}


def shown(program, *words):
    """What --help prints."""
    return subprocess.run([program, *words, "--help"], capture_output=True, text=True,
                          check=True).stdout


def source(page):
    """Lines of a page, and the section that each stands in."""
    section = ""
    for line in open(page, encoding="utf-8"):
        line = line.rstrip("\n")
        if line.startswith((".Sh ", ".Ss ")):
            section = line[4:]
        yield section, line


def flags(line):
    """Options that a line of a page is about."""
    return set(re.findall(r"\bFl -([a-z][a-z-]*)", line))


def of_page(page):
    """{command: options} of sluicectl(1)."""
    commands, command = {}, None
    for section, line in source(page):
        if section == "Learned rules":
            command = "rules train"
        elif section != "DESCRIPTION":
            command = None
        found = re.match(r"\.It Ic ([a-z ]+?)(?= (?:Ar|Fl|Op|Oo)\b|$)", line)
        if section == "DESCRIPTION" and found:
            command = found[1]
            commands.setdefault(command, set())
        if command and line.startswith(".It"):
            commands[command] |= flags(line)
    return commands


def of_help(program):
    """The same of sluicectl --help."""
    commands = {}
    for entry in re.findall(r"^  sluicectl (.*(?:\n      [\[-].*)*)", shown(program), re.M):
        command = re.match(r"[a-z]+(?: [a-z]+)?(?= |$)", entry)[0]
        commands[command] = set(OPTION.findall(entry))
        if "--help" in shown(program, *command.split()) or not commands[command]:
            continue
        commands[command] |= set(OPTION.findall(shown(program, *command.split())))
    return commands


def compare(what, help_has, page_has):
    """Sentences about what only one of them has."""
    for option in sorted(help_has - page_has):
        yield f"{what}: {option} is in --help and not in the manual page"
    for option in sorted(page_has - help_has):
        yield f"{what}: {option} is in the manual page and not in --help"


def of_client(build):
    """What differs in sluicectl."""
    helped, paged = of_help(f"{build}/control/sluicectl"), of_page(f"{build}/control/sluicectl.1")
    yield from compare("sluicectl", set(helped), set(paged))
    for command in sorted(set(helped) & set(paged)):
        yield from compare(f"sluicectl {command}", helped[command] - COMMON,
                           paged[command] - COMMON)


def too_wide(program, *words):
    """Lines of --help that a terminal of 80 columns breaks."""
    for line in shown(program, *words).split("\n"):
        if len(line) > 80:
            yield f"{program} --help: {len(line)} columns: {line}"


def of_daemon(program, page):
    """What differs in a daemon, whose options all stand at the head of its page."""
    paged = set()
    for section, line in source(page):
        if section in ("SYNOPSIS", "DESCRIPTION") and line.startswith((".Op", ".Fl", ".It", ".Nm")):
            paged |= flags(line)
    helped = shown(program).split("\nSettings:\n")[0]
    yield from compare(program, set(OPTION.findall(helped)) - {"help"}, paged - {"help"})


def nested(page):
    """.Op takes the whole rest of its line: a second one on it stands in the first's brackets."""
    for _, line in source(page):
        if line.count(" Op ") + line.startswith(".Op ") > 1:
            yield f"{page}: write Oo ... Oc for each of several: {line}"


def main():
    build = sys.argv[1]
    pages = [f"{build}/control/{name}" for name in
             ("sluicectl.1", "sluice-control.8", "sluice-dataplane.8")]
    wrong = [w for page in pages for w in nested(page)]
    wrong += of_client(build)
    wrong += too_wide(f"{build}/control/sluicectl")
    wrong += too_wide(f"{build}/control/sluice-control")
    wrong += of_daemon(f"{build}/control/sluice-control", pages[1])
    wrong += of_daemon(f"{build}/dataplane/sluice-dataplane", pages[2])
    print("\n".join(wrong))
    sys.exit(bool(wrong))


main()

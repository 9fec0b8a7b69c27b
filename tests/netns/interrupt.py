#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""interrupt: Ctrl-C in the middle of ./run, and starts on top of what stands.

usage: interrupt.py [COUNTS-FILE]     as root

Ctrl-C is what a terminal makes of it: SIGINT to the whole process group, at a line that the
run has just printed. Afterwards nothing may be left: no namespace, no process, no file; and
the next start must work. Ends with "PASSED FAILED 0" in COUNTS-FILE.
"""
import glob
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
RUN = os.path.join(HERE, "..", "..", "run")
INSTANCE = f"i{os.getpid()}"
ENV = dict(os.environ, SLUICE_INSTANCE=INSTANCE)


class Run:
    """./run with these arguments, in a process group of its own, its output in lines."""

    def __init__(self, *arguments):
        self.lines = []
        self.news = threading.Condition()
        # Who is started in the background ignores SIGINT, and a shell cannot undo that.
        self.process = subprocess.Popen(
            [RUN, *arguments], env=ENV, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            with self.news:
                self.lines.append(line)
                self.news.notify()
        with self.news:
            self.lines.append("")
            self.news.notify()

    def said(self):
        return "".join(self.lines)

    def wait_for(self, words, seconds=120):
        with self.news:
            return self.news.wait_for(
                lambda: words in self.said() or self.lines[-1:] == [""], seconds) \
                and words in self.said()

    def interrupt(self):
        os.killpg(self.process.pid, signal.SIGINT)

    def end(self, seconds=120):
        """Exit status, or None when it had to be killed."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            return None


def processes(group):
    """Those of this instance's daemons and of this process group."""
    found = []
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        pid = int(path.split("/")[2])
        try:
            with open(path, "rb") as f:
                command = f.read().replace(b"\0", b" ").decode(errors="replace")
            if command and (f"/sluice-{INSTANCE}" in command or os.getpgid(pid) == group):
                found.append(f"process {pid}: {command}")
        except (OSError, ProcessLookupError):
            pass
    return found


def works():
    return set(glob.glob(f"/tmp/sluice-*-{INSTANCE}.*"))


def remains(group, works_before):
    """What a run left behind. It may take a moment until a killed process is gone."""
    for _ in range(50):
        left = (glob.glob(f"/run/netns/sluice-*-{INSTANCE}") +
                glob.glob(f"/run/sluice-{INSTANCE}") +
                glob.glob(f"/dev/shm/sluice-{INSTANCE}-*") +
                sorted(works() - works_before) + processes(group))
        if not left:
            break
        time.sleep(0.1)
    return left


def interrupted(words, *arguments):
    """Complaints about ./run ARGUMENTS that is interrupted when it says words."""
    before = works()
    run = Run(*arguments)
    if not run.wait_for(words):
        run.interrupt()
        run.end()
        return [f"it never said \"{words}\":", *run.lines[-10:]]
    time.sleep(0.5)
    run.interrupt()
    status = run.end()
    said = [] if status == 130 else [f"exit status {status}, not 130:", *run.lines[-10:]]
    return said + [f"left behind: {what}" for what in remains(run.process.pid, before)]


def interrupted_in_the_stream():
    """The sample many times: a stream that is not over before it is interrupted."""
    with open(os.path.join(HERE, "..", "scenario", "sample.tsv"), encoding="utf-8") as f:
        sample = f.read()
    with tempfile.NamedTemporaryFile("w", suffix=".tsv", encoding="utf-8") as f:
        f.write(sample * 100)
        f.flush()
        return interrupted("the stream:", "demo", "--messages", f.name)


def whole(*arguments, status=0, words=()):
    """Complaints about ./run ARGUMENTS that ends by itself: its status, and what it says."""
    run = Run(*arguments)
    got = run.end(180)
    time.sleep(0.1)
    said = [] if got == status else [f"exit status {got}, not {status}"]
    said += [f"it does not say \"{w}\"" for w in words if w not in run.said()]
    return said + run.lines[-10:] if said else []


def stands():
    """A second start says what is there, harms nothing, and names the way out."""
    there = ["still there", f"sluice-esme-{INSTANCE}",
             f"sudo SLUICE_INSTANCE={INSTANCE} ./run lab down"]
    return (whole("lab", "up", words=["The lab is up"]) +
            whole("lab", "up", status=1, words=there) +
            whole("demo", status=1, words=there) +
            whole("lab", "status", words=["dataplane: process", "control: process"]))


def down():
    before = works()
    return (whole("lab", "down", words=["the lab is down"]) +
            [f"left behind: {what}" for what in remains(-1, before)])


CASES = (
    ("Ctrl-C of the demo while it builds its network",
     lambda: interrupted("over a plain bridge", "demo")),
    ("Ctrl-C of the demo in the stream",
     interrupted_in_the_stream),
    ("Ctrl-C of the lab while its daemons start",
     lambda: interrupted("namespaces, data plane, control", "lab", "up")),
    ("Ctrl-C of the end-to-end cases",
     lambda: interrupted("end to end, daemons", "e2e", "node-smpp to node-smpp")),
    ("a start on top of a standing lab", stands),
    ("the lab is taken down", down),
)


def main():
    failed = 0
    for name, case in CASES:
        began = time.time()
        said = case()
        failed += bool(said)
        print(f"   {'FAILED ' if said else 'ok     '} {name} ({time.time() - began:.0f} s)")
        for line in said:
            print("          " + line.rstrip("\n"))
        sys.stdout.flush()
    subprocess.run([RUN, "lab", "down"], env=ENV, stdout=subprocess.DEVNULL, check=False)
    if len(sys.argv) > 1:
        with open(sys.argv[1], "w", encoding="utf-8") as f:
            f.write(f"{len(CASES) - failed} {failed} 0\n")
    return 1 if failed else 0


sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""disk: sanctions while the disk of the data plane's journal is full, and when there is room.

usage: disk.py act ESME-NAMESPACE SMSC-NAMESPACE SLUICECTL CONTROL-SOCKET FOLDER
       disk.py check ESME-NAMESPACE SMSC-NAMESPACE
       disk.py end SLUICECTL CONTROL-SOCKET

act fills FOLDER, where the journal is: sanctions are enforced, with a warning, and traffic
flows; with room again the next one comes without, and brings the others to disk. check, of a
data plane that was killed meanwhile and is alone: all of them hold.
"""
import os
import socket
import sys

from live import CLEAN, HOST, PORT, Control, Session, enter

WHILE_FULL = ("01000000102", "15000103")
WITH_ROOM = "02-000-0106"
SANCTIONED = 0x0A
TRIES = 400  # a record is some 80 octets, and the journal's last page may have 4,096 left


def fill(path):
    with open(path, "wb", buffering=0) as f:
        try:
            while True:
                f.write(bytes(4096))
        except OSError:
            return


def sanction(control, *words):
    """What the data plane says besides; it must enforce it."""
    done = control(*words)["dataplane"]
    assert done["enforced"], done
    return done["text"]


def sessions(esme, smsc):
    enter(smsc)
    listener = socket.create_server((HOST, PORT))
    listener.settimeout(5)
    return Session(listener, esme)


def act(esme, smsc, program, path, folder):
    control = Control(program, path)
    filler = os.path.join(folder, "filler")
    fill(filler)
    warned = ""
    for i in range(TRIES):
        warned = sanction(control, ("suspend", "lift")[i % 2], "sender", WHILE_FULL[0])
        if warned:
            break
    assert "No space left" in warned, f"no warning: {warned!r}"
    session = sessions(esme, smsc)
    for sender in WHILE_FULL:
        assert sanction(control, "suspend", "sender", sender), "no warning"
        for _ in range(20):
            session.passes(CLEAN)
        session.is_answered(SANCTIONED, CLEAN, source=sender.encode())
    os.unlink(filler)
    text = sanction(control, "suspend", "sender", WITH_ROOM)
    assert text == "", text
    session.passes(CLEAN)
    session.close()


def check(esme, smsc):
    session = sessions(esme, smsc)
    for sender in WHILE_FULL + (WITH_ROOM.replace("-", ""),):
        session.is_answered(SANCTIONED, CLEAN, source=sender.encode())
    session.passes(CLEAN)
    session.close()


def end(program, path):
    for sender in WHILE_FULL + (WITH_ROOM,):
        Control(program, path)("lift", "sender", sender)


if __name__ == "__main__":
    {"act": act, "check": check, "end": end}[sys.argv[1]](*sys.argv[2:])

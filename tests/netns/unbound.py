#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""unbound: connections that never bind, at the live daemon: after bind_limit (30 s) both of
their ends are reset, while a bound session lives.

usage: unbound.py ESME-NAMESPACE SMSC-NAMESPACE SLUICECTL CONTROL-SOCKET
"""
import socket
import sys
import time

from live import CLEAN, HOST, PORT, Control, Session, enter, pdu

LIMIT = 30


def connect(listener):
    esme = socket.create_connection((HOST, PORT), timeout=5)
    smsc, _ = listener.accept()
    return esme, smsc


def is_reset(end, what):
    end.settimeout(10)
    try:
        while end.recv(4096):
            pass
    except ConnectionResetError:
        return
    raise AssertionError(f"{what} ended without a RST")


def main():
    esme, smsc, program, path = sys.argv[1:]
    control = Control(program, path)
    enter(smsc)
    listener = socket.create_server((HOST, PORT))
    listener.settimeout(5)
    bound = Session(listener, esme)
    before, began = control.counter("bind_late"), time.monotonic()
    unbound = {"silence": connect(listener), "half a bind": connect(listener),
               "enquire_link": connect(listener)}
    unbound["half a bind"][0].sendall(pdu(9, 1, b"hanbit\0secret\0\0\x34\0\0\0")[:20])
    for second in range(0, LIMIT - 4, 5):
        time.sleep(max(0, began + second - time.monotonic()))
        unbound["enquire_link"][0].sendall(pdu(0x15, second))
    time.sleep(max(0, began + LIMIT - 4 - time.monotonic()))
    if control.counter("bind_late") != before and time.monotonic() < began + LIMIT:
        raise AssertionError("reset before its time")
    time.sleep(max(0, began + LIMIT + 1 - time.monotonic()))
    for what, ends in unbound.items():
        for end in ends:
            is_reset(end, what)
    if control.counter("bind_late") != before + 3:
        raise AssertionError(f"bind_late says {control.counter('bind_late') - before}, not 3")
    bound.passes(CLEAN)
    bound.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kannel_client: an ESME that is Kannel's bearerbox (Debian kannel, unpatched).

usage: kannel_client.py --host H [--port P] --plan PLAN --report OUT --dir FOLDER

Starts bearerbox and smsbox with a configuration in FOLDER, hands every message of the
plan to smsbox over HTTP on loopback, and hears from Kannel's own delivery reports (the
SMSC accepted or refused) what became of each. One account a plan. The report has the
lines of smpp_client.js, without sequence: Kannel does not tell.
"""
import argparse
import http.client
import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.parse

CONFIGURATION = """
group = core
admin-port = 13000
admin-password = local
admin-deny-ip = ""
admin-allow-ip = "127.0.0.1"
smsbox-port = 13001
box-allow-ip = "127.0.0.1"
log-file = "{dir}/bearerbox.log"
log-level = 1
sms-resend-retry = 0

group = smsc
smsc = smpp
smsc-id = wire
host = {host}
port = {port}
transceiver-mode = true
smsc-username = "{account}"
smsc-password = "secret"
system-type = ""
interface-version = 34
enquire-link-interval = 1
max-pending-submits = 50

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = 13013
log-file = "{dir}/smsbox.log"
log-level = 3

group = sendsms-user
username = local
password = local
concatenation = false
max-messages = 1

group = sms-service
keyword = default
max-messages = 0
text = "-"
"""
KANNEL_CODING = {0: "0", 4: "1", 8: "2"}


class Reports(http.server.BaseHTTPRequestHandler):
    """Kannel's delivery reports: type 8 = accepted by the SMSC, 16 = refused by it."""
    seen = {}
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        number, kind = int(query["id"][0]), int(query["type"][0])
        answer = query.get("answer", [""])[0]  # NACK/0x0000000a/..., NACK/10/...
        status = 0
        if kind == 16:
            parts = answer.split("/")
            status = int(parts[1], 0) if len(parts) > 1 else -1
        self.seen.setdefault(number, []).append(status)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


class Listener(http.server.ThreadingHTTPServer):
    request_queue_size = 1024  # smsbox reports in bursts and asks once


def wait_for(what, check, seconds=20):
    end = time.monotonic() + seconds
    while not check():
        if time.monotonic() > end:
            raise TimeoutError(f"waited in vain for {what}")
        time.sleep(0.1)


def online():
    try:
        c = http.client.HTTPConnection("127.0.0.1", 13000, timeout=2)
        c.request("GET", "/status.txt?password=local")
        return b"online" in c.getresponse().read().split(b"SMSC connections")[-1]
    except OSError:
        return False


def listening():
    try:
        http.client.HTTPConnection("127.0.0.1", 13013, timeout=2).connect()
        return True
    except OSError:
        return False


def submit(connection, m):
    dlr = f"http://127.0.0.1:13099/?id={m['id']}&type=%d&answer=%A"
    octets = bytes.fromhex(m["octets"])
    if m["data_coding"] == 0:
        octets = m["text"].encode()
    query = urllib.parse.urlencode({
        "username": "local", "password": "local", "from": m["source"],
        "to": m["destination"], "coding": KANNEL_CODING[m["data_coding"]],
        "charset": "UTF-16BE" if m["data_coding"] == 8 else "UTF-8",
        "dlr-mask": "24", "dlr-url": dlr, "text": octets})
    connection.request("GET", "/cgi-bin/sendsms?" + query)
    answer = connection.getresponse()
    said = answer.read()
    if answer.status != 202:
        raise ValueError(f"smsbox says {answer.status} {said!r} to message {m['id']}")


def run(args, plan):
    conf = os.path.join(args.dir, "kannel.conf")
    with open(conf, "w", encoding="utf-8") as f:
        f.write(CONFIGURATION.format(dir=args.dir, host=args.host, port=args.port,
                                     account=plan[0]["account"]))
    server = Listener(("127.0.0.1", 13099), Reports)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL,
             "stdin": subprocess.DEVNULL, "cwd": args.dir}
    boxes = [subprocess.Popen(["/usr/sbin/bearerbox", conf], **quiet)]
    try:
        wait_for("bearerbox's bind", online)
        boxes.append(subprocess.Popen(["/usr/sbin/smsbox", conf], **quiet))
        wait_for("smsbox", listening)
        connection = http.client.HTTPConnection("127.0.0.1", 13013, timeout=10)
        for m in plan:
            submit(connection, m)
        silent = time.monotonic()
        while len(Reports.seen) < len(plan) and time.monotonic() - silent < 10:
            before = len(Reports.seen)
            time.sleep(0.2)
            if len(Reports.seen) > before:
                silent = time.monotonic()
    finally:
        for box in reversed(boxes):  # bearerbox unbinds when it is asked to stop
            box.send_signal(signal.SIGTERM)
        for box in boxes:
            try:
                box.wait(15)
            except subprocess.TimeoutExpired:
                box.kill()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--host", default="10.99.0.2")
    p.add_argument("--port", type=int, default=2775)
    p.add_argument("--plan", required=True)
    p.add_argument("--report", required=True)
    p.add_argument("--dir", required=True)
    args = p.parse_args()
    with open(args.plan, encoding="utf-8") as f:
        plan = [json.loads(line) for line in f]
    run(args, plan)
    twice = sum(len(v) != 1 for v in Reports.seen.values())
    with open(args.report, "w", encoding="utf-8") as out:
        for m in plan:
            status = Reports.seen.get(m["id"], [None])[0]
            out.write(json.dumps({"id": m["id"], "sequence": None, "status": status,
                                  "us": None}) + "\n")
        out.write(json.dumps({"summary": {"sent": len(plan), "answered": len(Reports.seen),
                                          "unanswered": len(plan) - len(Reports.seen),
                                          "answered_twice": twice}}) + "\n")
    return 1 if twice or len(Reports.seen) != len(plan) else 0


if __name__ == "__main__":
    sys.exit(main())

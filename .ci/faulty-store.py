#!/usr/bin/env python3
"""A store that misbehaves: an HTTP proxy before a real S3 server, with seeded faults.

    faulty-store.py PORT UPSTREAM_PORT

PUT /-/fault with a body such as `{"kind": "torn", "share": 0.3, "seed": 1}` chooses what goes wrong from now on and answers with what
went wrong before. Kinds: none; busy (503, nothing done); lost (done, but the answer is 503); dropped (done, the line breaks
before the answer); torn (the line breaks in the middle of a body that is read); slow (a body comes in small pieces with
pauses); conflict (a conditional write is answered with 409 and did not land); silent (no answer for three seconds, then the
line breaks).
"""
import http.client
import http.server
import json
import random
import socketserver
import sys
import threading
import time

PORT, UPSTREAM = int(sys.argv[1]), int(sys.argv[2])
KEPT = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}


class Fault:
    """What goes wrong, how often, and how often it has."""

    def __init__(self, kind="none", share=0.0, seed=1):
        self.kind, self.share, self.chance = kind, share, random.Random(seed)
        self.lock, self.met, self.requests = threading.Lock(), 0, 0

    def strikes(self, method, headers, reads_body):
        with self.lock:
            self.requests += 1
            applies = {
                "none": False, "conflict": method == "PUT" and "if-none-match" in headers,
                "torn": method == "GET" and reads_body, "slow": method == "GET" and reads_body,
            }.get(self.kind, True)
            hit = applies and self.chance.random() < self.share
            self.met += hit
            return hit


class Proxy(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    fault = Fault()

    def log_message(self, *_):
        pass

    def reply(self, status, body, headers=()):
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def hang_up(self):
        self.close_connection = True
        self.connection.close()

    def forward(self):
        length = int(self.headers.get("content-length", 0))
        body = self.rfile.read(length)
        if self.path == "/-/fault":
            old = Proxy.fault
            Proxy.fault = Fault(**json.loads(body))
            return self.reply(200, json.dumps({"requests": old.requests, "met": old.met}).encode())
        headers = {name.lower(): value for name, value in self.headers.items()}
        fault = Proxy.fault
        kind = fault.kind
        if kind in ("torn", "slow"):
            answer, data = self.upstream(headers, body)
            if len(data) > 1 and fault.strikes(self.command, headers, True):
                return self.in_pieces(answer, data, kind)
            return self.pass_on(answer, data)
        hit = fault.strikes(self.command, headers, False)
        if hit and kind == "busy":
            return self.reply(503, b"<Error><Code>SlowDown</Code><Message>busy</Message></Error>")
        if hit and kind == "conflict":
            return self.reply(409, b"<Error><Code>ConditionalRequestConflict</Code><Message>try again</Message></Error>")
        if hit and kind == "silent":
            time.sleep(3)
            return self.hang_up()
        answer, data = self.upstream(headers, body)
        if hit and kind == "lost":
            return self.reply(503, b"<Error><Code>InternalError</Code><Message>lost</Message></Error>")
        if hit and kind == "dropped":
            return self.hang_up()
        return self.pass_on(answer, data)

    def upstream(self, headers, body):
        connection = http.client.HTTPConnection("127.0.0.1", UPSTREAM, timeout=60)
        connection.request(self.command, self.path, body, {k: v for k, v in headers.items() if k != "connection"})
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer, data

    def pass_on(self, answer, data):
        kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in KEPT]
        if self.command == "HEAD":
            self.send_response_only(answer.status)
            for name, value in [*kept, ("content-length", answer.getheader("content-length") or "0")]:
                self.send_header(name, value)
            return self.end_headers()
        return self.reply(answer.status, data, kept)

    def in_pieces(self, answer, data, kind):
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in KEPT:
                self.send_header(name, value)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        if kind == "torn":
            self.wfile.write(data[: len(data) // 2])
            self.wfile.flush()
            return self.hang_up()
        piece = max(1, len(data) // 5)
        for start in range(0, len(data), piece):
            self.wfile.write(data[start:start + piece])
            self.wfile.flush()
            time.sleep(0.1)
        return None

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = forward


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


Server(("127.0.0.1", PORT), Proxy).serve_forever()

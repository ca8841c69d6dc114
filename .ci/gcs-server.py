#!/usr/bin/env python3
"""Cloud Storage's XML API before a real S3 server, whose XML is nearly the same: what differs is translated.

    gcs-server.py PORT UPSTREAM_PORT

* `x-goog-if-generation-match: 0` (create only if it is not there) is S3's `If-None-Match: *`; another generation is refused with 412, since
  S3 knows none.
* Answers have an `x-goog-generation`: the number that the ETag is.
"""
import http.client
import http.server
import socketserver
import sys
import urllib.parse

PORT, UPSTREAM = int(sys.argv[1]), int(sys.argv[2])
NOT_PASSED = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server", "host", "authorization"}
# The server asks who it is, not whether it is true.
SIGNED = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def pass_on(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in NOT_PASSED}
        generation = next((headers.pop(name) for name in list(headers) if name.lower() == "x-goog-if-generation-match"), None)
        if generation not in (None, "0"):
            return self.answer(412, {}, b"")
        if generation == "0":
            headers["If-None-Match"] = "*"
        headers["Authorization"] = SIGNED
        upstream = http.client.HTTPConnection("127.0.0.1", UPSTREAM, timeout=60)
        # S3 servers take the bucket as it is written, while any character of it may be escaped here.
        bucket, slash, rest = self.path[1:].partition("/")
        bucket, query, options = bucket.partition("?")
        path = "/" + urllib.parse.unquote(bucket) + query + options + slash + rest
        upstream.request(self.command, path, body=body, headers=headers)
        response = upstream.getresponse()
        data = response.read()
        kept = {name: value for name, value in response.getheaders() if name.lower() not in NOT_PASSED}
        tag = next((value for name, value in kept.items() if name.lower() == "etag"), None)
        if tag:
            kept["x-goog-generation"] = str(int(tag.strip('"').split("-")[0][:15], 16))
        length = response.getheader("content-length") if self.command == "HEAD" else None
        self.answer(response.status, kept, data, length)
        upstream.close()

    def answer(self, status, headers, data, length=None):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", length or str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = pass_on

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 64


Server(("127.0.0.1", PORT), Handler).serve_forever()

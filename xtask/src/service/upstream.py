"""Stands in for the model service in the quickstarts: answers POST .../chat/completions as a recorded answer of
the real one, whatever is asked.

    upstream.py CASSETTE

Prints its base URL when it listens.
"""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import yaml

RECORDED = yaml.safe_load(Path(sys.argv[1]).read_text())["interactions"][0]["response"]


class Upstream(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        found = self.path.endswith("/chat/completions")
        body = RECORDED["body"]["string"].encode() if found else b"{}"
        self.send_response(RECORDED["status"]["code"] if found else 404)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
print(f"http://127.0.0.1:{server.server_address[1]}/v1", flush=True)
server.serve_forever()

"""A local upstream that answers as recorded or written answers say. By itself, it answers every chat completion
with one:

    upstream.py --print

It prints its address once it listens.
"""

import hashlib
import json
import re
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SAID = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1764000000, "model": "gpt-4o-2024-08-06",
        "choices": [{"index": 0, "finish_reason": "stop", "logprobs": None, "message": {
            "role": "assistant", "content": "Yes, within 30 days.", "refusal": None}}],
        "usage": {"prompt_tokens": 14, "completion_tokens": 6, "total_tokens": 20}}


class Reply:
    """What is answered, and what came of it."""

    def __init__(self, body, status=200, kind="application/json", cut=None):
        self.body, self.status, self.kind, self.cut = body.encode(), status, kind, cut
        self.arrived = self.asked = self.credentials = None

    @property
    def sent(self):
        return self.body if self.cut is None else self.body[: self.cut]

    @property
    def digest(self):
        return hashlib.sha256(self.sent).hexdigest()


class Upstream(BaseHTTPRequestHandler):
    """Answers /NUMBER/... with the reply of that number."""

    protocol_version = "HTTP/1.1"
    replies = {}

    def do_POST(self):
        arrived = time.time()
        asked = self.rfile.read(int(self.headers["content-length"]))
        reply = self.replies.get(self.path.split("/")[1]) or Reply(json.dumps(SAID))
        reply.arrived, reply.asked = arrived, hashlib.sha256(asked).hexdigest()
        reply.credentials = self.headers["authorization"] or self.headers["x-api-key"]
        assert not any(name.startswith("x-ai-audit") for name in map(str.lower, self.headers))
        self.send_response(reply.status)
        self.send_header("content-type", reply.kind)
        if reply.kind == "text/event-stream":
            # Event by event, in chunks, as the services send them.
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            for piece in re.findall(rb"(?s).+?(?:\n\n|$)", reply.sent):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                self.wfile.flush()
            if reply.cut is not None:
                self.close_connection = True
                return
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.send_header("content-length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.sent)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def listen():
    return Server(("127.0.0.1", 0), Upstream)


if __name__ == "__main__":
    server = listen()
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()

"""Runs the examples for LangChain and FastAPI against `ai-audit serve`, and holds the log against them.

    frameworks.py AI_AUDIT EXAMPLES FOLDER
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

AI_AUDIT, EXAMPLES, FOLDER = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
AUDIT = FOLDER / "audit"
PYTHON = sys.executable


class Model(BaseHTTPRequestHandler):
    """A model behind OpenAI's interface that asks for a refund, and then says that it was made."""

    protocol_version = "HTTP/1.1"
    calls = 0

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        assert self.path == "/v1/chat/completions", self.path
        Model.calls += 1
        results = [one["content"] for one in asked["messages"] if one["role"] == "tool"]
        if results:
            message, reason = {"role": "assistant", "content": f"Done: {results[-1]}."}, "stop"
        else:
            call = {"name": "refund", "arguments": '{"order": 7}'}
            tools = [{"id": "call_1", "type": "function", "function": call}]
            message, reason = {"role": "assistant", "content": None, "tool_calls": tools}, "tool_calls"
        answer = {"id": f"c-{Model.calls}", "object": "chat.completion", "created": 1, "model": "gpt-4o-mini-2024-07-18"}
        answer["choices"] = [{"index": 0, "message": message, "finish_reason": reason}]
        answer["usage"] = {"prompt_tokens": 11, "completion_tokens": 5, "total_tokens": 16}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def ai_audit(*arguments):
    ran = subprocess.run([AI_AUDIT, *map(str, arguments)], capture_output=True, text=True)
    assert ran.returncode == 0, (arguments, ran.returncode, ran.stdout, ran.stderr)
    return ran.stdout.strip()


def serve():
    service = subprocess.Popen(
        [AI_AUDIT, "serve", AUDIT, "--listen", f"127.0.0.1:{PORT}", "--json"], stdout=subprocess.PIPE, text=True
    )
    json.loads(service.stdout.readline())
    return service


def end(process):
    process.send_signal(signal.SIGTERM)
    process.wait(60)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def ask(url, body=None, token=None):
    headers = {"authorization": f"Bearer {token}"} if token else {}
    if body is not None:
        headers["content-type"] = "application/json"
        body = json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers, data=body)) as answer:
            return answer.status, json.load(answer), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, json.load(error), error.headers


def uvicorn(app):
    port = free_port()
    command = [PYTHON, "-m", "uvicorn", f"{app}:app", "--port", str(port), "--log-level", "warning"]
    process = subprocess.Popen(command, cwd=EXAMPLES, env=ENVIRONMENT)
    for _ in range(600):
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return process, f"http://127.0.0.1:{port}"
        assert process.poll() is None, app
        time.sleep(0.1)
    raise AssertionError(f"{app} does not listen")


def kinds(trace):
    status, page, _ = ask(f"{URL}/v1/logs/default/receipts?trace={trace}", token=READ)
    assert status == 200, page
    return [one["kind"] for one in page["receipts"]], page["receipts"]


def run(example, *arguments):
    command = [PYTHON, f"{example}.py", *arguments]
    ran = subprocess.run(command, cwd=EXAMPLES, env=ENVIRONMENT, capture_output=True, text=True)
    return ran.returncode, ran.stdout.splitlines(), ran.stderr


model = ThreadingHTTPServer(("127.0.0.1", 0), Model)
threading.Thread(target=model.serve_forever, daemon=True).start()
PORT = free_port()
URL = f"http://127.0.0.1:{PORT}"
ai_audit("init", AUDIT, "--name", "example.org/frameworks")
APPEND = ai_audit("token", "create", AUDIT, "--scope", "append", "-q")
READ = ai_audit("token", "create", AUDIT, "--scope", "read", "-q")
ENVIRONMENT = os.environ | {
    "AI_AUDIT_URL": URL,
    "AI_AUDIT_TOKEN": APPEND,
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{URL}/v1/traces",
    "OTEL_EXPORTER_OTLP_TRACES_HEADERS": f"authorization=Bearer%20{APPEND}",
    "OTEL_SERVICE_NAME": "shop",
    "OTEL_SEMCONV_STABILITY_OPT_IN": "gen_ai_latest_experimental",
    "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "span_only",
    "OPENAI_BASE_URL": f"http://127.0.0.1:{model.server_port}/v1",
    "OPENAI_API_KEY": "none",
    "LANGSMITH_TRACING": "false",
    "PYTHONDONTWRITEBYTECODE": "1",
}
service = serve()
SAID = "Done: order 7 refunded."
AGENT = ["decision", "tool_intent", "tool_outcome", "decision"]

# LangChain by HTTP: in the order in which it happened, since each was waited for.
code, said, error = run("langchain_http", "t-http")
assert (code, said) == (0, [SAID]), (code, said, error)
assert kinds("t-http")[0] == AGENT, kinds("t-http")

# LangChain by OTLP: a node for the agent, and beneath it the same four.
code, said, error = run("langchain_otlp")
assert (code, said[0]) == (0, SAID), (code, said, error)
found = kinds(said[1])[0]
assert found[0] == "trace_node" and sorted(found[1:]) == sorted(AGENT), found

# FastAPI by HTTP.
app, at = uvicorn("fastapi_http")
application = {"amount": 500, "customer": "c-1"}
status, body, _ = ask(f"{at}/loans/7", application)
assert (status, body["action"]) == (200, "allow"), body
status, body, _ = ask(f"{at}/loans/7/payment", {})
assert (status, body) == (200, {"paid": True}), body
assert kinds("loan-7")[0] == ["tool_intent", "tool_outcome"], kinds("loan-7")

# FastAPI by OTLP: sent when it ends, at the latest.
other, also = uvicorn("fastapi_otlp")
status, body, headers = ask(f"{also}/ask", {"text": "Please refund order 7."})
assert (status, body["answer"]) == (200, SAID), body
end(other)
found = kinds(headers["x-trace-id"])[0]
assert found[0] == "trace_node" and sorted(found[1:]) == sorted(AGENT), found

# Without the service nothing is decided, nothing is paid, and no tool runs.
end(service)
for path, body in [("/loans/8", application), ("/loans/8/payment", {})]:
    status, body, headers = ask(at + path, body)
    assert (status, headers["retry-after"]) == (503, "1"), body
code, said, error = run("langchain_http", "t-none")
assert code != 0 and not said and "NotRecorded" in error, (code, said, error)
end(app)

counts = json.loads(ai_audit("stats", AUDIT, "--json"))["kinds"]
assert counts["tool_intent"] == counts["tool_outcome"] == 4, counts
assert (counts["decision"], counts["trace_node"]) == (7, 2), counts
# So many were acknowledged, and the log has its own.
ai_audit("verify", AUDIT, "--key", AUDIT / "log.pub", "--size", 4 + 4 + 7 + 2)
print(f"LangChain and FastAPI, by HTTP and by OTLP: {counts}, verified")

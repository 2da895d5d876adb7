"""Runs `ai-audit serve` with metrics and a collector, and holds what they tell against the log.

    check.py AI_AUDIT PROMTOOL FOLDER COUNT

Appends COUNT decisions and some other things, scrapes /metrics, has promtool check it, and lets a real
collector (rotel) pass on what it was sent to a receiver that decodes it with OpenTelemetry's own
definitions. PROMTOOL may be empty, and is then left out.
"""

import gzip
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import rotel
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

AI_AUDIT, PROMTOOL, FOLDER, COUNT = sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4])
AUDIT = FOLDER / "audit"


def ai_audit(*arguments):
    ran = subprocess.run([AI_AUDIT, *map(str, arguments)], capture_output=True, text=True)
    assert ran.returncode == 0, (arguments, ran.returncode, ran.stdout, ran.stderr)
    return ran.stdout.strip()


class Receiver(BaseHTTPRequestHandler):
    """Decodes all that it is sent."""

    protocol_version = "HTTP/1.1"
    spans, metrics = [], {}

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        assert self.headers["content-type"] == "application/x-protobuf", self.headers
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        if self.path == "/v1/traces":
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                for scope in resource.scope_spans:
                    Receiver.spans.extend(scope.spans)
        elif self.path == "/v1/metrics":
            for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                names = {a.key: a.value.string_value for a in resource.resource.attributes}
                assert names["service.name"] == "ai-audit-check", names
                for scope in resource.scope_metrics:
                    # Cumulative: the last one tells all.
                    Receiver.metrics.update({metric.name: metric for metric in scope.metrics})
        else:
            raise AssertionError(self.path)
        self.send_response(200)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def free_port():
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def until(true, what, seconds=30):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"after {seconds} s: {what}"
        time.sleep(0.05)


def listening(port):
    import socket

    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def ask(path, token=None, body=None):
    headers = {"authorization": f"Bearer {token}"} if token else {}
    if body is not None:
        headers["content-type"] = "application/json"
        body = json.dumps(body).encode()
    request = urllib.request.Request(URL + path, headers=headers, data=body)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def scraped(text):
    """Samples by name and labels; their forms are promtool's to check."""
    samples = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            series, value = line.rsplit(" ", 1)
            name, _, labels = series.partition("{")
            samples[name, tuple(sorted(re.findall(r'(\w+)="([^"]*)"', labels)))] = float(value)
    return samples


# A log, tokens, a collector, a receiver behind it.
ai_audit("init", AUDIT, "--name", "example.org/telemetry")
before = json.loads(ai_audit("stats", AUDIT, "--json"))["receipts"]
APPEND = ai_audit("token", "create", AUDIT, "--scope", "append", "-q")
READ = ai_audit("token", "create", AUDIT, "--scope", "read", "-q")
SOME = ai_audit("token", "create", AUDIT, "--scope", "read", "--log", "default", "-q")
receiver = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=receiver.serve_forever, daemon=True).start()
http_port, grpc_port = free_port(), free_port()
collector = subprocess.Popen(
    [Path(rotel.__file__).parent / "rotel-agent", "start"]
    + ["--otlp-http-endpoint", f"127.0.0.1:{http_port}", "--otlp-grpc-endpoint", f"127.0.0.1:{grpc_port}"]
    + ["--exporter", "otlp", "--otlp-exporter-protocol", "http", "--batch-timeout", "100ms"]
    + ["--otlp-exporter-endpoint", f"http://127.0.0.1:{receiver.server_port}"],
    stdout=(FOLDER / "rotel.log").open("w"),
    stderr=subprocess.STDOUT,
)
until(lambda: listening(http_port), "the collector does not listen; see rotel.log")
environment = os.environ | {
    "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{http_port}",
    "OTEL_METRIC_EXPORT_INTERVAL": "300",
    "OTEL_BSP_SCHEDULE_DELAY": "100",
    "OTEL_SERVICE_NAME": "ai-audit-check",
}
service = subprocess.Popen(
    [AI_AUDIT, "serve", AUDIT, "--listen", "127.0.0.1:0", "--metrics", "--json"],
    stdout=subprocess.PIPE,
    text=True,
    env=environment,
)
try:
    URL = json.loads(service.stdout.readline())["url"]

    # Something of everything.
    for number in range(COUNT):
        record = {"id": f"01a0c450-6fe8-7101-8101-{number:012x}", "action": "allow", "subject": "person-7"}
        assert ask("/v1/logs/default/decisions", APPEND, record)[0] == 201
        if number % 10 == 0:
            assert ask("/v1/logs/default/decisions", APPEND, record)[0] == 200
    assert ask("/v1/logs/default/decisions", APPEND, {"actoin": 1})[0] == 400
    intent = {"kind": "tool_intent", "tool": "pay", "actor": "a"}
    done = {"kind": "tool_outcome", "intent": "x", "status": "ok"}
    for number in range(5):
        steps = [intent | {"ref": "x"}] + [done] * (number < 3)
        assert ask("/v1/logs/default/traces", APPEND, {"trace_id": f"t-{number}", "steps": steps})[0] == 201
    span = {"traceId": "4bf92f3577b34da6a3ce929d0e0e4736", "spanId": "00f067aa0ba902b7", "name": 'x"} 1\n'}
    spans = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
    assert ask("/v1/traces", APPEND, spans)[0] == 200

    # Who may see it.
    for token, status in [(None, 401), (APPEND, 403), (SOME, 403), (READ, 200)]:
        assert ask("/metrics", token)[0] == status, token
    time.sleep(1.1)
    text = ask("/metrics", READ)[1]
    (FOLDER / "metrics.txt").write_text(text)
    if PROMTOOL:
        ran = subprocess.run([PROMTOOL, "check", "metrics"], input=text, capture_output=True, text=True)
        assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", ""), ran

    # Against the log.
    samples = scraped(text)
    statistics = json.loads(ask("/v1/logs/default/statistics", READ)[1])
    default = (("log", "default"),)
    assert samples["ai_audit_log_size", default] == statistics["receipts"]
    assert samples["ai_audit_append_total", default] == statistics["receipts"] - before
    assert samples["ai_audit_open_intents", default] == 2
    assert samples["ai_audit_unscanned", default] == 0
    assert samples["ai_audit_buffer_size", ()] == 0
    assert samples["ai_audit_otlp_spans_total", (("outcome", "taken"),)] == 1
    assert samples["ai_audit_otlp_left_out_total", (("reason", "not_gen_ai"),)] == 1
    route = "/v1/logs/{log}/decisions"

    def requests(status):
        labels = ("http_request_method", "POST"), ("http_response_status_code", status), ("http_route", route)
        return samples["http_server_request_duration_seconds_count", labels]

    assert (requests("201"), requests("200"), requests("400")) == (COUNT, len(range(0, COUNT, 10)), 1)
    commits = samples["ai_audit_commit_duration_seconds_count", (("outcome", "ok"),)]
    assert samples["ai_audit_seal_duration_seconds_count", ()] == commits
finally:
    service.send_signal(signal.SIGTERM)
    ended = service.wait(60)
assert ended == 0, ended

# What the collector passed on, to the end: the stop receipt and its commit too.
receipts = json.loads(ai_audit("stats", AUDIT, "--json"))["receipts"]


def point(name):
    points = Receiver.metrics[name].sum.data_points if name in Receiver.metrics else []
    return sum(one.as_int for one in points)


def sealed():
    found = [span for span in Receiver.spans if span.name == "ai_audit.commit"]
    return sum(a.value.int_value for span in found for a in span.attributes if a.key == "ai_audit.receipts")


until(lambda: point("ai_audit.append_total") == receipts - before, "receipts in the collector's metrics")
until(lambda: sealed() == receipts - before, "receipts in the collector's spans")
decided = [span for span in Receiver.spans if span.name == f"POST {route}"]
assert len(decided) == COUNT + len(range(0, COUNT, 10)) + 1, len(decided)
assert Receiver.metrics["ai_audit.seal_duration_seconds"].unit == "s"
told = str(Receiver.spans) + str(Receiver.metrics)
for hidden in ["person-7", "aat_", "01a0c450", "t-1"]:
    assert hidden not in told, hidden
collector.terminate()
collector.wait(10)
ai_audit("verify", AUDIT, "--key", AUDIT / "log.pub", "--size", COUNT + 8)
print(
    f"{receipts} receipts: metrics scraped ({len(samples)} series"
    + (", promtool has nothing against them)" if PROMTOOL else ", without promtool)")
    + f", {len(Receiver.metrics)} metrics and {len(Receiver.spans)} spans through a collector, all as in the log"
)

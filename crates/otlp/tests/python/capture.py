"""Runs the official openai client under the OpenTelemetry SDK and its instrumentation, against recorded
answers of the real service, and keeps what is sent to an OTLP receiver.

    capture.py CASSETTES OUT former|current

OUT gets the bodies of POST /v1/traces (0000.pb, ...) and expected.json: what the client itself was
answered, which the receipts must agree with.
"""

import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

CASSETTES, OUT, MODE = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
# Read when the instrumentation is imported.
if MODE == "current":
    os.environ["OTEL_SEMCONV_STABILITY_OPT_IN"] = "gen_ai_latest_experimental"
    os.environ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = "span_only"

import openai  # noqa: E402
import yaml  # noqa: E402
from opentelemetry import trace  # noqa: E402
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: E402
from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor  # noqa: E402
from opentelemetry.sdk.resources import Resource  # noqa: E402
from opentelemetry.sdk.trace import TracerProvider  # noqa: E402
from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: E402

NAMES = [
    "test_chat_completion_with_content",
    "test_chat_completion_multiple_choices",
    "test_chat_completion_streaming",
    "test_chat_completion_404",
    "test_embeddings_with_content",
    "test_embeddings_model_not_found",
]
TOOLS = "test_chat_completion_tool_calls_with_content"


def cassette(name):
    return yaml.safe_load((CASSETTES / f"{name}.yaml").read_text())["interactions"]


class Upstream(BaseHTTPRequestHandler):
    """Answers /NAME/NUMBER/v1/... as the cassette's interaction of that number does."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        _, name, number, *_ = self.path.split("/")
        response = cassette(name)[int(number)]["response"]
        body = response["body"]["string"].encode()
        self.send_response(response["status"]["code"])
        kinds = [v for k, v in response["headers"].items() if k.lower() == "content-type"]
        self.send_header("content-type", kinds[0][0])
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Receiver(BaseHTTPRequestHandler):
    """Keeps every body; is not ready the first time, so that the SDK sends it again."""

    protocol_version = "HTTP/1.1"
    count = 0

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        assert self.headers["content-type"] == "application/x-protobuf", self.headers
        assert "content-encoding" not in self.headers, self.headers
        (OUT / f"{Receiver.count:04}.pb").write_bytes(body)
        Receiver.count += 1
        self.send_response(503 if Receiver.count == 1 else 200)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def serve(handler):
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


OUT.mkdir(parents=True, exist_ok=True)
upstream, receiver = serve(Upstream), serve(Receiver)
provider = TracerProvider(resource=Resource.create({"service.name": "shop"}))
provider.add_span_processor(
    BatchSpanProcessor(OTLPSpanExporter(endpoint=receiver + "/v1/traces"), schedule_delay_millis=60_000)
)
trace.set_tracer_provider(provider)
OpenAIInstrumentor().instrument()
tracer = trace.get_tracer("example")
expected = []


def call(name, number=0):
    """One interaction of a cassette; what the client was answered."""
    base = f"{upstream}/{name}/{number}/v1"
    client = openai.OpenAI(api_key="none", base_url=base, max_retries=0)
    asked = json.loads(cassette(name)[number]["request"]["body"])
    embeds = "embeddings" in cassette(name)[number]["request"]["uri"]
    said = {"operation": "embeddings" if embeds else "chat", "asked": asked["model"]}
    answer = None
    try:
        if embeds:
            answer = client.embeddings.create(**asked)
            said |= {"model": answer.model, "input_tokens": answer.usage.prompt_tokens}
        elif asked.get("stream"):
            chunks = list(client.chat.completions.create(**asked))
            text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
            usage = chunks[-1].usage
            said |= {"model": chunks[0].model, "output": text, "input_tokens": usage.prompt_tokens}
            said |= {"output_tokens": usage.completion_tokens}
        else:
            answer = client.chat.completions.create(**asked)
            said |= {"model": answer.model, "input_tokens": answer.usage.prompt_tokens}
            said |= {"output_tokens": answer.usage.completion_tokens}
            said["finish_reasons"] = [choice.finish_reason for choice in answer.choices]
            if len(answer.choices) == 1 and answer.choices[0].message.content:
                said["output"] = answer.choices[0].message.content
    except openai.OpenAIError as error:
        said["error"] = type(error).__qualname__
    expected.append(said)
    return answer


with tracer.start_as_current_span("POST /ask"):
    for name in NAMES:
        call(name)

# An agent as its framework would report it, around real calls of the model.
with tracer.start_as_current_span(
    "invoke_agent clerk",
    attributes={"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "clerk"},
):
    first = call(TOOLS, 0)
    for tool in first.choices[0].message.tool_calls:
        with tracer.start_as_current_span(
            f"execute_tool {tool.function.name}",
            attributes={
                "gen_ai.operation.name": "execute_tool",
                "gen_ai.tool.name": tool.function.name,
                "gen_ai.tool.call.id": tool.id,
                "gen_ai.tool.call.arguments": tool.function.arguments,
                "gen_ai.tool.call.result": "50 degrees and raining",
            },
        ):
            pass
        expected.append({"tool": tool.function.name, "call_id": tool.id})
    call(TOOLS, 1)
    with tracer.start_as_current_span("judge") as judge:
        judge.add_event(
            "gen_ai.evaluation.result",
            {
                "gen_ai.evaluation.name": "Relevance",
                "gen_ai.evaluation.score.value": 0.75,
                "gen_ai.response.id": first.id,
            },
        )

provider.shutdown()
(OUT / "expected.json").write_text(json.dumps(expected))
print(f"{MODE}: {Receiver.count} requests, {len(expected)} calls")

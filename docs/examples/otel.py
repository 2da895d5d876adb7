"""OpenTelemetry as any program sets it up. Where spans go is said by OTEL_EXPORTER_OTLP_TRACES_ENDPOINT and
OTEL_EXPORTER_OTLP_TRACES_HEADERS: to `ai-audit serve`, or to a collector that passes them on."""

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor


def set_up():
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    # LangChain's ChatOpenAI uses the client that this instruments.
    OpenAIInstrumentor().instrument()
    return trace.get_tracer("support")


def tool_span(tracer, tool, arguments):
    """A span of a tool call, by the GenAI conventions."""
    named = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": tool}
    attributes = named | {"gen_ai.tool.call.arguments": arguments}
    return tracer.start_as_current_span(f"execute_tool {tool}", attributes=attributes)

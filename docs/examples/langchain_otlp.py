"""LangChain by OpenTelemetry: the instrumentation of the model's client sends spans, which become receipts."""

import json

import agent
from langchain_core.callbacks import BaseCallbackHandler
from opentelemetry import trace
from otel import set_up, tool_span


class ToolSpans(BaseCallbackHandler):
    """The instrumented client sees no tools: their spans are made here."""

    def __init__(self, tracer):
        self.tracer, self.open = tracer, {}

    def on_tool_start(self, serialized, input_str, *, run_id, inputs=None, **_):
        span = tool_span(self.tracer, serialized["name"], json.dumps(inputs))
        self.open[run_id] = span, span.__enter__()

    def on_tool_end(self, output, *, run_id, **_):
        manager, span = self.open.pop(run_id)
        span.set_attribute("gen_ai.tool.call.result", str(getattr(output, "content", output)))
        manager.__exit__(None, None, None)

    def on_tool_error(self, error, *, run_id, **_):
        manager, span = self.open.pop(run_id)
        span.set_attribute("error.type", type(error).__name__)
        manager.__exit__(None, None, None)


def ask(tracer, question):
    """Asks the agent; its answer, and the trace that its receipts are in."""
    named = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "support"}
    with tracer.start_as_current_span("invoke_agent support", attributes=named) as span:
        config = {"callbacks": [ToolSpans(tracer)]}
        answer = agent.new_agent().invoke({"messages": [("user", question)]}, config)
        return answer["messages"][-1].text, trace.format_trace_id(span.get_span_context().trace_id)


if __name__ == "__main__":
    print(*ask(set_up(), "Please refund order 7."), sep="\n")
    trace.get_tracer_provider().shutdown()

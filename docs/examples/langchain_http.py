"""LangChain over HTTP: a callback records each answer of the model, and each tool call before it runs."""

import sys

from agent import new_agent
from audit import Audit
from langchain_core.callbacks import BaseCallbackHandler


class AuditHandler(BaseCallbackHandler):
    # Without this LangChain logs that a record failed, and runs the tool all the same.
    raise_error = True

    def __init__(self, audit, trace_id, actor):
        self.audit, self.trace_id, self.actor = audit, trace_id, actor
        self.asked, self.intents = {}, {}

    def on_chat_model_start(self, serialized, messages, *, run_id, **_):
        self.asked[run_id] = [{"role": one.type, "content": one.text} for one in messages[0]]

    def on_llm_end(self, response, *, run_id, **_):
        message = response.generations[0][0].message
        usage = message.usage_metadata or {}
        calls = [{"name": call["name"], "args": call["args"]} for call in message.tool_calls]
        self.audit.decision(
            model=message.response_metadata.get("model_name", ""),
            input=self.asked.pop(run_id),
            output=message.text if not calls else calls,
            input_tokens=usage.get("input_tokens"),
            output_tokens=usage.get("output_tokens"),
            trace_id=self.trace_id,
            actor=self.actor,
        )

    def on_tool_start(self, serialized, input_str, *, run_id, inputs=None, **_):
        # When this returns the intent is durable; when it raises the tool does not run.
        arguments = inputs if inputs is not None else input_str
        self.intents[run_id] = self.audit.intent(self.trace_id, serialized["name"], arguments, self.actor)

    def on_tool_end(self, output, *, run_id, **_):
        result = getattr(output, "content", str(output))
        self.audit.outcome(self.trace_id, self.intents.pop(run_id), "ok", result)

    def on_tool_error(self, error, *, run_id, **_):
        intent = self.intents.pop(run_id, None)
        if intent is not None:
            self.audit.outcome(self.trace_id, intent, "error", error=type(error).__name__)


if __name__ == "__main__":
    handler = AuditHandler(Audit.from_environment(), trace_id=sys.argv[1], actor="support")
    question = {"messages": [("user", "Please refund order 7.")]}
    answer = new_agent().invoke(question, {"callbacks": [handler]})
    print(answer["messages"][-1].text)

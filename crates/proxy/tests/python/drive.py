"""Runs the official openai and anthropic clients through `ai-audit proxy` and holds every receipt against what
the client saw and what the upstream got and sent.

    drive.py AI_AUDIT CASSETTES WORK

Without CASSETTES ("-") only what is written in here is replayed.
"""

import asyncio
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from datetime import datetime
from pathlib import Path

import anthropic
import openai
import yaml
from upstream import Reply, Upstream, listen

AI_AUDIT, CASSETTES, WORK = sys.argv[1], sys.argv[2], Path(sys.argv[3])
KEY = "sk-of-the-client-4711"


def sse(events, last=None):
    text = ""
    for event in events:
        kind = f"event: {event['type']}\n" if "type" in event else ""
        text += f"{kind}data: {json.dumps(event)}\n\n"
    return text + (f"data: {last}\n\n" if last else "")


class Call:
    """One call: how it is made, the reply, and what a client saw of it."""

    def __init__(self, number, name, reply, make):
        self.number, self.name, self.reply, self.make = str(number), name, reply, make
        self.model = self.text = self.tokens = self.error = None
        self.calls, self.finished = [], True

    def headers(self):
        return {"x-ai-audit-session": f"call-{self.number}"}


def openai_client(proxy, call, kind=openai.OpenAI):
    return kind(base_url=f"{proxy}/{call.number}/v1", api_key=KEY, max_retries=0)


def saw_chat(call, answer):
    choices = answer.choices
    call.model = answer.model
    if len(choices) == 1:
        message = choices[0].message
        call.text = message.content or message.refusal
    for choice in choices:
        call.calls += [(one.id, one.function.name) for one in choice.message.tool_calls or []]
    if answer.usage:
        call.tokens = (answer.usage.prompt_tokens, answer.usage.completion_tokens)


def saw_chunks(call, chunks):
    """Joins chunks as an application would."""
    texts, calls = {}, {}
    for chunk in chunks:
        call.model = chunk.model or call.model
        if chunk.usage:
            call.tokens = (chunk.usage.prompt_tokens, chunk.usage.completion_tokens)
        for choice in chunk.choices:
            delta = choice.delta
            texts[choice.index] = texts.get(choice.index, "") + (delta.content or delta.refusal or "")
            for one in delta.tool_calls or []:
                known = calls.setdefault((choice.index, one.index), [None, ""])
                known[0] = one.id or known[0]
                known[1] += one.function.name or ""
    if len(texts) == 1:
        call.text = texts[0] or None
    call.calls = [tuple(calls[place]) for place in sorted(calls)]


def saw_response(call, answer):
    call.model = answer.model
    call.text = answer.output_text or next(
        (part.refusal for item in answer.output if item.type == "message" for part in item.content
         if part.type == "refusal"), None)
    call.calls = [(item.call_id, item.name) for item in answer.output if item.type == "function_call"]
    if answer.usage:
        call.tokens = (answer.usage.input_tokens, answer.usage.output_tokens)


def saw_message(call, answer):
    call.model = answer.model
    texts = [block.text for block in answer.content if block.type == "text"]
    call.text = texts[0] if len(texts) == 1 else None
    call.calls = [(block.id, block.name) for block in answer.content if block.type == "tool_use"]
    call.tokens = (answer.usage.input_tokens, answer.usage.output_tokens)


def make_openai(path, body):
    """The call that a recorded request is, made by the client."""
    stream = body.get("stream")
    known = {name: value for name, value in body.items() if name not in ("encoding_format",)}

    def make(proxy, call):
        client = openai_client(proxy, call)
        extra = {"extra_headers": call.headers()}
        if path.endswith("/embeddings"):
            answer = client.embeddings.create(**body, **extra)
            call.model, call.tokens = answer.model, (answer.usage.prompt_tokens, None)
        elif path.endswith("/responses"):
            answer = client.responses.create(**known, **extra)
            if stream:
                for event in answer:
                    if event.type in ("response.completed", "response.incomplete"):
                        saw_response(call, event.response)
            else:
                saw_response(call, answer)
        else:
            answer = client.chat.completions.create(**known, **extra)
            saw_chunks(call, answer) if stream else saw_chat(call, answer)

    async def make_async(proxy, call):
        async with openai_client(proxy, call, openai.AsyncOpenAI) as client:
            answer = await client.chat.completions.create(**known, extra_headers=call.headers())
            if stream:
                saw_chunks(call, [chunk async for chunk in answer])
            else:
                saw_chat(call, answer)

    return make, make_async


def recorded():
    for file in sorted(Path(CASSETTES).glob("*.yaml")):
        for interaction in yaml.safe_load(file.read_text())["interactions"]:
            request, response = interaction["request"], interaction["response"]
            headers = {name.lower(): values[0] for name, values in response["headers"].items()}
            kind = headers["content-type"].split(";")[0]
            reply = Reply(response["body"]["string"], response["status"]["code"], kind)
            path = request["uri"].removeprefix("https://api.openai.com")
            make, make_async = make_openai(path, json.loads(request["body"]))
            chat = path.endswith("/completions")
            if chat and "_async_" in file.stem:
                yield file.stem, reply, lambda proxy, call, m=make_async: asyncio.run(m(proxy, call))
            else:
                yield file.stem, reply, make


def chat(message, reason="stop"):
    return {"id": "c", "object": "chat.completion", "created": 1, "model": "gpt-4o", "choices": [
        {"index": 0, "finish_reason": reason, "logprobs": None, "message": message}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}}


def chunks(deltas, reason="stop"):
    def chunk(delta, why=None):
        return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o", "choices": [
            {"index": 0, "delta": delta, "finish_reason": why, "logprobs": None}]}
    return [chunk(delta) for delta in deltas] + [chunk({}, reason)]


def message(content, reason="end_turn"):
    return {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-opus-4-8", "content": content,
            "stop_reason": reason, "stop_sequence": None, "usage": {"input_tokens": 11, "output_tokens": 7}}


def message_events(content, reason="end_turn"):
    begun = dict(message([], None), usage={"input_tokens": 11, "output_tokens": 1})
    events = [{"type": "message_start", "message": begun}, {"type": "ping"}]
    for index, block in enumerate(content):
        if block["type"] == "text":
            start, half = dict(block, text=""), len(block["text"]) // 2
            deltas = [{"type": "text_delta", "text": part} for part in (block["text"][:half], block["text"][half:])]
        else:
            start, text = dict(block, input={}), json.dumps(block["input"])
            deltas = [{"type": "input_json_delta", "partial_json": part} for part in ("", text[:5], text[5:])]
        events.append({"type": "content_block_start", "index": index, "content_block": start})
        events += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        events.append({"type": "content_block_stop", "index": index})
    events.append({"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": None},
                   "usage": {"output_tokens": 7}})
    return events + [{"type": "message_stop"}]


def anthropic_call(stream):
    def make(proxy, call):
        client = anthropic.Anthropic(base_url=f"{proxy}/{call.number}", api_key=KEY, max_retries=0)
        asked = dict(model="claude-opus-4-8", max_tokens=100, system="Be brief.", extra_headers=call.headers(),
                     messages=[{"role": "user", "content": "May I return it?"}])
        if not stream:
            return saw_message(call, client.messages.create(**asked))
        with client.messages.stream(**asked) as events:
            saw_message(call, events.get_final_message())
    return make


def written():
    """What the recordings lack."""
    asked = {"model": "gpt-4o", "messages": [{"role": "user", "content": "May I?"}]}
    streamed = dict(asked, stream=True)
    path, events = "/v1/chat/completions", "text/event-stream"
    refusal = {"role": "assistant", "content": None, "refusal": "I cannot."}
    whole, parts = make_openai(path, asked)[0], make_openai(path, streamed)[0]
    yield "refusal", Reply(json.dumps(chat(refusal))), whole
    deltas = [{"role": "assistant", "refusal": "I "}, {"refusal": "cannot."}]
    yield "refusal, streamed", Reply(sse(chunks(deltas), "[DONE]"), kind=events), parts
    said = {"role": "assistant", "content": "Half of a"}
    yield "truncated", Reply(json.dumps(chat(said, "length"))), whole
    yield "filtered", Reply(json.dumps(chat(dict(said, content=""), "content_filter"))), whole
    long = sse(chunks([{"role": "assistant", "content": f"word {n} "} for n in range(40)]), "[DONE]")
    yield "cut half way", Reply(long, kind=events, cut=long.index("word 20 ")), parts
    yield "ends without its last event", Reply(long.replace("data: [DONE]\n\n", ""), kind=events), parts
    yield "too many requests", Reply('{"error": {"message": "slow down", "type": "requests"}}', 429), whole

    text, tool = {"type": "text", "text": "Let me look."}, {
        "type": "tool_use", "id": "toolu_1", "name": "get_order", "input": {"order": 7, "fields": ["date"]}}
    for name, content, reason in [("a message", [text], "end_turn"), ("a tool", [text, tool], "tool_use"),
                                  ("only a tool", [tool], "tool_use"), ("truncated", [text], "max_tokens"),
                                  ("a refusal", [], "refusal")]:
        yield f"anthropic: {name}", Reply(json.dumps(message(content, reason))), anthropic_call(False)
        body = sse(message_events(content, reason))
        yield f"anthropic: {name}, streamed", Reply(body, kind=events), anthropic_call(True)
    body = sse(message_events([text], "end_turn"))
    cut = Reply(body, kind=events, cut=body.index("content_block_stop"))
    yield "anthropic: cut half way", cut, anthropic_call(True)
    failed = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    yield "anthropic: overloaded", Reply(json.dumps(failed), 529), anthropic_call(False)


CODES = {"refusal": "refusal", "truncated": "truncated", "filtered": "content_filter", "cut half": "incomplete",
         "without its last event": "incomplete"}


def run(*args):
    done = subprocess.run([AI_AUDIT, *args], cwd=WORK, capture_output=True, text=True)
    assert done.returncode == 0, f"{args}: {done.stdout}{done.stderr}"
    return done.stdout


def plain(text):
    return {"plain": hashlib.sha256(text.encode()).hexdigest()}


def seconds(time):
    return datetime.fromisoformat(time).timestamp()


def check(call, receipts, counts):
    """Holds what is sealed of a call against what its client and its upstream saw."""
    # Results of tools that the agent tells with a request come before its intent.
    while receipts[0]["kind"] == "tool_outcome":
        assert receipts.pop(0)["actor_id"] == "tool"
        counts["tool results"] += 1
    kinds = [receipt["kind"] for receipt in receipts]
    assert kinds[:3] == ["tool_intent", "decision", "tool_outcome"], kinds
    intent, decision, outcome = (receipt["body"] for receipt in receipts[:3])
    reply, whole = call.reply, call.reply.cut is None and "last event" not in call.name
    assert intent["arguments"] == {"raw": {"plain": reply.asked}}, "what arrived is not what was asked"
    assert seconds(receipts[0]["sealed_at"]) <= reply.arrived, "it arrived before it was sealed"
    assert outcome["intent"] == receipts[0]["hash"] and decision["parents"] == [receipts[0]["hash"]]
    good = whole and reply.status == 200
    assert outcome["status"] == ("ok" if good else "error"), outcome
    if whole:
        assert outcome["result"] == {"raw": {"plain": reply.digest}}, "what was sent is not what is recorded"
    else:
        assert outcome["error"].startswith("cut off after "), outcome
    codes = decision.get("reason_codes", [])
    if reply.status >= 400:
        assert codes == [f"error:{reply.status}"] and call.error, codes
    for part, code in CODES.items():
        assert (part not in call.name) or code in codes, codes
    if good:
        assert call.error is None, call.error
    if good and not call.broken:
        assert decision["model"] == call.model, (decision["model"], call.model)
        if call.text is not None:
            assert decision["output"] == plain(call.text), call.text
            counts["texts"] += 1
        if call.tokens:
            assert decision["input_tokens"] == call.tokens[0], decision
            assert call.tokens[1] is None or decision["output_tokens"] == call.tokens[1], decision
            counts["token counts"] += 1
        wishes = [(receipt["body"]["call_id"], receipt["body"]["tool"]) for receipt in receipts[3:]]
        assert wishes == call.calls, (wishes, call.calls)
        counts["tool calls"] += len(wishes)
    counts["calls"] += 1
    counts["streams"] += reply.kind == "text/event-stream"
    counts["cut"] += not whole


def main():
    server = listen()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    run("init", "audit", "--name", "example.org/agent")
    proxy = subprocess.Popen(
        [AI_AUDIT, "proxy", "audit", "--upstream", f"http://127.0.0.1:{server.server_port}", "--listen", "127.0.0.1:0",
         "--json"], cwd=WORK, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    url = json.loads(proxy.stdout.readline())["url"]
    sources = list(written()) + ([] if CASSETTES == "-" else list(recorded()))
    calls = [Call(number, name, reply, make) for number, (name, reply, make) in enumerate(sources)]
    for call in calls:
        Upstream.replies[call.number] = call.reply
        call.broken = False
        try:
            call.make(url, call)
        except (openai.APIError, anthropic.APIError) as error:
            call.error = str(error)
        except Exception as error:  # httpx has errors of its own for a body that breaks off
            call.broken, call.failure = True, error
            assert call.reply.cut is not None, f"{call.name}: {error!r}"
        assert KEY in (call.reply.credentials or ""), f"{call.name}: the credentials did not pass"
    proxy.send_signal(signal.SIGTERM)
    out, err = proxy.communicate(timeout=60)
    assert proxy.returncode == 0, err
    told = json.loads(out)

    receipts = json.loads(run("log", "audit", "-n", "100000", "--json"))
    receipts.sort(key=lambda receipt: receipt["seq"])
    counts = Counter()
    for call in calls:
        own = [receipt for receipt in receipts if receipt.get("session_id") == f"call-{call.number}"]
        try:
            check(call, own, counts)
        except AssertionError as error:
            sys.exit(f"{call.name} (call {call.number}): {error}\n{json.dumps(own, indent=1)}")
    assert told["forwarded"] == len(calls) and told["refused"] == told["open"] == 0, told
    run("checkpoint", "audit", "-o", "end.note")
    verified = run("verify", "audit", "--key", "audit/log.pub", "--checkpoint", "end.note")
    assert "VERIFIED: integrity, attribution, completeness" in verified, verified
    for path in (WORK / "audit").rglob("*"):
        assert path.is_dir() or KEY.encode() not in path.read_bytes(), f"the key is in {path}"
    assert KEY not in out + err
    said = ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))
    print(f"openai {openai.__version__} and anthropic {anthropic.__version__} through the proxy: {said}; "
          f"{len(receipts)} receipts, verified")


if __name__ == "__main__":
    os.environ["AI_AUDIT_DIGESTS"] = "plain"
    main()

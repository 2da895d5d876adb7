"""A client of `ai-audit serve`: what its functions return is durable."""

import os
import secrets
import time
import uuid

import httpx


class NotRecorded(Exception):
    """It is not surely in the log: what was to be recorded should not be done, or not be told."""


def new_id():
    """A UUIDv7: a record that is sent twice under one id is sealed once."""
    number = int(time.time() * 1000) << 80 | secrets.randbits(80)
    return str(uuid.UUID(int=number & ~(0xF << 76) & ~(0b11 << 62) | 7 << 76 | 0b10 << 62))


class Audit:
    def __init__(self, url, token, log="default"):
        headers = {"authorization": f"Bearer {token}"}
        self.http = httpx.Client(base_url=f"{url}/v1/logs/{log}", headers=headers, timeout=10)

    @classmethod
    def from_environment(cls):
        return cls(os.environ["AI_AUDIT_URL"], os.environ["AI_AUDIT_TOKEN"])

    def _send(self, path, record):
        for attempt in range(3):
            try:
                answer = self.http.post(path, json=record)
            except httpx.TransportError as error:
                why = str(error)
            else:
                if answer.status_code in (200, 201):
                    return answer.json()["receipts"][0]
                why = answer.text
                if answer.status_code not in (429, 503):
                    break
            time.sleep(0.2 * 2**attempt)
        raise NotRecorded(why)

    def decision(self, **fields):
        return self._send("/decisions", {"id": new_id()} | fields)

    def _step(self, trace_id, step):
        return self._send("/traces", {"trace_id": trace_id, "steps": [{"id": new_id()} | step]})

    def intent(self, trace_id, tool, arguments, actor=""):
        """Before the tool runs. Returns what its outcome has to name."""
        step = {"kind": "tool_intent", "tool": tool, "arguments": arguments, "actor": actor}
        return self._step(trace_id, step)["hash"]

    def outcome(self, trace_id, intent, status="ok", result=None, error=""):
        step = {"kind": "tool_outcome", "intent": intent, "status": status, "result": result}
        return self._step(trace_id, step | ({"error": error} if error else {}))

"""A FastAPI service: decisions are durable before they are told, payments before they are made.

    uvicorn fastapi_http:app
"""

import logging

from audit import Audit, NotRecorded
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from pydantic import BaseModel

app = FastAPI()
audit = Audit.from_environment()


class Application(BaseModel):
    amount: int
    customer: str  # a pseudonym


# A decision that is not told and a payment that was not made: the client may come again. What is done is
# never answered so: see `pay`.
@app.exception_handler(NotRecorded)
def not_recorded(_request, _error):
    return JSONResponse({"detail": "try again later"}, status_code=503, headers={"retry-after": "1"})


@app.post("/loans/{loan}")
def decide(loan: int, application: Application):
    action = "allow" if application.amount <= 1000 else "escalate"  # a model would be asked here
    receipt = audit.decision(
        model="loans-1",
        input=application.model_dump(),
        output=action,
        action=action,
        session_id=f"loan-{loan}",
        subject=application.customer,
    )
    return {"action": action, "receipt": receipt["hash"]}


@app.post("/loans/{loan}/payment")
def pay(loan: int):
    trace = f"loan-{loan}"
    intent = audit.intent(trace, "pay", {"loan": loan}, actor="payer")
    try:
        paid = {"paid": True}  # the bank would be called here
    except Exception:
        # It may have been made, and the answer lost.
        ended(trace, intent, "unknown", error="bank")
        raise
    ended(trace, intent, "ok", result=paid)
    return paid


def ended(trace, intent, status, **more):
    """What was done is told, recorded or not: who is told to try again would pay twice."""
    try:
        audit.outcome(trace, intent, status, **more)
    except NotRecorded as error:
        # The intent stays open, which every verification lists.
        logging.error("the outcome of intent %s is not recorded: %s", intent, error)

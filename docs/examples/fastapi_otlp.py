"""A FastAPI service around the agent, by OpenTelemetry. The answer names its trace.

    uvicorn fastapi_otlp:app
"""

from contextlib import asynccontextmanager

from fastapi import FastAPI, Response
from langchain_otlp import ask
from opentelemetry import trace
from otel import set_up
from pydantic import BaseModel

tracer = set_up()


@asynccontextmanager
async def lifespan(_app):
    yield
    # Spans that were not sent yet go with it.
    trace.get_tracer_provider().shutdown()


app = FastAPI(lifespan=lifespan)


class Question(BaseModel):
    text: str


@app.post("/ask")
def answer(question: Question, response: Response):
    text, trace_id = ask(tracer, question.text)
    response.headers["x-trace-id"] = trace_id
    return {"answer": text}

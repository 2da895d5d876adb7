"""A LangChain agent with one tool. Nothing in it knows of an audit trail."""

from langchain.agents import create_agent
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI


@tool
def refund(order: int) -> str:
    """Refunds an order."""
    return f"order {order} refunded"


def new_agent():
    # OPENAI_BASE_URL and OPENAI_API_KEY say where the model is.
    model = ChatOpenAI(model="gpt-4o-mini")
    return create_agent(model, [refund], name="support")

"""The MCP SDK for Python as a client: `client.py MODE CALLS OUT URL` or `client.py MODE CALLS OUT -- COMMAND...`.

MODE is `legacy` (initialize) or a protocol's version. CALLS is a JSON list of [tool, arguments]; what came of each is
written to OUT, as the client saw it.
"""

import asyncio
import json
import sys

from mcp import Client, MCPError, StdioServerParameters


async def run(mode, calls, target):
    saw = []
    async with Client(target, mode=mode) as client:
        tools = await client.list_tools()
        for tool, arguments in calls:
            one = {"tool": tool, "arguments": arguments}
            try:
                result = await client.call_tool(tool, arguments)
                one["error"] = bool(result.is_error)
                one["result"] = result.model_dump(mode="json", by_alias=True, exclude_unset=True)
            except MCPError as error:
                one["error"] = True
                one["code"] = error.error.code
            saw.append(one)
    return {"tools": [tool.name for tool in tools.tools], "calls": saw}


def main():
    mode, calls, out, *rest = sys.argv[1:]
    if rest[0] == "--":
        target = StdioServerParameters(command=rest[1], args=rest[2:])
    else:
        target = rest[0]
    saw = asyncio.run(run(mode, json.loads(calls), target))
    with open(out, "w", encoding="utf-8") as file:
        json.dump(saw, file)


main()

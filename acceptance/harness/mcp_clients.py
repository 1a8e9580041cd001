"""The official clients of the Model Context Protocol, walking through a server: each the same way."""

import asyncio
import json
import os
import subprocess

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from .sdk_node import FOLDER


def python_2026(url: str, key: str, calls: list[tuple[str, dict]]) -> dict:
    """By the protocol of 2026-07-28, which has no sessions."""
    return asyncio.run(_walk(url, key, calls, "auto"))


def python_handshake(url: str, key: str, calls: list[tuple[str, dict]]) -> dict:
    """By the versions before, which begin with `initialize`."""
    return asyncio.run(_walk(url, key, calls, "legacy"))


def node(url: str, key: str, calls: list[tuple[str, dict]]) -> dict:
    job = json.dumps({"url": url, "key": key, "calls": calls})
    variables = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    command = ["node", "mcp.mjs"]
    done = subprocess.run(command, cwd=FOLDER, env=variables, input=job, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


async def _walk(url: str, key: str, calls: list[tuple[str, dict]], mode: str) -> dict:
    headers = {"authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(headers=headers, timeout=60, trust_env=False) as http:
        async with Client(streamable_http_client(url, http_client=http), mode=mode) as client:
            tools = {tool.name: tool.input_schema for tool in (await client.list_tools()).tools}
            seen = {"server": client.server_info.name, "tools": tools, "results": {}, "resources": {}}
            for name, arguments in calls:
                result = await client.call_tool(name, arguments)
                told = {"error": bool(result.is_error), "text": result.content[0].text}
                seen["results"][name] = told
            for resource in (await client.list_resources()).resources:
                seen["resources"][resource.uri] = (await client.read_resource(resource.uri)).contents[0].text
            return seen

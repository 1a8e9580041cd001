"""Runs scenarios with agent frameworks, each in a process of its own: they have dependencies of their own, and read
whatever environment they find."""

import json
import os
import secrets
import subprocess
from pathlib import Path

from .api import MODELS
from .scenarios import RATE, TOOLS

CLIENTS = Path(__file__).resolve().parents[1] / "clients"
PYTHON = CLIENTS / ".venv" / "bin" / "python"
COMMANDS = {
    "langchain": (CLIENTS, [PYTHON, "langchain_client.py"]),
    "litellm": (CLIENTS, [PYTHON, "litellm_client.py"]),
    "ai_sdk": (CLIENTS / "node", ["node", "ai_sdk.mjs"]),
}
# What they would ask the internet for, or tell it.
SILENT = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LANGSMITH_TRACING": "false"}
# Where each has conversations, and what else it offers, with the models for that.
TALKS = {"openai": ("chat", "responses"), "anthropic": ("messages",)}
OFFERS = {
    "langchain": ("embeddings", "completions"),
    "litellm": ("embeddings", "completions", "moderations", "images", "speech", "transcriptions"),
    "ai_sdk": ("embeddings", "completions", "images", "speech", "transcriptions"),
}
OTHER_MODELS = {
    "embeddings": "text-embedding-3-small",
    "completions": "gpt-3.5-turbo-instruct",
    "moderations": "omni-moderation-latest",
    "images": "gpt-image-1",
    "speech": "gpt-4o-mini-tts",
    "transcriptions": "gpt-4o-transcribe",
}


def _one(api: str, name: str, prompt: str = "Hello", kind: str = "plain", retries: int = 0, attempts: int = 1) -> dict:
    """`attempts` is how often the provider is asked at least: LiteLLM counts retries twice."""
    told = {"api": api, "name": f"{api}_{name}", "kind": kind, "prompt": prompt, "retries": retries}
    return told | {"attempts": attempts, "differs": []}


def scenarios(framework: str, provider: str) -> list[dict]:
    """What a framework is made to live through; in the form of `scenarios.py`."""
    others = OFFERS[framework] if provider == "openai" else ()
    return _talks(provider) + [scenario for api in others for scenario in _asks(api)]


def _asks(api: str) -> list[dict]:
    return [
        _one(api, "plain", "Grüße 🙂"),
        _one(api, "status_401", "[[sim:status code=401]]", retries=2),
        _one(api, "status_429", "[[sim:status code=429]]", retries=2),
        _one(api, "status_500", "[[sim:status code=500]]", retries=1),
    ]


def _talks(provider: str) -> list[dict]:
    limited = f"[[sim:error id={RATE[provider]}]]"
    return [
        scenario
        for api in TALKS[provider]
        for scenario in (
            _one(api, "plain", "Grüße 🙂 \u2028"),
            _one(api, "stream", "Hello [[sim:split]]", kind="stream"),
            _one(api, "tool", "What is the weather?", kind="tool", attempts=2),
            _one(api, "tool_streamed", "What is the weather?", kind="tool_stream", attempts=2),
            _one(api, "status_401", "[[sim:status code=401]]", retries=2),
            _one(api, "status_429", "[[sim:status code=429]]", retries=2, attempts=3),
            _one(api, "rate_limit", limited, retries=2, attempts=3),
            _one(api, "rate_limit_streamed", limited, kind="stream", retries=2, attempts=3),
            _one(api, "recovers", f"Hello [[sim:fail_first n=1 status=429 tag=TAG{api}]]", retries=2, attempts=2),
            _one(api, "status_500", "[[sim:status code=500]]", retries=1, attempts=2),
        )
    ]


class Framework:
    """A process that runs scenarios with one of them, in the way of the official SDKs. It starts slowly, and once."""

    def __init__(self, name: str):
        folder, command = COMMANDS[name]
        variables = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")} | SILENT
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.child = subprocess.Popen(command, cwd=folder, env=variables, text=True, **pipes)

    def run(self, provider: str, base_url: str, key: str, scenarios: list[dict]) -> dict[str, dict]:
        """What each scenario shows to the program that uses the framework."""
        job = {
            "provider": provider,
            "base_url": base_url,
            "key": key,
            "run": secrets.token_hex(6),
            "model": MODELS[provider],
            "other_models": OTHER_MODELS,
            "tool": TOOLS["openai"][0],
            "scenarios": scenarios,
        }
        self.child.stdin.write(json.dumps(job) + "\n")
        self.child.stdin.flush()
        line = self.child.stdout.readline()
        assert line, f"the framework's runner ended with {self.child.wait(10)}; it has said why"
        return json.loads(line)

    def stop(self):
        self.child.kill()
        self.child.communicate()

"""Runs the scenarios with the official JavaScript SDKs, in one Node process."""

import json
import os
import secrets
import subprocess
from pathlib import Path

from .api import call_body
from .scenarios import TOOLS

FOLDER = Path(__file__).resolve().parents[1] / "node"


def run(provider: str, base_url: str, key: str, scenarios: list[dict], at_once: int = 1) -> dict[str, dict]:
    """What each scenario shows to the program that uses the SDK; so many of them side by side."""
    job = {
        "provider": provider,
        "base_url": base_url,
        "key": key,
        "run": secrets.token_hex(6),
        "body": call_body(provider, ""),
        "tools": TOOLS[provider],
        "scenarios": scenarios,
        "at_once": at_once,
    }
    command = ["node", "run.mjs"]
    variables = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    done = subprocess.run(
        command, cwd=FOLDER, env=variables, input=json.dumps(job), capture_output=True, text=True, timeout=180
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)

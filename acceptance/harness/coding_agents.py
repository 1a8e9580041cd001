"""Claude Code and Codex as a user runs them without a terminal: a home and a folder of their own, one thing to do."""

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .transcript import normal, wire

BIN = Path(__file__).resolve().parents[1] / "clients" / "node" / "node_modules" / ".bin"
MADE = "made.txt"
# What the model is to say: one call of the tool that each agent writes files with.
PROMPTS = {
    "claude_code": f'Make the file. [[sim:tool name=Write input={{"file_path":"FOLDER/{MADE}","content":"made"}}]]',
    "codex": f'Make the file. [[sim:tool name=exec_command input={{"cmd":"printf\\u0020made>{MADE}"}}]]',
}
PROVIDERS = {"claude_code": "anthropic", "codex": "openai"}
# Models that the agents know by name; of others they say less.
MODELS = {"claude_code": "claude-haiku-4-5", "codex": "gpt-5.5"}
CODEX = """
model = "{model}"
model_provider = "tested"
check_for_update_on_startup = false
{more}
[analytics]
enabled = false
[model_providers.tested]
name = "Tested"
base_url = "{base_url}"
env_key = "TESTED_API_KEY"
wire_api = "responses"
request_max_retries = 1
stream_max_retries = 1
"""


@dataclass
class Run:
    """What came of it."""

    code: int
    said: list[dict]
    made: str | None
    errors: str


def run(agent: str, folder: Path, base_url: str, key: str, prompt: str | None = None, more: str = "") -> Run:
    """Has an agent do its one thing in this folder, which starts empty; `more` are settings of Codex."""
    shutil.rmtree(folder, ignore_errors=True)
    home, work = folder / "home", folder / "work"
    (home / ".codex").mkdir(parents=True)
    work.mkdir()
    settings = CODEX.format(model=MODELS[agent], base_url=base_url, more=more)
    (home / ".codex" / "config.toml").write_text(settings)
    prompt = prompt or PROMPTS[agent].replace("FOLDER", str(work))
    command, variables = {"claude_code": _claude_code, "codex": _codex}[agent](base_url, key, prompt)
    variables |= {"PATH": os.environ["PATH"], "HOME": str(home)}
    options = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True, "timeout": 60}
    done = subprocess.run(command, cwd=work, env=variables, **options)
    said = [json.loads(line) for line in done.stdout.splitlines()]
    made = work / MADE
    return Run(done.returncode, said, made.read_text() if made.exists() else None, done.stderr)


def _claude_code(base_url: str, key: str, prompt: str) -> tuple[list, dict]:
    command = [BIN / "claude", "-p", prompt, "--model", MODELS["claude_code"], "--allowedTools", "Write"]
    variables = {
        "ANTHROPIC_BASE_URL": base_url,
        "ANTHROPIC_API_KEY": key,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "CLAUDE_CODE_MAX_RETRIES": "1",
        "DISABLE_AUTOUPDATER": "1",
        "DISABLE_ERROR_REPORTING": "1",
        "DISABLE_TELEMETRY": "1",
    }
    return [*command, "--output-format", "json"], variables


def _codex(base_url: str, key: str, prompt: str) -> tuple[list, dict]:
    # Its own sandbox needs rights that containers do not give; the folder is a temporary one.
    flags = ["--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", "--json"]
    return [BIN / "codex", "exec", *flags, prompt], {"TESTED_API_KEY": key}


# What each run has its own of, beside what every transcript has.
VARYING = [
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "UUID"),
    (re.compile(r"[0-9a-f]{64}"), "DIGEST"),
    (re.compile(r"http://127\.0\.0\.1:[0-9]+"), "ORIGIN"),
    (re.compile(r"(Chunk ID: )[0-9a-f]+"), r"\1ID"),
    (re.compile(r"(Wall time: )[0-9.]+"), r"\1TIME"),
    (re.compile(r'("[a-z_]*_ms\\*": ?)[0-9]+'), r"\g<1>0"),
]


def transcript(agent: str, run: Run, entries: list[dict], key: str) -> dict:
    """What the provider was sent and what the user was told, without what varies."""
    # Claude Code asks first whether anybody is there, without a key.
    sent = wire([entry for entry in entries if entry["method"] == "POST"])
    for attempt in sent:
        # Codex writes members in an order that varies.
        attempt["body"] = json.loads(attempt["body"])
    told = {"code": run.code, "said": run.said, "made": run.made, "sent": sent}
    text = json.dumps(told, ensure_ascii=False, sort_keys=True).replace(key, "KEY")
    for pattern, instead in VARYING:
        text = pattern.sub(instead, text)
    return normal(json.loads(text))

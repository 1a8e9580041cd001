"""The simulated providers."""

import itertools
import json
import secrets
from pathlib import Path

import httpx

from .process import Process, binary, wait_for

PROVIDERS = ("openai", "anthropic")
_numbers = itertools.count(1)


def provider_key(provider: str, behaviour: str = "ok") -> str:
    """A key that nobody has used yet; the simulator does what its word says."""
    unique = secrets.token_hex(16)
    start = {"openai": "sk-proj-", "anthropic": "sk-ant-api03-"}[provider]
    return f"{start}sim-{behaviour}-{next(_numbers)}x{unique}"


def service_key(behaviour: str = "ok") -> str:
    """The same for the service that is no model."""
    return f"svc_sim-{behaviour}-{next(_numbers)}x{secrets.token_hex(16)}"


class Simulator:
    """Both providers, and the port that tells what they saw."""

    def __init__(self, folder: Path, variables: dict | None = None):
        command = [binary("OWNKEY_SIM_BIN", "ownkey-sim")]
        for port in ("openai", "anthropic", "service", "identity", "control"):
            command += [f"--{port}", "127.0.0.1:0"]
        self.process = Process(command, folder, "sim", variables)
        line = wait_for(self._first_line, "the simulator says where it listens")
        where = json.loads(line)
        self.openai, self.anthropic, self.service = where["openai"], where["anthropic"], where["service"]
        self.identity = where["identity"]
        self.control = httpx.Client(base_url=where["control"], timeout=30, verify=False, trust_env=False)

    def _first_line(self) -> str | None:
        if self.process.ended() is not None:
            raise RuntimeError(f"the simulator did not start: {self.process.output()}")
        text = self.process.stdout.read_text()
        return text.splitlines()[0] if "\n" in text else None

    def base_url(self, provider: str) -> str:
        return {"openai": self.openai, "anthropic": self.anthropic}[provider]

    def stats(self) -> dict:
        return self.control.get("/stats").json()

    def now(self) -> int:
        """The place in the log from which on later calls are found."""
        return self.stats()["total"]

    def log(self, since: int = 0) -> list[dict]:
        return self.control.get("/log", params={"since": since}).json()["entries"]

    def calls(self, since: int = 0, path: str = "") -> list[dict]:
        """What came since then, without the reads of model lists."""
        return [entry for entry in self.log(since) if entry["method"] == "POST" and entry["path"].endswith(path)]

    def ended(self, since: int) -> list[dict]:
        """The calls since then, once none is going on."""
        wait_for(lambda: self.stats()["open"] == 0, "the simulator has no open call", 30)
        return self.log(since)

    def set_key(self, key: str, behaviour: str):
        self.control.put("/keys", json={"key": key, "behaviour": behaviour}).raise_for_status()

    def stop(self):
        self.control.close()
        self.process.stop()


def header(entry: dict, name: str) -> str | None:
    """A header of a logged call."""
    return next((value for key, value in entry["headers"] if key.lower() == name), None)

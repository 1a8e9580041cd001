"""The gateway as a process, each in a folder of its own."""

import base64
import os
import secrets
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import httpx

from . import postgres
from .api import LOCAL, Api
from .process import Process, binary, free_port, wait_for

NOWHERE = "http://127.0.0.1:9"
# The database of servers whose test does not say which.
ON_POSTGRES = os.environ.get("OWNKEY_TEST_DB") == "postgres"


def new_kek() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


class Server:
    """`ownkey serve` with configuration, data and secrets in one temporary folder.

    The key-encryption key lies beside the data folder and not in it, as a
    deployment keeps it.
    """

    def __init__(self, folder: Path, sim=None, *, managed=True, limits=None, log="info", variables=None, settings="", database=None):
        self.folder, self.sim, self.log_level = folder, sim, log
        self.data = folder / "data"
        self.data.mkdir(parents=True)
        self.kek_file = folder / "secrets" / "kek"
        self.kek_file.parent.mkdir()
        self.write_kek(new_kek())
        sqlite = f"sqlite://{self.data / 'ownkey.db'}"
        self.database = database or (postgres.new_database() if ON_POSTGRES else sqlite)
        self.operator_token = "op_" + secrets.token_hex(24)
        self.managed_keys = {}
        if managed:
            self.managed_keys = {
                "openai": f"sk-proj-sim-ok-managed{secrets.token_hex(12)}",
                "anthropic": f"sk-ant-api03-sim-ok-managed{secrets.token_hex(12)}",
            }
        self.variables = variables or {}
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: Process | None = None
        self.start_ms = None
        self._starts = self._commands = 0
        (folder / "ownkey.toml").write_text(self._settings(limits or {}, settings))

    def _settings(self, limits: dict, more: str) -> str:
        openai = self.sim.openai if self.sim else f"{NOWHERE}/v1"
        anthropic = self.sim.anthropic if self.sim else NOWHERE
        lines = [
            "[server]",
            f'listen = "127.0.0.1:{self.port}"',
            "[database]",
            f'url = "{self.database}"',
            f'journal_dir = "{self.data / "journal"}"',
            "[vault]",
            f'kek_file = "{self.kek_file}"',
            "[providers.openai]",
            f'base_url = "{openai}"',
            "[providers.anthropic]",
            f'base_url = "{anthropic}"',
        ]
        if limits:
            lines += ["[limits]", *(f"{name} = {value}" for name, value in limits.items())]
        return "\n".join([*lines, more, ""])

    def write_kek(self, text: str):
        self.kek_file.write_text(text + "\n")
        self.kek_file.chmod(0o600)

    def environment(self) -> dict:
        """Secrets come by the environment, the rest by the file."""
        variables = {"OWNKEY_OPERATOR__TOKEN": self.operator_token, "OWNKEY_LOG": self.log_level, "RUST_BACKTRACE": "1"}
        for provider, key in self.managed_keys.items():
            variables[f"OWNKEY_PROVIDERS__{provider.upper()}__MANAGED_KEY"] = key
        return variables | self.variables

    def launch(self):
        """Starts the process without waiting for it."""
        self._starts += 1
        program = self.variables.get("ACCEPTANCE_BIN") or binary("OWNKEY_BIN", "ownkey")
        command = [program, "serve", "--config", self.folder / "ownkey.toml"]
        self.process = Process(command, self.folder, f"ownkey-{self._starts}", self.environment())

    def start(self) -> "Server":
        begun = time.monotonic()
        self.launch()
        wait_for(self._ready, "/readyz answers 200", 30, 0.005)
        self.start_ms = (time.monotonic() - begun) * 1000
        return self

    def start_or_die(self) -> bool:
        """Whether it gets ready; a test that kills it at a named point may do so before."""
        self.launch()
        wait_for(lambda: self.process.ended() is not None or self._ready(), "it is ready or dead", 30, 0.005)
        return self.process.ended() is None

    def _ready(self) -> bool:
        if self.process.ended() is not None:
            raise RuntimeError(f"ownkey ended with {self.process.ended()}:\n{self.process.output()[-4000:]}")
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5, **LOCAL).status_code == 200
        except httpx.TransportError:
            return False

    def stop(self) -> int | None:
        return self.process.stop() if self.process else None

    def kill(self):
        self.process.kill()

    def reload(self) -> str:
        """Has the configuration read again; what the server says of it."""
        before = len(self.process.output())
        self.process.child.send_signal(signal.SIGHUP)
        return wait_for(lambda: self._reload_told(before), "the server says what came of the reload")

    def _reload_told(self, before: int) -> str | None:
        told = self.process.output()[before:]
        return told if "the configuration was read again" in told else None

    def run(self, *arguments) -> subprocess.CompletedProcess:
        """Another command of the same installation, with its server's configuration."""
        command = [str(binary("OWNKEY_BIN", "ownkey")), *map(str, arguments)]
        variables = {"PATH": os.environ["PATH"]} | self.environment()
        return subprocess.run(command, cwd=self.folder, env=variables, capture_output=True, text=True, timeout=60)

    def begin(self, *arguments) -> Process:
        """The same, without waiting for its end."""
        self._commands += 1
        command = [binary("OWNKEY_BIN", "ownkey"), *arguments]
        return Process(command, self.folder, f"command-{self._commands}", self.environment())

    @property
    def on_sqlite(self) -> bool:
        return self.database.startswith("sqlite://")

    def sql(self, statement: str):
        """Changes its database past it, as damage would."""
        if not self.on_sqlite:
            postgres.psql(self.database, statement)
            return
        with closing(sqlite3.connect(self.database.removeprefix("sqlite://"), timeout=15)) as database:
            database.execute(statement)
            database.commit()

    def literal(self, id: str) -> str:
        """An id as its database spells it."""
        plain = id.split("_", 1)[1]
        return f"X'{plain}'" if self.on_sqlite else f"'{plain}'"

    def kept(self) -> str:
        """What its database holds, where that is not in the data folder."""
        return "" if self.on_sqlite else postgres.dump(self.database)

    def output(self) -> str:
        """All that any start of it has printed."""
        files = sorted(self.folder.glob("ownkey-*.out")) + sorted(self.folder.glob("ownkey-*.err"))
        return "".join(file.read_text(errors="replace") for file in files)

    @property
    def operator(self) -> Api:
        return Api(self.url, self.operator_token)

    def metrics(self) -> dict[str, float]:
        headers = {"authorization": f"Bearer {self.operator_token}"}
        answer = httpx.get(f"{self.url}/metrics", headers=headers, **LOCAL)
        answer.raise_for_status()
        lines = (line.rsplit(" ", 1) for line in answer.text.splitlines() if line and not line.startswith("#"))
        return {name: float(value) for name, value in lines}

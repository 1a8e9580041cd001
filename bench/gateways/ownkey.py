"""Ownkey as it is released, with its defaults: only addresses and secrets are set, and what a case is about."""

import base64
import json
import os
import re
import secrets
import shutil
import sqlite3
import subprocess
import tempfile
from contextlib import closing
from pathlib import Path

from .. import seeding
from ..load import Endpoint
from ..machine import LOAD_CPU, on
from ..process import ROOT, ask, wait_for
from ..seeding import Seeds
from ..upstream import Counts
from .base import UPSTREAM_KEY, Gateway

KEYS = {"openai": UPSTREAM_KEY, "anthropic": "sk-ant-api03-bench-" + "0" * 40}
POSTGRES = ROOT / "scripts" / "postgres.sh"
# Enough of it for every call of a case.
CREDITS = "1000000000"
PAID = """
[credits]
usd_per_credit = "0.01"

[plans.paid]
name = "Paid"
byok = true
managed = "credits"
"""
CALLS = "SELECT count(*) FROM receipts WHERE outcome = 'complete' AND measured = 'measured'"
TOTALS = "SELECT coalesce(sum(calls), 0), coalesce(sum(tokens_input), 0), coalesce(sum(tokens_output), 0) FROM usage_totals"


class Ownkey(Gateway):
    name = "ownkey"
    title = "Ownkey"
    does = "checks the platform key, decides who pays, opens the sealed provider key, meters exactly, writes a durable receipt"
    settings = {"plain", "open", "tls", "managed", "postgres", "managed-postgres", "workspaces"}

    # How many there are where a case is about their number.
    workspaces = 100_000

    def __init__(self, folder, upstream, setting):
        self.token = "op_" + secrets.token_hex(24)
        self.secret = ""
        self.workspace = ""
        self.keys: Path | None = None
        self.one_key: Path | None = None
        self.postgres: Path | None = None
        self.is_managed = setting in ("managed", "managed-postgres")
        super().__init__(folder, upstream, setting)
        self.kek = base64.b64encode(secrets.token_bytes(32)).decode()
        self.database = f"sqlite://{self.folder / 'data' / 'ownkey.db'}"

    @staticmethod
    def program() -> Path:
        return Path(os.environ.get("OWNKEY_BIN") or ROOT / "target" / "release" / "ownkey")

    @classmethod
    def version(cls):
        program = cls.program()
        return program.exists() and subprocess.run([program, "--version"], capture_output=True, text=True).stdout.split()[1] or None

    def paths(self):
        headers = {"authorization": f"Bearer {self.secret}"}
        return {
            "chat": Endpoint("/v1/chat/completions", "gpt-4o-mini", headers),
            "messages": Endpoint("/v1/messages", "claude-haiku-4-5", headers),
        }

    def prepare(self):
        """Makes its database, workspaces and keys by a first run, so that the start that is measured is a second one."""
        if self.setting in ("postgres", "managed-postgres"):
            self._make_postgres()
        seeds = Seeds.kept(self) if self.setting == "workspaces" else None
        if seeds:
            self.kek, self.token = seeds.put_into(self.folder)
        else:
            (self.folder / "data").mkdir()
        self._configure()
        self._first_run(seeds)

    def _first_run(self, seeds: Seeds | None):
        self.launch()
        wait_for(self._ready, "Ownkey is ready")
        self.secret = self._workspace()
        self.endpoints = self.paths()
        if self.setting == "workspaces":
            if not seeds:
                seeding.make(self, UPSTREAM_KEY)
            self.keys, self.one_key = self.folder / "keys", self.folder / "key"
            self.one_key.write_text(self.secret + "\n")
        self.process.stop()
        if self.setting == "workspaces" and not seeds:
            Seeds.keep(self)

    def _configure(self):
        lines = ["[server]", f'listen = "127.0.0.1:{self.port}"', "[database]", f'url = "{self.database}"']
        lines += [f'journal_dir = "{self.folder / "data" / "journal"}"', "[vault]", f'kek_file = "{self.folder / "kek"}"']
        lines += ["[providers.openai]", f'base_url = "{self.target}/v1"', "[providers.anthropic]", f'base_url = "{self.target}"']
        (self.folder / "ownkey.toml").write_text("\n".join([*lines, PAID if self.is_managed else "", ""]))
        kek = self.folder / "kek"
        kek.write_text(self.kek + "\n")
        kek.chmod(0o600)

    def command(self):
        return [self.program(), "serve", "--config", self.folder / "ownkey.toml"]

    def variables(self):
        variables = {"OWNKEY_OPERATOR__TOKEN": self.token}
        if self.is_managed:
            variables["OWNKEY_PROVIDERS__OPENAI__MANAGED_KEY"] = UPSTREAM_KEY
        if self.setting == "tls":
            variables["SSL_CERT_FILE"] = str(self.upstream.certificate)
        return variables

    def _ready(self) -> bool:
        self.process.check()
        try:
            return ask(self.port, "GET", "/readyz")[0] == 200
        except OSError:
            return False

    def api(self, method: str, path: str, body: dict) -> dict:
        headers = {**self._operator(), "content-type": "application/json"}
        status, answer = ask(self.port, method, f"/api/v1{path}", json.dumps(body).encode(), headers)
        if status not in (200, 201):
            raise RuntimeError(f"{method} {path}: {status} {answer[:500]!r}")
        return json.loads(answer)

    def _operator(self) -> dict:
        return {"authorization": f"Bearer {self.token}"}

    def _workspace(self) -> str:
        """A platform key of a workspace that can make the calls of this setting."""
        paid = self.is_managed
        workspace = self.workspace = self.api("POST", "/workspaces", {"name": "Bench"} | ({"plan": "paid"} if paid else {}))["id"]
        if paid:
            self.api("POST", f"/workspaces/{workspace}/credits/grants", {"credits": CREDITS, "reason": "benchmark"})
        else:
            for provider, key in KEYS.items():
                self.api("PUT", f"/workspaces/{workspace}/provider-keys/{provider}", {"key": key})
        return self.api("POST", f"/workspaces/{workspace}/api-keys", {"name": "bench", "scopes": ["inference"]})["secret"]

    def books(self):
        """Receipts and totals, read past the server: whole and measured ones only, so that a row with any other is void."""
        calls, [totalled, input_, output] = self._rows(CALLS)[0], self._rows(TOTALS)
        return Counts(min(calls, totalled), input_, output)

    def rest(self):
        # Receipts are taken over by the database in the background, a while after their calls unless somebody asks for some;
        # that is a part of what a call costs.
        before = None
        while (now := self.books()) != before:
            before = now
            status, answer = ask(self.port, "GET", f"/api/v1/workspaces/{self.workspace}/requests?limit=1", headers=self._operator())
            # Whoever asks is turned away while it is far behind.
            if status not in (200, 503):
                raise RuntimeError(f"receipts: {status} {answer[:500]!r}")

    def _rows(self, query: str) -> list[int]:
        if self.postgres:
            command = ["psql", self.database, "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--command", query]
            told = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
            return [int(number) for number in re.findall(r"\d+", told)]
        database = f"file:{self.folder / 'data' / 'ownkey.db'}?mode=ro"
        with closing(sqlite3.connect(database, uri=True, timeout=15)) as rows:
            return list(map(int, rows.execute(query).fetchone()))

    def _make_postgres(self):
        # In a folder that the server's own user may reach.
        self.postgres = Path(tempfile.mkdtemp(prefix="ownkey-bench-", dir="/tmp")) / "server"
        self.postgres.parent.chmod(0o755)
        # It inherits the output and would keep a pipe open.
        told = self.folder / "postgres"
        with told.open("w") as out:
            subprocess.run(on(LOAD_CPU, [POSTGRES, "make", self.postgres]), check=True, stdin=subprocess.DEVNULL, stdout=out)
        self.database = told.read_text().strip()

    def helpers(self):
        return [int((self.postgres / "data" / "postmaster.pid").read_text().split()[0])] if self.postgres else []

    def stop(self):
        super().stop()
        if self.postgres:
            subprocess.run([POSTGRES, "remove", self.postgres], check=True, capture_output=True)
            self.postgres.parent.rmdir()
        shutil.rmtree(self.folder / "data", ignore_errors=True)

"""PostgreSQL: databases on the server that the tests were given, and servers of a test's own to stop and start."""

import itertools
import os
import secrets
import subprocess
import tempfile
from pathlib import Path

from .process import ROOT

SCRIPT = ROOT / "scripts" / "postgres.sh"
_numbers = itertools.count(1)


def server_url() -> str | None:
    """The server for everyone, as `scripts/postgres.sh run` names it."""
    return os.environ.get("TEST_POSTGRES_URL")


def psql(url: str, sql: str) -> str:
    """What a statement answers, without any decoration."""
    command = ["psql", url, "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--command", sql]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.strip()


def new_database(server: str | None = None) -> str:
    """The URL of a fresh database."""
    server = server or server_url()
    assert server, "TEST_POSTGRES_URL names no server: run the tests by scripts/postgres.sh run …"
    name = f"acceptance_{os.getpid()}_{next(_numbers)}_{secrets.token_hex(4)}"
    psql(server, f"CREATE DATABASE {name}")
    return server.rsplit("/", 1)[0] + "/" + name


def dump(url: str) -> str:
    """All that a database holds, as a backup would have it; the same for the same content."""
    command = ["pg_dump", "--schema=public", url]
    told = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout
    # A random word guards against a server that lies; it is another one each time.
    return "\n".join(line for line in told.splitlines() if not line.startswith(("\\restrict", "\\unrestrict")))


class Postgres:
    """A server of one test, in a folder that its unprivileged user may reach."""

    def __init__(self, variables: dict | None = None):
        self.variables = os.environ | (variables or {})
        self.folder = Path(tempfile.mkdtemp(prefix="ownkey-postgres-", dir="/tmp")) / "server"
        self.folder.parent.chmod(0o755)
        self.url = self._run("make")

    def _run(self, verb: str) -> str:
        command = [str(SCRIPT), verb, str(self.folder)]
        # Its output goes to a file: the server inherits it and would keep a pipe open.
        with tempfile.TemporaryFile("w+") as out:
            subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=out, timeout=120, env=self.variables)
            out.seek(0)
            return out.read().strip()

    def new_database(self) -> str:
        return new_database(self.url)

    def start(self):
        self._run("start")

    def stop(self):
        """As an administrator does: open connections are ended."""
        self._run("stop")

    def kill(self):
        """As a crash does."""
        self._run("kill")

    def remove(self):
        self._run("remove")
        self.folder.parent.rmdir()

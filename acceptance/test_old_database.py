"""A database that an older version left is looked at as it is, and brought up to date by the next start."""

import hashlib
import sqlite3
from contextlib import closing

import pytest

from harness import postgres
from harness.process import ROOT

NEWEST = len(list((ROOT / "crates/store/migrations/sqlite").iterdir()))
# What the library of the migrations keeps of each that was run.
DONE = """
CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL,
    installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, success BOOLEAN NOT NULL, checksum {bytes} NOT NULL,
    execution_time BIGINT NOT NULL);
"""


def left_behind(server, last: int):
    """The database as the version that knew so many migrations made it."""
    dialect, bytes, blob = ("sqlite", "BLOB", "X'{}'") if server.on_sqlite else ("postgres", "BYTEA", r"'\x{}'")
    script = [DONE.format(bytes=bytes)]
    for file in sorted((ROOT / "crates/store/migrations" / dialect).iterdir())[:last]:
        number, _, name = file.stem.partition("_")
        checksum = blob.format(hashlib.sha384(file.read_bytes()).hexdigest())
        done = f"INSERT INTO _sqlx_migrations VALUES ({int(number)}, '{name.replace('_', ' ')}', CURRENT_TIMESTAMP, true, {checksum}, 0);"
        script += [file.read_text(), done]
    if not server.on_sqlite:
        postgres.psql(server.database, "\n".join(script))
        return
    with closing(sqlite3.connect(server.database.removeprefix("sqlite://"))) as database:
        database.executescript("\n".join(script))


def version(server) -> str:
    """How many migrations have been run."""
    question = "SELECT max(version) FROM _sqlx_migrations"
    if not server.on_sqlite:
        return postgres.psql(server.database, question)
    with closing(sqlite3.connect(server.database.removeprefix("sqlite://"))) as database:
        return str(database.execute(question).fetchone()[0])


@pytest.mark.parametrize("last", range(1, NEWEST))
def test_check_looks_at_a_database_of_an_older_version_and_leaves_it_so(new_server, last):
    server = new_server()
    left_behind(server, last)
    checked = server.run("check")
    assert (checked.returncode, checked.stderr) == (0, ""), checked.stdout + checked.stderr
    assert "store: ok" in checked.stdout and version(server) == str(last)
    server.start()
    workspace = server.operator.create_workspace()
    assert workspace.ask("openai").status_code == 200
    server.stop()
    checked = server.run("check")
    assert checked.returncode == 0 and version(server) == str(NEWEST), checked.stdout + checked.stderr

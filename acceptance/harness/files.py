"""The files of a data folder: what changed, what is broken."""

import hashlib
import shutil
import sqlite3
from pathlib import Path


def digests(folder: Path) -> dict[str, str]:
    """Every file below a folder and its content; the shared-memory file of SQLite has no content that counts."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.endswith("-shm")]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def database_problems(data: Path, copy: Path) -> list[str]:
    """What SQLite finds wrong in a copy of the database with its write-ahead log; the server must not run."""
    copy.mkdir(parents=True, exist_ok=True)
    for file in data.glob("ownkey.db*"):
        shutil.copy(file, copy / file.name)
    database = sqlite3.connect(copy / "ownkey.db")
    try:
        integrity = [row[0] for row in database.execute("PRAGMA integrity_check")]
        foreign = database.execute("PRAGMA foreign_key_check").fetchall()
    finally:
        database.close()
        shutil.rmtree(copy)
    return [line for line in integrity if line != "ok"] + [str(row) for row in foreign]

"""The leak scanner proves itself: every encoding of a planted secret is found in every kind of place."""

import base64
import json
import secrets
import sqlite3
import urllib.parse

import pytest

from harness.canary import PIECE, Canary, Scanner
from harness.sim import provider_key

KEY = provider_key("openai")
PROMPT = f"Grüße {secrets.token_hex(20)} 🙂"
CANARIES = [Canary.of_key("key", KEY), Canary("prompt", PROMPT)]
SCANNER = Scanner(CANARIES)

ENCODINGS = {
    "raw": lambda text: text,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 behind one byte": lambda text: base64.b64encode(b"k" + text.encode()).decode(),
    "base64 behind two bytes": lambda text: base64.b64encode(b"k=" + text.encode() + b"&more").decode(),
    "base64url": lambda text: base64.urlsafe_b64encode(b"?>" + text.encode()).decode().rstrip("="),
    "basic authorization": lambda text: base64.b64encode(f"user:{text}".encode()).decode(),
    "hex": lambda text: text.encode().hex(),
    "HEX": lambda text: text.encode().hex().upper(),
    "percent": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "percent lower": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "quoted": urllib.parse.quote,
    "json": lambda text: json.dumps(text),
    "escaped": lambda text: "".join(f"\\u{ord(char):04x}" for char in text),
    "debug of bytes": lambda text: json.dumps(list(text.encode())),
}


def in_text(folder, leak: str):
    """An answer, a log line, a metric: text."""
    return SCANNER.scan_text(f'2026-01-01 INFO gateway: error="… {leak} …" status=401\n', "text")


def in_log_file(folder, leak: str):
    (folder / "ownkey.err").write_text("x" * 70_001 + leak + "y" * 5)
    return SCANNER.scan_files(folder)


def in_database(folder, leak: str):
    """In the file itself, by way of a checkpoint."""
    with sqlite3.connect(folder / "ownkey.db") as db:
        db.execute("CREATE TABLE t (a BLOB)")
        db.execute("INSERT INTO t VALUES (?)", (leak.encode(),))
    db.close()
    return SCANNER.scan_files(folder)


def in_write_ahead_log(folder, leak: str):
    """While the database is open and the row is only in the log."""
    db = sqlite3.connect(folder / "ownkey.db")
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("CREATE TABLE t (a TEXT)")
    db.execute("INSERT INTO t VALUES (?)", (leak,))
    db.commit()
    found = [leak for leak in SCANNER.scan_files(folder) if leak.place.endswith("-wal")]
    db.close()
    return found


def in_journal(folder, leak: str):
    (folder / "journal").mkdir()
    (folder / "journal" / "1.log").write_bytes(secrets.token_bytes(999) + leak.encode() + secrets.token_bytes(999))
    return SCANNER.scan_files(folder)


PLACES = [in_text, in_log_file, in_database, in_write_ahead_log, in_journal]


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("canary", CANARIES, ids=lambda canary: canary.name)
def test_a_planted_leak_is_found(tmp_path, canary, encoding, place):
    found = place(tmp_path, ENCODINGS[encoding](canary.value))
    assert canary.name in {leak.canary for leak in found}


@pytest.mark.parametrize("encoding", ["raw", "base64", "base64 behind one byte", "base64 behind two bytes", "hex", "percent"])
def test_any_piece_is_found_wherever_it_stands(encoding):
    """Every piece of the secret part, at every distance from the start of the text."""
    secret = KEY[len(CANARIES[0].open) :]
    for start in range(len(secret) - PIECE + 1):
        piece = ENCODINGS[encoding](secret[start : start + PIECE])
        for before in range(12):
            text = " " * before + piece
            assert SCANNER.scan_text(text, "text"), f"piece {start} behind {before} bytes"


def test_what_everybody_may_know_is_no_leak():
    open_part = CANARIES[0].open
    assert SCANNER.scan_text(f"keys begin with {open_part}; yours ends in {KEY[-4:]}", "text") == []
    assert SCANNER.scan(secrets.token_bytes(2_000_000), "noise") == []
    assert SCANNER.scan_text(f"another key: {provider_key('openai')}", "text") == []

"""Finds planted secrets, whole or in pieces, in any encoding a careless program could have written them in.

A leak is a piece of at least `PIECE` bytes of a secret. The scanner steps through the text and looks up short grams of
all encoded forms of all secrets; each hit is extended to both sides and counts when it is long enough. So one pass over
a text finds all pieces of all secrets.
"""

import base64
import json
import urllib.parse
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

PIECE = 12
GRAM = 6


@dataclass(frozen=True)
class Canary:
    """A secret; `open` is its beginning that everybody may know, such as the prefix of a kind of key."""

    name: str
    value: str
    open: str = ""

    @classmethod
    def of_key(cls, name: str, key: str) -> "Canary":
        """A provider key: only what is behind the word for the simulator is secret."""
        start = key.find("sim-")
        return cls(name, key, key[: key.find("-", start + 4) + 1] if start >= 0 else key[:8])


@dataclass(frozen=True)
class Leak:
    canary: str
    encoding: str
    place: str
    around: str


@dataclass(frozen=True)
class _Form:
    canary: str
    encoding: str
    text: bytes
    shortest: int


def _forms(canary: Canary):
    """The ways to write a secret; `shortest` is the length of `PIECE` bytes in each."""
    # Half a piece of the open part may belong to a leak of the secret one.
    raw = canary.value.encode()[max(0, len(canary.open.encode()) - PIECE // 2) :]
    form = lambda encoding, text, shortest: _Form(canary.name, encoding, text, shortest)  # noqa: E731
    yield form("raw", raw, PIECE)
    yield form("utf-16", raw.decode().encode("utf-16-le"), PIECE * 2)
    for shift in range(3):
        # Behind 0, 1 or 2 other bytes; what depends on the neighbours is left out.
        coded = base64.b64encode(b"\0" * shift + raw)[(0, 2, 3)[shift] :]
        coded = coded.rstrip(b"=")[: -1 if (len(raw) + shift) % 3 else None]
        yield form(f"base64 at {shift}", coded, PIECE * 4 // 3 - 2)
        yield form(f"base64url at {shift}", coded.replace(b"+", b"-").replace(b"/", b"_"), PIECE * 4 // 3 - 2)
    yield form("hex", raw.hex().encode(), PIECE * 2)
    yield form("HEX", raw.hex().upper().encode(), PIECE * 2)
    yield form("percent", "".join(f"%{byte:02x}" for byte in raw).encode(), PIECE * 3)
    yield form("PERCENT", "".join(f"%{byte:02X}" for byte in raw).encode(), PIECE * 3)
    yield form("quoted", urllib.parse.quote(raw, safe="").encode(), PIECE)
    yield form("json", json.dumps(raw.decode()).strip('"').encode(), PIECE)
    escaped = "".join(f"\\u{ord(char):04x}" for char in raw.decode())
    yield form("escaped", escaped.encode(), PIECE * 6)
    yield form("decimal", json.dumps(list(raw)).strip("[]").encode(), PIECE * 4)


class Scanner:
    """Knows the canaries; scans bytes."""

    def __init__(self, canaries: Iterable[Canary] = ()):
        self._grams: dict[bytes, list[tuple[_Form, int]]] = {}
        for canary in canaries:
            self.learn(canary)

    def learn(self, canary: Canary):
        """From now on this one is found too."""
        seen = set()
        for form in _forms(canary):
            if form.text not in seen:
                seen.add(form.text)
                self._learn(form)

    def _learn(self, form: _Form):
        for at in range(len(form.text) - GRAM + 1):
            self._grams.setdefault(form.text[at : at + GRAM], []).append((form, at))

    def scan(self, data: bytes, place: str) -> list[Leak]:
        found, grams = {}, self._grams
        # A piece of PIECE bytes has a gram at one of these places, wherever it begins.
        for at in range(0, len(data) - GRAM + 1, PIECE - 2 - GRAM + 1):
            for form, offset in grams.get(data[at : at + GRAM], ()):
                length, begin = _extent(data, at, form.text, offset)
                if length >= form.shortest:
                    around = data[max(0, begin - 60) : begin + length + 20].decode(errors="replace")
                    found.setdefault((form.canary, form.encoding), Leak(form.canary, form.encoding, place, around))
        return list(found.values())

    def scan_text(self, text: str, place: str) -> list[Leak]:
        return self.scan(text.encode(), place)

    def scan_files(self, folder: Path) -> list[Leak]:
        """Every file below a folder: database, write-ahead log, journal, logs."""
        files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        return [leak for path in files for leak in self.scan(path.read_bytes(), str(path.relative_to(folder)))]


def _extent(data: bytes, at: int, text: bytes, offset: int) -> tuple[int, int]:
    """How far data around `at` and text around `offset` agree, and where that begins."""
    left = 0
    while at - left > 0 and offset - left > 0 and data[at - left - 1] == text[offset - left - 1]:
        left += 1
    right = GRAM
    while at + right < len(data) and offset + right < len(text) and data[at + right] == text[offset + right]:
        right += 1
    return left + right, at - left

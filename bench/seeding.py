"""Many workspaces, each with a provider key and a platform key of its own. They are made by the management API, which
takes minutes, and kept for later runs of the same program."""

import json
import os
import random
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from .process import ROOT

SEEDS = ROOT / ".bench" / "seeds"
# So many that a commit of the database is shared by several.
CALLERS = 64


@dataclass(frozen=True)
class Seeds:
    folder: Path

    @staticmethod
    def _place(program: Path, count: int) -> Path:
        # Another program may have another schema.
        stamp = program.stat()
        return SEEDS / f"{count}-{stamp.st_size}-{stamp.st_mtime_ns}"

    @classmethod
    def kept(cls, gateway) -> "Seeds | None":
        folder = cls._place(gateway.program(), gateway.workspaces)
        return cls(folder) if folder.exists() else None

    @classmethod
    def keep(cls, gateway):
        folder = cls._place(gateway.program(), gateway.workspaces)
        shutil.rmtree(SEEDS, ignore_errors=True)
        new = folder.with_suffix(".new")
        shutil.copytree(gateway.folder / "data", new / "data")
        shutil.copy(gateway.folder / "keys", new / "keys")
        (new / "secrets").write_text(json.dumps([gateway.kek, gateway.token]))
        (new / "secrets").chmod(0o600)
        os.rename(new, folder)

    def put_into(self, folder: Path) -> tuple[str, str]:
        """Copies the database and the keys; its KEK and operator token."""
        shutil.copytree(self.folder / "data", folder / "data")
        shutil.copy(self.folder / "keys", folder / "keys")
        kek, token = json.loads((self.folder / "secrets").read_text())
        return kek, token


def make(gateway, key: str) -> Path:
    """Makes them at a running server; the file of their platform keys."""
    with ThreadPoolExecutor(CALLERS) as callers:
        shares = [range(first, gateway.workspaces, CALLERS) for first in range(CALLERS)]
        made = [one for share in callers.map(lambda share: _share(gateway, key, share), shares) for one in share]
    # In no order that the database knows, the same one each time.
    random.Random(1).shuffle(made)
    file = gateway.folder / "keys"
    file.write_text("".join(f"{secret}\n" for secret in made))
    return file


def _share(gateway, key: str, numbers) -> list[str]:
    connection = HTTPConnection("127.0.0.1", gateway.port, timeout=120)
    headers = {"authorization": f"Bearer {gateway.token}", "content-type": "application/json"}

    def api(method: str, path: str, body: dict) -> dict:
        connection.request(method, f"/api/v1{path}", json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status not in (200, 201):
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:500]!r}")
        return json.loads(text)

    secrets = []
    for number in numbers:
        workspace = api("POST", "/workspaces", {"name": f"Bench {number}"})["id"]
        api("PUT", f"/workspaces/{workspace}/provider-keys/openai", {"key": key})
        secrets.append(api("POST", f"/workspaces/{workspace}/api-keys", {"name": "bench", "scopes": ["inference"]})["secret"])
    return secrets

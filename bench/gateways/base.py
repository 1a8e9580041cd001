"""What all gateways have in common: a folder, a process on its own processor, and where to call it."""

import time
from pathlib import Path
from string import Template

from ..load import Endpoint, body
from ..machine import GATEWAY_CPU, on, rss_kib
from ..process import PEERS, Process, ask, free_port, wait_for
from ..upstream import Counts, Upstream

TEMPLATES = Path(__file__).resolve().parents[1] / "peers"
# A key of the upstream; it takes any.
UPSTREAM_KEY = "sk-proj-bench-0000000000000000000000000000000000000000"
# How long a gateway may rest before its memory is taken as that of an idle one.
REST = 2.0


class Gateway:
    name = ""
    title = ""
    # What it does for each call beyond passing it on.
    does = ""
    settings = {"plain", "open"}
    # Whether streams come through whole.
    streams = True
    # Whether answers must be the upstream's bytes, or only its words.
    check = "bytes"

    def __init__(self, folder: Path, upstream: Upstream, setting: str):
        self.folder, self.upstream, self.setting = folder, upstream, setting
        folder.mkdir(parents=True)
        self.port = free_port()
        self.process: Process | None = None
        self.endpoints = self.paths()

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process else None

    @property
    def target(self) -> str:
        """Where it finds the upstream."""
        return self.upstream.origin(tls=self.setting == "tls")

    def paths(self) -> dict[str, Endpoint]:
        """Where each protocol is called."""
        raise NotImplementedError

    @classmethod
    def version(cls) -> str | None:
        """What is measured; `None` if it is not installed."""
        raise NotImplementedError

    def command(self) -> list:
        raise NotImplementedError

    def variables(self) -> dict:
        return {}

    def prepare(self):
        """What must be there before the process starts."""

    def launch(self):
        self.process = Process(on(GATEWAY_CPU, self.command()), self.folder, self.variables())

    def start(self) -> dict:
        """Starts it; how long until it answered a call, and what it takes at rest."""
        self.prepare()
        begun = time.monotonic()
        self.launch()
        wait_for(self.answers, f"{self.name} answers a call", 120, 0.002)
        figures = {"start_ms": (time.monotonic() - begun) * 1000}
        time.sleep(REST)
        return figures | ({"rss_idle_mib": rss_kib(self.pid) / 1024} if self.pid else {})

    def answers(self) -> bool:
        """Whether a first call is answered."""
        if self.process:
            self.process.check()
        endpoint = self.endpoints["chat"]
        headers = {"content-type": "application/json", **endpoint.headers}
        try:
            return ask(self.port, "POST", endpoint.path, body(endpoint.model), headers)[0] == 200
        except OSError:
            return False

    def books(self) -> Counts | None:
        """What it has written down of its calls; `None` if it keeps no books."""
        return None

    def rest(self):
        """Waits until it has nothing left to do for the calls that were made."""

    def helpers(self) -> list[int]:
        """Processes that work for it and are none of its children."""
        return []

    def stop(self):
        if self.process:
            self.process.stop()

    def template(self, name: str, **more) -> Path:
        """A configuration file of `peers/` with its places filled in."""
        values = {"port": self.port, "upstream": self.target, "key": UPSTREAM_KEY, "folder": self.folder, **more}
        path = self.folder / name
        path.write_text(Template((TEMPLATES / name).read_text()).substitute(values))
        return path


def installed(peer: str) -> Path | None:
    """Where a peer is, if it was installed."""
    return PEERS / peer if (PEERS / peer / ".installed").exists() else None

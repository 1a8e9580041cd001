"""The upstream that all gateways stand before: it answers at once and counts what it has said."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .machine import LOAD_CPU, on
from .process import ROOT, Process, ask, wait_for

TOOL = ROOT / "target" / "release" / "ownkey-bench"
# The same in each run: keys are sealed for where they may be sent, those of workspaces that are kept as well.
PORT, TLS_PORT = 19801, 19802
CERTIFICATE = """
[req]
distinguished_name = name
[name]
[server]
basicConstraints = critical,CA:FALSE
subjectAltName = DNS:localhost,IP:127.0.0.1
"""


@dataclass(frozen=True)
class Counts:
    """Calls answered and the tokens that the answers named."""

    calls: int
    input: int
    output: int

    def since(self, before: "Counts") -> "Counts":
        return Counts(self.calls - before.calls, self.input - before.input, self.output - before.output)


class Upstream:
    def __init__(self, folder: Path):
        folder.mkdir(parents=True)
        self.port, self.tls_port = PORT, TLS_PORT
        self.certificate = folder / "cert.pem"
        key, config = folder / "key.pem", folder / "openssl.cnf"
        config.write_text(CERTIFICATE)
        made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
        made += ["-subj", "/CN=localhost", "-config", config, "-extensions", "server", "-keyout", key, "-out", self.certificate]
        subprocess.run(list(map(str, made)), check=True, capture_output=True)
        command = [TOOL, "upstream", "--listen", f"127.0.0.1:{self.port}", "--listen-tls", f"127.0.0.1:{self.tls_port}"]
        self.process = Process(on(LOAD_CPU, [*command, "--cert", self.certificate, "--key", key]), folder)
        wait_for(self._answers, "the upstream answers")

    def _answers(self) -> bool:
        self.process.check()
        try:
            return self.counts().calls == 0
        except ConnectionError:
            return False

    def origin(self, tls: bool = False) -> str:
        return f"https://localhost:{self.tls_port}" if tls else f"http://127.0.0.1:{self.port}"

    def counts(self) -> Counts:
        told = json.loads(ask(self.port, "GET", "/bench/counts")[1])
        return Counts(told["calls"], told["input_tokens"], told["output_tokens"])

    def stop(self):
        self.process.stop()

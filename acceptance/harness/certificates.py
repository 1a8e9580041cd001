"""Certificates of an authority that nobody else knows, made by the program `openssl`."""

import ssl
import subprocess
from pathlib import Path

EXTENSIONS = """
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""
KINDS = {"ec": ("ec", "-pkeyopt", "ec_paramgen_curve:P-256"), "rsa": ("rsa:2048",)}


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


class Authority:
    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir(parents=True)
        self.config, self.cert, self.key = (folder / name for name in ("openssl.cnf", "ca.pem", "ca.key"))
        self.config.write_text(EXTENSIONS)
        self._request("authority", "Acceptance", "ec", self.cert, self.key)

    def _request(self, extensions: str, name: str, kind: str, cert: Path, key: Path, *more):
        kept = ("-nodes", "-keyout", key, "-out", cert, "-days", "2")
        as_what = ("-config", self.config, "-extensions", extensions, "-subj", f"/CN={name}")
        openssl("req", "-x509", "-newkey", *KINDS[kind], *kept, *as_what, *more)
        key.chmod(0o600)

    def issue(self, folder: Path, kind: str = "ec") -> "Pair":
        """A certificate for `localhost`, and for no address."""
        folder.mkdir(parents=True, exist_ok=True)
        pair = Pair(folder / "cert.pem", folder / "key.pem")
        self._request("server", "localhost", kind, pair.cert, pair.key, "-CA", self.cert, "-CAkey", self.key)
        pair.cert.write_text(pair.cert.read_text() + self.cert.read_text())
        return pair

    def trusting(self) -> ssl.SSLContext:
        """What a caller needs who trusts this authority and no other."""
        return ssl.create_default_context(cafile=self.cert)


class Pair:
    """A certificate with its chain, and its key."""

    def __init__(self, cert: Path, key: Path):
        self.cert, self.key = cert, key

    def der(self) -> bytes:
        first = self.cert.read_text().partition("-----END CERTIFICATE-----")
        return ssl.PEM_cert_to_DER_cert(first[0] + first[1])

    def replace_by(self, other: "Pair"):
        """As a renewal does it."""
        self.cert.write_text(other.cert.read_text())
        self.key.write_text(other.key.read_text())

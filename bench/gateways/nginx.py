"""nginx as a plain proxy with kept connections: what a proxy costs at least."""

import subprocess

from ..load import Endpoint
from .base import Gateway, installed


class Nginx(Gateway):
    name = "nginx"
    title = "nginx"
    does = "passes bytes on"
    settings = {"plain", "open", "tls"}

    def paths(self):
        return {"chat": Endpoint("/v1/chat/completions", "gpt-4o-mini"), "messages": Endpoint("/v1/messages", "claude-haiku-4-5")}

    @classmethod
    def program(cls):
        folder = installed("nginx")
        return folder and folder / "usr" / "sbin" / "nginx"

    @classmethod
    def version(cls):
        program = cls.program()
        return program and subprocess.run([program, "-v"], capture_output=True, text=True).stderr.strip().rpartition("/")[2]

    def prepare(self):
        scheme, _, address = self.target.partition("://")
        self.template("nginx.conf", scheme=scheme, address=address, certificate=self.upstream.certificate)

    def command(self):
        return [self.program(), "-p", self.folder, "-c", self.folder / "nginx.conf", "-e", self.folder / "errors"]

"""Portkey's gateway, on Node."""

import json

from ..load import Endpoint
from .base import UPSTREAM_KEY, Gateway, installed


class Portkey(Gateway):
    name = "portkey"
    title = "Portkey"
    does = "routes by headers, passes the caller's key on"
    check = "text"

    def paths(self):
        to = lambda provider: {"x-portkey-provider": provider, "x-portkey-custom-host": f"{self.target}/v1"}  # noqa: E731
        return {
            "chat": Endpoint("/v1/chat/completions", "gpt-4o-mini", {"authorization": f"Bearer {UPSTREAM_KEY}", **to("openai")}),
            "messages": Endpoint("/v1/messages", "claude-haiku-4-5", {"x-api-key": UPSTREAM_KEY, **to("anthropic")}),
        }

    @classmethod
    def package(cls):
        folder = installed("portkey")
        return folder and folder / "node_modules" / "@portkey-ai" / "gateway"

    @classmethod
    def version(cls):
        return cls.package() and json.loads((cls.package() / "package.json").read_text())["version"]

    def command(self):
        return ["node", self.package() / "build" / "start-server.js", f"--port={self.port}", "--headless"]

    def variables(self):
        return {"NODE_ENV": "production", "TRUSTED_CUSTOM_HOSTS": "127.0.0.1,localhost"}

"""llmg-gateway, a gateway in Rust."""

from ..load import Endpoint
from .base import Gateway, installed


class Llmg(Gateway):
    name = "llmg"
    title = "llmg-gateway"
    does = "wants a header, checks no key; reads and writes bodies anew"
    # It dies of a newline in its own keep-alive text as soon as a stream begins.
    streams = False
    check = "text"

    def paths(self):
        return {"chat": Endpoint("/v1/chat/completions", "openai/gpt-4o-mini", {"authorization": "Bearer any"})}

    @classmethod
    def version(cls):
        folder = installed("llmg")
        # It has no command for this; cargo wrote it down.
        return folder and (folder / ".crates.toml").read_text().partition("llmg-gateway ")[2].partition(" ")[0]

    def prepare(self):
        # It looks for a file of this name where it is started.
        self.template("llmg.toml")

    def command(self):
        return [installed("llmg") / "bin" / "llmg-gateway"]

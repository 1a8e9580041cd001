"""No gateway at all: what the load and the upstream take by themselves."""

from ..load import Endpoint
from .base import Gateway


class Direct(Gateway):
    name = "direct"
    title = "no gateway"
    does = "–"

    def paths(self):
        return {"chat": Endpoint("/v1/chat/completions", "gpt-4o-mini"), "messages": Endpoint("/v1/messages", "claude-haiku-4-5")}

    @classmethod
    def version(cls):
        return ""

    def launch(self):
        self.port = self.upstream.port

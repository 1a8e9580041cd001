"""LiteLLM's proxy."""

import subprocess

from ..load import Endpoint
from .base import Gateway, installed


class LiteLlm(Gateway):
    name = "litellm"
    title = "LiteLLM"
    does = "checks one key; no database, no log of spending; reads and writes bodies anew"
    check = "text"

    def paths(self):
        return {
            "chat": Endpoint("/v1/chat/completions", "chat", {"authorization": "Bearer sk-master"}),
            "messages": Endpoint("/v1/messages", "messages", {"authorization": "Bearer sk-master"}),
        }

    @classmethod
    def program(cls, name: str):
        folder = installed("litellm")
        return folder and folder / "bin" / name

    @classmethod
    def version(cls):
        python, command = cls.program("python"), "import importlib.metadata as m; print(m.version('litellm'))"
        return python and subprocess.run([python, "-c", command], capture_output=True, text=True).stdout.strip()

    def prepare(self):
        self.template("litellm.yaml")

    def command(self):
        return [self.program("litellm"), "--config", self.folder / "litellm.yaml", "--host", "127.0.0.1", "--port", self.port]

    def variables(self):
        # It asks nobody for prices while it starts.
        return {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR"}

"""TensorZero, as its wheel starts it."""

import subprocess

from ..load import Endpoint
from .base import UPSTREAM_KEY, Gateway, installed


class TensorZero(Gateway):
    name = "tensorzero"
    title = "TensorZero"
    does = "checks no key, observability off; reads and writes bodies anew"
    check = "text"

    def paths(self):
        return {"chat": Endpoint("/openai/v1/chat/completions", "tensorzero::model_name::chat")}

    @classmethod
    def python(cls):
        folder = installed("tensorzero")
        return folder and folder / "bin" / "python"

    @classmethod
    def version(cls):
        command = "import importlib.metadata as m; print(m.version('tensorzero'))"
        return cls.python() and subprocess.run([cls.python(), "-c", command], capture_output=True, text=True).stdout.strip()

    def prepare(self):
        self.template("tensorzero.toml")
        self.template("start_tensorzero.py")

    def command(self):
        return [self.python(), self.folder / "start_tensorzero.py"]

    def variables(self):
        return {"OPENAI_API_KEY": UPSTREAM_KEY}

    def answers(self):
        # It takes a port of its own choosing.
        told = self.folder / "port"
        if not told.exists():
            self.process.check()
            return False
        self.port = int(told.read_text())
        return super().answers()

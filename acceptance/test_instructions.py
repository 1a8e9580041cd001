"""What a call costs the processor, in instructions and not in time. A number that grew by more than the tolerance is a
regression, or a price worth paying that is to be written down here."""

import re
import shutil

import httpx
import pytest

from harness.api import LOCAL, PATHS, call_body, call_headers
from harness.process import binary
from harness.server import Server
from harness.sim import provider_key

VALGRIND = shutil.which("valgrind")
# Thousands of instructions a call on an own key, one after the other, each with its durable receipt: release build, x86-64.
KNOWN = {"plain": 336, "stream": 523}
# Other processors take other ways through ciphers and copies, and what a server does beside calls is in it too.
TOLERANCE = 0.3
# Measured as the difference between many and few, so that starting and ending do not count.
FEW, MANY = 50, 250


@pytest.fixture
def counted(tmp_path, sim):
    """The instructions of a server that answered so many calls."""

    def count(calls: int, more: dict) -> int:
        folder = tmp_path / str(calls)
        folder.mkdir()
        program, out = folder / "ownkey", folder / "callgrind.out"
        program.write_text(f'#!/bin/sh\nexec {VALGRIND} --tool=callgrind --callgrind-out-file={out} {binary("OWNKEY_BIN", "ownkey")} "$@"\n')
        program.chmod(0o700)
        server = Server(folder / "server", sim, variables={"ACCEPTANCE_BIN": str(program)}).start()
        workspace = server.operator.create_workspace()
        workspace.put_key("openai", provider_key("openai"), expect=201)
        with httpx.Client(base_url=workspace.url, headers=call_headers("openai", workspace.secret), timeout=60, **LOCAL) as caller:
            for _ in range(calls):
                assert caller.post(PATHS["openai"], json=call_body("openai", "Hello", **more)).status_code == 200
        server.stop()
        return int(re.search(r"^totals: (\d+)", out.read_text(), re.MULTILINE)[1])

    return count


@pytest.mark.skipif(not VALGRIND, reason="valgrind is not installed")
@pytest.mark.skipif("release" not in str(binary("OWNKEY_BIN", "ownkey")), reason="only the release build says something")
@pytest.mark.parametrize("kind", KNOWN)
def test_a_call_takes_no_more_instructions_than_it_did(counted, kind):
    more = {"stream": True} if kind == "stream" else {}
    each = (counted(MANY, more) - counted(FEW, more)) / (MANY - FEW) / 1000
    print(f"{kind}: {each:.0f} k instructions a call, {KNOWN[kind]} k known")
    assert each <= KNOWN[kind] * (1 + TOLERANCE)

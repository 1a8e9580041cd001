"""Fixtures: one simulator and one ordinary server for all suites that need no other; a workspace for each test."""

import os
from pathlib import Path

import pytest

pytest.register_assert_rewrite("harness.api", "harness.errors", "harness.transcript")

from harness.process import binary  # noqa: E402
from harness.server import Server  # noqa: E402
from harness.sim import Simulator  # noqa: E402

SOAK = os.environ.get("OWNKEY_SOAK") == "1"
REPORT: list[str] = []


@pytest.fixture(scope="session", autouse=True)
def binaries():
    """A missing program fails every suite at once, and says how to make it."""
    for variable, name in (("OWNKEY_BIN", "ownkey"), ("OWNKEY_SIM_BIN", "ownkey-sim")):
        path = binary(variable, name)
        assert path.is_file(), f"{path} is missing: run `cargo build --release`, or set {variable}"


@pytest.fixture(scope="session")
def soak() -> bool:
    """Whether the full counts were asked for."""
    return SOAK


@pytest.fixture(scope="session")
def sim(tmp_path_factory) -> Simulator:
    simulator = Simulator(tmp_path_factory.mktemp("sim"))
    yield simulator
    simulator.stop()


@pytest.fixture(scope="session")
def server(tmp_path_factory, sim) -> Server:
    """The ordinary server."""
    running = Server(tmp_path_factory.mktemp("ownkey"), sim).start()
    yield running
    running.stop()


@pytest.fixture
def new_server(tmp_path, sim):
    """Makes servers of a configuration of their own; all end with the test."""
    made: list[Server] = []

    def make(**options) -> Server:
        options.setdefault("sim", sim)
        folder: Path = tmp_path / f"server-{len(made)}"
        made.append(Server(folder, **options))
        return made[-1]

    yield make
    for one in made:
        if one.process:
            one.process.kill()


@pytest.fixture(scope="module")
def chromium():
    """A browser for each module: one for all would keep its event loop running under the suites that have their own."""
    from harness.dashboard import launch, sync_playwright

    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium):
    """Opens a server's dashboard; what went wrong in any visit fails the test at its end."""
    from harness.dashboard import Visit

    made: list[Visit] = []

    def make(server, **options) -> Visit:
        made.append(Visit(chromium, server.url, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def workspace(server):
    return server.operator.create_workspace()


@pytest.fixture
def report():
    """Figures to show at the end; nothing depends on them."""
    return REPORT.append


def pytest_terminal_summary(terminalreporter):
    if REPORT:
        terminalreporter.section("figures")
        for line in REPORT:
            terminalreporter.write_line(line)

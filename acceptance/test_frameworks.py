"""Agent frameworks see the same with and without Ownkey between them and the provider."""

import pytest

from harness.frameworks import COMMANDS, Framework, scenarios
from harness.sdk_suite import runs
from harness.sim import PROVIDERS
from harness.transcript import compare


@pytest.fixture(scope="module")
def frameworks():
    """All of them, which start side by side."""
    running = {name: Framework(name) for name in COMMANDS}
    yield running
    for framework in running.values():
        framework.stop()


@pytest.fixture(scope="module")
def transcripts(frameworks, server, sim):
    found = {}

    def of(framework: str, provider: str) -> dict:
        if (framework, provider) not in found:
            workspace = server.operator.create_workspace()
            found[framework, provider] = runs(frameworks[framework].run, provider, sim, workspace, scenarios(framework, provider))
        return found[framework, provider]

    return of


CASES = [
    (framework, provider, scenario["name"])
    for framework in COMMANDS
    for provider in PROVIDERS
    for scenario in scenarios(framework, provider)
]


@pytest.mark.parametrize(("framework", "provider", "name"), CASES, ids=lambda part: part)
def test_framework_sees_the_same(transcripts, framework, provider, name):
    scenario, direct, via = transcripts(framework, provider)[name]
    assert len(direct["entries"]) >= scenario["attempts"], "the scenario reached the provider, as often as it is about"
    fails = any(word in name for word in ("status", "limit"))
    assert bool(direct["seen"]["error"]) == fails
    assert "\n".join(compare(scenario, direct, via)) == ""

"""The official JavaScript SDKs see the same with and without Ownkey between them and the provider."""

import pytest

from harness.scenarios import scenarios
from harness.sdk_node import run
from harness.sdk_suite import runs
from harness.sim import PROVIDERS
from harness.transcript import compare


@pytest.fixture(scope="module")
def transcripts(server, sim):
    found = {}

    def of(provider: str) -> dict:
        if provider not in found:
            found[provider] = runs(run, provider, sim, server.operator.create_workspace())
        return found[provider]

    return of


CASES = [(provider, scenario["name"]) for provider in PROVIDERS for scenario in scenarios(provider)]


@pytest.mark.parametrize(("provider", "name"), CASES, ids=lambda part: part)
def test_sdk_sees_the_same(transcripts, provider, name):
    scenario, direct, via = transcripts(provider)[name]
    assert direct["entries"], "the scenario reached the provider"
    assert "\n".join(compare(scenario, direct, via)) == ""

"""Every path beside every fault of a provider: the official SDKs raise the same via Ownkey as without it, as often, and
nothing that broke off ever looks whole."""

import socket
import time
from functools import partial

import pytest

from harness import sdk_node, sdk_python
from harness.examples import examples, made, send, with_kept
from harness.faults import FAULTS, PATHS, scenarios
from harness.process import wait_for
from harness.sdk_suite import faulty_runs
from harness.sim import PROVIDERS, provider_key
from harness.transcript import compare

SDKS = {"python": sdk_python.run, "node": sdk_node.run}
CALLERS = 32
# What the SDKs raise where the provider hangs up, and what they make of a 502 and of an error event in its place.
HUNG_UP = {"APIConnectionError", "RemoteProtocolError", "TypeError"}
TOLD = {"InternalServerError", "APIError", "APIStatusError"}


@pytest.fixture(scope="module")
def found(server, sim):
    """Both runs of a provider's whole table in a language, and the receipts that Ownkey wrote, by the caller's id."""
    tables = {}

    def table(sdk: str, provider: str):
        workspace = server.operator.create_workspace()
        run = partial(SDKS[sdk], at_once=CALLERS)
        both = faulty_runs(run, provider, sim, workspace, of_sdk(sdk, provider), partial(with_kept, sim))
        return both, receipts_by_call(server, workspace)

    def of(sdk: str, provider: str):
        if (sdk, provider) not in tables:
            tables[sdk, provider] = table(sdk, provider)
        return tables[sdk, provider]

    return of


def receipts_by_call(server, workspace) -> dict[str, list[dict]]:
    wait_for(lambda: server.metrics()["ownkey_calls_open"] == 0, "no call is open")
    receipts = {}
    for receipt in workspace.receipts():
        receipts.setdefault(receipt["client_request_id"], []).append(receipt)
    return receipts


def of_sdk(sdk: str, provider: str) -> list[dict]:
    """The table without what a program in that language would wait for ever for, with Ownkey as without."""
    endless = {"stall"} if sdk == "node" else set()
    return [scenario for scenario in scenarios(provider) if scenario["fault"] not in endless]


CASES = [(sdk, provider, each["name"]) for sdk in SDKS for provider in PROVIDERS for each in of_sdk(sdk, provider)]


@pytest.mark.parametrize(("sdk", "provider", "name"), CASES, ids=lambda part: part)
def test_a_fault_is_the_same_via_ownkey(found, sdk, provider, name):
    both, receipts = found(sdk, provider)
    scenario, direct, via = both[name]
    assert direct["entries"], "the scenario reached the provider"
    assert "\n".join(compare(scenario, direct, via)) == ""
    if "told" in scenario["differs"]:
        assert raised(direct) in (None, *HUNG_UP) and raised(via) in TOLD
    [call] = {entry["client_request_id"] for entry in via["entries"]}
    assert len(receipts[call]) == len(via["entries"])
    allowed = set(FAULTS[scenario["fault"]].outcomes)
    if scenario["path"].endswith("deleted"):
        # What is gone when its answer breaks off is not found by the next attempt.
        allowed.add("failed")
    assert {receipt["outcome"] for receipt in receipts[call]} <= allowed


def raised(side: dict) -> str | None:
    error = side["seen"]["error"]
    return error and (error.get("type") if "its_type" in error else error["class"])


# Callers who leave.


MOMENTS = {"before_the_head": "[[sim:slow_head ms=60000]]", "within_the_answer": "[[sim:hang after=1]]"}
LEFT = [(provider, path, moment) for provider in PROVIDERS for path in PATHS[provider] for moment in MOMENTS]


def hang_up(connection: socket.socket) -> int:
    """When that was, by the clock that the simulator has too."""
    connection.close()
    return time.time_ns() // 1_000_000


@pytest.fixture(scope="module")
def left(server, sim):
    """What became of calls of every path whose callers left all at once."""
    ended = {}
    for provider in PROVIDERS:
        workspace, key = server.operator.create_workspace(), provider_key(provider)
        workspace.put_key(provider, key, expect=201)
        todo = [(path, moment, example) for path, example in examples(sim, provider, key).items() for moment in MOMENTS]
        ids = ["".join(made(sim, key, example.keeps)) for _, _, example in todo]
        since, calls = sim.now(), {}
        for (path, moment, example), id in zip(todo, ids, strict=True):
            headers = [("x-client-request-id", f"{path}-{moment}"), ("x-sim", MOMENTS[moment])]
            calls[f"{path}-{moment}"] = send(workspace, example, example.at(id), headers)
        wait_for(lambda: sim.stats()["open"] == len(calls), "all calls are at the provider")
        at = {name: hang_up(connection) for name, connection in calls.items()}
        entries = {entry["client_request_id"]: entry for entry in sim.ended(since)}
        receipts = receipts_by_call(server, workspace)
        ended[provider] = {name: (entries[name], at[name], receipts[name]) for name in calls}
    return ended


@pytest.mark.parametrize(("provider", "path", "moment"), LEFT, ids=lambda part: part)
def test_who_leaves_is_not_answered_on(left, provider, path, moment):
    entry, at, receipts = left[provider][f"{path}-{moment}"]
    assert entry["outcome"] == "cancelled"
    assert entry["ended_ms"] - at <= 1_000
    assert [receipt["outcome"] for receipt in receipts] == ["cancelled"]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_models_are_told_whatever_befalls_the_provider(workspace, sim, provider):
    """They are Ownkey's own answer."""
    workspace.put_key(provider, provider_key(provider), expect=201)
    since = sim.now()
    url = workspace.url + ("/v1" if provider == "openai" else "")
    with sdk_python.client(provider, url, workspace.secret, 0) as sdk:
        for fault in FAULTS.values():
            models = sdk.models.list(extra_headers={"x-sim": fault.asked}).data
            assert sdk.models.retrieve(models[0].id, extra_headers={"x-sim": fault.asked}).id == models[0].id
    assert sim.log(since) == []

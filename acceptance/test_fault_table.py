"""Every path beside every fault of a provider: the official SDKs raise the same via Ownkey as without it, as often, and
nothing that broke off ever looks whole."""

import re
import socket
import time
from functools import partial
from urllib.parse import urlsplit

import httpx
import pytest

from harness import sdk_node, sdk_python
from harness.api import LOCAL
from harness.faults import COMPLETION, FAULTS, PATHS, RESPONSE, scenarios
from harness.process import wait_for
from harness.sdk_suite import runs
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
        keep = partial(with_kept, sim) if provider == "openai" else lambda todo, key: todo
        run = partial(SDKS[sdk], at_once=CALLERS)
        both = runs(run, provider, sim, workspace, of_sdk(sdk, provider), keep)
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


def with_kept(sim, todo: list[dict], key: str) -> list[dict]:
    """The same, with an object of its own at the provider for each scenario that is about one."""
    bodies = {
        RESPONSE: ("/responses", {"model": "gpt-4o", "input": "Hello", "background": True}),
        COMPLETION: ("/chat/completions", {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}], "store": True}),
    }
    with httpx.Client(headers={"authorization": f"Bearer {key}"}, **LOCAL) as http:

        def made(word: str) -> str:
            path, body = bodies[word]
            return http.post(sim.openai + path, json=body).raise_for_status().json()["id"]

        return [scenario | {"args": [made(word) for word in scenario["args"]]} for scenario in todo]


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


def call_like(workspace, entry: dict, leaver: dict) -> socket.socket:
    """A call as an SDK made it, by nothing but a socket."""
    target, body = urlsplit(workspace.url), (entry["body"] or "").encode()
    path = re.sub(r"(resp|chatcmpl)[-_][0-9a-zA-Z]+", "".join(leaver["args"]), entry["path"])
    query = "?" + entry["query"] if entry["query"] else ""
    headers = {name: value for name, value in entry["headers"] if name in ("content-type", "anthropic-version")} | {
        "host": target.netloc,
        "authorization": f"Bearer {workspace.secret}",
        "content-length": str(len(body)),
        "x-client-request-id": leaver["name"],
        "x-sim": MOMENTS[leaver["moment"]],
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    connection = socket.create_connection((target.hostname, target.port), timeout=30)
    connection.sendall(f"{entry['method']} {path}{query} HTTP/1.1\r\n{head}\r\n".encode() + body)
    return connection


def hang_up(connection: socket.socket) -> int:
    """When that was, by the clock that the simulator has too."""
    connection.close()
    return time.time_ns() // 1_000_000


@pytest.fixture(scope="module")
def left(server, sim, found):
    """What became of calls of every path whose callers left all at once."""
    ended = {}
    for provider in PROVIDERS:
        workspace, key = server.operator.create_workspace(), provider_key(provider)
        workspace.put_key(provider, key, expect=201)
        examples = {scenario["path"]: via["entries"][0] for scenario, _, via in found("python", provider)[0].values()}
        leavers = [
            {"name": f"{name}-{moment}", "path": name, "moment": moment, "args": path.args}
            for name, path in PATHS[provider].items()
            for moment in MOMENTS
        ]
        leavers, since = with_kept(sim, leavers, key), sim.now()
        wait_for(lambda: sim.stats()["open"] == 0, "nothing else is going on")
        calls = {leaver["name"]: call_like(workspace, examples[leaver["path"]], leaver) for leaver in leavers}
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

"""Celune, sentence by sentence: what its page on own keys says, walked as its users would."""

import threading
from decimal import Decimal

import pytest

from harness.canary import Canary, Scanner
from harness.process import wait_for
from harness.sim import PROVIDERS, provider_key

each_provider = pytest.mark.parametrize("provider", PROVIDERS)


def outgoing(sim, since: int) -> dict:
    """The one call that reached the provider."""
    [call] = sim.calls(since)
    return call


def assert_managed(server, sim, workspace, provider, **options):
    since = sim.now()
    answer = workspace.ask(provider, **options)
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-ownkey-payer"] == "managed"
    assert "x-ownkey-credential" not in answer.headers
    assert outgoing(sim, since)["key"] == server.managed_keys[provider]
    assert_receipt(workspace.receipt(answer), "managed", None, outgoing(sim, since))
    return answer


def assert_own_key(sim, workspace, provider, key, credential, **options):
    since = sim.now()
    answer = workspace.ask(provider, **options)
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-ownkey-payer"] == "byok"
    assert answer.headers["x-ownkey-credential"] == credential
    assert answer.headers["x-ownkey-credits"] == "0"
    assert outgoing(sim, since)["key"] == key
    assert_receipt(workspace.receipt(answer), "byok", credential, outgoing(sim, since))
    return answer


def assert_receipt(receipt: dict, payer: str, credential: str | None, call: dict):
    assert (receipt["payer"], receipt["credential"]) == (payer, credential)
    assert (receipt["status"], receipt["outcome"], receipt["measured"]) == (200, "complete", "measured")
    usage = call["usage"]
    asked, said = ("prompt_tokens", "completion_tokens") if "prompt_tokens" in usage else ("input_tokens", "output_tokens")
    assert (receipt["usage"]["input"], receipt["usage"]["output"]) == (usage[asked], usage[said])
    assert Decimal(receipt["cost_usd"]) == Decimal(call["cost_usd"]) > 0
    assert receipt["cost_basis"] == "list" and receipt["price_version"]
    assert Decimal(receipt["credits"]) == 0
    [attempt] = receipt["attempts"]
    assert (attempt["payer"], attempt["credential"], attempt["status"]) == (payer, credential, 200)
    assert attempt["outcome"] == "complete" and attempt["provider_request_id"] == call["id"]


@each_provider
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
def test_celune_c1_calls_route_through_the_workspaces_own_key(server, sim, workspace, provider, stream):
    more = {"stream": True} if stream else {}
    assert_managed(server, sim, workspace, provider, **more)
    key = provider_key(provider)
    saved = workspace.put_key(provider, key, expect=201).json()
    assert saved["state"] == "active" and saved["verdict"]["verdict"] == "valid"
    assert saved["credential"].startswith("cred_")
    # "Once saved": the very next call.
    assert_own_key(sim, workspace, provider, key, saved["credential"], **more)
    # The other provider has no key: nothing changes there.
    other = next(name for name in PROVIDERS if name != provider)
    assert_managed(server, sim, workspace, other, **more)
    workspace.delete_key(provider)
    assert_managed(server, sim, workspace, provider, **more)
    assert [receipt["payer"] for receipt in workspace.receipts()] == ["managed", "managed", "byok", "managed"]


@each_provider
def test_celune_c4_one_key_serves_the_whole_workspace(server, sim, workspace, provider):
    key = provider_key(provider)
    credential = workspace.put_key(provider, key, expect=201).json()["credential"]
    agents = [workspace.new_api_key(name, ["inference"]) for name in ("agent one", "agent two")]
    for agent in agents:
        answer = assert_own_key(sim, workspace, provider, key, credential, secret=agent["secret"])
        assert workspace.receipt(answer)["api_key"] == agent["id"]
    # And only that workspace.
    assert_managed(server, sim, server.operator.create_workspace("Neighbour"), provider)


@each_provider
def test_celune_c5_the_key_is_encrypted_and_never_shown_again(server, sim, workspace, provider):
    key = provider_key(provider)
    scanner = Scanner([Canary.of_key("key", key)])
    leaks = []

    def look(answer):
        leaks.extend(scanner.scan(answer.content + str(answer.headers).encode(), str(answer.url)))
        return answer

    look(workspace.put_key(provider, key, expect=201))
    workspace.ask(provider)
    for api in (workspace.api, server.operator):
        for path in ("", "/provider-keys", "/api-keys", "/requests", "/usage", "/audit", "/policy"):
            look(api("GET", workspace.path + path))
        look(api("POST", f"{workspace.path}/provider-keys/{provider}/test", {}))
        look(api("GET", "/providers"))
    hint = workspace.provider_keys()[provider]["hint"]
    assert hint and hint.endswith(key[-4:])
    assert leaks == []
    assert scanner.scan_files(server.data) == [] and scanner.scan_text(server.kept(), "database") == []
    assert scanner.scan_text(server.output(), "log") == []


@each_provider
def test_celune_c6_rotate_by_deleting_and_adding_anew(server, sim, workspace, provider):
    first, second = provider_key(provider), provider_key(provider)
    one = workspace.put_key(provider, first, expect=201).json()["credential"]
    assert_own_key(sim, workspace, provider, first, one)
    workspace.delete_key(provider)
    two = workspace.put_key(provider, second, expect=201).json()["credential"]
    assert_own_key(sim, workspace, provider, second, two)
    assert one != two
    assert [receipt["credential"] for receipt in workspace.receipts()] == [two, one]


@each_provider
def test_celune_c6_rotate_in_place(server, sim, workspace, provider):
    first, second = provider_key(provider), provider_key(provider)
    one = workspace.put_key(provider, first, expect=201).json()["credential"]
    since, running = sim.now(), {}

    def long_call():
        running["answer"] = workspace.ask(provider, "Hello [[sim:chunks n=12 delay_ms=50]]", stream=True)

    caller = threading.Thread(target=long_call)
    caller.start()
    wait_for(lambda: sim.calls(since), "the long call is at the provider")
    two = workspace.put_key(provider, second, expect=200).json()["credential"]
    assert one != two
    assert_own_key(sim, workspace, provider, second, two)
    caller.join()
    # A call that had begun ends on the key it began with.
    assert running["answer"].status_code == 200
    assert running["answer"].headers["x-ownkey-credential"] == one
    assert {call["key"] for call in sim.calls(since)} == {first, second}
    assert workspace.receipt(running["answer"])["credential"] == one


@each_provider
def test_celune_c9_after_removal_managed_access_on_the_next_request(server, sim, workspace, provider):
    key = provider_key(provider)
    credential = workspace.put_key(provider, key, expect=201).json()["credential"]
    assert_own_key(sim, workspace, provider, key, credential)
    workspace.delete_key(provider)
    entry = workspace.provider_keys()[provider]
    assert (entry["state"], entry["credential"], entry["hint"]) == ("none", None, None)
    assert_managed(server, sim, workspace, provider)
    assert_managed(server, sim, workspace, provider, stream=True)

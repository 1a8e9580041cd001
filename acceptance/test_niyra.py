"""Niyra, sentence by sentence: its key storage and its limits."""

import pytest

from harness.canary import Canary, Scanner
from harness.files import digests
from harness.process import wait_for
from harness.server import new_kek
from harness.sim import PROVIDERS, provider_key


def test_niyra_n5_the_key_is_nowhere_but_in_the_call(new_server, sim):
    server = new_server().start()
    workspace = server.operator.create_workspace()
    keys = {provider: provider_key(provider) for provider in PROVIDERS}
    kek = server.kek_file.read_text().strip()
    scanner = Scanner([Canary.of_key(provider, key) for provider, key in keys.items()])
    kek_scanner = Scanner([Canary("kek", kek)])
    answers = [workspace.put_key(provider, key, expect=201) for provider, key in keys.items()]
    since = sim.now()
    for provider in PROVIDERS:
        assert workspace.ask(provider, stream=True).status_code == 200
    assert {call["key"] for call in sim.calls(since)} == set(keys.values())

    def found():
        both = [one.scan_files(server.data) + one.scan_text(server.kept(), "database") for one in (scanner, kek_scanner)]
        return sum(both, [])

    # While it runs: the database, its write-ahead log, the journal.
    assert found() == []
    answers += [workspace.api("GET", workspace.path + path) for path in ("/provider-keys", "/audit", "/requests")]
    assert [leak for answer in answers for leak in scanner.scan(answer.content, str(answer.url))] == []
    assert scanner.scan_text(server.output(), "log") + kek_scanner.scan_text(server.output(), "log") == []
    server.stop()
    assert found() == []

    # The same data and the same KEK: the keys are still there.
    server.start()
    since = sim.now()
    assert workspace.ask("openai").headers["x-ownkey-payer"] == "byok"
    assert sim.calls(since)[0]["key"] == keys["openai"]


@pytest.fixture
def stopped(new_server):
    """A server with a key in its store, stopped."""
    server = new_server().start()
    server.operator.create_workspace().put_key("openai", provider_key("openai"), expect=201)
    server.stop()
    return server


def assert_start_is_refused(server, *named: str):
    before, kept = digests(server.data), server.kept()
    kek = server.kek_file.read_bytes() if server.kek_file.exists() else None
    server.launch()
    code = wait_for(lambda: server.process.ended() is not None and (server.process.ended() or "zero"), "it ends", 15)
    assert code not in (0, "zero")
    said = server.process.output()
    assert "panicked" not in said
    for word in named:
        assert word in said, said
    assert digests(server.data) == before and server.kept() == kept
    assert kek is None or server.kek_file.read_bytes() == kek


def test_niyra_n5_a_wrong_kek_does_not_start_and_writes_nothing(stopped):
    wrong = new_kek()
    stopped.write_kek(wrong)
    assert_start_is_refused(stopped)
    assert wrong not in stopped.output()


def test_niyra_n5_a_missing_kek_does_not_start_and_writes_nothing(stopped):
    stopped.kek_file.unlink()
    assert_start_is_refused(stopped, str(stopped.kek_file))
    assert not stopped.kek_file.exists(), "a KEK is never made up"


@pytest.mark.parametrize("provider", PROVIDERS)
def test_niyra_n9_one_key_per_provider(sim, workspace, provider):
    first, second = provider_key(provider), provider_key(provider)
    other = next(name for name in PROVIDERS if name != provider)
    workspace.put_key(other, provider_key(other), expect=201)
    one = workspace.put_key(provider, first, expect=201).json()["credential"]
    two = workspace.put_key(provider, second, expect=200).json()["credential"]
    listed = workspace.api.get(f"{workspace.path}/provider-keys")["data"]
    assert sorted(entry["provider"] for entry in listed) == sorted(PROVIDERS)
    entry = workspace.provider_keys()[provider]
    assert entry["credential"] == two != one and entry["hint"].endswith(second[-4:])
    since = sim.now()
    workspace.ask(provider)
    assert [call["key"] for call in sim.calls(since)] == [second]
    # "Anthropic + OpenAI = two keys": removing one leaves the other.
    workspace.delete_key(provider)
    states = {name: entry["state"] for name, entry in workspace.provider_keys().items()}
    assert states == {provider: "none", other: "active"}

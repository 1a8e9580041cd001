"""Claude Code and Codex do their work through Ownkey as they do without it."""

from decimal import Decimal

import pytest

from harness.coding_agents import PROVIDERS, run, transcript
from harness.published import differences
from harness.sim import provider_key
from harness.tap import Tap
from harness.transcript import differences as unlike

# What each is asked, the exit code, and how often it asks the provider at least.
CASES = {
    "a tool is called": (None, 0, 2),
    "the key is refused": ("[[sim:status code=401]]", 1, 1),
    "too many requests": ("[[sim:status code=429]]", 1, 1),
}
# Where Ownkey says that a retry changes nothing, Claude Code makes none.
HOPELESS = {("claude_code", "the key is refused")}


def base_url(agent: str, url: str) -> str:
    return url + ("/v1" if PROVIDERS[agent] == "openai" else "")


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("agent", PROVIDERS)
def test_coding_agent_sees_the_same(workspace, sim, tmp_path, agent, case):
    prompt, code, attempts = CASES[case]
    provider, folder = PROVIDERS[agent], tmp_path / "agent"
    # A key each, so that neither finds in the provider's cache what the other one left there.
    keys = provider_key(provider), provider_key(provider)
    workspace.put_key(provider, keys[1], expect=201)
    transcripts = []
    for key, url, secret in ((keys[0], sim.base_url(provider), keys[0]), (keys[1], base_url(agent, workspace.url), workspace.secret)):
        since = sim.now()
        with Tap(url) as tap:
            done = run(agent, folder, tap.url, secret, prompt)
            assert "\n".join(differences(tap.exchanges())) == "" and tap.exchanges()
        assert done.code == code, f"{done.said} {done.errors}"
        assert done.made == (None if prompt else "made")
        entries = sim.ended(since)
        assert len(entries) >= attempts
        transcripts.append(transcript(agent, done, entries, key))
    direct, via = transcripts
    if (agent, case) in HOPELESS:
        direct["sent"] = direct["sent"][:1]
    assert "\n".join(unlike(direct, via)) == ""


@pytest.mark.parametrize("payer", ["byok", "managed"])
@pytest.mark.parametrize("agent", PROVIDERS)
def test_what_a_coding_agent_does_is_metered(workspace, sim, tmp_path, agent, payer):
    provider, since = PROVIDERS[agent], sim.now()
    if payer == "byok":
        workspace.put_key(provider, provider_key(provider), expect=201)
        since = sim.now()
    # A search on the web takes a fee that managed access has no price for.
    done = run(agent, tmp_path / "agent", base_url(agent, workspace.url), workspace.secret, more='web_search = "disabled"')
    assert done.made == "made", f"{done.said} {done.errors}"
    receipts = [receipt for receipt in workspace.receipts() if receipt["model"]]
    assert [(r["payer"], r["outcome"], r["measured"]) for r in receipts] == [(payer, "complete", "measured")] * 2
    billed = sum(Decimal(call["cost_usd"]) for call in sim.calls(since))
    assert sum(Decimal(receipt["cost_usd"]) for receipt in receipts) == billed > 0

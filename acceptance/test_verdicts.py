"""Every error the providers are known to answer, met while a key is pasted: what the pasting person is told, and
that nothing but a refusal of the key itself is ever called one."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.process import ROOT
from harness.sim import provider_key

CORPUS = json.loads((ROOT / "crates/providers/tests/corpus.json").read_text())
# What comes as the answer to a plain request. The others are events in streams and on sockets.
ANSWERS = [entry for entry in CORPUS if entry["transport"] in ("http_json", "http_non_json", "in_body", "none")]
STORED = {"valid", "valid_limited", "rate_limited", "quota_exhausted"}
DOWN = {"unreachable", "provider_incident"}
# The wire shows less than the collection knows; each of these looks exactly like another error.
LOOKS_LIKE = {
    # An unknown key. A key of that kind is told by its prefix and never sent.
    "anthropic.admin_key_for_inference": {"invalid"},
    # Any rate limit.
    "anthropic.billing.claude_code_workspace_limit": {"rate_limited"},
    # A request that is too large for any limit.
    "openai.rate.request_too_large": STORED,
    # A proxy's refusal.
    "openai.realtime.no_access": DOWN,
}


def allowed(entry: dict) -> set[str]:
    verdict = entry["verdict"]
    if entry["id"] in LOOKS_LIKE:
        return LOOKS_LIKE[entry["id"]]
    if verdict == "not_about_the_key":
        return STORED | DOWN
    if verdict in ("wrong_provider", "malformed", "wrong_kind"):
        # Prefixes tell these apart before anything is sent; on the wire they are refusals, or requests gone wrong.
        return {"invalid"} | STORED | DOWN
    return {verdict}


def pasted(server, sim, entry: dict, behaviour: str) -> tuple[str, str]:
    """What is said of a key that meets the error, after an older key was stored."""
    workspace, provider = server.operator.create_workspace(), entry["provider"]
    workspace.put_key(provider, provider_key(provider), expect=201)
    before = workspace.provider_keys()[provider]["credential"]
    key = provider_key(provider)
    sim.set_key(key, f"{behaviour}:{entry['id']}")
    answer = workspace.put_key(provider, key)
    shown = workspace.provider_keys()[provider]
    if answer.status_code == 200:
        assert shown["credential"] != before
        verdict = shown["verdict"]["verdict"]
        assert verdict in STORED, entry["id"]
    else:
        verdict = answer.json()["code"]
        assert answer.status_code == (502 if verdict in DOWN else 422), f"{entry['id']}: {answer.text}"
        # The old key stays in force.
        assert shown["credential"] == before and shown["state"] == "active"
    return entry["id"], verdict


@pytest.mark.parametrize("behaviour", ["error", "inference_error"])
def test_every_known_error(server, sim, report, behaviour):
    assert len(ANSWERS) > 100
    with ThreadPoolExecutor(8) as pool:
        said = dict(pool.map(lambda entry: pasted(server, sim, entry, behaviour), ANSWERS))
    wrong = {entry["id"]: said[entry["id"]] for entry in ANSWERS if said[entry["id"]] not in allowed(entry)}
    assert wrong == {}
    # Said once more, since it matters most: the collection itself calls each of these a refusal of the key.
    refusals = {"invalid", "wrong_kind", "wrong_provider", "malformed"}
    refused = [entry for entry in ANSWERS if said[entry["id"]] == "invalid" and entry["id"] not in LOOKS_LIKE]
    assert {entry["verdict"] for entry in refused} <= refusals
    report(f"verdicts on {behaviour}: {dict(Counter(said.values()))}")

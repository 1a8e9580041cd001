"""The two runs of an SDK: directly to the provider, and via Ownkey with that provider's key as the workspace's own."""

from .sim import provider_key
from .scenarios import scenarios
from .transcript import by_request


def runs(run, provider: str, sim, workspace, todo: list[dict] | None = None) -> dict[str, tuple[dict, dict, dict]]:
    """Scenario name → (scenario, direct, via)."""
    key = provider_key(provider)
    workspace.put_key(provider, key, expect=201)
    suffix = "/v1" if provider == "openai" else ""
    todo = todo or scenarios(provider)
    since = sim.now()
    direct = run(provider, sim.base_url(provider), key, todo)
    via = run(provider, workspace.url + suffix, workspace.secret, todo)
    calls = by_request(sim.ended(since))
    found = {}
    for scenario, direct_id, via_id in zip(todo, direct, via, strict=True):
        sides = [{"seen": seen[id], "entries": calls.get(id, [])} for seen, id in ((direct, direct_id), (via, via_id))]
        found[scenario["name"]] = (scenario, *sides)
    return found

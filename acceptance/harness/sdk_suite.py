"""The two runs of an SDK: directly to the provider, and via Ownkey with that provider's key as the workspace's own. Every answer holds
to the provider's published schemas."""

from .published import differences
from .scenarios import scenarios
from .sim import provider_key
from .tap import Tap
from .transcript import by_request


def runs(run, provider: str, sim, workspace, todo=None, prepared=lambda todo, key: todo) -> dict[str, tuple[dict, dict, dict]]:
    """Scenario name → (scenario, direct, via); `prepared` makes of the scenarios what one run needs."""
    key = provider_key(provider)
    workspace.put_key(provider, key, expect=201)
    suffix = "/v1" if provider == "openai" else ""
    todo = todo or scenarios(provider)
    ready = prepared(todo, key), prepared(todo, key)
    since = sim.now()
    with Tap(sim.base_url(provider)) as at_provider, Tap(workspace.url + suffix) as at_ownkey:
        direct = run(provider, at_provider.url, key, ready[0])
        via = run(provider, at_ownkey.url, workspace.secret, ready[1])
        calls = by_request(sim.ended(since))
        assert "\n".join(differences([*at_provider.exchanges(), *at_ownkey.exchanges()])) == ""
        # Nothing went past them.
        assert min(len(at_provider.exchanges()), len(at_ownkey.exchanges())) >= len(todo) - 1
    found = {}
    for scenario, direct_id, via_id in zip(todo, direct, via, strict=True):
        sides = [{"seen": seen[id], "entries": calls.get(id, [])} for seen, id in ((direct, direct_id), (via, via_id))]
        found[scenario["name"]] = (scenario, *sides)
    return found

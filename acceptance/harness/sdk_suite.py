"""The two runs of an SDK: directly to the provider, and via Ownkey with that provider's key as the workspace's own."""

from .published import differences
from .scenarios import scenarios
from .sim import provider_key
from .tap import Tap
from .transcript import by_request

Found = dict[str, tuple[dict, dict, dict]]


def runs(run, provider: str, sim, workspace, todo=None) -> Found:
    """Scenario name → (scenario, direct, via). Every answer holds to the provider's published schemas."""
    todo = todo or scenarios(provider)
    with Tap(sim.base_url(provider)) as at_provider, Tap(base_url(workspace, provider)) as at_ownkey:
        found = both(run, provider, sim, workspace, (at_provider.url, at_ownkey.url), todo)
        assert "\n".join(differences([*at_provider.exchanges(), *at_ownkey.exchanges()])) == ""
        # Nothing went past them.
        assert min(len(at_provider.exchanges()), len(at_ownkey.exchanges())) >= len(todo) - 1
    return found


def faulty_runs(run, provider: str, sim, workspace, todo, prepared) -> Found:
    """The same where answers are as no schema has them; `prepared` makes of the scenarios what one run needs."""
    urls = sim.base_url(provider), base_url(workspace, provider)
    return both(run, provider, sim, workspace, urls, todo, prepared)


def both(run, provider: str, sim, workspace, urls, todo, prepared=lambda todo, key: todo) -> Found:
    key = provider_key(provider)
    workspace.put_key(provider, key, expect=201)
    ready = prepared(todo, key), prepared(todo, key)
    since = sim.now()
    direct = run(provider, urls[0], key, ready[0])
    via = run(provider, urls[1], workspace.secret, ready[1])
    calls = by_request(sim.ended(since))
    found = {}
    for scenario, direct_id, via_id in zip(todo, direct, via, strict=True):
        sides = [{"seen": seen[id], "entries": calls.get(id, [])} for seen, id in ((direct, direct_id), (via, via_id))]
        found[scenario["name"]] = (scenario, *sides)
    return found


def base_url(workspace, provider: str) -> str:
    return workspace.url + ("/v1" if provider == "openai" else "")

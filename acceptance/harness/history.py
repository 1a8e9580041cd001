"""Sixty days of a workspace, made by real calls of a server whose clock is set from day to day."""

from dataclasses import dataclass

from .api import Workspace
from .clock import DAY_S, HOUR_S, Clock
from .process import wait_for
from .products import grant
from .products import workspace as new_workspace
from .sim import provider_key

DAYS = 60
MODELS = [
    ("anthropic", "claude-haiku-4-5"),
    ("anthropic", "claude-sonnet-4-6"),
    ("anthropic", "claude-opus-4-6"),
    ("openai", "gpt-4o"),
    ("openai", "gpt-4o-mini"),
]
FAULTS = {"openai": "openai.rate.requests", "anthropic": "anthropic.incident.overloaded"}


@dataclass
class History:
    """What was made."""

    workspace: Workspace
    receipt: str


def sixty_days(server, sim, clock: Clock) -> History:
    """Two months on a plan that is paid in credits: own calls at Anthropic, managed ones at OpenAI, some that fail; at
    the end Anthropic refuses the key."""
    clock.set(-DAYS * DAY_S)
    acme = new_workspace(server, "pro")
    key = provider_key("anthropic")
    acme.put_key("anthropic", key, 201)
    grant(acme, "50000")
    acme.api("PUT", f"{acme.path}/agents/lead", {"model": "claude-sonnet-4-6"}, 201)
    acme.new_api_key("CI on main", ["inference"])
    for day in range(DAYS):
        for number, (provider, model) in enumerate(MODELS):
            # Weekends are quiet, and it becomes more from week to week.
            if day % 7 in (5, 6) and number > 1:
                continue
            clock.set(-(DAYS - day) * DAY_S + (8 + 2 * number) * HOUR_S)
            size = (1 + day) * (7 - number) * 40
            assert acme.ask(provider, f"[[sim:usage input={size * 10} output={size}]]", model=model).status_code == 200
        if day % 9 == 0:
            provider = ("openai", "anthropic")[day % 2]
            acme.ask(provider, f"[[sim:error id={FAULTS[provider]}]]")
    receipt = acme.ask("openai").headers["x-ownkey-request-id"]
    sim.set_key(key, "revoked")
    # A row of refusals is one only if it lasts.
    for seconds in (9, 6, 3, 0):
        clock.set(-seconds)
        acme.ask("anthropic")
    wait_for(lambda: acme.provider_keys()["anthropic"]["state"] == "invalid", "the key is known to be refused")
    return History(acme, receipt)

"""What the dialog that removes a key says of who pays next is what the next call then does."""

import itertools
import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import expect

from harness.dashboard import open_providers, person
from harness.products import change, grant
from harness.products import workspace as new_workspace
from harness.server import Server
from harness.sim import provider_key

SETTINGS = """
[dashboard]
product_name = "Celune"
[credits]
usd_per_credit = "0.01"
markup = "1.2"
[plans.included]
name = "Pro"
byok = true
managed = "included"
[plans.credits]
name = "Metered"
byok = true
managed = "credits"
[plans.alone]
name = "Alone"
byok = true
managed = "none"
[plans.keyless]
name = "Spark"
byok = false
managed = "included"
dormant_keys = "stop"
"""
FALLBACK = {"on": ["rate_limited"], "daily_cap_usd": "5"}
POLICIES = {
    "own-first": {"payer": "byok_preferred"},
    "own-only": {"payer": "byok_only"},
    "managed-only": {"payer": "managed_only"},
    "with-fallback": {"payer": "byok_preferred", "fallback": FALLBACK},
}


@dataclass
class Plan:
    id: str
    granted: str | None = None


PLANS = {
    "included": Plan("included"),
    "credits": Plan("credits", "1204"),
    "no-credits": Plan("credits"),
    "alone": Plan("alone"),
    "keyless": Plan("keyless"),
}
INCLUDED = "Celune's managed access pays; it's included in"
BROKE = "Anthropic calls fail, because there are no credits left"
NO_MORE = "Anthropic calls will fail"
# What the dialog may say, what is said once it is done, and what a call then gets: its payer, or why it fails.
SAYS = {
    INCLUDED: ("Disconnected. Celune's managed access pays from now on.", ("managed", None)),
    "credits pay: you have 1,204": ("Disconnected. Credits pay from now on.", ("managed", None)),
    BROKE: ("Disconnected. Anthropic calls need credits or a key.", (None, "insufficient_credits")),
    f"{NO_MORE} until you add another key (your policy: own key only)": (
        "Disconnected. No Anthropic calls until there is a key.",
        (None, "byok_required"),
    ),
    f"{NO_MORE} until you add another key.": (
        "Disconnected. No Anthropic calls until there is a key.",
        (None, "byok_required"),
    ),
    f"{NO_MORE}: the plan does not include own provider keys": (
        "Disconnected. No Anthropic calls until there is a key.",
        (None, "plan_required"),
    ),
    f"{NO_MORE}: managed access is not available for this provider": (
        "Disconnected. No Anthropic calls until there is a key.",
        (None, "managed_unavailable"),
    ),
}


@pytest.fixture(scope="module")
def celune(tmp_path_factory, sim):
    running = Server(tmp_path_factory.mktemp("celune"), sim, settings=SETTINGS).start()
    yield running
    running.stop()


@pytest.mark.parametrize("plan, policy", list(itertools.product(PLANS, POLICIES)))
def test_the_next_call_does_what_the_dialog_said(celune, visit, plan, policy):
    acme = new_workspace(celune, "included")
    acme.put_key("anthropic", provider_key("anthropic"), 201)
    acme.api("PUT", f"{acme.path}/policy", POLICIES[policy], 200)
    change(celune, acme, plan=PLANS[plan].id)
    if PLANS[plan].granted:
        grant(acme, PLANS[plan].granted)
    dana = visit(celune)
    dana.enter(person(celune, acme))
    open_providers(dana, acme, "?disconnect=anthropic")
    page = dana.page
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Keep the key")).to_be_focused()
    # The policy is asked for beside; until it is there, the sentence is shorter.
    page.wait_for_load_state("networkidle")
    said = dialog.get_by_text("From the next call on").inner_text()
    [afterwards, does] = next(SAYS[words] for words in SAYS if words in said)
    dialog.get_by_role("button", name="Disconnect", exact=True).click()
    expect(page.get_by_text(afterwards)).to_be_visible()
    assert acme.provider_keys()["anthropic"]["state"] == "none"
    answer = acme.ask("anthropic")
    payer, error = answer.headers.get("x-ownkey-payer"), answer.headers.get("x-ownkey-error")
    assert (payer if answer.status_code == 200 else None, error) == does, (said, answer.text)
    card = page.get_by_role("region", name="Anthropic")
    expect(card.get_by_text(re.compile("pay|No calls possible"))).to_contain_text(
        "pay" if answer.status_code == 200 else "No calls possible"
    )

"""What every page says of who pays is what the next call then does."""

from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from harness.dashboard import open_providers, person
from harness.products import grant, settings
from harness.products import workspace as new_workspace
from harness.server import Server
from harness.sim import provider_key

MODEL = "claude-haiku-4-5"
FALLS = "no other payer steps in"
CONSENT = {"fallback": {"on": ["quota_exhausted"], "daily_cap_usd": "5"}}


@dataclass
class Said:
    """In the strip, on the card, in the playground, in the table of costs; what the call does."""

    strip: str
    card: str
    playground: str
    costs: str
    does: tuple


BROKE = Said(
    "no calls",
    "No calls possible: there are no credits left.",
    "This call will fail: there are no credits left.",
    "now calls fail: insufficient_credits",
    (None, "insufficient_credits"),
)
STEPS_IN = Said(
    "managed",
    "Credits pay in place of your key.",
    "in place of your key",
    "now managed access pays in its place",
    ("managed", None),
)
REFUSED = Said(
    "no calls",
    "No calls possible.",
    "This call will fail: the provider refuses the key.",
    "now calls fail: provider_key_invalid",
    (None, "provider_key_invalid"),
)
OVER_BUDGET = Said(
    "no calls",
    "No calls possible: the budget daily is used up.",
    "This call will fail: the budget daily is used up.",
    "now calls fail: budget_exceeded",
    (None, "budget_exceeded"),
)
MANAGED = Said("managed", "Credits pay.", "This call will be paid by", "per million tokens", ("managed", None))
OWN = Said("own key", "Your key pays. Anthropic bills you.", "This call will be paid by", "0 credits", ("byok", None))


@pytest.fixture(scope="module")
def niyra(tmp_path_factory, sim):
    running = Server(tmp_path_factory.mktemp("niyra"), sim, settings=settings("niyra")).start()
    yield running
    running.stop()


def check(page: Page, acme, said: Said, alert: str | None):
    open_providers_again(page, acme)
    expect(page.get_by_role("banner")).to_contain_text(f"Anthropic · {said.strip}")
    expect(page.get_by_role("region", name="Anthropic").get_by_text(said.card, exact=True)).to_be_visible()
    if not (alert and FALLS in alert):
        expect(page.get_by_role("main").get_by_text(FALLS)).to_have_count(0)
    page.goto(f"/w/{acme.id}/playground?model={MODEL}")
    expect(page.get_by_role("main")).to_contain_text(said.playground)
    page.goto(f"/w/{acme.id}/settings/agents")
    badge = {"own key": "Own key", "managed": "Managed", "no calls": "Nobody"}[said.strip]
    expect(page.get_by_role("main").get_by_text(badge, exact=True).first).to_be_visible(timeout=15_000)
    page.goto(f"/w/{acme.id}/settings/who-pays")
    page.get_by_role("textbox", name="Search what costs what").fill(MODEL)
    row = page.get_by_role("row").filter(has_text=MODEL).first
    expect(row).to_contain_text(badge)
    expect(row).to_contain_text(said.costs)
    answer = acme.ask("anthropic")
    payer = answer.headers.get("x-ownkey-payer") if answer.status_code == 200 else None
    assert (payer, answer.headers.get("x-ownkey-error")) == said.does, answer.text
    page.goto(f"/w/{acme.id}")
    see = page.get_by_role("status").filter(has_text="Anthropic key:").or_(page.get_by_text("See the key"))
    if alert:
        expect(page.get_by_role("main")).to_contain_text(alert)
    else:
        expect(page.get_by_role("heading", name="Newest calls")).to_be_visible()
        expect(see).to_have_count(0)


def open_providers_again(page: Page, acme):
    page.goto(f"/w/{acme.id}/settings/integrations/ai-providers")
    expect(page.get_by_role("heading", name="AI Providers", exact=True)).to_be_visible()


def test_every_page_says_what_the_next_call_does(niyra, sim, visit):
    acme = new_workspace(niyra, "pro")
    dana = visit(niyra)
    dana.enter(person(niyra, acme))
    open_providers(dana, acme)
    page = dana.page
    acme.api("PUT", f"{acme.path}/agents/lead", {"model": MODEL}, 201)
    check(page, acme, BROKE, "No credits left")
    grant(acme, 100)
    acme.api("PUT", f"{acme.path}/policy", CONSENT, 200)
    key = provider_key("anthropic")
    acme.put_key("anthropic", key, 201)
    check(page, acme, OWN, None)
    # Nobody tests the key: a call meets it.
    sim.set_key(key, "noquota")
    assert acme.ask("anthropic").headers["x-ownkey-payer"] == "managed"
    check(page, acme, STEPS_IN, "While it fails, credits pay in its place, as your policy allows.")
    sim.set_key(key, "ok")
    assert acme.ask("anthropic").headers["x-ownkey-payer"] == "byok"
    check(page, acme, OWN, None)
    niyra.operator("PUT", f"{acme.path}/budgets/daily", {"period": "day", "limit_usd": "0"}, 201)
    check(page, acme, OVER_BUDGET, "Budget “daily”")
    niyra.operator("DELETE", f"{acme.path}/budgets/daily", None, 204)
    sim.set_key(key, "revoked")
    page.goto(f"/w/{acme.id}")
    page.get_by_role("button", name="Test key for Anthropic").click()
    expect(page.get_by_role("status").filter(has_text="Anthropic has refused this key since")).to_be_visible()
    check(page, acme, REFUSED, "Calls on it fail; no other payer steps in.")
    acme.api("PUT", f"{acme.path}/policy", {"payer": "managed_only"}, 200)
    check(page, acme, MANAGED, None)

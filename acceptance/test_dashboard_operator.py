"""The operator's pages, and what stands around every page: the palette, and what is said when session or connection end."""

import re

import pytest
from playwright.sync_api import Page, expect

from harness.dashboard import DESK, PASSWORD, PHONE, Visit, open_providers, person, setup_link
from harness.process import wait_for
from harness.products import grant, services, settings, workspace as new_workspace
from harness.session import Session
from harness.sim import provider_key

OPERATOR_PAGES = ["workspaces", "plans", "models", "services", "grants", "health"]
each_size = pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])


@pytest.fixture
def celune(new_server):
    return new_server(settings=settings("celune")).start()


@pytest.fixture
def niyra(new_server, sim):
    return new_server(settings=services("niyra", sim)).start()


def operator(server, visit: Visit) -> Visit:
    """Whoever runs the installation, come by the link that it printed."""
    token = setup_link(server.output()).split("#")[1]
    session = Session(server.url)
    body = {"token": token, "mail": "eli@example.com", "name": "Eli", "password": PASSWORD}
    session("POST", "/setup", body, 201)
    visit.enter(session)
    return visit


def palette(page: Page, query: str):
    """Opens the palette by keyboard and asks it."""
    page.keyboard.press("Control+k")
    field = page.get_by_placeholder("Search or jump to…")
    expect(field).to_be_focused()
    field.fill(query)


@each_size
def test_a_smaller_plan_is_seen_before_it_is_taken(celune, visit, viewport):
    acme = new_workspace(celune, "pro")
    for provider in ("anthropic", "openai"):
        acme.put_key(provider, provider_key(provider), 201)
    page = operator(celune, visit(celune, viewport=viewport)).page
    page.goto("/operator/workspaces")
    page.get_by_role("link", name="Acme").click()
    page.get_by_role("button", name="Change plan").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("combobox", name="Plan").click()
    page.get_by_role("option", name="Spark").click()
    expect(dialog.get_by_role("status")).to_contain_text("2 provider keys fall asleep")
    expect(dialog.get_by_role("status")).to_contain_text("Calls to these providers fail until the plan has own keys again")
    expect(dialog.get_by_role("row", name=re.compile("Anthropic"))).to_contain_text("plan_required")
    assert acme.ask("anthropic").headers["x-ownkey-payer"] == "byok"
    dialog.get_by_role("button", name="Change to Spark").click()
    expect(page.get_by_text("Acme is on Spark from the next call on.")).to_be_visible()
    expect(page.get_by_role("region", name="Who pays")).to_contain_text("Asleep")
    assert acme.ask("anthropic").headers["x-ownkey-error"] == "plan_required"


def test_credits_are_granted_once_with_both_balances_said_before(niyra, visit):
    acme, namesake = new_workspace(niyra, "pro"), new_workspace(niyra, "pro")
    grant(acme, "2.5")
    before = niyra.operator("GET", f"{acme.path}/credits", None, 200).json()["balance"]
    staff = operator(niyra, visit(niyra))
    page = staff.page
    page.goto(f"/operator/workspaces/{acme.id}?change=grant")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Amount").fill("10")
    dialog.get_by_label("Reason").fill("For the outage of Tuesday")
    dialog.get_by_label("Expires").fill("2031-01-31")
    dialog.get_by_role("button", name="Go on").click()
    after = float(before) + 10
    expect(dialog).to_contain_text(f"has {float(before):,.2f} credits. With this grant it has {after:,.2f} credits.")
    dialog.get_by_role("button", name="Grant 10 credits").click()
    expect(page.get_by_text("Granted. Acme has 10 credits more.")).to_be_visible()
    expect(page.get_by_role("region", name="Credits")).to_contain_text(f"{after:,.2f} credits")
    way = page.get_by_role("navigation", name="Where you are")
    expect(way).to_have_text("Operator › Workspaces › Acme")
    way.get_by_role("link", name="Workspaces").click()
    expect(way).to_have_text("Operator › Workspaces")
    page.go_back()
    posted = [body for method, url, body in staff.requests if method == "POST" and url.endswith("/credits/grants")]
    assert len(posted) == 1 and "2031-01-31T23:59:59Z" in posted[0]
    page.get_by_role("link", name="Its grants").click()
    row = page.get_by_role("row", name=re.compile("outage of Tuesday"))
    expect(row).to_contain_text("Something left")
    page.get_by_role("combobox", name="State").click()
    page.get_by_role("option", name="Expired").click()
    expect(page.get_by_text("No grants match")).to_be_visible()
    assert "state=expired" in page.url and acme.id in page.url
    # One more, from here: first to whom.
    page.goto("/operator/grants?new")
    page.get_by_role("dialog", name="Grant credits", exact=True).get_by_role("combobox", name="Workspace").click()
    page.get_by_role("option", name=f"Acme (ws_…{namesake.id[-6:]})").click()
    expect(page.get_by_role("dialog", name="Grant credits to Acme").get_by_label("Amount")).to_be_focused()
    assert f"workspace={namesake.id}" in page.url
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Grants", level=1)).to_be_focused()
    page.goto("/operator/workspaces?new")
    expect(page.get_by_role("dialog", name="Create workspace")).to_be_visible()


def test_a_failing_managed_key_is_the_first_thing_on_the_page_of_health(celune, sim, visit):
    acme = new_workspace(celune, "pro")
    staff = operator(celune, visit(celune))
    assert acme.ask("openai").headers["x-ownkey-payer"] == "managed"
    assert acme.ask("anthropic").status_code == 200
    sim.set_key(celune.managed_keys["openai"], "revoked")
    try:
        assert acme.ask("openai").headers["x-ownkey-error"] == "managed_unavailable"
    finally:
        sim.set_key(celune.managed_keys["openai"], "ok")
    page = staff.page
    page.goto("/operator/health")
    first = page.get_by_role("heading").nth(1)
    expect(first).to_have_text("OpenAI refuses your managed key")
    rows = page.get_by_role("region", name="Managed keys").get_by_role("row")
    expect(rows.nth(1)).to_contain_text("OpenAI")
    expect(rows.nth(1)).to_contain_text("Refused")
    expect(rows.nth(1)).to_contain_text("50 % of 2 calls")
    expect(rows.nth(2)).to_contain_text("Works")
    assert celune.managed_keys["openai"][-4:] in rows.nth(1).text_content()
    expect(page.get_by_role("region", name="Key-encryption key")).to_contain_text("Done")
    expect(page.get_by_role("region", name="Nodes")).to_contain_text("answered this page")
    assert acme.ask("openai").status_code == 200
    page.reload()
    expect(page.get_by_role("heading").nth(1)).to_have_text("Managed keys")


def test_what_is_configured_says_where(niyra, visit):
    page = operator(niyra, visit(niyra)).page
    for name, title, holds in (
        ("plans", "Plans", "Pro"),
        ("models", "Models & prices", "claude-haiku-4-5"),
        ("services", "Services", "enrichment"),
    ):
        page.goto(f"/operator/{name}")
        expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
        expect(page.get_by_role("table")).to_contain_text(holds)
        expect(page.get_by_text(str(niyra.folder / "ownkey.toml"))).to_be_visible()
        page.get_by_role("button", name="Copy the example").click()
        assert page.evaluate("navigator.clipboard.readText()").startswith("[")


def test_only_the_operator_sees_the_operators_pages(celune, visit):
    acme = new_workspace(celune, "pro")
    owner = visit(celune)
    owner.enter(person(celune, acme, "owner"))
    for name in OPERATOR_PAGES:
        owner.page.goto(f"/operator/{name}")
        expect(owner.page.get_by_text("Only operators of this installation can see this.")).to_be_visible()


def test_the_palette_jumps_and_acts_by_keyboard_alone(celune, visit):
    acme = new_workspace(celune, "pro")
    acme.put_key("anthropic", provider_key("anthropic"), 201)
    staff = visit(celune)
    staff.enter(person(celune, acme, "admin"))
    page = staff.page
    page.goto(f"/w/{acme.id}")
    expect(page.get_by_role("heading", name="Overview", level=1)).to_be_visible()
    for query, title in (("byok", "AI Providers"), ("rotate", "AI Providers"), ("cap", None), ("fallback", "Who pays")):
        palette(page, query)
        expect(page.get_by_role("dialog").get_by_role("button").first).to_be_visible()
        if title is None:
            page.keyboard.press("Escape")
            expect(page.get_by_role("dialog")).to_have_count(0)
            continue
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
    palette(page, "test anthropic")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The key works")).to_be_visible()
    palette(page, "new api key")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name=re.compile("API key"))).to_be_visible()
    page.keyboard.press("Escape")
    palette(page, "copy base openai")
    page.keyboard.press("Enter")
    wait_for(lambda: page.evaluate("navigator.clipboard.readText()") == f"{celune.url}/v1", "the copied address")


@each_size
def test_a_pasted_receipt_opens_from_the_palette_and_by_its_short_address(celune, visit, viewport):
    acme = new_workspace(celune, "pro")
    request = acme.ask("anthropic").headers["x-ownkey-request-id"]
    member = visit(celune, viewport=viewport)
    member.enter(person(celune, acme, "viewer"))
    page = member.page
    page.goto(f"/w/{acme.id}")
    page.get_by_role("button", name="Search or jump to…").click()
    page.evaluate("text => navigator.clipboard.writeText(text)", request)
    expect(page.get_by_placeholder("Search or jump to…")).to_be_focused()
    page.keyboard.press("Control+V")
    expect(page.get_by_role("dialog").get_by_role("button", name=re.compile(request))).to_be_visible()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/w/{acme.id}/receipts/{request}")
    expect(page.get_by_role("heading", level=2).first).to_contain_text("included in the plan")
    page.goto(f"/w/{acme.id}/r/{request}")
    page.wait_for_url(f"**/w/{acme.id}/receipts/{request}")


def test_an_address_without_a_page_offers_the_palette_in_place(celune, visit):
    acme = new_workspace(celune, "pro")
    member = visit(celune)
    member.enter(person(celune, acme, "viewer"))
    page = member.page
    for address in ("/nowhere", f"/w/{acme.id}/nowhere"):
        page.goto(address)
        expect(page.get_by_role("heading", name="There is nothing here", level=1)).to_be_visible()
    assert not member.violations()
    page.get_by_label("Search or jump to").fill("byok")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="AI Providers", level=1)).to_be_visible()
    page.goto("/settings/byok")
    expect(page.get_by_role("heading", name="AI Providers", level=1)).to_be_visible()


def test_when_the_session_ends_what_was_typed_stays(celune, visit):
    acme = new_workspace(celune, "pro")
    staff = operator(celune, visit(celune))
    page = staff.page
    page.goto(f"/operator/workspaces/{acme.id}?change=grant")
    page.get_by_label("Amount").fill("12")
    page.get_by_label("Reason").fill("A promise")
    page.get_by_role("button", name="Go on").click()
    staff.context.clear_cookies()
    page.get_by_role("button", name="Grant 12 credits").click()
    over = page.get_by_role("dialog", name="Your session has ended. Sign in to go on.")
    over.get_by_label("Password", exact=True).fill(PASSWORD)
    over.get_by_role("button", name="Sign in").click()
    expect(over).to_have_count(0)
    page.get_by_role("button", name="Grant 12 credits").click()
    expect(page.get_by_text("Granted. Acme has 12 credits more.")).to_be_visible()


@each_size
def test_offline_shows_what_there_was_and_sends_nothing(celune, visit, viewport):
    acme = new_workspace(celune, "pro")
    acme.put_key("anthropic", provider_key("anthropic"), 201)
    member = visit(celune, viewport=viewport)
    member.enter(person(celune, acme, "admin"))
    page = member.page
    open_providers(member, acme, "?disconnect=anthropic")
    expect(page.get_by_role("button", name="Keep the key")).to_be_focused()
    member.context.set_offline(True)
    expect(page.get_by_text(re.compile(r"You're offline. Showing what we had at \d"))).to_be_attached()
    button = page.get_by_role("dialog").get_by_role("button", name="Disconnect")
    expect(button).to_have_attribute("aria-disabled", "true")
    button.focus()
    expect(page.get_by_role("tooltip").filter(has_text="Nothing is sent until the connection is back.")).to_be_visible()
    button.click(force=True)
    assert acme.provider_keys()["anthropic"]["state"] == "active"
    member.context.set_offline(False)
    expect(page.get_by_text(re.compile("You're offline. Showing"))).to_have_count(0)
    assert [method for method, *_ in member.requests if method == "DELETE"] == []
    page.get_by_role("dialog").get_by_role("button", name="Disconnect").click()
    expect(page.get_by_role("region", name="Anthropic")).to_contain_text("No key yet")
    assert acme.provider_keys()["anthropic"]["state"] == "none"


def test_a_server_that_is_away_is_said_and_found_again_without_reloading(celune, visit):
    acme = new_workspace(celune, "pro")
    member = visit(celune)
    member.enter(person(celune, acme, "admin"))
    page = member.page
    open_providers(member, acme)
    page.route("**/api/**", lambda route: route.abort())
    expect(page.get_by_text("We can't reach the server. Showing what we had at")).to_be_visible(timeout=30_000)
    expect(page.get_by_role("region", name="Anthropic")).to_be_visible()
    page.unroute("**/api/**")
    expect(page.get_by_text("We can't reach the server. Showing what we had at")).to_have_count(0, timeout=30_000)


def test_a_key_that_somebody_else_removes_says_by_whom(celune, visit):
    acme = new_workspace(celune, "pro")
    acme.put_key("openai", provider_key("openai"), 201)
    member = visit(celune)
    member.enter(person(celune, acme, "admin"))
    open_providers(member, acme)
    card = member.page.get_by_role("region", name="OpenAI")
    expect(card).to_contain_text("Your key pays.")
    celune.operator("DELETE", f"{acme.path}/provider-keys/openai", None, 204)
    expect(card).to_contain_text("Changed just now by the operator.", timeout=20_000)
    expect(member.page.get_by_role("region", name="Anthropic")).not_to_contain_text("Changed just now")


def test_an_agents_model_can_be_taken_back(celune, visit):
    acme = new_workspace(celune, "pro")
    member = visit(celune)
    member.enter(person(celune, acme, "admin"))
    page = member.page
    page.goto(f"/w/{acme.id}/settings/agents")
    lead = page.get_by_role("region", name="lead")
    lead.get_by_role("combobox", name="Model").click()
    page.get_by_role("option", name="claude-sonnet-4-6").click()
    lead.get_by_role("button", name="Save").click()
    expect(page.get_by_text("agent/lead uses claude-sonnet-4-6 from the next call on.")).to_be_visible()
    undo = page.get_by_role("button", name="Undo")
    # Under the mouse it stays.
    undo.hover()
    member.context.set_offline(True)
    expect(undo).to_have_attribute("aria-disabled", "true")
    expect(page.get_by_role("alert").filter(has=undo)).to_contain_text("Nothing is sent until the connection is back.")
    undo.click(force=True)
    member.context.set_offline(False)
    expect(undo).not_to_have_attribute("aria-disabled", "true")
    agent = f"{acme.path}/agents/lead"
    assert acme.api("GET", agent, None, 200).json()["model"] == "claude-sonnet-4-6"
    undo.click()
    expect(page.get_by_text("agent/lead is as it was.")).to_be_visible()
    assert acme.api("GET", agent, None, 200).json()["is_default"] is True


def test_the_overview_says_who_paid_how_fast_and_what_failed(celune, visit):
    acme = new_workspace(celune, "pro")
    acme.put_key("anthropic", provider_key("anthropic"), 201)
    for provider in ("anthropic", "openai", "openai"):
        assert acme.ask(provider).status_code == 200
    acme.api("PUT", f"{acme.path}/policy", {"payer": "byok_only"}, 200)
    assert acme.ask("openai").headers["x-ownkey-error"] == "byok_required"
    member = visit(celune)
    member.enter(person(celune, acme, "viewer"))
    page = member.page
    page.goto(f"/w/{acme.id}?range=7d")
    calls = page.get_by_role("region", name="Calls", exact=True)
    expect(calls).to_contain_text("1 on your keys, 2 managed, 1 not sent")
    expect(page.get_by_role("region", name="Speed")).to_contain_text("of the newest 3 answered calls")
    expect(page.get_by_role("region", name="Failures by cause")).to_contain_text("byok_required")
    page.get_by_role("button", name="Show as table").click()
    expect(page.get_by_role("columnheader", name="Own key")).to_be_visible()
    page.get_by_text("24 hours").click()
    expect(page).to_have_url(re.compile("range=24h"))


def test_how_pages_look_is_remembered_in_this_browser(celune, visit):
    acme = new_workspace(celune, "pro")
    member = visit(celune)
    member.enter(person(celune, acme, "viewer"))
    page = member.page
    page.goto("/account")
    page.get_by_text("Compact").click()
    page.get_by_role("radiogroup", name="Motion").get_by_text("Reduced").click()
    page.get_by_role("combobox", name="Time zone").fill("Tokyo")
    page.get_by_role("option", name="Asia/Tokyo").click()
    page.reload()
    looks = "({density: document.documentElement.dataset.density, motion: document.documentElement.dataset.motion})"
    assert page.evaluate(looks) == {"density": "compact", "motion": "reduced"}
    expect(page.get_by_role("combobox", name="Time zone")).to_have_value("Asia/Tokyo")
    page.locator("time").first.focus()
    page.locator("time").first.hover()
    expect(page.get_by_role("tooltip")).to_contain_text(re.compile("GMT\\+9|JST"))


@each_size
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_the_operators_pages(niyra, sim, visit, theme, viewport):
    acme = new_workspace(niyra, "pro")
    grant(acme, "5")
    acme.put_key("anthropic", provider_key("anthropic"), 201)
    acme.ask("anthropic")
    staff = operator(niyra, visit(niyra, viewport=viewport, theme=theme))
    page = staff.page
    paths = [f"operator/{name}" for name in OPERATOR_PAGES]
    detail = f"operator/workspaces/{acme.id}"
    found = []
    for path in [*paths, detail, f"{detail}?change=plan", f"{detail}?change=grant", f"w/{acme.id}", "account"]:
        page.goto(f"/{path}")
        page.wait_for_load_state("networkidle")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        found += [f"{path}: {fault}" for fault in staff.violations()]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append(f"{path}: scrolls sideways")
    page.goto("/operator/workspaces")
    page.get_by_role("button", name="Search or jump to…").click()
    page.get_by_placeholder("Search or jump to…").fill("e")
    found += [f"palette: {fault}" for fault in staff.violations()]
    assert not found, "\n".join(found)

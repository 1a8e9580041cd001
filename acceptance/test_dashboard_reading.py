"""The dashboard's pages to read: what was called and what it cost, proof of one call, who changed what; the playground;
and the journeys over all of them, of a new API key, of every look, and of a key that must be nowhere. In a browser."""

import csv
import io
import json
import re
import sqlite3
import subprocess
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from harness import postgres
from harness.dashboard import DESK, KEPT, PHONE, PROVIDERS_PAGE, person, save_key
from harness.products import code, grant, settings
from harness.products import workspace as new_workspace
from harness.server import ON_POSTGRES, Server
from harness.sim import provider_key

AUDIT = "settings/audit"
# The pages that a person looks at most; every page is in test_dashboard_states.py.
READ = ["", "usage", "receipts", "playground", AUDIT, "settings/who-pays", "help"]


@pytest.fixture(scope="module")
def niyra(tmp_path_factory, sim):
    running = Server(tmp_path_factory.mktemp("niyra"), sim, settings=settings("niyra")).start()
    yield running
    running.stop()


@pytest.fixture
def acme(niyra):
    acme = new_workspace(niyra, "pro")
    grant(acme, 100)
    return acme


@pytest.fixture
def dana(niyra, acme, visit):
    one = visit(niyra)
    one.enter(person(niyra, acme, "owner"))
    return one


def open_page(visit, workspace, path: str, name: str):
    visit.page.goto(f"/w/{workspace.id}/{path}")
    expect(visit.page.get_by_role("heading", name=name, level=1)).to_be_visible()
    return visit.page


def clipboard(page) -> str:
    return page.evaluate("navigator.clipboard.readText()")


def test_days_in_the_address_are_the_days_shown(acme, dana):
    acme.ask("openai")
    acme.receipts()
    today = datetime.now(UTC).date().isoformat()
    now, long_ago = f"range={today}..{today}", "range=2020-01-01..2020-01-31"
    page = open_page(dana, acme, f"usage?{now}", "Usage")
    expect(page.get_by_text("1 call ·")).to_be_visible()
    # The dates are fields; another day is another address.
    page.get_by_label("From").fill("2020-01-01")
    expect(page.get_by_text("It is longer than 400 days.")).to_be_visible()
    assert now in page.url
    page.get_by_label("To, that day included").fill("2020-01-31")
    expect(page.get_by_text("No calls in this time")).to_be_visible()
    assert long_ago in page.url
    page.get_by_text("7 days", exact=True).click()
    expect(page.get_by_text("1 call ·")).to_be_visible()
    for range_, calls in ((now, 2), (long_ago, 0)):
        page = open_page(dana, acme, f"receipts?{range_}", "Receipts")
        expect(page.get_by_role("row")).to_have_count(calls)
        page = open_page(dana, acme, f"?{range_}", "Overview")
        expect(page.get_by_role("region", name="Calls")).to_contain_text("1" if calls else "0 % failed")
    for path, name, instead in (("usage", "Usage", "The last 30 days are shown."), ("receipts", "Receipts", "Calls of any time are shown.")):
        page = open_page(dana, acme, f"{path}?range=2026-13-01..soon", name)
        told = page.get_by_role("status").filter(has_text="is no time range")
        expect(told).to_contain_text("“2026-13-01..soon” is no time range")
        expect(told).to_contain_text(instead)
    # On a phone what was a table is a list.
    page.set_viewport_size(PHONE)
    page = open_page(dana, acme, "usage", "Usage")
    expect(page.get_by_role("list", name="Groups").get_by_role("listitem")).to_have_count(1)
    expect(page.get_by_role("list", name="Calls").get_by_role("listitem")).to_have_count(1)


def test_the_calls_of_a_view_are_saved_as_a_file(niyra, acme, dana, visit):
    acme.put_key("anthropic", provider_key("anthropic"), 201)
    acme.ask("anthropic", headers={"x-client-request-id": "=1+1"})
    acme.ask("anthropic")
    acme.ask("openai")
    page = open_page(dana, acme, "usage?payer=byok", "Usage")
    expect(page.get_by_text("2 calls ·")).to_be_visible()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Export").click()
        page.get_by_role("menuitem", name="CSV, this view").click()
    assert saved.value.suggested_filename == "usage.csv"
    rows = list(csv.DictReader(io.StringIO(saved.value.path().read_text(), newline="")))
    listed = acme.api.all(f"{acme.path}/requests", payer="byok")
    assert [(row["id"], row["cost_usd"]) for row in rows] == [(one["id"], one["cost_usd"]) for one in listed]
    assert rows[1]["client_request_id"] == "'=1+1"
    # What takes long tells how far it is, and can be stopped.
    held = []
    page.route("**/usage/export?*", lambda route: held.append(route))
    page.get_by_role("button", name="Export").click()
    page.get_by_role("menuitem", name="JSON Lines, this view").click()
    expect(page.get_by_text("0 of 2 rows")).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("0 of 2 rows")).to_have_count(0)
    page.unroute("**/usage/export?*")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Export").click()
        page.get_by_role("menuitem", name="JSON Lines, this view").click()
    assert [json.loads(line) for line in saved.value.path().read_text().splitlines()] == listed
    viewer = visit(niyra)
    viewer.enter(person(niyra, acme, "viewer"))
    page = open_page(viewer, acme, "usage", "Usage")
    expect(page.get_by_text("Only admins can export calls.")).to_be_visible()


def test_a_receipt_is_proof_of_what_was_tried_and_what_it_cost(niyra, sim, acme, dana):
    key = provider_key("anthropic")
    acme.put_key("anthropic", key, 201)
    served = acme.ask("anthropic")
    sim.set_key(key, "limited")
    policy = {"payer": "byok_preferred", "fallback": {"on": ["rate_limited"], "daily_cap_usd": "5"}}
    acme.api("PUT", f"{acme.path}/policy", policy, 200)
    fell_back = acme.ask("anthropic")
    assert fell_back.headers["x-ownkey-payer"] == "managed"
    own, managed = acme.receipt(served), acme.receipt(fell_back)
    page = open_page(dana, acme, f"receipts/{own['id']}", "Receipt")
    expect(page.get_by_role("heading", level=2).first).to_contain_text(f"Paid by your own Anthropic key …{key[-4:]}.")
    cost = page.get_by_role("region", name="Cost")
    expect(cost).to_contain_text("measured")
    parts = [row for row in cost.get_by_role("row").all() if row.get_by_role("cell").count() == 3]
    amounts = [Decimal(row.get_by_role("cell").nth(2).inner_text().removeprefix("$")) for row in parts]
    assert len(parts) >= 2 and sum(amounts) == Decimal(own["cost_usd"])
    expect(cost).to_contain_text(f"With managed access this would have cost {Decimal(own['with_managed_credits']).normalize():f} credits.")
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    page.goto(clipboard(page))
    way = page.get_by_role("navigation", name="Where you are")
    expect(way).to_have_text(f"Acme › Receipts › {own['id'][:12]}…")
    way.get_by_role("link", name="Receipts").click()
    expect(page.get_by_role("heading", name="Receipts", level=1)).to_be_visible()

    page = open_page(dana, acme, f"receipts/{managed['id']}", "Receipt")
    attempts = page.get_by_role("region", name="Attempts")
    expect(attempts).to_contain_text("Anthropic · " + own["key_hints"][own["credential"]])
    expect(attempts).to_contain_text("failed, status 429 provider_rate_limited")
    expect(attempts).to_contain_text("Key over its limit → managed access, allowed by your policy (up to $5.00 a day).")
    expect(page.get_by_role("region", name="Cost")).to_contain_text("With your own key this would have cost about $")
    # One that failed says why, what to do, and whose it is.
    acme.api("PUT", f"{acme.path}/policy", {"payer": "byok_preferred"}, 200)
    failed = acme.receipt(acme.ask("anthropic"))
    page = open_page(dana, acme, f"receipts/{failed['id']}", "Receipt")
    expect(page.get_by_role("heading", name="Your Anthropic account is at its limit")).to_be_visible()
    expect(page.get_by_role("link", name="See limits at Anthropic")).to_be_visible()
    expect(page.get_by_text("provider_rate_limited · Anthropic", exact=True)).to_be_visible()


def test_the_playground_asks_as_an_agent_and_copies_no_secret(sim, acme, dana):
    key = provider_key("anthropic")
    acme.put_key("anthropic", key, 201)
    acme.api("PUT", f"{acme.path}/agents/lead", {"model": "claude-haiku-4-5"}, 201)
    page = open_page(dana, acme, "playground?agent=lead", "Playground")
    expect(page.get_by_role("combobox", name="Model")).to_have_value("claude-haiku-4-5")
    page.get_by_role("button", name="Parameters").click()
    page.get_by_label("Maximum tokens").fill("77")
    page.get_by_label("System text").fill("It's brief")
    page.keyboard.press("Escape")
    page.get_by_label("Message").fill("Hello")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("link", name="Receipt", exact=True)).to_be_visible()
    [receipt] = acme.receipts()
    assert (receipt["agent"], receipt["payer"]) == ("lead", "byok")
    page.get_by_role("button", name="Copy as…").click()
    page.get_by_role("menuitem", name="curl").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = clipboard(page)
    assert "ok_" not in copied and '"max_tokens": 77' in copied and '"agent/lead"' in copied
    # It is a command that runs.
    environment = {"OWNKEY_API_KEY": acme.secret, "PATH": "/usr/bin:/bin"}
    ran = subprocess.run(["bash", "-c", copied.replace("curl ", "curl -sS --noproxy '*' ", 1)], env=environment, capture_output=True, timeout=30)
    assert json.loads(ran.stdout)["type"] == "message", (ran.stdout, ran.stderr)
    sim.set_key(key, "revoked")
    page.get_by_label("Message").fill("Hello again")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", name="Anthropic refused your key")).to_be_visible()
    expect(page.get_by_text("provider_key_invalid · Anthropic", exact=True)).to_be_visible()
    expect(page.get_by_label("Message")).to_have_value("Hello again")
    failed = page.get_by_role("status").filter(has_text="provider_key_invalid")
    expect(failed.get_by_role("link", name="Receipt")).to_have_attribute("href", re.compile("/receipts/req_"))
    page.get_by_role("link", name="Rotate key").click()
    page.wait_for_url(f"**/{PROVIDERS_PAGE}?rotate=anthropic")


def test_what_costs_what_is_folded_and_models_are_paged(acme, dana):
    page = open_page(dana, acme, "settings/who-pays", "Who pays")
    costs = page.get_by_role("region", name="What costs what")
    folded = costs.get_by_role("button", name="Model calls · OpenAI")
    expect(folded).to_have_attribute("aria-expanded", "false")
    assert costs.get_by_role("row").count() < 60
    folded.click()
    group = costs.get_by_role("region", name="Model calls · OpenAI")
    expect(group.get_by_role("row").filter(has_text="/v1/responses").first).to_be_visible()
    assert costs.get_by_role("row").count() < 60
    everything = group.get_by_role("button", name=re.compile("^Show all"))
    everything.click()
    expect(everything).to_have_count(0)
    assert costs.get_by_role("row").count() > 60
    page = open_page(dana, acme, "playground", "Playground")
    model = page.get_by_role("combobox", name="Model")
    model.click()
    expect(page.get_by_role("option").first).to_be_visible()
    assert page.get_by_role("option").count() < 60
    model.fill("gpt-4o-mini")
    expect(page.get_by_role("option").filter(has=page.get_by_text("gpt-4o-mini", exact=True))).to_be_visible()


def test_journey_22_a_new_api_key_is_seen_at_work_once_and_ends(acme, dana):
    page = open_page(dana, acme, "settings/api-keys?new=true", "API keys")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("CI on main")
    dialog.get_by_text("CI", exact=True).click()
    dialog.get_by_role("button", name="Create", exact=False).click()
    expect(dialog.get_by_text("Waiting for the first call…")).to_be_visible()
    dialog.get_by_role("button", name="Copy with this key").first.click()
    snippet = clipboard(page)
    secret = next(word for word in snippet.replace("'", " ").split() if word.startswith("ok_"))
    ran = subprocess.run(["bash", "-c", snippet.replace("curl ", "curl -sS --noproxy '*' ", 1)], capture_output=True, timeout=30)
    assert json.loads(ran.stdout)["type"] == "message", (ran.stdout, ran.stderr)
    expect(dialog.get_by_text("First call received")).to_be_visible(timeout=15_000)
    dialog.get_by_role("button", name="Done").click()
    expect(dialog).to_have_count(0)
    page.evaluate("navigator.clipboard.writeText('')")
    assert secret not in page.evaluate(KEPT)
    assert not [url for _, url, body in dana.requests if secret in url or secret in body]
    page.get_by_role("button", name="Revoke CI on main").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke", exact=True).click()
    expect(page.get_by_text("CI on main", exact=True)).to_have_count(0)
    assert code(acme.ask("anthropic", secret=secret)) == (401, "unauthorized")


def altered(server, workspace, seq: int):
    """Somebody with the database in his hands changes who did that."""
    where = f"seq = {seq} AND workspace ="
    if ON_POSTGRES:
        postgres.psql(server.database, f"""DROP TRIGGER audit_events_keep ON audit_events;
            UPDATE audit_events SET actor = 'system' WHERE {where} (SELECT id FROM workspaces ORDER BY created_at DESC LIMIT 1)""")
        return
    with closing(sqlite3.connect(server.data / "ownkey.db", isolation_level=None, timeout=30)) as database:
        database.execute("DROP TRIGGER audit_events_keep_update")
        [(id_,)] = database.execute("SELECT id FROM workspaces ORDER BY created_at DESC LIMIT 1").fetchall()
        assert database.execute(f"UPDATE audit_events SET actor = 'system' WHERE {where} ?", (id_,)).rowcount == 1


def test_journey_25_every_act_is_in_the_log_and_a_changed_one_is_told(niyra, acme, dana):
    acme.put_key("anthropic", provider_key("anthropic"), 201)
    acme.api("PUT", f"{acme.path}/agents/lead", {"model": "gpt-4o"}, 201)
    acme.api("PUT", f"{acme.path}/agents/lead", {"model": "gpt-4o-mini"}, 200)
    acme.api("PUT", f"{acme.path}/policy", {"payer": "byok_only"}, 200)
    page = open_page(dana, acme, AUDIT, "Audit log")
    for said in ("changed who pays", "chose an agent's model", "added a provider key", "granted credits", "made the workspace"):
        expect(page.get_by_role("button", name=said).first).to_be_visible()
    # What is looked for is in the address, and an event opens to what it changed.
    page.get_by_role("combobox", name="Did what").fill("chose")
    page.get_by_role("option", name="chose an agent's model").click()
    events = page.get_by_role("button", name="chose an agent's model")
    expect(events).to_have_count(2)
    assert "what=agent.set" in page.url
    page.reload()
    expect(events).to_have_count(2)
    events.first.click()
    expect(page.get_by_role("row").filter(has_text="model")).to_contain_text("gpt-4ogpt-4o-mini")
    page.get_by_role("link", name="lead").click()
    expect(page.get_by_role("heading", name="Agents", level=1)).to_be_visible()
    page = open_page(dana, acme, f"{AUDIT}?object=nothing", "Audit log")
    expect(page.get_by_text("No events match")).to_be_visible()
    page.get_by_role("button", name="Verify chain").click()
    count = len(acme.api.all(f"{acme.path}/audit"))
    expect(page.get_by_role("heading", name=f"{count} events checked, none changed or missing since")).to_be_visible()
    assert "verify=true" in page.url
    # What was found stays while one is elsewhere.
    page.get_by_role("link", name="Members").click()
    expect(page.get_by_role("heading", name="Members", level=1)).to_be_visible()
    page.get_by_role("link", name="Audit log").click()
    expect(page.get_by_role("heading", name=f"{count} events checked")).to_be_visible()
    # A long log is checked in parts, and how far it is can be seen.
    held = []
    page.route("**/audit/verify?limit=*", lambda route: route.continue_(url=route.request.url.replace("limit=2000", "limit=2")))
    page.route("**/audit/verify?*after=*", lambda route: held.append(route))
    page.get_by_role("button", name="Verify chain").click()
    expect(page.get_by_text(f"2 of {count} events checked")).to_be_visible()
    expect(page.get_by_role("progressbar", name="Events checked")).to_be_visible()
    page.get_by_role("link", name="Members").click()
    expect(page.get_by_role("heading", name="Members", level=1)).to_be_visible()
    page.unroute("**/audit/verify?*after=*")
    page.get_by_role("link", name="Audit log").click()
    for route in held:
        route.continue_()
    expect(page.get_by_role("heading", name=f"{count} events checked, none changed or missing since")).to_be_visible()
    altered(niyra, acme, 3)
    page.get_by_role("button", name="Verify chain").click()
    expect(page.get_by_role("heading", name="Event No. 3 is changed or missing")).to_be_visible()
    # The check is an address.
    assert "verify=true" in page.url
    page.reload()
    expect(page.get_by_role("heading", name="Event No. 3 is changed or missing")).to_be_visible()


def test_journey_29_every_look_of_what_is_read_holds(acme, dana):
    acme.ask("openai")
    page, found = dana.page, []
    page.emulate_media(forced_colors="active", reduced_motion="reduce")
    # A desk at 400 %, and a phone: the same pages without sideways scrolling, in the colours of the system.
    for viewport in ({"width": 320, "height": 256}, PHONE, DESK):
        page.set_viewport_size(viewport)
        for path in READ:
            page.goto(f"/w/{acme.id}/{path}")
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            page.wait_for_load_state("networkidle")
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                found.append(f"{path} at {viewport['width']}: scrolls sideways")
    assert page.evaluate("document.getAnimations().length") == 0
    # Two payers are told apart without colour: by a glyph and a word.
    page.goto(f"/w/{acme.id}/receipts")
    badge = page.get_by_role("row").nth(1).get_by_text("Managed")
    expect(badge).to_be_visible()
    expect(badge.locator("xpath=ancestor::*[contains(@class, 'Badge-root')]").locator("svg")).to_be_visible()
    assert not found, found


def test_journey_30_a_key_is_nowhere_and_no_text_becomes_markup(acme, dana):
    markup = "<img src=x onerror=\"document.title='owned'\">"
    acme.api("PUT", f"{acme.path}/agents/lead", {"model": "claude-haiku-4-5"}, 201)
    acme.new_api_key(markup, ["inference"])
    acme.ask("openai", headers={"x-client-request-id": markup})
    grant(acme, 1, reason=markup)
    page, keys = dana.page, [provider_key("anthropic"), provider_key("anthropic"), provider_key("anthropic", "revoked")]
    said = []
    page.on("console", lambda message: said.append(message.text))
    for dialog, key, title in (("add", keys[0], "The key works"), ("rotate", keys[1], "The key works"), ("rotate", keys[2], "Anthropic doesn't accept this key")):
        page.goto(f"/w/{acme.id}/{PROVIDERS_PAGE}?{dialog}=anthropic")
        save_key(page, "Anthropic", key)
        expect(page.get_by_role("dialog").get_by_role("heading", name=title)).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        kept = page.evaluate(KEPT) + json.dumps(said)
        assert not [one for one in keys if one in kept]
        assert [method for method, url, body in dana.requests if key in url or key in body] == ["PUT"]
    receipt = acme.receipts()[0]["id"]
    for path in ("settings/api-keys", AUDIT, f"receipts/{receipt}", "settings/billing?tab=grants"):
        page.goto(f"/w/{acme.id}/{path}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        page.wait_for_load_state("networkidle")
        for event in page.get_by_role("button", name="created an API key").all():
            event.click()
        expect(page.get_by_text(markup).locator("visible=true").first).to_be_visible()
        assert page.locator("img[src=x]").count() == 0 and "owned" not in page.title()

"""The dashboard's pages of money: credits and bills, budgets, fallback, usage. In a browser, through the real server."""

import csv
import json
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from harness.dashboard import DESK, PASSWORD, PHONE, Visit, found_by_axe, join, launch, setup_link, sync_playwright
from harness.money import entries, purse
from harness.products import change, code, grant, settings
from harness.products import workspace as new_workspace
from harness.sim import provider_key

BILLING, BUDGETS = "settings/billing", "settings/budgets"
PAGES = [
    BILLING,
    f"{BILLING}?tab=grants",
    f"{BILLING}?tab=statement",
    f"{BILLING}?tab=plans",
    f"{BILLING}?new=true",
    BUDGETS,
    f"{BUDGETS}?new=true",
    "settings/who-pays",
    "settings/members",
    "usage?show=tokens&payer=managed",
    "receipts?q=order-7",
]
each_size = pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])


@pytest.fixture(scope="module")
def chromium():
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def niyra(new_server):
    return new_server(settings=settings("niyra")).start()


@pytest.fixture
def acme(niyra):
    return new_workspace(niyra, "pro")


@pytest.fixture
def visit(chromium, niyra):
    """Opens browsers; what went wrong in any of them fails the test at its end."""
    made: list[Visit] = []

    def make(**options) -> Visit:
        made.append(Visit(chromium, niyra.url, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


def open_page(person: Visit, workspace, path: str, name: str):
    person.page.goto(f"/w/{workspace.id}/{path}")
    expect(person.page.get_by_role("heading", name=name, level=1)).to_be_visible()
    return person.page


@each_size
def test_n6_disconnected_then_credits_pay(niyra, acme, visit, viewport):
    grant(acme, 1_204)
    acme.put_key("anthropic", provider_key("anthropic"), 201)
    person = join(niyra, acme, visit(viewport=viewport), "admin")
    page = open_page(person, acme, "settings/integrations/ai-providers?disconnect=anthropic", "AI Providers")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("From the next call on, credits pay: you have 1,204.")
    expect(dialog.get_by_role("button", name="Keep the key")).to_be_focused()
    dialog.get_by_role("button", name="Disconnect").click()
    expect(page.get_by_text("Disconnected. Credits pay from now on.")).to_be_visible()
    expect(page.get_by_role("region", name="Anthropic")).to_contain_text("Credits pay.")
    answer = acme.ask("anthropic")
    assert (answer.status_code, answer.headers["x-ownkey-payer"]) == (200, "managed")
    # The bill says the same, line by line, and leads to the receipt.
    last = entries(acme)[-1]
    page = open_page(person, acme, f"{BILLING}?tab=statement", "Credits & billing")
    page.get_by_role("link", name=last["request"][:12]).click()
    expect(page.get_by_role("heading", level=2).first).to_contain_text("credits (managed access)")
    assert Decimal(last["change"]) < 0


def test_n6_without_credits_calls_fail_and_it_says_so_before(niyra, acme, visit):
    acme.put_key("anthropic", provider_key("anthropic"), 201)
    person = join(niyra, acme, visit(), "admin")
    page = open_page(person, acme, "settings/integrations/ai-providers?disconnect=anthropic", "AI Providers")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Anthropic calls fail, because there are no credits left.")
    dialog.get_by_role("button", name="Disconnect").click()
    expect(page.get_by_text("Disconnected. Anthropic calls need credits or a key.")).to_be_visible()
    assert code(acme.ask("anthropic")) == (402, "insufficient_credits")


def test_c10_a_plan_goes_up_and_down_without_a_reload(niyra, visit):
    free = new_workspace(niyra, "free")
    person = join(niyra, free, visit(), "owner")
    page = open_page(person, free, "settings/integrations/ai-providers", "AI Providers")
    gate = page.get_by_text("Bring your own key with Pro or Alpha.")
    expect(gate).to_be_visible()
    change(niyra, free, plan="pro")
    expect(gate).to_have_count(0, timeout=20_000)
    page.get_by_role("button", name="Add Provider Key").click()
    page.get_by_role("radio", name="Anthropic").click()
    page.get_by_label("Anthropic key", exact=True).fill(provider_key("anthropic"))
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("dialog").get_by_text("The key works")).to_be_visible()
    page.get_by_role("button", name="Done").click()
    change(niyra, free, plan="free")
    card = page.get_by_role("region", name="Anthropic")
    expect(card).to_contain_text("Asleep", timeout=20_000)
    assert code(free.ask("anthropic"))[1] == "plan_required"
    change(niyra, free, plan="pro")
    expect(card).to_contain_text("Your key pays. Anthropic bills you.", timeout=20_000)
    assert free.ask("anthropic").headers["x-ownkey-payer"] == "byok"


@each_size
def test_c13_both_bills_the_plan_and_every_credit(niyra, acme, visit, viewport):
    later = {"reason": "Welcome", "expires_at": "2099-01-01T00:00:00Z"}
    for credits, more in ((500, {"reason": "For ever"}), (100, later)):
        grant(acme, credits, **more)
    acme.put_key("openai", provider_key("openai"), 201)
    for provider in ("openai", "anthropic"):
        assert acme.ask(provider).status_code == 200
    left = purse(acme)["balance"]
    person = join(niyra, acme, visit(viewport=viewport), "viewer")
    page = open_page(person, acme, BILLING, "Credits & billing")
    expect(page.get_by_role("region", name="Plan")).to_contain_text("Your own provider keys")
    expect(page.get_by_role("region", name="Balance")).to_contain_text(f"{left:,.2f} credits")
    expect(page.get_by_role("region", name="Niyra bills you")).to_contain_text("1 managed call")
    expect(page.get_by_role("region", name="Your providers bill you")).to_contain_text("not by Niyra")
    compared = page.get_by_role("region", name="Comparison")
    expect(compared).to_contain_text("With your own key this month would have cost about")
    expect(compared).to_contain_text("at Anthropic instead of")
    expect(compared).to_contain_text("With managed access this month would have cost about")
    expect(page.get_by_role("button", name="Grant credits")).to_have_count(0)

    page = open_page(person, acme, f"{BILLING}?tab=grants", "Credits & billing")
    expect(page.get_by_text("Spent first", exact=True)).to_be_visible()
    told = page.locator("main").inner_text()
    assert told.index("Welcome") < told.index("For ever"), "what expires soonest is spent first"
    page = open_page(person, acme, f"{BILLING}?tab=plans", "Credits & billing")
    # Side by side, or one below the other.
    ours = page.get_by_role("columnheader", name="Pro Yours").or_(page.get_by_role("region", name="Pro", exact=True))
    expect(ours).to_contain_text("Yours")


def test_the_statement_is_exported_as_it_is_shown(niyra, acme, visit, tmp_path):
    grant(acme, 50, reason="Welcome")
    acme.ask("openai")
    told = entries(acme)
    person = join(niyra, acme, visit(), "viewer")
    page = open_page(person, acme, f"{BILLING}?tab=statement", "Credits & billing")
    expect(page.get_by_role("row")).to_have_count(1 + len(told))
    files = {}
    for name in ("CSV", "JSON Lines"):
        with page.expect_download() as download:
            page.get_by_role("link", name=f"Export {name}").click()
        files[name] = tmp_path / download.value.suggested_filename
        download.value.save_as(files[name])
    lines = [json.loads(line) for line in files["JSON Lines"].read_text().splitlines()]
    rows = list(csv.DictReader(files["CSV"].open()))
    balances = [entry["balance"] for entry in told]
    assert [line["balance"] for line in lines[1:-1]] == [row["balance"] for row in rows[1:-1]] == balances
    assert Decimal(lines[-1]["balance"]) == Decimal(rows[-1]["balance"]) == purse(acme)["balance"]
    assert (lines[0]["kind"], rows[-1]["kind"]) == ("opening", "closing")


def test_the_operator_grants_credits_once_after_seeing_both_balances(niyra, acme, visit):
    grant(acme, 10)
    operator = visit()
    page = operator.page
    page.goto(setup_link(niyra.output()))
    page.get_by_label("Email").fill("eli@example.com")
    page.get_by_label("Your name").fill("Eli")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Make the account").click()
    page.wait_for_url("**/operator/**")
    page = open_page(operator, acme, BILLING, "Credits & billing")
    page.get_by_role("button", name="Grant credits").click()
    page.get_by_label("Amount").fill("0.5")
    page.get_by_label("Reason").fill("Sorry for the wait")
    page.get_by_role("button", name="Go on").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Acme has 10 credits. With this grant it has 10.50 credits.")
    assert purse(acme)["balance"] == 10
    dialog.get_by_role("button", name="Grant 0.5 credits").click()
    expect(page.get_by_text("Granted. Acme has 0.5 credits more.")).to_be_visible()
    expect(page.get_by_role("region", name="Balance")).to_contain_text("10.50 credits")
    assert purse(acme)["balance"] == Decimal("10.5")
    orders = [json.loads(body) for method, url, body in operator.requests if method == "POST" and "grants" in url]
    assert [order["credits"] for order in orders] == ["0.5"]


def budget_of(acme) -> dict:
    [budget] = acme.operator.get(f"{acme.path}/budgets")["data"]
    return budget


@each_size
def test_c15_a_sentence_makes_a_budget_that_stops_calls(niyra, acme, visit, viewport):
    acme.put_key("openai", provider_key("openai"), 201)
    for _ in range(3):
        acme.ask("openai")
    cost = Decimal(acme.receipts()[0]["cost_usd"])
    person = join(niyra, acme, visit(viewport=viewport), "admin")
    page = open_page(person, acme, BUDGETS, "Budgets")
    expect(page.get_by_role("heading", name="No caps")).to_be_visible()
    page.get_by_role("button", name="Add a budget").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Paid by").select_option("own keys")
    dialog.get_by_label("Limit in USD").fill(f"{cost:f}")
    expect(dialog.get_by_role("status")).to_contain_text("Today this would have stopped 2 calls of 3.")
    assert acme.operator.get(f"{acme.path}/budgets")["data"] == []
    dialog.get_by_label("Limit in USD").fill("0")
    dialog.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("Added. In force from the next call.")).to_be_visible()
    said = "Block calls of the workspace paid by own keys above $0.00 per day; calls of unknown price are refused."
    expect(page.get_by_role("heading", name=said)).to_be_visible()
    made = budget_of(acme)
    assert (made["payer"], made["limit_usd"], made["action"]) == ("byok", "0", "block")
    assert code(acme.ask("openai"))[1] == "budget_exceeded"


def test_a_budget_is_changed_undone_and_removed(niyra, acme, visit):
    body = {"scope": "workspace", "period": "day", "limit_usd": "20"}
    acme.operator("PUT", f"{acme.path}/budgets/daily", body, 201)
    before = budget_of(acme)
    person = join(niyra, acme, visit(), "admin")
    page = open_page(person, acme, BUDGETS, "Budgets")
    page.get_by_role("link", name="Edit budget daily").click()
    assert "edit=daily" in page.url
    page.get_by_label("Limit in USD").fill("30")
    page.get_by_label("What happens").select_option("Tell about")
    page.get_by_role("button", name="Save", exact=True).click()
    card = page.get_by_role("region", name="budget daily")
    expect(card).to_contain_text("Tell about calls of the workspace paid by anyone above $30.00 per day.")
    assert budget_of(acme)["limit_usd"] == "30"
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("The budget is as it was.")).to_be_visible()
    expect(card).to_contain_text("Block calls of the workspace paid by anyone above $20.00 per day")
    assert budget_of(acme) == before
    page.get_by_role("button", name="Remove budget daily").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("nothing stops calls above $20.00")
    expect(dialog.get_by_role("button", name="Keep the budget")).to_be_focused()
    dialog.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("heading", name="No caps")).to_be_visible()
    assert acme.operator.get(f"{acme.path}/budgets")["data"] == []


@each_size
def test_n9_fallback_is_what_was_agreed_to(niyra, sim, acme, visit, viewport):
    grant(acme, 100)
    key = provider_key("openai")
    acme.put_key("openai", key, 201)
    sim.set_key(key, "limited")
    assert acme.ask("openai").headers["x-ownkey-payer"] == "byok"
    person = join(niyra, acme, visit(viewport=viewport), "admin")
    page = open_page(person, acme, "settings/who-pays", "Who pays")
    expect(page.get_by_role("radio", name="Own key first")).to_contain_text("whatever happens to it")
    page.get_by_role("switch", name="If my key can't serve a call").check()
    page.get_by_label("At most, per day").fill("2.5")
    save = page.get_by_role("button", name="Save", exact=True)
    expect(save).to_be_disabled()
    sentence = "I agree that up to $2.50 a day is paid by credits when Anthropic or OpenAI limit my key."
    page.get_by_label(sentence).check()
    expect(page.get_by_role("radio", name="Own key first")).not_to_contain_text("whatever happens to it")
    # Another cap is another sentence.
    page.get_by_label("At most, per day").fill("3")
    expect(save).to_be_disabled()
    page.get_by_label(sentence.replace("2.50", "3.00")).check()
    save.click()
    diff = page.get_by_role("dialog", name="From now on")
    expect(diff).to_contain_text("OpenAI, when it is over its rate limit")
    expect(diff).to_contain_text(sentence.replace("2.50", "3.00"))
    assert acme.operator.get(f"{acme.path}/policy")["fallback"]["on"] == []
    diff.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved. Up to $3.00 a day, never more.")).to_be_visible()
    assert acme.operator.get(f"{acme.path}/policy")["fallback"] == {"on": ["rate_limited"], "daily_cap_usd": "3"}
    answer = acme.ask("openai")
    assert (answer.status_code, answer.headers["x-ownkey-payer"]) == (200, "managed")


def test_n7_what_costs_what_says_what_calls_then_cost(niyra, acme, visit):
    grant(acme, 100)
    acme.put_key("anthropic", provider_key("anthropic"), 201)
    person = join(niyra, acme, visit(), "viewer")
    page = open_page(person, acme, "settings/who-pays", "Who pays")
    costs = page.get_by_role("region", name="What costs what")
    search = costs.get_by_label("Search what costs what")
    for words, told in (("claude-haiku-4-5 /v1/messages own", "0 credits"), ("memory-search", "0.000016 credits per token")):
        search.fill(words)
        expect(costs.get_by_role("row").nth(1)).to_contain_text(told)
    expect(costs).to_contain_text("Generated by the gateway at")
    assert acme.receipt(acme.ask("anthropic"))["credits"] == "0"


def test_usage_is_cut_by_the_address_and_a_call_found_by_its_callers_id(niyra, acme, visit):
    grant(acme, 100)
    acme.put_key("anthropic", provider_key("anthropic"), 201)
    named = acme.ask("anthropic", headers={"x-client-request-id": "order-7"})
    acme.ask("openai")
    acme.receipts()
    person = join(niyra, acme, visit(), "viewer")
    page = open_page(person, acme, "usage?payer=byok&by=provider&show=calls", "Usage")
    expect(page.get_by_text("1 call ·")).to_be_visible()
    page.get_by_role("button", name="Show as table").click()
    expect(page.get_by_role("figure").get_by_role("columnheader", name="Own key")).to_be_visible()
    expect(page.get_by_role("cell", name="anthropic")).to_be_visible()
    expect(page.get_by_role("cell", name="openai")).to_have_count(0)
    page.reload()
    expect(page.get_by_text("1 call ·")).to_be_visible()
    page.get_by_role("button", name="Clear all").click()
    expect(page.get_by_text("2 calls ·")).to_be_visible()
    page = open_page(person, acme, "receipts", "Receipts")
    find = page.get_by_label("Find a call by its id")
    find.fill("order-7")
    find.press("Enter")
    expect(page.get_by_role("row")).to_have_count(2)
    assert "q=order-7" in page.url
    find.fill(named.headers["x-ownkey-request-id"])
    find.press("Enter")
    expect(page.get_by_role("heading", level=2).first).to_contain_text("Paid by your own Anthropic key …")


def test_an_open_invitation_is_taken_back(niyra, acme, visit):
    person = join(niyra, acme, visit(), "owner")
    body = {"mail": "eli@example.com", "role": "member"}
    made = niyra.operator("POST", f"{acme.path}/members", body, 201).json()
    page = open_page(person, acme, "settings/members", "Members")
    waiting = page.get_by_role("region", name="Open invitations")
    expect(waiting).to_contain_text("eli@example.com")
    waiting.get_by_role("button", name="Cancel the invitation of eli@example.com").click()
    expect(page.get_by_text("Cancelled. The link for eli@example.com works no more.")).to_be_visible()
    expect(waiting).to_have_count(0)
    late = visit().page
    late.goto(made["link"])
    expect(late.get_by_text("This link is not known.")).to_be_visible()


@each_size
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_pages_of_money(niyra, acme, visit, theme, viewport):
    grant(acme, 100, reason="Welcome")
    acme.put_key("anthropic", provider_key("anthropic"), 201)
    acme.operator("PUT", f"{acme.path}/budgets/daily", {"period": "day", "limit_usd": "0.00001"}, 201)
    acme.operator("PUT", f"{acme.path}/budgets/all", {"period": "total", "limit_usd": "5", "action": "notify"}, 201)
    acme.operator("POST", f"{acme.path}/members", {"mail": "eli@example.com", "role": "member"}, 201)
    for provider in ("anthropic", "openai"):
        acme.ask(provider, headers={"x-client-request-id": "order-7"})
    acme.receipts()
    person = join(niyra, acme, visit(viewport=viewport, theme=theme), "owner")
    found = [fault for path in PAGES for fault in found_by_axe(person, f"/w/{acme.id}/{path}")]
    person.page.goto(f"/w/{acme.id}/settings/who-pays")
    person.page.get_by_role("switch", name="If my key can't serve a call").check()
    found += [f"fallback: {fault}" for fault in person.violations()]
    assert not found, "\n".join(found)

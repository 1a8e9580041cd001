"""Ways through several pages: a key rotated under traffic, models that can't be called, who pays without credits, the
playground from the first word to the receipt, figures that are the books', views that are links."""

import asyncio
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import ROUND_HALF_UP, Decimal

import pytest
from playwright.sync_api import Page, expect

from harness.dashboard import KEPT, PHONE, open_providers, person, save_key
from harness.load import flood
from harness.money import entries
from harness.process import wait_for
from harness.products import grant, settings
from harness.products import workspace as new_workspace
from harness.server import Server
from harness.sim import provider_key

SOON = """
[[models]]
id = "o3-mini"
gate = "coming_soon"
"""
PACE_S = 0.05
# How many refused calls a row of them has, and what of their file comes in a second, so that it takes some.
AT_ONCE = 200
BYTES_A_ROW = 60
MODEL_CALLS = ("/v1/messages", "/v1/chat/completions")


@pytest.fixture(scope="module")
def niyra(tmp_path_factory, sim):
    running = Server(tmp_path_factory.mktemp("niyra"), sim, settings=settings("niyra") + SOON).start()
    yield running
    running.stop()


@pytest.fixture
def acme(niyra):
    return new_workspace(niyra, "pro")


@pytest.fixture
def enter(niyra, acme, visit):
    def go(role: str = "admin", **options):
        one = visit(niyra, **options)
        one.enter(person(niyra, acme, role))
        return one

    return go


class Traffic:
    """Calls of a workspace, one after the other, while something else happens."""

    def __init__(self, acme):
        self.acme, self.statuses, self.over = acme, [], threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        # Slow enough for what the plan lets through in a minute.
        while not self.over.wait(PACE_S):
            self.statuses.append(self.acme.ask("anthropic").status_code)

    def __enter__(self):
        self.thread.start()
        self.go_on()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()

    def go_on(self):
        """Until three more calls have ended; the first of them may have begun before."""
        enough = len(self.statuses) + 3
        wait_for(lambda: len(self.statuses) >= enough, "calls go on")


def test_a_key_is_rotated_under_traffic_and_a_refused_one_changes_nothing(sim, acme, enter):
    old, new = provider_key("anthropic"), provider_key("anthropic")
    hint = acme.put_key("anthropic", old, 201).json()["hint"]
    dana = enter()
    page, dialog = dana.page, dana.page.get_by_role("dialog")
    open_providers(dana, acme, "?rotate=anthropic")
    with Traffic(acme) as traffic:
        save_key(page, "Anthropic", provider_key("anthropic", "revoked"))
        expect(dialog.get_by_role("heading", name="Anthropic doesn't accept this key")).to_be_visible()
        expect(dialog).to_contain_text(f"Your current key {hint} stays in use.")
        save_key(page, "Anthropic", new)
        expect(dialog).to_contain_text(re.compile(rf"No new call uses {hint}, on any server, since \d\d?:\d\d"))
        since = sim.now()
        traffic.go_on()
        # One of them was under way.
        assert {call["key"] for call in sim.calls(since)[1:]} == {new}
        expect(dialog.get_by_role("link", name="Open API Keys at Anthropic")).to_be_visible()
    assert set(traffic.statuses) == {200}


def choose(page: Page, model: str):
    page.get_by_role("combobox", name="Model").click()
    page.get_by_role("option", name=re.compile(f"^{model}")).click()


def send(page: Page, text: str):
    page.get_by_label("Message").fill(text)
    page.get_by_role("button", name="Send").click()


def test_models_that_can_not_be_called_say_why_and_are_not(acme, enter):
    dana = enter("member")
    page = dana.page
    page.goto(f"/w/{acme.id}/playground")
    for model, why in (("apex", "Apex is alpha-gated. Email hi@niyra.ai for access."), ("o3-mini", "soon")):
        page.get_by_role("combobox", name="Model").fill(model)
        option = page.get_by_role("option", name=re.compile(f"^{model} "))
        expect(option).to_contain_text(why)
    # The keyboard gets there, and what is chosen says what to do.
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="model_coming_soon").get_by_role("link")).to_be_visible()
    assert page.url.endswith("model=o3-mini")
    button = page.get_by_role("button", name="Send")
    expect(button).to_have_attribute("aria-disabled", "true")
    page.get_by_label("Message").fill("Hello there")
    button.click(force=True)
    page.keyboard.press("Control+Enter")
    assert not [url for _, url, _ in dana.requests if url.endswith(MODEL_CALLS)]


def test_an_own_key_answers_without_credits_and_without_it_both_figures_are_told(acme, enter):
    acme.put_key("anthropic", provider_key("anthropic"), 201)
    page = enter("member").page
    page.goto(f"/w/{acme.id}/playground?model=claude-haiku-4-5")
    send(page, "Hello there")
    expect(page.get_by_text("Simulated answer to: Hello there")).to_be_visible()
    expect(page.get_by_text(re.compile(r"\d+ in, \d+ out · \$0\.\d+, 0 credits · "))).to_be_visible()
    acme.delete_key("anthropic")
    send(page, "Hello again")
    refused = page.get_by_role("status").filter(has_text="insufficient_credits")
    # What it may cost, and what there is.
    expect(refused).to_contain_text(re.compile(r"needs a hold of \d+\.\d+ credits\. The balance is 0,"))
    expect(page.get_by_label("Message")).to_have_value("Hello again")


def test_the_playground_streams_stops_breaks_and_keeps_nothing(acme, enter):
    acme.put_key("anthropic", provider_key("anthropic"), 201)
    dana = enter("member", viewport=PHONE)
    page = dana.page
    page.goto(f"/w/{acme.id}/playground?model=claude-haiku-4-5")
    send(page, "[[sim:chunks n=200 delay_ms=100]] slowly")
    expect(page.get_by_text(re.compile("^Simulated"))).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Stopped. You pay for what was produced.")).to_be_visible()
    # What the provider says in mid-stream, and what the gateway says where it said nothing.
    for broken, why in (("error_event", "Overloaded"), ("cut", "The provider's answer broke off.")):
        text = f"[[sim:{broken} after=2]] broken"
        send(page, text)
        told = page.get_by_role("status").filter(has=page.get_by_role("heading", name="The answer broke off"))
        expect(told).to_contain_text(why)
        expect(page.get_by_label("Message")).to_have_value(text)
    send(page, "Hello there")
    expect(page.get_by_text("Simulated answer to: Hello there")).to_be_visible()
    footer = page.get_by_text(re.compile(r"\d+ in, \d+ out · "))
    receipt = acme.receipts()[0]
    usage, cost = receipt["usage"], Decimal(receipt["cost_usd"])
    shown = f"{usage['input']} in, {usage['output']} out · ${cost.quantize(Decimal('0.0001'), ROUND_HALF_UP)}, 0 credits"
    expect(footer).to_contain_text(shown)
    tokens = {value for _, _, body in dana.requests for value in re.findall(r"ok_\w{20,}", body)}
    page.reload()
    expect(page.get_by_label("Message")).to_have_value("")
    expect(page.get_by_text("Hello there")).to_have_count(0)
    kept = page.evaluate(KEPT)
    assert "ok_" not in kept and not any(token in kept for token in tokens)


def figures(acme) -> tuple[dict, dict, int]:
    """What own keys and managed access paid for this month, and all calls, as the API counts them."""
    rows = acme.api.get(f"{acme.path}/usage", group_by="payer")["data"]
    of = {row["key"]: row for row in rows}
    return of["byok"], of["managed"], sum(row["calls"] for row in rows)


@pytest.fixture
def used(acme):
    """Calls of both payers, with figures of their own, and one that fails."""
    acme.put_key("anthropic", provider_key("anthropic"), 201)
    grant(acme, "5000")
    for number in (1, 2, 3):
        acme.ask("anthropic", f"[[sim:usage input={number * 900_000} output={number * 70_000}]]")
    acme.ask("openai", "[[sim:usage input=7000000 output=90000]]", model="gpt-4o")
    acme.ask("openai", "Hello")
    acme.ask("anthropic", "[[sim:error id=anthropic.incident.overloaded]]")
    wait_for(lambda: len(acme.receipts()) == 6, "every call has its receipt")
    return acme


def rounded(amount: str) -> str:
    return f"{Decimal(amount).quantize(Decimal('0.01'), ROUND_HALF_UP):,}"


def test_the_overviews_figures_are_those_of_usage_wherever_one_is(used, enter):
    own, managed, calls = figures(used)
    # What was told beyond what the calls can have used is the operator's, and on no bill.
    paid = -sum(Decimal(entry["change"]) for entry in entries(used) if entry["kind"] == "charge")
    assert Decimal(managed["credits_paid"]) == paid < Decimal(managed["credits"])
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        page = enter("viewer", zone=zone).page
        page.goto(f"/w/{used.id}")
        spend = page.get_by_role("region", name="Spend")
        expect(spend).to_contain_text(f"${rounded(own['cost_usd'])}")
        expect(spend).to_contain_text(rounded(paid))
        said = page.get_by_role("region", name="Calls")
        expect(said).to_contain_text(f"Calls{calls}")
        expect(said).to_contain_text(f"{own['calls']} on your keys, {managed['calls']} managed")
        # A pace needs three days.
        expect(page.get_by_role("banner").get_by_role("link", name=re.compile("credits$"))).to_be_visible()
        expect(page.get_by_role("banner")).not_to_contain_text("days")
        page.goto(f"/w/{used.id}/usage?range=30d")
        line = f"${rounded(own['cost_usd'])} at your providers · {rounded(paid)} credits"
        expect(page.get_by_text(line)).to_be_visible()
    page.goto(f"/w/{used.id}/settings/billing")
    expect(page.get_by_role("region", name="Niyra bills you")).to_contain_text(f"{rounded(paid)} credits")
    call = next(one for one in used.receipts() if Decimal(one["overrun_credits"]) > 0)
    said = f"{rounded(call['credits_paid'])} credits"
    page.goto(f"/w/{used.id}/receipts/{call['id']}")
    expect(page.get_by_role("heading", name=f"Paid with {said} (managed access).")).to_be_visible()
    # A line of the list has what the call cost on its own bill.
    phone = enter("viewer", viewport=PHONE).page
    phone.goto(f"/w/{used.id}/receipts")
    line = phone.get_by_role("listitem").filter(has=phone.locator(f"a[href$='{call['id']}']"))
    expect(line).to_contain_text(said)
    expect(line).not_to_contain_text("$")


def test_a_view_of_usage_is_a_link(used, enter):
    dana = enter("admin")
    page = dana.page
    page.goto(f"/w/{used.id}/usage")
    page.get_by_role("combobox", name="Payer").click()
    page.get_by_role("option", name="Managed").click()
    page.get_by_text("Model", exact=True).last.click()
    page.get_by_role("button", name="Tokens in").click()
    table = page.get_by_role("table").filter(has_text="Share at list price")
    rows = table.get_by_role("row")
    # The two managed models and their sum, by what went in.
    expect(rows.nth(1)).to_contain_text("gpt-4o")
    expect(rows).to_have_count(4)
    seen, address = table.inner_text(), page.url
    assert "payer=managed" in address and "sort=input" in address
    page.reload()
    expect(rows).to_have_count(4)
    assert (table.inner_text(), page.url) == (seen, address)
    page.locator("main").get_by_role("link", name=re.compile("ago$|just now")).first.click()
    expect(page.get_by_role("heading", name="Receipt")).to_be_visible()
    page.go_back()
    expect(rows).to_have_count(4)
    assert (table.inner_text(), page.url) == (seen, address)
    other = enter("viewer").page
    other.goto(address)
    theirs = other.get_by_role("table").filter(has_text="Share at list price")
    expect(theirs.get_by_role("row")).to_have_count(4)
    assert theirs.inner_text() == seen


def calls_in_plenty(workspace, rows: int):
    """So many refused calls; the browser's event loop is another."""
    batches = iter(range(rows // AT_ONCE))
    with ThreadPoolExecutor(1) as aside:
        going = flood(workspace.url, workspace.secret, lambda: next(batches, None) is not None, at_once=AT_ONCE)
        aside.submit(asyncio.run, going).result()


def test_journey_19_calls_in_plenty_are_listed_filtered_and_saved(server, workspace, visit, soak):
    """A hundred thousand of them in soaks."""
    workspace.put_key("anthropic", provider_key("anthropic"), 201)
    for _ in range(3):
        assert workspace.ask("anthropic").status_code == 200
    rows = 100_000 if soak else 4_000
    calls_in_plenty(workspace, rows)
    dana = visit(server)
    dana.enter(person(server, workspace, "owner"))
    page = dana.page
    page.goto(f"/w/{workspace.id}/receipts")
    table = page.get_by_role("main").get_by_role("row")
    expect(table).to_have_count(51)
    page.get_by_role("button", name="Load more").click()
    expect(table).to_have_count(101)
    page.goto(f"/w/{workspace.id}/receipts?payer=byok")
    expect(table).to_have_count(4)
    page.goto(f"/w/{workspace.id}/usage")
    expect(page.get_by_text(f"{rows + 3:,} calls ·")).to_be_visible()
    slow = {"offline": False, "latency": 0, "downloadThroughput": rows * BYTES_A_ROW, "uploadThroughput": -1}
    dana.context.new_cdp_session(page).send("Network.emulateNetworkConditions", slow)
    with page.expect_download(timeout=30_000) as saved:
        page.get_by_role("button", name="Export").click()
        page.get_by_role("menuitem", name="CSV, this view").click()
        expect(page.get_by_role("progressbar", name="Rows exported")).to_contain_text(f"of {rows + 3:,} rows")
    with saved.value.path().open() as file:
        assert sum(1 for _ in file) == 1 + rows + 3

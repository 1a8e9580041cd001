"""What the products promise of own keys, as people do it: with a mouse, with a keyboard alone, by touch on a phone."""

import json
import re
import subprocess
from decimal import Decimal

import httpx
import pytest
from playwright.sync_api import expect

from harness.api import LOCAL
from harness.dashboard import KEPT, assert_only_sent_once, open_providers, person
from harness.hands import WAYS, Hands
from harness.products import grant, settings
from harness.products import workspace as new_workspace
from harness.server import Server
from harness.sim import provider_key


def running(product: str):
    @pytest.fixture(scope="module")
    def server(tmp_path_factory, sim):
        one = Server(tmp_path_factory.mktemp(product), sim, settings=settings(product)).start()
        yield one
        one.stop()

    return server


celune, niyra = running("celune"), running("niyra")


@pytest.fixture(params=WAYS)
def enter(request, visit):
    """An admin of the workspace at its first page, and his hands."""

    def go(server, workspace) -> tuple:
        dana = visit(server, **WAYS[request.param])
        dana.enter(person(server, workspace))
        dana.page.goto(f"/w/{workspace.id}")
        expect(dana.page.get_by_role("heading", level=1)).to_be_visible()
        return dana, Hands(request.param, dana.page)

    return go


def verdict(page, title: str):
    return page.get_by_role("dialog").get_by_role("heading", name=title, exact=True)


def test_c3_n4_a_pasted_key_is_tested_by_one_prompt_and_pays_from_the_next_message_on(celune, sim, enter):
    acme = new_workspace(celune, "pro")
    dana, hands = enter(celune, acme)
    page, key, since = dana.page, provider_key("anthropic"), sim.now()
    hands.open_providers()
    hands.press(page.get_by_role("button", name="Add Provider Key"))
    hands.press(page.get_by_role("radio", name="Anthropic"))
    hands.paste(page.get_by_label("Anthropic key", exact=True), key)
    hands.press(page.get_by_role("button", name="Save", exact=True))
    expect(verdict(page, "The key works")).to_be_visible()
    [tested] = sim.calls(since)
    assert tested["key"] == key
    expect(page.get_by_role("dialog")).to_contain_text("From the next call on, Anthropic models run on your key.")
    hands.finish()
    expect(page.get_by_role("region", name="Anthropic")).to_contain_text("Your key pays. Anthropic bills you.")
    since = sim.now()
    assert acme.ask("anthropic").headers["x-ownkey-payer"] == "byok"
    assert [call["key"] for call in sim.calls(since)] == [key]
    assert_only_sent_once(dana, key)


STEPS = {
    "Anthropic": ("console.anthropic.com", "https://console.anthropic.com/settings/keys"),
    "OpenAI": ("platform.openai.com/api-keys", "https://platform.openai.com/api-keys"),
}


def test_c8_it_is_said_where_keys_are_made(celune, enter):
    acme = new_workspace(celune, "pro")
    dana, hands = enter(celune, acme)
    page = dana.page
    # Nothing is asked of the providers' own sites.
    dana.context.route(re.compile("^https://"), lambda route: route.abort())
    guides = {one["name"]: one for one in acme.api.get("/providers")["data"]}
    hands.open_providers()
    hands.press(page.get_by_role("button", name="Add Provider Key"))
    for name, (place, address) in STEPS.items():
        hands.press(page.get_by_role("radio", name=name))
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_role("listitem")).to_have_text(guides[name]["steps"])
        expect(dialog.get_by_role("list")).to_contain_text(place)
        expect(dialog.get_by_role("list")).to_contain_text("shown only once")
        link = dialog.get_by_role("link", name=f"Open API keys at {name}")
        assert (link.get_attribute("href"), link.get_attribute("target")) == (address, "_blank")
        with dana.context.expect_page() as opened:
            hands.press(link)
        opened.value.close()


def test_c9_without_the_key_the_next_agents_call_is_managed(celune, enter):
    acme = new_workspace(celune, "pro")
    acme.put_key("anthropic", provider_key("anthropic"), 201)
    assert acme.ask("anthropic", model="agent/lead").headers["x-ownkey-payer"] == "byok"
    dana, hands = enter(celune, acme)
    page = dana.page
    hands.open_providers()
    trash = page.get_by_role("link", name="Disconnect Anthropic")
    hands.press(trash)
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Celune's managed access pays; it's included in Pro")
    # The safe button has the focus, and leaves everything as it was.
    expect(dialog.get_by_role("button", name="Keep the key")).to_be_focused()
    hands.press(dialog.get_by_role("button", name="Keep the key"))
    hands.gone()
    assert acme.provider_keys()["anthropic"]["state"] == "active"
    hands.press(trash)
    hands.press(dialog.get_by_role("button", name="Disconnect", exact=True))
    expect(page.get_by_text("Disconnected. Celune's managed access pays from now on.")).to_be_visible()
    expect(page.get_by_role("region", name="Anthropic")).to_contain_text("Celune pays: included in Pro.")
    hands.gone()
    assert acme.ask("anthropic", model="agent/lead").headers["x-ownkey-payer"] == "managed"


def test_n6_a_key_is_tested_rotated_by_pasting_and_left_for_the_credits(niyra, sim, enter):
    acme, old, new = new_workspace(niyra, "pro"), provider_key("openai"), provider_key("openai")
    acme.put_key("openai", old, 201)
    grant(acme, "1204")
    dana, hands = enter(niyra, acme)
    page = dana.page
    hands.open_providers()
    card = page.get_by_role("region", name="OpenAI")
    since = sim.now()
    hands.press(card.get_by_role("button", name="Test key"))
    expect(card.get_by_role("heading", name="The key works")).to_be_visible()
    assert {call["key"] for call in sim.calls(since)} == {old}
    hands.press(card.get_by_role("link", name="Rotate"))
    hint = acme.provider_keys()["openai"]["hint"]
    expect(page.get_by_role("dialog")).to_contain_text(f"Your current key {hint} stays in use until the new one has passed.")
    hands.paste(page.get_by_label("OpenAI key", exact=True), new)
    hands.press(page.get_by_role("button", name="Save", exact=True))
    expect(page.get_by_role("dialog")).to_contain_text(f"No new call uses {hint}, on any server, since")
    hands.finish()
    since = sim.now()
    assert acme.ask("openai").headers["x-ownkey-payer"] == "byok"
    assert [call["key"] for call in sim.calls(since)] == [new]
    hands.press(card.get_by_role("link", name="Disconnect OpenAI"))
    expect(page.get_by_role("dialog")).to_contain_text("credits pay: you have 1,204")
    hands.press(page.get_by_role("dialog").get_by_role("button", name="Disconnect", exact=True))
    expect(page.get_by_text("Disconnected. Credits pay from now on.")).to_be_visible()
    expect(card).to_contain_text("Credits pay.")
    balance = lambda: Decimal(niyra.operator.get(f"{acme.path}/credits")["balance"])  # noqa: E731
    before = balance()
    assert acme.ask("openai").headers["x-ownkey-payer"] == "managed"
    assert balance() < before


def test_n11_what_may_be_wrong_with_a_key_is_said_where_one_looks(niyra, sim, enter):
    acme = new_workspace(niyra, "pro")
    dana, hands = enter(niyra, acme)
    page = dana.page
    hands.open_providers()
    hands.press(page.get_by_role("button", name="Add Provider Key"))
    hands.press(page.get_by_role("radio", name="Anthropic"))
    field = page.get_by_label("Anthropic key", exact=True)
    # Another's prefix.
    hands.paste(field, provider_key("openai"))
    expect(page.get_by_text("This looks like an OpenAI key.")).to_be_visible()
    field.clear()
    # Quotes, around a key that is refused.
    hands.paste(field, f'"{provider_key("anthropic", "revoked")}"')
    expect(page.get_by_text("Removed the quotes around it.")).to_be_visible()
    hands.press(page.get_by_role("button", name="Save", exact=True))
    expect(verdict(page, "Anthropic doesn't accept this key")).to_be_visible()
    # Two that are kept: over its limit, without money.
    hands.paste(field, provider_key("anthropic", "limited"))
    hands.press(page.get_by_role("button", name="Save", exact=True))
    expect(verdict(page, "Real key, over its limit right now")).to_be_visible()
    hands.finish()
    card = page.get_by_role("region", name="Anthropic")
    expect(card.get_by_text("Over its limit", exact=True)).to_be_visible()
    hands.press(card.get_by_role("link", name="Rotate"))
    hands.paste(field, provider_key("anthropic", "noquota"))
    hands.press(page.get_by_role("button", name="Save", exact=True))
    expect(verdict(page, "Real key, no money in the account")).to_be_visible()
    hands.finish()
    expect(card.get_by_text("No money left", exact=True)).to_be_visible()
    expect(card.get_by_role("link", name="Open Anthropic billing")).to_be_visible()


@pytest.mark.parametrize(
    "plan, reason", [("pro", "Apex is alpha-gated. Email hi@niyra.ai for access."), ("alpha", "own provider key")]
)
def test_n11_why_apex_is_missing_is_said_beside_it(niyra, enter, plan, reason):
    acme = new_workspace(niyra, plan)
    dana, hands = enter(niyra, acme)
    dana.page.goto(f"/w/{acme.id}/playground")
    hands.press(dana.page.get_by_role("combobox", name="Model"))
    expect(dana.page.get_by_role("option", name=re.compile("^apex"))).to_contain_text(reason)


def test_a_key_removed_in_one_tab_is_gone_in_the_other(celune, visit):
    acme = new_workspace(celune, "pro")
    acme.put_key("openai", provider_key("openai"), 201)
    dana = visit(celune)
    dana.enter(person(celune, acme))
    open_providers(dana, acme, "?disconnect=openai")
    other = dana.watched(dana.context.new_page())
    other.goto(f"/w/{acme.id}/settings/integrations/ai-providers")
    expect(other.get_by_role("region", name="OpenAI")).to_contain_text("Your key pays.")
    dana.page.get_by_role("button", name="Disconnect", exact=True).click()
    expect(dana.page.get_by_role("region", name="OpenAI")).to_contain_text("No key yet")
    expect(other.get_by_role("region", name="OpenAI")).to_contain_text("No key yet", timeout=20_000)
    expect(other.get_by_role("region", name="OpenAI")).to_contain_text("Celune pays: included in Pro.")


def new_key(page, name: str, preset: str) -> str:
    """Makes a platform key for that, and copies the lines that come with it."""
    page.get_by_role("button", name="Create API key").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_text(preset, exact=True).click()
    dialog.get_by_role("button", name="Create API key").click()
    dialog.get_by_role("button", name="Copy with this key").first.click()
    return page.evaluate("navigator.clipboard.readText()")


def test_celune_c11_a_key_for_ci_or_an_assistant_comes_with_lines_that_work(celune, visit):
    acme, dana = new_workspace(celune, "team"), visit(celune)
    acme.put_key("anthropic", provider_key("anthropic"), expect=201)
    dana.enter(person(celune, acme))
    page = dana.page
    page.goto(f"/w/{acme.id}/settings/api-keys")
    lines = new_key(page, "CI on main", "CI")
    status = ["bash", "-c", f"{lines} -s -o /dev/null -w '%{{http_code}}'"]
    assert subprocess.run(status, capture_output=True, text=True, timeout=60).stdout == "200", lines
    expect(page.get_by_role("dialog").get_by_text("First call received")).to_be_visible()
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    secret = re.search("ok_[0-9A-Za-z]{61}", lines)[0]
    assert secret not in page.evaluate(KEPT) and secret not in page.content()
    server = json.loads(new_key(page, "Assistant", "MCP client"))["mcpServers"]["ownkey"]
    expect(page.get_by_role("dialog").get_by_text("first call")).to_have_count(0)
    page.get_by_role("button", name="Done").click()
    headers = server["headers"] | {"accept": "application/json, text/event-stream"}
    listed = httpx.post(server["url"], json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, headers=headers, **LOCAL)
    assert listed.status_code == 200 and listed.json()["result"]["tools"]
    page.get_by_role("button", name="Revoke CI on main").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke", exact=True).click()
    expect(page.get_by_text("Revoked. Calls with CI on main fail from now on.")).to_be_visible()
    assert subprocess.run(status, capture_output=True, text=True, timeout=60).stdout == "401"

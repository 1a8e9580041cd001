"""When the dashboard's server is away, slow or has forgotten who one is: it says so, sends nothing twice, goes on."""

import pytest
from playwright.sync_api import expect

from harness.dashboard import PASSWORD, open_providers, person, save_key
from harness.products import settings
from harness.products import workspace as new_workspace
from harness.sim import provider_key

OFFLINE = "You're offline. Showing what we had at"
SLOW = "Still working. The server is slow to answer."


@pytest.fixture
def celune(new_server):
    return new_server(settings=settings("celune")).start()


@pytest.fixture
def acme(celune):
    return new_workspace(celune, "pro")


@pytest.fixture
def dana(celune, acme, visit):
    one = visit(celune)
    one.enter(person(celune, acme))
    return one


def puts(visit) -> list[str]:
    return [url for method, url, _ in visit.requests if method == "PUT"]


def test_a_session_that_ends_under_a_dialog_is_gone_on_with_there(acme, dana):
    open_providers(dana, acme, "?add=anthropic")
    page, key = dana.page, provider_key("anthropic")
    cookies = dana.context.cookies()
    dana.context.clear_cookies()
    save_key(page, "Anthropic", key)
    over = page.get_by_role("dialog", name="Your session has ended. Sign in to go on.")
    expect(over).to_be_visible()
    # Whoever has come by meanwhile finds no key in the page.
    assert key not in page.evaluate("[...document.querySelectorAll('input')].map((input) => input.value).join()")
    assert dana.violations() == []
    over.get_by_label("Password", exact=True).fill(PASSWORD)
    over.get_by_role("button", name="Sign in").click()
    expect(over).to_have_count(0)
    assert cookies and len(puts(dana)) == 1
    expect(page.get_by_role("dialog", name="Add Provider Key")).to_be_visible()
    save_key(page, "Anthropic", key)
    expect(page.get_by_role("dialog").get_by_role("heading", name="The key works")).to_be_visible()
    assert acme.provider_keys()["anthropic"]["state"] == "active"


def test_without_a_network_the_page_stays_and_says_of_when_it_is(acme, dana):
    acme.put_key("anthropic", provider_key("anthropic"), 201)
    open_providers(dana, acme)
    card = dana.page.get_by_role("region", name="Anthropic")
    expect(card).to_contain_text("Your key pays.")
    # The palette's script comes when it is opened.
    dana.page.keyboard.press("Control+k")
    expect(dana.page.get_by_placeholder("Search or jump to…")).to_be_focused()
    dana.page.keyboard.press("Escape")
    dana.context.set_offline(True)
    expect(dana.page.get_by_text(OFFLINE)).to_be_visible()
    expect(card).to_contain_text("Your key pays.")
    assert dana.violations() == []
    # What would change something looks as dead as it is, and says why.
    for name in ("Test key", "Add Provider Key"):
        button = dana.page.get_by_role("button", name=name)
        expect(button).to_have_attribute("aria-disabled", "true")
        button.focus()
        reason = dana.page.get_by_role("tooltip").filter(has_text="Nothing is sent until the connection is back.")
        expect(reason.last).to_be_visible()
        button.click(force=True)
    dana.page.keyboard.press("Control+k")
    dana.page.get_by_placeholder("Search or jump to…").fill("test anthropic")
    entry = dana.page.get_by_role("dialog").get_by_role("button", name="Test Anthropic key")
    expect(entry).to_have_attribute("aria-disabled", "true")
    expect(entry).to_contain_text("Nothing is sent until the connection is back.")
    dana.page.keyboard.press("Enter")
    expect(entry).to_be_visible()
    dana.page.keyboard.press("Escape")
    expect(dana.page.get_by_role("dialog")).to_have_count(0)
    rotate = card.get_by_role("link", name="Rotate")
    expect(rotate).to_have_attribute("aria-disabled", "true")
    rotate.click(force=True)
    expect(dana.page.get_by_role("dialog")).to_have_count(0)
    assert [method for method, *_ in dana.requests if method != "GET"] == []
    acme.delete_key("anthropic")
    dana.context.set_offline(False)
    expect(dana.page.get_by_text(OFFLINE)).to_have_count(0)
    expect(card).to_contain_text("No key yet", timeout=20_000)


def test_while_the_server_is_stopped_nothing_is_lost_and_nothing_is_sent_twice(celune, acme, dana):
    open_providers(dana, acme, "?add=anthropic")
    page, key = dana.page, provider_key("anthropic")
    # The dialog's own script comes when it is opened.
    expect(page.get_by_label("Anthropic key", exact=True)).to_be_visible()
    celune.stop()
    save_key(page, "Anthropic", key)
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name="We can't reach the server")).to_be_visible()
    save = dialog.get_by_role("button", name="Save", exact=True)
    expect(save).to_have_attribute("aria-disabled", "true")
    celune.start()
    # It is found again without anybody asking for it.
    expect(save).not_to_have_attribute("aria-disabled", "true")
    assert len(puts(dana)) == 1
    assert acme.provider_keys()["anthropic"]["state"] == "none"
    save.click()
    expect(dialog.get_by_role("heading", name="The key works")).to_be_visible()
    assert len(puts(dana)) == 2


def test_a_page_that_found_no_server_is_read_again_without_a_reload(celune, acme, dana):
    page = dana.page
    dana.page.goto(f"/w/{acme.id}/settings/who-pays")
    expect(page.get_by_role("radio", name="Own key first")).to_be_visible()
    celune.stop()
    page.get_by_role("link", name="Members").click()
    again = page.get_by_role("button", name="Try again")
    expect(again).to_be_visible(timeout=20_000)
    expect(page.get_by_role("heading", name="We can't reach the server")).to_be_visible()
    celune.start()
    again.click()
    expect(page.get_by_text("Dana").first).to_be_visible()
    # The script that did not come is told to the console.
    dana.forgive("Check your connection.")


def test_a_slow_server_is_said_to_be_slow_until_it_answers(acme, dana):
    held = []
    dana.page.clock.install()
    dana.page.route("**/provider-keys", lambda route: held.append(route))
    open_providers(dana, acme)
    dana.page.clock.run_for(5_000)
    expect(dana.page.get_by_text(SLOW)).to_be_visible()
    for route in held:
        route.continue_()
    dana.page.unroute("**/provider-keys")
    expect(dana.page.get_by_role("region", name="Anthropic")).to_contain_text("No key yet")
    dana.page.clock.run_for(1_000)
    expect(dana.page.get_by_text(SLOW)).to_have_count(0)


def test_a_call_of_the_playground_that_can_not_start_says_why_and_what_to_do(celune, acme, visit):
    acme.put_key("anthropic", provider_key("anthropic"), 201)
    mo = visit(celune)
    mo.enter(person(celune, acme, "member", "Mo"))
    page = mo.page
    page.goto(f"/w/{acme.id}/playground?model=claude-haiku-4-5")
    message, send = page.get_by_label("Message"), page.get_by_role("button", name="Send", exact=True)
    panel = lambda title: page.get_by_role("status").filter(has=page.get_by_role("heading", name=title, exact=True))  # noqa: E731
    message.fill("Hello there")
    # There is no answer, once to the call itself and once to the request for what it is made with.
    away = panel("We can't reach the server")
    for address, said, receipts in (("**/v1/messages", "it is among the receipts", 1), ("**/playground-token", "Nothing was changed", 0)):
        page.route(address, lambda route: route.abort())
        send.click()
        expect(away).to_contain_text(said)
        expect(away.get_by_role("link", name="See receipts")).to_have_count(receipts)
        page.unroute(address)
        page.reload()
        message.fill("Hello there")
    # By keyboard as little as by mouse.
    mo.context.set_offline(True)
    expect(send).to_have_attribute("aria-disabled", "true")
    message.press("Control+Enter")
    assert [url for method, url, _ in mo.requests if method == "POST" and url.endswith("/v1/messages")][1:] == []
    mo.context.set_offline(False)
    page.reload()
    page.wait_for_load_state("networkidle")
    message.fill("Hello there")
    # Nobody is signed in any more.
    mo.context.clear_cookies()
    send.click()
    over = page.get_by_role("dialog", name="Your session has ended. Sign in to go on.")
    over.get_by_label("Password", exact=True).fill(PASSWORD)
    over.get_by_role("button", name="Sign in").click()
    expect(over).to_have_count(0)
    expect(panel("Your session has ended")).to_contain_text("Sign in, then send it again. What you typed is kept.")
    # He may not; a role that changes ends its sessions, so only a server that changed its mind says this.
    refusal = {"title": "Not allowed", "detail": "A viewer can't do this.", "status": 403, "code": "forbidden"}
    page.route("**/playground-token", lambda route: route.fulfill(status=403, content_type="application/problem+json", json=refusal))
    page.get_by_role("button", name="Send again").click()
    expect(panel("You may not use the playground")).to_contain_text("A viewer can't do this. Owners change roles.")
    assert mo.violations() == []
    page.unroute("**/playground-token")
    send.click()
    expect(page.get_by_text("Simulated answer to: Hello there")).to_be_visible()

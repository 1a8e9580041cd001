"""The dashboard as people use it: in a browser, through the real server and the simulated providers."""

import re
from functools import partial

import pytest
from playwright.sync_api import expect

from harness.dashboard import (
    DESK,
    PASSWORD,
    PHONE,
    PROVIDERS_PAGE,
    Visit,
    assert_only_sent_once,
    open_providers,
    save_key,
    setup_link,
)
from harness.dashboard import join as member
from harness.products import settings, workspace as new_workspace
from harness.sim import provider_key

each_size = pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])


@pytest.fixture
def visit(visit, celune):
    return partial(visit, celune)


@pytest.fixture
def celune(new_server):
    return new_server(settings=settings("celune")).start()


@pytest.fixture
def acme(celune):
    return new_workspace(celune, "pro")




@each_size
def test_first_run_makes_the_account_once(celune, visit, viewport):
    link = setup_link(celune.output())
    page = visit(viewport=viewport).page
    page.goto(link)
    # The operator's product, and not what it is made of.
    expect(page.get_by_role("heading", name="Set up Celune", level=1)).to_be_visible()
    expect(page).to_have_title("Set up Celune · Celune")
    assert "Ownkey" not in page.content()
    page.get_by_label("Email").fill("eli@example.com")
    page.get_by_label("Your name").fill("Eli")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    assert "#" not in page.url
    page.get_by_role("button", name="Make the account").click()
    expect(page.get_by_role("heading", name="Workspaces", level=1)).to_be_visible()
    late = visit().page
    late.goto(link)
    expect(late.get_by_text("This link has been used.")).to_be_visible()


def test_login_says_nothing_of_which_was_wrong_and_goes_on_where_one_wanted(celune, acme, visit):
    member(celune, acme, visit(), "admin")
    person = visit()
    person.page.goto(f"/w/{acme.id}/settings/who-pays")
    expect(person.page).to_have_title("Sign in · Celune")
    expect(person.page.get_by_role("main")).to_contain_text("Celune")
    for mail, password in (("dana@example.com", "wrong password"), ("nobody@example.com", PASSWORD)):
        person.sign_in(mail, password)
        expect(person.page.get_by_text("wrong_login")).to_be_visible()
        expect(person.page.get_by_label("Password", exact=True)).to_have_value("")
    person.sign_in("dana@example.com")
    expect(person.page.get_by_role("heading", name="Who pays", level=1)).to_be_visible()


@each_size
def test_c3_a_pasted_key_is_tested_and_pays_from_the_next_call_on(celune, sim, acme, visit, viewport):
    person = member(celune, acme, visit(viewport=viewport), "admin")
    page, key = person.page, provider_key("anthropic")
    if viewport == PHONE:
        page.get_by_role("button", name="Navigation").click()
    page.get_by_role("navigation").get_by_role("link", name="AI Providers").click()
    page.get_by_role("button", name="Add Provider Key").click()
    page.get_by_role("radio", name="Anthropic").click()
    page.evaluate("text => navigator.clipboard.writeText(text)", f' "{key}"\n')
    page.get_by_label("Anthropic key", exact=True).focus()
    page.keyboard.press("Control+V")
    expect(page.get_by_text("Removed the quotes around it.")).to_be_visible()
    page.get_by_role("button", name="Save", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("status").get_by_text("The key works")).to_be_visible()
    expect(dialog.get_by_text("From the next call on, Anthropic models run on your key.")).to_be_visible()
    page.get_by_role("button", name="Done").click()
    card = page.get_by_role("region", name="Anthropic")
    expect(card.get_by_text("Your key pays. Anthropic bills you.")).to_be_visible()
    since = sim.now()
    assert acme.ask("anthropic").headers["x-ownkey-payer"] == "byok"
    assert sim.calls(since)[-1]["key"] == key
    assert_only_sent_once(person, key)


def test_a_key_of_another_provider_is_noticed_before_it_is_sent(celune, sim, acme, visit):
    person = member(celune, acme, visit(), "admin")
    open_providers(person, acme, "?add=anthropic")
    page, key, since = person.page, provider_key("openai"), sim.now()
    page.get_by_label("Anthropic key", exact=True).fill(key)
    expect(page.get_by_text("This looks like an OpenAI key")).to_be_visible()
    page.get_by_role("button", name="Add it for OpenAI").click()
    assert not sim.log(since)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("dialog").get_by_text("The key works")).to_be_visible()
    assert acme.provider_keys()["openai"]["state"] == "active"
    assert_only_sent_once(person, key)


@each_size
def test_c9_disconnecting_says_who_pays_and_so_it_is(celune, acme, visit, viewport):
    acme.put_key("anthropic", provider_key("anthropic"), 201)
    person = member(celune, acme, visit(viewport=viewport), "admin")
    open_providers(person, acme)
    page = person.page
    page.get_by_role("link", name="Disconnect Anthropic").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Celune's managed access pays; it's included in Pro")
    expect(dialog.get_by_role("button", name="Keep the key")).to_be_focused()
    dialog.get_by_role("button", name="Disconnect").click()
    expect(page.get_by_text("Disconnected. Celune's managed access pays from now on.")).to_be_visible()
    expect(page.get_by_role("region", name="Anthropic")).to_contain_text("Celune pays: included in Pro.")
    answer = acme.ask("anthropic")
    assert answer.headers["x-ownkey-payer"] == "managed"
    page.goto(f"/w/{acme.id}/receipts/{answer.headers['x-ownkey-request-id']}")
    expect(page.get_by_role("heading", level=2).first).to_contain_text("included in the plan; 0 credits")


def test_own_key_only_previews_what_it_then_does(celune, acme, visit):
    person = member(celune, acme, visit(), "admin")
    page = person.page
    page.goto(f"/w/{acme.id}/settings/who-pays")
    page.get_by_role("radio", name="Own key only").click()
    row = page.get_by_role("row", name=re.compile("there is no key"))
    expect(row).to_contain_text("byok_required")
    assert acme.ask("openai").headers["x-ownkey-payer"] == "managed"
    page.get_by_role("button", name="Save", exact=True).click()
    diff = page.get_by_role("dialog", name="From now on")
    expect(diff).to_contain_text("your plan → calls fail (byok_required)")
    diff.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved. In force from the next call.")).to_be_visible()
    assert acme.ask("openai").headers["x-ownkey-error"] == "byok_required"
    open_providers(person, acme)
    expect(page.get_by_role("region", name="OpenAI")).to_contain_text("No calls possible.")


def test_c10_a_plan_without_own_keys_sees_all_of_it_and_what_it_would_gain(celune, visit):
    spark = new_workspace(celune, "spark")
    person = member(celune, spark, visit(), "owner")
    open_providers(person, spark, "?add=anthropic")
    page = person.page
    expect(page.get_by_text("Bring your own key with Pro, Team or Enterprise.")).to_be_visible()
    expect(page.get_by_role("dialog").get_by_text("Open API Keys in the left sidebar.")).to_be_visible()
    expect(page.get_by_label("Anthropic key", exact=True)).to_be_disabled()


def test_a_viewer_sees_everything_and_changes_nothing(celune, acme, visit):
    acme.put_key("anthropic", provider_key("anthropic"), 201)
    person = member(celune, acme, visit(), "viewer")
    open_providers(person, acme, "?disconnect=anthropic")
    page = person.page
    expect(page.get_by_text("Only admins can add, rotate or remove provider keys. Ask the operator.")).to_be_visible()
    expect(page.get_by_role("region", name="Anthropic")).to_contain_text("Your key pays.")
    page.get_by_role("button", name="Add Provider Key").click(force=True)
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_an_ended_session_is_gone_on_with_in_place(celune, acme, visit):
    person = member(celune, acme, visit(), "admin")
    open_providers(person, acme, "?add=anthropic")
    person.page.get_by_label("Anthropic key", exact=True).fill(provider_key("anthropic"))
    person.context.clear_cookies()
    person.page.get_by_role("button", name="Save", exact=True).click()
    over = person.page.get_by_role("dialog", name="Your session has ended. Sign in to go on.")
    over.get_by_label("Password", exact=True).fill(PASSWORD)
    over.get_by_role("button", name="Sign in").click()
    expect(over).to_have_count(0)
    expect(person.page.get_by_role("heading", name="AI Providers", level=1)).to_be_visible()


@each_size
def test_playground_answers_and_says_who_paid(celune, acme, visit, viewport):
    acme.put_key("anthropic", provider_key("anthropic"), 201)
    page = member(celune, acme, visit(viewport=viewport), "member").page
    page.goto(f"/w/{acme.id}/playground?model=claude-haiku-4-5")
    page.get_by_label("Message").fill("Hello there")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Simulated answer to: Hello there")).to_be_visible()
    page.get_by_role("link", name="Receipt", exact=True).click()
    expect(page.get_by_role("heading", level=2).first).to_contain_text("Paid by your own Anthropic key …")
    [receipt] = acme.receipts()
    assert receipt["id"] in page.url
    page.go_back()
    expect(page.get_by_text("Hello there")).to_have_count(0)


def test_a_key_removed_in_one_tab_is_gone_in_the_other(celune, acme, visit):
    acme.put_key("openai", provider_key("openai"), 201)
    person = member(celune, acme, visit(), "admin")
    open_providers(person, acme)
    other = person.watched(person.context.new_page())
    other.goto(f"/w/{acme.id}/{PROVIDERS_PAGE}?disconnect=openai")
    expect(other.get_by_role("button", name="Keep the key")).to_be_focused()
    acme.delete_key("openai")
    other.get_by_role("button", name="Disconnect", exact=True).click()
    expect(other.get_by_text("OpenAI is disconnected already.")).to_be_visible()
    expect(person.page.get_by_role("region", name="OpenAI")).to_contain_text("No key yet", timeout=20_000)

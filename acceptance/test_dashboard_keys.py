"""Keys and sessions on the dashboard, where several things happen at once: dialogs that close, tabs that differ, sessions
that end, people who may not; and that the focus is never lost."""

import re

import pytest
from playwright.sync_api import Page, expect

from harness.dashboard import KEPT, PASSWORD, PHONE, open_providers, person, save_key
from harness.hands import IS_ANYWHERE
from harness.products import settings
from harness.products import workspace as new_workspace
from harness.server import Server
from harness.session import Session
from harness.sim import provider_key

# Whoever comes back to a tab has it look at once, and not with its next round.
COME_BACK = "dispatchEvent(new Event('visibilitychange'))"
OVER = "Your session has ended. Sign in to go on."
# More than the drawer has places.
STOPS = 40


@pytest.fixture(scope="module")
def celune(tmp_path_factory, sim):
    running = Server(tmp_path_factory.mktemp("celune"), sim, settings=settings("celune")).start()
    yield running
    running.stop()


@pytest.fixture
def acme(celune):
    return new_workspace(celune, "pro")


@pytest.fixture
def enter(celune, acme, visit):
    def go(role: str = "admin", **options):
        one = visit(celune, **options)
        one.enter(person(celune, acme, role))
        return one

    return go


def card(page: Page, name: str):
    return page.get_by_role("region", name=name)


def test_a_test_goes_on_behind_a_closed_dialog_and_the_card_says_what_came_of_it(acme, enter):
    dana = enter()
    page, held = dana.page, []
    page.route("**/provider-keys/*", lambda route: held.append(route) if route.request.method == "PUT" else route.continue_())
    keys = {"anthropic": provider_key("anthropic", "revoked"), "openai": provider_key("openai")}
    for provider, name in (("anthropic", "Anthropic"), ("openai", "OpenAI")):
        open_providers(dana, acme, f"?add={provider}")
        save_key(page, name, keys[provider])
        expect(page.get_by_role("button", name=f"Testing with {name}…")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_text("The test goes on; the card will show the result.").last).to_be_visible()
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(card(page, name).get_by_role("status")).to_have_text(f"Testing the new key with {name}…")
        if provider == "openai":
            # Whoever looks at another page meanwhile misses nothing.
            page.get_by_role("link", name="Members", exact=True).click()
            expect(page.get_by_role("heading", name="Members", level=1)).to_be_visible()
        held.pop().continue_()
        if provider == "anthropic":
            refused = card(page, name).get_by_role("alert")
            expect(refused.get_by_role("heading", name="Anthropic doesn't accept this key")).to_be_visible()
            expect(refused).to_contain_text("It may have been revoked, or a part is missing. Nothing was saved.")
            expect(refused.get_by_role("link", name="Create a new key at Anthropic")).to_be_visible()
            expect(card(page, name)).to_contain_text("No key yet")
            assert dana.violations() == []
            refused.get_by_role("button", name="Dismiss").click()
            expect(refused).to_have_count(0)
    page.get_by_role("navigation").get_by_role("link", name="AI Providers").click()
    expect(card(page, "OpenAI").get_by_role("heading", name="The key works")).to_be_visible()
    expect(card(page, "OpenAI")).to_contain_text("Your key pays. OpenAI bills you.")
    for key in keys.values():
        assert key not in page.evaluate(KEPT)
        assert len([url for _, url, body in dana.requests if key in body or key in url]) == 1


def test_a_key_that_was_changed_meanwhile_is_looked_at_again_before_it_goes(acme, enter):
    acme.put_key("anthropic", provider_key("anthropic"), 201)
    dana = enter()
    open_providers(dana, acme, "?disconnect=anthropic")
    dialog = dana.page.get_by_role("dialog")
    expect(dialog).to_contain_text("is deleted here")
    rotated = acme.put_key("anthropic", provider_key("anthropic"), 200).json()
    dialog.get_by_role("button", name="Disconnect", exact=True).click()
    changed = dialog.get_by_role("alert")
    expect(changed).to_contain_text("This key was changed just now by API key all; look again.")
    expect(changed).to_contain_text(f"now it is {rotated['hint']}")
    assert acme.provider_keys()["anthropic"]["credential"] == rotated["credential"]
    assert dana.violations() == []
    changed.get_by_role("button", name="Look again").click()
    expect(dialog).to_contain_text(f"The key {rotated['hint']} is deleted here.")
    dialog.get_by_role("button", name="Disconnect", exact=True).click()
    expect(dana.page.get_by_text("Disconnected. Celune's managed access pays from now on.")).to_be_visible()
    assert acme.provider_keys()["anthropic"]["state"] == "none"


def test_dialogs_that_an_address_opens_give_the_focus_to_what_would_have_opened_them(acme, enter):
    dana = enter("owner")
    page = dana.page

    def closed():
        expect(page.get_by_role("dialog")).to_have_count(0)
        page.wait_for_function(IS_ANYWHERE)

    def heading():
        return page.get_by_role("heading", level=1)

    open_providers(dana, acme, "?add=anthropic")
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("Escape")
    expect(card(page, "Anthropic").get_by_role("link", name="Add Anthropic key")).to_be_focused()
    acme.put_key("anthropic", provider_key("anthropic"), 201)
    for dialog, opener in (("rotate", "Rotate"), ("disconnect", "Disconnect Anthropic")):
        open_providers(dana, acme, f"?{dialog}=anthropic")
        page.get_by_role("dialog").wait_for()
        page.keyboard.press("Escape")
        expect(card(page, "Anthropic").get_by_role("link", name=opener)).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="Disconnect", exact=True).click()
    expect(card(page, "Anthropic")).to_contain_text("No key yet")
    expect(card(page, "Anthropic")).to_be_focused()
    # What is opened by a button has it back; one that an address opened leaves it on the page's name.
    for place, title in (("api-keys", "Create API key"), ("budgets", "Add a budget"), ("members", "Invite")):
        page.goto(f"/w/{acme.id}/settings/{place}?new")
        expect(page.get_by_role("dialog", name=title)).to_be_visible()
        page.keyboard.press("Escape")
        closed()
        expect(heading()).to_be_focused()
        button = page.get_by_role("button", name=title).first
        button.click()
        expect(page.get_by_role("dialog", name=title)).to_be_visible()
        page.keyboard.press("Escape")
        expect(button).to_be_focused()
    budget = {"scope": "workspace", "payer": "any", "period": "day", "limit_usd": "20", "action": "block", "unpriced": "allow"}
    acme.operator("PUT", f"{acme.path}/budgets/daily", budget, 201)
    page.goto(f"/w/{acme.id}/settings/budgets?edit=daily")
    page.get_by_role("dialog", name="Edit the budget").wait_for()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Edit budget daily")).to_be_focused()


def sign_in_again(page: Page):
    over = page.get_by_role("dialog", name=OVER)
    expect(over).to_be_visible()
    expect(over.get_by_label("Password", exact=True)).to_be_focused()
    over.get_by_label("Password", exact=True).fill(PASSWORD)
    over.get_by_role("button", name="Sign in").click()
    expect(over).to_have_count(0)


def test_what_is_secret_goes_with_the_session_and_what_was_typed_stays(acme, enter):
    dana = enter("owner")
    page = dana.page
    page.goto(f"/w/{acme.id}/settings/api-keys?new")
    dialog = page.get_by_role("dialog", name="Create API key")
    dialog.get_by_label("Name").fill("CI on main")
    # What the page still asked for would hear of the end before the button is pressed.
    page.wait_for_load_state("networkidle")
    dana.context.clear_cookies()
    dialog.get_by_role("button", name="Create API key").click()
    sign_in_again(page)
    expect(dialog.get_by_label("Name")).to_have_value("CI on main")
    dialog.get_by_role("button", name="Create API key").click()
    shown = dialog.get_by_label("The key CI on main")
    expect(shown).to_have_text(re.compile("^ok_"))
    secret = shown.inner_text()
    # Only its own button takes it away.
    page.keyboard.press("Escape")
    expect(shown).to_be_visible()
    dana.context.clear_cookies()
    page.evaluate(COME_BACK)
    expect(page.get_by_role("dialog", name=OVER)).to_be_visible()
    assert secret not in page.evaluate(KEPT)
    sign_in_again(page)
    assert secret not in page.evaluate(KEPT)
    expect(dialog).to_contain_text("The key CI on main is not shown any more, because your session ended.")
    # A key that somebody pasted and did not send goes too, however the page hears of the end.
    open_providers(dana, acme, "?add=anthropic")
    field = page.get_by_label("Anthropic key", exact=True)
    field.fill(provider_key("anthropic"))
    dana.context.clear_cookies()
    page.evaluate(COME_BACK)
    expect(page.get_by_role("dialog", name=OVER)).to_be_visible()
    expect(field).to_have_value("")


# What each page says that a viewer may not, and the least role that may.
DENIED = {
    "settings/integrations/ai-providers": ("Only admins can add, rotate or remove provider keys.", "Dana or Eli"),
    "settings/integrations/connections": ("Only admins can connect and disconnect accounts.", "Dana or Eli"),
    "settings/who-pays": ("Only admins can change who pays.", "Dana or Eli"),
    "settings/agents": ("Only admins can change an agent's model.", "Dana or Eli"),
    "settings/budgets": ("Only admins can add, change or remove budgets.", "Dana or Eli"),
    "settings/audit": ("Only admins can read the audit log.", "Dana or Eli"),
    "settings/api-keys": ("Viewers can't create API keys.", "Dana, Eli or Gus"),
    "settings/members": ("Only owners can invite people and change roles.", "Dana"),
    "playground": ("Only members of this workspace can use the playground", "Dana"),
}


def test_sessions_elsewhere_are_ended_one_by_one_and_all_at_once(celune, acme, visit):
    here = person(celune, acme, "owner")
    mail = here("GET", "/session").json()["user"]["mail"]
    elsewhere = [Session(celune.url) for _ in range(3)]
    for session in elsewhere:
        session.login(mail, PASSWORD)
    dana = visit(celune)
    dana.enter(here)
    page = dana.page
    page.goto("/account")
    there = page.get_by_role("button", name="Sign out there")
    expect(there).to_have_count(3)
    there.first.click()
    expect(page.get_by_text("Signed out there.")).to_be_visible()
    expect(there).to_have_count(2)
    assert [session.is_signed_in() for session in elsewhere].count(True) == 2
    page.get_by_role("button", name="End all others").click()
    expect(page.get_by_text("All other sessions have ended.")).to_be_visible()
    expect(there).to_have_count(0)
    assert here.is_signed_in() and not any(session.is_signed_in() for session in elsewhere)


def test_whoever_may_not_reads_who_may(celune, acme, visit):
    for role, name in (("owner", "Dana"), ("admin", "Eli"), ("member", "Gus")):
        person(celune, acme, role, name)
    ivy = visit(celune)
    ivy.enter(person(celune, acme, "viewer", "Ivy"))
    for place, (why, who) in DENIED.items():
        ivy.page.goto(f"/w/{acme.id}/{place}")
        expect(ivy.page.get_by_text(why).first).to_contain_text(f"Ask {who}.")
    ivy.page.goto(f"/w/{acme.id}/settings/integrations/ai-providers")
    inert = card(ivy.page, "Anthropic").get_by_role("button", name="Add Anthropic key")
    expect(inert).to_have_attribute("aria-disabled", "true")
    inert.focus()
    expect(ivy.page.get_by_role("tooltip").filter(has_text="Ask Dana or Eli.")).to_be_visible()
    # What is closed as a whole still says what it is, and has a way back.
    for place, heading in (("operator/plans", "Plans"), ("w/ws_0", "There is no such workspace")):
        ivy.page.goto(f"/{place}")
        expect(ivy.page.get_by_role("main").get_by_role("heading", name=heading, level=1)).to_be_visible()
        ivy.page.get_by_role("link", name="Your workspace").click()
        # The alias is another workspace to whoever is sent the link.
        ivy.page.wait_for_url(f"**/w/{acme.id}")


def test_a_member_revokes_what_he_made(celune, acme, visit):
    for role, name in (("owner", "Dana"), ("admin", "Eli")):
        person(celune, acme, role, name)
    acme.api("POST", f"{acme.path}/api-keys", {"name": "Theirs", "scopes": ["inference"]}, 201)
    gus = visit(celune)
    session = person(celune, acme, "member", "Gus")
    gus.enter(session)
    session("POST", f"{acme.path}/api-keys", {"name": "Mine", "scopes": ["inference"]}, 201)
    page = gus.page
    page.goto(f"/w/{acme.id}/settings/api-keys")
    why = "You can revoke keys that you made. Ask Dana or Eli."
    expect(page.get_by_role("main").get_by_text(why).first).to_be_visible()
    theirs = page.get_by_role("button", name="Revoke Theirs")
    expect(theirs).to_have_attribute("aria-disabled", "true")
    theirs.focus()
    expect(page.get_by_role("tooltip").filter(has_text=why)).to_be_visible()
    page.get_by_role("button", name="Revoke Mine").click()
    expect(page.get_by_role("dialog").get_by_role("button", name="Revoke", exact=True)).to_be_visible()


def test_the_phones_menu_holds_the_focus_while_it_is_open(acme, enter):
    dana = enter(viewport=PHONE)
    page = dana.page
    page.goto(f"/w/{acme.id}")
    burger = page.get_by_role("button", name="Navigation")
    expect(burger).to_have_attribute("aria-expanded", "false")
    burger.click()
    expect(burger).to_have_attribute("aria-expanded", "true")
    menu = page.locator(f"#{burger.get_attribute('aria-controls')}")
    expect(menu.get_by_role("link", name="AI Providers", exact=True)).to_be_visible()
    for _ in range(STOPS):
        page.keyboard.press("Tab")
        assert menu.evaluate("menu => menu.contains(document.activeElement)")
    assert dana.violations() == []
    page.keyboard.press("Escape")
    expect(menu.get_by_role("link")).to_have_count(0)
    expect(burger).to_be_focused()
    expect(burger).to_have_attribute("aria-expanded", "false")

"""The page of connections: an account is connected, connected again and disconnected by a browser that goes to the
identity provider and comes back; what it says of each way back; who may do what."""

import re

import pytest
from playwright.sync_api import Page, expect

from harness.api import Api
from harness.dashboard import DESK, PASSWORD, PHONE, found_by_axe, person
from harness.errors import assert_problem
from harness.identity import Identity, agree, connect, goes_to, outcome, provider, variables
from harness.process import wait_for
from harness.server import Server
from harness.session import Session, setup_link, token_of

LIVES_S = 3_600
# Due after half of it: who takes the grant back does not wait long.
SHORT_S = 2
SIZES = pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])


@pytest.fixture(scope="module")
def running(tmp_path_factory, sim):
    settings = provider(sim, "calendar", 'title = "Calendar"') + provider(sim, "mail", 'title = "Mail"')
    folder = tmp_path_factory.mktemp("connections")
    server = Server(folder, sim, settings=settings, variables=variables("calendar", "mail")).start()
    server.identity = Identity(sim)
    server.identity.register("calendar", server.url, LIVES_S)
    server.identity.register("mail", server.url, SHORT_S)
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def works(running):
    """No fault outlives its test."""
    yield
    running.identity.works()
    running.identity.denies(False)


@pytest.fixture
def acme(running):
    return running.operator.create_workspace()


@pytest.fixture
def dana(running, acme):
    return person(running, acme)


def address(workspace, search: str = "") -> str:
    return f"/w/{workspace.id}/settings/integrations/connections{search}"


def opened(visit, server, session, workspace, search: str = "", **options):
    one = visit(server, **options)
    one.enter(session)
    # What is half faded in has no contrast yet.
    one.page.emulate_media(reduced_motion="reduce")
    one.page.goto(address(workspace, search))
    expect(one.page.get_by_role("heading", name="Connections", level=1)).to_be_visible()
    return one


def headings(page: Page) -> list[str]:
    return page.get_by_role("heading", level=2).all_inner_texts()


def product(server, workspace) -> Api:
    body = {"name": "product", "scopes": ["connections:write"]}
    return Api(server.url, server.operator("POST", f"{workspace.path}/api-keys", body, 201).json()["secret"])


def token(api: Api, connection: str, expect: int):
    return api("POST", f"/workspaces/current/connections/{connection}/token", expect=expect)


def shown(session, workspace, connection: str) -> dict:
    return session("GET", f"/workspaces/{workspace.id}/connections/{connection}", expect=200).json()


def needs_somebody(server, session, workspace) -> str:
    """A connection whose grant its provider has taken back."""
    connection = connect(session, "mail", workspace.id)
    server.identity.revoke_all()
    over = lambda: shown(session, workspace, connection)["state"] == "needs_reauth"  # noqa: E731
    wait_for(over, "the connection needs somebody")
    return connection


@SIZES
def test_an_account_is_connected_and_disconnected(running, acme, dana, visit, size):
    there = opened(visit, running, dana, acme, viewport=size)
    page, api = there.page, product(running, acme)
    expect(page.get_by_text("No account is connected")).to_be_visible()
    page.get_by_role("button", name="Connect Calendar").click()
    page.wait_for_url("**/connections?connected=conn_*")
    connection = page.url.split("connected=")[1]
    told = page.get_by_role("status").filter(has_text="Calendar is connected")
    expect(told).to_contain_text(connection)
    card = page.get_by_role("region", name="Calendar", exact=True)
    expect(card).to_contain_text("Active")
    expect(card).to_contain_text("by Dana")
    expect(card).to_contain_text("mail, files")
    expect(page.get_by_text("No account is connected")).to_have_count(0)
    assert found_by_axe(there, address(acme, f"?connected={connection}")) == []
    given = token(api, connection, 200).json()["access_token"]
    assert running.identity.use(given).status_code == 200
    told.get_by_role("button", name="Dismiss").click()
    expect(told).to_have_count(0)
    assert page.url.endswith("/connections")

    card.get_by_role("link", name="Disconnect Calendar").click()
    dialog = page.get_by_role("dialog", name="Disconnect Calendar?")
    expect(dialog.get_by_role("button", name="Keep the connection")).to_be_focused()
    expect(dialog).to_contain_text(f"{connection[-8:]}, connected")
    expect(dialog).to_contain_text("programs that use this connection get no token")
    assert there.violations() == []
    dialog.get_by_role("button", name="Keep the connection").click()
    expect(dialog).to_have_count(0)
    assert shown(dana, acme, connection)["state"] == "active"
    card.get_by_role("link", name="Disconnect Calendar").click()
    dialog.get_by_role("button", name="Disconnect", exact=True).click()
    expect(page.get_by_text("Disconnected. Programs get no token of this Calendar account any more.")).to_be_visible()
    expect(card).to_contain_text("Disconnected")
    expect(card.get_by_role("link")).to_have_count(0)
    # It does as it said: nothing is handed out here, and nothing of it counts there.
    assert_problem(token(api, connection, 404), 404, "not_found")
    assert running.identity.use(given).status_code == 401
    # The way back that made it says no more that it is connected.
    assert found_by_axe(there, address(acme, f"?connected={connection}")) == []
    expect(page.get_by_text("Calendar is connected")).to_have_count(0)


@SIZES
def test_what_needs_somebody_comes_first_and_is_connected_again_under_its_id(running, acme, dana, visit, size):
    connect(dana, "calendar", acme.id)
    connection = needs_somebody(running, dana, acme)
    there = opened(visit, running, dana, acme, viewport=size)
    page = there.page
    card = page.get_by_role("region", name="Mail", exact=True)
    expect(card).to_contain_text("Needs to be connected again")
    expect(card).to_contain_text("Mail accepts this grant no more")
    assert headings(page) == ["Connect again", "Connect an account", "Connected"]
    assert found_by_axe(there, address(acme)) == []
    card.get_by_role("button", name="Reconnect Mail").click()
    page.wait_for_url(f"**/connections?connected={connection}")
    expect(page.get_by_role("status").filter(has_text="Mail is connected")).to_be_visible()
    expect(card).to_contain_text("Active")
    assert headings(page) == ["Connect an account", "Connected"]
    assert running.identity.use(token(product(running, acme), connection, 200).json()["access_token"]).status_code == 200


def test_who_says_no_at_the_provider_reads_that_nothing_was_connected(running, acme, dana, visit):
    running.identity.denies(True)
    there = opened(visit, running, dana, acme)
    there.page.get_by_role("button", name="Connect Calendar").click()
    there.page.wait_for_url("**/connections?failed=denied")
    said_of_it(there, "Nobody agreed")
    expect(there.page.get_by_text("No account is connected")).to_be_visible()
    # And yes the second time.
    running.identity.denies(False)
    there.page.get_by_role("button", name="Connect Calendar").click()
    there.page.wait_for_url("**/connections?connected=conn_*")
    expect(there.page.get_by_text("Nobody agreed")).to_have_count(0)


def said_of_it(there, title: str):
    told = there.page.get_by_role("status").filter(has_text=title)
    expect(told).to_be_visible()
    expect(told.get_by_role("button", name="Dismiss")).to_be_visible()
    assert there.violations() == []


def test_a_provider_that_does_not_answer_or_refuses_is_told_of(running, acme, dana, visit):
    running.identity.fails("down")
    there = opened(visit, running, dana, acme)
    there.page.get_by_role("button", name="Connect Calendar").click()
    there.page.wait_for_url("**/connections?failed=provider_unavailable")
    said_of_it(there, "The provider did not answer")
    running.identity.fails("invalid_client")
    there.page.get_by_role("button", name="Connect Calendar").click()
    there.page.wait_for_url("**/connections?failed=misconfigured")
    said_of_it(there, "The provider does not accept this server")
    running.identity.works()
    begun = dana("POST", f"/workspaces/{acme.id}/connections", {"provider": "calendar"}, 200).json()
    there.page.goto(goes_to(dana, begun["url"]).headers["location"].replace("code=", "code=x"))
    there.page.wait_for_url("**/connections?failed=refused")
    said_of_it(there, "The provider refused")


def test_a_connection_that_went_meanwhile_is_told_of(running, acme, dana, visit):
    connection = connect(dana, "calendar", acme.id)
    there = opened(visit, running, dana, acme)
    path = f"/workspaces/{acme.id}/connections/{connection}"
    begun = dana("POST", path, expect=200).json()
    dana("DELETE", path, expect=204)
    there.page.goto(begun["url"])
    there.page.wait_for_url("**/connections?failed=gone")
    said_of_it(there, "The connection is gone")
    # A thousand are not made for this.
    there.page.goto(address(acme, "?failed=too_many"))
    said_of_it(there, "This workspace has as many connections as it may")
    there.page.goto(address(acme, "?failed=made-up"))
    said_of_it(there, "Nothing was connected")
    expect(there.page.get_by_text("made-up")).to_have_count(0)


def test_a_refresh_that_fails_is_told_while_it_is_tried_again(running, acme, dana, visit):
    connection = connect(dana, "mail", acme.id)
    running.identity.fails("down")
    wait_for(lambda: shown(dana, acme, connection)["last_error"] == "unavailable", "a refresh fails")
    api = product(running, acme)
    ask = lambda: api("POST", f"/workspaces/current/connections/{connection}/token").status_code  # noqa: E731
    wait_for(lambda: ask() == 502, "the token has expired")
    there = opened(visit, running, dana, acme)
    card = there.page.get_by_role("region", name="Mail", exact=True)
    expect(card).to_contain_text("Active, not refreshed")
    expect(card).to_contain_text("Mail did not answer.")
    expect(card).to_contain_text("Its token has expired, so programs get none.")
    assert there.violations() == []


@SIZES
def test_a_viewer_sees_all_of_it_and_can_do_nothing(running, acme, dana, visit, size):
    connection = connect(dana, "calendar", acme.id)
    there = opened(visit, running, person(running, acme, "viewer"), acme, f"?disconnect={connection}", viewport=size)
    page = there.page
    expect(page.get_by_text("Only admins can connect and disconnect accounts.")).to_be_visible()
    card = page.get_by_role("region", name="Calendar", exact=True)
    expect(card).to_contain_text("Active")
    for name in ("Connect Calendar", "Reconnect Calendar", "Disconnect Calendar"):
        button = page.get_by_role("button", name=name, exact=True)
        expect(button).to_have_attribute("aria-disabled", "true")
        button.focus()
        expect(button).to_be_focused()
        page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert found_by_axe(there, address(acme)) == []
    assert [url for method, url, _ in there.requests if method != "GET"] == []


def test_the_operator_can_disconnect_what_only_admins_connect(running, acme, dana, visit):
    connection = connect(dana, "calendar", acme.id)
    eli = Session(running.url)
    first = {"token": token_of(setup_link(running.output())), "mail": "op@example.com", "name": "Eli", "password": PASSWORD}
    eli("POST", "/setup", first, 201)
    page = opened(visit, running, eli, acme).page
    expect(page.get_by_text("Only admins of this workspace can connect its accounts.")).to_be_visible()
    for name in ("Connect Calendar", "Reconnect Calendar"):
        expect(page.get_by_role("button", name=name, exact=True)).to_have_attribute("aria-disabled", "true")
    page.get_by_role("link", name="Disconnect Calendar").click()
    page.get_by_role("dialog").get_by_role("button", name="Disconnect", exact=True).click()
    expect(page.get_by_text("Disconnected. Programs get no token")).to_be_visible()
    assert shown(dana, acme, connection)["state"] == "revoked"


@SIZES
def test_without_a_provider_the_page_says_how_to_add_one(server, workspace, visit, size):
    there = opened(visit, server, person(server, workspace), workspace, viewport=size)
    page = there.page
    teaches = page.get_by_role("region", name="No provider can be connected yet")
    expect(teaches).to_contain_text(f"{server.url}/api/v1/connections/callback/google")
    expect(teaches).to_contain_text("[connections.providers.google]")
    expect(page.get_by_role("button", name=re.compile("Connect"))).to_have_count(0)
    assert found_by_axe(there, address(workspace)) == []


def test_a_provider_that_left_the_configuration_offers_no_way_back(running, acme, dana, visit):
    """Its accounts stay, and can be disconnected."""
    connect(dana, "calendar", acme.id)
    file = running.folder / "ownkey.toml"
    before = file.read_text()
    file.write_text(before.replace("[connections.providers.calendar]", "[connections.providers.almanac]"))
    offered = lambda: {item["provider"] for item in dana("GET", "/connection-providers").json()["data"]}  # noqa: E731
    try:
        running.reload()
        wait_for(lambda: "calendar" not in offered(), "the provider has left")
        card = opened(visit, running, dana, acme).page.get_by_role("region", name="calendar", exact=True)
        expect(card).to_contain_text("not in the server's configuration any more")
        expect(card.get_by_role("button", name="Reconnect calendar")).to_have_attribute("aria-disabled", "true")
        expect(card.get_by_role("link", name="Disconnect calendar")).to_be_visible()
    finally:
        file.write_text(before)
        running.reload()
        wait_for(lambda: "calendar" in offered(), "the provider is back")


def test_the_page_is_found_beside_ai_providers_and_in_the_palette(running, acme, dana, visit):
    page = opened(visit, running, dana, acme).page
    links = page.get_by_role("navigation").get_by_role("link").all_inner_texts()
    assert links[links.index("AI Providers") + 1] == "Connections"
    page.goto(f"/w/{acme.id}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.keyboard.press("Control+k")
    page.get_by_placeholder(re.compile("Search")).fill("oauth")
    page.get_by_role("dialog").get_by_text("Connections", exact=True).click()
    page.wait_for_url(f"**{address(acme)}")

"""Every page of the dashboard with nothing in it, with two months in it, with an API that fails and with one that does
not answer, in both themes, at a desk and on a phone: axe finds nothing, nothing scrolls sideways.

With `OWNKEY_SCREENSHOTS` naming a folder (`make screenshots`) it takes a picture of each instead.
"""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from harness.clock import LIBRARY, Clock
from harness.dashboard import DESK, PASSWORD, PHONE, PROVIDERS_PAGE, Visit, person
from harness.history import sixty_days
from harness.process import wait_for
from harness.products import settings
from harness.products import workspace as new_workspace
from harness.routes import routes
from harness.server import Server
from harness.session import Session, setup_link, token_of
from harness.sim import provider_key

PICTURES = os.environ.get("OWNKEY_SCREENSHOTS")
SIZES = {"desk": DESK, "phone": PHONE}
# Each theme and each size; all four together in soaks, since what one adds to the others is little.
LOOKS = [("desk", "light"), ("phone", "dark")]
ALL_LOOKS = [(size, theme) for size in SIZES for theme in ("light", "dark")]
DIALOGS = [f"{PROVIDERS_PAGE}?{dialog}=anthropic" for dialog in ("add", "rotate", "disconnect")]
BROKEN = {"title": "Something broke on our side", "detail": "Try again shortly.", "status": 500, "code": "internal"}
FITS = "document.documentElement.scrollWidth <= innerWidth"
# A colour on its way to another is neither.
STILL = """theme => document.documentElement.dataset.mantineColorScheme === theme
  && !document.getAnimations().some((one) => one instanceof CSSTransition)"""
# Only the operator makes something new there.
GRANTS = "/w/$ws/settings/billing"
# What asks for nothing: an address without a page, and help.
ASKING_NOTHING = {"/$", "/w/$ws/help", "/operator/help"}
SLOW = "Still working. The server is slow to answer."


@pytest.fixture(scope="module")
def niyra(tmp_path_factory, sim):
    folder = tmp_path_factory.mktemp("niyra")
    clock = Clock(folder / "clock") if LIBRARY else None
    variables = clock.variables() if clock else {}
    running = Server(folder / "server", sim, settings=settings("niyra"), variables=variables).start()
    running.clock = clock
    yield running
    running.stop()


@pytest.fixture(scope="module")
def operator(niyra) -> Session:
    session = Session(niyra.url)
    first = {"mail": "op@example.com", "name": "Eli", "password": PASSWORD}
    session("POST", "/setup", {"token": token_of(setup_link(niyra.output()))} | first, 201)
    return session


@pytest.fixture(scope="module")
def seeded(niyra, sim):
    if not niyra.clock:
        pytest.skip("libfaketime is not installed")
    history = sixty_days(niyra, sim, niyra.clock)
    return person(niyra, history.workspace, "owner"), {"ws": history.workspace.id, "req": history.receipt}


@pytest.fixture(scope="module")
def empty(niyra):
    """Nothing but one receipt's page would be empty without a receipt: that one is asked for where there is none."""
    acme = new_workspace(niyra, "pro")
    return person(niyra, acme, "owner"), {"ws": acme.id, "req": "req_00000000000000000000000000000000"}


@pytest.fixture(scope="module")
def stored(niyra):
    """A workspace with a key at each provider, for the dialogs."""
    acme = new_workspace(niyra, "pro")
    acme.put_key("anthropic", provider_key("anthropic"), 201)
    return person(niyra, acme, "owner"), {"ws": acme.id, "req": ""}


class Gallery:
    """Looks at pages, one after the other, and gathers what is wrong."""

    def __init__(self, visit: Visit, state: str, looks):
        self.visit, self.state, self.looks = visit, state, looks
        self.found: list[str] = []
        self.page.emulate_media(reduced_motion="reduce")

    @property
    def page(self) -> Page:
        return self.visit.page

    def look(self, name: str):
        """At the page as it stands."""
        for size, theme in self.looks:
            self.page.set_viewport_size(SIZES[size])
            self.page.emulate_media(color_scheme=theme)
            place = f"{name or 'start'}, {self.state}, {size}, {theme}"
            try:
                wait_for(lambda: self.page.evaluate(FITS), "the page fits", 3)
            except TimeoutError:
                self.found.append(f"{place}: scrolls sideways")
            wait_for(lambda: self.page.evaluate(STILL, theme), "the theme is there and nothing moves")
            if PICTURES:
                self.picture(name, f"{size}-{theme}")
            else:
                self.found += [f"{place}: {fault}" for fault in self.visit.violations()]

    def picture(self, name: str, look: str):
        file = Path(PICTURES) / self.state / f"{name.strip('/').replace('/', '-') or 'start'}-{look}.png"
        # A dialog is as large as the window.
        self.page.screenshot(path=file, full_page=self.page.get_by_role("dialog").count() == 0)

    def settled(self):
        """Until the page has all that it asks for."""
        expect(self.page.get_by_role("heading", level=1)).to_be_visible()
        self.page.wait_for_load_state("networkidle")
        expect(self.page.locator("[aria-busy=true]:visible")).to_have_count(0)


    def given_up(self):
        """Until it has asked in vain as often as it does."""
        busy = self.page.locator("[aria-busy=true]:visible")
        for _ in range(60):
            if not busy.count():
                return
            self.page.clock.run_for(1_000)
        raise AssertionError(f"{self.page.url} waits for what nobody answers")


@pytest.fixture
def gallery(visit, niyra, soak):
    def make(session: Session | None, state: str, server=niyra) -> Gallery:
        one = visit(server)
        if session:
            one.enter(session)
        return Gallery(one, state, ALL_LOOKS if soak or PICTURES else LOOKS)

    return make


def pages(viewer: str):
    return [route for route in routes() if route.viewer == viewer]


def name_of(route) -> str:
    return route.path.replace("/w/$ws", "").replace("$", "") or "overview"


def test_the_router_is_read():
    found = {route.path: route.viewer for route in routes()}
    assert found["/w/$ws"] == "member" and found["/login"] == "anybody" and found["/operator/plans"] == "operator"
    assert len(found) > 20


def test_navigation_leads_to_pages_of_the_router(niyra, visit, empty):
    session, names = empty
    dana = visit(niyra)
    dana.enter(session)
    dana.page.goto(f"/w/{names['ws']}")
    known = {route.address(**names) for route in pages("member")}
    expect(dana.page.get_by_role("link", name="Audit log")).to_be_visible()
    links = dana.page.locator("nav a").evaluate_all("links => links.map((link) => new URL(link.href).pathname)")
    assert len(links) > 8 and {link.rstrip("/") for link in links} <= known


@pytest.mark.parametrize("state", ["empty", "seeded"])
def test_pages_with_what_is_in_them(request, gallery, state):
    session, names = request.getfixturevalue(state)
    at = gallery(session, state)
    for route in pages("member"):
        at.page.goto(route.address(**names))
        at.settled()
        at.look(name_of(route))
    assert not at.found, "\n".join(at.found)


def test_dialogs(gallery, stored):
    session, names = stored
    at = gallery(session, "dialogs")
    made = [name_of(route) + "?new=true" for route in pages("member") if route.makes_new and route.path != GRANTS]
    assert made
    for dialog in [*DIALOGS, *made]:
        at.page.goto(f"/w/{names['ws']}/{dialog.strip('/')}")
        expect(at.page.get_by_role("dialog")).to_be_visible()
        at.settled()
        at.look(dialog)
    assert not at.found, "\n".join(at.found)


def test_pages_of_the_operator(gallery, operator, empty):
    at = gallery(operator, "operator")
    for route in pages("operator"):
        page = route.address(**empty[1])
        for address in [page, *([page + "?new=true"] if route.makes_new else [])]:
            at.page.goto(address)
            at.settled()
            at.look(address)
    assert not at.found, "\n".join(at.found)


def test_pages_for_who_is_not_signed_in(gallery, niyra, empty):
    acme = empty[1]["ws"]
    made = niyra.operator("POST", f"/workspaces/{acme}/members", {"mail": "new@example.com", "role": "member"}, 201)
    at = gallery(None, "anybody")
    for route in pages("anybody"):
        # What only a link leads to is looked at with one, and with one that is none.
        links = [made.json()["link"], "/invite#inv_wrong"] if route.path == "/invite" else [route.address()]
        for number, link in enumerate(links):
            at.page.goto("about:blank")
            at.page.goto(link)
            at.settled()
            at.look(f"{name_of(route)}{number or ''}")
    assert not at.found, "\n".join(at.found)


def asked_for(route: Route) -> bool:
    """Whether it is one of a page's own requests: who is signed in is known."""
    return not route.request.url.endswith("/api/v1/session")


def fail(route: Route):
    answer = {"status": 500, "content_type": "application/problem+json", "json": BROKEN}
    route.fulfill(headers={"x-request-id": "req_broken"}, **answer) if asked_for(route) else route.continue_()


def hang(route: Route):
    if not asked_for(route):
        route.continue_()


def everything(operator, empty):
    """Every page for somebody who is signed in, with who looks at it."""
    session, names = empty
    asking = {viewer: [route for route in pages(viewer) if route.path not in ASKING_NOTHING] for viewer in ("member", "operator")}
    return [(session, asking["member"], names), (operator, asking["operator"], names)]


def test_pages_of_an_api_that_fails(gallery, operator, empty):
    found = []
    for session, some, names in everything(operator, empty):
        at = gallery(session, "error")
        at.page.clock.install()
        at.page.route("**/api/v1/**", fail)
        for route in some:
            at.page.goto(route.address(**names))
            expect(at.page.get_by_role("heading", level=1)).to_be_visible()
            at.given_up()
            expect(at.page.get_by_role("button", name="Try again").first).to_be_visible()
            at.page.clock.resume()
            at.look(name_of(route))
        found += at.found
    assert not found, "\n".join(found)


def test_pages_of_an_api_that_does_not_answer(gallery, operator, empty):
    found = []
    for session, some, names in everything(operator, empty):
        at = gallery(session, "slow")
        at.page.clock.install()
        at.page.route("**/api/v1/**", hang)
        for route in some:
            at.page.goto(route.address(**names))
            expect(at.page.get_by_role("heading", level=1)).to_be_visible()
            at.page.clock.run_for(5_000)
            expect(at.page.get_by_text(SLOW)).to_be_visible()
            at.page.clock.resume()
            at.look(name_of(route))
        found += at.found
        at.page.unroute_all(behavior="ignoreErrors")
    assert not found, "\n".join(found)

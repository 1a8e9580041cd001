"""The dashboard in Debian's Chromium. Whatever breaks the content security policy, or throws, fails the test.
`session.py` has the same person without a browser."""

import itertools
import json
import os
import shutil
from pathlib import Path

from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

from .session import COOKIE, Session, setup_link

PROVIDERS_PAGE = "settings/integrations/ai-providers"
ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "dashboard" / "node_modules" / "axe-core" / "axe.min.js"
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1440, "height": 900}
# Without its background services Chromium speaks to nobody but the server.
QUIET = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
]
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PASSWORD = "correct horse battery staple"
VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error("CSP", event.violatedDirective, event.blockedURI, event.sample));
"""


# All that a page keeps: its document, what is in its fields, its storage, its history.
KEPT = """() => document.documentElement.outerHTML + JSON.stringify([localStorage, sessionStorage, history.state])
  + location.href + [...document.querySelectorAll('input, textarea')].map((field) => field.value).join()"""
_people = itertools.count(1)


def launch(playwright: Playwright) -> Browser:
    program = shutil.which("chromium")
    assert program, "Chromium is missing: run scripts/test-setup.sh"
    # As root there is no sandbox to be had.
    return playwright.chromium.launch(executable_path=program, args=QUIET + (["--no-sandbox"] if os.geteuid() == 0 else []))


class Visit:
    """A person at a browser of his own."""

    def __init__(self, browser: Browser, url: str, *, viewport=None, theme="light", touch=False, zone=None):
        options = {"viewport": viewport or DESK, "color_scheme": theme, "locale": "en-US", "base_url": url, "has_touch": touch}
        options |= {"timezone_id": zone} if zone else {}
        self.url = url
        self.context = browser.new_context(**options, permissions=["clipboard-read", "clipboard-write"])
        self.context.add_init_script(VIOLATIONS)
        self.faults: list[str] = []
        self.requests: list[tuple[str, str, str]] = []
        self.page = self.watched(self.context.new_page())

    def watched(self, page: Page) -> Page:
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda message: self.faults.append(message.text) if is_fault(message) else None)
        page.on("request", lambda request: self.requests.append((request.method, request.url, request.post_data or "")))
        return page

    def sign_in(self, mail: str, password: str = PASSWORD):
        self.page.get_by_label("Email").fill(mail)
        self.page.get_by_label("Password", exact=True).fill(password)
        self.page.get_by_role("button", name="Sign in").click()

    def enter(self, session: Session):
        """Goes on with a session that was begun elsewhere."""
        cookie = {"name": COOKIE, "value": session.cookie, "domain": "127.0.0.1", "path": "/"}
        self.context.add_cookies([cookie | {"secure": True, "httpOnly": True, "sameSite": "Lax"}])

    def load_axe(self):
        self.page.evaluate(AXE.read_text())

    def violations(self) -> list[str]:
        """What axe finds on the page as it is."""
        if not self.page.evaluate("typeof axe === 'object'"):
            self.load_axe()
        options = {"runOnly": WCAG, "resultTypes": ["violations"]}
        found = self.page.evaluate("options => axe.run(document, options)", options)["violations"]
        return [f"{rule['id']}: {json.dumps([node['target'] for node in rule['nodes']])}" for rule in found]

    def forgive(self, words: str):
        """A fault that the test has brought about."""
        assert any(words in fault for fault in self.faults), self.faults
        self.faults = [fault for fault in self.faults if words not in fault]

    def close(self):
        self.context.close()
        assert not self.faults, self.faults


def join(server, workspace, visit: Visit, role: str, mail: str = "dana@example.com") -> Visit:
    """Comes by an invitation, as everybody does."""
    made = server.operator("POST", f"{workspace.path}/members", {"mail": mail, "role": role}, 201).json()
    visit.page.goto(made["link"])
    visit.page.get_by_label("Your name").fill("Dana")
    visit.page.get_by_label("Password", exact=True).fill(PASSWORD)
    visit.page.get_by_role("button", name="Join").click()
    visit.page.wait_for_url("**/w/**")
    return visit


def found_by_axe(visit: Visit, path: str) -> list[str]:
    """What is wrong with a page: what axe finds, and whether it has to be scrolled sideways."""
    visit.page.goto(path)
    visit.page.wait_for_load_state("networkidle")
    visit.page.get_by_role("heading", level=1).wait_for()
    found = [f"{path}: {fault}" for fault in visit.violations()]
    if visit.page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        found.append(f"{path}: scrolls sideways")
    return found


def person(server, workspace, role: str = "admin", name: str = "Dana") -> Session:
    """A member of a workspace, signed in."""
    mail = f"{role}-{next(_people)}@example.com"
    made = server.operator("POST", f"{workspace.path}/members", {"mail": mail, "role": role}, 201).json()
    return Session(server.url).accept(made["link"], PASSWORD, name)


def open_providers(visit: Visit, workspace, search: str = ""):
    visit.page.goto(f"/w/{workspace.id}/{PROVIDERS_PAGE}{search}")
    expect(visit.page.get_by_role("heading", name="AI Providers", level=1)).to_be_visible()


def save_key(page: Page, name: str, key: str):
    page.get_by_label(f"{name} key", exact=True).fill(key)
    page.get_by_role("button", name="Save", exact=True).click()


def assert_only_sent_once(visit: Visit, key: str):
    """A pasted key is in the one request that saves it, and stays nowhere in the page."""
    carrying = [(method, url) for method, url, body in visit.requests if key in body or key in url]
    assert len(carrying) == 1 and carrying[0][0] == "PUT", carrying
    assert key not in visit.page.evaluate(KEPT)


def is_fault(message) -> bool:
    # The browser itself logs every refusal of the server.
    return message.type == "error" and not message.text.startswith("Failed to load resource")


__all__ = [
    "DESK",
    "PASSWORD",
    "PHONE",
    "PROVIDERS_PAGE",
    "Visit",
    "assert_only_sent_once",
    "found_by_axe",
    "join",
    "launch",
    "open_providers",
    "person",
    "save_key",
    "setup_link",
    "sync_playwright",
]

"""The simulated identity provider, and people who connect accounts there as their browsers would."""

from collections import Counter
from urllib.parse import parse_qs, urlsplit

import httpx

from .api import LOCAL
from .session import Session, setup_link, token_of

PASSWORD = "correct horse battery"
# Each provider has its own below it.
CALLBACK = "/api/v1/connections/callback"


class Identity:
    """The provider's control port: who may ask for tokens, what goes wrong, what happened."""

    def __init__(self, sim):
        self.url, self.control = sim.identity, sim.control

    def _put(self, path: str, body: dict):
        self.control.put(f"/identity{path}", json=body).raise_for_status()

    def register(self, client_id: str, server_url: str, lives_s: int, **more):
        """A client whose access tokens live so long."""
        redirect_uri = f"{server_url}{CALLBACK}/{client_id}"
        client = {"client_id": client_id, "client_secret": secret_of(client_id), "redirect_uri": redirect_uri}
        self._put("/clients", client | {"lives_s": lives_s} | more)

    def fails(self, kind: str, count: int | None = None, ms: int | None = None):
        """From now on, so often or until another word."""
        self._put("/fault", {"kind": kind, "count": count, "ms": ms})

    def works(self):
        self.fails("none")

    def denies(self, denies: bool):
        self._put("/denies", {"denies": denies})

    def keeps(self, keeps: bool):
        """Whether it revokes nothing that it is asked to."""
        self._put("/keeps", {"keeps": keeps})

    def revoke_all(self):
        self.control.request("DELETE", "/identity/grants").raise_for_status()

    def stats(self) -> dict:
        return self.control.get("/identity/stats").json()

    def log(self, kind: str | None = None, since: int = 0) -> list[dict]:
        entries = self.control.get("/identity/log", params={"since": since}).json()["entries"]
        return [entry for entry in entries if kind in (None, entry["kind"])]

    def revoke_access(self, client_id: str, token: str):
        """Ends an access token alone, as a provider may for reasons of its own."""
        form = {"token": token, "client_id": client_id, "client_secret": secret_of(client_id)}
        httpx.post(f"{self.url}/revoke", data=form, **LOCAL).raise_for_status()

    def use(self, token: str) -> httpx.Response:
        """As a product uses a token."""
        return self.control.get(f"{self.url}/api/me", headers={"authorization": f"Bearer {token}"})


def secret_of(client_id: str) -> str:
    return f"secret-of-{client_id}-0123456789abcdef"


def variables(*clients: str) -> dict:
    """The environment that the settings below name."""
    return {f"IDP_SECRET_{client.upper()}": secret_of(client) for client in clients}


def provider(sim, client: str, *more: str) -> str:
    """The section of a provider, whose name is its client's id."""
    at = sim.identity
    return "\n".join([
        f"[connections.providers.{client}]",
        f'authorize_url = "{at}/authorize"',
        f'token_url = "{at}/token"',
        f'revoke_url = "{at}/revoke"',
        f'client_id = "{client}"',
        f'client_secret = "env:IDP_SECRET_{client.upper()}"',
        'scopes = ["mail", "files"]',
        f'hosts = ["{at}"]',
        *more,
        "",
    ])


def first_person(server) -> Session:
    """Whoever opens the server's first link: the owner of a workspace."""
    browser = Session(server.url)
    first = {"token": token_of(setup_link(server.output())), "mail": "dana@example.com", "name": "Dana"}
    browser("POST", "/setup", first | {"password": PASSWORD, "workspace": "Acme"}, 201)
    return browser


def unhurried(caller):
    """The same caller, with a connection for each request: a server whose hours pass closes those that were idle, just
    as the next request comes."""
    caller.http.headers["connection"] = "close"
    return caller


def goes_to(browser: Session, url: str) -> httpx.Response:
    """A browser opens an address: at Ownkey with its cookie, elsewhere without, and follows nothing."""
    if url.startswith(browser.url):
        path = url.removeprefix(f"{browser.url}/api/v1")
        return browser("GET", path, **{"sec-fetch-site": "cross-site"})
    return httpx.get(url, **LOCAL)


def agree(browser: Session, begun: dict) -> httpx.Response:
    """Opens the provider's page, and comes back."""
    sent_back = goes_to(browser, begun["url"])
    assert sent_back.status_code == 302, sent_back.text
    return goes_to(browser, sent_back.headers["location"])


def outcome(answer: httpx.Response) -> dict:
    """What the page is told that a browser goes on to."""
    assert answer.status_code == 303, answer.text
    to = urlsplit(answer.headers["location"])
    assert to.path.endswith("/settings/integrations/connections")
    return {name: values[0] for name, values in parse_qs(to.query).items()}


def connect(browser: Session, name: str, ws: str = "current") -> str:
    """Connects an account: the connection's id."""
    begun = browser("POST", f"/workspaces/{ws}/connections", {"provider": name}, 200).json()
    return outcome(agree(browser, begun))["connected"]


def too_early(entries: list[dict], poll_s: int, margin_s: int) -> list[dict]:
    """Refreshes before they were due, by the provider's own clock. Times travel in whole milliseconds."""
    lead_ms = (poll_s + margin_s) * 1000
    due = lambda entry: entry["lives_ms"] - min(lead_ms, entry["lives_ms"] // 2)  # noqa: E731
    refreshes = [entry for entry in entries if entry["kind"] == "refresh" and entry["age_ms"] is not None]
    return [entry for entry in refreshes if entry["age_ms"] + 2 < due(entry)]


def refreshed_twice(entries: list[dict]) -> list[tuple]:
    """Generations that became tokens more than once."""
    ended = ((e["family"], e["generation"]) for e in entries if e["kind"] == "refresh" and e["result"] == "ok")
    return [generation for generation, times in Counter(ended).items() if times > 1]

"""OAuth connections: connecting an account in a browser, tokens for programs, calls over them, faults of the provider."""

import socket
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from harness.api import LOCAL, Api
from harness.session import Session
from harness.canary import Canary, Scanner
from harness.clock import LIBRARY, Clock
from harness.errors import assert_problem
from harness.identity import (
    CALLBACK,
    PASSWORD,
    Identity,
    agree,
    connect,
    first_person,
    goes_to,
    outcome,
    provider,
    secret_of,
    unhurried,
    variables,
)
from harness.process import wait_for
from harness.server import Server
from harness.sim import Simulator

LIVES_S = 3_600
needs_clock = pytest.mark.skipif(not LIBRARY, reason="libfaketime is not installed")


# With what is asked for: Google's tokens live on by what its preset adds, Slack has commas between scopes.
PRESETS = {"google": ["openid", "https://www.googleapis.com/auth/calendar"], "slack": ["chat:write", "users:read"]}


def preset(sim, name: str, *scopes: str) -> str:
    """The section of a provider by its preset, at the simulated one."""
    at = sim.identity
    return "\n".join([
        f"[connections.providers.{name}]",
        f'preset = "{name}"',
        f'authorize_url = "{at}/authorize"',
        f'token_url = "{at}/token"',
        f'revoke_url = "{at}/revoke"',
        f'client_id = "{name}"',
        f'client_secret = "env:IDP_SECRET_{name.upper()}"',
        f"scopes = {list(scopes)}",
        f'hosts = ["{at}"]',
        "",
    ])


@pytest.fixture(scope="module")
def running(tmp_path_factory, sim):
    """A server with a provider that is configured, and one that describes itself; and its first person."""
    settings = provider(sim, "calendar") + "\n".join([
        "[connections.providers.described]",
        f'issuer = "{sim.identity}"',
        'client_id = "described"',
        'client_auth = "body"',
        'client_secret = "env:IDP_SECRET_DESCRIBED"',
        "revocation_ends_all = true",
        "",
        *(preset(sim, name, *scopes) for name, scopes in PRESETS.items()),
    ])
    folder = tmp_path_factory.mktemp("connections")
    server = Server(folder, sim, settings=settings, variables=variables("calendar", "described", *PRESETS), log="debug").start()
    server.identity = Identity(sim)
    server.identity.register("calendar", server.url, LIVES_S)
    # One that writes its answers as loosely as some real ones.
    server.identity.register("described", server.url, LIVES_S, loose=True)
    for name in PRESETS:
        server.identity.register(name, server.url, LIVES_S, shape=name)
    server.dana = first_person(server)
    server.workspace = server.dana("GET", "/session", expect=200).json()["workspaces"][0]["id"]
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def works(running):
    """No fault outlives its test."""
    yield
    running.identity.works()
    running.identity.denies(False)
    running.identity.keeps(False)


def key(server, *scopes: str, ws: str | None = None, **more) -> Api:
    path = f"/workspaces/{ws or server.workspace}/api-keys"
    wanted = {"name": "product", "scopes": list(scopes) or ["connections:write"]} | more
    made = server.operator("POST", path, wanted, 201)
    return Api(server.url, made.json()["secret"])


def shown(server, connection: str) -> dict:
    return server.dana("GET", f"/workspaces/current/connections/{connection}", expect=200).json()


def token(api: Api, connection: str, expect=200) -> httpx.Response:
    return api("POST", f"/workspaces/current/connections/{connection}/token", expect=expect)


def over(api: Api, connection: str, rest: str = "", method: str = "GET", **more) -> httpx.Response:
    """A call over a connection."""
    headers = {"authorization": f"Bearer {api.token}"} | more.pop("headers", {})
    return httpx.request(method, f"{api.root}/connections/{connection}{rest}", headers=headers, **more, **LOCAL)


def host(sim) -> str:
    return sim.identity.removeprefix("http://")


@pytest.mark.parametrize("name", ["calendar", "described"])
def test_an_account_is_connected_used_and_disconnected(running, name):
    assert name in {item["provider"] for item in running.dana("GET", "/connection-providers").json()["data"]}
    connection = connect(running.dana, name)
    seen = shown(running, connection)
    assert (seen["state"], seen["provider"]) == ("active", name)
    given = token(key(running), connection).json()
    assert given["token_type"] == "Bearer" and given["expires_at"] == seen["expires_at"]
    assert running.identity.use(given["access_token"]).status_code == 200
    actions = [event["action"] for event in running.dana("GET", "/workspaces/current/audit").json()["data"]]
    assert actions[:2] == ["connection.token", "api_key.create"] and "connection.create" in actions
    running.dana("DELETE", f"/workspaces/current/connections/{connection}", expect=204)
    # Revoked at the provider too.
    assert running.identity.use(given["access_token"]).status_code == 401
    assert shown(running, connection)["state"] == "revoked"
    assert_problem(token(key(running), connection, 404), 404, "not_found")
    assert_problem(running.dana("DELETE", f"/workspaces/current/connections/{connection}"), 404, "not_found")


@pytest.mark.parametrize("name", ["calendar", "described"])
def test_what_connecting_again_replaces_is_revoked_unless_that_ends_all(running, name):
    connection, api = connect(running.dana, name), key(running)
    old = token(api, connection).json()["access_token"]
    begun = running.dana("POST", f"/workspaces/current/connections/{connection}", expect=200).json()
    assert outcome(agree(running.dana, begun)) == {"connected": connection}
    assert running.identity.use(old).status_code == (401 if name == "calendar" else 200)
    new = token(api, connection).json()["access_token"]
    assert new != old and running.identity.use(new).status_code == 200
    assert shown(running, connection)["last_error"] is None


def test_what_the_provider_does_not_revoke_is_told(running):
    connection = connect(running.dana, "calendar")
    running.identity.keeps(True)
    running.dana("DELETE", f"/workspaces/current/connections/{connection}", expect=204)
    seen = shown(running, connection)
    assert (seen["state"], seen["last_error"]) == ("revoked", "not_revoked")
    actions = [event["action"] for event in running.dana("GET", "/workspaces/current/audit").json()["data"]]
    assert actions[:2] == ["connection.not_revoked", "connection.disconnect"]


def test_a_keys_requests_a_minute_are_for_tokens_too(running, sim):
    connection, api = connect(running.dana, "calendar"), key(running, requests_per_minute=2)
    token(api, connection)
    assert over(api, connection, f"/{host(sim)}/api/x").status_code == 200
    refused = token(api, connection, 429)
    assert_problem(refused, 429, "rate_limited")
    assert 0 < int(refused.headers["retry-after"]) <= 60
    assert over(api, connection, f"/{host(sim)}/api/x").status_code == 429


def test_the_way_back_is_for_the_session_that_left_and_once(running):
    begun = running.dana("POST", "/workspaces/current/connections", {"provider": "calendar"}, 200).json()
    sent_back = goes_to(running.dana, begun["url"])
    back = sent_back.headers["location"]
    assert back.startswith(running.url + CALLBACK + "/calendar?code=")
    other = Session(running.url)
    other.login("dana@example.com", PASSWORD)
    # The same person, signed in elsewhere; and nobody. A page tells each of them.
    assert outcome(goes_to(other, back)) == {"failed": "connection_expired"}
    assert outcome(goes_to(Session(running.url), back)) == {"failed": "unauthorized"}
    assert "connected" in outcome(goes_to(running.dana, back))
    assert outcome(goes_to(running.dana, back)) == {"failed": "connection_expired"}
    at = f"{CALLBACK}/calendar"
    for made_up in ("", "?state=x", "?code=x", f"?code=x&state={'A' * 64}", "?state=x&state=y"):
        assert outcome(goes_to(running.dana, running.url + at + made_up)) == {"failed": "connection_expired"}
    # Programs have no business there.
    assert_problem(running.operator("GET", at.removeprefix("/api/v1")), 403, "forbidden")


def test_who_refuses_or_brings_a_wrong_code_connects_nothing(running):
    before = running.dana("GET", "/workspaces/current/connections").json()["data"]
    begun = running.dana("POST", "/workspaces/current/connections", {"provider": "calendar"}, 200).json()
    running.identity.denies(True)
    assert outcome(agree(running.dana, begun)) == {"failed": "denied"}
    running.identity.denies(False)
    begun = running.dana("POST", "/workspaces/current/connections", {"provider": "calendar"}, 200).json()
    back = goes_to(running.dana, begun["url"]).headers["location"].replace("code=", "code=x")
    assert outcome(goes_to(running.dana, back)) == {"failed": "refused"}
    begun = running.dana("POST", "/workspaces/current/connections", {"provider": "described"}, 200).json()
    back = goes_to(running.dana, begun["url"]).headers["location"].replace("iss=http", "iss=https")
    assert outcome(goes_to(running.dana, back)) == {"failed": "refused"}
    # It announces that it says who it is, so silence is another's.
    begun = running.dana("POST", "/workspaces/current/connections", {"provider": "described"}, 200).json()
    silent = goes_to(running.dana, begun["url"]).headers["location"].partition("&iss=")[0]
    assert outcome(goes_to(running.dana, silent)) == {"failed": "refused"}
    # A code that comes by the address of another provider than was asked is sent to neither.
    begun = running.dana("POST", "/workspaces/current/connections", {"provider": "calendar"}, 200).json()
    back = goes_to(running.dana, begun["url"]).headers["location"]
    codes = len(running.identity.log("code"))
    assert outcome(goes_to(running.dana, back.replace("/calendar?", "/described?"))) == {"failed": "refused"}
    assert len(running.identity.log("code")) == codes
    for fault, said in {"down": "provider_unavailable", "invalid_client": "misconfigured"}.items():
        running.identity.fails(fault, 1)
        begun = running.dana("POST", "/workspaces/current/connections", {"provider": "calendar"}, 200).json()
        assert outcome(agree(running.dana, begun)) == {"failed": said}
    for error, said in {"invalid_scope": "misconfigured", "server_error": "provider_unavailable", "x": "denied"}.items():
        begun = running.dana("POST", "/workspaces/current/connections", {"provider": "calendar"}, 200).json()
        state = parse_qs(urlsplit(begun["url"]).query)["state"][0]
        back = f"{running.url}{CALLBACK}/calendar?state={state}&error={error}"
        assert outcome(goes_to(running.dana, back)) == {"failed": said}
    told = running.output()
    assert all(f'reason="{word}"' in told for word in ("invalid_client", "invalid_scope"))
    assert_problem(running.dana("POST", "/workspaces/current/connections", {"provider": "unknown"}), 400, "bad_request")
    assert running.dana("GET", "/workspaces/current/connections").json()["data"] == before


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_connects_accounts_of_a_provider_with_its_ways(running, name):
    assert f"{running.url}{CALLBACK}/{name}" in running.dana("GET", "/connection-providers").text
    connection, api = connect(running.dana, name), key(running)
    seen = shown(running, connection)
    assert (seen["state"], seen["scopes"]) == ("active", PRESETS[name]) and seen["refresh_due_at"] < seen["expires_at"]
    answer = over(api, connection, f"/{host(running.sim)}/api/x").json()
    assert answer["ok"] and answer["generation"] == 1
    given = token(api, connection).json()["access_token"]
    running.dana("DELETE", f"/workspaces/current/connections/{connection}", expect=204)
    after = running.identity.use(given)
    # One says so by a status, the other says nothing but so.
    assert after.status_code == 401 or after.json() == {"ok": False, "error": "token_revoked"}
    # Nobody has agreed to this one: its refusal comes with 200 from one of them.
    begun = running.dana("POST", "/workspaces/current/connections", {"provider": name}, 200).json()
    back = goes_to(running.dana, begun["url"]).headers["location"].replace("code=", "code=x")
    assert outcome(goes_to(running.dana, back)) == {"failed": "refused"}


def test_another_workspaces_connection_is_not_there(running):
    connection = connect(running.dana, "calendar")
    stranger = running.operator.create_workspace()
    other = key(running, ws=stranger.id)
    assert_problem(token(other, connection, 404), 404, "not_found")
    assert_problem(other("GET", f"/workspaces/current/connections/{connection}"), 404, "not_found")
    assert_problem(over(other, connection, f"/{host(running.sim)}/api/x"), 404, "path_not_supported")
    assert_problem(token(key(running, "inference"), connection, 403), 403, "forbidden")
    assert_problem(over(key(running, "inference"), connection), 403, "forbidden")
    # Not the operator, nor the person who connected it.
    assert_problem(token(running.operator, connection, None), 404, "not_found")
    path = f"/workspaces/{running.workspace}/connections/{connection}/token"
    assert_problem(running.operator("POST", path), 403, "forbidden")
    assert_problem(running.dana("POST", path), 403, "forbidden")


def test_calls_go_out_with_the_token_to_the_providers_hosts_only(running, sim):
    connection, api = connect(running.dana, "calendar"), key(running)
    at = f"/{host(sim)}/api/events"
    answer = over(api, connection, f"{at}?day=1", "POST", content=b"any bytes", headers={"x-goog-user-project": "p"})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["method"], body["path"], body["query"], body["received"]) == ("POST", "/api/events", "day=1", "any bytes")
    assert "x-goog-user-project" in body["headers"] and "x-ownkey-payer" not in answer.headers
    # What it says to browsers is not this origin's word.
    assert "clear-site-data" not in answer.headers and answer.headers["x-content-type-options"] == "nosniff"
    receipt = api_receipt(running, answer)
    assert (receipt["status"], receipt["outcome"], receipt["payer"], receipt["credits"]) == (200, "complete", None, "0")
    for other in ("/127.0.0.1:9/api/x", "/evil.example/x", "/", ""):
        refused = assert_problem(over(api, connection, other), 403, "forbidden")
        assert host(sim) in refused["detail"]
    for odd in (f"/{host(sim)}/api/../token", f"/{host(sim)}/api/%2e%2e/token", f"/{host(sim)}//api"):
        answer = raw(running.url, api.token, f"/connections/{connection}{odd}")
        assert b" 400 " in answer.split(b"\r\n")[0], answer
    assert over(api, connection, f"/{host(sim)}/nothing").status_code == 404
    # What the host repeats of the token does not reach the caller.
    echoed = over(api, connection, at, headers={"x-echo-token": "yes"})
    secret = token(api, connection).json()["access_token"]
    assert echoed.status_code == 200 and secret not in echoed.text


def api_receipt(server, answer: httpx.Response) -> dict:
    id = answer.headers["x-ownkey-request-id"]
    return server.dana("GET", f"/workspaces/current/requests/{id}", expect=200).json()


def raw(url: str, secret: str, path: str) -> bytes:
    """Sends a path as it is written."""
    name, port = url.removeprefix("http://").split(":")
    with socket.create_connection((name, int(port)), timeout=10) as stream:
        head = f"GET {path} HTTP/1.1\r\nhost: {name}\r\nauthorization: Bearer {secret}\r\nconnection: close\r\n\r\n"
        stream.sendall(head.encode())
        return b"".join(iter(lambda: stream.recv(65536), b""))


def test_no_token_is_where_it_does_not_belong(running):
    connection, api = connect(running.dana, "calendar"), key(running)
    given = token(api, connection).json()["access_token"]
    secrets = Scanner([Canary("access token", given, "at-"), Canary("client secret", secret_of("calendar"))])
    assert secrets.scan_text(running.output(), "output") == []
    assert secrets.scan_text(running.kept(), "database") == []
    assert secrets.scan_files(running.data) == []
    for path in ("connections", f"connections/{connection}", "audit"):
        assert secrets.scan(running.dana("GET", f"/workspaces/current/{path}").content, path) == []


@pytest.mark.parametrize("path", ["/services", "/services/", "/connections", "/connections/", "/servicesx/y"])
def test_what_names_nothing_is_no_path(running, path):
    assert_problem(over_path(running, path), 404, "not_found")


def over_path(server, path: str) -> httpx.Response:
    return httpx.get(server.url + path, headers={"authorization": f"Bearer {key(server).token}"}, **LOCAL)


# From one look of the refresher to the next.
POLL_S = 300


class Hours:
    """A server and a provider whose hours pass together when the test says so."""

    def __init__(self, tmp_path, make_server, lives_s: int, settings: str = ""):
        self.clock = Clock(tmp_path / "clock", time_passes=True)
        self.sim = Simulator(tmp_path, self.clock.variables())
        self.identity = Identity(self.sim)
        settings = settings + provider(self.sim, "calendar")
        environment = variables("calendar") | self.clock.variables()
        self.server = make_server(sim=self.sim, settings=settings, variables=environment, database="sqlite://data/ownkey.db")
        self.server.start()
        self.identity.register("calendar", self.server.url, lives_s)
        self.dana = unhurried(first_person(self.server))
        self.workspace = self.dana("GET", "/session", expect=200).json()["workspaces"][0]["id"]

    def pass_s(self, seconds: int):
        self.clock.set(self.clock.offset_s + seconds)
        # Who sleeps looks at the clock when something wakes it.
        self.server.metrics()

    def shown(self, connection: str) -> dict:
        self.server.metrics()
        return self.dana("GET", f"/workspaces/current/connections/{connection}", expect=200).json()

    def until(self, connection: str, what: str, **wanted):
        def there():
            seen = self.shown(connection)
            return seen if all(seen[name] == value for name, value in wanted.items()) else None

        try:
            return wait_for(there, what, 5)
        except TimeoutError:
            # Whoever reckoned how long to sleep while the clock was set sleeps until its next look.
            self.pass_s(POLL_S)
            return wait_for(there, what)


@pytest.fixture
def hours(tmp_path, new_server):
    made: list[Hours] = []

    def make(lives_s: int, settings: str = "") -> Hours:
        made.append(Hours(tmp_path, new_server, lives_s, settings))
        return made[-1]

    yield make
    for one in made:
        one.sim.stop()


@needs_clock
def test_a_token_is_refreshed_when_due_and_not_before(hours):
    ours = hours(LIVES_S)
    connection = connect(ours.dana, "calendar")
    first = ours.shown(connection)
    ours.pass_s(LIVES_S - 360 - 5)
    assert ours.shown(connection)["expires_at"] == first["expires_at"] and ours.identity.log("refresh") == []
    ours.pass_s(6)
    wait_for(lambda: ours.shown(connection)["expires_at"] != first["expires_at"], "the token is refreshed")
    (refresh,) = ours.identity.log("refresh")
    assert refresh["result"] == "ok" and (LIVES_S - 360) * 1000 <= refresh["age_ms"]
    assert ours.server.metrics()['ownkey_connection_refreshes_total{outcome="refreshed"}'] == 1


@needs_clock
def test_a_token_that_is_stale_in_use_is_refreshed_first(hours):
    """The daemon is down for so long: its provider fails, and comes back unseen."""
    ours = hours(LIVES_S)
    connection = connect(ours.dana, "calendar")
    api = unhurried(key(ours.server, ws=ours.workspace))
    old = token(api, connection).json()["access_token"]
    ours.server.stop()
    ours.clock.set(ours.clock.offset_s + LIVES_S + 600)
    ours.server.start()
    new = token(api, connection).json()["access_token"]
    assert new != old and ours.identity.use(new).status_code == 200
    assert [entry["result"] for entry in ours.identity.log("refresh")] == ["ok"]


@needs_clock
def test_a_token_that_is_refused_in_use_is_refreshed_once(hours):
    ours = hours(LIVES_S)
    connection = connect(ours.dana, "calendar")
    api, at = unhurried(key(ours.server, ws=ours.workspace)), f"/{host(ours.sim)}/api/x"
    end = lambda: ours.identity.revoke_access("calendar", token(api, connection).json()["access_token"])  # noqa: E731
    # What came just now is not refused for its age: its refusal is passed on.
    end()
    assert over(api, connection, at).status_code == 401 and ours.identity.log("refresh") == []
    ours.pass_s(61)
    answer = over(api, connection, at, "POST", content=b"whole")
    assert (answer.status_code, answer.json()["generation"], answer.json()["received"]) == (200, 2, "whole")
    # The next one is refused too: no loop, whoever asks.
    end()
    for _ in range(3):
        assert over(api, connection, at).status_code == 401
        token(api, connection)
    path = f"/workspaces/current/connections/{connection}/token"
    old = token(api, connection).json()["access_token"]
    assert api("POST", path, {"refused": True}, 200).json()["access_token"] == old
    assert len(ours.identity.log("refresh")) == 1
    # A program that was given a token says so itself.
    ours.pass_s(61)
    new = api("POST", path, {"refused": True}, 200).json()["access_token"]
    assert new != old and ours.identity.use(new).status_code == 200 and len(ours.identity.log("refresh")) == 2
    assert_problem(api("POST", path, {"refused": "yes"}), 400, "bad_request")
    # A workspace that is deleted leaves nothing behind at the provider either.
    ours.server.operator("DELETE", f"/workspaces/{ours.workspace}", expect=204)
    wait_for(lambda: ours.identity.use(new).status_code == 401, "its tokens are revoked")


@needs_clock
def test_an_outage_of_an_hour_costs_nobody_his_connection(hours):
    ours = hours(LIVES_S)
    connection = connect(ours.dana, "calendar")
    api = unhurried(key(ours.server, ws=ours.workspace))
    old = token(api, connection).json()["access_token"]
    ours.identity.fails("down")
    ours.pass_s(LIVES_S - 360 + 1)
    ours.until(connection, "the outage is seen", last_error="unavailable", state="active")
    # The token of before works as long as it lives.
    assert token(api, connection).json()["access_token"] == old and ours.identity.use(old).status_code == 200
    ours.pass_s(LIVES_S)
    assert_problem(token(api, connection, 502), 502, "provider_unavailable")
    assert_problem(over(api, connection, f"/{host(ours.sim)}/api/x"), 502, "provider_unavailable")
    assert ours.shown(connection)["state"] == "active"
    # It is there again, and takes our client for none: for the operator to mend.
    ours.identity.fails("invalid_client")
    ours.pass_s(61)
    ours.until(connection, "it is known", last_error="invalid_client", state="active")
    detail = assert_problem(token(api, connection, 502), 502, "provider_unavailable")["detail"]
    assert "invalid_client" in detail and "operator" in detail
    assert ours.server.metrics()['ownkey_connection_refreshes_total{outcome="misconfigured"}'] >= 1
    assert "does not accept this server as its client" in ours.server.output()
    ours.identity.works()
    ours.pass_s(61)
    ours.until(connection, "it is refreshed again", last_error=None)
    assert ours.identity.use(token(api, connection).json()["access_token"]).status_code == 200


@needs_clock
def test_a_lost_answer_is_asked_for_once_more_and_never_again(hours):
    ours = hours(LIVES_S)
    connection = connect(ours.dana, "calendar")
    api = unhurried(key(ours.server, ws=ours.workspace))
    ours.identity.fails("lost", 1)
    ours.pass_s(LIVES_S - 360 + 1)
    ours.until(connection, "the lost answer is known", last_error="answer_lost")
    ours.pass_s(61)
    # The provider has gone on without us, so to ask once more is to be refused.
    ours.until(connection, "somebody is needed", state="needs_reauth", last_error="refused_by_provider")
    assert_problem(token(api, connection, 409), 409, "needs_reauth")
    assert_problem(over(api, connection, f"/{host(ours.sim)}/api/x"), 409, "needs_reauth")
    asked = len(ours.identity.log("refresh"))
    for _ in range(5):
        ours.pass_s(3_600)
    ours.shown(connection)
    assert asked == 2 == len(ours.identity.log("refresh"))
    # Somebody signs in again: the same connection.
    begun = ours.dana("POST", f"/workspaces/current/connections/{connection}", expect=200).json()
    assert outcome(agree(ours.dana, begun)) == {"connected": connection}
    assert ours.identity.use(token(api, connection).json()["access_token"]).status_code == 200


@needs_clock
def test_a_provider_that_hangs_is_outlived_and_not_asked_without_end(hours):
    ours = hours(LIVES_S, "[connections]\ntimeout_s = 1\n\n")
    connection = connect(ours.dana, "calendar")
    # An hour in which it takes requests, and does and says nothing.
    ours.identity.fails("late", None, 86_400_000)
    ours.pass_s(LIVES_S - 360 + 1)
    ours.until(connection, "it does not answer", last_error="unanswered", state="active")
    for _ in range(12):
        ours.pass_s(300)
        assert ours.shown(connection)["state"] == "active"
    ours.identity.works()
    ours.pass_s(LIVES_S)
    ours.until(connection, "it is refreshed again", last_error=None, state="active")
    # One that does it, and is slow to say so: each further request is the use of a token that is used up.
    before = len(ours.identity.log("refresh"))
    ours.identity.fails("slow", None, 86_400_000)
    for _ in range(30):
        ours.pass_s(LIVES_S // 2)
        if ours.shown(connection)["state"] != "active":
            break
    ours.until(connection, "somebody is needed", state="needs_reauth", last_error="answer_lost")
    asked = len(ours.identity.log("refresh"))
    assert 2 < asked - before <= 6
    ours.identity.works()
    ours.pass_s(LIVES_S)
    ours.shown(connection)
    assert len(ours.identity.log("refresh")) == asked


@needs_clock
@pytest.mark.parametrize("kind", ["garbage", "hang_up"])
def test_two_answers_that_make_no_sense_are_the_last(hours, kind):
    ours = hours(LIVES_S)
    connection = connect(ours.dana, "calendar")
    ours.identity.fails(kind)
    ours.pass_s(LIVES_S - 360 + 1)
    ours.until(connection, "the first is known", last_error="answer_lost")
    # It is asked once more within seconds: a minute that passed meanwhile would be that request's time-out.
    ours.until(connection, "somebody is needed", state="needs_reauth", last_error="answer_lost")


@needs_clock
def test_a_grant_that_is_taken_back_needs_somebody_and_no_own_key_is_touched(hours):
    ours = hours(600)
    connection = connect(ours.dana, "calendar")
    before = ours.dana("GET", "/workspaces/current/provider-keys").json()
    ours.identity.revoke_all()
    ours.pass_s(301)
    ours.until(connection, "somebody is needed", state="needs_reauth", last_error="refused_by_provider")
    assert ours.dana("GET", "/workspaces/current/provider-keys").json() == before
    actions = [event["action"] for event in ours.dana("GET", "/workspaces/current/audit").json()["data"]]
    assert actions[0] == "connection.needs_reauth"

"""People: the first one, login, members, sessions, and what a browser may be made to send."""

import httpx
import pytest

from harness.api import LOCAL, call_body, call_headers
from harness.canary import Canary, Scanner
from harness.process import wait_for
from harness.server import Server
from harness.session import COOKIE, Session, setup_link, token_of

PASSWORD = "correct horse battery"
MAIL = "dana@example.com"


@pytest.fixture(scope="module")
def running(tmp_path_factory, sim):
    """A server with its first person, who owns a workspace, at trace level; and everything secret that went in."""
    server = Server(tmp_path_factory.mktemp("login"), sim, log="trace").start()
    server.secrets = Scanner([Canary("password", PASSWORD)])
    link = setup_link(server.output())
    assert link.startswith(f"{server.url}/setup#")
    server.dana = Session(server.url)
    first = {"token": token_of(link), "mail": MAIL, "name": "Dana", "password": PASSWORD, "workspace": "Acme"}
    server.dana("POST", "/setup", first, 201)
    again = Session(server.url)("POST", "/setup", first, 410).json()
    assert (again["code"], again["detail"]) == ("link_used", "This link has been used.")
    server.workspace = server.dana("GET", "/session", expect=200).json()["workspaces"][0]["id"]
    learn(server, server.dana)
    yield server
    server.stop()


def learn(server, browser: Session):
    server.secrets.learn(Canary(f"session {browser.cookie[:6]}", browser.cookie))


def signed_in(server, mail: str = MAIL, password: str = PASSWORD) -> Session:
    browser = Session(server.url)
    browser.login(mail, password)
    learn(server, browser)
    return browser


def invited(server, mail: str, role: str) -> Session:
    made = server.dana("POST", "/workspaces/current/members", {"mail": mail, "role": role}, 201).json()
    token = token_of(made["link"])
    server.secrets.learn(Canary(f"invitation {mail}", token))
    browser = Session(server.url)
    assert browser("POST", "/links/look", {"token": token}, 200).json()["role"] == role
    browser("POST", "/invites/accept", {"token": token, "name": mail.split("@")[0], "password": PASSWORD}, 200)
    browser("POST", "/invites/accept", {"token": token, "name": "again", "password": PASSWORD}, 410)
    learn(server, browser)
    return browser


def test_no_link_is_printed_once_there_is_somebody(new_server):
    server = new_server().start()
    first = setup_link(server.output())
    server.stop()
    server.start()
    second = setup_link(server.output())
    assert first and second and second != first
    body = {"token": token_of(second), "mail": MAIL, "name": "Dana", "password": PASSWORD}
    Session(server.url)("POST", "/setup", body, 201)
    # The link of the start before is of no use any more.
    assert Session(server.url)("POST", "/setup", body | {"token": token_of(first)}, 410).json()["code"] == "link_used"
    server.stop()
    before = server.output().count("/setup#")
    server.start()
    assert server.output().count("/setup#") == before
    # And signed in one stays.
    assert Session(server.url).login(MAIL, PASSWORD)


def test_the_cookie_on_the_wire(running):
    answer = Session(running.url).login(MAIL, PASSWORD)
    (cookie,) = [value for name, value in answer.headers.multi_items() if name == "set-cookie"]
    name, *flags = cookie.split("; ")
    assert name.startswith(f"{COOKIE}=") and len(name) >= len(COOKIE) + 43
    assert sorted(flags) == ["HttpOnly", "Max-Age=2592000", "Path=/", "SameSite=Lax", "Secure"]
    assert answer.headers["cache-control"] == "no-store"
    seen = {name}
    for _ in range(3):
        seen.add(Session(running.url).login(MAIL, PASSWORD).headers["set-cookie"].split("; ")[0])
    assert len(seen) == 4
    out = signed_in(running)
    old = out.cookie
    ended = out("DELETE", "/session", expect=204).headers["set-cookie"]
    assert ended.startswith(f"{COOKIE}=; ") and "Max-Age=0" in ended and "Secure; HttpOnly" in ended
    out.cookie = old
    assert not out.is_signed_in()


def test_roles(running):
    viewer, member, admin = (invited(running, f"{role}@example.com", role) for role in ("viewer", "member", "admin"))
    policy, keys = "/workspaces/current/policy", "/workspaces/current/api-keys"
    for browser in (viewer, member, admin):
        browser("GET", policy, expect=200)
        browser("GET", f"/workspaces/{running.operator.create_workspace().id}/policy", expect=404)
        # Names, and nobody's address but one's own.
        members = browser("GET", "/workspaces/current/members", expect=200).json()["data"]
        assert sum(one["mail"] is not None for one in members) == 1
        browser("POST", "/workspaces/current/members", {"mail": "x@example.com", "role": "viewer"}, 403)
    for browser, change, key in ((viewer, 403, 403), (member, 403, 201), (admin, 200, 201)):
        browser("PUT", policy, {"payer": "byok_preferred"}, change)
        browser("POST", keys, {"name": "k", "scopes": ["inference"]}, key)
        browser("GET", "/workspaces/current/audit", expect=change)
    # Members and sessions are never reachable by platform key, whatever its scopes.
    key = admin("POST", keys, {"name": "all", "scopes": ["keys:write", "audit:read", "usage:read"]}, 201).json()["secret"]
    bearer = {"authorization": f"Bearer {key}"}
    for path in ("/session", "/sessions", "/workspaces/current/members"):
        assert httpx.get(f"{running.url}/api/v1{path}", headers=bearer, **LOCAL).status_code == 403
    # What a role gives, it gives to nobody who lost it.
    (id,) = [m["id"] for m in running.dana("GET", "/workspaces/current/members").json()["data"] if m["mail"] == "admin@example.com"]
    running.dana("PATCH", f"/workspaces/current/members/{id}", {"role": "viewer"}, 200)
    assert not admin.is_signed_in()
    signed_in(running, "admin@example.com")("PUT", policy, {"payer": "byok_only"}, 403)
    running.dana("DELETE", f"/workspaces/current/members/{id}", expect=204)
    signed_in(running, "admin@example.com")("GET", f"/workspaces/{running.workspace}/policy", expect=404)
    actors = {event["actor"] for event in running.dana("GET", "/workspaces/current/audit").json()["data"]}
    assert any(actor.startswith("usr_") for actor in actors)


def test_other_sites_are_refused(running):
    browser = signed_in(running)
    change = ("PUT", "/workspaces/current/policy", {"payer": "byok_preferred"})
    browser(*change, 200)
    for headers in (
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site", "origin": "https://evil.example"},
    ):
        assert browser(*change, 403, **headers).json()["code"] == "cross_site"
    assert browser(*change, 403, host="evil.example", origin="http://evil.example").json()["code"] == "unknown_host"
    form = {"cookie": f"{COOKIE}={browser.cookie}", "sec-fetch-site": "same-origin", "content-type": "text/plain"}
    sent = httpx.put(f"{running.url}/api/v1/workspaces/current/policy", content="{}", headers=form, **LOCAL)
    assert sent.status_code == 415
    silent = {"cookie": f"{COOKIE}={browser.cookie}", "content-type": "application/json"}
    sent = httpx.put(f"{running.url}/api/v1/workspaces/current/policy", content="{}", headers=silent, **LOCAL)
    assert sent.json()["code"] == "cross_site"
    # Nobody's page is allowed to read the management API, with or without cookies.
    asked = httpx.options(f"{running.url}/api/v1/session", headers={"origin": "https://evil.example", "access-control-request-method": "POST"}, **LOCAL)
    assert not any(name.startswith("access-control") for name in asked.headers)


def test_models_take_no_cookie(running):
    browser = signed_in(running)
    cookie = {"cookie": f"{COOKIE}={browser.cookie}", "sec-fetch-site": "same-origin", "origin": running.url}
    refused = httpx.post(f"{running.url}/v1/chat/completions", json=call_body("openai", "Hello"), headers=cookie, **LOCAL)
    assert refused.status_code == 401
    made = browser("POST", "/workspaces/current/playground-token", expect=201).json()
    running.secrets.learn(Canary("playground token", made["token"], made["token"][:15]))
    served = httpx.post(f"{running.url}/v1/chat/completions", json=call_body("openai", "Hello"), headers=call_headers("openai", made["token"]), **LOCAL)
    assert served.status_code == 200, served.text
    listed = browser("GET", "/workspaces/current/api-keys").json()["data"]
    assert all(key["name"] != "Playground" for key in listed)


def test_a_new_password_ends_sessions(running):
    invited(running, "eli@example.com", "member")
    laptop, phone = (signed_in(running, "eli@example.com") for _ in range(2))
    newer = "another horse battery"
    running.secrets.learn(Canary("newer password", newer))
    before = laptop.cookie
    laptop("PUT", "/password", {"current": PASSWORD, "password": newer}, 200)
    learn(running, laptop)
    assert laptop.cookie != before and laptop.is_signed_in() and not phone.is_signed_in()
    Session(running.url).login("eli@example.com", PASSWORD, 401)
    phone.login("eli@example.com", newer)
    laptop("DELETE", "/sessions", expect=204)
    assert laptop.is_signed_in() and not phone.is_signed_in()

    # He forgot it: the operator's command, with the server running and without.
    for password in ("third horse battery", "fourth horse battery"):
        running.secrets.learn(Canary(password, password))
        made = running.run("user", "reset-link", "Eli@example.com")
        assert made.returncode == 0, made.stderr
        link = made.stdout.split()[-1]
        assert link.startswith(f"{running.url}/reset#")
        running.secrets.learn(Canary("reset link", token_of(link)))
        if running.process.ended() is not None:
            running.start()
        phone("POST", "/resets/accept", {"token": token_of(link), "password": password}, 200)
        phone("POST", "/resets/accept", {"token": token_of(link), "password": password}, 410)
        learn(running, phone)
        assert phone.is_signed_in() and not laptop.is_signed_in()
        laptop.login("eli@example.com", password)
        running.stop()
    running.start()
    nobody = running.run("user", "reset-link", "nobody@example.com")
    assert nobody.returncode != 0 and "no account" in nobody.stderr


def test_wrong_passwords_wait(new_server):
    server = new_server().start()
    body = {"token": token_of(setup_link(server.output())), "mail": MAIL, "name": "Dana", "password": PASSWORD}
    Session(server.url)("POST", "/setup", body, 201)
    browser = Session(server.url)
    answers = [browser.login(mail, "wrong horse battery", 401).json() for mail in (MAIL, "nobody@example.com") for _ in range(5)]
    assert all(answer == answers[0] for answer in answers) and answers[0]["code"] == "wrong_login"
    for mail in (MAIL, "nobody@example.com"):
        waiting = browser.login(mail, PASSWORD, 429)
        assert 1 <= waiting.json()["retry_after_s"] <= 4 and waiting.headers["retry-after"]
    # Trying before its end makes the wait no longer.
    wait_for(lambda: browser.login(MAIL, PASSWORD, None).status_code == 200, "the wait is over", every=0.2)


def test_addresses_are_told_apart_behind_a_trusted_proxy_only(new_server):
    def tries(server, forwarded) -> list[int]:
        return [Session(server.url, **{"x-forwarded-for": forwarded(n)}).login(f"{n}@example.com", PASSWORD, None).status_code for n in range(21)]

    unknown = new_server().start()
    assert tries(unknown, lambda n: f"192.0.2.{n}")[-1] == 429
    proxied = new_server(variables={"OWNKEY_SERVER__TRUSTED_PROXIES": "127.0.0.1"}).start()
    assert tries(proxied, lambda n: f"192.0.2.{n}")[-1] == 401
    # What a client claims before the proxy adds where it really came from counts for nothing.
    assert tries(proxied, lambda n: f"192.0.2.{n}, 198.51.100.1")[-1] == 429


def test_nothing_secret_stays_anywhere(running):
    """Passwords, cookies and links are in no log, table, file or metric. (The setup link is printed on purpose.)"""
    metrics = httpx.get(f"{running.url}/metrics", headers={"authorization": f"Bearer {running.operator_token}"}, **LOCAL).content
    places = {"metrics": metrics, "database": running.kept().encode(), "log": running.output().encode()}
    for file in running.data.rglob("*"):
        if file.is_file():
            places[file.name] = file.read_bytes()
    assert len(places) > 3
    for place, content in places.items():
        assert running.secrets.scan(content, place) == [], place

"""Web pages of named origins may call models from a browser; the management API is not theirs."""

import httpx
import pytest

from harness.api import LOCAL, PATHS, call_headers
from harness.errors import assert_error
from harness.server import Server
from harness.sim import PROVIDERS, provider_key

PAGE, OTHER = "https://app.example.com", "http://localhost:3000"
STRANGER = "https://app.example.com.evil.test"
ASKED = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,x-stainless-lang"}
ALIASES = ("/openai/v1/chat/completions", "/anthropic/v1/messages")
each_provider = pytest.mark.parametrize("provider", PROVIDERS)


@pytest.fixture(scope="module")
def open_to_pages(tmp_path_factory, sim):
    origins = {"OWNKEY_SERVER__CORS_ORIGINS": f"{PAGE}, {OTHER}"}
    server = Server(tmp_path_factory.mktemp("cors"), sim, variables=origins).start()
    yield server
    server.stop()


@pytest.fixture
def workspace(open_to_pages):
    return open_to_pages.operator.create_workspace()


def ask_whether(url: str, path: str, origin: str | None = PAGE, **more) -> httpx.Response:
    """What a browser asks before it lets a page call."""
    said = {"origin": origin} if origin else {}
    return httpx.options(url + path, headers=said | ASKED | more, **LOCAL)


def cors_headers(answer: httpx.Response) -> dict:
    return {name: value for name, value in answer.headers.items() if name.startswith("access-control-")}


def exposed(answer: httpx.Response) -> set[str]:
    return set(answer.headers["access-control-expose-headers"].split(", "))


def names(answer: httpx.Response, *parts: str) -> set[str]:
    return {name for name in answer.headers if any(part in name for part in parts)}


# ---------------------------------------------------------------- the question


@pytest.mark.parametrize("path", [*PATHS.values(), *ALIASES, "/v1/models", "/v1/embeddings"])
@pytest.mark.parametrize("origin", [PAGE, OTHER])
def test_a_page_of_a_named_origin_may_call(open_to_pages, path, origin):
    answer = ask_whether(open_to_pages.url, path, origin)
    assert (answer.status_code, answer.content) == (204, b"")
    assert cors_headers(answer) == {
        "access-control-allow-origin": origin,
        "access-control-allow-methods": "GET, HEAD, POST, DELETE",
        "access-control-allow-headers": "authorization, x-stainless-lang",
        "access-control-max-age": "600",
    }
    assert answer.headers["vary"] == "origin, access-control-request-method, access-control-request-headers"


@each_provider
@pytest.mark.parametrize("origin", [STRANGER, "http://app.example.com", "https://app.example.com:8443", "null", None])
def test_others_are_answered_as_ever(open_to_pages, provider, origin):
    answer = ask_whether(open_to_pages.url, PATHS[provider], origin)
    assert_error(answer, provider, 405, "path_not_supported")
    assert not cors_headers(answer) and "vary" not in answer.headers


@each_provider
def test_without_configuration_nobody_is_let_in(server, provider):
    workspace = server.operator.create_workspace()
    assert_error(ask_whether(server.url, PATHS[provider]), provider, 405, "path_not_supported")
    answer = workspace.ask(provider, headers={"origin": PAGE})
    assert answer.status_code == 200 and not cors_headers(answer)


# ---------------------------------------------------------------- the answers


@each_provider
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_a_page_may_read_an_answer_and_its_headers(open_to_pages, workspace, provider, stream):
    workspace.put_key(provider, provider_key(provider), expect=201)
    answer = workspace.ask(provider, headers={"origin": PAGE, "sec-fetch-mode": "cors"}, stream=stream)
    assert answer.status_code == 200 and ("text/event-stream" in answer.headers["content-type"]) == stream
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert "origin" in answer.headers["vary"] and "access-control-allow-credentials" not in answer.headers
    for_callers = names(answer, "x-ownkey-", "request-id", "ratelimit", "server-timing")
    assert {"x-ownkey-request-id", "x-ownkey-payer", "x-ownkey-credential", "server-timing"} <= for_callers
    assert any("ratelimit" in name for name in for_callers)
    assert exposed(answer) >= for_callers
    # The provider is told nothing of the page.
    unmarked = workspace.ask(provider, headers={"origin": STRANGER}, stream=stream)
    assert unmarked.status_code == 200 and not cors_headers(unmarked)


@each_provider
def test_a_page_may_read_every_error(open_to_pages, workspace, provider):
    url, page = open_to_pages.url, {"origin": PAGE}
    known = call_headers(provider, workspace.secret) | page
    limited = workspace.ask(provider, "[[sim:status code=429]]", headers=page)
    for answer, status in (
        (httpx.post(f"{url}/v1/nothing", headers=known, **LOCAL), 404),
        (httpx.post(f"{url}/v1/v1/messages", headers=known, **LOCAL), 404),
        (httpx.put(url + PATHS[provider], headers=known, **LOCAL), 405),
        (httpx.options(url + PATHS[provider], headers=page, **LOCAL), 405),
        (httpx.post(url + PATHS[provider], headers=call_headers(provider, None) | page, **LOCAL), 401),
        (httpx.post(url + PATHS[provider], headers=known, content=b"{", **LOCAL), 400),
        (limited, 429),
        (workspace.ask(provider, "[[sim:hang_up]]", headers=page), 502),
    ):
        assert answer.status_code == status
        assert answer.headers["access-control-allow-origin"] == PAGE
        told = names(answer, "x-ownkey-", "x-should-retry", "retry-after")
        assert "x-ownkey-error" in told and exposed(answer) >= told


def test_models_can_be_listed_by_a_page(open_to_pages, workspace):
    headers = call_headers("openai", workspace.secret) | {"origin": OTHER}
    answer = httpx.get(f"{open_to_pages.url}/v1/models", headers=headers, **LOCAL)
    assert answer.status_code == 200 and answer.headers["access-control-allow-origin"] == OTHER


def test_the_management_api_is_not_for_pages(open_to_pages, workspace):
    for path in (f"/api/v1{workspace.path}/provider-keys", "/api/openapi.json", "/healthz"):
        asked = ask_whether(open_to_pages.url, path)
        assert asked.status_code != 204 and not cors_headers(asked)
        headers = {"origin": PAGE, "authorization": f"Bearer {workspace.secret}"}
        assert not cors_headers(httpx.get(open_to_pages.url + path, headers=headers, **LOCAL))


# ---------------------------------------------------------------- configuration


def test_sighup_lets_other_pages_in(new_server):
    server = new_server().start()
    file = server.folder / "ownkey.toml"
    settings = file.read_text()
    may = lambda origin: ask_whether(server.url, PATHS["openai"], origin).status_code == 204
    for origins, allowed in (([PAGE], PAGE), ([OTHER], OTHER), ([], None)):
        file.write_text(settings.replace("[server]\n", f"[server]\ncors_origins = {origins}\n".replace("'", '"')))
        assert "not valid" not in server.reload()
        assert [origin for origin in (PAGE, OTHER) if may(origin)] == ([allowed] if allowed else [])


@pytest.mark.parametrize(
    ("origin", "reason"),
    [("*", "wildcard"), ("https://app.example.com/", "a path"), ("app.example.com", "scheme://host")],
)
def test_what_is_no_origin_is_refused(new_server, origin, reason):
    server = new_server(variables={"OWNKEY_SERVER__CORS_ORIGINS": f"{PAGE}, {origin}"})
    for command in ("check", "serve"):
        refused = server.run(command)
        assert refused.returncode != 0 and reason in refused.stderr and "item 2 of `cors_origins`" in refused.stderr

"""`GET /v1/models`: in both providers' shapes, through their SDKs, and never more than the workspace can call."""

from datetime import UTC, datetime
from urllib.parse import quote

import anthropic
import httpx
import openai
import pytest

from harness.api import LOCAL
from harness.errors import assert_error
from harness.products import change, grant, set_payer, settings, workspace
from harness.schemas import LISTS, MODELS, problems
from harness.sdk_python import client
from harness.server import Server
from harness.sim import PROVIDERS, provider_key

each_provider = pytest.mark.parametrize("provider", PROVIDERS)
ONE = {"openai": "gpt-4o", "anthropic": "claude-opus-4-6"}
DATED = {"openai": "gpt-4o-2024-08-06", "anthropic": "claude-opus-4-6-20260205"}
# Agents stand in the lists too; the management API has a page of its own for them.
AGENT = "agent/"


@pytest.fixture(scope="module")
def celune(tmp_path_factory, sim):
    running = Server(tmp_path_factory.mktemp("celune"), sim, settings=settings("celune")).start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def niyra(tmp_path_factory, sim):
    running = Server(tmp_path_factory.mktemp("niyra"), sim, settings=settings("niyra")).start()
    yield running
    running.stop()


def get(acme, provider, path="", *, method="GET", root="/v1/models", **params) -> httpx.Response:
    headers = {"authorization": f"Bearer {acme.secret}"}
    if provider == "anthropic":
        headers["anthropic-version"] = "2023-06-01"
    return httpx.request(method, f"{acme.url}{root}{path}", headers=headers, params=params, **LOCAL)


def ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [model["id"] for model in answer.json()["data"]]


def sdk(acme, provider):
    return client(provider, acme.url + ("/v1" if provider == "openai" else ""), acme.secret, 0)


@each_provider
def test_lists_and_models_hold_to_the_providers_schemas(celune, niyra, provider):
    some, none = workspace(celune, "spark"), workspace(niyra, "free")
    set_payer(none, "byok_only")
    for acme, empty in ((some, False), (none, True)):
        listed = get(acme, provider)
        assert bool(ids(listed)) != empty
        assert problems(provider, LISTS[provider], listed.json()) == []
    for name in ids(get(some, provider)):
        model = get(some, provider, f"/{quote(name, safe='')}").json()
        assert problems(provider, MODELS[provider], model) == [] and model["id"] == name
        if provider == "anthropic":
            # "May be set to an epoch value if the release date is unknown."
            assert datetime.fromisoformat(model["created_at"]) == datetime.fromtimestamp(0, UTC)
            assert model["max_input_tokens"] > model["max_tokens"] > 0
    for path in ("/nobody", ""):
        refused = get(some, provider, path, method="GET" if path else "POST")
        assert problems(provider, "ErrorResponse", refused.json()) == [], refused.text
    # The schemas do tell: what one provider answers is nothing the other would.
    other = next(name for name in PROVIDERS if name != provider)
    assert problems(other, MODELS[other], get(some, provider, f"/{ONE[provider]}").json())


@each_provider
def test_the_official_sdks_list_and_retrieve(celune, provider):
    acme = workspace(celune, "spark")
    expected = ids(get(acme, provider))
    with sdk(acme, provider) as official:
        assert [model.id for model in official.models.list()] == expected
        if provider == "anthropic":
            # They ask for page after page.
            assert [model.id for model in official.models.list(limit=1)] == expected
            last = official.models.list(limit=1, before_id=expected[2])
            assert [model.id for model in last.data] == [expected[1]] and last.has_more
        for name in expected:
            assert official.models.retrieve(name).id == name
        with pytest.raises((openai.NotFoundError, anthropic.NotFoundError)) as raised:
            official.models.retrieve("nobody")
    assert raised.value.response.headers["x-ownkey-error"] == "model_not_found"


@each_provider
def test_a_model_is_found_by_every_name_that_a_call_may_use(celune, sim, provider):
    acme, since = workspace(celune, "spark"), sim.now()
    one = ONE[provider]
    for path, shown in ((one, one), (f"{provider}%2F{one}", one), (DATED[provider], DATED[provider])):
        found = get(acme, provider, f"/{path}")
        assert found.status_code == 200 and found.json()["id"] == shown, path
    other = next(name for name in PROVIDERS if name != provider)
    for path in ("nobody", "o3-mini", "gpt-5", "ft:gpt-4o:acme::1", ONE[other], f"{other}%2F{ONE[other]}", f"{other}%2F{one}"):
        assert_error(get(acme, provider, f"/{path}"), provider, 404, "model_not_found")
    assert sim.log(since) == [], "the provider is not asked"


@each_provider
def test_a_model_that_nobody_here_knows_is_found_where_it_can_be_called(server, provider):
    own, none = server.operator.create_workspace(), server.operator.create_workspace()
    own.put_key(provider, provider_key(provider), expect=201)
    name = {"openai": "ft:gpt-4o:acme::1", "anthropic": "claude-of-tomorrow"}[provider]
    with sdk(own, provider) as official:
        assert official.models.retrieve(name).id == name
    found = get(own, provider, f"/{provider}%2F{name}")
    assert found.json()["id"] == name and problems(provider, MODELS[provider], found.json()) == []
    assert name not in ids(get(own, provider))
    # It passes on an own key only; an agent is no model, and a key that was pasted here is not repeated.
    assert_error(get(none, provider, f"/{name}"), provider, 404, "model_not_found")
    for odd in ("agent%2Fnobody", provider_key(provider)):
        answer = get(own, provider, f"/{odd}")
        assert_error(answer, provider, 404, "model_not_found")
        assert odd not in answer.text


def test_anthropics_pages(celune):
    acme = workspace(celune, "spark")
    whole = get(acme, "anthropic").json()
    names = [model["id"] for model in whole["data"]]
    assert len(names) == 4 and whole["has_more"] is False
    assert (whole["first_id"], whole["last_id"]) == (names[0], names[-1])
    for params, expected, more in (
        ({"limit": 2}, names[:2], True),
        ({"limit": 2, "after_id": names[1]}, names[2:], False),
        ({"limit": 1, "before_id": names[2]}, names[1:2], True),
        ({"before_id": names[0]}, [], False),
        ({"limit": 1000}, names, False),
    ):
        page = get(acme, "anthropic", **params)
        assert ids(page) == expected and page.json()["has_more"] is more, params
        assert problems("anthropic", LISTS["anthropic"], page.json()) == []
    for bad in ({"limit": 0}, {"limit": 1001}, {"limit": "x"}, {"after_id": "nobody"}, {"after_id": names[0], "before_id": names[1]}):
        assert_error(get(acme, "anthropic", **bad), "anthropic", 400, "bad_request")
    # OpenAI's list has no pages.
    assert len(ids(get(acme, "openai", limit=1))) == 3


@each_provider
def test_head_is_get_without_a_body(celune, provider):
    acme = workspace(celune, "spark")
    for path in ("", f"/{ONE[provider]}", "/nobody"):
        whole, head = get(acme, provider, path), get(acme, provider, path, method="HEAD")
        assert head.status_code == whole.status_code and head.content == b""
        for name in ("content-type", "content-length", "x-ownkey-error"):
            assert head.headers.get(name) == whole.headers.get(name), name
    refused = get(acme, provider, method="POST")
    assert_error(refused, provider, 405, "path_not_supported")
    assert refused.headers["allow"] == "GET, HEAD"


def test_the_header_decides_the_shape_unless_the_path_does(celune):
    acme = workspace(celune, "spark")
    assert get(acme, "openai").json()["object"] == "list"
    assert "has_more" in get(acme, "anthropic").json()
    for provider in PROVIDERS:
        assert get(acme, provider, root="/openai/v1/models").json()["object"] == "list"
        assert "has_more" in get(acme, provider, root="/anthropic/v1/models").json()
    stranger = httpx.get(f"{celune.url}/v1/models", headers={"anthropic-version": "2023-06-01"}, **LOCAL)
    assert_error(stranger, "anthropic", 401, "unauthorized")
    assert_error(httpx.get(f"{celune.url}/v1/models", **LOCAL), "openai", 401, "unauthorized")


def usable(acme, provider) -> list[str]:
    """The same question, asked of the management API."""
    listed = acme.api.get("/models")["data"]
    return [model["id"] for model in listed if model["provider"] == provider and model["usable"]]


def seen(acme, provider) -> set[str]:
    """What the workspace sees, whole, after a look that each of it can be called."""
    names = ids(get(acme, provider, **({"limit": 1000} if provider == "anthropic" else {})))
    assert [name for name in names if not name.startswith(AGENT)] == usable(acme, provider)
    # Models of other kinds have paths of their own.
    kinds = {model["id"]: model["mode"] for model in acme.api.get("/models")["data"]}
    chats = [name for name in names if kinds.get(name, "chat") == "chat"]
    for name in (*chats[:1], *chats[-1:]):
        assert acme.ask(provider, model=name).status_code == 200, name
    return {name for name in names if not name.startswith(AGENT)}


@each_provider
def test_a_workspace_sees_what_it_can_call(niyra, provider):
    other = next(name for name in PROVIDERS if name != provider)
    # What credits pay for, with and without a plan for own keys. Whether there are enough is told by the call.
    acme = workspace(niyra, "pro")
    paid, others = usable(acme, provider), usable(acme, other)
    grant(acme, 100_000)
    assert seen(acme, provider) == set(paid) and seen(acme, other) == set(others)
    assert usable(workspace(niyra, "free"), provider) == paid
    # A key shows its own provider's models, and the catalogue has many.
    acme.put_key(provider, provider_key(provider), expect=201)
    own = seen(acme, provider)
    assert len(own) > 15 and ONE[provider] in own and own >= set(paid) and seen(acme, other) == set(others)
    assert not any(name.startswith(("apex", "claude-fable-5")) for name in own)
    # A gate opens with its feature, under the product's name and the provider's.
    change(niyra, acme, features=["apex"])
    apex = {"apex", "claude-fable-5", "claude-fable-5-1"} if provider == "anthropic" else set()
    assert seen(acme, provider) == own | apex
    # The key is of no use against the workspace's own word, nor on a plan without own keys.
    set_payer(acme, "managed_only")
    assert seen(acme, provider) == set(paid)
    set_payer(acme, "byok_preferred")
    change(niyra, acme, plan="free")
    assert seen(acme, provider) == set()
    change(niyra, acme, plan="alpha")
    assert seen(acme, provider) == own | apex


@each_provider
def test_who_may_not_call_sees_nothing(celune, provider):
    acme = workspace(celune, "team")
    assert seen(acme, provider)
    set_payer(acme, "byok_only")
    assert seen(acme, provider) == set()
    reader = acme.new_api_key("reader", ["usage:read"])["secret"]
    headers = {"authorization": f"Bearer {reader}"} | ({"anthropic-version": "2023-06-01"} if provider == "anthropic" else {})
    assert_error(httpx.get(f"{acme.url}/v1/models", headers=headers, **LOCAL), provider, 403, "forbidden")


def test_a_service_key_sees_what_its_workspace_sees(celune):
    home, acme = workspace(celune, "pro"), workspace(celune, "pro", external_id="models-1")
    set_payer(home, "byok_only")
    body = {"name": "agents", "scopes": ["inference:any"]}
    secret = celune.operator("POST", f"/workspaces/{home.id}/api-keys", body, 201).json()["secret"]
    headers = {"authorization": f"Bearer {secret}"}
    for named, count in ((acme.id, 3), ("ext:models-1", 3), (home.id, 0)):
        listed = httpx.get(f"{celune.url}/v1/models", headers=headers | {"x-ownkey-workspace": named}, **LOCAL)
        assert len(ids(listed)) == count, named
    assert_error(httpx.get(f"{celune.url}/v1/models", headers=headers, **LOCAL), "openai", 400, "bad_request")

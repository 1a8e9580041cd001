"""Metered services: what the product does for a workspace costs credits, whoever's key pays for models."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import httpx
import pytest

from harness.api import LOCAL, Api, wav
from harness.canary import Canary, Scanner
from harness.errors import assert_problem
from harness.process import wait_for
from harness.products import services, workspace
from harness.server import NOWHERE, Server
from harness.sim import header, provider_key, service_key
from harness.wire import exchange

ALLOWANCE = "100"
KEYS = {"COMPOSIO_API_KEY": service_key(), "APOLLO_API_KEY": service_key()}


def niyra_settings(sim) -> str:
    """Niyra's configuration, with credits to spend on the plan Pro."""
    text, plan = services("niyra", sim), '[plans.pro]\nname = "Pro"\n'
    assert plan in text
    return text.replace(plan, f'{plan}allowance_credits = "{ALLOWANCE}"\n')


@pytest.fixture(scope="module")
def niyra(tmp_path_factory, sim):
    folder = tmp_path_factory.mktemp("niyra")
    running = Server(folder, sim, settings=niyra_settings(sim), variables=KEYS).start()
    yield running
    running.stop()


@pytest.fixture
def acme(niyra):
    return customer(niyra)


def customer(server, plan: str = "pro", **more):
    """A workspace with a key for its services."""
    made = workspace(server, plan, **more)
    key = server.operator("POST", f"{made.path}/api-keys", {"name": "services", "scopes": ["services"]}, 201).json()
    made.services_key = key["secret"]
    return made


def use(made, path: str, body=None, *, method="POST", secret=None, headers=None, timeout=30, **more) -> httpx.Response:
    """A call of a service."""
    sent = {"authorization": f"Bearer {secret or made.services_key}"} | (headers or {})
    return httpx.request(method, f"{made.url}/services/{path}", json=body, headers=sent, timeout=timeout, **more, **LOCAL)


def credits(made, answer) -> Decimal:
    return Decimal(made.receipt(answer)["credits"])


def spent(made) -> Decimal:
    return sum((Decimal(receipt["credits"]) for receipt in made.receipts()), Decimal(0))


# Nobody can pay it, so its refusal tells what there is.
DEAR = '[[services]]\nname = "dear"\nupstream = "http://127.0.0.1:9"\nunit = "call"\ncredits = "1000"\ncredential = "env:TOOLS_KEY"\n'


def available(made) -> str:
    return assert_problem(use(made, "dear", {}), 402, "insufficient_credits")["available"]


def tools(**fields) -> str:
    """A configuration with a service, `tools`, and a plan with ten credits."""
    lines = {"unit": '"call"', "credits": '"0.5"', "credential": '"env:TOOLS_KEY"', "header": '"x-api-key"'} | fields
    service = "\n".join(f"{name} = {value}" for name, value in lines.items() if value is not None)
    plan = '[credits]\nusd_per_credit = "0.01"\n[plans.pro]\nbyok = true\nmanaged = "credits"\nallowance_credits = "10"\n'
    return f'{plan}[[services]]\nname = "tools"\n{service}\n{DEAR}'


@pytest.fixture
def with_tools(new_server, sim):
    """Makes servers with a service of those settings, and a customer of theirs."""

    def make(key=None, upstream=None, **fields):
        address = json.dumps(upstream or f"{sim.service}/tools")
        variables = {"TOOLS_KEY": key or service_key()}
        server = new_server(settings=tools(upstream=address, **fields), variables=variables).start()
        return server, customer(server)

    return make


SPEECH = {"model": "tts-1", "voice": "alloy", "input": "Grüße 🎧"}
SEARCH = {"model": "text-embedding-3-small", "input": "what did we decide about the launch?"}
SOUND = {"data": {"model": "whisper-1"}, "files": {"file": ("a.wav", wav(40_000), "audio/wav")}}

# Each service of Niyra's page: what is sent, and how many of its unit that is; none where the provider tells.
USES = {
    "memory-search": ({"body": SEARCH}, "token", None),
    "tts": ({"body": SPEECH}, "character", 7),
    "stt": (SOUND, "second", 3),
    "composio/GMAIL_SEND_EMAIL": ({"body": {"arguments": {"to": "ada@example.com"}}}, "call", 1),
    "enrichment": ({"body": {"query": "[[sim:items n=3 as=matches]]"}}, "item", 3),
}


def test_niyra_n7_and_n10_own_keys_pay_for_models_and_credits_for_everything_else(niyra, acme, sim):
    key = provider_key("openai")
    acme.put_key("openai", key, expect=201)
    # "BYOK covers LLM calls", and "OpenAI models supported: …, embeddings".
    since = sim.now()
    chat = acme.ask("openai")
    headers = {"authorization": f"Bearer {acme.secret}"}
    embedded = httpx.post(f"{acme.url}/v1/embeddings", json=SEARCH, headers=headers, **LOCAL)
    for answer in (chat, embedded):
        assert answer.status_code == 200, answer.text
        assert answer.headers["x-ownkey-payer"] == "byok" and answer.headers["x-ownkey-credits"] == "0"
        assert credits(acme, answer) == 0
    assert [call["key"] for call in sim.calls(since)] == [key, key]
    # "Other things still cost credits": memory search, voice, tools, enrichment.
    costs = niyra.operator.get(f"{acme.path}/costs")["services"]
    prices = {service["name"]: Decimal(service["credits"]) for service in costs if service["cost"] == "credits"}
    assert prices == {service["name"]: Decimal(service["credits"]) for service in listed(niyra, acme)}
    for path, (sent, unit, quantity) in USES.items():
        since = sim.now()
        answer = use(acme, path, **sent)
        assert answer.status_code == 200, (path, answer.text)
        assert answer.headers["x-ownkey-payer"] == "managed" and "x-ownkey-credits" not in answer.headers
        [call] = sim.ended(since)
        assert call["key"] in {niyra.managed_keys["openai"], *KEYS.values()}, "the operator's, never the workspace's"
        name, receipt = path.split("/")[0], acme.receipt(answer)
        used = receipt["service"]
        told = quantity or call["usage"]["total_tokens"]
        assert (used["name"], used["unit"], used["quantity"]) == (name, unit, told), path
        assert Decimal(receipt["credits"]) == prices[name] * told > 0, path
        assert receipt["measured"] == "measured" and receipt["payer"] == "managed" and not receipt["included"]
        assert receipt["route"] == f"/services/{name}" and receipt["model"] is None and receipt["cost_usd"] is None
    # "Outbound phone calls (telephony charges)" happen elsewhere.
    minutes = {"id": "CA1", "service": "phone", "quantity": 90}
    api = Api(acme.url, acme.services_key)
    booked = api("POST", f"{acme.path}/service-usage", minutes, 201).json()
    assert Decimal(booked["credits"]) == prices["phone"] * 90
    assert api("POST", f"{acme.path}/service-usage", minutes, 201).json() == booked
    assert_problem(api("POST", f"{acme.path}/service-usage", minutes | {"quantity": 91}), 422, "id_reused")
    # And all of it on one workspace: the usage page adds up what the receipts say.
    usage = {row["key"]: row for row in acme.usage(group_by="service")["data"]}
    assert usage[None]["credits"] == "0" and usage[None]["calls"] == 2
    assert set(usage) == {None, "phone", *(path.split("/")[0] for path in USES)}
    assert sum(Decimal(row["credits"]) for row in usage.values()) == spent(acme)
    left = Decimal(niyra.operator.get(f"{acme.path}/credits")["balance"])
    assert left == Decimal(ALLOWANCE) - spent(acme), "and so does the ledger"
    assert all(row["unpriced"] == 0 and row["unmeasured"] == 0 for key, row in usage.items() if key)


def listed(server, made) -> list[dict]:
    return Api(server.url, made.services_key).get(f"{made.path}/services")["data"]


def test_services_are_listed_with_their_prices(niyra, acme):
    by_name = {service["name"]: service for service in listed(niyra, acme)}
    assert set(by_name) == {"memory-search", "tts", "stt", "composio", "enrichment", "phone"}
    enrichment = {"name": "enrichment", "unit": "item", "credits": "2", "max_items": 10, "path": "/services/enrichment", "included": False}
    assert by_name["enrichment"] == enrichment
    assert by_name["phone"]["path"] is None
    for service in by_name.values():
        assert not {"upstream", "credential", "header"} & set(service), "where and how is the operator's business"


def test_too_few_credits_are_a_402_that_names_hold_and_balance(niyra, sim):
    poor = customer(niyra, "free")
    since = sim.now()
    problem = assert_problem(use(poor, "enrichment", {"query": "x"}), 402, "insufficient_credits")
    assert (problem["hold"], problem["balance"], problem["available"]) == ("20", "0", "0")
    assert "20" in problem["detail"] and " 0" in problem["detail"]
    assert sim.calls(since) == []
    [receipt] = poor.receipts()
    assert (receipt["outcome"], receipt["credits"], receipt["payer"]) == ("refused", "0", None)


def test_a_balance_for_exactly_so_many_calls_serves_exactly_so_many(with_tools, sim):
    _, acme = with_tools()
    since = sim.now()
    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(lambda _: use(acme, "tools", {}).status_code, range(60)))
    assert sorted(statuses) == [200] * 20 + [402] * 40
    assert len(sim.ended(since)) == 20
    assert spent(acme) == 10
    problem = assert_problem(use(acme, "tools", {}), 402, "insufficient_credits")
    assert (problem["hold"], problem["balance"]) == ("0.5", "0")


def test_who_may_call_what(niyra, acme):
    assert_problem(use(acme, "no-such-service", {}), 404, "path_not_supported")
    assert_problem(use(acme, "phone", {}), 404, "path_not_supported")
    assert_problem(use(acme, "composio/x", {}, secret=acme.secret), 403, "forbidden")
    for bad in ("nobody", "ok_" + "x" * 61):
        assert_problem(use(acme, "composio/x", {}, secret=bad), 401, "unauthorized")
    assert_problem(use(acme, "composio/x", {}, secret=niyra.operator_token), 401, "unauthorized")
    assert_problem(use(acme, "composio/x", method="OPTIONS"), 405, "path_not_supported")
    assert_problem(use(acme, "composio/x", {}, headers={"content-encoding": "gzip"}), 415, "bad_request")
    assert_problem(use(acme, "tts", {"model": "tts-1", "voice": "alloy"}), 400, "bad_request")
    assert spent(acme) == 0
    assert {receipt["outcome"] for receipt in acme.receipts()} == {"refused"}
    scopes = Api(acme.url, acme.secret)
    assert_problem(scopes("GET", f"{acme.path}/services"), 403, "forbidden")


def test_other_workspaces_are_not_there(niyra, acme):
    other = customer(niyra)
    answer = use(acme, "composio/x", {})
    for path in (f"/requests/{answer.headers['x-ownkey-request-id']}",):
        assert other.api("GET", other.path + path).status_code == 404
        assert other.api("GET", acme.path + path).status_code == 404
    api = Api(other.url, other.services_key)
    for method, path in (("GET", "services"), ("POST", "service-usage")):
        assert_problem(api(method, f"{acme.path}/{path}", None if method == "GET" else {}), 404, "not_found")
    assert spent(other) == 0


@pytest.mark.parametrize(
    "rest",
    ["/../x", "/a/../../x", "/%2e%2e/x", "/.%2E/x", "/a%2fb", "/a%5cb", "/%252e%252e/x", "//evil.example/x", "/./x", "/a%00"],
)
def test_no_path_leads_out_of_a_service(niyra, acme, sim, rest):
    since = sim.now()
    # As written: clients tidy some of them.
    head = f"POST /services/composio{rest} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {acme.services_key}\r\n"
    answer = exchange(acme.url, f"{head}content-length: 0\r\n\r\n".encode())
    assert (answer.status, answer.json()["code"]) == (400, "bad_request")
    assert sim.calls(since) == []


def test_requests_go_out_as_they_came_but_for_credentials(niyra, acme, sim):
    since = sim.now()
    body = b'{ "input" : "Gr\\u00fc\\u00dfe",\n "n":1.0 }'
    headers = {
        "content-type": "application/json",
        "x-tool-version": "7",
        "x-api-key": acme.services_key,
        "openai-organization": "org-of-the-caller",
        "x-ownkey-user": "ada",
        "cookie": "a=b",
        "x-note": f"my key is {acme.secret}",
    }
    answer = use(acme, "composio/GMAIL/run?limit=5&q=a%20b", headers=headers, content=body)
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert said["path"] == "/api/tools/execute/GMAIL/run" and said["query"] == "limit=5&q=a%20b"
    [call] = sim.log(since)
    assert call["body"].encode() == body and call["key"] == KEYS["COMPOSIO_API_KEY"]
    assert header(call, "x-tool-version") == "7" and header(call, "accept-encoding") == "identity"
    for gone in ("authorization", "openai-organization", "x-ownkey-user", "cookie", "x-note"):
        assert header(call, gone) is None, gone
    assert "x-account" not in answer.headers, "the operator's account is nobody's business"
    for method in ("GET", "PUT", "PATCH", "DELETE", "HEAD"):
        answer = use(acme, "composio/x", method=method)
        assert answer.status_code == 200 and credits(acme, answer) == Decimal("0.05"), method
    assert_problem(use(acme, f"composio/x?key={acme.secret}", {}), 400, "bad_request")


def test_forms_and_sound_pass_as_they_are(niyra, acme, sim):
    since = sim.now()
    form = httpx.Request("POST", acme.url, **SOUND)
    sent, kind = form.read(), form.headers["content-type"]
    assert use(acme, "stt", content=sent, headers={"content-type": kind}).status_code == 200
    [call] = sim.log(since)
    assert (call["body_sha256"], header(call, "content-type")) == (hashlib.sha256(sent).hexdigest(), kind)
    # Of some that is packed nobody can tell how long it lasts.
    since, packed = sim.now(), {"file": ("a.amr", b"#!AMR\n" + bytes(400), "audio/amr")}
    refused = use(acme, "stt", data=SOUND["data"], files=packed)
    assert_problem(refused, 400, "bad_request")
    assert "WAV" in refused.text and sim.log(since) == []
    direct = httpx.post(f"{sim.openai}/audio/speech", json=SPEECH, headers={"authorization": f"Bearer {provider_key('openai')}"}, **LOCAL)
    spoken = use(acme, "tts", SPEECH)
    assert spoken.content == direct.content and spoken.headers["content-type"] == direct.headers["content-type"]


def test_sound_passes_as_it_comes(niyra, acme):
    body = SPEECH | {"input": "Hello [[sim:hang after=2]]"}
    headers = {"authorization": f"Bearer {acme.services_key}"}
    with httpx.stream("POST", f"{acme.url}/services/tts", json=body, headers=headers, timeout=30, **LOCAL) as answer:
        assert next(answer.iter_raw()), "there is some, and the rest never comes"
    [receipt] = wait_for(acme.receipts, "the receipt is there")
    assert (receipt["outcome"], receipt["service"]["quantity"]) == ("cancelled", len(body["input"]))
    assert Decimal(receipt["credits"]) == Decimal("0.0036") * len(body["input"])


def test_a_service_key_acts_for_the_workspace_that_it_names(niyra, sim):
    product = customer(niyra)
    scopes = {"name": "product", "scopes": ["inference:any"]}
    secret = niyra.operator("POST", f"{product.path}/api-keys", scopes, 201).json()["secret"]
    acme = customer(niyra, external_id="acme-7")
    since = sim.now()
    for named in (acme.id, "ext:acme-7"):
        headers = {"x-ownkey-workspace": named, "x-ownkey-agent": "lead", "x-ownkey-user": "ada"}
        assert use(acme, "composio/x", {}, secret=secret, headers=headers).status_code == 200
    receipts = acme.receipts()
    assert [(one["agent"], one["user"], one["credits"]) for one in receipts] == [("lead", "ada", "0.05")] * 2
    assert spent(product) == 0
    assert not [name for call in sim.log(since) for name, _ in call["headers"] if name.startswith("x-ownkey")]
    assert_problem(use(acme, "composio/x", {}, secret=secret), 400, "bad_request")
    nowhere = {"x-ownkey-workspace": "ext:nobody"}
    assert_problem(use(acme, "composio/x", {}, secret=secret, headers=nowhere), 400, "bad_request")
    stray = {"x-ownkey-workspace": acme.id, "x-ownkey-user": acme.secret}
    assert_problem(use(acme, "composio/x", {}, secret=secret, headers=stray), 400, "bad_request")


# What a service says, and what becomes of it: status, code, and whether its own words pass.
FAILURES = {
    "[[sim:status code=400]]": (400, "bad_request", True),
    "[[sim:status code=422]]": (422, "bad_request", True),
    "[[sim:status code=404]]": (404, "path_not_supported", True),
    "[[sim:status code=401]]": (502, "managed_unavailable", False),
    "[[sim:status code=402]]": (502, "managed_unavailable", False),
    "[[sim:status code=403]]": (502, "managed_unavailable", False),
    "[[sim:status code=429]]": (429, "provider_rate_limited", False),
    "[[sim:status code=500]]": (500, "provider_unavailable", False),
    "[[sim:redirect]]": (502, "provider_unavailable", False),
    "[[sim:html]]": (502, "provider_unavailable", False),
}


@pytest.mark.parametrize("asked", FAILURES)
def test_what_a_service_refuses_costs_nothing(niyra, acme, sim, asked):
    status, code, passes = FAILURES[asked]
    since = sim.now()
    answer = use(acme, "composio/x", {"query": asked})
    assert (answer.status_code, answer.headers["x-ownkey-error"]) == (status, code), answer.text
    assert answer.headers["x-ownkey-error-source"] == "provider" and answer.headers["x-ownkey-payer"] == "managed"
    assert "acct_" not in answer.text and "location" not in answer.headers
    if passes:
        assert answer.json()["error"]["code"], "its own words"
    else:
        assert_problem(answer, status, code)
    assert len(sim.calls(since)) == 1, "asked once"
    receipt = acme.receipt(answer)
    assert (receipt["credits"], receipt["outcome"], receipt["status"]) == ("0", "failed", status)
    if status == 429:
        assert answer.headers["retry-after"] == "7"


def test_a_service_that_is_not_there_or_too_slow_costs_nothing(with_tools, sim):
    _, acme = with_tools(upstream=NOWHERE)
    assert_problem(use(acme, "tools", {}), 502, "provider_unavailable")
    assert spent(acme) == 0
    _, acme = with_tools(timeout_s="1")
    assert_problem(use(acme, "tools", {"query": "[[sim:slow_head ms=60000]]"}), 504, "provider_unavailable")
    assert spent(acme) == 0
    wait_for(lambda: available(acme) == "10", "nothing is held any more")


def test_a_service_that_falls_silent_is_given_up(with_tools):
    _, acme = with_tools(timeout_s="1")
    with pytest.raises(httpx.TransportError):
        use(acme, "tools", {"query": "[[sim:hang]]"})
    [receipt] = acme.receipts()
    assert (receipt["outcome"], receipt["error"], receipt["credits"]) == ("failed", "provider_unavailable", "0.5")


def test_an_answer_that_breaks_off_costs_what_was_asked_for(with_tools):
    _, acme = with_tools(unit='"item"', max_items="5", items='"results"', credits='"1"')
    with pytest.raises(httpx.TransportError):
        use(acme, "tools", {"query": "[[sim:cut]]"})
    [receipt] = acme.receipts()
    assert (receipt["credits"], receipt["outcome"], receipt["measured"]) == ("1", "failed", "estimated")
    assert receipt["error"] == "provider_unavailable"


@pytest.mark.parametrize("asked", ["[[sim:no_items]]", "[[sim:bad_json]]", "[[sim:gzip]]"])
def test_what_a_service_does_not_tell_is_charged_as_it_was_set_aside(with_tools, asked):
    server, acme = with_tools(unit='"item"', max_items="5", items='"results"', credits='"1"')
    answer = use(acme, "tools", {"query": asked})
    assert answer.status_code == 200
    receipt = acme.receipt(answer)
    assert (receipt["credits"], receipt["measured"], receipt["service"]["quantity"]) == ("5", "unknown", None)
    assert "did not tell" in server.output() and server.metrics()["ownkey_services_untold_total"] == 1
    free = use(acme, "tools", {"query": "[[sim:items n=0]]"})
    assert acme.receipt(free)["credits"] == "0", "an empty list is told"
    more = use(acme, "tools", {"query": "[[sim:items n=9]]"})
    assert acme.receipt(more)["credits"] == "5", "no more than `max_items`"
    assert acme.receipt(more)["service"]["quantity"] == 5


def test_items_may_be_the_whole_answer(with_tools):
    _, acme = with_tools(unit='"item"', max_items="5", credits='"1"')
    answer = use(acme, "tools", {"query": "[[sim:list]] [[sim:items n=4]] [[sim:bytes]]"})
    assert len(answer.json()) == 4 and credits(acme, answer) == 4


def test_nobody_goes_below_zero(with_tools):
    server, acme = with_tools()
    told = {"id": "1", "service": "tools", "quantity": 40}
    booked = server.operator("POST", f"{acme.path}/service-usage", told, 201).json()
    assert booked["credits"] == "20"
    problem = assert_problem(use(acme, "tools", {}), 402, "insufficient_credits")
    assert problem["balance"] == "0", "the rest is the operator's"


def test_whoever_leaves_pays_what_was_set_aside_and_the_service_is_let_go(with_tools, sim):
    _, acme = with_tools(unit='"item"', max_items="5", items='"results"', credits='"1"')
    since = sim.now()
    with pytest.raises(httpx.ReadTimeout):
        use(acme, "tools", {"query": "[[sim:hang]]"}, timeout=1)
    wait_for(lambda: [call["outcome"] for call in sim.log(since)] == ["cancelled"], "the service's connection is closed")
    [receipt] = wait_for(acme.receipts, "the receipt is there")
    assert (receipt["credits"], receipt["outcome"]) == ("5", "cancelled")


@pytest.mark.parametrize("slow", ["[[sim:slow_head ms=20000]]", "[[sim:items n=9]] [[sim:hang]]"])
def test_whoever_revokes_his_key_meanwhile_pays_what_was_set_aside(with_tools, sim, slow):
    server, acme = with_tools(unit='"item"', max_items="5", items='"results"', credits='"1"')
    key = server.operator("POST", f"{acme.path}/api-keys", {"name": "x", "scopes": ["services"]}, 201).json()
    since = sim.now()
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(use, acme, "tools", {"query": slow}, secret=key["secret"])
        wait_for(lambda: sim.calls(since), "the call is at the service")
        server.operator("DELETE", f"{acme.path}/api-keys/{key['id']}", expect=204)
        assert call.exception() or assert_problem(call.result(), 401, "unauthorized")
    [receipt] = wait_for(acme.receipts, "the receipt is there")
    assert (receipt["error"], receipt["credits"], receipt["measured"]) == ("unauthorized", "5", "unknown")


def test_a_killed_server_charges_what_was_asked_for(with_tools, sim):
    server, acme = with_tools(unit='"item"', max_items="5", items='"results"', credits='"1"')
    since = sim.now()
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(use, acme, "tools", {"query": "[[sim:slow_head ms=60000]]"}, timeout=60)
        wait_for(lambda: sim.calls(since), "the call is at the service")
        assert available(acme) == "5", "five items are set aside"
        server.kill()
        with pytest.raises(httpx.TransportError):
            call.result()
    server.start()
    wait_for(lambda: available(acme) == "9", "the hold is ended, and one item charged")


def test_a_body_has_the_services_own_limit(niyra, acme, sim):
    since = sim.now()
    text = json.dumps(SEARCH | {"input": "x" * (1 << 20)})
    answer = use(acme, "memory-search", content=text, headers={"content-type": "application/json"})
    assert_problem(answer, 413, "request_too_large")
    assert sim.calls(since) == []


def test_a_price_change_applies_to_calls_admitted_after_it(with_tools, sim):
    server, acme = with_tools(credits='"1"')
    file = server.folder / "ownkey.toml"
    since = sim.now()
    with ThreadPoolExecutor(1) as pool:
        before = pool.submit(use, acme, "tools", {"query": "[[sim:slow_head ms=3000]]"})
        wait_for(lambda: sim.calls(since), "the call is at the service")
        file.write_text(file.read_text().replace('credits = "1"', 'credits = "2.5"'))
        assert "not valid" not in server.reload()
        after = use(acme, "tools", {})
        assert credits(acme, after) == Decimal("2.5")
        assert credits(acme, before.result()) == 1
    assert {service["name"]: service["credits"] for service in listed(server, acme)}["tools"] == "2.5"
    file.write_text(file.read_text().replace('credits = "2.5"', 'credits = "-1"'))
    assert "nothing was changed" in server.reload()
    assert credits(acme, use(acme, "tools", {})) == Decimal("2.5")


def test_a_revoked_key_and_a_missing_credential(with_tools, new_server, sim):
    server, acme = with_tools()
    key = server.operator("POST", f"{acme.path}/api-keys", {"name": "x", "scopes": ["services"]}, 201).json()
    assert use(acme, "tools", {}, secret=key["secret"]).status_code == 200
    server.operator("DELETE", f"{acme.path}/api-keys/{key['id']}", expect=204)
    assert_problem(use(acme, "tools", {}, secret=key["secret"]), 401, "unauthorized")
    bare = new_server(settings=tools(upstream=json.dumps(f"{sim.service}/tools"))).start()
    acme = customer(bare)
    assert_problem(use(acme, "tools", {}), 502, "managed_unavailable")
    assert "can't be called" in bare.output() and spent(acme) == 0
    assert "the service tools can't be called" in bare.run("check", "--config", bare.folder / "ownkey.toml").stdout


PLANS = """
[credits]
usd_per_credit = "0.01"
[plans.unlimited]
byok = true
managed = "included"
[plans.some]
byok = true
managed = "included"
allowance_credits = "1"
[plans.none]
byok = true
managed = "none"
"""


def test_each_plan_pays_as_it_says(new_server, sim):
    service = tools(upstream=json.dumps(f"{sim.service}/tools")).split("[[services]]")[1]
    server = new_server(settings=f"{PLANS}[[services]]{service}", variables={"TOOLS_KEY": service_key()}).start()
    unlimited, some, none = (customer(server, plan) for plan in ("unlimited", "some", "none"))
    answer = use(unlimited, "tools", {})
    receipt = unlimited.receipt(answer)
    assert (receipt["credits"], receipt["included"], receipt["service"]["quantity"]) == ("0", True, 1)
    assert [use(some, "tools", {}).status_code for _ in range(3)] == [200, 200, 402]
    assert_problem(use(none, "tools", {}), 402, "insufficient_credits")
    # No access to models, and credits for services all the same.
    server.operator("POST", f"{none.path}/credits/grants", {"credits": "0.5", "reason": "a gift"}, 201)
    assert [use(none, "tools", {}).status_code for _ in range(2)] == [200, 402]
    assert server.run("ledger", "check", "--config", server.folder / "ownkey.toml").returncode == 0


ECHOES = [
    *(f"[[sim:echo_in where={where}]]" for where in ("body", "header", "request_id", "www-authenticate")),
    *(f"[[sim:echo_in where={where} status=400]]" for where in ("header", "www-authenticate", "model")),
    "[[sim:echo_in where=body]] [[sim:split]]",
    "[[sim:echo_in where=body]] [[sim:bytes]]",
    "[[sim:echo_key]]",
    "[[sim:gzip_error status=400]]",
    "[[sim:gzip_error status=500]]",
]


def test_the_operators_credential_is_nowhere_but_in_the_call(with_tools, sim):
    key = service_key()
    server, acme = with_tools(key=key)
    scanner = Scanner([Canary("credential", key, "svc_sim-ok-")])
    leaks = []
    for asked in ECHOES:
        answer = use(acme, "tools", {"query": asked})
        seen = answer.content + b"".join(name + b": " + value + b"\n" for name, value in answer.headers.raw)
        leaks += scanner.scan(seen, asked)
    for path in ("/services", "/requests", "/audit"):
        leaks += scanner.scan(server.operator("GET", acme.path + path).content, path)
    assert {call["key"] for call in sim.log() if call["provider"] == "service" and "tools" in call["path"]} >= {key}
    server.stop()
    leaks += scanner.scan_files(server.data) + scanner.scan_text(server.kept() + server.output(), "store and log")
    assert leaks == []

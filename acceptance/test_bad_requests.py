"""Requests that are wrong: each is refused in the protocol's own shape, and nothing of it reaches a provider."""

import gzip
import json

import httpx
import pytest

from harness.api import LOCAL, PATHS, call_body, call_headers, post
from harness.errors import assert_error
from harness.server import Server
from harness.sim import PROVIDERS, provider_key
from harness.wire import exchange

each_protocol = pytest.mark.parametrize("protocol", PROVIDERS)


@pytest.fixture(scope="module")
def own(server):
    """A workspace with own keys, so that nothing but what is wrong can be in the way."""
    workspace = server.operator.create_workspace()
    for provider in PROVIDERS:
        workspace.put_key(provider, provider_key(provider), expect=201)
    return workspace


@pytest.fixture
def nothing_sent(sim, own):
    """Whatever the test does, no provider hears of it."""
    since = sim.now()
    yield
    assert sim.log(since) == []


def text(protocol: str, **more) -> str:
    return json.dumps(call_body(protocol, "Hello", **more))


def doubled(protocol: str) -> str:
    return text(protocol)[:-1] + ', "model": "gpt-4o"}'


def escaped_double(protocol: str) -> str:
    """The second `model` is spelled so that a careless comparison does not see it."""
    return text(protocol)[:-1] + ', "m\\u006fdel": "gpt-4o"}'


BODIES = {
    "empty": lambda protocol: "",
    "not_json": lambda protocol: "model=gpt-4o&messages=hello",
    "cut_off": lambda protocol: text(protocol)[:-9],
    "more_behind_it": lambda protocol: text(protocol) + "{}",
    "array": lambda protocol: f"[{text(protocol)}]",
    "string": lambda protocol: '"hello"',
    "null": lambda protocol: "null",
    "too_deep": lambda protocol: text(protocol)[:-1] + ', "metadata": ' + "[" * 100_000 + "]" * 100_000 + "}",
    "model_twice": doubled,
    "model_twice_escaped": escaped_double,
    "stream_twice": lambda protocol: text(protocol, stream=True)[:-1] + ', "stream": false}',
    "model_is_a_number": lambda protocol: text(protocol, model=4),
    "model_is_null": lambda protocol: text(protocol, model=None),
    "stream_is_a_word": lambda protocol: text(protocol, stream="yes"),
    "nul_in_the_model": lambda protocol: text(protocol, model="gpt-4o\0"),
    "raw_nul": lambda protocol: text(protocol).replace("Hello", "He\0lo"),
    "byte_order_mark": lambda protocol: "\ufeff" + text(protocol),
}


@each_protocol
@pytest.mark.parametrize("kind", BODIES)
def test_body(own, nothing_sent, protocol, kind):
    answer = post(own.url, protocol, BODIES[kind](protocol).encode(), own.secret)
    assert_error(answer, protocol, 400, "bad_request")
    assert answer.headers["x-ownkey-request-id"].startswith("req_")
    # Every call of a known caller has a receipt; a refused one has no payer and no attempt.
    receipt = own.receipt(answer)
    assert (receipt["payer"], receipt["attempts"], receipt["status"]) == (None, [], 400)
    assert receipt["outcome"] == "refused" and "x-ownkey-payer" not in answer.headers


@each_protocol
def test_body_is_no_utf8(own, nothing_sent, protocol):
    body = text(protocol).encode().replace(b"Hello", b"He\xff\xfelo")
    assert_error(post(own.url, protocol, body, own.secret), protocol, 400, "bad_request")


@each_protocol
@pytest.mark.parametrize("body", [{"model": ""}, {"modell": "x"}], ids=["empty", "none"])
def test_without_a_model_the_call_goes_to_the_paths_provider(own, sim, protocol, body):
    """On an own key the provider says what is wrong."""
    since = sim.now()
    call = {**call_body(protocol, "Hello"), **body}
    if "modell" in body:
        del call["model"]
    answer = post(own.url, protocol, json.dumps(call).encode(), own.secret)
    assert answer.status_code in (400, 404) and answer.headers["x-ownkey-error-source"] == "provider"
    assert len(sim.calls(since)) == 1


@pytest.fixture(scope="module")
def small(tmp_path_factory, sim):
    """A server that takes bodies of 1 MiB, with a workspace."""
    limits = {"body_mib": 1, "bodies_mib": 4, "header_read_s": 1, "body_idle_s": 1}
    server = Server(tmp_path_factory.mktemp("small"), sim, limits=limits).start()
    workspace = server.operator.create_workspace()
    for provider in PROVIDERS:
        workspace.put_key(provider, provider_key(provider), expect=201)
    yield workspace
    server.stop()


@each_protocol
@pytest.mark.parametrize("chunked", [False, True], ids=["content-length", "chunked"])
def test_body_too_large(small, sim, protocol, chunked):
    since = sim.now()
    body = text(protocol, metadata={"pad": "x" * (1 << 20)}).encode()
    pieces = (body[at : at + 65536] for at in range(0, len(body), 65536)) if chunked else body
    headers = call_headers(protocol, small.secret)
    answer = httpx.post(small.url + PATHS[protocol], content=pieces, headers=headers, **LOCAL)
    assert_error(answer, protocol, 413, "request_too_large")
    assert sim.log(since) == []
    # As much as is allowed is fine, and goes out as it came.
    fits = text(protocol).encode()
    fits += b" " * ((1 << 20) - len(fits))
    assert post(small.url, protocol, fits, small.secret).status_code == 200
    assert [call["body_len"] for call in sim.calls(since)] == [1 << 20]


@each_protocol
def test_body_announced_too_large_is_refused_unread(small, protocol):
    """The answer comes on the length alone."""
    headers = call_headers(protocol, small.secret) | {"host": "x", "content-length": str(1 << 40)}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    answer = exchange(small.url, f"POST {PATHS[protocol]} HTTP/1.1\r\n{head}\r\n{{".encode())
    assert_error(answer, protocol, 413, "request_too_large")


def test_body_that_does_not_come_ends_in_time(small, sim):
    since = sim.now()
    headers = call_headers("openai", small.secret) | {"host": "x", "content-length": "500"}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    answer = exchange(small.url, f"POST {PATHS['openai']} HTTP/1.1\r\n{head}\r\n{{".encode(), seconds=8)
    assert answer is None or answer.status in (400, 408)
    assert sim.log(since) == []


def test_head_that_does_not_come_ends_in_time(small):
    answer = exchange(small.url, b"POST /v1/messages HTTP/1.1\r\nhost: x\r\n", seconds=8)
    assert answer is None or answer.status == 408


@each_protocol
def test_compressed_body(own, nothing_sent, protocol):
    answer = post(own.url, protocol, gzip.compress(text(protocol).encode()), own.secret, {"content-encoding": "gzip"})
    assert_error(answer, protocol, 415, "bad_request")


# -- credentials ------------------------------------------------------------


def ask_with(url: str, protocol: str, *headers: tuple[str, str]) -> httpx.Response:
    plain = [(name, value) for name, value in call_headers(protocol, None).items()]
    return httpx.post(url + PATHS[protocol], content=text(protocol), headers=[*plain, *headers], **LOCAL)


@each_protocol
def test_no_credential(own, nothing_sent, protocol):
    assert_error(ask_with(own.url, protocol), protocol, 401, "unauthorized")


WRONG = {
    "empty": "",
    "a_word": "secret",
    "right_form_wrong_sum": "ok_" + "0" * 61,
    "too_long": "ok_" + "0" * 100_00,
    "another_providers_form": "sk-proj-sim-ok-0123456789abcdef0123456789",
    "an_anthropic_form": "sk-ant-api03-sim-ok-0123456789abcdef0123456789",
    "injection": "ok_' OR '1'='1",
}


@each_protocol
@pytest.mark.parametrize("kind", WRONG)
@pytest.mark.parametrize("header", ["authorization", "x-api-key"])
def test_wrong_credential(own, nothing_sent, protocol, kind, header):
    value = f"Bearer {WRONG[kind]}".strip() if header == "authorization" else WRONG[kind]
    answer = ask_with(own.url, protocol, (header, value))
    assert_error(answer, protocol, 401, "unauthorized")
    if WRONG[kind]:
        assert WRONG[kind] not in answer.text


@each_protocol
def test_wrong_sum(own, nothing_sent, protocol):
    """One letter of a good key is another."""
    last = "0" if own.secret[-1] != "0" else "1"
    answer = ask_with(own.url, protocol, ("x-api-key", own.secret[:-1] + last))
    assert_error(answer, protocol, 401, "unauthorized")


@each_protocol
def test_key_of_another_installation(own, nothing_sent, small, protocol):
    """Well formed, and unknown here."""
    assert_error(ask_with(own.url, protocol, ("x-api-key", small.secret)), protocol, 401, "unauthorized")


@each_protocol
def test_revoked_key(own, nothing_sent, protocol):
    key = own.new_api_key("short-lived", ["inference"])
    own.api("DELETE", f"{own.path}/api-keys/{key['id']}", expect=204)
    assert_error(ask_with(own.url, protocol, ("x-api-key", key["secret"])), protocol, 401, "unauthorized")


@each_protocol
def test_key_without_the_scope(own, nothing_sent, protocol):
    key = own.new_api_key("reader", ["usage:read"])
    assert_error(ask_with(own.url, protocol, ("x-api-key", key["secret"])), protocol, 403, "forbidden")


@each_protocol
def test_operator_token_makes_no_calls(own, nothing_sent, server, protocol):
    answer = ask_with(own.url, protocol, ("authorization", f"Bearer {server.operator_token}"))
    assert_error(answer, protocol, 401, "unauthorized")


@each_protocol
def test_two_different_keys(own, nothing_sent, protocol):
    other = own.new_api_key("other", ["inference"])["secret"]
    both = ("authorization", f"Bearer {own.secret}"), ("x-api-key", other)
    assert_error(ask_with(own.url, protocol, *both), protocol, 400, "bad_request")


@each_protocol
@pytest.mark.parametrize("header", ["authorization", "x-api-key"])
def test_repeated_header(own, nothing_sent, protocol, header):
    value = f"Bearer {own.secret}" if header == "authorization" else own.secret
    answer = ask_with(own.url, protocol, (header, value), (header, value))
    assert_error(answer, protocol, 400, "bad_request")


@each_protocol
def test_the_same_key_in_both_headers_is_one_key(own, protocol):
    both = ("authorization", f"Bearer {own.secret}"), ("x-api-key", own.secret)
    assert ask_with(own.url, protocol, *both).status_code == 200


@each_protocol
def test_other_scheme(own, nothing_sent, protocol):
    answer = ask_with(own.url, protocol, ("authorization", f"Basic {own.secret}"))
    assert_error(answer, protocol, 401, "unauthorized")


# -- what no library sends --------------------------------------------------


def raw(own, *lines: str | bytes, body: bytes | None = None, first="POST /v1/chat/completions HTTP/1.1", length=True):
    body = text("openai").encode() if body is None else body
    head = [first, f"authorization: Bearer {own.secret}", "content-type: application/json", *lines]
    if length:
        head.append(f"content-length: {len(body)}")
    parts = [line if isinstance(line, bytes) else line.encode() for line in head]
    return exchange(own.url, b"\r\n".join(parts) + b"\r\n\r\n" + body, seconds=5)


def assert_refused(answer, status: int = 400):
    """Refused by us, or by the HTTP library before us: then without a body."""
    assert answer is None or answer.status == status
    if answer and answer.body:
        assert_error(answer, "openai", status, "bad_request")


def test_a_plain_raw_request_works(own):
    assert raw(own, "host: x").status == 200


def test_two_hosts(own, nothing_sent):
    assert_refused(raw(own, "host: x", "host: y"))


def test_no_host(own, nothing_sent):
    assert_refused(raw(own))


CHUNKED = b"%x\r\n%b\r\n0\r\n\r\n"


def test_length_and_chunked_is_one_request(own, sim):
    """Either refused, or read as chunked with the connection closed behind it: never two requests."""
    since = sim.now()
    inner = text("openai").encode()
    body = CHUNKED % (len(inner), inner) + b"POST /v1/smuggled HTTP/1.1\r\nhost: x\r\n\r\n"
    answer = raw(own, "host: x", "transfer-encoding: chunked", body=body)
    assert answer is None or answer.status in (200, 400)
    if answer and answer.status == 200:
        assert answer.headers["connection"] == "close"
        assert [call["body"] for call in sim.calls(since)] == [inner.decode()]


BAD_HEADS = {
    "encoding_gzip": "transfer-encoding: gzip",
    "chunked_not_last": "transfer-encoding: chunked, gzip",
    "chunked_twice": "transfer-encoding: chunked, chunked",
    "identity_and_chunked": "transfer-encoding: identity, chunked",
    "two_encodings": "transfer-encoding: chunked\r\ntransfer-encoding: chunked",
    "unknown_encoding": "transfer-encoding: xchunked",
    "space_before_colon": "transfer-encoding : chunked",
    "folded": "x-folded: a\r\n b",
    "nul": "x-nul: a\0b",
}


@pytest.mark.parametrize("kind", BAD_HEADS)
def test_ambiguous_head(own, nothing_sent, kind):
    inner = text("openai").encode()
    body = CHUNKED % (len(inner), inner)
    assert_refused(raw(own, "host: x", BAD_HEADS[kind], body=body, length=kind in ("folded", "nul")))


LENGTHS = ["5, 5", "+5", "-1", "0x10", "5\r\ncontent-length: 6", "99999999999999999999", ""]


@pytest.mark.parametrize("length", LENGTHS)
def test_bad_length(own, nothing_sent, length):
    answer = raw(own, "host: x", f"content-length: {length}", length=False)
    assert answer is None or answer.status in (400, 413)


def test_credential_that_is_no_ascii(own, nothing_sent):
    answer = exchange(
        own.url,
        b"POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: ok_\xff\xfe\r\ncontent-length: 2\r\n\r\n{}",
    )
    assert answer.status in (400, 401)


def test_too_many_headers(own, nothing_sent):
    answer = raw(own, "host: x", *(f"x-{number}: y" for number in range(500)))
    assert answer is None or answer.status in (400, 431)


def test_http_1_0_with_chunks(own, nothing_sent):
    inner = text("openai").encode()
    answer = raw(
        own, "host: x", "transfer-encoding: chunked",
        body=CHUNKED % (len(inner), inner), first="POST /v1/chat/completions HTTP/1.0", length=False,
    )  # fmt: skip
    assert_refused(answer)


# -- paths and methods ------------------------------------------------------


def call(own, protocol, method, path, **options):
    headers = call_headers(protocol, own.secret)
    return httpx.request(method, own.url + path, headers=headers, content=text(protocol), **options, **LOCAL)


@each_protocol
@pytest.mark.parametrize("path", ["/v1/nothing", "/v1/", "/v1/nothing/at/all", "/v1/chat%2Fcompletions"])
def test_unknown_path(own, nothing_sent, protocol, path):
    assert_error(call(own, protocol, "POST", path), protocol, 404, "path_not_supported")


@each_protocol
@pytest.mark.parametrize("wrong", ["/v1/v1{0}", "{0}", "/V1{0}", "/v1/{0}", "/v1{0}/v1{0}"], ids=["doubled", "without", "in capitals", "with a slash", "a whole path"])
def test_wrong_base_url_is_told(own, nothing_sent, protocol, wrong):
    answer = call(own, protocol, "POST", wrong.format(PATHS[protocol].removeprefix("/v1")))
    assert_error(answer, protocol, 404, "path_not_supported")
    said = answer.json()["error"]["message"]
    base = own.url + ("/v1" if protocol == "openai" else "")
    assert said.endswith(f"it is {base}."), said


@each_protocol
def test_a_slash_behind_a_path_is_told(own, nothing_sent, protocol):
    answer = call(own, protocol, "POST", PATHS[protocol] + "/")
    assert_error(answer, protocol, 404, "path_not_supported")
    assert "must not end in a slash" in answer.json()["error"]["message"]


@pytest.mark.parametrize("path", ["/models", "/models/gpt-4o", "//v1/models", "//v1/models/gpt-4o"])
def test_a_wrong_base_url_is_told_to_who_lists_models(own, nothing_sent, path):
    answer = call(own, "openai", "GET", path)
    assert_error(answer, "openai", 404, "path_not_supported")
    assert answer.json()["error"]["message"].endswith(f"it is {own.url}/v1.")


@each_protocol
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_wrong_method(own, nothing_sent, protocol, method):
    answer = call(own, protocol, method, PATHS[protocol])
    assert answer.status_code == 405
    assert answer.headers["allow"] == ("POST, GET" if protocol == "openai" else "POST")
    assert_error(answer, protocol, 405, answer.json()["error"]["code"])


# What is refused before its body was read: path, headers and status.
EARLY = [
    ("/v1/nothing", {}, 404),
    ("/chat/completions", {}, 404),
    ("/v1/responses/resp_1", {}, 405),
    ("/v1/realtime", {}, 501),
    ("/v1/chat/completions", {"authorization": "Bearer ok_nobody"}, 401),
    ("/v1/chat/completions", {"content-encoding": "gzip"}, 415),
    ("/nothing", {}, 404),
]


@pytest.mark.parametrize(("path", "headers", "status"), EARLY)
@pytest.mark.parametrize("size", [60, 60_000, 200_000])
def test_an_early_refusal_never_breaks_the_next_call(own, nothing_sent, path, headers, status, size):
    headers = call_headers("openai", own.secret) | headers
    with httpx.Client(**LOCAL) as client:
        for _ in range(20):
            refused = client.post(own.url + path, headers=headers, content=b"x" * size)
            assert refused.status_code == status
            assert refused.headers.get("connection") == ("close" if size > 65_536 else None)
            assert client.get(own.url + "/healthz").status_code == 200


LATER = ["/v1/realtime"]


@pytest.mark.parametrize("path", LATER)
def test_known_path_that_is_not_built_yet(own, nothing_sent, path):
    assert_error(call(own, "openai", "POST", path), "openai", 501, "not_available_yet")


# Every path but those of `PATHS`: its protocol, and the methods it takes.
MORE_PATHS = {
    "/v1/completions": ("openai", "POST"),
    "/v1/embeddings": ("openai", "POST"),
    "/v1/moderations": ("openai", "POST"),
    "/v1/messages/count_tokens": ("anthropic", "POST"),
    "/v1/responses": ("openai", "POST"),
    "/v1/responses/input_tokens": ("openai", "POST"),
    "/v1/responses/compact": ("openai", "POST"),
    "/v1/audio/speech": ("openai", "POST"),
    "/v1/audio/transcriptions": ("openai", "POST"),
    "/v1/audio/translations": ("openai", "POST"),
    "/v1/images/generations": ("openai", "POST"),
    "/v1/images/edits": ("openai", "POST"),
    "/v1/images/variations": ("openai", "POST"),
}
# Those about things that the provider keeps: they take no body to be looked into.
PATHS_BY_ID = {
    "/v1/responses/resp_1": "GET, DELETE",
    "/v1/responses/resp_1/cancel": "POST",
    "/v1/responses/resp_1/input_items": "GET",
    "/v1/chat/completions/chatcmpl-1": "GET, POST, DELETE",
    "/v1/chat/completions/chatcmpl-1/messages": "GET",
}


@pytest.mark.parametrize("path", MORE_PATHS)
def test_every_path_tells_what_is_wrong(own, nothing_sent, path):
    protocol, allow = MORE_PATHS[path]
    other = "anthropic" if protocol == "openai" else "openai"
    wrong_method = call(own, protocol, "PATCH", path)
    assert_error(wrong_method, protocol, 405, "path_not_supported")
    assert wrong_method.headers["allow"] == allow
    assert_error(call(own, other, "POST", f"/{other}{path}"), other, 404, "path_not_supported")
    for wrong in (f"/v1{path}", path.removeprefix("/v1")):
        answer = call(own, protocol, "POST", wrong)
        assert_error(answer, protocol, 404, "path_not_supported")
        assert "base URL" in answer.json()["error"]["message"]
    for body in (b"", b"{", b"[]", b'{"model":"a","model":"b"}', b'{"model":7}'):
        assert_error(post(own.url, protocol, body, own.secret, path=path), protocol, 400, "bad_request")


def part(disposition: str, value: str = "a") -> str:
    return f"--X\r\nContent-Disposition: {disposition}\r\n\r\n{value}\r\n"


MODEL = part('form-data; name="model"', "whisper-1")
BAD_FORMS = {
    "empty": "",
    "no end": MODEL,
    "a preamble": f"hello\r\n{MODEL}--X--\r\n",
    "an epilogue": f"{MODEL}--X--\r\nhello",
    "bare line feeds": f"{MODEL}--X--\r\n".replace("\r\n", "\n"),
    "a name that ends in quotes": part('form-data; name=mo"del"') + "--X--\r\n",
    "two models, one without quotes": MODEL + part("form-data; name=model") + "--X--\r\n",
    "a file of a coded name alone": MODEL + part("form-data; name=\"n\"; filename*=utf-8''a") + "--X--\r\n",
    "two names": part('form-data; name="a"; filename="b"; name="model"') + "--X--\r\n",
    "two models": MODEL + MODEL + "--X--\r\n",
    "a model that is a file": part('form-data; name="model"; filename="a"') + "--X--\r\n",
    "a model with control characters": part('form-data; name="model"', "a\x01") + "--X--\r\n",
    "a stream that is none": MODEL + part('form-data; name="stream"', "maybe") + "--X--\r\n",
}


@pytest.mark.parametrize("form", BAD_FORMS)
def test_forms_that_could_be_read_in_two_ways(own, nothing_sent, form):
    kind = {"content-type": "multipart/form-data; boundary=X"}
    answer = post(own.url, "openai", BAD_FORMS[form].encode(), own.secret, kind, path="/v1/audio/transcriptions")
    assert_error(answer, "openai", 400, "bad_request")


@pytest.mark.parametrize("path", PATHS_BY_ID)
def test_paths_by_id_take_their_methods_only(own, nothing_sent, path):
    answer = call(own, "openai", "PATCH", path)
    assert_error(answer, "openai", 405, "path_not_supported")
    assert answer.headers["allow"] == PATHS_BY_ID[path]
    for odd in ("..", "%2e%2e", "a%2Fb", "a b".replace(" ", "%20"), "", "x" * 300):
        strange = path.replace("resp_1", odd).replace("chatcmpl-1", odd)
        assert call(own, "openai", "PATCH", strange).status_code == 404


@each_protocol
def test_model_of_the_other_protocol(own, nothing_sent, protocol):
    other = {"openai": "claude-haiku-4-5", "anthropic": "gpt-4o-mini"}[protocol]
    answer = post(own.url, protocol, text(protocol, model=other).encode(), own.secret)
    assert_error(answer, protocol, 400, "wrong_protocol")
    assert PATHS["anthropic" if protocol == "openai" else "openai"] in answer.json()["error"]["message"]


@each_protocol
@pytest.mark.parametrize("alias", ["openai", "anthropic"])
def test_alias_fixes_the_protocol(own, protocol, alias):
    answer = call(own, protocol, "POST", f"/{alias}{PATHS[protocol]}")
    if alias == protocol:
        assert answer.status_code == 200
    else:
        assert_error(answer, alias, 404, "path_not_supported")

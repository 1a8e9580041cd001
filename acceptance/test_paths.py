"""The paths beside chat and messages: who pays, what the receipt says, and what managed access takes."""

import hashlib
import json
import random
import secrets
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import httpx
import pytest

from harness.api import LOCAL, call_headers, post, read_what_comes
from harness.books import disagreements
from harness.errors import assert_error
from harness.server import Server
from harness.sim import provider_key

PRICES = """
[[models]]
id = "gpt-image-1"
provider = "openai"
prices = { input = "0.000005", image_input = "0.00001", output = "0.00004" }

[[models]]
id = "drawer"
alias_of = "gpt-image-1"

[[models]]
id = "gpt-3.5-turbo-instruct"
provider = "openai"
prices = { input = "0.0000015", output = "0.000002" }
"""
HELLO = [{"role": "user", "content": "Hello there, count me."}]
# Name: protocol, path, body, and what of the provider's usage is on the receipt.
NESTED = {"input": "prompt_tokens", "output": "completion_tokens"}
CALLS = {
    "embeddings": ("openai", "/v1/embeddings", {"model": "text-embedding-3-small", "input": ["Hello", "Grüße 🙂"]}, {"input": "prompt_tokens"}),
    "completions": ("openai", "/v1/completions", {"model": "gpt-3.5-turbo-instruct", "prompt": "Say", "n": 2, "best_of": 3}, NESTED),
    "completions streamed": ("openai", "/v1/completions", {"model": "gpt-3.5-turbo-instruct", "prompt": "Say", "stream": True}, NESTED),
    "moderations": ("openai", "/v1/moderations", {"model": "omni-moderation-latest", "input": "kill"}, {}),
    "count_tokens": ("anthropic", "/v1/messages/count_tokens", {"model": "claude-haiku-4-5", "messages": HELLO}, {}),
}
RESPONSE = {"model": "gpt-4o", "input": "Hello"}
COUNTED = {"input": "input_tokens", "output": "output_tokens"}
CALLS |= {
    "responses": ("openai", "/v1/responses", RESPONSE, COUNTED),
    "responses streamed": ("openai", "/v1/responses", RESPONSE | {"stream": True}, COUNTED),
    "responses streamed by a model of its own": ("openai", "/v1/responses", RESPONSE | {"model": "gpt-5-pro", "stream": True}, COUNTED),
    "responses in a dearer tier": ("openai", "/v1/responses", RESPONSE | {"model": "gpt-5", "service_tier": "priority"}, COUNTED),
    "responses of great length": ("openai", "/v1/responses", RESPONSE | {"input": "[[sim:huge bytes=200000]]", "stream": True}, COUNTED),
    "input_tokens": ("openai", "/v1/responses/input_tokens", RESPONSE, {}),
    "compact": ("openai", "/v1/responses/compact", RESPONSE, COUNTED),
}
SPOKEN = {"model": "gpt-4o-mini-tts", "input": "Hello", "voice": "alloy", "stream_format": "sse"}
HEARD = {"model": "gpt-4o-transcribe", "prompt": "Hello"}
DRAWN = {"model": "gpt-image-1", "prompt": "A cat"}
CALLS |= {
    "speech as events": ("openai", "/v1/audio/speech", SPOKEN, COUNTED | {"audio_output": "output_tokens"}),
    "transcriptions": ("openai", "/v1/audio/transcriptions", HEARD, COUNTED),
    "transcriptions streamed": ("openai", "/v1/audio/transcriptions", HEARD | {"stream": "true"}, COUNTED),
    "images": ("openai", "/v1/images/generations", DRAWN | {"n": 2}, COUNTED),
    "images streamed": ("openai", "/v1/images/generations", DRAWN | {"n": 2, "stream": True, "partial_images": 2}, COUNTED),
    "image edits": ("openai", "/v1/images/edits", DRAWN, COUNTED),
    "image edits streamed": ("openai", "/v1/images/edits", DRAWN | {"n": "2", "stream": "true"}, COUNTED),
}
# What is sent as a form, with these files.
SOUND = [("file", ("sound.wav", b"x" * 40_000))]
PICTURES = [("image[]", ("a.png", b"x" * 99)), ("image[]", ("b.png", b"x" * 99))]
FILES = {"transcriptions": SOUND, "transcriptions streamed": SOUND, "image edits": PICTURES, "image edits streamed": PICTURES}
FREE = {"moderations", "count_tokens", "input_tokens"}
# Not served by managed access.
OWN_KEY_ONLY = {"compact"}

each_call = pytest.mark.parametrize("name", CALLS)


@pytest.fixture(scope="module")
def priced(tmp_path_factory, sim):
    """A server whose operator has prices for models that the catalogue does not know."""
    running = Server(tmp_path_factory.mktemp("priced"), sim, settings=PRICES).start()
    yield running
    running.stop()


def send(workspace, name: str, alias: str = "", **more):
    protocol, path, body, _ = CALLS[name]
    if name in FILES:
        return send_form(workspace, alias + path, body | more, FILES[name])
    return post(workspace.url, protocol, json.dumps(body | more).encode(), workspace.secret, path=alias + path)


def send_form(workspace, path: str, fields: dict, files: list):
    headers = {"authorization": f"Bearer {workspace.secret}"}
    return httpx.post(workspace.url + path, data=fields, files=files, headers=headers, timeout=60, **LOCAL)


def assert_billed(receipt: dict, call: dict, name: str):
    _, path, body, classes = CALLS[name]
    assert (receipt["status"], receipt["outcome"], receipt["route"]) == (200, "complete", path)
    assert Decimal(receipt["cost_usd"]) == Decimal(call["cost_usd"])
    assert (Decimal(receipt["cost_usd"]) == 0) == (name in FREE)
    told = receipt["usage"]
    assert {ours: told[ours] for ours in classes} == {ours: call["usage"][theirs] for ours, theirs in classes.items()}
    assert bool(told) == bool(classes)
    assert receipt["measured"] == ("measured" if classes else "unknown")
    assert receipt["model"] == body["model"]


@each_call
@pytest.mark.parametrize("payer", ["byok", "managed"])
def test_the_receipt_is_the_providers_bill(priced, sim, name, payer):
    workspace = priced.operator.create_workspace()
    protocol, path, *_ = CALLS[name]
    if payer == "byok":
        workspace.put_key(protocol, provider_key(protocol), expect=201)
    elif name in OWN_KEY_ONLY:
        return assert_error(send(workspace, name), protocol, 403, "feature_not_priced")
    since = sim.now()
    answer = send(workspace, name)
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-ownkey-payer"] == payer
    [call] = sim.calls(since, path)
    receipt = workspace.receipt(answer)
    assert receipt["payer"] == payer and Decimal(receipt["credits"]) == 0
    assert_billed(receipt, call, name)


def test_the_receipts_of_a_mix_of_all_paths_sum_up_to_the_providers_bill(priced, sim, soak, report):
    seed = secrets.randbits(32)
    draw, workspace = random.Random(seed), priced.operator.create_workspace()
    for provider in ("openai", "anthropic"):
        workspace.put_key(provider, provider_key(provider), expect=201)
    names = draw.choices(list(CALLS), k=2_000 if soak else 150)
    chats = [(draw.choice(["openai", "anthropic"]), {"stream": draw.random() < 0.5}) for _ in range(len(names) // 5)]
    words = [" ".join(draw.choices(["Grüße", "🙂", "more", "x" * 400], k=draw.randint(1, 9))) for _ in names]
    since = sim.now()

    def one(name: str, text: str):
        body = CALLS[name][2]
        member = next((member for member in ("prompt", "input") if isinstance(body.get(member), str)), None)
        sent = {member: body[member] + text} if member else {}
        assert send(workspace, name, **sent).status_code == 200, f"{name}, seed {seed}"

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, names, words))
        list(pool.map(lambda chat: workspace.ask(chat[0], **chat[1]), chats))
    billed = sum(Decimal(entry["cost_usd"]) for entry in sim.ended(since))
    receipts = workspace.receipts()
    assert len(receipts) == len(names) + len(chats)
    assert all(receipt["cost_usd"] is not None for receipt in receipts), f"seed {seed}"
    assert sum(Decimal(receipt["cost_usd"]) for receipt in receipts) == billed > 0, f"seed {seed}"
    assert disagreements(workspace) == []
    report(f"mix of all paths: {len(receipts)} calls, {billed} USD on both books, seed {seed}")


@each_call
def test_aliases_lead_to_the_same_path(priced, sim, name):
    workspace = priced.operator.create_workspace()
    protocol, path, *_ = CALLS[name]
    workspace.put_key(protocol, provider_key(protocol), expect=201)
    since = sim.now()
    assert send(workspace, name, f"/{protocol}").status_code == 200
    assert [call["path"] for call in sim.calls(since)] == [path]


@each_call
def test_managed_access_takes_what_is_known_and_no_more(priced, sim, name):
    workspace = priced.operator.create_workspace()
    since = sim.now()
    answer = send(workspace, name, surprise=1)
    assert_error(answer, CALLS[name][0], 403, "feature_not_priced")
    assert ("the path" if name in OWN_KEY_ONLY else "`surprise`") in answer.text and sim.calls(since) == []


@each_call
def test_usage_that_is_missing_is_unknown(priced, sim, name):
    """What has a price needs its usage to have a cost; what is free does not."""
    workspace = priced.operator.create_workspace()
    workspace.put_key(CALLS[name][0], provider_key(CALLS[name][0]), expect=201)
    body = CALLS[name][2]
    member = next(name for name in ("prompt", "input", "messages") if name in body)
    odd = [{"role": "user", "content": "Hi [[sim:no_usage]]"}] if member == "messages" else "Hi [[sim:no_usage]]"
    receipt = workspace.receipt(send(workspace, name, **{member: odd}))
    assert (receipt["usage"], receipt["measured"]) == ({}, "unknown")
    assert receipt["cost_usd"] is None if name not in FREE else Decimal(receipt["cost_usd"]) == 0


def test_the_operator_can_fix_who_pays_for_a_path(new_server, sim):
    server = new_server(settings='[routes."embeddings"]\npayer = "managed"').start()
    workspace = server.operator.create_workspace()
    workspace.put_key("openai", provider_key("openai"), expect=201)
    answer = send(workspace, "embeddings")
    assert (answer.status_code, answer.headers["x-ownkey-payer"]) == (200, "managed")
    assert workspace.ask("openai").headers["x-ownkey-payer"] == "byok"


def test_a_model_without_a_price_is_for_own_keys(server, workspace, sim):
    assert_error(send(workspace, "completions"), "openai", 403, "model_not_priced")
    workspace.put_key("openai", provider_key("openai"), expect=201)
    answer = send(workspace, "completions")
    receipt = workspace.receipt(answer)
    assert receipt["cost_usd"] is None and receipt["usage"]["output"] > 0


def test_a_call_without_a_model_goes_to_the_paths_provider(workspace, sim):
    workspace.put_key("openai", provider_key("openai"), expect=201)
    answer = post(workspace.url, "openai", b'{"input":"fine"}', workspace.secret, path="/v1/moderations")
    receipt = workspace.receipt(answer)
    assert (receipt["provider"], receipt["model"], receipt["model_served"]) == ("openai", None, "omni-moderation-latest")
    assert Decimal(receipt["cost_usd"]) == 0


def test_the_usage_that_nobody_asked_for_stays_out_of_a_legacy_stream(priced, sim):
    workspace = priced.operator.create_workspace()
    since = sim.now()
    silent = send(workspace, "completions streamed").text
    told = send(workspace, "completions streamed", stream_options={"include_usage": True}).text
    assert "prompt_tokens" not in silent and "prompt_tokens" in told
    assert silent.endswith("data: [DONE]\n\n") and told.endswith("data: [DONE]\n\n")
    assert all('"include_usage":' in call["body"].replace(" ", "") for call in sim.calls(since))


def test_the_list_of_models_has_those_of_every_built_path(workspace):
    workspace.put_key("openai", provider_key("openai"), expect=201)
    answer = httpx.get(workspace.url + "/v1/models", headers=call_headers("openai", workspace.secret), **LOCAL)
    ids = {model["id"] for model in answer.json()["data"]}
    assert {"gpt-4o", "gpt-5-pro", "text-embedding-3-small", "omni-moderation-latest", "tts-1", "whisper-1"} <= ids
    assert "gpt-realtime" not in ids


# Sound and images.


def test_what_is_told_in_no_tokens_has_an_unknown_cost(own, sim):
    sound = post(own.url, "openai", json.dumps({"model": "tts-1", "input": "Hi", "voice": "alloy"}).encode(), own.secret, path="/v1/audio/speech")
    assert sound.headers["content-type"] == "audio/mpeg" and len(sound.content) > 1_000
    fields = {"model": "whisper-1"}
    # Text that looks like usage is text.
    lie = {"prompt": '{"usage":{"input_tokens":1,"output_tokens":1}}', "response_format": "text"}
    text = send_form(own, "/v1/audio/transcriptions", fields | lie, SOUND)
    translated = send_form(own, "/v1/audio/translations", fields, SOUND)
    varied = send_form(own, "/v1/images/variations", {"n": "2"}, [("image", ("a.png", b"x"))])
    for answer in (sound, text, translated, varied):
        assert answer.status_code == 200, answer.text
        receipt = own.receipt(answer)
        assert (receipt["outcome"], receipt["usage"], receipt["measured"], receipt["cost_usd"]) == ("complete", {}, "unknown", None)


def test_what_is_told_in_seconds_has_the_price_of_seconds(own, sim):
    since = sim.now()
    receipt = own.receipt(send_form(own, "/v1/audio/transcriptions", {"model": "whisper-1"}, SOUND))
    [call] = sim.calls(since)
    assert Decimal(receipt["cost_usd"]) == Decimal(call["cost_usd"]) > 0
    assert (receipt["usage"], receipt["measured"]) == ({}, "measured")


@pytest.mark.parametrize("payer", ["byok", "managed"])
@pytest.mark.parametrize("name", ["speech as events", "transcriptions streamed", "images streamed", "image edits streamed"])
@pytest.mark.parametrize("broken", ["cut after=1", "error_split n=7"])
def test_a_broken_stream_of_sound_or_images_ends_in_an_error_event(priced, own, name, broken, payer):
    workspace = own if payer == "byok" else priced.operator.create_workspace()
    protocol, path, body, _ = CALLS[name]
    member = "prompt" if "prompt" in body else "input"
    body = body | {member: f"Hello [[sim:{broken}]]"}
    if name in FILES:
        try:
            answer = send_form(workspace, path, body, FILES[name])
            assert "error" in answer.text
        except httpx.RemoteProtocolError:
            pass
    else:
        seen = read_what_comes(workspace.url, protocol, json.dumps(body).encode(), workspace.secret, path=path)
        last = seen.text.removesuffix("data: [DONE]\n\n").strip().split("\n\n")[-1]
        assert '"error"' in last and ".done" not in last and ".completed" not in last
        assert payer == "byok" or "Operator" not in seen.text
    assert workspace.receipts()[0]["outcome"] == "failed"


def test_an_upload_goes_out_as_it_came(own, sim):
    since = sim.now()
    body = b'--X\r\nContent-Disposition: form-data; name="model"\r\n\r\nwhisper-1\r\n--X\r\n' + (
        b'Content-Disposition: form-data; name="file"; filename="a.wav"\r\nContent-Type: audio/wav\r\n\r\n\x00\xff\r\n\x80\r\n--X--\r\n'
    )
    kind = {"content-type": "multipart/form-data; boundary=X"}
    answer = post(own.url, "openai", body, own.secret, kind, path="/v1/audio/transcriptions")
    assert answer.status_code == 200, answer.text
    [call] = sim.calls(since)
    assert call["body_sha256"] == hashlib.sha256(body).hexdigest()


def test_a_products_own_name_for_a_model_is_replaced_in_a_form(priced, own, sim):
    since = sim.now()
    answer = send(own, "image edits", model="drawer")
    assert answer.status_code == 200, answer.text
    receipt = own.receipt(answer)
    assert receipt["model"] == "drawer" and receipt["cost_usd"] is not None
    [call] = sim.calls(since)
    assert "drawer" not in call["body"] and "gpt-image-1" in call["body"]


def test_an_upload_that_is_too_large_is_refused(new_server, sim):
    small = new_server(limits={"body_mib": 1}).start()
    workspace = small.operator.create_workspace()
    workspace.put_key("openai", provider_key("openai"), expect=201)
    answer = send_form(workspace, "/v1/audio/transcriptions", {"model": "whisper-1"}, [("file", ("a", b"x" * (1 << 21)))])
    assert_error(answer, "openai", 413, "request_too_large")


NOT_METERED = {
    "sound without events": ("/v1/audio/speech", {key: value for key, value in SPOKEN.items() if key != "stream_format"}, None),
    "sound as it is": ("/v1/audio/speech", SPOKEN | {"stream_format": "audio"}, None),
    "a voice of somebody's": ("/v1/audio/speech", SPOKEN | {"voice": {"id": "voice_1"}}, None),
    "a transcription as text": ("/v1/audio/transcriptions", HEARD | {"response_format": "text"}, SOUND),
    "another model's translation": ("/v1/audio/translations", HEARD, SOUND),
    "a variation": ("/v1/images/variations", {"model": "gpt-image-1"}, [("image", ("a.png", b"x"))]),
}


@pytest.mark.parametrize("what", NOT_METERED)
def test_managed_access_serves_only_what_tells_its_tokens(priced, sim, what):
    path, body, files = NOT_METERED[what]
    workspace, since = priced.operator.create_workspace(), sim.now()
    if files:
        answer = send_form(workspace, path, body, files)
    else:
        answer = post(workspace.url, "openai", json.dumps(body).encode(), workspace.secret, path=path)
    assert_error(answer, "openai", 403, "feature_not_priced")
    assert sim.calls(since) == []


def test_models_sold_by_the_second_are_for_own_keys(workspace):
    assert_error(send_form(workspace, "/v1/audio/transcriptions", {"model": "whisper-1"}, SOUND), "openai", 403, "model_not_priced")


# Responses and stored completions, which the provider keeps.


def by_id(workspace, method: str, path: str, **body):
    headers = call_headers("openai", workspace.secret)
    return httpx.request(method, workspace.url + path, headers=headers, json=body or None, **LOCAL)


@pytest.fixture
def own(priced):
    workspace = priced.operator.create_workspace()
    workspace.put_key("openai", provider_key("openai"), expect=201)
    return workspace


def test_a_response_is_reached_by_its_id_on_an_own_key(own, sim):
    made = send(own, "responses").json()
    path = f"/v1/responses/{made['id']}"
    since = sim.now()
    found = by_id(own, "GET", path + "?include[]=message.output_text.logprobs")
    assert found.json() == made and found.headers["x-ownkey-payer"] == "byok"
    assert by_id(own, "GET", "/openai" + path).json() == made
    events = by_id(own, "GET", path + "?stream=true")
    assert events.headers["content-type"].startswith("text/event-stream") and "response.completed" in events.text
    assert by_id(own, "GET", path + "/input_items").json()["data"][0]["role"] == "user"
    refused = by_id(own, "POST", path + "/cancel")
    assert (refused.status_code, refused.headers["x-ownkey-error-source"]) == (400, "provider")
    assert by_id(own, "DELETE", path).json()["deleted"] is True
    assert by_id(own, "GET", path).status_code == 404
    sent = [(entry["method"], entry["path"], entry["query"]) for entry in sim.log(since)]
    assert sent[0] == ("GET", path, "include[]=message.output_text.logprobs")
    assert [method for method, *_ in sent] == ["GET", "GET", "GET", "GET", "POST", "DELETE", "GET"]
    lengths = {name: value for entry in sim.log(since) for name, value in entry["headers"] if name == "transfer-encoding"}
    assert lengths == {}, "nothing is sent as a body where there is none"


def test_what_is_about_a_response_is_not_billed_again(own, sim):
    answer = send(own, "responses")
    path = f"/v1/responses/{answer.json()['id']}"
    for more in ("", "?stream=true", "/input_items"):
        receipt = own.receipt(by_id(own, "GET", path + more))
        assert (receipt["usage"], receipt["measured"], receipt["outcome"]) == ({}, "unknown", "complete")
        assert Decimal(receipt["cost_usd"]) == 0
        assert receipt["route"] == "/v1/responses/{id}" + ("/input_items" if "input" in more else "")


def test_what_goes_on_in_the_background_has_an_unknown_cost(own, sim):
    answer = send(own, "responses", background=True)
    assert answer.json()["status"] == "queued"
    receipt = own.receipt(answer)
    assert (receipt["usage"], receipt["measured"], receipt["cost_usd"]) == ({}, "unknown", None)
    cancelled = by_id(own, "POST", f"/v1/responses/{answer.json()['id']}/cancel")
    assert cancelled.json()["status"] == "cancelled"


def test_a_fee_beside_the_tokens_makes_the_cost_unknown(own, sim):
    since = sim.now()
    for stream in (False, True):
        tools = [{"type": "web_search"}]
        idle = own.receipt(send(own, "responses", tools=tools, stream=stream))
        used = own.receipt(send(own, "responses", input="search it", tools=tools, stream=stream))
        assert idle["cost_usd"] is not None and used["cost_usd"] is None and used["usage"]["output"] > 0
    assert Decimal(sim.calls(since)[1]["cost_usd"]) > Decimal("0.01")


@pytest.mark.parametrize("payer", ["byok", "managed"])
@pytest.mark.parametrize("broken", ["cut after=3", "error_split n=7", "error_event id=openai.stream.response_failed.server_error"])
def test_a_broken_stream_of_a_response_ends_in_an_error_event(priced, own, broken, payer):
    workspace = own if payer == "byok" else priced.operator.create_workspace()
    body = RESPONSE | {"input": f"Hello [[sim:{broken}]]", "stream": True}
    seen = read_what_comes(workspace.url, "openai", json.dumps(body).encode(), workspace.secret, path="/v1/responses")
    assert "response.output_text.delta" in seen.text and "response.completed" not in seen.text
    last = seen.text.strip().split("\n\n")[-1]
    if payer == "byok" and not broken.startswith("cut"):
        # The provider's own.
        assert last.startswith(("event: error\n", "event: response.failed\n"))
    else:
        assert last.startswith("event: error\ndata: ")
        told = json.loads(last.split("data: ", 1)[1])
        assert told["type"] == "error" and told["message"] and told["code"] == "provider_unavailable"
        assert told["error"]["message"] == told["message"], "the form that SDKs raise"
        assert "Operator" not in seen.text and "response.failed" not in seen.text
    receipt = workspace.receipts()[0]
    assert receipt["outcome"] == "failed"
    if payer == "byok":
        assert (receipt["usage"], receipt["cost_usd"]) == ({}, None)
    else:
        # The operator may be billed for what came.
        assert receipt["measured"] == "estimated" and receipt["usage"]["output"] > 0 and receipt["included"]


def test_stored_completions_are_reached_by_their_id_on_an_own_key(own, sim):
    made = own.ask("openai", store=True, metadata={"a": "b"}).json()
    path = f"/v1/chat/completions/{made['id']}"
    assert by_id(own, "GET", path).json() == made
    assert by_id(own, "POST", path, metadata={"c": "d"}).json()["metadata"] == {"c": "d"}
    assert by_id(own, "GET", path + "/messages").json()["data"][0]["content"] == "Hello"
    listed = by_id(own, "GET", "/v1/chat/completions?limit=1&model=gpt-4o-mini")
    assert [item["id"] for item in listed.json()["data"]] == [made["id"]]
    assert Decimal(own.receipt(listed)["cost_usd"]) == 0
    assert by_id(own, "DELETE", path).json()["deleted"] is True


# What of these needs the operator's account to be the workspace's own.
REFERENCES = [
    {"previous_response_id": "resp_1"},
    {"conversation": "conv_1"},
    {"prompt": {"id": "pmpt_1"}},
    {"background": True},
    {"input": [{"type": "item_reference", "id": "msg_1"}]},
    {"input": [{"id": "msg_1"}]},
    {"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "file-1"}]}]},
    {"input": [{"type": "function_call_output", "call_id": "c", "output": [{"type": "input_image", "file_id": "file-1"}]}]},
    {"tools": [{"type": "web_search"}]},
    {"tools": [{"type": "file_search", "vector_store_ids": ["vs_1"]}]},
    {"tools": [{"type": "mcp", "server_label": "x", "server_url": "https://example.com"}]},
    {"context_management": [{"type": "compaction"}]},
]


@pytest.mark.parametrize("more", REFERENCES, ids=lambda more: next(iter(more)))
def test_managed_responses_are_a_closed_world(workspace, sim, more):
    since = sim.now()
    assert_error(send(workspace, "responses", **more), "openai", 403, "feature_not_priced")
    assert sim.calls(since) == []


def test_managed_responses_take_what_agents_send(workspace, sim):
    turns = [
        {"role": "developer", "content": "Be brief."},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello"}]},
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "x"}], "encrypted_content": "gAAAA"},
        {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "call_1", "output": "ok"},
    ]
    tools = [{"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": False}]
    more = {"tools": tools, "include": ["reasoning.encrypted_content"], "store": False, "parallel_tool_calls": False}
    answer = send(workspace, "responses", input=turns, previous_response_id=None, background=False, **more)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/responses/resp_1"),
        ("DELETE", "/v1/responses/resp_1"),
        ("POST", "/v1/responses/resp_1/cancel"),
        ("GET", "/v1/responses/resp_1/input_items"),
        ("GET", "/v1/chat/completions"),
        ("GET", "/v1/chat/completions/chatcmpl-1"),
        ("DELETE", "/v1/chat/completions/chatcmpl-1"),
    ],
)
def test_what_the_operators_account_keeps_is_out_of_reach(workspace, sim, method, path):
    since = sim.now()
    assert_error(by_id(workspace, method, path), "openai", 403, "feature_not_priced")
    assert [entry for entry in sim.log(since) if entry["path"] != "/v1/models"] == []

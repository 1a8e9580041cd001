"""The paths beside chat and messages: who pays, what the receipt says, and what managed access takes."""

import hashlib
import json
import random
import re
import secrets
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import httpx
import pytest
from openai import APIError

from harness.api import LOCAL, call_headers, post, read_what_comes, wav
from harness.books import disagreements
from harness.errors import assert_error
from harness.money import set_budget, used
from harness.published import differences
from harness.sdk_python import client
from harness.server import Server
from harness.sim import provider_key
from harness.tap import Tap

# What the catalogue has no prices for, and so the simulator neither.
OWN_PRICES = {
    "gpt-image-1": {"input": "0.000005", "image_input": "0.00001", "output": "0.00004"},
    "gpt-3.5-turbo-instruct": {"input": "0.0000015", "output": "0.000002"},
}
PRICES = "\n".join(
    f'[[models]]\nid = "{model}"\nprovider = "openai"\nprices = {{ {", ".join(f"{name} = {json.dumps(usd)}" for name, usd in prices.items())} }}\n'
    for model, prices in OWN_PRICES.items()
) + """
[[models]]
id = "drawer"
alias_of = "gpt-image-1"
"""
HELLO = [{"role": "user", "content": "Hello there, count me."}]
# Name: protocol, path, body, and what of the provider's usage is on the receipt.
NESTED = {"input": "prompt_tokens", "output": "completion_tokens"}
CALLS = {
    "embeddings": ("openai", "/v1/embeddings", {"model": "text-embedding-3-small", "input": ["Hello", "Grüße 🙂"]}, {"input": "prompt_tokens"}),
    "completions": ("openai", "/v1/completions", {"model": "gpt-3.5-turbo-instruct", "prompt": "Say", "n": 2, "best_of": 3}, NESTED),
    "completions streamed": ("openai", "/v1/completions", {"model": "gpt-3.5-turbo-instruct", "prompt": "Say", "stream": True}, NESTED),
    "completions of a list of prompts": ("openai", "/v1/completions", {"model": "gpt-3.5-turbo-instruct", "prompt": ["Say it"] * 30, "max_tokens": 16}, NESTED),
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
    "responses of great length": ("openai", "/v1/responses", RESPONSE | {"input": "[[sim:huge bytes=70000]]", "stream": True}, COUNTED),
    "input_tokens": ("openai", "/v1/responses/input_tokens", RESPONSE, {}),
    "compact": ("openai", "/v1/responses/compact", RESPONSE, COUNTED),
}
SPOKEN = {"model": "gpt-4o-mini-tts", "input": "Hello", "voice": "alloy", "stream_format": "sse"}
HEARD = {"model": "gpt-4o-transcribe", "prompt": "Hello"}
NO_EVENTS = {name: value for name, value in SPOKEN.items() if name != "stream_format"}
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
SOUND = [("file", ("sound.wav", wav(40_000)))]
PICTURES = [("image[]", ("a.png", b"x" * 99)), ("image[]", ("b.png", b"x" * 99))]
FILES = {"transcriptions": SOUND, "transcriptions streamed": SOUND, "image edits": PICTURES, "image edits streamed": PICTURES}
HEARD_FOR_LONG = {"model": "whisper-1", "prompt": "Hello"}
SECONDS = {"input_seconds": "seconds"}
SEARCHING = {
    "model": "claude-haiku-4-5",
    "max_tokens": 50,
    "messages": [{"role": "user", "content": "search it"}],
    "tools": [{"type": "web_search_20250305", "name": "web_search"}],
}
TOOL_SEARCH = {"type": "tool_search_tool_regex_20251119", "name": "tool_search_tool_regex"}
MESSAGE_COUNTED = {"input": "input_tokens", "output": "output_tokens", "cache_read": "cache_read_input_tokens"}
CALLS |= {
    "speech by the character": ("openai", "/v1/audio/speech", {"model": "tts-1", "input": "Grüße 🙂\n", "voice": "alloy"}, {}),
    "speech by the dearer character": ("openai", "/v1/audio/speech", {"model": "tts-1-hd", "input": "Hi", "voice": "alloy", "response_format": "opus"}, {}),
    "transcriptions by the second": ("openai", "/v1/audio/transcriptions", HEARD_FOR_LONG, SECONDS),
    "transcriptions by the second in detail": ("openai", "/v1/audio/transcriptions", HEARD_FOR_LONG | {"response_format": "verbose_json"}, SECONDS),
    "translations in detail": ("openai", "/v1/audio/translations", HEARD_FOR_LONG | {"response_format": "verbose_json"}, {}),
    "responses that search": ("openai", "/v1/responses", RESPONSE | {"input": "search the pages", "tools": [{"type": "web_search"}]}, COUNTED),
    "responses that search tools": ("openai", "/v1/responses", RESPONSE | {"input": "search it", "tools": [{"type": "tool_search"}]}, COUNTED),
    "messages that search tools": ("anthropic", "/v1/messages", SEARCHING | {"tools": [TOOL_SEARCH]}, MESSAGE_COUNTED),
    "messages that search": ("anthropic", "/v1/messages", SEARCHING, MESSAGE_COUNTED),
    "messages that search streamed": ("anthropic", "/v1/messages", SEARCHING | {"stream": True}, MESSAGE_COUNTED),
    "messages in the United States": ("anthropic", "/v1/messages", {"model": "claude-opus-4-6", "max_tokens": 50, "messages": HELLO, "inference_geo": "us"}, MESSAGE_COUNTED),
}
FILES |= {name: SOUND for name in ("transcriptions by the second", "transcriptions by the second in detail", "translations in detail")}
# What no answer tells, and is counted from the request or taken from what the answer says of the sound.
UNTOLD = {
    "speech by the character": {"input_characters": 8},
    "speech by the dearer character": {"input_characters": 2},
    "translations in detail": {"input_seconds": 3},
}
CUT = {"x-sim": "[[sim:cut after=1]]"}
FREE = {"moderations", "count_tokens", "input_tokens"}
# Not served by managed access.
SEARCHES = {"responses that search", "messages that search", "messages that search streamed"}
OWN_KEY_ONLY = {"compact", "translations in detail", "messages in the United States"} | SEARCHES

each_call = pytest.mark.parametrize("name", CALLS)


@pytest.fixture(scope="module")
def priced(tmp_path_factory, sim):
    """A server whose operator has prices for models that the catalogue does not know; its answers hold to the schemas."""
    running = Server(tmp_path_factory.mktemp("priced"), sim, settings=PRICES).start()
    with Tap(running.url) as tap:
        running.url = tap.url
        yield running
        assert "\n".join(differences(tap.exchanges())) == ""
        assert len(tap.exchanges()) > len(CALLS)
        running.stop()


def send(workspace, name: str, alias: str = "", **more):
    protocol, path, body, _ = CALLS[name]
    if name in FILES:
        return send_form(workspace, alias + path, body | more, FILES[name])
    return post(workspace.url, protocol, json.dumps(body | more).encode(), workspace.secret, path=alias + path)


def send_form(workspace, path: str, fields: dict, files: list):
    headers = {"authorization": f"Bearer {workspace.secret}"}
    return httpx.post(workspace.url + path, data=fields, files=files, headers=headers, timeout=60, **LOCAL)


def billed(call: dict) -> Decimal:
    """What the provider bills: by its own table, or by the operator's for what it has no price for."""
    if call["cost_usd"] is not None:
        return Decimal(call["cost_usd"])
    # The simulator's log names no model of a form, and only images are made by forms.
    prices = {name: Decimal(usd) for name, usd in OWN_PRICES[call["model"] or "gpt-image-1"].items()}
    usage = call["usage"]
    told = usage.get("input_tokens", usage.get("prompt_tokens")), usage.get("output_tokens", usage.get("completion_tokens"))
    pictures = usage.get("input_tokens_details", {}).get("image_tokens", 0)
    return (told[0] - pictures) * prices["input"] + pictures * prices.get("image_input", 0) + told[1] * prices["output"]


def assert_billed(receipt: dict, call: dict, name: str):
    _, path, body, classes = CALLS[name]
    assert (receipt["status"], receipt["outcome"], receipt["route"]) == (200, "complete", path)
    assert Decimal(receipt["cost_usd"]) == billed(call)
    assert (Decimal(receipt["cost_usd"]) == 0) == (name in FREE)
    told = receipt["usage"]
    assert {ours: told[ours] for ours in classes} == {ours: call["usage"][theirs] for ours, theirs in classes.items()}
    if not classes:
        assert told == UNTOLD.get(name, {})
    assert told.get("web_searches", 0) == (1 if name in SEARCHES else 0)
    assert receipt["measured"] == ("measured" if classes else "estimated" if name in UNTOLD else "unknown")
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
    bill = sum(billed(entry) for entry in sim.ended(since))
    receipts = workspace.receipts()
    assert len(receipts) == len(names) + len(chats)
    assert all(receipt["cost_usd"] is not None for receipt in receipts), f"seed {seed}"
    assert sum(Decimal(receipt["cost_usd"]) for receipt in receipts) == bill > 0, f"seed {seed}"
    assert disagreements(workspace) == []
    report(f"mix of all paths: {len(receipts)} calls, {bill} USD on both books, seed {seed}")


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
    assert ("`surprise`" in answer.text or name in OWN_KEY_ONLY) and sim.calls(since) == []


@pytest.mark.parametrize("name", [name for name in CALLS if name not in UNTOLD and "in detail" not in name])
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
    since = sim.now()
    for name in ("completions", "images", "image edits streamed"):
        receipt = workspace.receipt(send(workspace, name))
        assert receipt["cost_usd"] is None and receipt["usage"]["output"] > 0
    assert [call["cost_usd"] for call in sim.calls(since)] == [None] * 3


@pytest.mark.parametrize("payer", ["byok", "managed"])
def test_a_call_without_a_model_goes_to_the_paths_provider(workspace, payer):
    if payer == "byok":
        workspace.put_key("openai", provider_key("openai"), expect=201)
    # It costs nothing, so not even a budget of nothing that refuses what has no price stops it.
    set_budget(workspace, limit_usd="0.000000001")
    answer = post(workspace.url, "openai", b'{"input":"fine"}', workspace.secret, path="/v1/moderations")
    receipt = workspace.receipt(answer)
    assert (receipt["provider"], receipt["model"], receipt["model_served"]) == ("openai", None, "omni-moderation-latest")
    assert receipt["payer"] == payer and Decimal(receipt["cost_usd"]) == 0


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


def test_what_is_told_in_no_way_has_an_unknown_cost(own, sim):
    spoken = {"model": "gpt-4o-mini-tts", "input": "Hi", "voice": "alloy"}
    sound = post(own.url, "openai", json.dumps(spoken).encode(), own.secret, path="/v1/audio/speech")
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


@pytest.mark.parametrize("format", ["json", "verbose_json", "text", "srt", "vtt"])
@pytest.mark.parametrize("path", ["transcriptions", "translations"])
def test_sound_that_was_heard_is_never_taken_for_free(own, sim, path, format):
    """Seconds are told by JSON, or the length of the sound is; text tells nothing, and so its cost is not known."""
    ask = lambda: send_form(own, f"/v1/audio/{path}", {"model": "whisper-1", "response_format": format}, SOUND)  # noqa: E731
    since = sim.now()
    answer = ask()
    assert answer.status_code == 200, answer.text
    receipt = own.receipt(answer)
    tells = format == "verbose_json" or (path, format) == ("transcriptions", "json")
    if tells:
        measured = ["measured", "estimated"] if format == "verbose_json" else ["measured"]
        assert receipt["usage"] == {"input_seconds": 3} and receipt["measured"] in measured
        assert Decimal(receipt["cost_usd"]) == Decimal(sim.calls(since)[0]["cost_usd"]) > 0
    else:
        assert (receipt["usage"], receipt["measured"], receipt["cost_usd"]) == ({}, "unknown", None)
    # Who must count it takes it for what it was held as.
    made = set_budget(own, limit_usd="1")
    assert ask().status_code == 200
    assert used(own, made) >= Decimal("0.0001")


def test_what_is_told_in_seconds_has_the_price_of_seconds(own, sim):
    since = sim.now()
    receipt = own.receipt(send_form(own, "/v1/audio/transcriptions", {"model": "whisper-1"}, SOUND))
    [call] = sim.calls(since)
    assert Decimal(receipt["cost_usd"]) == Decimal(call["cost_usd"]) > 0
    assert (receipt["usage"], receipt["measured"]) == ({"input_seconds": 3}, "measured")


def test_characters_are_billed_once_the_provider_has_taken_them(own, sim):
    def say(words: str, **more) -> dict:
        body = {"model": "tts-1", "input": words, "voice": "alloy"} | more
        seen = read_what_comes(own.url, "openai", json.dumps(body).encode(), own.secret, path="/v1/audio/speech")
        assert seen.text
        return own.receipts()[0]

    words, since = "Hello [[sim:cut after=3]]", sim.now()
    cut = say(words)
    assert (cut["outcome"], cut["usage"], cut["measured"]) == ("failed", {"input_characters": len(words)}, "estimated")
    assert Decimal(cut["cost_usd"]) == len(words) * Decimal("0.000015") == Decimal(sim.calls(since)[0]["cost_usd"])
    refused = say("Hello", speed=9)
    assert (refused["outcome"], refused["usage"], refused["cost_usd"]) == ("failed", {}, None)
    [row] = own.usage(group_by="model")["data"]
    assert (row["usage"], row["calls"], row["unmeasured"]) == ({"input_characters": len(words)}, 2, 1)


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


@pytest.mark.parametrize("format", ["text", "srt", "vtt"])
def test_seconds_that_the_answer_does_not_tell_are_for_own_keys(workspace, sim, format):
    since = sim.now()
    answer = send_form(workspace, "/v1/audio/transcriptions", {"model": "whisper-1", "response_format": format}, SOUND)
    assert_error(answer, "openai", 403, "feature_not_priced")
    assert sim.calls(since) == []


CREDITS = """
[plans.default]
byok = true
managed = "credits"

[credits]
usd_per_credit = "0.01"

[[models]]
id = "acme-large"
provider = "openai"
prices = { input = "0.00001", output = "0.00001" }
output_tokens = 100
"""


@pytest.fixture(scope="module")
def on_credits(tmp_path_factory, sim):
    """A server whose workspaces pay in credits, and have none."""
    running = Server(tmp_path_factory.mktemp("credits"), sim, settings=CREDITS).start()
    yield running
    running.stop()


def hold(answer) -> Decimal:
    """The credits that a refused call would have needed."""
    assert_error(answer, "openai", 402, "insufficient_credits")
    return Decimal(re.search(r"hold of ([0-9.]+) credits", answer.text)[1])


def test_what_is_sold_by_other_units_is_held_by_them(on_credits):
    workspace = on_credits.operator.create_workspace()
    # 15 USD a million characters; 0.006 USD a minute, of which there are two seconds and a half.
    assert hold(send(workspace, "speech by the character", input="x" * 1_000)) == Decimal("1.5")
    assert hold(send(workspace, "transcriptions by the second")) == Decimal("0.03")


def test_sound_is_held_for_as_long_as_it_can_last(on_credits):
    """However few its bytes are: a slow second of samples has few, and what is packed tells nothing."""
    workspace = on_credits.operator.create_workspace()
    ask = lambda model, sound: send_form(workspace, "/v1/audio/transcriptions", {"model": model}, [("file", ("a", sound))])  # noqa: E731
    assert hold(ask("whisper-1", wav(40_000, 400))) == 1
    # At 8 kbit/s, less than which MPEG audio never has.
    assert hold(ask("whisper-1", b"\xff\xfb\x90\x00" + b"x" * 9_996)) == Decimal("0.1")
    packed = b"fLaC" + b"x" * 40
    refused = ask("whisper-1", packed)
    assert_error(refused, "openai", 403, "model_not_priced")
    assert "WAV" in refused.text and "MP3" in refused.text
    # What is sold by tokens costs no more than the model can hear.
    assert hold(ask("gpt-4o-transcribe", packed)) == (16_000 * Decimal("2.5") + 2_000 * 10) / 10_000


def test_a_model_of_unknown_length_is_sold_what_can_be_counted(on_credits):
    """Of a packed document only the longest prompt is a bound: who knows none says what to configure."""
    workspace = on_credits.operator.create_workspace()
    assert hold(workspace.ask("openai", model="acme-large")) < 1
    document = {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,AAAA"}}
    refused = workspace.ask("openai", model="acme-large", messages=[{"role": "user", "content": [document]}])
    assert_error(refused, "openai", 403, "model_not_priced")
    assert "`context_tokens`" in refused.text and refused.headers["x-should-retry"] == "false"


def needs(answer) -> Decimal:
    """The USD that a call would have needed which a budget refused."""
    assert_error(answer, "openai", 402, "budget_exceeded")
    return Decimal(re.search(r"needs up to ([0-9.]+) USD", answer.text)[1])


def test_pictures_in_a_form_are_held_as_the_largest(own, sim):
    """As in JSON: a picture of any size fits into a hundred bytes."""
    set_budget(own, limit_usd="0.000001")
    since, picture = sim.now(), ("image[]", ("a.png", b"x" * 99))
    held = lambda count: needs(send_form(own, "/v1/images/edits", DRAWN, [picture] * count))  # noqa: E731
    # 10 USD a million tokens, ten thousand of which are a picture, and a few bytes around it.
    for more in (held(2) - held(1), held(3) - held(2)):
        assert Decimal("0.1") <= more < Decimal("0.101")
    assert sim.calls(since) == []


def test_what_managed_access_does_not_serve_is_held_at_its_worst(own, sim):
    """A budget that blocks counts by the price there is; of what has none it decides."""
    made = set_budget(own, limit_usd="0.000001")
    since = sim.now()
    # A hundred seconds at 0.006 USD a minute.
    sound = [("file", ("a.wav", wav(40_000, 400)))]
    assert needs(send_form(own, "/v1/audio/translations", HEARD_FOR_LONG, sound)) == Decimal("0.01")
    # All that the model reads and writes in its dearest tier, for nobody has looked what it is.
    assert needs(send(own, "compact")) == (128_000 * Decimal("4.25") + 16_384 * 17) / 1_000_000
    varied = lambda: send_form(own, "/v1/images/variations", {}, [("image", ("a.png", b"x"))])  # noqa: E731
    refused = varied()
    assert_error(refused, "openai", 403, "model_not_priced")
    assert made["id"] in refused.text and sim.calls(since) == []
    own.operator("DELETE", f"{own.path}/budgets/{made['id']}", None, 204)
    set_budget(own, limit_usd="0.000001", unpriced="allow")
    assert varied().status_code == 200


def test_a_hold_knows_the_tiers_that_may_answer(on_credits):
    workspace = on_credits.operator.create_workspace()
    asked = {"model": "gpt-5", "input": "x" * 10_000, "max_output_tokens": 10_000}
    held = {tier: hold(send(workspace, "responses", service_tier=tier, **asked)) for tier in (None, "auto", "default", "flex", "priority", "fast")}
    assert held["flex"] < held["default"] < held["priority"]
    # The names are of different lengths.
    assert all(abs(held[tier] / held["default"] - 2) < Decimal("0.01") for tier in (None, "auto", "priority", "fast"))


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


def test_a_stream_goes_on_behind_any_event_in_the_official_sdk(priced, sim):
    """Behind the last one nothing comes, and that is the end as it is at the provider."""
    key, workspace = provider_key("openai"), priced.operator.create_workspace()
    workspace.put_key("openai", key, expect=201)
    with client("openai", sim.openai, key, 0) as direct, client("openai", f"{workspace.url}/v1", workspace.secret, 0) as through:
        made = [event.to_dict() for event in through.responses.create(**RESPONSE, background=True, stream=True)]
        last = made[-1]["sequence_number"]
        for after in (0, last // 2, last - 1, last):
            for sdk in (direct, through):
                rest = sdk.responses.retrieve(made[0]["response"]["id"], stream=True, starting_after=after)
                assert [event.to_dict() for event in rest] == made[after + 1 :], (after, sdk.base_url)
        with pytest.raises(APIError), through.responses.retrieve(made[0]["response"]["id"], stream=True, extra_headers=CUT) as events:
            list(events)
    assert [receipt["outcome"] for receipt in workspace.receipts()] == ["failed"] + ["complete"] * 5


def test_what_goes_on_in_the_background_has_an_unknown_cost(own, sim):
    answer = send(own, "responses", background=True)
    assert answer.json()["status"] == "queued"
    receipt = own.receipt(answer)
    assert (receipt["usage"], receipt["measured"], receipt["cost_usd"]) == ({}, "unknown", None)
    cancelled = by_id(own, "POST", f"/v1/responses/{answer.json()['id']}/cancel")
    assert cancelled.json()["status"] == "cancelled"


@pytest.mark.parametrize("stream", [False, True])
def test_a_fee_comes_on_top_of_the_tokens(own, sim, stream):
    since, tools = sim.now(), [{"type": "web_search"}]
    idle = own.receipt(send(own, "responses", tools=tools, stream=stream))
    used = own.receipt(send(own, "responses", input="search the pages", tools=tools, stream=stream))
    assert "web_searches" not in idle["usage"] and used["usage"]["web_searches"] == 1
    assert [Decimal(receipt["cost_usd"]) for receipt in (idle, used)] == [billed(call) for call in sim.calls(since)]
    assert Decimal(used["cost_usd"]) > Decimal("0.01") > Decimal(idle["cost_usd"])


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
    ("path", "body", "said"),
    [
        ("/v1/audio/speech", NO_EVENTS, 'without `stream_format: "sse"` its answer does not tell what it used. Ask for that'),
        ("/v1/audio/speech", SPOKEN | {"stream_format": "audio"}, 'without `stream_format: "sse"` its answer'),
        ("/v1/responses/compact", RESPONSE, "the path `/v1/responses/compact` is for own keys only. Add an own key"),
        ("/v1/responses", RESPONSE | {"input": [{"id": "msg_1"}]}, "the item reference names an object in an account"),
        ("/v1/responses", RESPONSE | {"tools": [{"type": "web_search"}]}, "the tool `web_search` has no price here. Leave it out"),
    ],
)
def test_a_refusal_says_what_to_do_about_it(workspace, path, body, said):
    answer = post(workspace.url, "openai", json.dumps(body).encode(), workspace.secret, path=path)
    assert_error(answer, "openai", 403, "feature_not_priced")
    assert said in answer.json()["error"]["message"]


def test_what_a_usage_tells_and_nobody_knows_is_counted(priced, own):
    name = 'ownkey_usage_unknown_members_total{provider="openai"}'
    before = priced.metrics()[name]
    for stream in (False, True):
        answer = own.ask("openai", "Hello [[sim:unheard]]", stream=stream)
        assert answer.status_code == 200 and own.receipt(answer)["cost_usd"] is not None
    own.ask("openai", "Hello")
    assert priced.metrics()[name] == before + 2


def test_a_model_has_one_name_in_totals_however_it_is_called(own):
    assert own.ask("openai").status_code == own.ask("openai", model="openai/gpt-4o-mini").status_code == 200
    [row] = own.usage(group_by="model")["data"]
    assert (row["key"], row["calls"]) == ("gpt-4o-mini", 2)
    for name in ("gpt-4o-mini", "openai/gpt-4o-mini"):
        assert own.usage(group_by="provider", model=name)["data"][0]["calls"] == 2
    assert {receipt["model"] for receipt in own.receipts()} == {"gpt-4o-mini"}


def test_a_limit_may_be_written_as_a_whole_float(own, sim):
    since = sim.now()
    answer = own.ask("openai", "Say as much as you can", max_tokens=5.0)
    assert (answer.status_code, answer.json()["usage"]["completion_tokens"]) == (200, 5)
    assert '"max_tokens": 5.0' in sim.calls(since)[0]["body"]


@pytest.mark.parametrize(
    ("method", "path", "error"),
    [
        ("GET", "/v1/responses/resp_1", (404, "response_not_found")),
        ("DELETE", "/v1/responses/resp_1", (404, "response_not_found")),
        ("POST", "/v1/responses/resp_1/cancel", (404, "response_not_found")),
        ("GET", "/v1/responses/resp_1/input_items", (404, "response_not_found")),
        ("GET", "/v1/chat/completions", (403, "feature_not_priced")),
        ("GET", "/v1/chat/completions/chatcmpl-1", (403, "feature_not_priced")),
        ("DELETE", "/v1/chat/completions/chatcmpl-1", (403, "feature_not_priced")),
    ],
)
def test_what_the_operators_account_keeps_is_out_of_reach(workspace, sim, method, path, error):
    since = sim.now()
    assert_error(by_id(workspace, method, path), "openai", *error)
    assert [entry for entry in sim.log(since) if entry["path"] != "/v1/models"] == []

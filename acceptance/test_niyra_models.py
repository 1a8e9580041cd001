"""Niyra, sentence by sentence: the models that its page names, each called on the user's own key."""

import json
import re
from decimal import Decimal

import httpx
import pytest

from harness.api import LOCAL, PATHS, call_headers, post
from harness.products import settings, workspace
from harness.sdk_python import client
from harness.server import Server
from harness.sim import PROVIDERS, provider_key

# "Anthropic models supported: Sonnet, Opus, Haiku (all 4.x generations)." "OpenAI models supported: gpt-4.x, gpt-5.x,
# embeddings. Voice models also wired up." What each sentence is about among the names of a list of models.
FAMILIES = {
    "sonnet": ("anthropic", r"claude-sonnet-4-\d"),
    "opus": ("anthropic", r"claude-opus-4-\d"),
    "haiku": ("anthropic", r"claude-haiku-4-\d"),
    "gpt-4.x": ("openai", r"gpt-4(o|\.1|-turbo)?(-mini|-nano)?"),
    "gpt-5.x": ("openai", r"gpt-5(\.\d)?(-mini|-nano|-pro|-codex)?"),
    "embeddings": ("openai", r"text-embedding-.*"),
    "speech": ("openai", r"(tts-1|gpt-4o-mini-tts).*"),
    "transcription": ("openai", r"(whisper-1|gpt-4o(-mini)?-transcribe).*"),
}
# Where models of a kind are called, and with what.
CALLS = {
    "responses": ("/v1/responses", {"input": "Hello"}),
    "embedding": ("/v1/embeddings", {"input": "Hello"}),
    "audio_speech": ("/v1/audio/speech", {"input": "Hello", "voice": "alloy"}),
}


@pytest.fixture(scope="module")
def niyra(tmp_path_factory, sim):
    running = Server(tmp_path_factory.mktemp("niyra"), sim, settings=settings("niyra")).start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def acme(niyra):
    """On Pro, with one key per provider."""
    made = workspace(niyra, "pro")
    made.keys = {provider: provider_key(provider) for provider in PROVIDERS}
    for provider, key in made.keys.items():
        made.put_key(provider, key, expect=201)
    return made


def ask(acme, provider: str, model: str, mode: str, **more) -> httpx.Response:
    if mode == "chat":
        return acme.ask(provider, model=model, **more)
    if mode == "audio_transcription":
        headers = {"authorization": f"Bearer {acme.secret}"}
        sound = {"file": ("sound.wav", b"x" * 20_000)}
        return httpx.post(acme.url + "/v1/audio/transcriptions", data={"model": model}, files=sound, headers=headers, **LOCAL)
    path, body = CALLS[mode]
    return post(acme.url, provider, json.dumps(body | {"model": model} | more).encode(), acme.secret, path=path)


def listed(acme, provider: str) -> list[str]:
    answer = httpx.get(acme.url + "/v1/models?limit=1000", headers=call_headers(provider, acme.secret), **LOCAL)
    return [model["id"] for model in answer.json()["data"]]


@pytest.mark.parametrize("family", FAMILIES)
def test_niyra_n10_every_model_of_the_page_is_called_on_the_own_key(acme, sim, family):
    provider, name = FAMILIES[family]
    modes = {model["id"]: model["mode"] for model in acme.api.get("/models")["data"] if model["usable"]}
    found = [id for id in listed(acme, provider) if re.fullmatch(name, id)]
    assert found, f"the list of models has {family}"
    for id in found:
        since = sim.now()
        answer = ask(acme, provider, id, modes[id])
        assert answer.status_code == 200, f"{id}: {answer.text}"
        assert (answer.headers["x-ownkey-payer"], answer.headers["x-ownkey-credits"]) == ("byok", "0"), id
        [call] = sim.calls(since)
        assert (call["key"], call["model"] or id) == (acme.keys[provider], id)
        receipt = acme.receipt(answer)
        assert (receipt["model"], receipt["outcome"], receipt["credits"]) == (id, "complete", "0")
        # Sound as it is tells nothing of what it took.
        assert receipt["cost_usd"] is None if family == "speech" else Decimal(receipt["cost_usd"]) == Decimal(call["cost_usd"]) > 0


@pytest.mark.parametrize("family", ["sonnet", "opus", "haiku", "gpt-4.x", "gpt-5.x"])
def test_niyra_n10_answers_come_as_they_are_made(acme, family):
    provider, name = FAMILIES[family]
    chat = {model["id"] for model in acme.api.get("/models")["data"] if model["mode"] == "chat"}
    model = next(id for id in listed(acme, provider) if re.fullmatch(name, id) and id in chat)
    answer = acme.ask(provider, model=model, stream=True)
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/event-stream")
    assert ("[DONE]" if provider == "openai" else "message_stop") in answer.text
    assert acme.receipt(answer)["measured"] == "measured"


def test_niyra_n10_voice_both_ways(acme):
    """What is said comes back as text, through the SDK that the user has anyway."""
    with client("openai", acme.url + "/v1", acme.secret, 0) as sdk:
        sound = sdk.audio.speech.create(model="gpt-4o-mini-tts", voice="alloy", input="Hello").content
        heard = sdk.audio.transcriptions.create(model="gpt-4o-transcribe", file=("sound.mp3", sound))
    assert len(sound) > 1_000 and heard.text
    assert [receipt["payer"] for receipt in acme.receipts()[:2]] == ["byok", "byok"]


def test_niyra_n10_a_model_is_called_at_its_providers_path(acme, sim):
    since = sim.now()
    for provider, other in (("anthropic", "gpt-4o"), ("openai", "claude-sonnet-4-6")):
        answer = acme.ask(provider, model=other)
        right = PATHS["openai" if provider == "anthropic" else "anthropic"]
        assert (answer.status_code, answer.headers["x-ownkey-error"]) == (400, "wrong_protocol") and right in answer.text
    assert sim.log(since) == []

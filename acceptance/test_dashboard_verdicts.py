"""Every verdict on a pasted key: what the page says of it is what the API says, and what there is to do is one thing."""

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import expect

from harness.dashboard import PHONE, open_providers, person, save_key
from harness.products import settings
from harness.products import workspace as new_workspace
from harness.server import Server
from harness.sim import provider_key

NOT_SENT = "It was not sent to Anthropic."
UNSAVED = "Nothing was saved."
SAVED = "The key is saved"


@dataclass
class Case:
    """A key to paste for Anthropic, and what is said of it."""

    verdict: str
    key: str
    title: str
    cause: str
    action: str
    # Where the action leads; what is done on the page leads nowhere.
    address: str | None = None
    # How the simulator answers the key, where its own word is not enough.
    behaviour: str | None = None
    stored: bool = False
    second: str | None = None


def key(start: str) -> str:
    return start + provider_key("openai").removeprefix("sk-proj-")


ERROR = r"It answered with its own error \({}\), which says nothing about your key\. " + UNSAVED
KEYS_AT = "https://console.anthropic.com/settings/keys"
ANTHROPIC = "sk-ant-api03-"
CASES = [
    Case(
        "valid",
        key(ANTHROPIC),
        "The key works",
        r"Anthropic answered a short prompt in \d+(\.\d s| ms)\.",
        "Try it in the playground",
        "/playground",
        stored=True,
    ),
    Case(
        "valid_limited",
        provider_key("anthropic", "nomodels"),
        "The key works, with limits",
        r"It may not use the list of models \(Anthropic: a permission is missing\)\. "
        "Calls that need it will fail on this key; everything else runs.",
        "Open key settings at Anthropic",
        KEYS_AT,
        stored=True,
    ),
    Case(
        "rate_limited",
        provider_key("anthropic", "limited"),
        "Real key, over its limit right now",
        r"Anthropic knows this key, but the account has reached its rate limit(, until about \d\d:\d\d UTC)?\. "
        "The key is saved.",
        "Test again",
        stored=True,
    ),
    Case(
        "quota_exhausted",
        provider_key("anthropic", "noquota"),
        "Real key, no money in the account",
        "Anthropic knows this key, but the account is out of credit or at its spending cap. "
        "The key is saved; calls on it fail until that changes.",
        "Open Anthropic billing",
        "https://platform.claude.com/settings/billing",
        stored=True,
    ),
    Case(
        "invalid",
        provider_key("anthropic", "revoked"),
        "Anthropic doesn't accept this key",
        "It may have been revoked, or a part is missing. " + UNSAVED,
        "Create a new key at Anthropic",
        KEYS_AT,
    ),
    Case(
        "wrong_provider",
        key("sk-proj-"),
        "This looks like an OpenAI key",
        "Anthropic keys start with sk-ant-, this one starts with sk-proj-. " + NOT_SENT,
        "Add it for OpenAI",
    ),
    Case(
        "wrong_kind",
        key("sk-ant-admin01-"),
        "This is an admin key",
        "Anthropic uses it to manage the account, not to call models. " + NOT_SENT,
        "Create an API key at Anthropic",
        KEYS_AT,
    ),
    Case(
        "wrong_kind",
        key("sk-ant-oat01-"),
        "This is a sign-in key",
        "Anthropic uses it to sign in, not to call models. " + NOT_SENT,
        "Create an API key at Anthropic",
        KEYS_AT,
    ),
    Case("malformed", "sk-ant-12345", "This isn't a whole key", "It is only 12 characters long. " + NOT_SENT, "Paste it again"),
    Case(
        "malformed",
        "sk-ant-api03-abc def-ghijklmnop",
        "This isn't a whole key",
        "It has a space inside. " + NOT_SENT,
        "Paste it again",
    ),
    Case(
        "unreachable",
        provider_key("anthropic", "hang"),
        "We couldn't reach Anthropic",
        r"The test got no answer \(timed out\), so we can't say whether the key works\. " + UNSAVED,
        "Try again",
        second="Save without testing",
    ),
    Case(
        "unreachable",
        key(ANTHROPIC),
        "We couldn't reach Anthropic",
        r"The test got no answer \(it serves nobody at this server's address\), so we can't say whether the key works\. "
        + UNSAVED,
        "Try again",
        behaviour="error:anthropic.edge.region_forbidden",
        second="Save without testing",
    ),
    Case(
        "provider_incident",
        provider_key("anthropic", "overloaded"),
        "Anthropic has a problem right now",
        ERROR.format(529),
        "Try again in a minute",
        second="Save without testing",
    ),
]
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.verdict}-{case.key.split('-sim-')[0]}")
# One of the two that get no answer is enough, and the other takes its time.
REFUSED = [case for case in CASES if not case.stored and "-hang-" not in case.key]
refused = pytest.mark.parametrize("case", REFUSED, ids=lambda case: f"{case.verdict}-{case.key.split('-sim-')[0]}")


@pytest.fixture(scope="module")
def celune(tmp_path_factory, sim):
    running = Server(tmp_path_factory.mktemp("celune"), sim, settings=settings("celune")).start()
    yield running
    running.stop()


@pytest.fixture
def acme(celune):
    return new_workspace(celune, "pro")


@pytest.fixture
def dana(celune, acme, visit):
    """An admin of the workspace, before an open page."""
    one = visit(celune)
    one.enter(person(celune, acme))
    return one


def test_no_verdict_is_missing():
    assert len({case.verdict for case in CASES}) == 10


def paste(dana, sim, case: Case) -> dict:
    """Saves the key; what the API said of it."""
    if case.behaviour:
        sim.set_key(case.key, case.behaviour)
    put = lambda response: response.request.method == "PUT"  # noqa: E731
    with dana.page.expect_response(put, timeout=25_000) as response:
        save_key(dana.page, "Anthropic", case.key)
    return response.value.json()["verdict"]


def panel(page):
    return page.get_by_role("dialog").get_by_role("status").filter(has=page.get_by_role("heading"))


def matches(text: str) -> re.Pattern:
    """Plain sentences are taken as they are; those with a figure in them are patterns."""
    return re.compile(f"^{text}$" if "\\" in text else f"^{re.escape(text)}$")


def assert_says(page, case: Case, verdict: dict, more: str = ""):
    said = panel(page)
    expect(said.get_by_role("heading", name=case.title, exact=True)).to_be_visible()
    cause = said.locator("p").first.inner_text()
    assert cause.endswith(more) and matches(case.cause).match(cause.removesuffix(more)), cause
    expect(said.get_by_text(case.verdict, exact=True)).to_be_visible()
    assert (verdict["verdict"], verdict["title"], verdict["cause"]) == (case.verdict, case.title, cause)
    assert verdict["action"]["label"] == case.action
    actions = said.get_by_role("button").or_(said.get_by_role("link"))
    labels = [re.sub(r" in \d+ s$", "", label) for label in actions.all_inner_texts()]
    assert labels == [case.action, *([case.second] if case.second else [])]
    if case.address:
        address = actions.first.get_attribute("href")
        assert address.endswith(case.address)
        if address.startswith("https"):
            assert address == verdict["action"]["url"] and actions.first.get_attribute("target") == "_blank"


@each_case
def test_each_verdict_is_told_in_words_with_one_thing_to_do(sim, acme, dana, case):
    open_providers(dana, acme, "?add=anthropic")
    verdict = paste(dana, sim, case)
    assert_says(dana.page, case, verdict)
    assert (acme.provider_keys()["anthropic"]["state"] != "none") == case.stored
    # It can be sent once more only where there is something to do with it.
    if not case.stored:
        keeps = case.verdict in ("unreachable", "provider_incident", "wrong_provider")
        expect(dana.page.get_by_label("Anthropic key", exact=True)).to_have_value(case.key if keeps else "")
    assert dana.violations() == []


@refused
def test_a_refused_key_leaves_the_one_before_in_use_and_says_so(sim, acme, dana, case):
    before = acme.put_key("anthropic", provider_key("anthropic"), 201).json()
    open_providers(dana, acme, "?rotate=anthropic")
    verdict = paste(dana, sim, case)
    assert_says(dana.page, case, verdict, f" Your current key {before['hint']} stays in use.")
    now = acme.provider_keys()["anthropic"]
    assert (now["credential"], now["state"]) == (before["credential"], "active")


def test_a_key_that_could_not_be_tested_is_saved_untested_and_tested_later(sim, acme, dana):
    case = next(case for case in CASES if case.behaviour)
    open_providers(dana, acme, "?add=anthropic")
    page = dana.page
    paste(dana, sim, case)
    page.get_by_role("button", name="Save without testing").click()
    expect(page.get_by_role("dialog").get_by_text("Saved, not tested. The next call will tell.").first).to_be_visible()
    page.get_by_role("button", name="Done").click()
    card = page.get_by_role("region", name="Anthropic")
    expect(card.get_by_text("Not tested", exact=True)).to_be_visible()
    sim.set_key(case.key, "ok")
    card.get_by_role("button", name="Test key").click()
    expect(card.get_by_role("heading", name="The key works")).to_be_visible()
    expect(card.get_by_text("Works", exact=True)).to_be_visible()


def test_what_looks_like_another_providers_key_can_be_added_there(sim, acme, dana):
    case = next(case for case in CASES if case.verdict == "wrong_provider")
    open_providers(dana, acme, "?add=anthropic")
    since = sim.now()
    paste(dana, sim, case)
    assert sim.log(since) == []
    panel(dana.page).get_by_role("button", name="Add it for OpenAI").click()
    expect(dana.page.get_by_label("OpenAI key", exact=True)).to_have_value(case.key)
    dana.page.get_by_role("button", name="Save", exact=True).click()
    expect(panel(dana.page).get_by_role("heading", name="The key works")).to_be_visible()
    assert acme.provider_keys()["openai"]["state"] == "active"


def test_a_stored_key_that_is_refused_since_is_rotated(celune, sim, acme, visit):
    stored = provider_key("anthropic")
    acme.put_key("anthropic", stored, 201)
    dana = visit(celune, viewport=PHONE)
    dana.enter(person(celune, acme))
    open_providers(dana, acme)
    sim.set_key(stored, "revoked")
    card = dana.page.get_by_role("region", name="Anthropic")
    card.get_by_role("button", name="Test key").click()
    expect(card.get_by_role("heading", name=re.compile(r"^Anthropic has refused this key since \d\d:\d\d UTC$"))).to_be_visible()
    expect(card.get_by_text("Refused", exact=True)).to_be_visible()
    card.get_by_role("status").get_by_role("button", name="Rotate").click()
    expect(dana.page.get_by_role("dialog", name="Rotate the Anthropic key")).to_be_visible()
    save_key(dana.page, "Anthropic", provider_key("anthropic"))
    expect(panel(dana.page).get_by_role("heading", name="The key works")).to_be_visible()
    expect(card.get_by_text("Works", exact=True)).to_be_visible()


def test_a_limited_key_is_tested_again_right_there(sim, acme, dana):
    case = next(case for case in CASES if case.verdict == "rate_limited")
    open_providers(dana, acme, "?add=anthropic")
    paste(dana, sim, case)
    again = panel(dana.page).get_by_role("button", name="Test again")
    expect(again).to_contain_text(re.compile(r"in \d s"))
    sim.set_key(case.key, "ok")
    expect(again).to_have_text("Test again", timeout=15_000)
    again.click()
    expect(panel(dana.page).get_by_role("heading", name="The key works")).to_be_visible()

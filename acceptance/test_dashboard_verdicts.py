"""Every verdict on a pasted key: what the page says of it is what the API says, and what there is to do is one thing."""

import re
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from playwright.sync_api import expect

from harness.dashboard import PHONE, PROVIDERS_PAGE, open_providers, person, save_key
from harness.products import settings
from harness.products import workspace as new_workspace
from harness.server import Server
from harness.sim import provider_key

UNSAVED = "Nothing was saved."


@dataclass
class Account:
    """A provider as its keys and its pages show it."""

    id: str
    name: str
    other: str
    # How its keys start, as people are told, and how one starts that the simulator takes.
    prefixes: str
    start: str
    keys_at: str
    billing_at: str


ANTHROPIC = Account(
    "anthropic",
    "Anthropic",
    "OpenAI",
    "sk-ant-",
    "sk-ant-api03-",
    "https://console.anthropic.com/settings/keys",
    "https://platform.claude.com/settings/billing",
)
OPENAI = Account(
    "openai",
    "OpenAI",
    "Anthropic",
    "sk-proj- or sk-",
    "sk-proj-",
    "https://platform.openai.com/api-keys",
    "https://platform.openai.com/settings/organization/billing",
)
ACCOUNTS = (ANTHROPIC, OPENAI)


@dataclass
class Case:
    """A key to paste, and what is said of it."""

    account: Account
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


# By what is the matter, since a verdict may have several reasons.
KINDS = {
    "valid": lambda at: Case(
        at,
        "valid",
        key(at.start),
        "The key works",
        rf"{at.name} answered a short prompt in \d+(\.\d s| ms)\.",
        "Try it in the playground",
        "/playground",
        stored=True,
    ),
    "valid_limited": lambda at: Case(
        at,
        "valid_limited",
        provider_key(at.id, "nomodels"),
        "The key works, with limits",
        rf"It may not use the list of models \({at.name}: a permission is missing\)\. "
        "Calls that need it will fail on this key; everything else runs.",
        f"Open key settings at {at.name}",
        at.keys_at,
        stored=True,
    ),
    "rate_limited": lambda at: Case(
        at,
        "rate_limited",
        provider_key(at.id, "limited"),
        "Real key, over its limit right now",
        rf"{at.name} knows this key, but the account has reached its rate limit(, until about {CLOCK})?\. "
        "The key is saved.",
        "Test again",
        stored=True,
    ),
    "quota_exhausted": lambda at: Case(
        at,
        "quota_exhausted",
        provider_key(at.id, "noquota"),
        "Real key, no money in the account",
        f"{at.name} knows this key, but the account is out of credit or at its spending cap. "
        "The key is saved; calls on it fail until that changes.",
        f"Open {at.name} billing",
        at.billing_at,
        stored=True,
    ),
    "invalid": lambda at: Case(
        at,
        "invalid",
        provider_key(at.id, "revoked"),
        f"{at.name} doesn't accept this key",
        "It may have been revoked, or a part is missing. " + UNSAVED,
        f"Create a new key at {at.name}",
        at.keys_at,
    ),
    "wrong_provider": lambda at: Case(
        at,
        "wrong_provider",
        key(other(at).start),
        f"This looks like an {at.other} key",
        f"{at.name} keys start with {at.prefixes}, this one starts with {other(at).start}. It was not sent to {at.name}.",
        f"Add it for {at.other}",
    ),
    "admin": lambda at: Case(
        at,
        "wrong_kind",
        key({"anthropic": "sk-ant-admin01-", "openai": "sk-admin-"}[at.id]),
        "This is an admin key",
        f"{at.name} uses it to manage the account, not to call models. It was not sent to {at.name}.",
        f"Create an API key at {at.name}",
        at.keys_at,
    ),
    "sign-in": lambda at: Case(
        at,
        "wrong_kind",
        key({"anthropic": "sk-ant-oat01-", "openai": "sess-"}[at.id]),
        "This is a sign-in key",
        f"{at.name} uses it to sign in, not to call models. It was not sent to {at.name}.",
        f"Create an API key at {at.name}",
        at.keys_at,
    ),
    "short": lambda at: Case(
        at,
        "malformed",
        f"{at.start}12345",
        "This isn't a whole key",
        f"It is only {len(at.start) + 5} characters long. It was not sent to {at.name}.",
        "Paste it again",
    ),
    "space": lambda at: Case(
        at,
        "malformed",
        f"{at.start}abc def-ghijklmnop",
        "This isn't a whole key",
        f"It has a space inside. It was not sent to {at.name}.",
        "Paste it again",
    ),
    "not from here": lambda at: Case(
        at,
        "unreachable",
        key(at.start),
        f"We couldn't reach {at.name}",
        r"The test got no answer \(it serves nobody at this server's address\), so we can't say whether the key works\. "
        + UNSAVED,
        "Try again",
        behaviour={"anthropic": "error:anthropic.edge.region_forbidden", "openai": "error:openai.edge.unsupported_country"}[at.id],
        second="Save without testing",
    ),
    "no answer": lambda at: Case(
        at,
        "unreachable",
        provider_key(at.id, "hang"),
        f"We couldn't reach {at.name}",
        r"The test got no answer \(timed out\), so we can't say whether the key works\. " + UNSAVED,
        "Try again",
        second="Save without testing",
    ),
    "provider_incident": lambda at: Case(
        at,
        "provider_incident",
        provider_key(at.id, "overloaded"),
        f"{at.name} has a problem right now",
        rf"It answered with its own error \({ {'anthropic': 529, 'openai': 503}[at.id] }\), which says nothing about your key\. "
        + UNSAVED,
        "Try again in a minute",
        second="Save without testing",
    ),
}
# Times are told in the zone of whoever reads, which is none that the server knows.
ZONE, CLOCK = "Asia/Kolkata", r"\d\d?:\d\d\s[AP]M"


def other(at: Account) -> Account:
    return OPENAI if at is ANTHROPIC else ANTHROPIC


def cases(kind: str) -> list[Case]:
    return [KINDS[kind](at) for at in ACCOUNTS]


each_kind = pytest.mark.parametrize("kind", KINDS)
# One of the two that get no answer is enough.
NOT_STORED = [kind for kind in KINDS if kind != "no answer" and not cases(kind)[0].stored]


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
    one = visit(celune, zone=ZONE)
    one.enter(person(celune, acme))
    return one


def test_no_verdict_is_missing():
    assert len({cases(kind)[0].verdict for kind in KINDS}) == 10


def is_put(response) -> bool:
    return response.request.method == "PUT"


def paste(dana, sim, case: Case) -> dict:
    """Saves the key; what the API said of it."""
    if case.behaviour:
        sim.set_key(case.key, case.behaviour)
    with dana.page.expect_response(is_put, timeout=25_000) as response:
        save_key(dana.page, case.account.name, case.key)
    return response.value.json()["verdict"]


def pasted_side_by_side(acme, dana, sim, some: list[Case]) -> list[tuple]:
    """Saves a key in each of as many tabs, so that they take their time together: case, tab, and what the API said."""
    tabs = [dana.page, *(dana.watched(dana.context.new_page()) for _ in some[1:])]
    for tab, case in zip(tabs, some, strict=True):
        if case.behaviour:
            sim.set_key(case.key, case.behaviour)
        tab.goto(f"/w/{acme.id}/{PROVIDERS_PAGE}?add={case.account.id}")
    with ExitStack() as asked:
        answers = [asked.enter_context(tab.expect_response(is_put, timeout=60_000)) for tab in tabs]
        for tab, case in zip(tabs, some, strict=True):
            save_key(tab, case.account.name, case.key)
    return [(case, tab, answer.value.json()["verdict"]) for case, tab, answer in zip(some, tabs, answers, strict=True)]


def panel(page):
    return page.get_by_role("dialog").get_by_role("status").filter(has=page.get_by_role("heading"))


def matches(text: str) -> re.Pattern:
    """Plain sentences are taken as they are; those with a figure in them are patterns."""
    return re.compile(f"^{text}$" if "\\" in text else f"^{re.escape(text)}$")


def retold(verdict: dict, text: str) -> str:
    """A text of the API as a pattern of what the page shows: the moment in it is told in the reader's own time."""
    moment = verdict["moment"]
    return re.escape(text).replace(re.escape(moment["words"]), CLOCK) if moment else re.escape(text)


def assert_says(page, case: Case, verdict: dict, more: str = ""):
    said = panel(page)
    expect(said.get_by_role("heading", name=case.title, exact=True)).to_be_visible()
    cause = said.locator("p").first.inner_text()
    assert cause.endswith(more) and matches(case.cause).match(cause.removesuffix(more)), cause
    expect(said.get_by_text(case.verdict, exact=True)).to_be_visible()
    assert (verdict["verdict"], verdict["title"]) == (case.verdict, case.title)
    assert re.fullmatch(retold(verdict, verdict["cause"]), cause), (verdict, cause)
    assert verdict["action"]["label"] == case.action
    actions = said.get_by_role("button").or_(said.get_by_role("link"))
    labels = [re.sub(r" in \d+ s$", "", label) for label in actions.all_inner_texts()]
    assert labels == [case.action, *([case.second] if case.second else [])]
    if case.address:
        address = actions.first.get_attribute("href")
        assert address.endswith(case.address)
        if address.startswith("https"):
            assert address == verdict["action"]["url"] and actions.first.get_attribute("target") == "_blank"


@each_kind
def test_each_verdict_is_told_in_words_with_one_thing_to_do(sim, acme, dana, kind):
    for case, page, verdict in pasted_side_by_side(acme, dana, sim, cases(kind)):
        assert_says(page, case, verdict)
        assert (acme.provider_keys()[case.account.id]["state"] != "none") == case.stored
        # It can be sent once more only where there is something to do with it.
        if not case.stored:
            keeps = case.verdict in ("unreachable", "provider_incident", "wrong_provider")
            field = page.get_by_label(f"{case.account.name} key", exact=True)
            expect(field).to_have_value(case.key if keeps else "")
    assert dana.violations() == []


@pytest.mark.parametrize("kind", NOT_STORED)
def test_a_refused_key_leaves_the_one_before_in_use_and_says_so(sim, acme, dana, kind):
    for case in cases(kind):
        provider = case.account.id
        before = acme.put_key(provider, provider_key(provider), 201).json()
        open_providers(dana, acme, f"?rotate={provider}")
        verdict = paste(dana, sim, case)
        assert_says(dana.page, case, verdict, f" Your current key {before['hint']} stays in use.")
        now = acme.provider_keys()[provider]
        assert (now["credential"], now["state"]) == (before["credential"], "active")


def test_a_key_that_could_not_be_tested_is_saved_untested_and_tested_later(sim, acme, dana):
    case = KINDS["not from here"](ANTHROPIC)
    open_providers(dana, acme, "?add=anthropic")
    page = dana.page
    paste(dana, sim, case)
    page.get_by_role("button", name="Save without testing").click()
    expect(page.get_by_role("dialog").get_by_text("Saved, not tested. The next call will tell.").first).to_be_visible()
    page.get_by_role("button", name="Done").click()
    card = page.get_by_role("region", name="Anthropic")
    expect(card.get_by_text("Not tested", exact=True)).to_be_visible()
    expect(card.get_by_text(re.compile(rf"^Saved without a test at {CLOCK}\."))).to_be_visible()
    expect(card.get_by_role("definition").filter(has_text="never").first).to_be_visible()
    expect(card).not_to_contain_text("just now, ")
    sim.set_key(case.key, "ok")
    card.get_by_role("button", name="Test key").click()
    expect(card.get_by_role("heading", name="The key works")).to_be_visible()
    expect(card.get_by_text("Works", exact=True)).to_be_visible()


def test_what_looks_like_another_providers_key_can_be_added_there(sim, acme, dana):
    case = KINDS["wrong_provider"](ANTHROPIC)
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
    dana = visit(celune, viewport=PHONE, zone=ZONE)
    dana.enter(person(celune, acme))
    open_providers(dana, acme)
    sim.set_key(stored, "revoked")
    card = dana.page.get_by_role("region", name="Anthropic")
    card.get_by_role("button", name="Test key").click()
    since = card.get_by_role("heading", name=re.compile(rf"^Anthropic has refused this key since {CLOCK}$"))
    expect(since).to_be_visible()
    since.locator("time").hover()
    expect(dana.page.get_by_role("tooltip").filter(has_text=re.compile(r"GMT\+5:30 · .* UTC$")).last).to_be_visible()
    expect(card.get_by_text("Refused", exact=True)).to_be_visible()
    # Nothing beside it says that calls work.
    expect(card).not_to_contain_text("Your key pays")
    expect(card).to_contain_text("No calls possible.")
    alert = dana.page.get_by_role("status").filter(has_text="Anthropic key: refused")
    expect(alert.get_by_role("link", name="Rotate the Anthropic key")).to_be_visible()
    assert dana.violations() == []
    card.get_by_role("status").get_by_role("button", name="Rotate").click()
    expect(dana.page.get_by_role("dialog", name="Rotate the Anthropic key")).to_be_visible()
    save_key(dana.page, "Anthropic", provider_key("anthropic"))
    expect(panel(dana.page).get_by_role("heading", name="The key works")).to_be_visible()
    expect(card.get_by_text("Works", exact=True)).to_be_visible()


def test_a_limited_key_is_tested_again_right_there(sim, acme, dana):
    case = KINDS["rate_limited"](ANTHROPIC)
    open_providers(dana, acme, "?add=anthropic")
    paste(dana, sim, case)
    again = panel(dana.page).get_by_role("button", name="Test again")
    expect(again).to_contain_text(re.compile(r"in \d s"))
    sim.set_key(case.key, "ok")
    expect(again).to_have_text("Test again", timeout=15_000)
    again.click()
    expect(panel(dana.page).get_by_role("heading", name="The key works")).to_be_visible()

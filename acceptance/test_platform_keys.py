"""Platform keys: what one can give to another, and what is told of the limits that calls with it count against."""

from datetime import UTC, datetime

import pytest

from harness.errors import assert_problem
from harness.sim import PROVIDERS, provider_key

SOON, LATER = "2040-01-01T00:00:00.000Z", "2050-01-01T00:00:00.000Z"
LIMITS = {"expires_at": (SOON, LATER), "requests_per_minute": (100, 101), "tokens_per_minute": (100_000, 100_001)}


def make(api, acme, expect=None, **more):
    return api("POST", f"{acme.path}/api-keys", {"name": "k", "scopes": ["keys:write", "inference"], **more}, expect)


@pytest.mark.parametrize("limit", LIMITS)
def test_a_key_makes_none_that_outlives_or_outdoes_it(server, workspace, limit):
    own, more = LIMITS[limit]
    maker = make(server.operator, workspace, 201, **{limit: own}).json()
    workspace.api.http.headers["authorization"] = f"Bearer {maker['secret']}"
    # What is not said is the maker's.
    for said in ({}, {limit: None}, {limit: own}):
        assert make(workspace.api, workspace, 201, **said).json()[limit] == own
    problem = assert_problem(make(workspace.api, workspace, **{limit: more}), 403, "forbidden")
    assert problem["member"] == limit and "own" in problem["detail"]
    # The child is bound as its maker is, and less is always possible.
    less = {"expires_at": "2039-01-01T00:00:00.000Z", "requests_per_minute": 1, "tokens_per_minute": 1}[limit]
    child = make(workspace.api, workspace, 201, **{limit: less}).json()
    assert child[limit] == less
    workspace.api.http.headers["authorization"] = f"Bearer {child['secret']}"
    if limit != "requests_per_minute":
        assert_problem(make(workspace.api, workspace, **{limit: own}), 403, "forbidden")


def test_without_a_limit_of_its_own_a_key_gives_any(server, workspace):
    maker = make(server.operator, workspace, 201).json()
    workspace.api.http.headers["authorization"] = f"Bearer {maker['secret']}"
    made = make(workspace.api, workspace, 201).json()
    assert (made["expires_at"], made["requests_per_minute"], made["tokens_per_minute"]) == (None, None, None)
    made = make(workspace.api, workspace, 201, expires_at=LATER, requests_per_minute=10**6).json()
    assert (made["expires_at"], made["requests_per_minute"]) == (LATER, 10**6)
    # The operator is bound by nothing.
    assert make(server.operator, workspace, 201, expires_at=LATER).json()["expires_at"] == LATER


def names(provider: str, what: str) -> list[str]:
    """The headers that tell of a quota: its limit, what remains of it, when it is full again."""
    fields = ("limit", "remaining", "reset")
    if provider == "openai":
        return [f"x-ratelimit-{field}-{what}" for field in fields]
    return [f"anthropic-ratelimit-{what}-{field}" for field in fields]


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_managed_answers_tell_what_is_left_of_the_quota(server, workspace, provider, stream):
    secret = make(server.operator, workspace, 201, requests_per_minute=5, tokens_per_minute=100_000).json()["secret"]
    limit, remaining, reset = names(provider, "requests")
    more = {"stream": True} if stream else {}
    for left in (4, 3, 2):
        answer = workspace.ask(provider, secret=secret, **more)
        assert answer.status_code == 200 and answer.headers["x-ownkey-payer"] == "managed"
        assert (answer.headers[limit], answer.headers[remaining]) == ("5", str(left))
        assert answer.headers[reset]
    limit, remaining, reset = names(provider, "tokens")
    # What was taken comes back within milliseconds.
    assert answer.headers[limit] == "100000" and 0 < int(answer.headers[remaining]) <= 100_000
    assert answer.headers[reset]
    # Refusals and failures tell it as well.
    failed = workspace.ask(provider, "[[sim:status code=500]]", secret=secret)
    assert failed.status_code == 500 and failed.headers[names(provider, "requests")[1]] == "1"


def full_in(answer, provider) -> float:
    """Seconds until the quota is full again, as an answer says."""
    told = answer.headers[names(provider, "requests")[2]]
    if provider == "openai":
        return float(told.removesuffix("s"))
    return (datetime.fromisoformat(told) - datetime.now(UTC)).total_seconds()


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_refusal_says_of_the_quota_what_other_answers_say(server, workspace, provider):
    """When it is full again; when the next call may come is another matter."""
    secret = make(server.operator, workspace, 201, requests_per_minute=3).json()["secret"]
    *good, limited = [workspace.ask(provider, secret=secret) for _ in range(4)]
    assert [answer.status_code for answer in good] == [200] * 3 and limited.status_code == 429
    assert 40 < full_in(good[-1], provider) <= 60.1 and 40 < full_in(limited, provider) <= 60.1
    assert 1 <= int(limited.headers["retry-after"]) <= 20


@pytest.mark.parametrize("provider", PROVIDERS)
def test_without_a_quota_nothing_is_told(workspace, provider):
    answer = workspace.ask(provider)
    assert answer.status_code == 200 and not any("ratelimit" in name for name in answer.headers)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_on_own_key_calls_the_providers_own_limits_are_the_ones_shown(server, workspace, provider):
    workspace.put_key(provider, provider_key(provider), expect=201)
    secret = make(server.operator, workspace, 201, requests_per_minute=5, tokens_per_minute=100_000).json()["secret"]
    answer = workspace.ask(provider, secret=secret)
    assert answer.status_code == 200 and answer.headers["x-ownkey-payer"] == "byok"
    shown = [name for name in answer.headers if "ratelimit" in name]
    assert set(names(provider, "requests") + names(provider, "tokens")) <= set(shown)
    # The simulated providers allow thousands: theirs, unchanged, each once.
    assert len(answer.headers.multi_items()) == len({name for name, _ in answer.headers.multi_items()})
    assert all(int(answer.headers[names(provider, what)[0]]) > 1_000 for what in ("requests", "tokens"))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_where_the_provider_says_nothing_of_limits_ours_are_told(server, workspace, provider):
    workspace.put_key(provider, provider_key(provider), expect=201)
    secret = make(server.operator, workspace, 201, requests_per_minute=5).json()["secret"]
    failed = workspace.ask(provider, "[[sim:redirect]]", secret=secret)
    assert failed.status_code == 502
    limit, remaining, _ = names(provider, "requests")
    assert (failed.headers[limit], failed.headers[remaining]) == ("5", "4")

"""Once a removal or rotation has been answered, no call goes out with the old key, however many are about to."""

import threading
import time
from collections import Counter

import httpx
import pytest

from harness.api import LOCAL, call_headers
from harness.consent import UNDER_LOAD
from harness.process import wait_for
from harness.sim import provider_key

CALLERS = 6
# The simulator stamps a call when it has parsed its head, which on a busy machine is some time after it was sent: a call
# that was under way before the removal may bear a later time than the answer to the removal.
STAMPED_LATE_MS = 100
CHANGES = 8  # of one workspace: a provider key is tested at most ten times a minute


def complete(workspace) -> httpx.Response:
    return workspace.ask("openai", max_tokens=5)


def look(workspace) -> httpx.Response:
    """A call without a body, about a thing that no provider has."""
    headers = call_headers("openai", workspace.secret)
    return httpx.get(workspace.url + "/v1/responses/resp_gone", headers=headers, **LOCAL)


# What is asked, and how it may be answered: by whom, with which status.
ASKED = {complete: {(200, "byok"), (200, "managed")}, look: {(404, "byok"), (404, None)}}


class Callers:
    """Ask without pause, whoever pays."""

    def __init__(self, workspace, asked):
        self.workspace, self.asked, self.going, self.statuses = workspace, asked, True, []
        self.threads = [threading.Thread(target=self.ask, daemon=True) for _ in range(CALLERS)]
        [thread.start() for thread in self.threads]

    def ask(self):
        while self.going:
            answer = self.asked(self.workspace)
            self.statuses.append((answer.status_code, answer.headers.get("x-ownkey-payer")))

    def stop(self):
        self.going = False
        [thread.join() for thread in self.threads]


def now_ms() -> float:
    return time.time() * 1000


@pytest.mark.parametrize("asked", ASKED)
def test_no_call_starts_with_a_key_that_is_gone(server, sim, soak, report, asked):
    ended, since, statuses = {}, sim.now(), []
    for _ in range(125 if soak else 3):
        workspace = server.operator.create_workspace(UNDER_LOAD)
        callers = Callers(workspace, asked)
        for turn in range(CHANGES // 2):
            first, second = provider_key("openai"), provider_key("openai")
            workspace.put_key("openai", first, expect=201)
            workspace.put_key("openai", second, expect=200)
            ended[first] = now_ms()
            workspace.delete_key("openai")
            ended[second] = now_ms()
        callers.stop()
        statuses += callers.statuses
    calls = [call for call in sim.ended(since) if call["key"] in ended]
    late = [(call["started_ms"] - ended[call["key"]], call["path"]) for call in calls]
    report(f"removed means removed: {len(ended)} keys ended under {len(statuses)} calls, {len(calls)} of them on these keys")
    assert [each for each in late if each[0] > STAMPED_LATE_MS] == []
    assert set(statuses) == ASKED[asked]


def test_no_managed_call_starts_once_own_keys_only_is_answered(server, sim, soak, report):
    """Whoever was about to call on managed access decides anew."""
    late, statuses, since = [], Counter(), sim.now()
    for _ in range(50 if soak else 6):
        workspace = server.operator.create_workspace(UNDER_LOAD)
        callers = Callers(workspace, complete)
        wait_for(lambda: callers.statuses, "calls are served")
        server.operator("PUT", f"{workspace.path}/policy", {"payer": "byok_only"}, 200)
        ended = now_ms()
        wait_for(lambda: callers.statuses[-1][0] == 403, "calls are refused")
        callers.stop()
        statuses.update(status for status, _ in callers.statuses)
        served = {attempt["provider_request_id"] for receipt in workspace.receipts() for attempt in receipt["attempts"]}
        late += [call for call in sim.ended(since) if call["id"] in served and call["started_ms"] - ended > STAMPED_LATE_MS]
    report(f"own keys only: {dict(statuses)}")
    assert late == [] and set(statuses) == {200, 403}

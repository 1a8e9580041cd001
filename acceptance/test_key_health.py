"""What real traffic says of a key: odd refusals are no proof, a row of them is, and the next success takes it back."""

import time

from harness.process import wait_for
from harness.sim import provider_key


def state(workspace) -> str:
    return workspace.provider_keys()["openai"]["state"]


def test_odd_refusals_flag_no_key(workspace):
    # Every fiftieth call of such a key is refused.
    workspace.put_key("openai", provider_key("openai", "flaky"), expect=201)
    statuses = [workspace.ask("openai").status_code for _ in range(160)]
    assert statuses.count(401) >= 3 and statuses.count(200) > 150
    assert state(workspace) == "active"
    assert not [event for event in workspace.api.all(f"{workspace.path}/audit") if event["action"] == "credential.health"]


def test_a_revoked_key_is_flagged_and_cleared(workspace, sim):
    key = provider_key("openai")
    workspace.put_key("openai", key, expect=201)
    assert workspace.ask("openai").status_code == 200
    sim.set_key(key, "revoked")
    for number in range(3):
        # Calls still go out on it, and it is not shown before the third.
        assert state(workspace) == "active"
        refused = workspace.ask("openai")
        assert refused.status_code == 401 and refused.headers["x-ownkey-payer"] == "byok"
        time.sleep(0.6)
    wait_for(lambda: state(workspace) == "invalid", "the key is shown as invalid")
    assert workspace.ask("openai").status_code == 401
    sim.set_key(key, "ok")
    assert workspace.ask("openai").status_code == 200
    wait_for(lambda: state(workspace) == "active", "the success has cleared it")


def test_a_flag_outlives_a_restart_and_is_cleared_then(new_server, sim):
    server = new_server().start()
    workspace = server.operator.create_workspace()
    key = provider_key("openai")
    workspace.put_key("openai", key, expect=201)
    sim.set_key(key, "revoked")
    for _ in range(3):
        workspace.ask("openai")
        time.sleep(0.6)
    wait_for(lambda: state(workspace) == "invalid", "the key is shown as invalid")
    server.stop()
    server.start()
    assert state(workspace) == "invalid"
    sim.set_key(key, "ok")
    assert workspace.ask("openai").status_code == 200
    wait_for(lambda: state(workspace) == "active", "the success has cleared it")


def test_what_a_test_has_refused_the_next_success_clears(workspace, sim):
    key = provider_key("openai")
    workspace.put_key("openai", key, expect=201)
    sim.set_key(key, "revoked")
    tested = workspace.api("POST", f"{workspace.path}/provider-keys/openai/test", {}, 200).json()
    assert tested["verdict"]["verdict"] == "invalid" and state(workspace) == "invalid"
    assert workspace.provider_keys()["openai"]["invalid_since"]
    sim.set_key(key, "ok")

    def cleared() -> bool:
        assert workspace.ask("openai").status_code == 200
        return state(workspace) == "active"

    wait_for(cleared, "a success has cleared it")

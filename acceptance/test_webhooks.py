"""Webhooks: what happens is told, signed, once each, until it has arrived; and nothing is told to doors of the inside."""

from decimal import Decimal

import pytest
from playwright.sync_api import expect
from standardwebhooks.webhooks import WebhookVerificationError

from harness import postgres
from harness.api import Workspace
from harness.canary import Canary, Scanner
from harness.clock import DAY_S, HOUR_S, LIBRARY, Clock
from harness.dashboard import KEPT, found_by_axe, person
from harness.hooks import Hook, Receiver
from harness.identity import Identity, connect, first_person, provider, unhurried, variables
from harness.money import set_budget
from harness.process import wait_for
from harness.products import grant, workspace
from harness.server import Server
from harness.sim import provider_key

HERE = '[webhooks]\nallowed_networks = ["127.0.0.0/8"]\ntimeout_s = 1\n'
SETTINGS = """
[credits]
usd_per_credit = "0.01"
markup = "1.0"

[plans.default]
byok = true
managed = "credits"
output_limit = 64
"""
SCOPES = ["inference", "providers:read", "providers:write", "usage:read", "audit:read"]
# 0.00021 USD, which is 0.021 credits.
USES = "[[sim:usage input=1000 output=100]]" + " word" * 400

needs_clock = pytest.mark.skipif(not LIBRARY, reason="libfaketime is not installed")


@pytest.fixture(scope="module")
def shop(tmp_path_factory, sim):
    options = {"settings": HERE + SETTINGS + provider(sim, "hooks"), "variables": variables("hooks")}
    running = Server(tmp_path_factory.mktemp("webhooks"), sim, **options).start()
    yield running
    running.stop()


@pytest.fixture
def receiver():
    listening = Receiver()
    yield listening
    listening.stop()


def until(condition, what: str):
    """Calls may have to be made again until something shows."""
    return wait_for(condition, what, 20, 0.25)


def events(receiver, secret) -> list[str]:
    return [told.verify(secret)["type"] for told in list(receiver.came)]


def test_each_event_is_told_by_what_causes_it(shop, sim, receiver):
    identity = Identity(sim)
    identity.register("hooks", shop.url, 2)
    dana = first_person(shop)
    mine = dana("GET", "/session", expect=200).json()["workspaces"][0]["id"]
    key = shop.operator("POST", f"/workspaces/{mine}/api-keys", {"name": "all", "scopes": SCOPES}, 201).json()
    acme = Workspace(shop.operator, mine, key["id"], key["secret"])
    hook = Hook(acme, receiver.url)

    def told(event: str) -> dict:
        """What is told next, which must be that."""
        wait_for(lambda: receiver.came, f"{event} is told")
        content = receiver.came.pop(0).verify(hook.secret)
        assert content["type"] == event and content["workspace"] == mine and content["timestamp"].endswith("Z")
        return content["data"]

    first = provider_key("openai")
    acme.put_key("openai", first, expect=201)
    sim.set_key(first, "revoked")
    until(lambda: acme.ask("openai").status_code == 401 and receiver.came, "so many refusals turn the key")
    invalid = told("provider_key.invalid")
    assert (invalid["provider"], invalid["credential"]) == ("openai", acme.provider_keys()["openai"]["credential"])
    sim.set_key(first, "noquota")
    for _ in range(3):
        assert acme.ask("openai").status_code == 429
    assert told("provider_key.quota_exhausted")["hint"] == invalid["hint"]
    sim.set_key(first, "ok")
    assert acme.ask("openai").status_code == 200
    told("provider_key.recovered")

    acme.delete_key("openai")
    grant(acme, "0.1")
    # Each call is 0.00021 USD and 0.021 credits: 52.5, 105 and 157.5 % of the budget, and 79, 58, 37, 16 % are left.
    budget = set_budget(acme, limit_usd="0.0004", action="notify", unpriced="allow")
    for threshold in ("50", "100"):
        assert acme.ask("openai", USES, max_tokens=100).status_code == 200
        reached = told("budget.threshold")
        assert (str(reached["threshold"]), reached["budget"]) == (threshold, budget["id"])
    until(lambda: acme.ask("openai", USES, max_tokens=100).status_code != 200 or receiver.came, "credits are used up")
    low = told("credits.low")
    assert Decimal(low["left_credits"]) <= Decimal(low["of_credits"]) / 5

    connection = connect(dana, "hooks")
    identity.revoke_all()
    needs = told("connection.needs_reauth")
    assert (needs["connection"], needs["reason"]) == (connection, "refused_by_provider")
    wait_for(lambda: all(item["state"] == "delivered" for item in hook.deliveries()), "all is written down")
    assert receiver.came == []


def test_a_secret_is_shown_once_found_nowhere_and_changed_without_a_gap(shop, receiver):
    acme = shop.operator.create_workspace()
    hook = Hook(acme, receiver.url)
    new = shop.operator("POST", f"{hook.path}/secret", expect=200).json()["secret"]
    hook.test()
    wait_for(lambda: receiver.came, "it is told")
    told = receiver.came[0]
    # For a day the one before signs too.
    for secret in (hook.secret, new):
        assert told.verify(secret)["type"] == "webhook.test"
    with pytest.raises(WebhookVerificationError):
        told.verify("whsec_" + "A" * 43 + "=")
    told.body += b" "
    with pytest.raises(WebhookVerificationError):
        told.verify(new)
    paths = ("", f"/{hook.id}", f"/{hook.id}/deliveries")
    answers = "".join(shop.operator("GET", f"{acme.path}/webhooks{path}", expect=200).text for path in paths)
    audit = shop.operator("GET", f"{acme.path}/audit", expect=200).text
    secrets = [Canary("secret", secret, "whsec_") for secret in (hook.secret, new)]
    scanner = Scanner([*secrets, Canary("address", "of-the-receiver")])
    assert scanner.scan_text(shop.output(), "log") + scanner.scan_text(audit, "audit") == []
    scanner = Scanner(secrets)
    assert scanner.scan_text(answers, "answers") + scanner.scan_text(shop.kept(), "database") == []
    assert scanner.scan_files(shop.data) == []


def test_names_that_lead_inside_are_not_knocked_at(server, workspace, receiver):
    """The ordinary server, which allows no network."""
    for url in (receiver.url, f"https://127.0.0.1:{receiver.port}/", "https://169.254.169.254/latest/meta-data"):
        refused = workspace.operator("POST", f"{workspace.path}/webhooks", {"url": url}, 422).json()
        assert refused["member"] == "url" and "allowed_networks" in refused["detail"]
    hook = Hook(workspace, f"https://localhost:{receiver.port}/")
    message = hook.test()
    wait_for(lambda: hook.outcomes(message), "it is tried")
    assert hook.outcomes(message) == [("address_refused", None)]
    assert hook.shown()["failing_since"] and receiver.came == []


@needs_clock
def test_what_does_not_arrive_is_sent_again_until_it_does(new_server, tmp_path, receiver):
    clock = Clock(tmp_path / "clock", time_passes=True)
    # By the clock of its process alone.
    database = f"sqlite://{tmp_path / 'hooks.db'}"
    server = new_server(settings=HERE, variables=clock.variables(), database=database).start()
    acme = server.operator.create_workspace()
    hook = Hook(acme, receiver.url)
    unhurried(hook.operator)
    receiver.answers = [500, "hang", 302]
    message = hook.test()
    expected = [("refused", 500), ("timed_out", None), ("refused", 302)]
    for number in range(1, 4):
        wait_for(lambda: len(hook.outcomes(message)) == number, "the attempt is written down")
        clock.set(clock.offset_s + 3 * HOUR_S)
    wait_for(lambda: len(hook.outcomes(message)) == 4, "it has arrived")
    assert hook.outcomes(message) == [*expected, ("delivered", 204)] and hook.delivery(message)["state"] == "delivered"
    assert {told.id for told in receiver.came} == {message} and len(receiver.came) == 4
    assert len({told.headers["webhook-timestamp"] for told in receiver.came}) == 4
    # Away, for longer than anybody waits: of ten attempts there were all but one.
    receiver.stop()
    lost = hook.test()
    wait_for(lambda: hook.outcomes(lost) == [("unreachable", None)], "nobody is there")
    server.sql("UPDATE webhook_messages SET tries = 9 WHERE state = 'pending'")
    clock.set(clock.offset_s + 6 * DAY_S)
    disabled = wait_for(lambda: hook.shown()["disabled_reason"], "it is given up")
    assert (disabled, hook.delivery(lost)["state"]) == ("failing", "failed")
    assert hook.replay(lost, 409).json()["code"] == "conflict"
    # Back again, and asked for by hand.
    back = Receiver(receiver.port)
    assert hook.operator("PATCH", hook.path, {"enabled": True}, 200).json()["failing_since"] is None
    hook.replay(lost)
    wait_for(lambda: hook.delivery(lost)["state"] == "delivered", "it has arrived")
    assert [told.id for told in back.came] == [lost]
    back.stop()


def hanging(new_server, receiver) -> tuple[Server, Hook, str]:
    """A server with a message under way, that its receiver does not answer."""
    server = new_server(settings=HERE).start()
    hook = Hook(server.operator.create_workspace(), receiver.url)
    receiver.answers = ["hang"]
    message = hook.test()
    wait_for(lambda: receiver.came, "it is under way")
    return server, hook, message


def test_a_message_outlives_a_server_that_is_killed_while_it_sends(new_server, receiver):
    server, hook, message = hanging(new_server, receiver)
    # What comes of it is not known yet.
    assert hook.replay(message, 409).json()["code"] == "conflict"
    server.kill()
    server.start()
    wait_for(lambda: hook.delivery(message)["state"] == "delivered", "it is sent again")
    assert [told.id for told in receiver.came] == [message, message]
    assert receiver.came[1].verify(hook.secret) == receiver.came[0].verify(hook.secret)


def test_what_is_under_way_when_the_configuration_is_read_again_is_waited_for(new_server, receiver):
    server, hook, message = hanging(new_server, receiver)
    server.reload()
    server.stop()
    server.start()
    # The sender of before has written down what came of it, and nobody else sent it meanwhile.
    assert hook.outcomes(message) == [("timed_out", None)] and len(receiver.came) == 1


@pytest.mark.skipif(not postgres.server_url(), reason="TEST_POSTGRES_URL names no server")
def test_two_nodes_send_each_message_once(new_server, receiver):
    database = postgres.new_database()
    one, other = (new_server(settings=HERE, database=database) for _ in range(2))
    other.write_kek(one.kek_file.read_text().strip())
    other.operator_token, other.managed_keys = one.operator_token, one.managed_keys
    for node in (one, other):
        node.start()
    acme = one.operator.create_workspace()
    hooks = [Hook(acme, receiver.url) for _ in range(3)]
    messages = {hook.test() for hook in hooks for _ in range(3)}
    wait_for(lambda: len(receiver.came) >= len(messages), "all have arrived")
    for hook in hooks:
        wait_for(lambda: all(item["state"] == "delivered" for item in hook.deliveries()), "all is written down")
        assert all(len(item["attempts"]) == 1 for item in hook.deliveries())
    assert sorted(told.id for told in receiver.came) == sorted(messages)


def test_somebody_adds_tries_and_removes_one_in_the_dashboard(shop, visit, receiver):
    acme = shop.operator.create_workspace()
    there = visit(shop)
    there.enter(person(shop, acme))
    page, address = there.page, f"/w/{acme.id}/settings/notifications"
    page.emulate_media(reduced_motion="reduce")
    page.goto(address)
    expect(page.get_by_text("Nobody is told yet")).to_be_visible()
    page.get_by_role("button", name="Add webhook").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Address").fill("http://10.0.0.1/")
    dialog.get_by_role("button", name="Add webhook").click()
    expect(dialog.get_by_text("not on the public internet")).to_be_visible()
    dialog.get_by_label("Address").fill(receiver.url)
    dialog.get_by_label("A budget reaches").uncheck()
    dialog.get_by_role("button", name="Add webhook").click()
    secret = dialog.get_by_label("The secret").inner_text()
    dialog.get_by_role("button", name="Copy").click()
    dialog.get_by_role("button", name="Done").click()
    expect(dialog).to_have_count(0)
    assert secret not in page.evaluate(KEPT)
    card = page.get_by_role("region", name=receiver.url, exact=True)
    expect(card).not_to_contain_text("A budget reaches")
    receiver.answers = [500]
    card.get_by_role("button", name="Send test").click()
    message = card.get_by_role("group", name="A test")
    expect(message).to_contain_text("answered 500")
    message.get_by_role("button", name="Send again").click()
    expect(message).to_contain_text("Delivered")
    assert [told.verify(secret)["type"] for told in receiver.came] == ["webhook.test"] * 2
    assert there.violations() == [] and found_by_axe(there, address) == []
    card.get_by_role("button", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_text("Nobody is told yet")).to_be_visible()
    assert shop.operator.get(f"{acme.path}/webhooks")["data"] == []

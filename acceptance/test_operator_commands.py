"""`ownkey backup`, `check`, `vault rebind`: with the server running and without."""

import asyncio
import random
import shutil
import stat

import pytest

from harness.load import Load, Plan
from harness.server import ON_POSTGRES, Server
from harness.sim import PROVIDERS, provider_key


@pytest.mark.skipif(ON_POSTGRES, reason="there `backup` only prints the call of pg_dump")
def test_the_restore_drill(tmp_path, sim, new_server):
    """Backup under load, restore into a new folder with the same KEK, check, serve, test the keys."""
    server = new_server().start()
    workspace = server.operator.create_workspace()
    for provider in ("openai", "anthropic"):
        workspace.put_key(provider, provider_key(provider), expect=201)
    before = workspace.ask("openai")
    file = tmp_path / "copy.db"

    async def back_up():
        await asyncio.sleep(0.5)
        done = await asyncio.to_thread(server.run, "backup", file)
        assert done.returncode == 0, done.stderr
        again = await asyncio.to_thread(server.run, "backup", file)
        assert again.returncode != 0 and "new file" in again.stderr

    load = Load(server.url, workspace.secret, 8, lambda: Plan(random.choice(PROVIDERS), "Hello"))
    results = asyncio.run(load.run(back_up()))
    assert results and all(result.whole for result in results)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    # What happened after the backup is lost with the machine.
    workspace.put_key("openai", provider_key("openai"), expect=200)
    server.stop()

    restored = Server(tmp_path / "restored", sim)
    restored.operator_token, restored.managed_keys = server.operator_token, server.managed_keys
    restored.write_kek(server.kek_file.read_text().strip())
    shutil.copy(file, restored.data / "ownkey.db")
    checked = restored.run("check", "--after-restore")
    assert checked.returncode == 0, checked.stderr
    assert "2 marked as to be tested" in checked.stdout and "open holds: 0" in checked.stdout
    try:
        restored.start()
        assert restored.run("check", "--after-restore").returncode != 0
        assert "provider keys: ok, 2" in restored.run("check").stdout
        workspace = type(workspace)(restored.operator, workspace.id, workspace.key_id, workspace.secret)
        assert {key["state"] for key in workspace.provider_keys().values()} == {"needs_test"}
        for provider in ("openai", "anthropic"):
            tested = workspace.api("POST", f"{workspace.path}/provider-keys/{provider}/test", {}, 200).json()
            assert tested["verdict"]["verdict"] == "valid"
            assert workspace.ask(provider).headers["x-ownkey-payer"] == "byok"
        assert {key["state"] for key in workspace.provider_keys().values()} == {"active"}
        # Receipts of before the backup are there.
        assert workspace.receipt(before)["status"] == 200
    finally:
        restored.kill()


def test_a_provider_that_moves_takes_its_keys_along(new_server, sim):
    server = new_server(managed=False).start()
    workspace = server.operator.create_workspace()
    workspace.put_key("openai", provider_key("openai"), expect=201)
    credential = workspace.ask("openai").headers["x-ownkey-credential"]
    old = sim.openai.removesuffix("/v1")
    new = old.replace("127.0.0.1", "localhost")
    rebind = ("vault", "rebind", "--provider", "openai", "--from", old, "--to", new)
    # Not while the new address is not configured.
    refused = server.run(*rebind)
    assert refused.returncode != 0 and "not configured" in refused.stderr
    file = server.folder / "ownkey.toml"
    file.write_text(file.read_text().replace(old, new))
    server.reload()
    sealed = workspace.ask("openai")
    assert sealed.status_code == 503 and sealed.headers["x-ownkey-error"] == "key_sealed"
    done = server.run(*rebind)
    assert done.returncode == 0 and "1 keys of openai" in done.stdout, done.stderr
    moved = workspace.ask("openai")
    assert moved.status_code == 200 and moved.headers["x-ownkey-credential"] == credential
    events = [event for event in workspace.api.all(f"{workspace.path}/audit") if event["action"] == "credential.rebind"]
    assert [event["detail"] for event in events] == [{"from": old, "to": new}]
    assert "0 keys" in server.run(*rebind).stdout

    # The same without a server, back again; `check` tells what is wrong before.
    server.stop()
    file.write_text(file.read_text().replace(new, old))
    checked = server.run("check")
    assert checked.returncode != 0 and "vault rebind" in checked.stderr and credential in checked.stdout
    done = server.run("vault", "rebind", "--provider", "openai", "--from", new, "--to", old)
    assert done.returncode == 0, done.stderr
    assert server.run("check").returncode == 0
    server.start()
    assert workspace.ask("openai").status_code == 200


def test_check_verifies_every_audit_log(new_server):
    server = new_server().start()
    one, other = (server.operator.create_workspace() for _ in range(2))
    one.put_key("openai", provider_key("openai"), expect=201)
    checked = server.run("check")
    assert checked.returncode == 0, checked.stderr
    assert "audit logs: ok, 5 events in 3 logs" in checked.stdout
    server.sql("DROP TRIGGER audit_events_keep_update" if server.on_sqlite else "DROP TRIGGER audit_events_keep ON audit_events")
    server.sql(f"UPDATE audit_events SET actor = 'nobody' WHERE seq = 2 AND workspace = {server.literal(one.id)}")
    for _ in range(2):
        checked = server.run("check")
        assert checked.returncode != 0 and "1 of 3 audit logs" in checked.stderr
        assert f"audit log of {one.id}: not as it was written from event 2 on" in checked.stdout
        # The rest is told all the same.
        assert other.id not in checked.stdout and "provider keys: ok, 1" in checked.stdout
        server.stop()
    # Without their key they prove nothing.
    server.sql("DELETE FROM system_secrets WHERE name = 'audit'")
    checked = server.run("check")
    assert checked.returncode != 0 and "the key that signs them is gone" in checked.stderr

"""The way of an operator: from two commands to a served call, and to an orderly end."""

import base64
import os
import re
import stat
import subprocess
import threading
from pathlib import Path

import httpx
import pytest

from harness.api import LOCAL, Api
from harness.process import binary, free_port, wait_for
from harness.server import Server
from harness.sim import PROVIDERS, provider_key


def ownkey(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess:
    environment = {"PATH": os.environ["PATH"], **variables}
    command = [binary("OWNKEY_BIN", "ownkey"), *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)


def test_init_writes_what_serve_needs_and_never_overwrites(tmp_path):
    done = ownkey(tmp_path, "init")
    assert done.returncode == 0, done.stderr
    assert "ownkey serve" in done.stdout
    config = (tmp_path / "ownkey.toml").read_text()
    kek = Path(re.search(r'kek_file = "(.*)"', config)[1])
    kek = kek if kek.is_absolute() else tmp_path / kek
    assert stat.S_IMODE(kek.stat().st_mode) == 0o600
    assert tmp_path / "data" not in kek.parents
    assert len(base64.b64decode(kek.read_text().strip().split(":")[-1])) == 32
    token = re.search(r'token = "(.*)"', config)[1]
    assert len(token) >= 32 and stat.S_IMODE((tmp_path / "ownkey.toml").stat().st_mode) & 0o077 == 0
    again = ownkey(tmp_path, "init")
    assert again.returncode != 0
    assert (tmp_path / "ownkey.toml").read_text() == config
    assert token not in done.stdout + done.stderr + again.stdout + again.stderr


def test_from_init_to_the_first_call_on_an_own_key(tmp_path, sim):
    assert ownkey(tmp_path, "init").returncode == 0
    token = re.search(r'token = "(.*)"', (tmp_path / "ownkey.toml").read_text())[1]
    server = Server(tmp_path / "unused", sim, managed=False)
    server.folder, server.operator_token = tmp_path, token
    server.environment = lambda: {
        "OWNKEY_SERVER__LISTEN": f"127.0.0.1:{server.port}",
        "OWNKEY_PROVIDERS__OPENAI__BASE_URL": sim.openai,
        "OWNKEY_PROVIDERS__ANTHROPIC__BASE_URL": sim.anthropic,
    }
    try:
        server.start()
        workspace = Api(server.url, token).create_workspace()
        # Neither a key nor managed access: the two ways out are in the error.
        refused = workspace.ask("openai")
        assert refused.status_code == 403 and refused.headers["x-ownkey-error"] == "byok_required"
        workspace.put_key("openai", provider_key("openai"), expect=201)
        assert workspace.ask("openai").headers["x-ownkey-payer"] == "byok"
    finally:
        server.stop()


def test_generate_kek(tmp_path):
    first, second = (ownkey(tmp_path, "vault", "generate-kek").stdout.strip() for _ in range(2))
    assert first != second and len(base64.b64decode(first.split(":")[-1])) == 32
    assert list(tmp_path.iterdir()) == []


def test_check_says_what_is_wrong(new_server):
    server = new_server().start()
    server.stop()
    arguments = "check", "--config", server.folder / "ownkey.toml"
    assert server.run(*arguments).returncode == 0
    server.write_kek("not a key")
    done = server.run(*arguments)
    assert done.returncode != 0 and "not a key" not in done.stdout + done.stderr


KEKS = {"words": "not a key", "short": base64.b64encode(b"x" * 31).decode(), "long": base64.b64encode(b"x" * 33).decode(), "empty": ""}


@pytest.mark.parametrize("kind", KEKS)
def test_a_kek_that_is_none_does_not_start(new_server, kind):
    server = new_server()
    server.write_kek(KEKS[kind])
    done = server.run("serve", "--config", server.folder / "ownkey.toml")
    assert done.returncode != 0 and "panicked" not in done.stderr
    assert not KEKS[kind] or KEKS[kind] not in done.stdout + done.stderr
    assert list(server.data.iterdir()) == []


def test_without_any_kek_serve_names_init(tmp_path):
    done = ownkey(tmp_path, "serve", OWNKEY_SERVER__LISTEN=f"127.0.0.1:{free_port()}")
    assert done.returncode != 0 and "ownkey init" in done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_kek_others_can_read_does_not_start(new_server):
    server = new_server()
    server.kek_file.chmod(0o644)
    done = server.run("serve", "--config", server.folder / "ownkey.toml")
    assert done.returncode != 0 and "600" in done.stdout + done.stderr


def test_a_second_process_on_the_same_data_does_not_start(new_server):
    server = new_server().start()
    server.environment = lambda original=server.environment(): original | {
        "OWNKEY_SERVER__LISTEN": f"127.0.0.1:{free_port()}"
    }
    done = server.run("serve", "--config", server.folder / "ownkey.toml")
    assert done.returncode != 0
    assert server.operator("GET", "/workspaces").status_code == 200


@pytest.mark.parametrize("provider", PROVIDERS)
def test_sigterm_lets_running_calls_end(new_server, sim, provider):
    server = new_server().start()
    workspace = server.operator.create_workspace()
    workspace.put_key(provider, provider_key(provider), expect=201)
    since, running = sim.now(), {}

    def long_call():
        running["answer"] = workspace.ask(provider, "Hello [[sim:chunks n=15 delay_ms=100]]", stream=True)

    caller = threading.Thread(target=long_call)
    caller.start()
    wait_for(lambda: sim.calls(since), "the call is at the provider")
    assert server.stop() == 0
    caller.join()
    assert ("[DONE]" if provider == "openai" else "message_stop") in running["answer"].text
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{server.url}/healthz", **LOCAL)
    server.start()
    assert workspace.receipt(running["answer"])["outcome"] == "complete"


def test_everything_is_still_there_after_a_restart(new_server, sim):
    server = new_server().start()
    workspace = server.operator.create_workspace()
    key = provider_key("anthropic")
    workspace.put_key("anthropic", key, expect=201)
    before = workspace.ask("anthropic")
    server.stop()
    server.start()
    since = sim.now()
    assert workspace.receipt(before)["outcome"] == "complete"
    assert workspace.ask("anthropic").headers["x-ownkey-payer"] == "byok"
    assert [call["key"] for call in sim.calls(since)] == [key]


def test_health_and_documents(server):
    assert httpx.get(f"{server.url}/healthz", **LOCAL).status_code == 200
    document = httpx.get(f"{server.url}/api/openapi.json", **LOCAL).json()
    assert document["openapi"].startswith("3.1") and "/api/v1/workspaces" in document["paths"]
    assert httpx.get(f"{server.url}/metrics", **LOCAL).status_code == 401
    assert server.metrics()["ownkey_calls_open"] >= 0


def test_figures_start_and_idle(new_server, report):
    """Reported and not asserted: they are about the machine as much as about the program."""
    server = new_server()
    times = []
    for _ in range(5):
        server.start()
        times.append(server.start_ms)
        memory = server.process.rss_kib()
        server.stop()
    report(f"start to first answer: {sorted(times)[2]:.0f} ms (median of 5); idle memory {memory / 1024:.0f} MiB")

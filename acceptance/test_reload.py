"""SIGHUP: the configuration is read again; what is not valid changes nothing."""

from concurrent.futures import ThreadPoolExecutor

import httpx

from harness.api import Api, ask_at_length
from harness.process import wait_for
from harness.sim import provider_key


def test_an_operator_token_is_replaced_without_a_restart(new_server):
    server = new_server()
    variables = server.environment()
    # From the file this time: the environment of a process can't change.
    del variables["OWNKEY_OPERATOR__TOKEN"]
    server.environment = lambda: variables
    server.start()
    first, second = "op_first_0123456789012345678901234", "op_second_0123456789012345678901234"
    file = server.folder / "ownkey.toml"
    settings = file.read_text()
    known = lambda token: Api(server.url, token)("GET", "/workspaces").status_code == 200
    assert not known(first)
    for token, other in ((first, second), (second, first)):
        file.write_text(f'{settings}\n[operator]\ntoken = "{token}"\n')
        assert "not valid" not in server.reload()
        assert known(token) and not known(other)


def test_what_is_not_valid_changes_nothing(new_server):
    server = new_server().start()
    workspace = server.operator.create_workspace()
    file = server.folder / "ownkey.toml"
    settings = file.read_text()
    for broken, reason in (
        (settings + "\n[limits]\nconnect_s = 0\n", "seconds above 0"),
        (settings + "\n[serverr]\n", "serverr"),
        (settings.replace(str(server.kek_file), str(server.folder / "elsewhere")), "elsewhere"),
    ):
        file.write_text(broken)
        told = server.reload()
        assert "nothing was changed" in told and reason in told
        assert workspace.ask("openai").status_code == 200
    # What can't be changed is named, and the rest is.
    file.write_text(settings.replace(f":{server.port}", ":1"))
    told = server.reload()
    assert "nothing was changed" not in told
    httpx.get(f"{server.url}/healthz").raise_for_status()
    assert "server.listen" in server.process.output()


def test_a_reload_gives_no_key_tests_back(new_server):
    """So many a minute, whatever is read meanwhile."""
    server = new_server().start()
    workspace = server.operator.create_workspace()
    test = lambda: workspace.api("POST", f"{workspace.path}/provider-keys/openai/test", {"key": provider_key("openai")})  # noqa: E731
    assert [test().status_code for _ in range(10)] == [200] * 10
    assert test().status_code == 429
    server.reload()
    assert test().status_code == 429


def test_a_reload_makes_no_room_for_bodies(new_server, sim):
    """Those that are in memory take of the same room."""
    server = new_server(limits={"body_mib": 1, "bodies_mib": 2}).start()
    workspace = server.operator.create_workspace()
    ask = lambda prompt: ask_at_length(workspace, "openai", prompt, 900 << 10)  # noqa: E731
    wait_for(lambda: sim.stats()["open"] == 0, "nothing else is going on")
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(ask, "[[sim:slow_head ms=12000]]")
        wait_for(lambda: sim.stats()["open"] == 1, "one body is in memory, and there is no room for a second")
        assert ask("Hello").status_code == 503
        server.reload()
        assert ask("Hello").status_code == 503
        assert held.result(30).status_code == 200

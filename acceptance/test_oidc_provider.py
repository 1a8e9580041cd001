"""Connections at an identity provider that others have written: npm's `oidc-provider`, whose refresh tokens rotate and
whose grants end when one is used twice."""

import pytest

from harness import oidc_provider
from harness.api import Api
from harness.identity import CALLBACK, first_person, goes_to, outcome
from harness.oidc_provider import CLIENT_SECRET, OidcProvider
from harness.process import free_port, wait_for

# Due after half of it.
LIVES_S = 4
REFRESHES = 3


@pytest.fixture
def running(new_server, tmp_path):
    port = free_port()
    server = new_server(settings=oidc_provider.settings(port), variables={"IDP_SECRET": CLIENT_SECRET})
    idp = OidcProvider(tmp_path, f"{server.url}{CALLBACK}/idp", port, LIVES_S)
    yield server.start(), idp
    idp.stop()


def test_an_account_is_connected_kept_fresh_and_disconnected(running):
    server, idp = running
    dana = first_person(server)
    begun = dana("POST", "/workspaces/current/connections", {"provider": "idp"}, 200).json()
    connection = outcome(goes_to(dana, idp.agree(begun["url"])))["connected"]
    workspace = dana("GET", "/session", expect=200).json()["workspaces"][0]["id"]
    body = {"name": "product", "scopes": ["connections:write"]}
    api = Api(server.url, server.operator("POST", f"/workspaces/{workspace}/api-keys", body, 201).json()["secret"])
    path = f"/workspaces/current/connections/{connection}"

    def used() -> str:
        given = api("POST", f"{path}/token", expect=200).json()["access_token"]
        assert idp.use(given).json() == {"sub": "dana"}
        return given

    first = used()
    wait_for(lambda: used() and len(idp.told("consumed")) >= REFRESHES, "it is refreshed some times", 60, 0.1)
    last = used()
    assert first != last and api("GET", path, expect=200).json()["state"] == "active"
    # Each refresh token was used once: a second time is an error there, and the end of the grant.
    consumed = [told["token"] for told in idp.told("consumed")]
    assert len(set(consumed)) == len(consumed) and idp.told("refused") == [] and idp.told("broken") == []
    answer = api.http.get(f"{server.url}/connections/{connection}/{idp.url.removeprefix('http://')}/me")
    assert (answer.status_code, answer.json()) == (200, {"sub": "dana"})
    assert idp.told("revoked") == []
    dana("DELETE", path, expect=204)
    wait_for(lambda: idp.told("revoked"), "the grant is revoked there")
    assert idp.use(last).status_code == 401 and idp.told("refused") == []

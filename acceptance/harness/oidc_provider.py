"""npm's `oidc-provider` as an identity provider, and somebody who signs in there with a browser's manners."""

import json
import re
from pathlib import Path

import httpx

from .api import LOCAL
from .process import Process, wait_for
from .sdk_node import FOLDER

CLIENT_ID = "ownkey"
CLIENT_SECRET = "a-secret-of-the-client-0123456789"


class OidcProvider:
    """It listens on loopback; its access tokens live so long."""

    def __init__(self, folder: Path, redirect_uri: str, port: int, lives_s: int):
        self.url = f"http://127.0.0.1:{port}"
        job = {"issuer": self.url, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "lives_s": lives_s}
        command = ["node", str(FOLDER / "idp.mjs"), json.dumps(job | {"redirect_uri": redirect_uri})]
        self.process = Process(command, folder, "idp", {})
        wait_for(lambda: self.told("listens"), "the provider listens", 60)

    def told(self, event: str) -> list[dict]:
        """What happened there of that kind."""
        lines = (line for line in self.process.output().splitlines() if line.startswith("{") and line.endswith("}"))
        return [told for told in map(json.loads, lines) if told["event"] == event]

    def agree(self, url: str) -> str:
        """Opens the provider's page, signs in there, agrees: where the browser is sent back to."""
        with httpx.Client(**LOCAL) as browser:
            answer = browser.get(url)
            for _ in range(12):
                if answer.status_code == 200:
                    answer = browser.post(answer.url, data=_filled(answer.text))
                assert answer.status_code in (302, 303), answer.text
                to = answer.url.join(answer.headers["location"])
                if not str(to).startswith(self.url):
                    return str(to)
                answer = browser.get(to)
        raise AssertionError("the provider sends nobody back")

    def use(self, token: str) -> httpx.Response:
        """As a product uses a token: whose is it?"""
        return httpx.get(f"{self.url}/me", headers={"authorization": f"Bearer {token}"}, **LOCAL)

    def stop(self):
        self.process.kill()


def _filled(page: str) -> dict:
    """The form of a page that signs in or asks for consent."""
    (prompt,) = re.findall(r'name="prompt" value="(\w+)"', page)
    return {"prompt": prompt} | ({"login": "dana", "password": "any"} if prompt == "login" else {})


def settings(port: int) -> str:
    at = f"http://127.0.0.1:{port}"
    return "\n".join([
        "[connections.providers.idp]",
        f'issuer = "{at}"',
        f'client_id = "{CLIENT_ID}"',
        'client_secret = "env:IDP_SECRET"',
        'scopes = ["openid", "offline_access"]',
        'authorize_params = { prompt = "consent" }',
        f'hosts = ["{at}"]',
        "",
    ])


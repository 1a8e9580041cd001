"""What a person's browser sends to the management API, without a browser: the cookie, and where requests come from.
`dashboard.py` has the browser itself."""

import re

import httpx

from .api import LOCAL

COOKIE = "__Host-ownkey"


class Session:
    """Calls under `/api/v1` as pages of this server do. (httpx itself keeps no `Secure` cookie over plain HTTP.)"""

    def __init__(self, url: str, **headers: str):
        self.url, self.cookie = url, None
        same = {"sec-fetch-site": "same-origin", "origin": url, "user-agent": "Firefox/145 of a test"}
        self.http = httpx.Client(base_url=f"{url}/api/v1", headers=same | headers, timeout=30, **LOCAL)

    def __call__(self, method: str, path: str, body=None, expect=None, **headers: str) -> httpx.Response:
        if self.cookie:
            headers["cookie"] = f"{COOKIE}={self.cookie}"
        answer = self.http.request(method, path, json={} if body is None else body, headers=headers)
        if expect is not None:
            assert answer.status_code == expect, f"{method} {path}: {answer.status_code} {answer.text}"
        for name, value in answer.headers.multi_items():
            if name == "set-cookie":
                self.cookie = value.split(";")[0].split("=", 1)[1] or None
        return answer

    def login(self, mail: str, password: str, expect=200) -> httpx.Response:
        return self("POST", "/session", {"mail": mail, "password": password}, expect)

    def accept(self, link: str, password: str, name: str = "Dana") -> "Session":
        """Comes by an invitation: an account is made, and a session with it."""
        self("POST", "/invites/accept", {"token": token_of(link), "name": name, "password": password}, 200)
        return self

    def is_signed_in(self) -> bool:
        return self("GET", "/session").status_code == 200


def setup_link(output: str) -> str | None:
    """The link that a server without people prints at its start; the last one."""
    links = re.findall(r"https?://\S+/setup#\S+", output)
    return links[-1] if links else None


def token_of(link: str) -> str:
    return link.split("#")[1]

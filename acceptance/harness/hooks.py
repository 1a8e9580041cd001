"""Receivers of webhooks, as their owners would write them, and the secrets that they verify with."""

import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks.webhooks import Webhook


@dataclass
class Told:
    """A message as it came."""

    headers: dict
    body: bytes
    # What may be answered once somebody says so.
    release: threading.Event = field(default_factory=threading.Event)

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def verify(self, secret: str) -> dict:
        """Its content, if it is signed with that secret just now."""
        return Webhook(secret).verify(self.body, self.headers)


class Receiver:
    """Listens on loopback. `answers` are what the next messages are answered: a status, or `"hang"` for nothing until the
    test is over; 204 when there is no further one."""

    def __init__(self, port: int = 0):
        self.came: list[Told] = []
        self.answers: list[int | str] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                told = Told({name.lower(): value for name, value in self.headers.items()}, body)
                answer = receiver.answers.pop(0) if receiver.answers else 204
                receiver.came.append(told)
                if answer == "hang":
                    told.release.wait(60)
                    return
                self.send_response(answer)
                if answer in (301, 302, 307, 308):
                    self.send_header("location", receiver.url)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        ThreadingHTTPServer.allow_reuse_address = True
        self.http = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.http.daemon_threads = True
        self.port = self.http.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/hooks?token=of-the-receiver"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def stop(self):
        for told in self.came:
            told.release.set()
        self.http.shutdown()
        self.http.server_close()


class Hook:
    """A webhook of a workspace, by its operator."""

    def __init__(self, workspace, url: str, **more):
        self.operator = workspace.operator
        made = self.operator("POST", f"{workspace.path}/webhooks", {"url": url, **more}, 201).json()
        self.id, self.secret = made["id"], made["secret"]
        self.path = f"{workspace.path}/webhooks/{self.id}"

    def shown(self) -> dict:
        return self.operator.get(self.path)

    def test(self) -> str:
        """Asks for a message: its id."""
        return self.operator("POST", f"{self.path}/test", expect=202).json()["id"]

    def delivery(self, id: str) -> dict:
        return self.operator.get(f"{self.path}/deliveries/{id}")

    def deliveries(self) -> list[dict]:
        return self.operator.all(f"{self.path}/deliveries")

    def replay(self, id: str, expect=202):
        return self.operator("POST", f"{self.path}/deliveries/{id}/replay", expect=expect)

    def outcomes(self, id: str) -> list[tuple]:
        """How each attempt at a message ended."""
        return [(attempt["outcome"], attempt.get("status")) for attempt in self.delivery(id)["attempts"]]

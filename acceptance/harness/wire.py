"""Requests that no HTTP library would send."""

import json
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict:
        return json.loads(self.body)


def exchange(url: str, request: bytes, seconds: float = 10) -> Answer | None:
    """Sends bytes, reads one answer; `None` if the connection is closed without one."""
    target = urlsplit(url)
    with socket.create_connection((target.hostname, target.port), timeout=seconds) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR) if b"connection: half" in request else None
        data = b""
        while not _complete(data):
            try:
                piece = connection.recv(65536)
            except ConnectionResetError:
                break
            if not piece:
                break
            data += piece
    return _parse(data)


def _head(data: bytes) -> tuple[int, dict[str, str], bytes] | None:
    head, found, body = data.partition(b"\r\n\r\n")
    if not found:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return int(first.split(" ")[1]), headers, body


def _complete(data: bytes) -> bool:
    parsed = _head(data)
    if not parsed:
        return False
    _, headers, body = parsed
    if "content-length" in headers:
        return len(body) >= int(headers["content-length"])
    return body.endswith(b"0\r\n\r\n")


def _parse(data: bytes) -> Answer | None:
    parsed = _head(data)
    return Answer(*parsed) if parsed else None

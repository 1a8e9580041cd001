"""Callers who decide how much of an answer they take: slowly, nothing, or over HTTP/2 with a window that stays shut."""

import json
import socket
import threading
import time
from contextlib import suppress
from urllib.parse import urlsplit

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, ResponseReceived, StreamEnded, StreamReset
from h2.settings import SettingCodes, Settings

from .api import PATHS, call_body, call_headers
from .load import Plan, dechunked, request
from .process import unsent, wait_for

# So little that hardly anything of an answer is underway unread.
RECEIVE_BUFFER = 4096


def connect(url: str) -> tuple[socket.socket, str]:
    target = urlsplit(url)
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    connection.settimeout(30)
    connection.connect((target.hostname, target.port))
    return connection, target.netloc


def is_full(connection: socket.socket):
    """Waits until nothing more fits between the server and a caller who takes nothing."""
    seen = []

    def no_more_fits():
        seen.append(_unsent(connection))
        return len(seen) >= 10 and seen[-1] and len(set(seen[-10:])) == 1

    wait_for(no_more_fits, "the connection is full")


def is_let_go(connection: socket.socket, within: float):
    """Waits until the server has closed a connection, which who takes nothing of it does not see."""
    wait_for(lambda: _unsent(connection) is None, "the connection is closed", within)


def _unsent(connection: socket.socket) -> int | None:
    return unsent(connection.getpeername()[1], connection.getsockname()[1])


class Reader:
    """A call over HTTP/1.1 whose answer is read only as far as asked; its head is, at once."""

    def __init__(self, url: str, secret: str, plan: Plan, headers=None):
        self.plan, self.data, self.reading = plan, bytearray(), None
        self.connection, host = connect(url)
        self.connection.sendall(request(plan, secret, host, headers))
        while b"\r\n\r\n" not in self.data:
            self._take()

    def _take(self) -> bool:
        try:
            piece = self.connection.recv(1 << 16)
        except OSError:
            # Reset by the server, or closed by the test that began to read.
            piece = b""
        self.data += piece
        return bool(piece)

    def read(self, bytes_per_second: float | None = None):
        """Reads to the end, no faster than that."""
        begun, before = time.monotonic(), len(self.data)
        while self._take():
            if bytes_per_second:
                due = (len(self.data) - before) / bytes_per_second
                time.sleep(max(0.0, begun + due - time.monotonic()))

    def begin(self, bytes_per_second: float | None = None):
        """Reads on beside the test."""
        self.reading = threading.Thread(target=self.read, args=(bytes_per_second,), daemon=True)
        self.reading.start()

    def finish(self, seconds: float = 30.0) -> str:
        """What was read, once there is no more."""
        self.reading.join(seconds)
        assert not self.reading.is_alive(), "the answer does not end"
        self.close()
        head, _, body = bytes(self.data).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        return dechunked(body).decode(errors="replace")

    def close(self):
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
        if self.reading:
            self.reading.join(30)
        self.connection.close()


class H2Caller:
    """A connection whose streams get no window but what is given to them, unless it is said how much they get."""

    def __init__(self, url: str, window: int = 0):
        self.connection, self.host = connect(url)
        self.h2 = H2Connection(H2Configuration(header_encoding="utf-8"))
        self.h2.local_settings = Settings(client=True, initial_values={SettingCodes.INITIAL_WINDOW_SIZE: window})
        self.h2.initiate_connection()
        if window:
            self.h2.increment_flow_control_window(window)
        self._flush()
        self.heads, self.bodies, self.ended, self.resets = {}, {}, set(), {}

    def call(self, secret: str, plan: Plan) -> int:
        stream = self.h2.get_next_available_stream_id()
        more = {"stream": True} if plan.stream else {}
        head = [(":method", "POST"), (":scheme", "http"), (":authority", self.host), (":path", PATHS[plan.provider])]
        self.h2.send_headers(stream, head + list(call_headers(plan.provider, secret).items()))
        self.h2.send_data(stream, json.dumps(call_body(plan.provider, plan.prompt, **more)).encode(), end_stream=True)
        self._flush()
        self.until(lambda: stream in self.heads)
        return stream

    def open_window(self, stream: int, size: int):
        self.h2.increment_flow_control_window(size, stream)
        self._flush()

    def until(self, condition, seconds: float = 15.0):
        """Answers pings and the like until a condition holds."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "nothing of the kind came in time"
            self.connection.settimeout(max(0.01, end - time.monotonic()))
            try:
                data = self.connection.recv(1 << 16)
            except TimeoutError:
                continue
            assert data, "the connection was closed"
            for event in self.h2.receive_data(data):
                self._note(event)
            self._flush()

    def _note(self, event):
        match event:
            case ResponseReceived():
                self.heads[event.stream_id] = dict(event.headers)
            case DataReceived():
                self.bodies[event.stream_id] = self.bodies.get(event.stream_id, b"") + event.data
            case StreamEnded():
                self.ended.add(event.stream_id)
            case StreamReset():
                self.resets[event.stream_id] = event.error_code

    def _flush(self):
        self.connection.sendall(self.h2.data_to_send())

    def close(self):
        self.connection.close()

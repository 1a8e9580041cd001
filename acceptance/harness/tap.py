"""A wire tap between a caller and a server: passes on every byte as it comes, keeps it, and later reads what was said.

It understands nothing while it listens, so whatever callers and servers do to each other goes through unchanged.
"""

import socket
import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import h11


@dataclass(frozen=True)
class Exchange:
    """A request and its answer; without `whole` the answer broke off, or its caller did not stay."""

    method: str
    path: str
    sent: bytes
    status: int
    headers: dict[str, str]
    body: bytes
    whole: bool = True

    @property
    def content(self) -> bytes:
        """The body as the caller reads it."""
        is_gzip = self.headers.get("content-encoding") == "gzip"
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(self.body) if is_gzip else self.body


class Tap:
    """Listens on a free port of its own, as a context, in the place of the server at a URL."""

    def __init__(self, url: str):
        there, self._connections = urlsplit(url), []
        self._target = there.hostname, there.port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = urlunsplit(there._replace(netloc=f"127.0.0.1:{self._listener.getsockname()[1]}"))
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> "Tap":
        return self

    def __exit__(self, *_):
        # A thread that waits for a caller does not notice that its socket is closed.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self):
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self._target)
            except OSError:
                caller.close()
                continue
            said, told = bytearray(), bytearray()
            self._connections.append((said, told))
            for source, sink, kept in ((caller, server, said), (server, caller, told)):
                source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=_pass_on, args=(source, sink, kept), daemon=True).start()

    def exchanges(self) -> list[Exchange]:
        """All so far that have at least the head of an answer."""
        return [one for said, told in self._connections for one in _exchanges(bytes(said), bytes(told))]


def _pass_on(source: socket.socket, sink: socket.socket, kept: bytearray):
    try:
        while piece := source.recv(1 << 16):
            kept += piece
            sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        # Whoever is gone, the other side must hear of it.
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def _exchanges(said: bytes, told: bytes) -> Iterator[Exchange]:
    """What a connection carried, read as both of its ends did."""
    server, caller = h11.Connection(h11.SERVER), h11.Connection(h11.CLIENT)
    for end, data in ((server, said), (caller, told)):
        end.receive_data(data)
        end.receive_data(b"")
    while isinstance(request := server.next_event(), h11.Request):
        sent, _ = _content(server, caller, request)
        try:
            answer = caller.next_event()
            while isinstance(answer, h11.InformationalResponse):
                answer = caller.next_event()
        except h11.RemoteProtocolError:
            return
        if not isinstance(answer, h11.Response):
            return
        body, whole = _content(caller, server, answer)
        headers = {name.decode(): value.decode("latin-1") for name, value in answer.headers}
        yield Exchange(request.method.decode(), request.target.decode(), sent, answer.status_code, headers, body, whole)
        if not whole or (server.our_state, caller.our_state) != (h11.DONE, h11.DONE):
            return
        server.start_next_cycle()
        caller.start_next_cycle()


def _content(reader: h11.Connection, writer: h11.Connection, head) -> tuple[bytes, bool]:
    """The body behind a head, and whether it came to its end; the other end learns that it wrote this."""
    body = b""
    writer.send(head)
    try:
        while isinstance(event := reader.next_event(), h11.Data):
            body += event.data
            writer.send(event)
        if isinstance(event, h11.EndOfMessage):
            writer.send(event)
            return body, True
    except h11.RemoteProtocolError:
        pass
    return body, False

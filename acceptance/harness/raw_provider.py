"""A provider that answers with bytes no HTTP library would send."""

import socketserver
import threading


class RawProvider:
    """Listens on a free port of its own; every call gets the same bytes, then the connection is closed. Bytes in pieces
    are sent a piece at a time, each as soon as there is one."""

    def __init__(self):
        provider = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                length = 0
                while line := self.rfile.readline().strip():
                    name, _, value = line.partition(b":")
                    length = int(value) if name.lower() == b"content-length" else length
                self.rfile.read(length)
                with provider.lock:
                    provider.calls += 1
                answer = provider.answer
                for piece in [answer] if isinstance(answer, bytes) else answer:
                    self.wfile.write(piece)

        self.answer, self.calls, self.lock = b"", 0, threading.Lock()
        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def base_url(self, provider: str) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}" + ("/v1" if provider == "openai" else "")

    @property
    def openai(self) -> str:
        return self.base_url("openai")

    @property
    def anthropic(self) -> str:
        return self.base_url("anthropic")

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

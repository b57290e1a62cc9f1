"""The other system: an HTTP server that takes effects, and at times refuses, is down, hangs, or forgets to answer."""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
from msgspec import structs

from tests.handlers.campaign.scene import DOWN, HANGING, MENDED, Taken


class Server(ThreadingHTTPServer):
    """Listens on a free port of this machine.

    Args:
        folder: whose files say how it behaves.
        silent: how often it takes an effect and does not say so.
        seed: of that.
    """

    daemon_threads = True

    def __init__(self, folder: Path, *, silent: float = 0.0, seed: int = 0) -> None:
        self.folder = folder
        self.taken: list[Taken] = []
        self._silent = silent
        self._dice = random.Random(seed)
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), _Request)

    def answers(self, told: Taken, fault: str) -> int | None:
        """The status; None where it says nothing."""
        if (self.folder / DOWN).exists():
            return 503
        if fault == "refused" and not (self.folder / MENDED).exists():
            return 422
        if fault == "hangs" and (self.folder / HANGING).exists():
            time.sleep(0.2)
            return None
        with self._lock:
            silent = self._dice.random() < self._silent
            self.taken.append(structs.replace(told, answered=not silent))
        return None if silent else 204

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever was killed while it was answered is not told of."""


class _Request(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = self.server.answers(msgspec.json.decode(body, type=Taken), self.path[1:])
        if status is not None:
            self.send_response(status)
            self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


@contextmanager
def serving(folder: Path, *, silent: float = 0.0, seed: int = 0) -> Iterator[Server]:
    """A server that listens while the block lasts."""
    with Server(folder, silent=silent, seed=seed) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join(10)

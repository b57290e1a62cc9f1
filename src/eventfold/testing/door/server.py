"""The door: sockets, HTTP/1.1 with kept connections, and what faults do to bytes. It knows nothing of documents.

Requests are read by hand, because the standard library's handler spends more time on headers than the whole rest.
"""

import contextlib
import socket
import socketserver
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.client import responses
from typing import Literal

from eventfold.testing.door.wire import Answer, Request

_LONGEST_LINE = 65536
Sent = Literal["whole", "half", "nothing"]


@dataclass(slots=True)
class Reply:
    """An answer and how much of it the client gets; the connection ends where it is not whole.

    Args:
        answer: what was found.
        sent: how much of it.
        kept: the bytes of it where that is "half"; None for half of them.
    """

    answer: Answer
    sent: Sent = "whole"
    kept: int | None = None


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Listens on this machine only.

    Args:
        port: 0 for a free one.
        serve: makes the reply to a request.
    """

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, port: int, serve: Callable[[Request], Reply]) -> None:
        super().__init__(("127.0.0.1", port), _Connection)
        self.serve = serve
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._ending = False
        self._thread = threading.Thread(target=self._take, daemon=True)

    def start(self) -> None:
        """Takes connections from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Closes everything."""
        self._ending = True
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.server_address[1])):
            self._thread.join()  # it waits for a connection
        self.server_close()
        with self._lock:
            left = list(self._open)
        for connection in left:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _take(self) -> None:
        # not `serve_forever`, which looks twenty times a second whether it shall end: each test would wait for that
        while not self._ending:
            self.handle_request()

    def opened(self, connection: socket.socket) -> None:
        """Notes a connection."""
        with self._lock:
            self._open.add(connection)

    def closed(self, connection: socket.socket) -> None:
        """Forgets a connection."""
        with self._lock:
            self._open.discard(connection)


class _Connection(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True
    server: Server

    def handle(self) -> None:
        self.server.opened(self.connection)
        try:
            while (request := self._read()) is not None:
                reply = self.server.serve(request)
                data = _bytes(reply.answer)
                if reply.sent == "half":
                    data = data[: len(data) // 2 if reply.kept is None else reply.kept]
                if reply.sent != "nothing":
                    self.wfile.write(data)
                if reply.sent != "whole" or request.header("connection").lower() == "close":
                    return
        except OSError:
            pass  # the client went away
        finally:
            self.server.closed(self.connection)

    def _read(self) -> Request | None:
        first = self.rfile.readline(_LONGEST_LINE).decode("latin-1").split()
        if len(first) != 3:
            return None
        headers: dict[str, str] = {}
        while (line := self.rfile.readline(_LONGEST_LINE)) not in (b"\r\n", b"\n", b""):
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.strip().lower()] = value.strip()
        length = headers.get("content-length", "0")
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return Request(first[0], first[1], headers, self._chunks())
        body = self.rfile.read(int(length)) if length.isdecimal() else b""
        return Request(first[0], first[1], headers, body)

    def _chunks(self) -> bytes:
        parts: list[bytes] = []
        while size := int(self.rfile.readline(_LONGEST_LINE).partition(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline(_LONGEST_LINE)
        self.rfile.readline(_LONGEST_LINE)
        return b"".join(parts)


def _bytes(answer: Answer) -> bytes:
    lines = [f"HTTP/1.1 {answer.status} {responses.get(answer.status, 'Status')}"]
    if answer.status not in (204, 304):
        lines.append(f"content-length: {len(answer.body)}")
        if "content-type" not in answer.headers:
            lines.append("content-type: application/json")
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    head = "\r\n".join(lines) + "\r\n\r\n"
    return head.encode() + (answer.body if answer.status not in (204, 304) else b"")

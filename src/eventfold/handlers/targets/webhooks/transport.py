"""How a webhook is connected: to an address that was checked, and within one limit of time over every byte."""

import selectors
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore

from eventfold.handlers.targets.connecting import Deadline, connect


class Backend(httpcore.NetworkBackend):
    """Connects for a pool; the connections are shared by threads, each with a deadline of its own.

    Args:
        check: raises for an address that is not to be connected to.
    """

    def __init__(self, check: Callable[[str], None]) -> None:
        self._check = check
        self._of_thread = threading.local()

    @contextmanager
    def until(self, deadline: Deadline) -> Iterator[None]:
        """What this thread does inside has to be over by then."""
        before = getattr(self._of_thread, "deadline", None)
        self._of_thread.deadline = deadline
        self._of_thread.connected = False
        try:
            yield
        finally:
            self._of_thread.deadline = before

    @property
    def connected(self) -> bool:
        """Whether this thread made a connection since its deadline was set."""
        return bool(self._of_thread.connected)

    def left(self) -> float:
        """Seconds of this thread; TimeoutError where none is left."""
        deadline: Deadline = self._of_thread.deadline
        return deadline.left()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the deadline rules
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        """As the pool asks for it."""
        self._of_thread.connected = True
        with _mapped(httpcore.ConnectTimeout, httpcore.ConnectError):
            return Stream(connect(host, port, self._of_thread.deadline, self._check), self.left)


class Stream(httpcore.NetworkStream):
    """One connection.

    Args:
        sock: connected.
        left: the seconds that the thread which uses it now still has.
    """

    def __init__(self, sock: socket.socket, left: Callable[[], float]) -> None:
        self._sock = sock
        self._left = left

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        """What came, at most so much."""
        with _mapped(httpcore.ReadTimeout, httpcore.ReadError):
            self._sock.settimeout(self._left())
            return self._sock.recv(max_bytes)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        """Sends all of it."""
        with _mapped(httpcore.WriteTimeout, httpcore.WriteError):
            rest = memoryview(buffer)
            while rest:
                self._sock.settimeout(self._left())
                rest = rest[self._sock.send(rest) :]

    def close(self) -> None:
        """Ends the connection."""
        self._sock.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        """The same connection, encrypted, to the holder of a certificate for that name."""
        with _mapped(httpcore.ConnectTimeout, httpcore.ConnectError):
            try:
                self._sock.settimeout(self._left())
                return Stream(
                    ssl_context.wrap_socket(self._sock, server_hostname=server_hostname), self._left
                )
            except BaseException:
                self.close()
                raise

    def get_extra_info(self, info: str) -> Any:
        """What the pool asks: whether something came unasked, which is an end or a mistake."""
        return _readable(self._sock) if info == "is_readable" else None


def _readable(sock: socket.socket) -> bool:
    if sock.fileno() < 0:
        return True
    with selectors.DefaultSelector() as selector:
        selector.register(sock, selectors.EVENT_READ)
        return bool(selector.select(0))


@contextmanager
def _mapped(timeout: type[Exception], failure: type[Exception]) -> Iterator[None]:
    """Errors of sockets become those that the pool knows what to do about."""
    try:
        yield
    except TimeoutError as error:
        raise timeout(error) from error
    except OSError as error:
        raise failure(error) from error

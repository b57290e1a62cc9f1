"""How a webhook is connected: to an address that was checked, and within one limit of time over every byte.

Connections are kept for the next effect. Each is used by one thread at a time, so that none waits for another; the pool
of httpcore looks at all of its connections at every request.
"""

import select
import socket
import ssl
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore

from eventfold.handlers.targets.connecting import Deadline, connect

IDLE = 64  # connections that are kept
IDLE_SECONDS = 15.0


class Connection:
    """One connection to the one server of a webhook.

    Attributes:
        http: speaks HTTP over it.
        deadline: of what is done with it now.
        kept: whether it was used before.
    """

    def __init__(
        self, origin: httpcore.Origin, context: ssl.SSLContext | None, check: Callable[[str], None]
    ) -> None:
        self.deadline = Deadline(0)
        self.kept = False
        self.check = check
        self.http = httpcore.HTTPConnection(
            origin, context, keepalive_expiry=IDLE_SECONDS, network_backend=_Backend(self)
        )


class Connections:
    """The connections of a webhook.

    Args:
        origin: the server.
        context: what its certificate is checked with.
        check: raises for an address that is not to be connected to.
    """

    def __init__(
        self, origin: httpcore.Origin, context: ssl.SSLContext | None, check: Callable[[str], None]
    ) -> None:
        self._given = origin, context, check
        self._idle: deque[Connection] = deque()
        self._closings = 0

    @contextmanager
    def one(self, deadline: Deadline, *, fresh: bool = False) -> Iterator[Connection]:
        """A connection that nobody else uses; kept afterwards, where it can be.

        Args:
            deadline: of what is done with it.
            fresh: whether it has to be a new one.
        """
        closings = self._closings
        found = (None if fresh else self._kept()) or Connection(*self._given)
        found.deadline = deadline
        try:
            yield found
        finally:
            if found.http.is_available() and closings == self._closings and len(self._idle) < IDLE:
                found.kept = True
                self._idle.append(found)
            else:
                found.http.close()

    def close(self) -> None:
        """Ends those that were kept; one that is in use ends with its use."""
        self._closings += 1
        while self._idle:
            self._idle.pop().http.close()

    def _kept(self) -> Connection | None:
        while self._idle:
            try:
                found = self._idle.pop()  # the last one, so that those too many grow old
            except IndexError:  # another thread was quicker
                return None
            if found.http.is_available() and not found.http.has_expired():
                return found
            found.http.close()
        return None


class _Backend(httpcore.NetworkBackend):
    def __init__(self, owner: Connection) -> None:
        self._owner = owner

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the deadline rules
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        with _mapped(httpcore.ConnectTimeout, httpcore.ConnectError):
            return _Stream(connect(host, port, self._owner.deadline, self._owner.check), self._owner)


class _Stream(httpcore.NetworkStream):
    def __init__(self, sock: socket.socket, owner: Connection) -> None:
        self._sock = sock
        self._owner = owner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        with _mapped(httpcore.ReadTimeout, httpcore.ReadError):
            return self._ready().recv(max_bytes)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        with _mapped(httpcore.WriteTimeout, httpcore.WriteError):
            rest = memoryview(buffer)
            while rest:
                rest = rest[self._ready().send(rest) :]

    def close(self) -> None:
        self._sock.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        with _mapped(httpcore.ConnectTimeout, httpcore.ConnectError):
            try:
                encrypted = ssl_context.wrap_socket(self._ready(), server_hostname=server_hostname)
            except BaseException:
                self.close()
                raise
            return _Stream(encrypted, self._owner)

    def get_extra_info(self, info: str) -> Any:
        """Whether something came unasked, which is an end or a mistake, is all that is asked of it."""
        return _readable(self._sock) if info == "is_readable" else None

    def _ready(self) -> socket.socket:
        """The connection, which waits until the deadline and no longer: its own limit would begin anew each time."""
        self._sock.settimeout(self._owner.deadline.left())
        return self._sock


def _readable(sock: socket.socket) -> bool:
    if sock.fileno() < 0:
        return True
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        return bool(poll.poll(0))
    return bool(select.select([sock], [], [], 0)[0])


@contextmanager
def _mapped(timeout: type[Exception], failure: type[Exception]) -> Iterator[None]:
    """Errors of sockets become those that httpcore knows what to do about."""
    try:
        yield
    except TimeoutError as error:
        raise timeout(error) from error
    except OSError as error:
        raise failure(error) from error

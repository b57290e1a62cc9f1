"""Connections that end in time: one limit over name, connection, encryption and talk, however slowly each goes on.

Time-outs of sockets begin anew with each byte, and looking up a name has none at all.
"""

import socket
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from eventfold.errors import ConfigInvalid

if TYPE_CHECKING:
    import ssl

_Found = list[tuple[int, str]] | Exception


class Deadline:
    """When something has to be over.

    Args:
        seconds: from now on.
    """

    __slots__ = ("_at", "seconds")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._at = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds, more than 0.

        Raises:
            TimeoutError: it is over.
        """
        left = self._at - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"no answer within {self.seconds:g} s")
        return left

    @property
    def over(self) -> bool:
        """Whether no time is left."""
        return time.monotonic() >= self._at

    def sooner(self, seconds: float) -> "Deadline":
        """The one that comes first: this one, or one some seconds from now."""
        return Deadline(min(seconds, self.left()))


def trusting(ca_file: str | None) -> "ssl.SSLContext":
    """What certificates are checked with: the authorities of this machine, or those of a file.

    Raises:
        ConfigInvalid: the file has none.
    """
    import ssl

    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ValueError, TypeError):  # SSLError is an OSError
        raise ConfigInvalid(
            f"{ca_file!r:.200} has no certificates of authorities in PEM form.", key="ca_file"
        ) from None


def connect(
    host: str, port: int, deadline: Deadline, check: Callable[[str], None] = lambda _address: None
) -> socket.socket:
    """A connection to one of the addresses of a host; the address that is connected to is the one that was checked.

    Args:
        host: a name or an address.
        port: of TCP.
        deadline: of all of it.
        check: raises for an address that is not to be connected to; others of the host are tried before it is told.

    Raises:
        OSError: nobody is there; TimeoutError where the time was over.
    """
    addresses = _resolved(host, port, deadline)
    refused: Exception | None = None
    failed: OSError | None = None
    for n, (family, address) in enumerate(addresses):
        try:
            check(address)
        except Exception as error:  # noqa: BLE001 - it is raised below, if no other address will do
            refused = error
            continue
        found = socket.socket(family, socket.SOCK_STREAM)
        try:
            found.settimeout(
                deadline.left() / (len(addresses) - n)
            )  # one that is silent leaves time for the next
            found.connect((address, port))
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            found.close()
            failed = error
            continue
        return found
    deadline.left()
    raise failed or refused or OSError("the name has no address")


def _resolved(host: str, port: int, deadline: Deadline) -> list[tuple[int, str]]:
    """The addresses of a host, each with its family.

    The thread is left behind where the name servers are silent: it ends when they are given up, and holds up no exit.
    """
    answers: SimpleQueue[_Found] = SimpleQueue()
    asking = threading.Thread(target=_ask, args=(host, port, answers), name="eventfold-name", daemon=True)
    asking.start()
    try:
        found = answers.get(timeout=deadline.left())
    except Empty:
        raise TimeoutError("no name server answered in time") from None
    if isinstance(found, Exception):
        raise found
    return found


def _ask(host: str, port: int, answers: "SimpleQueue[_Found]") -> None:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        answers.put(OSError(f"the name cannot be looked up: {error.strerror or 'no answer'}"))
    except Exception as error:  # noqa: BLE001 - such as a name that cannot be encoded; it must not end in a thread
        answers.put(OSError(f"the name cannot be looked up: {type(error).__name__}"))
    else:
        answers.put([(family, str(place[0])) for family, _, _, _, place in found])

"""A conversation with a mail server that ends in time, and holds no more than a server may say."""

import smtplib
import socket
from contextlib import suppress
from typing import Any

from eventfold.handlers.targets.connecting import Deadline

SAID = 256 * 1024
"""Bytes that a server may say in one conversation."""


class Conversation(smtplib.SMTP):
    """As `smtplib` has it, over a connection that is there, and with one deadline over all of it.

    Args:
        sock: connected; closed with the conversation.
        host: whose certificate is asked for.
        deadline: of all of it.
    """

    def __init__(self, sock: socket.socket, host: str, deadline: Deadline) -> None:
        super().__init__(local_hostname=_own_name(sock))  # else it would look its own name up
        self.sock = sock
        self._host = host
        self._deadline = deadline
        self._left = SAID

    def send(self, s: Any) -> None:
        """Sends all of it, however slowly it is taken, until the deadline."""
        data = s.encode(self.command_encoding) if isinstance(s, str) else s
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[self._ready().send(rest) :]
        except OSError as error:
            self.close()
            raise smtplib.SMTPServerDisconnected(str(error)) from error

    def getreply(self) -> tuple[int, bytes]:
        """What the server answers."""
        if self.file is None:
            self.file = _Lines(self)
        return super().getreply()

    def receive(self) -> bytes:
        """The next bytes.

        Raises:
            OSError: there will be none in time, or were too many.
        """
        found = self._ready().recv(8192)
        self._left -= len(found)
        if self._left < 0:
            raise OSError("it says more than anybody needs to")
        return found

    def _ready(self) -> socket.socket:
        """The connection, which waits until the deadline and no longer."""
        if self.sock is None:
            raise OSError("the conversation is over")
        self.sock.settimeout(self._deadline.left())
        return self.sock

    def leave(self) -> None:
        """Says so, and waits for no answer."""
        with suppress(OSError, smtplib.SMTPException):
            self.putcmd("quit")
        self.close()


class _Lines:
    """The lines of a server; what came in before encryption began is not kept for after it."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._held = b""

    def readline(self, most: int) -> bytes:
        while b"\n" not in self._held and len(self._held) < most:
            more = self._conversation.receive()
            if not more:
                break
            self._held += more
        end = self._held.find(b"\n") + 1 or len(self._held)
        line, self._held = self._held[: min(end, most)], self._held[min(end, most) :]
        return line

    def close(self) -> None:
        self._held = b""


def _own_name(sock: socket.socket) -> str:
    name = socket.gethostname()
    if "." in name and name.isascii():
        return name
    address = str(sock.getsockname()[0])
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"

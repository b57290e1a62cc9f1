"""A receiver on a loopback port, served by waitress: bounded in bodies, headers, connections and threads."""

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from eventfold import limits
from eventfold.doors.http.problems import refusal
from eventfold.doors.http.receiver import Receiver
from eventfold.errors import ConfigInvalid
from eventfold.extras import needing
from eventfold.store.port import Store

HOST = "127.0.0.1"
HEADER_BYTES = 32 * 1024
"""All headers of a request together."""
CONNECTIONS, THREADS = 100, 8
IDLE, LOOK = 10, 2
"""Seconds after which a connection that says nothing is closed, as where its client is gone; and between two looks."""
_LEAVE = 5.0
_TURN = 0.25
_READ = 1024 * 1024
"""Bytes of a body that is too large which are read, so that its sender can hear why; beyond, it is cut off."""
_CODES = {413: "body-too-large", 431: "headers-too-large"}


@contextmanager
def receiving(store: Store, source: str, *, port: int = 0, secrets: Sequence[str] = ()) -> Iterator[str]:
    """Takes public events of others on this machine while the context is open; gives the URL to send them to.

    Only this machine reaches it: a proxy in front of it brings TLS and whoever is outside.

    Args:
        store: the log.
        source: the name of those who send, as `consume` names it.
        port: 0 = any that is free.
        secrets: of signatures (Standard Webhooks), any of which will do.

    Raises:
        ConfigInvalid: the port is taken, or a secret is none.
        DefinitionError: no name of a source.
        ExtraMissing: the package that serves it is not installed.
    """
    with needing("Receiving over HTTP", "handlers"):
        from waitress import create_server
        from waitress.channel import HTTPChannel
        from waitress.task import ErrorTask

    class Refusing(ErrorTask):  # type: ignore[misc] # waitress ships no types
        """What cannot be read as a request is told as all else."""

        def execute(self) -> None:
            found = self.request.error
            code = _CODES.get(found.code, "request-invalid")
            answer = refusal(found.code, code, f"{found.reason}.")
            self.status = answer.line
            self.response_headers.extend(answer.headers)
            self.set_close_on_finish()
            self.content_length = len(answer.body)
            self.write(answer.body)

    class Channel(HTTPChannel):  # type: ignore[misc] # waitress ships no types
        """A connection."""

        error_task_class = Refusing

    receiver = Receiver(store, source, secrets)
    listening = _listening(port)
    sockets: dict[int, Any] = {}
    server = create_server(
        receiver,
        map=sockets,
        sockets=[listening],
        threads=THREADS,
        connection_limit=CONNECTIONS,
        channel_timeout=IDLE,
        cleanup_interval=LOOK,
        max_request_header_size=HEADER_BYTES,
        max_request_body_size=limits.BODY_BYTES + _READ,
        ident=None,
    )
    server.channel_class = Channel
    stop = threading.Event()
    thread = threading.Thread(target=_serve, args=(server, sockets, stop), name="receiver", daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.effective_port}/{source}"
    finally:
        stop.set()
        thread.join()


def _listening(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        raise ConfigInvalid(f"Port {port} cannot be used: {error.strerror}.", key="port") from None


def _serve(server: Any, sockets: dict[int, Any], stop: threading.Event) -> None:
    """Until it is stopped; then what is being taken is taken, and told."""
    while not stop.is_set():
        server.asyncore.loop(timeout=_TURN, map=sockets, count=1)
    server.accepting = False
    server.task_dispatcher.shutdown(timeout=_LEAVE)
    until = time.monotonic() + 1
    while time.monotonic() < until and any(channel.total_outbufs_len for channel in _channels(server)):
        server.asyncore.loop(timeout=_TURN, map=sockets, count=1)
    server.asyncore.close_all(sockets)


def _channels(server: Any) -> list[Any]:
    return list(server.active_channels.values())

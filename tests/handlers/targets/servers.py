"""Servers on this machine that answer as they are told, or never."""

import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class Request(NamedTuple):
    """A request as it came."""

    line: str
    headers: dict[str, str]
    body: bytes


Script = Callable[["Server", socket.socket], None]


class Server:
    """Takes connections, and plays its script on each, in a thread of its own.

    Attributes:
        requests: those that were read.
        connections: how many there were.
        over: set when the test is at its end: whoever hangs waits for it.
    """

    def __init__(self, script: Script, context: ssl.SSLContext | None = None) -> None:
        self.script = script
        self.requests: list[Request] = []
        self.connections = 0
        self.over = threading.Event()
        self.names: list[str | None] = []
        self._context = context
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._taken: list[socket.socket] = []
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()

    @property
    def port(self) -> int:
        return int(self._listening.getsockname()[1])

    def close(self) -> None:
        self.over.set()
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._accepting.join()
        for sock in self._taken:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def read(self, sock: socket.socket) -> Request | None:
        """The next request; None where the other side has ended."""
        held = b""
        while b"\r\n\r\n" not in held:
            more = sock.recv(65536)
            if not more:
                return None
            held += more
        head, _, body = held.partition(b"\r\n\r\n")
        line, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in lines)}
        while len(body) < int(headers.get("content-length", 0)):
            more = sock.recv(65536)
            if not more:  # it has hung up in the middle; to wait for the rest would never end
                return None
            body += more
        request = Request(line, headers, body)
        self.requests.append(request)
        return request

    def drip(self, sock: socket.socket, part: bytes, pause: float = 0.02) -> None:
        """The same bytes again and again, until the other side has had enough."""
        with suppress(OSError):
            while not self.over.wait(pause):
                sock.sendall(part)

    def _accept(self) -> None:
        while not self.over.is_set():
            try:
                sock, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            self._taken.append(sock)
            thread = threading.Thread(target=self._play, args=(sock,))
            self._threads.append(thread)
            thread.start()

    def _play(self, sock: socket.socket) -> None:
        with suppress(OSError), sock:
            if self._context is None:
                self.script(self, sock)
                return
            with self._context.wrap_socket(sock, server_side=True) as encrypted:
                self._taken.append(encrypted)
                self.script(self, encrypted)


@contextmanager
def serving(script: Script, context: ssl.SSLContext | None = None) -> Iterator[Server]:
    """A server for the time of a test."""
    server = Server(script, context)
    try:
        yield server
    finally:
        server.close()


def answering(*answers: bytes) -> Script:
    """Reads requests and gives these answers in turn, the last one from then on."""

    def play(server: Server, sock: socket.socket) -> None:
        while server.read(sock) is not None:
            sock.sendall(answers[min(len(server.requests), len(answers)) - 1])

    return play


def status(code: int, *headers: str, body: bytes = b"") -> bytes:
    """An answer of HTTP."""
    head = [f"HTTP/1.1 {code} Told", *headers, f"Content-Length: {len(body)}"]
    return "\r\n".join([*head, "", ""]).encode() + body


def hanging(server: Server, sock: socket.socket) -> None:
    """Takes a connection and says nothing."""
    server.over.wait()


class Certificate(NamedTuple):
    """A certificate that its own authority has signed: what a client trusts, and what a server shows."""

    ca_file: str
    server: ssl.SSLContext


def certificate(folder: Path, name: str = "localhost") -> Certificate:
    """One for a name, and for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    names = [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / f"{name}.pem", folder / f"{name}-key.pem"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return Certificate(str(public), context)


def here(server: Server, scheme: str = "http") -> str:
    return f"{scheme}://127.0.0.1:{server.port}/hooks"


def reading(then: Callable[[Server, socket.socket], None]) -> Script:
    """Reads a request first."""

    def play(server: Server, sock: socket.socket) -> None:
        server.read(sock)
        then(server, sock)

    return play

"""A webhook at an enemy: slow, endless, nonsense, or a door into the own network. Each ends in time, typed."""

import socket
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventfold.errors import EffectRefused, EventfoldError, TargetForbidden, TargetUnavailable
from eventfold.handlers.targets.webhooks import webhook
from eventfold.handlers.targets.webhooks.addresses import why_forbidden
from eventfold.handlers.targets.webhooks.webhook import READ_BYTES, Webhook
from tests.handlers.targets.making import message
from tests.handlers.targets.servers import (
    ANSWER,
    Script,
    Server,
    answering,
    certificate,
    hanging,
    here,
    reading,
    serving,
    status,
)

SHORT = 0.3  # seconds that a test waits for who never answers


def send(url: str, payload: Any = 1, **options: Any) -> None:
    with closing(Webhook(url, **{"timeout": 5.0, **options})) as target:
        target.send(payload, message())


def dripping(begin: bytes, part: bytes) -> Script:
    def play(server: Server, sock: socket.socket) -> None:
        sock.sendall(begin)
        server.drip(sock, part)

    return reading(play)


def flooding(begin: bytes, part: bytes) -> Script:
    def play(server: Server, sock: socket.socket) -> None:
        sock.sendall(begin)
        server.drip(sock, part * (65536 // len(part)), 0)

    return reading(play)


OK = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
SLOW = {
    "takes the connection and is silent": hanging,
    "reads and is silent": reading(hanging),
    "drips the first line": dripping(b"HTTP/1.1 20", b"0"),
    "drips a header": dripping(b"HTTP/1.1 200 OK\r\nX-A: ", b"a"),
    "goes on with 100": dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "goes on with 100 at full speed": flooding(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}


@pytest.mark.parametrize("how", SLOW)
def test_who_gives_no_whole_answer_in_time_is_unavailable(how: str) -> None:
    with serving(SLOW[how]) as server, pytest.raises(TargetUnavailable, match=r"within 0\.3 s") as caught:
        send(here(server), allow_private=True, timeout=SHORT)
    assert caught.value.facts["retry_after"] is None


def test_who_does_not_read_is_unavailable() -> None:
    with serving(hanging) as server, pytest.raises(TargetUnavailable, match="within"):
        send(here(server), "x" * 32_000_000, allow_private=True, timeout=SHORT)


def test_who_hangs_while_encryption_begins_is_unavailable(tmp_path: Path) -> None:
    ca_file = certificate(tmp_path).ca_file
    with serving(hanging) as server, pytest.raises(TargetUnavailable, match="within"):
        send(here(server, "https"), allow_private=True, timeout=SHORT, ca_file=ca_file)


def test_a_name_server_that_is_silent_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answering(ANSWER)) as server:
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_given, **_named: server.over.wait() and [])
        with pytest.raises(TargetUnavailable, match="within"):
            send("https://example.org/", timeout=SHORT)


NONSENSE = {
    "ends at once": lambda _server, _sock: None,
    "ends after the request": reading(lambda _server, _sock: None),
    "is no server of HTTP": reading(lambda _server, sock: sock.sendall(b"SSH-2.0-OpenSSH_9\r\n\r\n")),
    "ends inside a header": reading(lambda _server, sock: sock.sendall(b"HTTP/1.1 200 OK\r\nX-A: b")),
    "says a status of letters": reading(lambda _server, sock: sock.sendall(b"HTTP/1.1 abc OK\r\n\r\n")),
    "has a header of 1 MB": reading(
        lambda _server, sock: sock.sendall(b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 1_000_000)
    ),
    "has headers without end": flooding(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"),
    "speaks another protocol now": reading(
        lambda _server, sock: sock.sendall(b"HTTP/1.1 101 Now\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")
    ),
}  # fmt: skip


@pytest.mark.parametrize("how", NONSENSE)
def test_who_talks_nonsense_is_unavailable(how: str) -> None:
    with serving(NONSENSE[how]) as server, pytest.raises(TargetUnavailable) as caught:
        send(here(server), allow_private=True)
    assert len(str(caught.value)) < 400


def test_nobody_there_is_unavailable() -> None:
    with serving(hanging) as server:
        url = here(server)
    with pytest.raises(TargetUnavailable, match="gave no answer"):
        send(url, allow_private=True)
    with pytest.raises(TargetUnavailable, match="looked up"):
        send("https://no-such-host.invalid/")


LONG = b"x" * 2_000_000
GZIP = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 20\r\n\r\n" + b"\x1f\x8b" + b"\0" * 18
HARMLESS = {
    "a body of 2 MB": answering(status(200, body=LONG)),
    "a header of 64 KiB": answering(status(200, "X-A: " + "a" * 65_000)),
    "a body that never ends": flooding(OK, b"5\r\nhello\r\n"),
    "a body that drips": dripping(OK, b"1\r\nx\r\n"),
    "a body that stops": dripping(OK, b""),
    "a body that ends early": reading(lambda _s, sock: sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx")),
    "a body of wrong chunks": reading(lambda _s, sock: sock.sendall(OK + b"zz\r\n")),
    "a body that is packed": answering(GZIP),
    "cookies": answering(status(200, *["Set-Cookie: a=b"] * 100)),
}  # fmt: skip


@pytest.mark.parametrize("what", HARMLESS)
def test_an_effect_that_was_taken_stays_taken_whatever_comes_behind_the_status(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "BODY_SECONDS", SHORT)
    with serving(HARMLESS[what]) as server:
        with closing(Webhook(here(server), allow_private=True, timeout=600)) as target:
            target.send(1, message())
            target.send(2, message())
        assert [request.body for request in server.requests] == [b"1", b"2"]
        assert all("cookie" not in request.headers for request in server.requests)


def test_no_more_of_a_body_is_taken_than_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "BODY_SECONDS", 600)
    sent = 0

    def pour(_server: Server, sock: socket.socket) -> None:
        nonlocal sent
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
        for _ in range(100):
            sock.sendall(bytes(1_000_000))
            sent += 1_000_000

    with serving(reading(pour)) as server:
        send(here(server), allow_private=True, timeout=600)
    assert sent < 50_000_000


@pytest.mark.parametrize("code", [404, 503])
def test_a_refusal_with_an_endless_body_is_a_short_sentence(code: int) -> None:
    endless = OK.replace(b"200", str(code).encode())
    with serving(flooding(endless, b"5\r\nhello\r\n")) as server, pytest.raises(EventfoldError) as caught:
        send(here(server), allow_private=True)
    assert isinstance(caught.value, EffectRefused if code == 404 else TargetUnavailable)
    assert len(str(caught.value)) < 300
    assert len(LONG) > READ_BYTES


def test_a_redirect_is_not_followed_not_to_a_private_address_either() -> None:
    with serving(answering(ANSWER)) as inside:
        there = status(307, f"Location: {here(inside)}")
        with serving(answering(there)) as server, pytest.raises(TargetUnavailable, match="redirects"):
            send(here(server), allow_private=True)
        assert inside.connections == 0


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answering(ANSWER)) as proxy, serving(answering(ANSWER)) as server:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, here(proxy))
        monkeypatch.delenv("no_proxy", raising=False)  # tests/conftest.py sets it
        send(here(server), allow_private=True)
        assert (proxy.connections, server.connections) == (0, 1)


# Addresses


FORBIDDEN = [
    "127.0.0.1", "127.255.255.254", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1",
    "169.254.169.254", "100.100.100.200", "168.63.129.16", "192.0.0.192", "0.0.0.0", "0.1.2.3", "224.0.0.1",
    "239.1.1.1", "240.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.2.1", "198.51.100.1", "203.0.113.1",
    "::1", "::", "::7f00:1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1", "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "fd00:ec2::254", "fec0::1",
    "ff02::1", "2001:db8::1", "2001::1", "2002:7f00:1::", "3fff::1", "100::1", "4000::1",
]  # fmt: skip
ALLOWED = [
    "8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450::1", "64:ff9b::808:808",
    "::ffff:8.8.8.8",
]  # fmt: skip
PRIVATE = ["127.0.0.1", "10.0.0.1", "192.168.1.1", "::1", "fd12::1", "::ffff:127.0.0.1", "100.64.0.1"]
NEVER = [
    "169.254.169.254", "168.63.129.16", "100.100.100.200", "fd00:ec2::254", "::ffff:169.254.169.254", "fe80::1",
    "224.0.0.1", "0.0.0.0", "::",
]  # fmt: skip


@pytest.mark.parametrize("address", FORBIDDEN)
def test_no_webhook_goes_there(address: str) -> None:
    assert why_forbidden(address)


@pytest.mark.parametrize("address", ALLOWED)
def test_webhooks_go_to_the_internet(address: str) -> None:
    assert why_forbidden(address) is None


def test_private_addresses_may_be_allowed_and_those_of_credentials_never() -> None:
    assert [address for address in PRIVATE if why_forbidden(address, allow_private=True)] == []
    assert [address for address in NEVER if not why_forbidden(address, allow_private=True)] == []


@given(st.ip_addresses(v=4))
def test_an_address_is_judged_alike_in_all_its_forms(address: Any) -> None:
    mapped = f"::ffff:{address}"
    translated = f"64:ff9b::{int(address) >> 16:x}:{int(address) & 0xFFFF:x}"
    assert why_forbidden(str(address)) == why_forbidden(mapped) == why_forbidden(translated)


URLS = [
    "https://127.0.0.1/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://169.254.169.254/latest/meta-data",
    "https://localhost/", "https://127.1/", "https://2130706433/", "https://0x7f.0.0.1/", "https://0177.0.0.1/",
    "https://0/", "http://example.org/", "file:///etc/passwd", "gopher://example.org/", "ftp://example.org/", "data:,x",
]  # fmt: skip


@pytest.mark.parametrize("url", URLS)
def test_a_url_that_leads_inside_is_forbidden(url: str) -> None:
    with pytest.raises(TargetForbidden) as caught:
        send(url)
    assert caught.value.code == "target-forbidden"
    assert caught.value.status == 400


class Names:
    """Name servers that say what a test wants; and connections, which are noted and lead to a server of the test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> None:
        self.asked = 0
        self.connected: list[str] = []
        self._answers = answers
        self.leads_to: Any = None
        monkeypatch.setattr(socket, "getaddrinfo", self._ask)
        monkeypatch.setattr(socket.socket, "connect", self._connecting())

    def _ask(self, _host: str, port: int, **_named: Any) -> list[Any]:
        found = self._answers[min(self.asked, len(self._answers) - 1)]
        self.asked += 1
        return [
            (socket.AF_INET6 if ":" in each else socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port))
            for each in found
        ]

    def _connecting(self) -> Callable[[socket.socket, Any], None]:
        def connect(sock: socket.socket, address: Any) -> None:
            self.connected.append(address[0])
            if self.leads_to is None:
                raise ConnectionRefusedError("nobody is there")
            socket.SocketType.connect(sock, self.leads_to)

        return connect


def test_a_name_that_leads_to_this_machine_is_not_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    names = Names(monkeypatch, ["127.0.0.1"])
    with pytest.raises(TargetForbidden, match=r"127\.0\.0\.1") as caught:
        send("https://hooks.example.org/secret-path")
    assert names.connected == []
    assert caught.value.facts["target"] == "https://hooks.example.org/..."


def test_of_the_addresses_of_a_name_only_public_ones_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    names = Names(monkeypatch, ["10.0.0.1", "93.184.215.14", "::ffff:127.0.0.1", "2606:4700::1"])
    with pytest.raises(TargetUnavailable):
        send("https://hooks.example.org/")
    assert names.connected == ["93.184.215.14", "2606:4700::1"]


def test_the_address_that_was_checked_is_the_one_that_is_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name that leads elsewhere when it is asked again is not asked again."""
    names = Names(monkeypatch, ["93.184.215.14"], ["127.0.0.1"])
    with pytest.raises(TargetUnavailable):
        send("https://hooks.example.org/")
    assert (names.asked, names.connected) == (1, ["93.184.215.14"])
    with pytest.raises(TargetForbidden):
        send("https://hooks.example.org/")
    assert names.connected == ["93.184.215.14"]


def test_control_the_name_stands_in_the_certificate_and_the_request(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shown = certificate(tmp_path, "hooks.example.org")
    names = Names(monkeypatch, ["93.184.215.14"])
    with serving(answering(ANSWER), shown.server) as server:
        names.leads_to = ("127.0.0.1", server.port)
        send("https://hooks.example.org/a", ca_file=shown.ca_file)
        assert server.requests[0].headers["host"] == "hooks.example.org"
    assert names.connected == ["93.184.215.14"]

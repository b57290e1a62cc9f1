"""A mail server that is an enemy, or broken: each ends in time with a pause of the target, and blames no event."""

import logging
import socket
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from eventfold.errors import EffectRefused, EventfoldError, TargetUnavailable
from eventfold.handlers.targets.mail.mail import Mail
from eventfold.handlers.targets.mail.smtp import SmtpTarget
from tests.handlers.targets.making import message
from tests.handlers.targets.servers import Script, Server, certificate, hanging, serving

MAIL = Mail(to="ada@example.org", subject="x", text="y" * 1000)
SHORT = 0.4
PASSWORD = "pw-7fQ2mZ81"


def talk(*answers: bytes, then: Callable[[Server, socket.socket], None] | None = None) -> Script:
    """Greets and answers each command in turn, whatever it is; then ends, or goes on as it is told."""

    def play(server: Server, sock: socket.socket) -> None:
        greeting, *rest = answers
        sock.sendall(greeting)
        file = sock.makefile("rb")
        with file, suppress(OSError):
            for answer in rest:
                if not file.readline():
                    return
                sock.sendall(answer)
        if then is not None:
            then(server, sock)

    return play


def endless(part: bytes, pause: float) -> Callable[[Server, socket.socket], None]:
    return lambda server, sock: server.drip(sock, part, pause)


def send(server: Server, encryption: str = "none", timeout: float = 5.0, ca_file: str | None = None) -> None:
    target = SmtpTarget(
        "127.0.0.1", server.port, encryption=encryption, sender="s@example.org", timeout=timeout, ca_file=ca_file  # type: ignore[arg-type] # a word of a test
    )  # fmt: skip
    target.send(MAIL, message())


HELLO, OK = b"220 hello\r\n", b"250 ok\r\n"
SLOW = {
    "is silent": hanging,
    "drips its greeting": talk(b"", then=endless(b"2", 0.02)),
    "greets without end": talk(b"", then=endless(b"220-hello\r\n", 0.02)),
    "is silent after the greeting": talk(HELLO, then=hanging),
    "drips the answer to an address": talk(HELLO, OK, OK, b"250-", then=endless(b"x", 0.02)),
    "is silent after the mail": talk(HELLO, OK, OK, OK, b"354 go\r\n", then=hanging),
}


@pytest.mark.parametrize("how", SLOW)
def test_who_does_not_go_on_in_time_is_unavailable(how: str) -> None:
    with serving(SLOW[how]) as server, pytest.raises(TargetUnavailable, match=r"within 0\.4 s"):
        send(server, timeout=SHORT)


def test_who_does_not_read_is_unavailable() -> None:
    large = Mail(to="ada@example.org", subject="x", text="y" * 6_000_000)
    with serving(talk(HELLO, OK, OK, OK, b"354 go\r\n", then=hanging)) as server:
        target = SmtpTarget("127.0.0.1", server.port, encryption="none", sender="s@example.org", timeout=1.0)
        with pytest.raises(TargetUnavailable, match="within"):
            target.send(large, message())


def test_who_hangs_while_encryption_begins_is_unavailable(tmp_path: Path) -> None:
    ca_file = certificate(tmp_path).ca_file
    with serving(hanging) as server, pytest.raises(TargetUnavailable):
        send(server, "tls", SHORT, ca_file)
    script = talk(HELLO, b"250-hello\r\n250 STARTTLS\r\n", b"220 go\r\n", then=hanging)
    with serving(script) as server, pytest.raises(TargetUnavailable):
        send(server, "starttls", SHORT, ca_file)


NONSENSE = {
    "ends at once": talk(b""),
    "is no mail server": talk(b"SSH-2.0-OpenSSH_9\r\n"),
    "is a web server": talk(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    "greets with 554": talk(b"554 no service\r\n"),
    "greets with 421": talk(b"421 busy\r\n"),
    "has a line of 1 MB": talk(b"220 " + b"x" * 1_000_000),
    "has no end at full speed": talk(b"", then=endless(b"220-hello\r\n" * 5000, 0)),
    "has bytes of no text": talk(b"\xff\xfe\x00\x01\r\n"),
    "ends after the greeting": talk(HELLO),
    "refuses to be greeted": talk(HELLO, b"500 what?\r\n", b"500 what?\r\n"),
    "ends before an address": talk(HELLO, OK, OK),
    "has a line of 1 MB about an address": talk(HELLO, OK, OK, b"550 " + b"x" * 1_000_000),
    "goes on where nothing is to follow": talk(HELLO, OK, OK, b"354 go\r\n"),
    "takes the mail before it comes": talk(HELLO, OK, OK, OK, OK),
    "ends in the middle of the mail": talk(HELLO, OK, OK, OK, b"354 go\r\n"),
}


@pytest.mark.parametrize("how", NONSENSE)
def test_who_talks_nonsense_is_unavailable(how: str) -> None:
    with serving(NONSENSE[how]) as server, pytest.raises(TargetUnavailable) as caught:
        send(server, timeout=600)
    assert len(str(caught.value)) < 400
    assert caught.value.facts["retry_after"] is None


def test_nobody_there_is_unavailable() -> None:
    with serving(hanging) as server:
        port = server.port
    with pytest.raises(TargetUnavailable):
        SmtpTarget("127.0.0.1", port, encryption="none", sender="s@example.org").send(MAIL, message())
    with pytest.raises(TargetUnavailable, match="looked up"):
        SmtpTarget("no-such-host.invalid", sender="s@example.org").send(MAIL, message())


def test_what_was_said_before_encryption_is_forgotten_after_it(tmp_path: Path) -> None:
    """An enemy between the two could else put answers in before the server speaks."""
    shown = certificate(tmp_path)
    early = b"220 go\r\n250 injected\r\n250 injected\r\n250 injected\r\n"

    def encrypt(server: Server, sock: socket.socket) -> None:
        with shown.server.wrap_socket(sock, server_side=True) as encrypted:
            server._taken.append(encrypted)
            server.over.wait()

    script = talk(HELLO, b"250-hello\r\n250 STARTTLS\r\n", early, then=encrypt)
    with serving(script) as server, pytest.raises(TargetUnavailable):
        send(server, "starttls", SHORT, shown.ca_file)


def test_a_server_that_takes_its_offer_of_encryption_back_gets_nothing(tmp_path: Path) -> None:
    ca_file = certificate(tmp_path).ca_file
    script = talk(HELLO, b"250-hello\r\n250 STARTTLS\r\n", b"454 not now\r\n")
    with serving(script) as server, pytest.raises(TargetUnavailable, match="not now"):
        send(server, "starttls", 5, ca_file)
    with serving(talk(HELLO, OK)) as server, pytest.raises(TargetUnavailable, match="STARTTLS"):
        send(server, "starttls", 5, ca_file)


def test_no_error_and_no_log_shows_a_password(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    shown = certificate(tmp_path)

    def repeat(server: Server, sock: socket.socket) -> None:
        sock.sendall(HELLO)
        with sock.makefile("rb") as file:
            for line in file:
                said = line.strip()
                answer = (
                    b"250-hello\r\n250 AUTH PLAIN LOGIN\r\n"
                    if said.startswith(b"ehlo")
                    else b"535 no " + said
                )
                sock.sendall(answer + b"\r\n" if not answer.endswith(b"\n") else answer)

    def greet(server: Server, sock: socket.socket) -> None:
        sock.sendall(f"554 I know {PASSWORD}\r\n".encode())

    texts = []
    for script in (repeat, greet):
        with serving(script, shown.server) as server:
            target = SmtpTarget(
                "localhost",
                server.port,
                encryption="tls",
                user="shop",
                password=PASSWORD,
                sender="s@example.org",
                ca_file=shown.ca_file,
            )
            with pytest.raises(TargetUnavailable) as caught:
                target.send(MAIL, message())
            texts += [*traceback.format_exception(caught.value), repr(target), str(caught.value.as_dict())]
    told = "\n".join([*texts, caplog.text])
    assert "does not let shop in" in told
    assert "I know ***" in told
    for secret in (PASSWORD, "cHctN2ZRMm1aODE", "c2hvcABwdy03ZlEybVo4MQ"):
        assert secret not in told


LINES = ["a\nb", "a\rb", "a\r\nBcc: evil@example.org", "a\x00b", "a\u2028b", "a\x0bb", "a\x85b"]


@pytest.mark.parametrize("text", LINES)
@pytest.mark.parametrize("field", ["to", "cc", "bcc", "subject", "sender", "reply_to"])
def test_a_line_end_in_a_header_is_refused(field: str, text: str) -> None:
    given = {"to": "ada@example.org", "subject": "x", "text": "y"}
    with pytest.raises(EffectRefused):
        Mail(**{**given, field: text if field == "subject" else f"{text} <a@b.example>"})
    with pytest.raises(EffectRefused):
        Mail(**{**given, field: text if field == "subject" else f"a@b.example{text}"})


ADDRESSES = [
    "", " ", "ada", "@example.org", "ada@", "ada@@example.org", "ada@example.org, bob@example.org",
    "ada@example.org bob@example.org", "<ada@example.org> <bob@example.org>", "group: ada@example.org;",
    "ada@example.org>", '"a b"@example.org', "ada@[127.0.0.1]", "ada@exam ple.org", "ada@-example.org",
    "a..b@example.org", "a" * 400 + "@example.org", "\ud800@example.org", "=?utf-8?q?a=0ab?= <ada>",
]  # fmt: skip


@pytest.mark.parametrize("address", ADDRESSES)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(EffectRefused):
        Mail(to=address, subject="x", text="y")


def test_an_encoded_name_cannot_smuggle_a_line_end() -> None:
    for name in ("=?utf-8?q?a=0d=0aBcc:_evil@example.org?=", "=?utf-8?b?YQ0KQmNjOiBl?="):
        with suppress(EventfoldError):
            mail = Mail(to=f"{name} <ada@example.org>", subject=name, text="y")
            lines = (
                mail.written("s@example.org", "<1@example.org>")
                .as_bytes()
                .split(b"\r\n\r\n")[0]
                .split(b"\r\n")
            )
            assert not any(line.lower().startswith((b"bcc", b"e", b"evil")) for line in lines)


@pytest.mark.parametrize(
    "given",
    [
        {"to": []}, {"to": ["a@b.example"] * 101}, {"to": "a@b.example", "bcc": ["a@b.example"] * 100},
        {"subject": "x" * 501}, {"subject": None}, {"text": None},
        {"text": "\ud800"}, {"text": "a\0b"}, {"html": b"x"}, {"html": "\udfff"},
    ],
)  # fmt: skip
def test_a_mail_that_cannot_be_sent_is_refused_where_it_is_made(given: dict[str, Any]) -> None:
    with pytest.raises(EffectRefused):
        Mail(**{"to": "ada@example.org", "subject": "x", "text": "y", **given})


def test_two_mails_are_equal_if_they_say_the_same() -> None:
    assert Mail(to="a@b.example", subject="x", text="y") == Mail(to=["a@b.example"], subject="x", text="y")
    assert Mail(to="b@b.example", subject="x", text="y") != MAIL

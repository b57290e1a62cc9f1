"""No error, no log and no answer of a webhook shows its secrets, also where the server sends them back."""

import logging
import socket
import traceback
from collections.abc import Iterator
from contextlib import closing

import pytest

from eventfold.errors import EffectRefused, EventfoldError
from eventfold.handlers.targets.signing import new_secret
from eventfold.handlers.targets.webhooks.webhook import Webhook
from tests.handlers.targets.making import message
from tests.handlers.targets.servers import (
    ANSWER,
    Script,
    Server,
    answering,
    hanging,
    here,
    reading,
    serving,
    status,
)

PASSWORD, TOKEN, PATH = "pw-4f9Qx7", "tok-8Zk2Lm90", "B024BE7LH-path"
SECRET = new_secret()


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.DEBUG):
        yield caplog


def repeating(code: int) -> Script:
    """Sends back whatever it was sent, as a helpful server does."""

    def play(server: Server, sock: socket.socket) -> None:
        while (request := server.read(sock)) is not None:
            told = "\n".join([f"Cannot {request.line}", *request.headers.values(), PASSWORD])
            sock.sendall(status(code, body=told.encode()))

    return play


TROUBLE: dict[str, Script] = {
    "refused": repeating(422),
    "later": repeating(503),
    "moved": repeating(302),
    "silent": hanging,
    "nonsense": reading(lambda _server, sock: sock.sendall(b"nonsense\r\n\r\n")),
    "ended": lambda _server, _sock: None,
}


@pytest.mark.parametrize("what", TROUBLE)
def test_no_error_and_no_log_shows_a_secret(what: str, logged: pytest.LogCaptureFixture) -> None:
    with serving(TROUBLE[what]) as server:
        url = f"http://me:{PASSWORD}@127.0.0.1:{server.port}/services/{PATH}?token={TOKEN}"
        target = Webhook(
            url, secrets=[SECRET], headers={"X-Api-Key": f"Bearer {TOKEN}"}, allow_private=True, timeout=0.3
        )
        with closing(target), pytest.raises(EventfoldError) as caught:
            target.send(1, message())
        logging.getLogger("test").error("failed", exc_info=caught.value)
        texts = [
            *traceback.format_exception(caught.value),
            repr(target),
            str(caught.value.as_dict()),
            logged.text,
        ]
        for secret in (PASSWORD, TOKEN, PATH, SECRET, SECRET.removeprefix("whsec_")):
            assert secret not in "\n".join(texts)


def test_control_the_server_repeats_them() -> None:
    with (
        serving(repeating(422)) as server,
        closing(
            Webhook(f"{here(server)}/{PATH}", headers={"X-Api-Key": TOKEN}, allow_private=True)
        ) as target,
    ):
        target._secrets = []
        with pytest.raises(EffectRefused, match=PATH):
            target.send(1, message())


def test_control_the_secrets_are_sent(logged: pytest.LogCaptureFixture) -> None:
    with serving(answering(ANSWER)) as server:
        target = Webhook(
            f"http://127.0.0.1:{server.port}/{PATH}", headers={"X-Api-Key": TOKEN}, allow_private=True
        )
        with closing(target):
            target.send(1, message())
        assert (server.requests[0].headers["x-api-key"], PATH in server.requests[0].line) == (TOKEN, True)


@pytest.mark.parametrize(
    "url",
    [
        f"ftp://me:{PASSWORD}@example.org/{TOKEN}",
        f"http://me:{PASSWORD}@example.org/{TOKEN}",
        f"https://me:{PASSWORD}@10.0.0.1/{TOKEN}",
        f"https://me:{PASSWORD}@exa mple.org/{TOKEN}",
        f"https://me:{PASSWORD}@example.org:port/{TOKEN}",
        f"{PASSWORD}{TOKEN}",
    ],
)
def test_a_url_that_is_refused_is_not_repeated(url: str) -> None:
    with pytest.raises(EventfoldError) as caught:
        Webhook(url)
    assert PASSWORD not in str(caught.value.as_dict())
    assert TOKEN not in str(caught.value.as_dict())
    assert PASSWORD not in "".join(traceback.format_exception_only(caught.value))

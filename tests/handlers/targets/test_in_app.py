"""Real targets behind the handlers of an app: what is refused parks its stream, an outage parks none."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

import eventfold as ef
from eventfold.app.live import Live
from tests.handlers.targets.mailserver import mail_server
from tests.handlers.targets.servers import ANSWER, Server, serving, status

TOKEN = "tok-8Zk2Lm90"


class Placed(ef.Event):
    total: int


class Order(ef.Aggregate[Placed]):
    def place(self, total: int) -> None:
        self.raise_event(Placed(total=total))

    def apply(self, event: Placed) -> None: ...


@ef.notify(Placed, to="billing")
def bill(event: Placed, message: ef.Message) -> dict[str, Any]:
    return {"order": message.stream, "total": event.total}


@ef.notify(Placed, to="mail")
def write(event: Placed, message: ef.Message) -> ef.Mail:
    return ef.Mail(to=f"{message.stream}@example.org", subject=str(event.total), text="x")


def place(live: Live, *totals: int) -> None:
    for n, total in enumerate(totals, 1):
        live.repository(Order).execute(f"order-{n}", Order.place, total)


def opened(tmp_path: Path, handler: Any, **targets: Any) -> Live:
    return ef.App("shop", aggregates=[Order], handlers=[handler]).open(
        f"sqlite:///{tmp_path}/shop.db", targets=targets
    )


def refusing(total: int) -> Any:
    """A server that does not take one total, and repeats what it was sent."""

    def play(server: Server, sock: Any) -> None:
        while (request := server.read(sock)) is not None:
            refused = msgspec.json.decode(request.body)["total"] == total
            told = f"no, {request.headers['authorization']}".encode()
            sock.sendall(status(422, body=told) if refused else ANSWER)

    return play


def test_a_refused_webhook_parks_its_stream_and_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(refusing(7)) as server:
        hook = ef.Webhook(
            f"http://127.0.0.1:{server.port}/{TOKEN}",
            headers={"Authorization": f"Bearer {TOKEN}"},
            allow_private=True,
        )
        with opened(tmp_path, bill, billing=hook) as live:
            place(live, *range(1, 21))
            (done,) = live.handle().handlers
            assert done.parked == 1
        taken = [msgspec.json.decode(request.body)["total"] for request in server.requests]
        assert taken.count(7) == bill.attempts
        assert sorted(taken) == sorted([*range(1, 21), *[7] * (bill.attempts - 1)])
        keys = {r.headers["idempotency-key"] for r in server.requests if b'"total":7' in r.body}
        assert len(keys) == 1
    assert "order-7/1 is parked" in caplog.text
    assert "answered 422" in caplog.text
    assert ": no, Bearer ***." in caplog.text
    assert TOKEN not in caplog.text


@pytest.mark.parametrize("code", [500, 429, 302])
def test_an_outage_parks_nobody_and_ends_with_everything_taken(tmp_path: Path, code: int) -> None:
    down = True

    def play(server: Server, sock: Any) -> None:
        while server.read(sock) is not None:
            sock.sendall(status(code, "Retry-After: 0") if down else ANSWER)

    with serving(play) as server:
        url = f"http://127.0.0.1:{server.port}/"
        with opened(tmp_path, bill, billing=ef.Webhook(url, allow_private=True)) as live:
            place(live, *range(1, 11))
            (done,) = live.handle(timeout=0.2).handlers
            assert (done.events, done.parked) == (0, 0)
            down = False
            server.requests.clear()
            (done,) = live.handle().handlers
            assert (done.events, done.parked) == (10, 0)
        assert sorted(msgspec.json.decode(r.body)["total"] for r in server.requests) == list(range(1, 11))


def test_a_refused_address_parks_its_stream_and_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with mail_server() as server:
        server.answers = {"order-2@example.org": "550 5.1.1 nobody here"}
        url = f"smtp://127.0.0.1:{server.port}?starttls=no&sender=shop@example.org"
        with opened(tmp_path, write, mail=url) as live:
            place(live, 1, 2, 3)
            (done,) = live.handle().handlers
            assert (done.events, done.parked) == (2, 1)
            assert "order-2/1 is parked" in caplog.text
            assert "550: 5.1.1 nobody here" in caplog.text
        assert sorted(got.mail["Subject"] for got in server.mails) == ["1", "3"]

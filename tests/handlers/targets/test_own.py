"""What users give: targets that hang, raise or have no rate, numbers that JSON does not have, URLs that are none."""

import logging
import math
import threading
from pathlib import Path
from typing import Any

import pytest

import eventfold as ef
from eventfold.errors import ConfigInvalid, EffectRefused, EventfoldError, TargetForbidden, UnsupportedUrl
from eventfold.handlers.declaring.message import Message
from eventfold.handlers.targets.closing import close_all
from eventfold.handlers.targets.open import open_target
from eventfold.handlers.targets.port import as_body
from eventfold.handlers.targets.repeating import without_addresses, without_secrets
from eventfold.handlers.targets.webhooks.webhook import Webhook
from tests.handlers.app.shop import Created, Order
from tests.handlers.targets.making import message
from tests.handlers.targets.servers import ANSWER, answering, serving

PASSWORD = "hunter2"


class Own:
    """A target; its `close` does what it is given."""

    def __init__(self, close: Any = lambda: None, rate: Any = None) -> None:
        self.rate = rate
        self.sent: list[Any] = []
        self._close = close

    def send(self, payload: Any, message: Message) -> None:
        self.sent.append(payload)

    def close(self) -> None:
        self._close()


@pytest.mark.parametrize("rate", [0, -1, math.nan, math.inf, "10", True])
def test_a_rate_that_lets_nothing_through_is_refused(rate: Any) -> None:
    with pytest.raises(ConfigInvalid, match="more than 0"):
        open_target(Own(rate=rate))
    assert open_target(Own(rate=2.5))


def test_what_raises_or_hangs_when_it_is_closed_holds_up_nobody(caplog: pytest.LogCaptureFixture) -> None:
    release, closed = threading.Event(), list[str]()

    def raises() -> None:
        raise RuntimeError("it is gone already")

    targets = {
        "hangs": Own(release.wait),
        "raises": Own(raises),
        "well": Own(lambda: closed.append("well")),
    }
    with caplog.at_level(logging.WARNING):
        close_all(targets, seconds=0.05)
    release.set()
    assert closed == ["well"]
    assert "The target hangs did not close within 0.05 s" in caplog.text
    assert "The target raises could not be closed: it is gone already" in caplog.text


def test_a_run_ends_well_whatever_its_target_does_when_it_is_closed(tmp_path: Path) -> None:
    def raises() -> None:
        raise RuntimeError("it is gone already")

    own = Own(raises)
    handler = ef.notify(Created, to="own", name="tell")(lambda event, message: event.total)
    app = ef.App("shop", aggregates=[Order], handlers=[handler])
    with app.open(f"sqlite:///{tmp_path}/log.db", targets={"own": own}) as live:
        live.repository(Order).execute("order-1", Order.create, total=7)
        assert live.handle().warnings == []
    assert own.sent == [7]


def test_a_word_is_no_yes() -> None:
    with pytest.raises(ef.EventfoldError, match="True or False"):
        ef.Webhook("https://example.org/", allow_private="no")  # type: ignore[arg-type]
    with pytest.raises(ef.EventfoldError, match="True or False, not 'yes'"):
        ef.notify(Created, name="tell", imported="yes")(lambda event, message: None)  # type: ignore[arg-type]


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("around", [lambda n: n, lambda n: {"a": [1, {"b": n}]}, lambda n: ("x", n)])
def test_a_number_that_json_does_not_have_is_refused_and_not_sent_as_null(number: float, around: Any) -> None:
    with pytest.raises(EffectRefused, match=f"the number {number} has no form"):
        as_body(around(number))


def test_null_is_sent_where_nothing_is_meant() -> None:
    assert as_body({"a": None, "b": 1.5}).content == b'{"a":null,"b":1.5}'


@pytest.mark.parametrize(
    ("said", "logged"),
    [
        ("refuses the address ada@example.org: 550", "refuses the address a***@example.org: 550"),
        ("'Ada <ada.lovelace+x@mail.example.org>'", "'Ada <a***@mail.example.org>'"),
        ("zoë@exämple.org, bob@b.example", "z***@exämple.org, b***@b.example"),
        ("order-1/2: 3 @ 4 EUR", "order-1/2: 3 @ 4 EUR"),
    ],
)
def test_addresses_of_mail_are_no_matter_of_a_log(said: str, logged: str) -> None:
    assert without_addresses(said) == logged


def test_a_long_text_without_blanks_takes_no_longer_than_it_is_long() -> None:
    """Its quarter takes about a quarter of the time; by the square of it, this would go on for hours."""
    for text in ("x" * 1_000_000, "://" * 200_000, "a@" * 200_000, "?key" * 200_000):
        assert len(without_secrets(without_addresses(text))) > 0


def test_secrets_of_an_exception_stand_neither_in_the_log_nor_among_what_is_parked(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    words = [PASSWORD, "hunter3", "hunter4", "abc123"]

    @ef.notify(Created, attempts=1)
    def tell(event: Created, message: ef.Message) -> None:
        raise ValueError(
            f"https://user:{PASSWORD}@example.org/?token=hunter3 AccountKey=abc123== password=hunter4"
        )

    app = ef.App("shop", aggregates=[Order], handlers=[tell])
    with app.open(f"sqlite:///{tmp_path}/log.db") as live:
        live.repository(Order).execute("order-1", Order.create, total=1)
        live.handle()
        (parked,) = live.handler("tell").parked().values()
        told = [*caplog.messages, str(parked), str(live.handler("tell").status())]
    assert "ValueError" in str(parked)
    assert [word for word in words if word in "".join(told)] == []


def test_who_is_refused_is_told_to_a_person_and_masked_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    @ef.notify(Created, attempts=1)
    def tell(event: Created, message: ef.Message) -> None:
        raise EffectRefused("The mail server refuses the address ada@example.org: 550 no such user.")

    app = ef.App("shop", aggregates=[Order], handlers=[tell])
    with app.open(f"sqlite:///{tmp_path}/log.db") as live:
        live.repository(Order).execute("order-1", Order.create, total=7)
        live.handle()
        assert "ada@example.org" in live.handler(tell).parked()["order-1"].parked.message
    assert "a***@example.org" in caplog.text
    assert "ada@example.org" not in caplog.text


def test_a_webhook_without_secrets_carries_the_key_as_its_id() -> None:
    with serving(answering(ANSWER)) as server:
        webhook = Webhook(f"http://127.0.0.1:{server.port}/", allow_private=True)
        webhook.send({"n": 1}, message())
        webhook.close()
        (request,) = server.requests
    assert request.headers["webhook-id"] == message().key.replace(".", "_")
    assert "webhook-signature" not in request.headers


@pytest.mark.parametrize("url", ["example.org/hooks", "hooks", ""])
def test_a_url_without_a_scheme_is_told_as_that(url: str) -> None:
    with pytest.raises(UnsupportedUrl, match="for a URL without a scheme: give https"):
        open_target(url)
    with pytest.raises(EventfoldError) as caught:
        Webhook(url)
    assert "such" not in str(caught.value)


@pytest.mark.parametrize(("address", "helps"), [("169.254.169.254", False), ("10.0.0.1", True)])
def test_what_helps_is_told_only_where_it_does(address: str, helps: bool) -> None:
    with pytest.raises(TargetForbidden) as caught:
        Webhook(f"https://{address}/")
    assert ("says allow_private" in str(caught.value)) is helps

"""A poisoned stream: it is listed with its reason, mended and retried, or its event is left out for a reason."""

from collections.abc import Iterator

import pytest
from msgspec import structs

import eventfold as ef
from eventfold.app.live import Live
from eventfold.errors import NotFound, RangeInvalid
from eventfold.feed.effects.port import NOTES
from eventfold.feed.parking import ParkedStream, park
from eventfold.handlers.records import Asked, parked_note
from eventfold.handlers.tending import asking
from eventfold.handlers.tending.noting import noted
from tests.handlers.tending.app import NAME, Mailer, Shipped, ship


@pytest.fixture
def mailer() -> Mailer:
    return Mailer()


@pytest.fixture
def live(mailer: Mailer) -> Iterator[Live]:
    """An app with one poisoned stream of three events, and a good one."""
    mailer.poison = {"order-1"}
    with mailer.live("sqlite://") as found:
        ship(found, "order-1", 3)
        ship(found, "order-2")
        found.handle()
        yield found


def test_what_is_parked_says_why_and_what_waits_behind_it(live: Live, mailer: Mailer) -> None:
    (stream,) = live.handler(NAME).parked().values()
    found = stream.parked
    assert (found.stream, found.version, found.last_version, found.attempts) == ("order-1", 1, 3, 1)
    assert "no address in order-1" in found.message
    assert stream.asked == ""
    assert mailer.taken == [("order-2", 1)]


def test_what_was_mended_is_retried_in_order(live: Live, mailer: Mailer) -> None:
    mailer.poison.clear()
    live.handler(NAME).retry("order-1")
    assert live.handler(NAME).parked()["order-1"].asked == "retry"
    live.handle()
    assert live.handler(NAME).parked() == {}
    assert mailer.taken[1:] == [("order-1", 1), ("order-1", 2), ("order-1", 3)]


def test_what_was_not_mended_is_parked_again(live: Live, mailer: Mailer) -> None:
    live.handler(NAME).retry("order-1")
    live.handle()
    (stream,) = live.handler(NAME).parked().values()
    assert (stream.parked.version, stream.parked.last_version, stream.asked) == (1, 3, "")
    assert mailer.taken == [("order-2", 1)]


def test_what_is_left_out_is_kept_with_reason_and_actor(live: Live, mailer: Mailer) -> None:
    mailer.poison.clear()
    with ef.context(actor="Zoë"):
        live.handler(NAME).skip("order-1", "a test order")
    live.handle()
    assert mailer.taken[1:] == [("order-1", 2), ("order-1", 3)]
    (skip,) = live.handler(NAME).skipped()
    assert (skip.stream, skip.version, skip.reason, skip.actor) == ("order-1", 1, "a test order", "Zoë")
    assert skip.skipped_us > 0
    assert live.handler(NAME).parked() == {}


@pytest.mark.parametrize("stream", ["order-2", "order-9", "", "a/b", "order-1 "])
def test_a_stream_that_is_not_parked_is_neither_retried_nor_skipped(live: Live, stream: str) -> None:
    with pytest.raises(NotFound, match="does not wait for mailer; `eventfold handlers parked mailer`"):
        live.handler(NAME).retry(stream)
    with pytest.raises(NotFound):
        live.handler(NAME).skip(stream, "why not")
    assert list(live.store.effects().notes(NAME, Asked.kind)) == []


@pytest.mark.parametrize("reason", ["", " \n", "x" * 2_001])
def test_who_leaves_an_event_out_says_why(live: Live, reason: str) -> None:
    with pytest.raises(RangeInvalid, match="reason"):
        live.handler(NAME).skip("order-1", reason)
    assert live.handler(NAME).parked()["order-1"].asked == ""


def test_what_is_asked_twice_is_what_was_asked_last(live: Live, mailer: Mailer) -> None:
    live.handler(NAME).retry("order-1")
    live.handler(NAME).skip("order-1", "never mind")
    assert live.handler(NAME).parked()["order-1"].asked == "skip"
    mailer.poison.clear()
    live.handle()
    assert mailer.taken[1:] == [("order-1", 2), ("order-1", 3)]


def test_very_many_parked_streams_are_all_there_in_the_order_of_their_time(live: Live) -> None:
    (event,) = live.store.read("order-2")
    effects = live.store.effects()

    def one(n: int) -> ParkedStream:
        return structs.replace(park(event, ValueError("no")), stream=f"case-{n}", parked_us=n)

    some = [parked_note(one(n)) for n in range(2_050)]
    for at in range(0, len(some), NOTES):
        effects.note("other", some[at : at + NOTES])
    assert list(asking.parked(effects, "other")) == [f"case-{n}" for n in range(2_050)]
    assert len(list(noted(effects, "other", "parked"))) == 2_050
    other = ef.notify(Shipped, name="other")(lambda event, message: None)
    asking.skip(live.store, other, "case-7", "a test")
    assert asking.retry_all(effects, "other") == 2_049
    assert asking.retry_all(effects, "other") == 0
    asked = [one.asked for one in asking.parked(effects, "other").values()]
    assert (asked.count("retry"), asked[7]) == (2_049, "skip")

"""How a handler stands is told: new, running, behind or caught up, how far behind, what it waits for, what failed."""

import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

import eventfold as ef
from eventfold.app.live import Live
from eventfold.errors import TargetUnavailable
from eventfold.feed.effects.port import Note
from eventfold.feed.leases.owner import new_owner
from eventfold.feed.leases.share import Share
from eventfold.handlers.records import Deadline, Progress, short_of_stream
from eventfold.handlers.tending import standing
from eventfold.testing.making import make
from tests.handlers.tending.app import NAME, Mailer, Other, Shipped, ship


class PaymentTaken(ef.PublicEvent, name="com.example.payment.taken"):
    amount: int = 0


@pytest.fixture
def mailer() -> Mailer:
    return Mailer()


@pytest.fixture
def live(mailer: Mailer) -> Iterator[Live]:
    with mailer.live("sqlite://") as found:
        yield found


def stands(live: Live) -> tuple[str, int | None]:
    status = live.handler(NAME).status()
    return status.state, status.lag


def test_a_handler_is_new_then_behind_then_caught_up(live: Live) -> None:
    assert stands(live) == ("new", None)
    live.handle()
    assert stands(live) == ("caught up", 0)
    ship(live, "order-1", 3)
    assert stands(live) == ("behind", 3)
    live.handle()
    assert stands(live) == ("caught up", 0)


def test_what_is_not_for_it_keeps_nobody_behind(live: Live) -> None:
    live.handle()
    ship(live, "order-1", 3, what="Other")
    live.store.append("order-2", [make(event_type="Shipped", metadata='{"importedFrom":"x"}')], expected=0)
    assert stands(live) == ("caught up", 0)


def test_what_others_told_another_inbox_keeps_nobody_behind() -> None:
    @ef.consume("payments", PaymentTaken, since="now")
    def paid(event: PaymentTaken, message: ef.Message) -> None:
        return None

    with ef.App("shop", handlers=[paid]).open("sqlite://") as live:
        live.handle()
        (category,) = paid.categories
        live.store.append("parcels-1", [make(event_type="PublicEventReceived")], expected=0)
        assert live.handler(paid).status().state == "caught up"
        live.store.append(f"{category}-1", [make(event_type="PublicEventReceived")], expected=0)
        assert live.handler(paid).status().state == "behind"


def test_what_was_done_beyond_the_checkpoint_does_not_wait(live: Live) -> None:
    live.handle()
    ship(live, "order-1")
    ship(live, "order-2")
    first, last = (short_of_stream(stream) for stream in ("order-1", "order-2"))
    live.store.effects().note(NAME, [Progress(streams={first: 1}, count=1).note("0")])
    status = live.handler(NAME).status()
    assert (status.state, status.lag) == ("behind", 1)
    live.store.effects().note(NAME, [Progress(streams={first: 1, last: 1}, count=2).note("0")])
    assert stands(live) == ("caught up", 0)


def test_the_first_event_that_waits_says_how_far_behind_it_is_in_seconds(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    live.handle()
    ship(live, "order-1")
    recorded = next(live.store.read("order-1")).recorded_us / 1e6
    monkeypatch.setattr(standing, "time", SimpleNamespace(time=lambda: recorded + 90))
    assert live.handler(NAME).status().seconds == pytest.approx(90)
    monkeypatch.setattr(
        standing, "time", SimpleNamespace(time=lambda: recorded - 90)
    )  # a clock that was set back
    assert live.handler(NAME).status().seconds == 0


def test_who_has_it_is_named_without_what_tells_processes_apart(live: Live) -> None:
    live.handle()
    ship(live, "order-1")
    owner = new_owner()
    Share(live.store.effects(), NAME, owner, clock=lambda: 0.0).balance()
    status = live.handler(NAME).status()
    assert status.state == "running"
    assert status.workers == [":".join(owner.split(":")[:2])]


def test_a_worker_whose_process_has_ended_does_not_count(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    live.handle()
    ship(live, "order-1")
    Share(live.store.effects(), NAME, new_owner(), clock=lambda: 0.0).balance()
    monkeypatch.setattr(standing, "life", lambda _: "ended")
    status = live.handler(NAME).status()
    assert (status.state, status.workers) == ("behind", [])


def test_its_last_error_and_its_parked_streams_are_told(live: Live, mailer: Mailer) -> None:
    mailer.poison = {"order-1"}
    ship(live, "order-1", 2)
    live.handle()
    status = live.handler(NAME).status()
    assert (status.parked, status.error_stream, status.error_version) == (1, "order-1", 1)
    assert "no address in order-1" in status.error
    assert status.error_at is not None


def test_what_its_target_said_and_when_it_is_tried_again_is_told() -> None:
    class Away:
        def send(self, payload: Any, message: ef.Message) -> None:
            raise TargetUnavailable("503 Service Unavailable", retry_after=600)

        def close(self) -> None:
            pass

    @ef.notify(Shipped, to="courier", since="start")
    def tell(event: Shipped, message: ef.Message) -> dict[str, int]:
        return {"n": event.n}

    app = ef.App("shop", handlers=[tell], events=[Shipped, Other])
    with app.open("sqlite://", targets={"courier": Away()}) as live:
        ship(live, "order-1")
        live.handle(timeout=1)
        status = live.handler(tell).status()
    assert (status.state, status.target, status.lag) == ("waiting", "courier", 1)
    assert "courier did not answer" in status.why
    assert "503 Service Unavailable" in status.why


def test_deadlines_are_counted_and_the_first_is_told(live: Live) -> None:
    live.handle()
    due = [Deadline(stream=f"order-{n}", version=1, due_us=1_700_000_000_000_000 - n) for n in range(3)]
    live.store.effects().note(NAME, [one.note(one.key) for one in due])
    status = live.handler(NAME).status()
    assert status.deadlines == 3
    assert status.due is not None
    assert status.due.isoformat() == "2023-11-14T22:13:19.999998+00:00"


def test_a_deadline_that_is_overdue_is_behind_by_as_much(live: Live) -> None:
    live.handle()
    assert stands(live) == ("caught up", 0)
    for late, stream in ((60, "order-1"), (30, "order-2"), (-60, "order-3")):
        due = Deadline(stream=stream, version=1, due_us=time.time_ns() // 1_000 - late * 1_000_000)
        live.store.effects().note(NAME, [due.note(due.key)])
    status = live.handler(NAME).status()
    assert (status.state, status.lag, status.deadlines) == ("behind", 0, 3)
    assert status.seconds is not None
    assert 59 < status.seconds < 300


def test_what_is_watched_has_a_rate(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    live.handle()
    ship(live, "order-1", 4)
    clock = iter([10.0, 12.0])

    def work(_: float) -> None:
        live.handle()
        ship(live, "order-2", 2)

    clocks = SimpleNamespace(monotonic=lambda: next(clock), sleep=work, time=time.time)
    monkeypatch.setattr(standing, "time", clocks)
    assert standing_of(live, watch=1.0) == (2, 2.0)


def standing_of(live: Live, watch: float) -> tuple[int | None, float | None]:
    handlers = list(live.app.handlers.values())
    found = standing.standing(handlers, live.store, watch=watch)
    return found[0].lag, found[0].rate


def test_handlers_that_the_app_does_not_have_are_named(live: Live) -> None:
    live.handle()
    live.store.effects().begin("gone", live.store.feed().start())
    assert standing.strangers(live.app.handlers, live.store) == ["gone"]


def test_a_relay_is_no_handler_that_the_app_lacks(live: Live) -> None:
    live.store.effects().begin("relay:shop", live.store.feed().start())
    assert standing.strangers({}, live.store) == []
    live.store.effects().begin("other", live.store.feed().start())
    assert standing.strangers({}, live.store) == ["other"]


def test_what_cannot_be_told_is_told_as_that(live: Live) -> None:
    live.handle()
    live.store.effects().note(NAME, [Note(kind="held", key="x", value="]")])
    status = live.handler(NAME).status()
    assert status.state == "unknown"
    assert "format-unknown" in status.error


def test_nobody_waits_to_watch_what_is_not_behind(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    clocks = SimpleNamespace(sleep=lambda _: pytest.fail("it slept"), time=time.time)
    monkeypatch.setattr(standing, "time", clocks)
    live.handle()
    assert live.handler(NAME).status(watch=5.0).rate is None

"""A target that does not answer: who waits, since when, and what a person can do about it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import eventfold as ef
from eventfold.app.live import Live
from eventfold.errors import NotFound, RangeInvalid, TargetUnavailable
from eventfold.handlers.declaring.handler import Handler
from eventfold.handlers.records import Progress, short_of_stream
from eventfold.handlers.tending.waiting import Beyond
from eventfold.handlers.working.effect import short
from tests.handlers.tending.app import Other, Shipped, ship


class Courier:
    """Answers 503 for some streams, and wants to be left alone for long."""

    def __init__(self, *away: str) -> None:
        self.away = set(away)
        self.taken: list[str] = []
        self.wait: float | None = 600

    def send(self, payload: Any, message: ef.Message) -> None:
        if message.stream in self.away:
            raise TargetUnavailable("503 Service Unavailable", retry_after=self.wait)
        self.taken.append(f"{message.stream}/{message.version}")

    def close(self) -> None:
        """Nothing is held."""


@ef.notify(Shipped, to="courier", since="start")
def tell(event: Shipped, message: ef.Message) -> dict[str, int]:
    return {"n": event.n}


@ef.notify(Shipped, to="courier", since="start", when=ef.after(seconds=0.001))
def remind(event: Shipped, message: ef.Message) -> dict[str, int]:
    return {"n": event.n}


@contextmanager
def opened(courier: Courier, url: str = "sqlite://", handler: Any = tell) -> Iterator[Live]:
    app = ef.App("shop", handlers=[handler], events=[Shipped, Other])
    with app.open(url, targets={"courier": courier}) as live:
        yield live


def test_one_event_alone_that_is_not_answered_is_named_with_its_tries_and_since_when() -> None:
    courier = Courier("order-1")
    with opened(courier) as live:
        ship(live, "order-1")
        live.handle()
        why = live.handler(tell).status().why
        assert why.startswith("courier did not answer since 2")
        assert ", 1 try, of order-1/1; next try 2" in why
        courier.wait = None
        live.handler(tell).resume()
        live.handle(timeout=0.5)
        why = live.handler(tell).status().why
        assert "tries in turn, all of order-1/1, so that nobody can tell which" in why
        assert "`eventfold handlers park tell order-1 --reason ...` takes it out of the way" in why


def test_where_several_were_tried_none_is_named() -> None:
    with opened(Courier("order-1", "order-2")) as live:
        ship(live, "order-1")
        ship(live, "order-2")
        live.handle()
        why = live.handler(tell).status().why
        assert "did not answer since" in why
        assert "all of" not in why


def test_who_lets_a_handler_go_on_has_its_target_tried_at_once() -> None:
    courier = Courier("order-1")
    with opened(courier) as live:
        ship(live, "order-1")
        live.handle()
        courier.away.clear()
        live.handle()
        assert courier.taken == []
        live.handler(tell).resume()
        live.handle()
        assert courier.taken == ["order-1/1"]
        assert live.handler(tell).status().state == "caught up"


def test_a_worker_that_runs_tries_at_once_when_a_person_says_so(tmp_path: Any) -> None:
    courier, stop = Courier("order-1"), threading.Event()
    with opened(courier, f"sqlite:///{tmp_path}/log.db") as live:
        ship(live, "order-1")
        running = threading.Thread(target=live.run, args=(stop,))
        running.start()
        try:
            _until(lambda: live.handler(tell).status().state == "waiting")
            courier.away.clear()
            live.handler(tell).resume()
            _until(lambda: courier.taken == ["order-1/1"])
        finally:
            stop.set()
            running.join(20)


def _until(what: Any) -> None:
    for _ in range(500):
        if what():
            return
        time.sleep(0.02)
    raise AssertionError("it did not come to that")


@pytest.mark.parametrize("handler", [tell, remind], ids=["at once", "by a deadline"])
def test_what_waits_for_its_target_is_left_out_by_a_person_and_the_rest_goes_on(handler: Handler) -> None:
    courier = Courier("order-1")
    with opened(courier, handler=handler) as live:
        ship(live, "order-1")
        ship(live, "order-2")
        live.handle()
        live.handle()
        with ef.context(actor="Zoë"):
            live.handler(handler).skip("order-1", "it is too large for the courier")
        live.handle()
        assert live.handler(handler).parked() == {}
        (left_out,) = live.handler(handler).skipped()
        assert (left_out.stream, left_out.version, left_out.actor) == ("order-1", 1, "Zoë")
        assert courier.taken == ["order-2/1"]
        assert live.handler(handler).status().state == "caught up"


def test_what_waits_for_its_target_is_parked_by_a_person_and_retried_when_it_is_mended() -> None:
    courier = Courier("order-1")
    with opened(courier) as live:
        ship(live, "order-1", 2)
        live.handle()
        live.handler(tell).park("order-1", "it is too large")
        live.handle()
        parked = live.handler(tell).parked()["order-1"].parked
        assert (parked.version, parked.last_version, "it is too large" in parked.message) == (1, 2, True)
        assert live.handler(tell).status().state == "caught up"
        live.handler(tell).park("order-1", "again")
        courier.away.clear()
        live.handler(tell).retry("order-1")
        live.handle()
        assert (courier.taken, live.handler(tell).parked()) == (["order-1/1", "order-1/2"], {})


def test_what_does_not_wait_is_neither_parked_nor_left_out() -> None:
    courier = Courier()
    with opened(courier) as live:
        ship(live, "order-1")
        ship(live, "order-2", what="Other")
        live.handle()
        handler = live.handler(tell)
        for stream in ("order-1", "order-2", "order-3"):
            with pytest.raises(NotFound, match="does not wait for tell"):
                handler.skip(stream, "x")
            with pytest.raises(NotFound, match="does not wait for tell"):
                handler.park(stream, "x")
        with pytest.raises(RangeInvalid, match="reason"):
            handler.park("order-1", " ")
        ship(live, "order-1")
        handler.skip("order-1", "it was never meant")
        live.handle()
        assert (courier.taken, [one.version for one in handler.skipped()]) == (["order-1/1"], [2])


def test_what_was_done_beyond_the_checkpoint_is_no_lag_and_does_not_wait() -> None:
    with opened(Courier()) as live:
        for n in range(4):
            ship(live, f"order-{n}")
        live.store.effects().begin(tell.name, live.store.feed().start())
        events = [next(live.store.read(f"order-{n}")) for n in range(4)]
        ids = [short(event.id_bytes) for event in events]
        live.store.effects().note(tell.name, [Progress(through=ids[2], open=[ids[1]]).note("0")])
        beyond = Beyond(live.store.effects(), tell.name)
        assert [beyond.knows(event) for event in events] == [True, False, True, False]
        streams = {short_of_stream(f"order-{n}"): 1 for n in (0, 2)}
        live.store.effects().note(tell.name, [Progress(streams=streams, count=2).note("0")])
        assert live.handler(tell).status().lag == 2

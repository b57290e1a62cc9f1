"""A person pauses a handler, lets it go on, puts it elsewhere; nothing is lost, or done twice unless that was asked."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import eventfold as ef
from eventfold.app.live import Live
from eventfold.errors import (
    CheckpointBeyondHead,
    CursorInvalid,
    ForeignCursor,
    HandlerHeld,
    HandlerNotFound,
    RangeInvalid,
    SubscriptionDiffers,
)
from eventfold.feed.cursor import Cursor, Mark
from eventfold.handlers.records import MOVE, Held, Progress
from eventfold.handlers.tending import deciding
from eventfold.handlers.tending.moving import hold, holds
from eventfold.store.open import open_store
from eventfold.testing.making import make
from eventfold.testing.partitioned import PartitionedStore
from tests.handlers.tending.app import NAME, Mailer, Other, Shipped, ship
from tests.handlers.tending.making import Between, Crash, Worker


@pytest.fixture
def mailer() -> Mailer:
    return Mailer()


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/log.db"


@pytest.fixture
def live(mailer: Mailer, url: str) -> Iterator[Live]:
    with mailer.live(url) as found:
        yield found


def test_what_is_paused_begins_nothing_until_it_may_go_on(live: Live, mailer: Mailer) -> None:
    live.handle()
    ship(live, "order-1", 2)
    with ef.context(actor="Zoë"):
        live.handler(NAME).pause("the mail server moves")
    live.handle()
    assert mailer.taken == []
    status = live.handler(NAME).status()
    assert (status.state, status.why) == ("paused", "the mail server moves (Zoë)")
    live.handler(NAME).resume()
    live.handler(NAME).resume()
    live.handle()
    assert mailer.taken == [("order-1", 1), ("order-1", 2)]


def test_who_pauses_says_why(live: Live) -> None:
    live.handle()
    for reason in ("", "  ", "x" * 2_001):
        with pytest.raises(RangeInvalid, match="reason"):
            live.handler(NAME).pause(reason)
    with pytest.raises(RangeInvalid):
        live.handler(NAME).move("now", "x" * 2_001)
    assert live.handler(NAME).status().state == "caught up"


def test_what_has_not_begun_cannot_be_paused_and_begins_where_it_is_put(mailer: Mailer, url: str) -> None:
    with mailer.live(url) as live:
        ship(live, "order-1", 2)
        handler = live.handler(NAME)
        with pytest.raises(HandlerNotFound, match="has not begun"):
            handler.pause("x")
        with pytest.raises(HandlerNotFound, match="has not begun"):
            handler.resume()
        with pytest.raises(HandlerNotFound, match="has not begun"):
            handler.move("here")
        assert handler.status().state == "new"
        handler.move("now")
        ship(live, "order-1")
        live.handle()
    assert mailer.taken == [("order-1", 3)]


def test_a_handler_that_the_app_does_not_have_is_named_with_those_it_has(live: Live) -> None:
    with pytest.raises(HandlerNotFound, match="no handler 'nobody'; it has: mailer"):
        live.handler("nobody")
    assert [handler.name for handler in live.handlers] == [NAME]


def test_a_handler_goes_on_at_the_end_from_the_start_or_at_a_cursor(live: Live, mailer: Mailer) -> None:
    ship(live, "order-1", 2)
    live.handler(NAME).move("now")
    live.handle()
    assert mailer.taken == []
    live.handler(NAME).move("start")
    live.handle()
    assert mailer.taken == [("order-1", 1), ("order-1", 2)]
    live.handler(NAME).move(live.store.feed().at_position(1), "one was lost on the way")
    live.handle()
    assert mailer.taken[2:] == [("order-1", 2)]
    moves = [(m.to, m.reason, m.before, m.after) for m in live.handler(NAME).moves()]
    assert moves == [
        ("now", "", {}, {}),
        ("start", "", {"0": 2}, {"0": 0}),
        ("cursor", "one was lost on the way", {"0": 2}, {"0": 1}),
    ]


def test_who_moves_is_recorded_and_what_was_done_beyond_the_checkpoint_is_forgotten(live: Live) -> None:
    live.handle()
    live.store.effects().note(NAME, [Progress(count=1).note("0")])
    with ef.context(actor="Zoë"):
        live.handler(NAME).move("start")
    assert list(live.store.effects().notes(NAME, Progress.kind)) == []
    assert [moved.actor for moved in live.handler(NAME).moves()] == ["Zoë"]


def test_a_paused_handler_is_moved_and_stays_paused(live: Live, mailer: Mailer) -> None:
    live.handle()
    ship(live, "order-1")
    live.handler(NAME).pause("not now")
    live.handler(NAME).move("start")
    live.handle()
    assert mailer.taken == []
    live.handler(NAME).resume()
    live.handle()
    assert mailer.taken == [("order-1", 1)]


def test_a_handler_of_other_events_goes_on_when_somebody_says_where(mailer: Mailer, url: str) -> None:
    with mailer.live(url) as live:
        live.handle()
        ship(live, "order-1")
    with mailer.live(url, types=(Shipped, Other)) as live:
        with pytest.raises(SubscriptionDiffers):
            live.handle()
        live.handler(NAME).move("here")
        live.handle()
        ship(live, "order-1", what="Other")
        live.handle()
    assert mailer.taken == [("order-1", 1), ("order-1", 2)]


def test_a_place_that_is_none_moves_nothing(live: Live, mailer: Mailer) -> None:
    ship(live, "order-1", 2)
    live.handle()
    end = live.store.feed().end()
    for place, error in [
        ("then", RangeInvalid),
        (Cursor("another", end.marks), ForeignCursor),
        (Cursor(end.log, {}), CursorInvalid),
        (Cursor(end.log, {"1": Mark()}), CursorInvalid),
        (Cursor(end.log, {"0": Mark(9, "0" * 32)}), CheckpointBeyondHead),
        (Cursor(end.log, {"0": Mark(1, "0" * 32)}), ForeignCursor),
    ]:
        with pytest.raises(error):
            live.handler(NAME).move(place)  # type: ignore[arg-type] # a mistake
    live.handle()
    assert (len(mailer.taken), list(live.handler(NAME).moves())) == (2, [])


def test_from_the_start_parked_streams_come_again_and_elsewhere_they_stay(live: Live, mailer: Mailer) -> None:
    mailer.poison = {"order-1"}
    ship(live, "order-1", 2)
    ship(live, "order-2")
    live.handle()
    live.handler(NAME).move("now")
    live.handle()
    assert list(live.handler(NAME).parked()) == ["order-1"]
    mailer.poison.clear()
    live.handler(NAME).move("start")
    live.handle()
    assert live.handler(NAME).parked() == {}
    assert sorted(mailer.taken) == [("order-1", 1), ("order-1", 2), ("order-2", 1), ("order-2", 1)]


def test_at_a_position_those_parked_streams_are_forgotten_whose_event_comes_again(
    live: Live, mailer: Mailer
) -> None:
    ship(live, "order-2")
    live.handle()
    mailer.poison = {"order-1", "order-2"}
    for stream in ("order-1", "order-2", "order-1"):
        ship(live, stream)
        live.handle()
    live.handler(NAME).retry("order-2")
    live.handler(NAME).move(live.store.feed().at_position(2))
    assert list(live.handler(NAME).parked()) == ["order-1"]
    assert [asked.key for asked in live.store.effects().notes(NAME, "asked")] == []
    mailer.poison.clear()
    live.handle()
    assert sorted(mailer.taken) == [("order-2", 1), ("order-2", 2)]
    live.handler(NAME).move(live.store.feed().at_position(0))
    live.handle()
    assert live.handler(NAME).parked() == {}
    assert sorted(mailer.taken[2:]) == [("order-1", 1), ("order-1", 2), ("order-2", 1), ("order-2", 2)]


def test_what_a_restore_or_a_move_left_held_goes_on_only_from_a_place_that_is_said(
    live: Live, mailer: Mailer
) -> None:
    ship(live, "order-1")
    live.handle()
    hold(live.store.effects(), NAME, "restore", Held(reason="a.jsonl is being restored"))
    ship(live, "order-1")
    live.handle()
    assert mailer.taken == [("order-1", 1)]
    assert (live.handler(NAME).status().state, live.handler(NAME).status().why) == (
        "held",
        "a.jsonl is being restored",
    )
    with pytest.raises(HandlerHeld, match=r"a\.jsonl is being restored.*move mailer --to"):
        live.handler(NAME).resume()
    live.handler(NAME).move("here")
    live.handle()
    assert mailer.taken == [("order-1", 1), ("order-1", 2)]


def divided() -> PartitionedStore:
    """A log of three partitions with a handler; two of them split after it has begun."""
    store = PartitionedStore(open_store("sqlite://"), 3, seed=1)
    store.effects().begin("mail", store.feed().start())
    for n in range(8):
        store.append(f"box-{n}", [make(n)], expected=0)
    store.feed().split("0")
    store.feed().split("1")
    return store


def settle(worker: Worker) -> list[str]:
    for _ in range(6):
        worker.step()
    return sorted(event.stream for event in worker.handled)


@pytest.mark.parametrize("to", ["now", "start"])
def test_a_move_that_is_interrupted_leaves_the_handler_held_and_the_same_again_ends_it(
    to: deciding.To,
) -> None:
    streams = [f"box-{n}" for n in range(8)]
    for crash in range(1, 100):
        store = divided()
        worker = Worker(store, "mail")
        effects = store.effects()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(store, "effects", lambda: Between(effects, crash=crash))  # noqa: B023 - used at once
            try:
                deciding.move(store, "mail", to)
                break
            except Crash:
                pass
        half = any(held.half for held in holds(effects, "mail").values())
        assert settle(worker) == (streams if MOVE not in holds(effects, "mail") else [])
        if half:
            with pytest.raises(HandlerHeld, match="cannot stay"):
                deciding.move(store, "mail", "here")
        worker.handled.clear()
        deciding.move(store, "mail", to)
        store.append("late-1", [make(1)], expected=0)
        assert settle(worker) == (["late-1"] if to == "now" else [*streams, "late-1"])
        store.close()
    assert crash > 10


def test_a_cursor_that_leaves_a_partition_out_or_has_one_twice_is_refused() -> None:
    store = divided()
    start, end = store.feed().start(), store.feed().end()
    several = Cursor(end.log, {**start.marks, **end.marks})
    lacking = Cursor(end.log, {name: mark for name, mark in end.marks.items() if name != "1.1"})
    for cursor, why in ((several, "overlap"), (lacking, "says nothing of 1.1")):
        with pytest.raises(CursorInvalid, match=why):
            deciding.move(store, "mail", cursor)
    before = Cursor(end.log, {**{n: m for n, m in end.marks.items() if n != "2"}, "2": Mark()})
    deciding.move(store, "mail", before)
    assert settle(Worker(store, "mail")) == [s for s in (f"box-{n}" for n in range(8)) if _in(store, s, "2")]
    store.close()


def test_control_a_cursor_that_leaves_a_partition_out_would_lose_its_events(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(deciding, "check_place", lambda *_: None)
    store = divided()
    end = store.feed().end()
    lacking = Cursor(end.log, {name: mark for name, mark in end.marks.items() if name != "2"})
    deciding.move(store, "mail", lacking)
    for n in range(8):
        store.append(f"box-{n}", [make(n)], expected=1)
    lost = {f"box-{n}" for n in range(8)} - set(settle(Worker(store, "mail")))
    assert lost == {stream for stream in (f"box-{n}" for n in range(8)) if _in(store, stream, "2")} != set()
    store.close()


def _in(store: PartitionedStore, stream: str, partition: str) -> bool:
    return store.feed().partition_of(stream, store.feed().start().marks) == partition

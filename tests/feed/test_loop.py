"""The loop: errors that pass are tried again, others stop their follower and no other; shared reads are read once."""

import logging
import threading
from collections.abc import Iterator

import pytest

from eventfold import ANY, Store, open_store
from eventfold.errors import BusUnavailable, EventfoldError, ForeignCursor, StorageBusy, TableInvalid
from eventfold.feed import loop as loop_module
from eventfold.feed.cursor import Cursor
from eventfold.feed.loop import Loop, catch_up
from eventfold.feed.port import Page
from eventfold.feed.shared import SharedReads
from eventfold.testing.making import make, numbers


@pytest.fixture
def store() -> Iterator[Store]:
    store = open_store("sqlite://")
    yield store
    store.close()


class Scripted:
    """A follower that does what its script says, then is idle; the last step of all stops the loop."""

    def __init__(self, name: str, script: list[EventfoldError | bool], stop: threading.Event) -> None:
        self.name, self.script, self._stop = name, list(script), stop
        self.steps = self.finished = 0
        self.at: Cursor | None = None

    def where(self) -> Cursor | None:
        return self.at

    def step(self) -> bool:
        self.steps += 1
        if not self.script:
            self._stop.set()
            return True
        found = self.script.pop(0)
        if isinstance(found, EventfoldError):
            raise found
        return found

    def finish(self) -> None:
        self.finished += 1


def test_an_error_that_passes_is_tried_again(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(loop_module, "_PAUSE", (0.001, 0.002))
    stop = threading.Event()
    follower = Scripted("a", [StorageBusy("busy"), StorageBusy("busy"), False, True], stop)
    with caplog.at_level(logging.WARNING):
        Loop([follower], store.feed()).run(stop, poll=0.001)
    assert (follower.script, follower.finished) == ([], 1)
    assert caplog.text.count("a failed and goes on in") == 2


def test_an_error_that_stays_stops_its_follower_and_no_other(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    stop = threading.Event()
    lost = Scripted("lost", [ForeignCursor("another log"), True], stop)
    well = Scripted("well", [False, True, True], stop)
    with caplog.at_level(logging.ERROR):
        Loop([lost, well], store.feed()).run(stop, poll=0.001)
    assert (lost.steps, well.script, lost.finished, well.finished) == (1, [], 1, 1)
    assert "lost has stopped: another log" in caplog.text


def test_without_followers_left_the_loop_ends_with_the_first_error(store: Store) -> None:
    stop = threading.Event()
    one = Scripted("one", [TableInvalid("changed")], stop)
    two = Scripted("two", [False, ForeignCursor("another log")], stop)
    with pytest.raises(TableInvalid, match="changed"):
        Loop([one, two], store.feed()).run(stop, poll=0.001)
    assert (one.finished, two.finished) == (1, 1)


def test_a_busy_follower_keeps_no_pause_for_an_idle_one(store: Store) -> None:
    stop = threading.Event()
    idle, busy = Scripted("idle", [True] * 5, stop), Scripted("busy", [False] * 5, stop)
    Loop([idle, busy], store.feed()).run(stop, poll=30)
    assert (idle.script, busy.script) == ([], [])


def test_an_append_ends_the_wait(store: Store) -> None:
    stop, stepped = threading.Event(), threading.Event()

    class Waiting(Scripted):
        def step(self) -> bool:
            if stepped.is_set() and store.head("box-1"):
                stop.set()
            stepped.set()
            return True

    waiting = Waiting("w", [], stop)
    waiting.at = store.feed().start()
    running = threading.Thread(target=Loop([waiting], store.feed()).run, args=(stop,), kwargs={"poll": 60})
    running.start()
    assert stepped.wait(10)
    store.append("box-1", [make(1)], expected=ANY)
    running.join(10)
    assert not running.is_alive()


def test_catching_up_goes_on_without_who_cannot_and_names_them_all_at_the_end() -> None:
    stop = threading.Event()
    one = Scripted("one", [False, False, True], stop)
    two = Scripted("two", [False, StorageBusy("busy", path="x")], stop)
    three = Scripted("three", [TableInvalid("it has changed")], stop)
    with pytest.raises(TableInvalid, match=r"it has changed Nor could two go on: busy"):
        catch_up([one, two, three])
    assert (one.script, one.finished, two.finished, three.finished) == ([], 1, 1, 1)


def test_an_error_of_what_all_follow_ends_catching_up_at_once() -> None:
    stop = threading.Event()
    one = Scripted("one", [BusUnavailable("the broker is away")], stop)
    two = Scripted("two", [False, True], stop)
    with pytest.raises(BusUnavailable, match=r"the broker is away$"):
        catch_up([one, two])
    assert (len(two.script), two.finished) == (2, 1)


def test_a_follower_that_cannot_finish_keeps_no_other_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    stop = threading.Event()
    first, second, third = (Scripted(name, [True], stop) for name in "abc")

    def fails() -> None:
        raise StorageBusy("the lake is away")

    monkeypatch.setattr(first, "finish", fails)
    with pytest.raises(StorageBusy):
        catch_up([first, second, third])
    assert (second.finished, third.finished) == (1, 1)


def test_followers_at_one_place_share_what_is_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for n, (stream, kind) in enumerate([("a-1", "X"), ("b-1", "X"), ("a-2", "Y"), ("b-2", "Y")]):
        store.append(stream, [make(n, event_type=kind)], expected=0)
    feed = store.feed()
    reads, read = [], feed.read

    def counted(after: object, limit: int, **filters: object) -> Page:
        reads.append(limit)
        return read(after, limit, **filters)  # type: ignore[arg-type]

    monkeypatch.setattr(feed, "read", counted)
    shared = SharedReads(feed)
    start = feed.start()
    assert numbers(shared.read(start, 2).events) == [0, 1]
    assert numbers(shared.read(start, 2, categories=["a"]).events) == [0]
    page = shared.read(start, 2, types={"Y"})
    assert (list(page.events), page.cursor) == ([], shared.read(start, 2).cursor)
    assert reads == [2]
    end = shared.read(page.cursor, 10, types={"Y"}, categories=["b"])
    assert numbers(end.events) == [3]
    store.append("a-3", [make(4)], expected=0)
    again = shared.read(page.cursor, 10)
    assert numbers(again.events) == [2, 3]  # who comes second finds what the first one found
    assert numbers(shared.read(again.cursor, 10).events) == [4]
    last = shared.read(again.cursor, 10).cursor
    assert numbers(shared.read(last, 10).events) == []
    store.append("a-4", [make(5)], expected=0)
    assert numbers(shared.read(last, 10).events) == [5]  # a page without events is read again

"""Handlers of a log in Cosmos DB are moved after its partitions split, by words and by cursors that cover it."""

from collections.abc import Iterator

import pytest

from eventfold import open_store
from eventfold.errors import CapabilityMissing, CursorInvalid
from eventfold.feed.cursor import Cursor
from eventfold.handlers.tending import deciding
from eventfold.handlers.tending.waiting import merged
from eventfold.store.port import Store
from eventfold.testing.cosmos import StandIn
from eventfold.testing.making import make
from tests.handlers.tending.making import Worker

STREAMS = [f"box-{n}" for n in range(10)]


@pytest.fixture
def store(account: StandIn) -> Iterator[Store]:
    """A log with a handler that has handled all; its one partition was split since."""
    store = open_store(account.url("log"))
    store.effects().begin("mail", store.feed().start())
    for stream in STREAMS:
        store.append(stream, [make(1)], expected=0)
    assert settle(store) == STREAMS
    account.split("log", "events")
    yield store
    store.close()


def settle(store: Store) -> list[str]:
    """The streams of what a worker that comes now handles."""
    worker = Worker(store, "mail", owner=f"w{store.cost()}")
    for _ in range(12):
        worker.step()
    worker._share.release()
    return sorted(event.stream for event in worker.handled)


def test_a_handler_goes_on_at_the_end_or_from_the_start(store: Store) -> None:
    deciding.move(store, "mail", "now")
    store.append("box-0", [make(2)], expected=1)
    assert settle(store) == ["box-0"]
    assert len(store.effects().all("mail")) == 2
    deciding.move(store, "mail", "start")
    assert settle(store) == sorted([*STREAMS, "box-0"])


@pytest.mark.slow
def test_a_handler_goes_on_at_a_checkpoint_that_was_written_before_a_split(store: Store) -> None:
    before = merged(store.effects().all("mail"))
    assert before is not None
    deciding.move(store, "mail", "start")
    assert settle(store) == STREAMS
    store.append("box-0", [make(2)], expected=1)
    deciding.move(store, "mail", before)
    assert settle(store) == ["box-0"]


def test_a_place_that_covers_a_part_of_the_log_is_refused(store: Store) -> None:
    end = store.feed().end()
    for names in (list(end.marks)[:1], list(end.marks)[1:], []):
        with pytest.raises(CursorInvalid, match="does not cover the log once"):
            deciding.move(store, "mail", Cursor(end.log, {name: end.marks[name] for name in names}))
    whole = merged(store.effects().all("mail"))
    assert whole is not None
    with pytest.raises(CursorInvalid, match="overlap"):
        deciding.move(store, "mail", Cursor(end.log, {**end.marks, **whole.marks}))
    with pytest.raises(CapabilityMissing):
        store.feed().at_position(3)

"""After `close`: every call of a store and of what it gave says so, and nothing ends early in silence.

The methods are found by looking at the classes: one that comes anew is called too, or the suite asks how.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import pytest

from eventfold.errors import StoreClosed
from eventfold.feed.cursor import Cursor
from eventfold.feed.effects.port import Lease
from eventfold.store.port import ANY, Snapshot, Store, Write
from eventfold.testing.making import make, make_many

Given = Mapping[str, Callable[[Any], object]]
"""A method that needs arguments, and how it is called."""


def still_answering(handle: object, how: Given, silent: frozenset[str] = frozenset({"close"})) -> list[str]:
    """The public methods of a handle that do not say that it is closed.

    Args:
        handle: what was given before everything was closed.
        how: methods are called, where they need arguments.
        silent: methods that may be called.
    """
    kind = type(handle)
    names = [n for n in dir(kind) if not n.startswith("_") and callable(getattr(kind, n)) and n not in silent]
    return [name for name in names if not _says_so(handle, name, how)]


def ends_in_silence(found: Mapping[str, Iterator[Any]]) -> list[str]:
    """Those iterators that go on, or end as if nothing more were there, after what they read was closed."""
    return [name for name, iterator in found.items() if not _raises(partial(next, iterator, None))]


def _says_so(handle: object, name: str, how: Given) -> bool:
    def call() -> object:
        answer = how[name](handle) if name in how else getattr(handle, name)()
        return next(answer, None) if isinstance(answer, Iterator) else answer

    return _raises(call)


def _raises(call: Callable[[], object]) -> bool:
    try:
        call()
    except StoreClosed as closed:
        return "closed" in closed.message
    return False


class ClosingContract:
    """What a closed store says."""

    def test_a_store_is_closed_at_the_end_of_its_with(self, store: Store) -> None:
        with store as entered:
            assert entered is store
            store.append("order-1", make_many(1), expected=0)
            assert store.log_id in repr(store)
        with pytest.raises(StoreClosed):
            store.head("order-1")
        store.close()

    def test_every_method_of_a_closed_store_and_of_its_feed_snapshots_and_effects_says_so(
        self, store: Store
    ) -> None:
        token = store.append("order-1", make_many(3), expected=0).token
        feed, snapshots = store.feed(), store.snapshots()
        start, end = feed.start(), feed.end()
        (event, *_) = store.read("order-1")
        kept = Snapshot(
            log=store.log_id,
            stream="order-1",
            version=1,
            category="order",
            fingerprint="",
            recorded_us=event.recorded_us,
            state="{}",
        )
        snapshots.save(kept)
        effects = store.effects()
        effects.begin("reader", start)
        store.close()
        store.close()
        of_store: Given = {
            "append": lambda s: s.append("order-1", [make(9)], expected=ANY),
            "append_all": lambda s: s.append_all([Write("order-1", [make(9)], ANY)]),
            "token": lambda s: s.token(event),
            "find": lambda s: s.find({"order-1": [event.id]}),
            "read": lambda s: s.read("order-1"),
            "head": lambda s: s.head("order-1"),
            "ends": lambda s: s.ends(["order-1"]),
        }
        of_feed: Given = {
            "partition_of": lambda f: f.partition_of("order-1", start.marks),
            "check": lambda f: f.check(start),
            "read": lambda f: f.read(start, 10),
            "compare": lambda f: f.compare(start, end),
            "lag": lambda f: f.lag(start),
            "at": lambda f: f.at(token),
            "at_position": lambda f: f.at_position(1),
            "rows": lambda f: f.rows(start, 1),
            "at_time": lambda f: f.at_time(event.recorded_us),
            "wait": lambda f: f.wait(end, 0.0),
            "arrow": lambda f: f.arrow(start, end, ["position"]),
            "split": lambda f: f.split("0"),
        }
        of_snapshots: Given = {
            "load": lambda s: s.load("order-1"),
            "save": lambda s: s.save(kept),
            "delete": lambda s: s.delete("order-1"),
        }
        assert still_answering(store, of_store, frozenset({"close", "cost"})) == []
        assert still_answering(feed, of_feed, frozenset({"notify"})) == []
        assert still_answering(snapshots, of_snapshots) == []
        assert still_answering(effects, _of_effects(start)) == []

    def test_an_iterator_in_flight_never_ends_early_in_silence(self, store: Store) -> None:
        for stream in ("order-1", "order-2", "order-3"):
            store.append(stream, make_many(3), expected=0)
        ids = [event.id for event in store.read("order-1")]
        feed = store.feed()
        found: dict[str, Iterator[Any]] = {
            "read": store.read("order-1"),
            "read to its end": store.read("order-1", limit=1),
            "read backwards": store.read("order-1", backwards=True),
            "find": store.find({"order-1": ids}),
            "streams": store.streams(),
            "streams of a category": store.streams("order"),
            "ends": store.ends(["order-1", "order-2", "order-3"]),
            "arrow": feed.arrow(feed.start(), feed.end(), ["position"], limit=2),
        }
        for iterator in found.values():
            assert next(iterator) is not None
        store.close()
        assert ends_in_silence(found) == []

    def test_control_a_handle_that_goes_on_is_found(self) -> None:
        class Careless:
            def head(self) -> int:
                return 1

            def anew(self, argument: int) -> int:
                raise StoreClosed(f"The store is closed, not {argument}.")

        with pytest.raises(TypeError, match="argument"):
            still_answering(Careless(), {})
        assert still_answering(Careless(), {"anew": lambda c: c.anew(1)}) == ["head"]
        assert ends_in_silence({"early": iter(())}) == ["early"]


def _of_effects(start: Cursor) -> Given:
    (partition, mark), *_ = start.marks.items()
    lease = Lease(reader="reader", partition=partition, cursor=Cursor(start.log, {partition: mark}))
    return {
        "begin": lambda effects: effects.begin("other", start),
        "all": lambda effects: effects.all("reader"),
        "keep": lambda effects: effects.keep(lease, [lease]),
        "note": lambda effects: effects.note("reader"),
        "notes": lambda effects: effects.notes("reader", "outcome"),
    }

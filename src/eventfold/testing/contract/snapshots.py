"""Snapshots: a cache that is right or absent."""

import logging
from threading import Thread

import pytest

from eventfold.aggregates.aggregate import Aggregate
from eventfold.aggregates.repository import Repository
from eventfold.events.event import Event
from eventfold.events.registry import Registry
from eventfold.store.port import Snapshot, Store


class _Counted(Event, name="Counted"):
    n: int


class _Counter(Aggregate[_Counted], category="counter", snapshot_every=5):
    total: int = 0

    def count(self, n: int) -> None:
        self.raise_event(_Counted(n=n))

    def apply(self, event: _Counted) -> None:
        self.total += event.n


def _counters(store: Store) -> Repository[_Counter]:
    return Repository(store, Registry(_Counter.event_types), _Counter)


def _snapshot(store: Store, version: int, *, stream: str = "order-1", state: str = '{"n":1}') -> Snapshot:
    return Snapshot(
        log=store.log_id,
        stream=stream,
        version=version,
        category="order",
        fingerprint="f",
        recorded_us=5,
        state=state,
    )


class SnapshotsContract:
    """What `snapshots()` promises."""

    def test_without_a_snapshot_there_is_none(self, store: Store) -> None:
        assert store.snapshots().load("order-1") is None

    def test_a_snapshot_comes_back_as_it_was(self, store: Store) -> None:
        given = _snapshot(store, 3, state='{"text":"Zoë 𝄞 \\n"}')
        store.snapshots().save(given)
        assert store.snapshots().load("order-1") == given

    @pytest.mark.parametrize(
        ("at_most", "wanted"), [(None, 9), (9, 9), (8, 5), (5, 5), (4, 2), (2, 2), (1, None), (0, None)]
    )
    def test_the_newest_at_or_below_a_version_is_given(
        self, store: Store, at_most: int | None, wanted: int | None
    ) -> None:
        for version in (5, 2, 9):
            store.snapshots().save(_snapshot(store, version))
        found = store.snapshots().load("order-1", at_most=at_most)
        assert (found.version if found else None) == wanted

    def test_saving_a_version_again_replaces_it(self, store: Store) -> None:
        store.snapshots().save(_snapshot(store, 3))
        store.snapshots().save(_snapshot(store, 3, state='{"n":2}'))
        found = store.snapshots().load("order-1")
        assert found is not None
        assert found.state == '{"n":2}'

    def test_an_older_snapshot_saved_late_hides_no_newer_one(self, store: Store) -> None:
        for version in (9, 3):
            store.snapshots().save(_snapshot(store, version))
        found = store.snapshots().load("order-1")
        assert found is not None
        assert found.version == 9

    def test_snapshots_of_streams_are_separate(self, store: Store) -> None:
        store.snapshots().save(_snapshot(store, 3))
        store.snapshots().save(_snapshot(store, 4, stream="order-2"))
        store.snapshots().delete("order-1")
        assert store.snapshots().load("order-1") is None
        assert store.snapshots().load("order-2") is not None

    def test_a_snapshot_of_another_log_is_absent(self, store: Store) -> None:
        other = _snapshot(store, 3)
        store.snapshots().save(
            Snapshot(**{**{f: getattr(other, f) for f in other.__struct_fields__}, "log": "another"})
        )
        assert store.snapshots().load("order-1") is None

    def test_a_large_snapshot_is_kept(self, store: Store) -> None:
        given = _snapshot(store, 1, state='{"n":"%s"}' % ("x" * 2_000_000))
        store.snapshots().save(given)
        assert store.snapshots().load("order-1") == given

    def test_one_of_another_rule_is_folded_anew_and_ends_the_looking(
        self, store: Store, caplog: pytest.LogCaptureFixture
    ) -> None:
        counters = _counters(store)
        for _ in range(12):
            counters.execute("counter-1", _Counter.count, 1)
        counters.close()
        taken = {version: store.snapshots().load("counter-1", at_most=version) for version in (5, 10)}
        for version, kept in taken.items():
            assert kept is not None
            values = {field: getattr(kept, field) for field in kept.__struct_fields__}
            store.snapshots().save(
                Snapshot(**{**values, "fingerprint": f"of {version}", "state": '{"total":900}'})
            )
        with caplog.at_level(logging.WARNING, "eventfold.snapshots"):
            assert _counters(store).load("counter-1").total == 12
            assert _counters(store).at("counter-1", version=7).total == 7
        assert len(caplog.records) == 1

    def test_what_is_due_is_taken_before_the_store_is_closed(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        counters, start = _counters(store), Thread.start

        def refused(thread: Thread) -> None:
            if thread.name == "eventfold-snapshots":
                raise RuntimeError("can't create new thread at interpreter shutdown")
            start(thread)

        with monkeypatch.context() as patch:
            patch.setattr(Thread, "start", refused)  # a program that ends before its thread begins
            for _ in range(5):
                counters.execute("counter-1", _Counter.count, 1)
        assert store.snapshots().load("counter-1") is None
        counters.close()
        found = store.snapshots().load("counter-1")
        assert found is not None
        assert (found.version, found.state) == (5, '{"total":5}')

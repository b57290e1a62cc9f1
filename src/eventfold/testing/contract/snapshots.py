"""Snapshots: a cache that is right or absent."""

import pytest

from eventfold.store.port import Snapshot, Store


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

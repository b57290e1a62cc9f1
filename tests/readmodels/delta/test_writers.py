"""Several writers of one Delta table: the fence lets one of two land, and older ones not at all."""

import pytest
from deltalake import CommitProperties, Transaction, write_deltalake

from eventfold.errors import OwnerFenced, StaleCursor
from eventfold.readmodels.folding.projector import Projector
from eventfold.readmodels.port import Head
from eventfold.readmodels.publishing.publication import stamp_of
from eventfold.readmodels.publishing.publisher import Publisher
from eventfold.readmodels.sqlite.tablestate import SqliteTableState
from tests.readmodels.delta.shop import LAYOUT, REGISTRY, Shop


def test_the_same_change_published_twice_lands_once(shop: Shop) -> None:
    shop.publish()
    shop.happen("box-1", 7)
    shop.fold()
    changed = shop.state.changed(1)
    on = shop.delta.head()
    assert on is not None
    stamp = stamp_of("boxes", changed.head)
    shop.delta.merge(on, changed.rows.to_reader(), [], stamp)
    with pytest.raises(StaleCursor, match="Somebody else changed the Delta table"):
        shop.delta.merge(on, changed.rows.to_reader(), [], stamp)
    assert shop.table().version() == 1
    shop.publish()
    assert shop.agree()


def test_of_two_writers_on_one_snapshot_one_lands(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.publish()
    shop.happen("box-1", 7)
    shop.fold()
    other = shop.another()
    on, changed = shop.delta.head(), shop.state.changed(1)
    assert on is not None
    stamp = stamp_of("boxes", changed.head)
    slow = other._stamped.opened(on.number)  # a snapshot from before the other one writes
    shop.delta.merge(on, changed.rows.to_reader(), [], stamp)
    monkeypatch.setattr(other._stamped, "opened", lambda _on: slow)
    with pytest.raises(StaleCursor, match="Somebody else changed the table while publishing"):
        other.merge(on, changed.rows.to_reader(), [], stamp)
    assert shop.table().version() == 1


def test_without_the_fence_the_second_writer_would_land_too(shop: Shop) -> None:
    shop.publish()
    one, two = shop.table(), shop.table()
    rows = shop.state.changed(0).rows
    write_deltalake(one, rows, mode="append")
    write_deltalake(two, rows, mode="append")
    assert shop.table().version() == 2


def test_an_older_writer_with_a_smaller_version_is_refused(shop: Shop) -> None:
    shop.publish()
    shop.happen("box-1", 7)
    shop.publish()
    application = f"{shop.store.log_id}/boxes/1"
    assert shop.table().transaction_version(application) == 2
    late = CommitProperties(max_commit_retries=0, app_transactions=[Transaction(application, 1)])
    old = shop.table(0)
    with pytest.raises(Exception, match=r"[Cc]ommit"):
        write_deltalake(old, shop.state.changed(0).rows, mode="append", commit_properties=late)


def test_an_older_copy_of_the_state_publishes_nothing(shop: Shop) -> None:
    shop.publish()
    layout, start = LAYOUT, shop.feed.start()
    fresh = shop.states.fresh(layout, start, above=7)
    assert isinstance(fresh, SqliteTableState)
    assert fresh.generation == 8
    old = shop.state
    catch_up = Projector(fresh, shop.feed, REGISTRY)
    while not catch_up.step().caught_up:
        pass
    head = Head(
        generation=8, cursor=fresh.head().cursor, change=1, fingerprint=layout.fingerprint, epoch=0, parked=0
    )
    on = shop.delta.head()
    shop.delta.overwrite(on, fresh.changed(0).rows.to_reader(), stamp_of("boxes", head))
    with pytest.raises(OwnerFenced, match="older copy"):
        Publisher(old, shop.delta, shop.feed).publish()


def test_of_two_that_make_the_published_table_in_one_moment_one_does(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.fold()
    other = shop.another()
    late = Publisher(shop.state, other, shop.feed)

    def looks(_generation: int) -> None:
        assert shop.publish() == 0  # after the other one has looked, and before it writes

    monkeypatch.setattr(other, "_reclaimed", looks)
    assert late.publish() is None
    assert shop.table().version() == 0
    assert shop.agree()

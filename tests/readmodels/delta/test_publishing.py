"""Publishing rows: inserted, changed and removed in one version each, and never twice."""

import pytest

from eventfold.readmodels.folding.projector import Projector
from eventfold.readmodels.publishing.publisher import Publisher
from eventfold.readmodels.sqlite import open_url
from eventfold.readmodels.sqlite.tablestate import SqliteTableState
from tests.readmodels.delta.shop import LAYOUT, REGISTRY, Shop, crash


def test_rows_are_inserted_changed_and_removed_in_one_version_each(shop: Shop) -> None:
    assert shop.publish() == 0
    assert shop.agree()
    shop.happen("box-1")
    shop.happen("box-2", 40)
    shop.happen("box-9", 9)
    assert shop.publish() == 1
    assert shop.agree()
    assert [row["id"] for row in shop.published()] == ["box-0", "box-2", "box-3", "box-9"]
    assert shop.publish() is None


def test_a_key_that_comes_back_after_its_removal_is_there(shop: Shop) -> None:
    shop.publish()
    shop.happen("box-1")
    shop.fold()
    shop.happen("box-1", 5)
    shop.publish()
    assert shop.agree()
    assert {row["id"]: row["n"] for row in shop.published()}["box-1"] == 5


def test_a_row_that_came_and_went_between_two_publications_moves_the_stamp(shop: Shop) -> None:
    shop.happen("box-1", 1)
    first = shop.publish()
    assert first is not None
    rows = shop.published()
    # no file of the table can hold its key: a MERGE would look at none, and commit nothing
    shop.happen("box-9", 9)
    shop.fold()
    shop.happen("box-9")
    assert shop.publish() == first + 1
    head = shop.delta.head()
    assert head is not None
    assert head.stamp.cursor == shop.feed.end()
    assert shop.published() == rows
    assert shop.publish() is None


def test_a_crash_between_commit_and_note_publishes_nothing_twice(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.publish()
    shop.happen("box-1", 7)
    shop.fold()
    with monkeypatch.context() as dying:
        dying.setattr(SqliteTableState, "published", crash)
        with pytest.raises(KeyboardInterrupt):
            Publisher(shop.state, shop.delta, shop.feed).publish()
    assert shop.publish() is None
    assert shop.agree()
    shop.happen("box-2", 8)
    assert shop.publish() == 2
    history = shop.table().history()
    assert [commit["operation"] for commit in history] == ["MERGE", "MERGE", "WRITE"]
    assert shop.agree()


def test_a_state_restored_from_an_older_copy_waits_and_then_writes_everything(shop: Shop) -> None:
    shop.publish()
    backup = open_url(f"sqlite:///{shop.folder}/other.db", shop.store.log_id)
    restored = backup.live(LAYOUT, shop.feed.start())
    for n in range(3):
        shop.happen("box-1", n)
    shop.publish()
    behind = Projector(restored, shop.feed, REGISTRY)
    behind.step(2)
    assert Publisher(restored, shop.delta, shop.feed).publish() is None
    before = shop.published()
    while not behind.step().caught_up:
        pass
    Publisher(restored, shop.delta, shop.feed).publish()
    assert shop.published() == before
    backup.close()

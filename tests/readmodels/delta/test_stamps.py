"""The stamps of versions and their copies: they outlive crashes, clean-ups, damage and restored logs."""

import pytest

from eventfold.errors import CursorLost
from eventfold.feed.cursor import Cursor
from eventfold.readmodels.delta.commits import commit_name
from eventfold.readmodels.delta.copies import Copies
from eventfold.readmodels.delta.places.port import Place
from eventfold.readmodels.publishing.publication import read_stamp
from eventfold.readmodels.publishing.publisher import Publisher
from tests.readmodels.delta.shop import Shop, copies, crash


def test_every_version_says_which_events_it_contains(shop: Shop) -> None:
    shop.publish()
    shop.happen("box-1", 7)
    shop.publish()
    stamps = [shop.delta.stamp(number) for number in shop.delta.versions()]
    assert [s.cursor.marks["0"].position for s in stamps if s] == [4, 5]
    assert all(isinstance(s.cursor, Cursor) for s in stamps if s)


def test_a_copy_that_a_reader_makes_in_the_same_moment_is_in_nobodys_way(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = type(shop.place).replace

    def at_once(self: Place, name: str, content: bytes) -> None:
        monkeypatch.setattr(type(shop.place), "replace", replace)
        stamp = read_stamp(content)
        assert stamp is not None
        Copies(shop.place, read_stamp).write(0, stamp)
        self.replace(name, content)

    monkeypatch.setattr(type(shop.place), "replace", at_once)
    assert shop.publish() == 0
    assert len(copies(shop)) == 1
    assert shop.agree()


def test_a_crash_between_commit_and_copy_is_made_good(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.publish()
    shop.happen("box-1", 7)
    shop.fold()
    with monkeypatch.context() as dying:
        dying.setattr("eventfold.readmodels.delta.copies.Copies.write", crash)
        with pytest.raises(KeyboardInterrupt):
            Publisher(shop.state, shop.delta, shop.feed).publish()
    assert len(copies(shop)) == 1
    assert shop.publish() is None
    assert len(copies(shop)) == 2
    assert shop.agree()


def test_copies_that_were_taken_away_are_made_again_at_the_start(shop: Shop) -> None:
    for n in range(3):
        shop.happen("box-1", n)
        shop.publish()
    before = copies(shop)
    for copy in list(before)[:2]:
        shop.place.remove(copy)
    assert shop.another().head() == shop.delta.head()
    assert copies(shop) == before


@pytest.mark.parametrize("damage", ["", "{", '{"log":1}', "\0\0"])
def test_a_damaged_copy_is_made_anew_from_its_commit(shop: Shop, damage: str) -> None:
    shop.publish()
    before = copies(shop)
    (copy,) = before
    shop.place.replace(copy, damage.encode())
    head = shop.delta.head()
    assert head is not None
    assert head.number == 0
    assert copies(shop) == before


def test_copies_of_commits_that_a_restore_took_back_are_believed_by_nobody(shop: Shop) -> None:
    for n in range(4):
        shop.happen("box-0", n)
        shop.publish()
    for number in (2, 3):
        shop.place.remove(commit_name(number))
    shop.delta = shop.another()
    shop.happen("box-0", 9)
    assert shop.publish() == 2
    assert shop.agree()
    end = shop.feed.end()
    for publication in (shop.delta, shop.another()):
        head = publication.head()
        assert head is not None
        assert (head.number, head.stamp.cursor) == (2, end)
        assert publication.stamp(2) == head.stamp


def test_stamps_outlive_checkpoint_and_clean_up(shop: Shop) -> None:
    shop.publish()
    shop.table().alter.set_table_properties({"delta.logRetentionDuration": "interval 0 days"})
    for n in range(5):
        shop.happen("box-1", n)
        shop.publish()
    table = shop.table()
    before = shop.delta.head()
    table.create_checkpoint()
    table.cleanup_metadata()
    assert len(shop.table().history()) < table.version() + 1
    assert shop.delta.head() == before
    shop.happen("box-2", 99)
    shop.publish()
    assert shop.agree()


def test_without_copies_clean_up_loses_every_stamp_and_nothing_is_overwritten(shop: Shop) -> None:
    shop.publish()
    table = shop.table()
    table.alter.set_table_properties({"delta.logRetentionDuration": "interval 0 days"})
    table.create_checkpoint()
    table.cleanup_metadata()
    for copy in copies(shop):
        shop.place.remove(copy)
    with pytest.raises(CursorLost):
        shop.delta.head()
    shop.happen("box-1", 7)
    with pytest.raises(CursorLost):
        shop.publish()
    Publisher(shop.state, shop.delta, shop.feed).publish(reclaim=True)  # what a rebuild does
    assert shop.agree()


def test_a_handle_that_is_not_the_newest_gives_no_commit_the_stamp_of_another(shop: Shop) -> None:
    shop.publish()
    slow = shop.table()
    shop.happen("box-1", 7)
    assert shop.publish() == 1
    stamped = shop.another()._stamped
    before = copies(shop)
    found = stamped.newest(slow)
    assert found is not None
    assert (found[0], found[1].change) == (0, 1)
    assert copies(shop) == before
    # the library itself numbers them from the version of the handle
    assert [commit["version"] for commit in slow.history()] == [0, -1]

"""Leases: begun once, changed as a whole, and only by who knows their last form."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from msgspec import structs

from eventfold.errors import ForeignCursor
from eventfold.feed.cursor import Cursor, Mark
from eventfold.feed.effects.port import Effects, Lease
from eventfold.store.port import Store


def _cursor(store: Store, *partitions: str) -> Cursor:
    return Cursor(store.log_id, {name: Mark() for name in partitions})


def _untagged(leases: Sequence[Lease]) -> list[Lease]:
    return sorted((structs.replace(lease, tag="") for lease in leases), key=lambda lease: lease.partition)


class LeasesContract:
    """What `effects()` promises of leases."""

    @pytest.fixture
    def leases(self, store: Store) -> Effects:
        """The leases of a reader `mail` that has begun in the partitions 00-7F and 7F-FF."""
        store.effects().begin("mail", _cursor(store, "00-7F", "7F-FF"))
        return store.effects()

    def test_a_reader_that_has_not_begun_has_no_leases(self, leases: Effects) -> None:
        assert list(leases.all("other")) == []

    def test_a_reader_begins_with_a_free_lease_for_each_partition(
        self, store: Store, leases: Effects
    ) -> None:
        wanted = [
            Lease(reader="mail", partition=name, cursor=_cursor(store, name)) for name in ("00-7F", "7F-FF")
        ]
        assert _untagged(leases.all("mail")) == wanted

    def test_a_reader_begins_once(self, store: Store, leases: Effects) -> None:
        before = leases.all("mail")
        leases.begin("mail", _cursor(store, "00-FF"))
        assert _untagged(leases.all("mail")) == _untagged(before)

    def test_of_many_that_begin_at_once_one_begins(self, store: Store, leases: Effects) -> None:
        cursors = [_cursor(store, f"0{n}-7F", "7F-FF") for n in range(4)]
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(lambda cursor: leases.begin("race", cursor), cursors))
        found = {lease.partition for lease in leases.all("race")}
        assert found in [set(cursor.marks) for cursor in cursors]

    def test_a_lease_comes_back_as_it_was_written(self, store: Store, leases: Effects) -> None:
        lease = leases.all("mail")[0]
        cursor = Cursor(store.log_id, {lease.partition: Mark(7, "ab" * 16, '{"token":"Zoë"}')})
        taken = structs.replace(lease, owner="me", epoch=3, renewal=9, wanted="you", cursor=cursor)
        written = leases.keep(lease, [taken])
        assert written is not None
        assert _untagged(written) == _untagged([taken])
        assert written[0] in list(leases.all("mail"))

    def test_who_does_not_know_the_last_form_changes_nothing(self, leases: Effects) -> None:
        lease = leases.all("mail")[0]
        assert leases.keep(lease, [structs.replace(lease, owner="quick")]) is not None
        before = _untagged(leases.all("mail"))
        assert leases.keep(lease, [structs.replace(lease, owner="slow")]) is None
        assert _untagged(leases.all("mail")) == before

    def test_a_split_takes_one_away_and_puts_others_in_its_place(self, store: Store, leases: Effects) -> None:
        lease, other = sorted(leases.all("mail"), key=lambda found: found.partition)
        children = [
            structs.replace(lease, partition=name, cursor=_cursor(store, name)) for name in ("00-3F", "3F-7F")
        ]
        assert leases.keep(lease, children) is not None
        assert _untagged(leases.all("mail")) == _untagged([*children, other])

    def test_who_split_too_late_or_writes_the_parent_changes_nothing(
        self, store: Store, leases: Effects
    ) -> None:
        lease = min(leases.all("mail"), key=lambda found: found.partition)
        children = [
            structs.replace(lease, partition=name, cursor=_cursor(store, name)) for name in ("00-3F", "3F-7F")
        ]
        leases.keep(lease, children)
        before = _untagged(leases.all("mail"))
        assert leases.keep(lease, [structs.replace(lease, owner="late")]) is None
        assert leases.keep(lease, children) is None
        assert _untagged(leases.all("mail")) == before

    def test_readers_do_not_see_each_other(self, store: Store, leases: Effects) -> None:
        leases.begin("post", _cursor(store, "00-7F"))
        lease = leases.all("post")[0]
        leases.keep(lease, [structs.replace(lease, owner="me")])
        assert [found.owner for found in leases.all("mail")] == ["", ""]

    def test_of_many_that_take_a_lease_one_gets_it(self, leases: Effects) -> None:
        lease = leases.all("mail")[0]
        with ThreadPoolExecutor(8) as threads:
            answers = list(
                threads.map(
                    lambda n: leases.keep(lease, [structs.replace(lease, owner=f"w{n}", epoch=1)]),
                    range(8),
                )
            )
        winners = [answer[0].owner for answer in answers if answer is not None]
        assert [found.owner for found in leases.all("mail") if found.partition == lease.partition] == winners

    def test_leases_of_another_log_are_refused(self, leases: Effects) -> None:
        with pytest.raises(ForeignCursor):
            leases.begin("foreign", Cursor("another", {"00-FF": Mark()}))

"""Effects: notes of handlers beside their leases, changed together or not at all, and kept as the log is."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from msgspec import structs

from eventfold.errors import BackendLimit, RangeInvalid
from eventfold.feed.cursor import Cursor, Mark
from eventfold.feed.effects.port import NOTES, NOTES_BYTES, VALUE_BYTES, Effects, Lease, Name, Note
from eventfold.store.port import Store


def _note(key: str, value: str = "{}", kind: str = "outcome") -> Note:
    return Note(kind=kind, key=key, value=value)


def _keys(effects: Effects, kind: str = "outcome", reader: str = "mailer") -> list[str]:
    return [note.key for note in effects.notes(reader, kind)]


class EffectsContract:
    """What `effects()` promises, on every store."""

    @pytest.fixture
    def effects(self, store: Store) -> Effects:
        """Those of a handler `mailer` that has begun in two partitions."""
        cursor = Cursor(store.log_id, {"00-7F": Mark(), "7F-FF": Mark()})
        store.effects().begin("mailer", cursor)
        return store.effects()

    @pytest.fixture
    def lease(self, effects: Effects) -> Lease:
        """The lease of one of them."""
        return min(effects.all("mailer"), key=lambda lease: lease.partition)

    def test_a_handler_that_never_began_has_neither_leases_nor_notes(self, store: Store) -> None:
        assert (list(store.effects().all("nobody")), list(store.effects().notes("nobody", "outcome"))) == (
            [],
            [],
        )

    def test_readers_are_those_that_have_begun_in_order(self, store: Store) -> None:
        effects = store.effects()
        assert list(effects.readers()) == []
        effects.note("only-notes", [_note("a")])
        assert list(effects.readers()) == []
        for reader in ("mailer", "a-b", "webhook", "Audit", "mailer", "mail"):
            effects.begin(reader, store.feed().start())
        effects.note("mailer", [_note("a"), _note("a", kind="parked")])
        assert list(effects.readers()) == ["Audit", "a-b", "mail", "mailer", "webhook"]

    def test_a_reader_whose_partitions_were_split_is_one_reader(self, effects: Effects, lease: Lease) -> None:
        children = [
            structs.replace(lease, partition=name, cursor=Cursor(lease.cursor.log, {name: Mark()}))
            for name in ("00-3F", "3F-7F")
        ]
        assert effects.keep(lease, children) is not None
        assert list(effects.readers()) == ["mailer"]

    def test_a_note_comes_back_as_it_was_put_until_another_takes_its_place(self, effects: Effects) -> None:
        first, second = _note("e-1", '{"name":"Zoë \U0001f986","n":1}'), _note("e-1", "")
        effects.note("mailer", [first, _note("e-2")])
        assert list(effects.notes("mailer", "outcome")) == [first, _note("e-2")]
        effects.note("mailer", [second])
        assert list(effects.notes("mailer", "outcome")) == [second, _note("e-2")]

    def test_a_dropped_note_is_gone_and_dropping_what_is_not_there_is_no_error(
        self, effects: Effects
    ) -> None:
        effects.note("mailer", [_note("a"), _note("b"), _note("c")])
        effects.note("mailer", [_note("d")], [Name("outcome", key) for key in ("x", "a", "y", "c")])
        assert _keys(effects) == ["b", "d"]
        effects.note("mailer", drop=[Name("outcome", "x")])
        effects.note("mailer")
        assert _keys(effects) == ["b", "d"]

    def test_what_is_put_and_dropped_at_once_stays(self, effects: Effects) -> None:
        effects.note("mailer", [_note("a", "old")])
        effects.note("mailer", [_note("a", "new"), _note("b")], [Name("outcome", "a"), Name("outcome", "b")])
        assert [(note.key, note.value) for note in effects.notes("mailer", "outcome")] == [
            ("a", "new"),
            ("b", "{}"),
        ]

    def test_handlers_and_kinds_do_not_see_each_other(self, effects: Effects) -> None:
        effects.note("mailer", [_note("a"), _note("a", kind="parked"), _note("b", kind="outcomes")])
        effects.note("other", [_note("z")])
        assert (_keys(effects), _keys(effects, "parked"), _keys(effects, "outcomes")) == (["a"], ["a"], ["b"])
        assert _keys(effects, reader="other") == ["z"]
        assert _keys(effects, "nothing") == []

    def test_notes_come_by_key_in_parts_that_join(self, effects: Effects) -> None:
        keys = sorted(["A", "B-1", "B.1", "B:1", "B_1", "a", "a-b", "a0", "b", "0", "00", "9"])
        effects.note("mailer", [_note(key) for key in reversed(keys)])
        assert _keys(effects) == keys
        found: list[str] = []
        while part := effects.notes("mailer", "outcome", after=found[-1] if found else "", limit=5):
            assert len(part) <= 5
            found += [note.key for note in part]
        assert found == keys
        assert [n.key for n in effects.notes("mailer", "outcome", after="B-1", below="a")] == [
            "B.1",
            "B:1",
            "B_1",
        ]

    def test_a_lease_and_notes_change_together(self, effects: Effects, lease: Lease) -> None:
        effects.note("mailer", [_note("a"), _note("b")])
        taken = structs.replace(lease, owner="me", epoch=1, renewal=1)
        written = effects.keep(lease, [taken], [_note("c")], [Name("outcome", "a"), Name("outcome", "x")])
        assert written is not None
        assert [structs.replace(one, tag="") for one in written] == [structs.replace(taken, tag="")]
        assert written[0] in list(effects.all("mailer"))
        assert _keys(effects) == ["b", "c"]

    def test_who_has_lost_the_lease_changes_neither(self, effects: Effects, lease: Lease) -> None:
        effects.note("mailer", [_note("a")])
        assert effects.keep(lease, [structs.replace(lease, owner="quick", epoch=1)]) is not None
        before = sorted(effects.all("mailer"), key=lambda one: one.partition)
        late = structs.replace(lease, owner="late")
        assert effects.keep(lease, [late], [_note("b")], [Name("outcome", "a")]) is None
        assert effects.keep(lease, [late], [], [Name("outcome", "x")]) is None
        assert sorted(effects.all("mailer"), key=lambda one: one.partition) == before
        assert _keys(effects) == ["a"]

    def test_a_split_takes_notes_along(self, effects: Effects, lease: Lease) -> None:
        children = [
            structs.replace(lease, partition=name, cursor=Cursor(lease.cursor.log, {name: Mark()}))
            for name in ("00-3F", "3F-7F")
        ]
        assert effects.keep(lease, children, [_note("a")]) is not None
        assert effects.keep(lease, children, [_note("b")]) is None
        assert {one.partition for one in effects.all("mailer")} == {"00-3F", "3F-7F", "7F-FF"}
        assert _keys(effects) == ["a"]

    def test_a_lease_that_others_cover_goes_away(self, effects: Effects, lease: Lease) -> None:
        assert effects.keep(lease, [], [_note("a")]) == []
        assert effects.keep(lease, [], [_note("b")]) is None
        assert {one.partition for one in effects.all("mailer")} == {"7F-FF"}
        assert _keys(effects) == ["a"]

    def test_of_many_that_hold_a_lease_the_notes_of_one_are_kept(
        self, effects: Effects, lease: Lease
    ) -> None:
        def keep(n: int) -> bool:
            return effects.keep(lease, [structs.replace(lease, owner=f"w{n}")], [_note(f"w{n}")]) is not None

        with ThreadPoolExecutor(8) as threads:
            won = [n for n, is_kept in enumerate(threads.map(keep, range(8))) if is_kept]
        (owner,) = (one.owner for one in effects.all("mailer") if one.partition == lease.partition)
        assert [f"w{n}" for n in won] == [owner] == _keys(effects)

    def test_as_many_notes_as_are_declared_change_at_once(self, effects: Effects, lease: Lease) -> None:
        notes = [_note(f"{n:03d}", "x" * 1_000) for n in range(NOTES)]
        assert effects.keep(lease, [structs.replace(lease, owner="me")], notes) is not None
        assert len(_keys(effects)) == NOTES
        effects.note("mailer", drop=[note.name for note in notes])
        assert _keys(effects) == []
        with pytest.raises(BackendLimit):
            effects.note("mailer", [*notes, _note("one-more")])
        assert _keys(effects) == []

    def test_a_transaction_takes_so_many_bytes_and_no_more(self, effects: Effects, lease: Lease) -> None:
        most = [_note(f"k{n}", '"' * VALUE_BYTES) for n in range(NOTES_BYTES // VALUE_BYTES)]
        with pytest.raises(BackendLimit):
            effects.keep(lease, [structs.replace(lease, owner="me")], [*most, _note("one-more", "x")])
        assert (lease in list(effects.all("mailer")), _keys(effects)) == (True, [])
        assert effects.keep(lease, [structs.replace(lease, owner="me")], most)
        assert len(_keys(effects)) == len(most)

    @pytest.mark.parametrize(
        "wrong",
        [
            _note(""),
            _note("a/b"),
            _note("a b"),
            _note("é"),
            _note("k" * 129),
            _note("a", kind=""),
            _note("a", kind="Outcome"),
            _note("a", kind="k" * 33),
            _note("a", "x" * (VALUE_BYTES + 1)),
            _note("a", "\0"),
            _note("a", "\ud800"),
        ],
    )
    def test_what_not_every_store_can_keep_is_refused(
        self, effects: Effects, lease: Lease, wrong: Note
    ) -> None:
        with pytest.raises(RangeInvalid):
            effects.keep(lease, [structs.replace(lease, owner="me")], [_note("b"), wrong])
        with pytest.raises(RangeInvalid):
            effects.note("mailer", [wrong])
        assert lease in list(effects.all("mailer"))
        assert _keys(effects) == []

    def test_a_note_is_put_once_in_a_transaction(self, effects: Effects) -> None:
        with pytest.raises(RangeInvalid):
            effects.note("mailer", [_note("a", "1"), _note("a", "2")])
        with pytest.raises(RangeInvalid):
            effects.notes("mailer", "outcome", limit=0)
        with pytest.raises(RangeInvalid):
            effects.notes("mailer", "no kind")

    def test_leases_and_notes_stand_with_the_log(
        self, store: Store, effects: Effects, lease: Lease, open_it: Callable[[], Store]
    ) -> None:
        effects.keep(lease, [structs.replace(lease, owner="me", epoch=1)], [_note("a", "kept")])
        other = open_it()
        try:
            if (
                other.log_id != store.log_id
            ):  # a log in memory is gone with its store, and so is what stands with it
                assert not store.capabilities.durable
                assert list(other.effects().all("mailer")) == []
                return
            found = sorted(other.effects().all("mailer"), key=lambda one: one.partition)
            assert [one.owner for one in found] == ["me", ""]
            assert [note.value for note in other.effects().notes("mailer", "outcome")] == ["kept"]
        finally:
            other.close()

"""Publishing to Delta: stamped, fenced, never doubled, and readable after what others do to the table."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake

from eventfold import ANY, Registry, Store, open_store
from eventfold.errors import CursorLost, ForeignCursor, OwnerFenced, StaleCursor
from eventfold.feed.cursor import Cursor
from eventfold.readmodels import columns as c
from eventfold.readmodels import values as v
from eventfold.readmodels.delta.copies import Copies
from eventfold.readmodels.delta.table import DeltaPublication
from eventfold.readmodels.layout import bind
from eventfold.readmodels.port import Head
from eventfold.readmodels.projector import Projector
from eventfold.readmodels.publication import read_stamp, stamp_of
from eventfold.readmodels.publisher import Publisher
from eventfold.readmodels.sqlite import open_url
from eventfold.readmodels.sqlite.tablestate import SqliteTableState
from eventfold.readmodels.table import compile_table
from eventfold.testing.making import make

REGISTRY = Registry(untyped=True)
LAYOUT = bind(
    compile_table(
        "boxes",
        "box",
        {
            "id": c.key(),
            "n": c.last(v.field("Noted", "n"), "int64"),
            "total": c.sum(v.field("Noted", "n"), "decimal(18,2)"),
            "gone": c.delete_on("Closed"),
        },
        events=["Noted", "Closed"],
    ),
    total_order=True,
)


class Shop:
    """A log, a table's state and its Delta table."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store: Store = open_store("sqlite://")
        self.feed = self.store.feed()
        self.states = open_url(f"sqlite:///{folder}/state.db", self.store.log_id)
        self.state: SqliteTableState = self.states.live(LAYOUT, self.feed.start())
        self.delta = self.another()

    def another(self) -> DeltaPublication:
        return DeltaPublication(self.folder / "boxes", LAYOUT, self.store.log_id)

    def happen(self, stream: str, n: int | None = None) -> None:
        event = make(event_type="Closed") if n is None else make(n)
        self.store.append(stream, [event], expected=ANY)

    def fold(self) -> None:
        projector = Projector(self.state, self.feed, REGISTRY)
        while not projector.step().caught_up:
            pass

    def publish(self) -> int | None:
        self.fold()
        made = Publisher(self.state, self.delta, self.feed).publish()
        return None if made is None else made.number

    def published(self) -> list[dict[str, object]]:
        head = self.delta.head()
        assert head is not None
        rows = self.delta.rows(DeltaTable(str(self.folder / "boxes")).version())
        assert rows is not None
        found: list[dict[str, object]] = rows.sort_by("id").to_pylist()
        return found

    def agree(self) -> bool:
        rows: list[dict[str, object]] = self.state.changed(0).rows.sort_by("id").to_pylist()
        return self.published() == rows


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path)
    for n in range(4):
        shop.happen(f"box-{n}", n)
    yield shop
    shop.states.close()
    shop.store.close()


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
    shop.happen(
        "box-9", 9
    )  # no file of the table can hold its key: a MERGE would look at none, and commit nothing
    shop.fold()
    shop.happen("box-9")
    assert shop.publish() == first + 1
    head = shop.delta.head()
    assert head is not None
    assert head.stamp.cursor == shop.feed.end()
    assert shop.published() == rows
    assert shop.publish() is None


def test_the_same_change_published_twice_lands_once(shop: Shop) -> None:
    shop.publish()
    shop.happen("box-1", 7)
    shop.fold()
    changed = shop.state.changed(1)
    on = shop.delta.head()
    assert on is not None
    stamp = stamp_of("boxes", changed.head, [])
    shop.delta.merge(on, changed.rows, [], stamp)
    with pytest.raises(StaleCursor, match="Somebody else changed the Delta table"):
        shop.delta.merge(on, changed.rows, [], stamp)
    assert DeltaTable(str(shop.folder / "boxes")).version() == 1
    shop.publish()
    assert shop.agree()


def test_of_two_writers_on_one_snapshot_one_lands(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.publish()
    shop.happen("box-1", 7)
    shop.fold()
    other = shop.another()
    on, changed = shop.delta.head(), shop.state.changed(1)
    assert on is not None
    stamp = stamp_of("boxes", changed.head, [])
    slow = other._opened(on)  # a snapshot from before the other one writes
    shop.delta.merge(on, changed.rows, [], stamp)
    monkeypatch.setattr(other, "_opened", lambda _on: slow)
    with pytest.raises(StaleCursor, match="Somebody else changed the table while publishing"):
        other.merge(on, changed.rows, [], stamp)
    assert DeltaTable(str(shop.folder / "boxes")).version() == 1


def test_without_the_fence_the_second_writer_would_land_too(shop: Shop) -> None:
    shop.publish()
    path = str(shop.folder / "boxes")
    one, two = DeltaTable(path), DeltaTable(path)
    rows = shop.state.changed(0).rows
    write_deltalake(one, rows, mode="append")
    write_deltalake(two, rows, mode="append")
    assert DeltaTable(path).version() == 2


def test_an_older_writer_with_a_smaller_version_is_refused(shop: Shop) -> None:
    shop.publish()
    shop.happen("box-1", 7)
    shop.publish()
    path = str(shop.folder / "boxes")
    application = f"{shop.store.log_id}/boxes/1"
    assert DeltaTable(path).transaction_version(application) == 2
    late = CommitProperties(max_commit_retries=0, app_transactions=[Transaction(application, 1)])
    old = DeltaTable(path, version=0)
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
    shop.delta.overwrite(on, fresh.changed(0).rows, stamp_of("boxes", head, []))
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
    assert DeltaTable(str(shop.folder / "boxes")).version() == 0
    assert shop.agree()


def test_a_copy_that_a_reader_makes_in_the_same_moment_is_in_nobodys_way(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, replace = Copies.write, Path.replace

    def at_once(self: Path, target: Path) -> Path:
        monkeypatch.setattr(Path, "replace", replace)
        write(shop.delta._copies, 0, read_stamp(self.read_bytes()))  # type: ignore[arg-type] # a stamp that was just written
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", at_once)
    assert shop.publish() == 0
    assert len(copies(shop)) == 1
    assert shop.agree()


def test_a_crash_between_commit_and_note_publishes_nothing_twice(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.publish()
    shop.happen("box-1", 7)
    shop.fold()
    with monkeypatch.context() as crash:
        crash.setattr(SqliteTableState, "published", _crash)
        with pytest.raises(KeyboardInterrupt):
            Publisher(shop.state, shop.delta, shop.feed).publish()
    assert shop.publish() is None
    assert shop.agree()
    shop.happen("box-2", 8)
    assert shop.publish() == 2
    history = DeltaTable(str(shop.folder / "boxes")).history()
    assert [commit["operation"] for commit in history] == ["MERGE", "MERGE", "WRITE"]
    assert shop.agree()


def test_a_crash_between_commit_and_copy_is_made_good(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.publish()
    shop.happen("box-1", 7)
    shop.fold()
    with monkeypatch.context() as crash:
        crash.setattr("eventfold.readmodels.delta.copies.Copies.write", _crash)
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
    before = {copy.name: copy.read_text() for copy in copies(shop)}
    for copy in copies(shop)[:2]:
        copy.unlink()
    assert shop.another().head() == shop.delta.head()
    assert {copy.name: copy.read_text() for copy in copies(shop)} == before


@pytest.mark.parametrize("damage", ["", "{", '{"log":1}', "\0\0"])
def test_a_damaged_copy_is_made_anew_from_its_commit(shop: Shop, damage: str) -> None:
    shop.publish()
    (copy,) = copies(shop)
    before = copy.read_text()
    copy.write_text(damage)
    head = shop.delta.head()
    assert head is not None
    assert head.number == 0
    assert copy.read_text() == before


def test_copies_of_commits_that_a_restore_took_back_are_believed_by_nobody(shop: Shop) -> None:
    for n in range(4):
        shop.happen("box-0", n)
        shop.publish()
    for number in (2, 3):
        (shop.folder / f"boxes/_delta_log/{number:020d}.json").unlink()
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
    path = str(shop.folder / "boxes")
    shop.publish()
    DeltaTable(path).alter.set_table_properties({"delta.logRetentionDuration": "interval 0 days"})
    for n in range(5):
        shop.happen("box-1", n)
        shop.publish()
    table = DeltaTable(path)
    before = shop.delta.head()
    table.create_checkpoint()
    table.cleanup_metadata()
    assert len(DeltaTable(path).history()) < table.version() + 1
    assert shop.delta.head() == before
    shop.happen("box-2", 99)
    shop.publish()
    assert shop.agree()


def test_without_copies_clean_up_loses_every_stamp_and_nothing_is_overwritten(shop: Shop) -> None:
    path = str(shop.folder / "boxes")
    shop.publish()
    table = DeltaTable(path)
    table.alter.set_table_properties({"delta.logRetentionDuration": "interval 0 days"})
    table.create_checkpoint()
    table.cleanup_metadata()
    for copy in copies(shop):
        copy.unlink()
    with pytest.raises(CursorLost):
        shop.delta.head()
    shop.happen("box-1", 7)
    with pytest.raises(CursorLost):
        shop.publish()
    Publisher(shop.state, shop.delta, shop.feed).publish(reclaim=True)  # what a rebuild does
    assert shop.agree()


def test_optimize_and_vacuum_of_others_as_newest_commits(shop: Shop) -> None:
    path = str(shop.folder / "boxes")
    shop.publish()
    for n in range(3):
        shop.happen(f"box-{n}", n + 10)
        shop.publish()
    table = DeltaTable(path)
    table.optimize.compact()
    table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False, full=True)
    head = shop.delta.head()
    assert head is not None
    assert (head.number, head.intact) == (3, True)
    assert shop.publish() is None
    shop.happen("box-3", 77)
    number = shop.publish()
    assert number is not None
    assert number > 3
    assert shop.agree()


def test_rows_that_others_wrote_are_replaced_by_ours(shop: Shop) -> None:
    path = str(shop.folder / "boxes")
    shop.publish()
    foreign = pa.Table.from_pylist(
        [{"id": "zzz", "_version": 1, "n": 1, "total": 1}], schema=shop.state.changed(0).rows.schema
    )
    write_deltalake(path, foreign, mode="append")
    assert not shop.agree()
    shop.happen("box-1", 7)
    shop.publish()
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


def test_a_table_of_another_log_or_of_nobody_is_left_alone(shop: Shop) -> None:
    shop.publish()
    stranger = DeltaPublication(shop.folder / "boxes", LAYOUT, "another-log")
    with pytest.raises(ForeignCursor):
        stranger.head()
    path = str(shop.folder / "theirs")
    write_deltalake(path, pa.table({"id": ["a"]}))
    theirs = DeltaPublication(shop.folder / "theirs", LAYOUT, shop.store.log_id)
    with pytest.raises(CursorLost):
        theirs.head()
    with pytest.raises(CursorLost):
        Publisher(shop.state, theirs, shop.feed).publish(reclaim=True)
    assert DeltaTable(path).version() == 0


def test_every_version_says_which_events_it_contains(shop: Shop) -> None:
    shop.publish()
    shop.happen("box-1", 7)
    shop.publish()
    stamps = [shop.delta.stamp(number) for number in shop.delta.versions()]
    assert [s.cursor.marks["0"].position for s in stamps if s] == [4, 5]
    assert all(isinstance(s.cursor, Cursor) for s in stamps if s)


def copies(shop: Shop) -> list[Path]:
    return sorted((shop.folder / "boxes" / "_eventfold" / "cursor").glob("*.json"))


def _crash(*_args: object) -> None:
    raise KeyboardInterrupt

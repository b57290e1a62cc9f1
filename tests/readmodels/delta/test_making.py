"""Of all who make one table at once one succeeds, and a commit whose answer was lost is found again."""

import errno
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pyarrow as pa
import pytest
from deltalake import CommitProperties, DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError

from eventfold.errors import OutcomeUnknown, StaleCursor, StorageFailed
from eventfold.feed.cursor import Cursor
from eventfold.readmodels.delta.making import make
from eventfold.readmodels.delta.places import open_place
from eventfold.readmodels.delta.places.folder import Folder
from eventfold.readmodels.delta.places.port import Place
from eventfold.readmodels.delta.stamped import StampedTable, fenced
from eventfold.readmodels.lakecopy.port import CopyStamp, read_copy_stamp

LOG = "00000000-0000-4000-8000-000000000001"
ROWS = pa.table({"number": pa.array([1, 2], pa.int64())})


def stamp(commit: int) -> CopyStamp:
    cursor = Cursor(LOG, {})
    return CopyStamp(log=LOG, commit=commit, cursor=cursor, events=0, total=0, digest="", chain="")


def writing(number: int) -> Callable[[Place], None]:
    rows = pa.table({f"column_{number}": pa.array([number], pa.int64())})
    return lambda place: write_deltalake(place.uri, rows, mode="error", storage_options=place.options)


def test_of_four_that_make_one_table_at_once_one_succeeds_and_nothing_of_it_is_replaced(lake: str) -> None:
    for attempt in range(3):
        place, together = open_place(lake, f"table_{attempt}"), Barrier(4)

        def tried(number: int, place: Place = place, together: Barrier = together) -> bool:
            together.wait()
            return make(place, writing(number))

        with ThreadPoolExecutor(4) as pool:
            won = list(pool.map(tried, range(4)))
        assert won.count(True) == 1
        table = place.table()
        assert table.version() == 0
        assert table.to_pyarrow_table().to_pydict() == {f"column_{won.index(True)}": [won.index(True)]}
        assert list(place.names("_eventfold/making")) == []


def test_control_two_that_make_one_table_by_the_library_alone_both_believe_that_they_did(lake: str) -> None:
    """Each looks before the other has written, as two processes do; the later one replaces what the other has made."""
    place, together = open_place(lake, "table"), Barrier(2)
    place.prepare()

    def rows(number: int) -> Iterator[pa.RecordBatch]:
        together.wait()
        yield pa.record_batch({f"column_{number}": pa.array([number], pa.int64())})

    def tried(number: int) -> bool:
        schema = pa.schema([(f"column_{number}", pa.int64())])
        batches = pa.RecordBatchReader.from_batches(schema, rows(number))
        write_deltalake(place.uri, batches, mode="error", storage_options=place.options)
        return True

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(tried, range(2))) == [True, True]
    assert len(place.table().schema().fields) == 1


def test_a_table_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    assert make(Folder(tmp_path), writing(1))
    before = DeltaTable(tmp_path).metadata().id
    assert not make(Folder(tmp_path), writing(2))
    assert DeltaTable(tmp_path).metadata().id == before


def test_who_dies_while_it_makes_a_table_leaves_nothing_once_it_is_there(tmp_path: Path) -> None:
    class Killed(BaseException): ...

    class Dying(Folder):
        def below(self, name: str) -> "Folder":
            return Dying(self.folder / name)

        def move(self, name: str, place: Place) -> None:
            raise Killed

        def clear(self) -> None: ...

    with pytest.raises(Killed):
        make(Dying(tmp_path), writing(1))
    place = Folder(tmp_path)
    assert len(list(place.names("_eventfold/making"))) == 1
    assert make(place, writing(2))
    StampedTable(place, "numbers", LOG, read_copy_stamp).newest(place.table())
    assert place.names("_eventfold/making") == []


def test_who_comes_late_to_a_table_whose_first_commit_was_cleaned_up_does_not_make_it_again(
    tmp_path: Path,
) -> None:
    place = Folder(tmp_path)
    assert make(place, writing(1))
    write_deltalake(tmp_path, pa.table({"column_1": pa.array([2], pa.int64())}), mode="append")
    place.table().create_checkpoint()
    place.remove("_delta_log/00000000000000000000.json")
    assert not make(place, writing(2))
    assert place.table().to_pyarrow_table().num_rows == 2


@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP])
def test_a_file_system_without_hard_links_is_refused_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def link(_from: Path, _to: Path) -> None:
        raise OSError(number, "not permitted")

    monkeypatch.setattr("os.link", link)
    with pytest.raises(StorageFailed, match=r"without hard links.*--lake FOLDER"):
        make(Folder(tmp_path / "table"), writing(1))
    assert list((tmp_path / "table").iterdir()) == []


@pytest.fixture
def table(tmp_path: Path) -> StampedTable[CopyStamp]:
    write_deltalake(tmp_path, ROWS)
    return StampedTable(Folder(tmp_path), "numbers", LOG, read_copy_stamp)


def written(table: StampedTable[CopyStamp], properties: CommitProperties) -> DeltaTable:
    handle = table.place.table()
    write_deltalake(handle, ROWS, mode="append", commit_properties=properties)
    return handle


OURS, RIVAL = (fenced("a", 1, stamp(1)) for _ in range(2))


@pytest.mark.parametrize("lost", [CommitFailedError("a rival"), OSError("no answer")])
def test_a_commit_whose_answer_was_lost_is_found_by_its_stamp(
    table: StampedTable[CopyStamp], lost: Exception
) -> None:
    def write() -> DeltaTable:
        written(table, OURS)
        raise lost

    assert table.commit("publishing", 0, stamp(1), OURS, write) == 1
    assert table.copies.read(1) == stamp(1)


@pytest.mark.parametrize("lost", [CommitFailedError("a rival"), OSError("no answer")])
def test_the_commit_of_a_rival_with_the_same_stamp_is_none_of_ours(
    table: StampedTable[CopyStamp], lost: Exception
) -> None:
    def write() -> DeltaTable:
        written(table, RIVAL)
        raise lost

    with pytest.raises(StaleCursor):
        table.commit("publishing", 0, stamp(1), OURS, write)


def test_where_nobody_has_written_the_error_stays_and_it_may_be_tried_again(
    table: StampedTable[CopyStamp],
) -> None:
    def write() -> DeltaTable:
        raise OSError("no way")

    with pytest.raises(StorageFailed, match="no way"):
        table.commit("publishing", 0, stamp(1), OURS, write)


def test_where_the_table_cannot_be_opened_the_outcome_is_unknown(
    table: StampedTable[CopyStamp], monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_version: int | None = None) -> DeltaTable:
        raise OSError("no answer")

    def write() -> DeltaTable:
        written(table, OURS)
        monkeypatch.setattr(table.place, "table", gone)
        raise OSError("no answer")

    with pytest.raises(OutcomeUnknown, match="not known"):
        table.commit("publishing", 0, stamp(1), OURS, write)

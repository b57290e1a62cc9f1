"""What is not known to be the copy of this log is not gone on with, and what others may do to it does no harm."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from eventfold import open_store
from eventfold.errors import CheckpointBeyondHead, CursorLost, ForeignCursor, LogMismatch, StorageFailed
from eventfold.readmodels.lakecopy.chunks import next_chunk
from eventfold.readmodels.lakecopy.columns import SCHEMA
from eventfold.readmodels.lakecopy.rows import to_rows
from tests.readmodels.lakecopy.lake import Lake


def copies(lake: Lake) -> list[Path]:
    return sorted((lake.folder / "_eventfold" / "cursor").glob("*.json"))


def commits(lake: Lake) -> list[Path]:
    return sorted((lake.folder / "_delta_log").glob("*.json"))


def damage(commit: Path) -> None:
    """Makes the stamp of a commit one that cannot be read."""
    actions = [json.loads(line) for line in commit.read_text().splitlines()]
    for action in actions:
        if "commitInfo" in action:
            action["commitInfo"]["userMetadata"] = '{"log":'
    commit.write_text("\n".join(map(json.dumps, actions)))


@pytest.fixture
def full(lake: Lake) -> Lake:
    lake.happen(9)
    lake.copy()
    lake.happen(2)
    return lake


def test_a_damaged_stamp_that_was_copied_is_made_good(full: Lake) -> None:
    damage(commits(full)[-1])
    full.copy()
    assert full.agrees()


def test_lost_copies_of_stamps_are_made_again(full: Lake) -> None:
    shutil.rmtree(full.folder / "_eventfold")
    full.copy()
    assert full.agrees()
    assert len(copies(full)) == len(commits(full))


@pytest.mark.parametrize("number", [-1, 1])
def test_a_stamp_that_is_lost_in_both_places_ends_it(full: Lake, number: int) -> None:
    before = full.ids()
    damage(commits(full)[number])
    copies(full)[number].unlink()
    with pytest.raises(CursorLost, match="Move the folder out of the lake"):
        full.table().borders()
    if number == -1:  # of a border that was passed only who reads needs the stamp
        with pytest.raises(CursorLost):
            full.copy()
        assert full.ids() == before


def test_without_any_stamp_it_is_not_ours(full: Lake) -> None:
    for commit, copy in zip(commits(full), copies(full), strict=True):
        damage(commit)
        copy.unlink()
    with pytest.raises(CursorLost, match="no commit of it says"):
        full.copy()


def test_a_table_of_others_is_left_alone(lake: Lake) -> None:
    write_deltalake(str(lake.folder), pa.table({"mine": [1, 2]}))
    lake.happen(2)
    with pytest.raises(CursorLost):
        lake.copy()
    assert len(DeltaTable(str(lake.folder)).history()) == 1


def test_the_copy_of_another_log_is_left_alone(full: Lake, tmp_path: Path) -> None:
    other = Lake(tmp_path, open_store("sqlite://"))
    other.happen(3)
    with pytest.raises(ForeignCursor, match="is of the log"):
        other.copy()
    full.copy()
    assert full.agrees()


def test_a_lost_table_is_copied_anew(full: Lake) -> None:
    table = full.table()
    assert len(table.borders()) == 4
    shutil.rmtree(full.folder)
    assert full.copy(events=100) == 11
    assert full.agrees()
    assert [border.total for border in table.borders()] == [0, 11]


def test_rows_that_others_added_end_it(full: Lake) -> None:
    rows = to_rows(next_chunk(full.feed, full.feed.start(), events=1).events, 1)
    write_deltalake(str(full.folder), rows, mode="append")
    with pytest.raises(CursorLost, match="somebody else wrote to it"):
        full.copy()


def test_a_table_that_was_emptied_ends_it(full: Lake) -> None:
    full.delta().alter.set_table_properties({"delta.appendOnly": "false"})
    write_deltalake(str(full.folder), SCHEMA.empty_table(), mode="overwrite")
    with pytest.raises(CursorLost, match="has 0 rows"):
        full.copy()


def test_a_log_that_was_restored_from_an_older_copy_ends_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/log.db"
    lake = Lake(tmp_path, open_store(url))
    lake.happen(3)
    lake.store.close()
    shutil.copy(tmp_path / "log.db", tmp_path / "older.db")
    newer = Lake(tmp_path, open_store(url))
    newer.happen(3)
    newer.copy()
    older = Lake(tmp_path, open_store(f"sqlite:///{tmp_path}/older.db"))
    with pytest.raises(CheckpointBeyondHead, match="out of the lake"):
        older.copy()
    older.happen(4)
    with pytest.raises(LogMismatch, match="out of the lake"):
        older.copy()
    for one in (newer, older):
        one.store.close()


def compact(table: DeltaTable) -> None:
    assert table.optimize.compact()["numFilesRemoved"]


def order(table: DeltaTable) -> None:
    table.optimize.z_order(["stream"])


def clean(table: DeltaTable) -> None:
    table.alter.set_table_properties({"delta.logRetentionDuration": "interval 0 days"})
    table.create_checkpoint()
    table.cleanup_metadata()


def vacuum(table: DeltaTable) -> None:
    compact(table)
    table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False, full=True)


@pytest.mark.parametrize("maintain", [compact, order, clean, vacuum], ids=lambda one: one.__name__)
def test_maintenance_by_others_does_no_harm(full: Lake, maintain: Callable[[DeltaTable], None]) -> None:
    maintain(full.delta())
    full.copy()
    assert full.agrees()
    assert len(full.table().borders()) == 5


def test_a_file_that_is_gone_is_told_to_who_reads(full: Lake) -> None:
    Path(full.delta().file_uris()[0]).unlink()
    table = full.table()
    with pytest.raises(StorageFailed, match="is gone"):
        table.files(0, 9)

"""From what a table is taken over: from another engine, from a damaged lake, or from the log anew."""

from pathlib import Path

import pytest
from deltalake import DeltaTable, write_deltalake
from msgspec import structs

from eventfold.app.live import Live
from eventfold.errors import (
    ConfigInvalid,
    CursorLost,
    EngineFenced,
    ForeignCursor,
    NotFound,
    StorageFailed,
)
from eventfold.readmodels.publishing import ownership
from tests.readmodels.publishing.otherengine import (
    APP,
    Boxes,
    Job,
    assert_right,
    head,
    note,
    opened,
    poison,
    totals,
)


def test_a_table_that_a_job_made_comes_here(tmp_path: Path) -> None:
    with opened(tmp_path) as live:
        note(live, 1, 2)
        poison(live, "box-2")
        job = Job(live, tmp_path)
        with pytest.raises(NotFound, match="never published"):
            live.table(Boxes).take_over()
        job.make()
        with pytest.raises(EngineFenced):
            live.catch_up()
        done = live.table(Boxes).take_over()
        assert (done.epoch, done.rows, done.parked) == (1, 1, 1)
        note(live, 3)
        live.catch_up()
        assert totals(live) == {"box-1": 6}
        assert_right(live)


def test_a_table_of_another_log_is_left_alone(live: Live, tmp_path: Path) -> None:
    with (
        APP.open("sqlite://", lake=str(tmp_path / "lake")) as other,
        pytest.raises(ForeignCursor, match="was folded from the log"),
    ):
        other.table(Boxes).take_over()
    assert head(live).number == 0
    with (
        APP.open(f"sqlite:///{tmp_path}/log.db") as bare,
        pytest.raises(ConfigInvalid, match="--lake FOLDER"),
    ):
        bare.table(Boxes).take_over()


def test_where_nobody_can_go_on_it_is_folded_anew_under_the_next_epoch(live: Live, job: Job) -> None:
    boxes = live.table(Boxes)
    poison(live)
    live.catch_up()
    boxes.skip("box-1", "no number")
    poison(live)
    live.catch_up()
    job.take_over()
    (file,) = [
        f for f in (job._path / "_eventfold" / "parked").iterdir() if f.name == head(live).stamp.parked_file
    ]
    kept = file.read_bytes()
    file.unlink()
    with pytest.raises(CursorLost, match="take-over boxes --rebuild"):
        boxes.take_over()
    file.write_bytes(kept)
    write_deltalake(
        str(job._path), boxes.live().changed(0).rows, mode="append"
    )  # every row twice, by anybody
    with pytest.raises(CursorLost, match="changed by a program that leaves no stamp"):
        boxes.take_over()
    done = boxes.take_over(rebuild=True)
    assert (done.engine, done.epoch, done.generation, done.skipped) == ("spark", 2, 2, 1)
    assert totals(live) == {"box-1": 8, "box-2": 3}
    with pytest.raises(EngineFenced):
        job.batch()
    assert_right(live)


def test_a_table_whose_files_are_gone_is_no_source(live: Live, job: Job) -> None:
    job.take_over()
    for file in job._path.glob("*.parquet"):
        file.unlink()
    with pytest.raises(CursorLost, match="--rebuild"):
        live.table(Boxes).take_over()
    assert head(live).stamp.engine == "spark"  # nothing was claimed
    live.table(Boxes).take_over(rebuild=True)
    assert_right(live)


def test_ownership_is_looked_at_before_the_lake_is_needed(live: Live, job: Job, tmp_path: Path) -> None:
    """A lake that cannot be read for a while stops no fold: the next publication tells."""
    log = tmp_path / "lake" / "boxes" / "_delta_log"
    moved = log.rename(tmp_path / "elsewhere")
    note(live, 10)
    log.write_text("no folder")
    with pytest.raises(StorageFailed):
        live.catch_up()
    assert live.table(Boxes).get("box-1")["total"] == 13
    log.unlink()
    moved.rename(log)
    live.catch_up()
    assert totals(live)["box-1"] == 13


def test_an_epoch_that_a_restored_table_has_lost_is_written_again(live: Live, job: Job) -> None:
    stamp = structs.replace(head(live).stamp, epoch=1)
    assert not ownership.is_anothers(stamp, 2)
    assert not ownership.is_ours(stamp, 2)
    job.take_over()
    live.table(Boxes).take_over()
    DeltaTable(str(job._path)).restore(0)
    note(live, 10)
    live.catch_up()
    assert head(live).stamp.epoch == 2
    assert totals(live)["box-1"] == 13

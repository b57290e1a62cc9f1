"""A published table goes from one engine to the other in the middle of its life, and nothing is doubled or lost."""

import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError
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
from eventfold.feed.parking import Skip
from eventfold.readmodels.following import worker
from eventfold.readmodels.publishing import ownership, publisher
from eventfold.readmodels.publishing.publication import Version
from eventfold.readmodels.sqlite.state import SqliteState
from tests.readmodels.delta.shop import crash
from tests.readmodels.publishing.otherengine import APP, Boxes, Job, note, opened, poison


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    with opened(tmp_path) as live:
        note(live, 1, 2)
        note(live, 3, box="box-2")
        live.catch_up()
        yield live


@pytest.fixture
def job(live: Live, tmp_path: Path) -> Job:
    return Job(live, tmp_path)


def head(live: Live) -> Version:
    publication = live.table(Boxes).publication
    assert publication is not None
    found = publication.head()
    assert found is not None
    return found


def totals(live: Live) -> dict[str, int]:
    """Of the published rows, by box; each key once."""
    publication = live.table(Boxes).publication
    assert publication is not None
    rows = publication.rows(max(publication.versions()))
    assert rows is not None
    found = {row["box_id"]: int(row["total"]) for row in rows.to_pylist()}
    assert len(found) == rows.num_rows
    return found


def assert_right(live: Live) -> None:
    """State and published rows equal a fold from zero, but for what waits and was skipped."""
    audit = live.verify()
    assert (audit.problems, audit.findings) == (0, [])
    assert audit.tables[0].published is not None


def test_it_goes_there_and_back_in_the_middle_of_its_life(live: Live, job: Job) -> None:
    job.take_over()
    assert (head(live).stamp.engine, head(live).stamp.epoch) == ("spark", 1)
    note(live, 10)
    job.batch()
    note(live, 20, box="box-3")
    job.batch()
    done = live.table(Boxes).take_over()
    assert (done.engine, done.epoch, done.rows, done.done) == ("spark", 2, 3, True)
    assert live.table(Boxes).get("box-1")["total"] == 13
    assert live.table(Boxes).live().head().cursor == head(live).stamp.cursor
    files = DeltaTable(str(job._path)).file_uris()
    note(live, 100, box="box-4")
    assert live.catch_up().tables[0].events == 1  # nothing is folded twice
    assert totals(live) == {"box-1": 13, "box-2": 3, "box-3": 20, "box-4": 100}
    assert set(files) & set(DeltaTable(str(job._path)).file_uris())  # a merge, and not everything again
    assert_right(live)
    job.take_over()
    note(live, 1)
    job.batch()
    assert totals(live)["box-1"] == 14
    assert live.table(Boxes).take_over().epoch == 4
    assert_right(live)


def test_while_another_engine_has_it_nothing_is_published_folded_or_decided_here(
    live: Live, job: Job
) -> None:
    poison(live)
    live.catch_up()
    job.take_over()
    note(live, 10, box="box-2")
    before, cursor = DeltaTable(str(job._path)).version(), live.table(Boxes).live().head().cursor
    boxes = live.table(Boxes)
    for refused in (
        live.catch_up,
        lambda: live.run(threading.Event()),
        boxes.rebuild,
        lambda: boxes.retry("box-1"),
        lambda: boxes.skip("box-1", "why not"),
        lambda: publisher.Publisher(boxes.live(), boxes.publication, live.store.feed()).publish(),  # type: ignore[arg-type] # there is one
    ):
        with pytest.raises(EngineFenced, match="`eventfold take-over boxes`") as error:
            refused()
        assert (error.value.facts["engine"], error.value.facts["epoch"]) == ("spark", 1)
    assert DeltaTable(str(job._path)).version() == before
    assert boxes.live().head().cursor == cursor
    (table,) = live.status().tables
    assert (table.engine, table.unpublished) == ("spark", 0)
    assert "take-over boxes" in table.problem
    job.batch()
    boxes.take_over()
    live.catch_up()
    assert_right(live)


def test_a_worker_that_still_runs_is_fenced_and_what_it_folded_counts_once(live: Live, job: Job) -> None:
    boxes = live.table(Boxes)
    (running,) = live._workers(every=0.0)
    note(live, 10)
    running.step()
    assert head(live).stamp.engine == "embedded"
    job.take_over()
    note(live, 20)
    job.batch()
    note(live, 40)
    running._due = 0.0
    with pytest.raises(EngineFenced):  # it folds into its own state, and stops where it would publish
        running.step()
    with pytest.raises(EngineFenced):
        running.finish()
    assert totals(live)["box-1"] == 33
    assert boxes.get("box-1")["total"] == 73
    boxes.take_over()
    assert boxes.get("box-1")["total"] == 33
    live.catch_up()
    assert totals(live)["box-1"] == 73
    assert_right(live)


def test_a_job_that_still_runs_is_fenced(live: Live, job: Job) -> None:
    job.take_over()
    note(live, 10)
    job.batch()
    note(live, 20)
    slow = job.snapshot()  # it has looked, and has not written yet
    live.table(Boxes).take_over()
    with pytest.raises(CommitFailedError):
        job.batch(late=slow)
    with pytest.raises(EngineFenced):
        job.batch()
    live.catch_up()
    assert totals(live)["box-1"] == 33
    assert_right(live)


def test_a_change_number_that_is_equal_by_chance_is_no_common_history(
    live: Live, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    boxes = live.table(Boxes)
    poison(live)
    live.catch_up()
    noted = boxes.live().noted("delta")
    job.take_over(change=max(noted) - 1)
    job.skip()
    note(live, 10, box="box-2")
    assert head(live).stamp.change in noted
    assert head(live).stamp.generation == boxes.live().head().generation
    with pytest.raises(EngineFenced):
        live.catch_up()
    # the control: by the number alone the two histories are taken for one
    for place in (publisher, worker):
        monkeypatch.setattr(place, "check_owner", lambda _stamp, _epoch: None)
        monkeypatch.setattr(place, "is_ours", lambda _stamp, _epoch: True)
    live.catch_up()
    assert head(live).stamp.engine == "embedded"
    # what the job had decided stands in rows that say now that the stream waits
    assert [(one.problem, one.key) for one in live.verify().findings] == [("row-differs", "box-1")]


def test_a_kill_between_the_two_commits_is_made_good_by_calling_it_again(
    live: Live, job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job.take_over()
    note(live, 10)
    job.batch()
    with monkeypatch.context() as dying:
        dying.setattr(SqliteState, "replace", crash)
        with pytest.raises(KeyboardInterrupt):
            live.table(Boxes).take_over()
    assert (head(live).stamp.engine, head(live).stamp.epoch) == ("embedded", 2)
    with pytest.raises(EngineFenced):
        job.batch()
    with opened(tmp_path) as again:
        with pytest.raises(EngineFenced, match="did not come to its end"):
            again.catch_up()
        assert again.table(Boxes).take_over().epoch == 3
        note(again, 20)
        again.catch_up()
        assert totals(again)["box-1"] == 33
        assert_right(again)
        assert not again.table(Boxes).take_over().done


def test_it_is_given_to_the_other_engine_with_all_that_was_decided_here(live: Live, job: Job) -> None:
    boxes = live.table(Boxes)
    poison(live)
    live.catch_up()
    boxes.skip("box-1", "no number")  # folded and decided, and not published
    done = boxes.take_over(engine="spark")
    assert (done.engine, done.epoch, done.done) == ("embedded", 1, True)
    assert not boxes.take_over(engine="spark").done
    job.go_on()
    note(live, 10)
    job.batch()
    assert totals(live) == {"box-1": 18, "box-2": 3}
    with pytest.raises(EngineFenced):
        live.catch_up()
    boxes.take_over()
    assert [skip.reason for skip in boxes.live().skips()] == ["no number"]
    live.catch_up()
    assert_right(live)
    for engine, rebuild in (("flink", False), ("spark", True)):
        with pytest.raises(ConfigInvalid, match="the engines are embedded and spark"):
            boxes.take_over(engine=engine, rebuild=rebuild)
    with pytest.raises(EngineFenced, match="`eventfold take-over boxes --engine spark`"):
        ownership.check_owner(head(live).stamp, 1, "spark")


def test_twice_is_once(live: Live, job: Job) -> None:
    assert not live.table(Boxes).take_over().done
    job.take_over()
    version = live.table(Boxes).take_over().version
    again = live.table(Boxes).take_over()
    assert (again.done, again.version, again.epoch) == (False, version, 2)
    assert live.catch_up().tables[0].published is None


def test_a_state_that_had_the_table_before_another_one_took_it_is_fenced(
    live: Live, job: Job, tmp_path: Path
) -> None:
    """Of the same engine, on another machine: its numbers may fit by chance as well."""
    job.take_over()
    with opened(tmp_path, "there") as there:
        assert there.table(Boxes).take_over().epoch == 2
        note(there, 10)
        there.catch_up()
        with pytest.raises(EngineFenced, match="by the state of another machine"):
            live.catch_up()
        assert live.table(Boxes).take_over().engine == "embedded"
        note(live, 20)
        live.catch_up()
        with pytest.raises(EngineFenced):
            there.catch_up()
    assert totals(live)["box-1"] == 33
    assert_right(live)


def test_a_lost_state_has_the_table_still_where_this_engine_had_it(
    live: Live, job: Job, tmp_path: Path
) -> None:
    job.take_over()
    live.table(Boxes).take_over()
    with opened(tmp_path, "new") as new:
        note(new, 10)
        assert new.catch_up().tables[0].events == 1
        assert totals(new)["box-1"] == 13
        assert_right(new)
    job.take_over()
    with opened(tmp_path, "newer") as newer:
        with pytest.raises(EngineFenced):
            newer.catch_up()
        newer.table(Boxes).take_over()
        newer.catch_up()
        assert_right(newer)


def test_parked_streams_and_skips_go_with_it_in_both_directions(live: Live, job: Job) -> None:
    boxes = live.table(Boxes)
    poison(live)
    poison(live, "box-2")
    live.catch_up()
    assert boxes.skip("box-2", "a test order")
    live.catch_up()
    job.take_over()
    note(live, 100)  # waits behind what failed, in the job too
    note(live, 200, box="box-2")
    job.batch()
    assert totals(live) == {"box-1": 3, "box-2": 208}
    poison(live, "box-3")
    job.batch()
    job.skip("box-3")
    boxes.take_over()
    assert {s: (p.version, p.last_version) for s, p in boxes.parked().items()} == {"box-1": (3, 5)}
    assert {(s.stream, s.reason) for s in boxes.live().skips()} == {
        ("box-2", "a test order"),
        ("box-3", "a test"),
    }
    note(live, 400)
    live.catch_up()
    assert totals(live) == {"box-1": 3, "box-2": 208, "box-3": 5}
    assert boxes.parked()["box-1"].last_version == 6
    assert_right(live)
    assert not boxes.retry("box-1")
    assert boxes.skip("box-1", "no number")
    live.catch_up()
    assert totals(live)["box-1"] == 508
    assert_right(live)
    assert {s.stream for s in boxes.live().skips()} == {"box-1", "box-2", "box-3"}


def test_a_decision_of_a_state_that_did_not_have_the_table_is_named_when_it_goes(
    live: Live, job: Job, tmp_path: Path
) -> None:
    poison(live)
    live.catch_up()
    with opened(tmp_path, "there") as there:
        there.catch_up()
        job.take_over()
        job.retry()
        job.batch()
        there.table(Boxes)._projector().note("box-1", structs.replace(_skip(there), reason="mine"))
        _, warning = there.table(Boxes).take_over().warnings
        assert "1 skipped event of this state (first box-1@3) no longer counts" in warning
        assert there.table(Boxes).parked()["box-1"].version == 3


def _skip(live: Live) -> Skip:
    return Skip(
        stream="box-1", version=live.table(Boxes).parked()["box-1"].version, reason="", actor="", skipped_us=1
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


def test_moments_of_versions_of_either_engine_answer_as_one_history(live: Live, job: Job) -> None:
    boxes, feed = live.table(Boxes), live.store.feed()
    ends = [feed.end()]
    job.take_over()
    for n, box in ((10, "box-1"), (20, "box-2"), (30, "box-3")):
        note(live, n, box=box)
        job.batch()
        ends.append(feed.end())
    boxes.take_over()
    note(live, 40)
    live.catch_up()
    ends.append(feed.end())
    job.take_over()
    note(live, 50)
    job.batch()
    ends.append(feed.end())
    asked = [boxes.at(cursor=end) for end in ends]
    assert [at.events for at in asked] == [0] * 6  # each is a published version
    assert [{row["box_id"]: int(row["total"]) for row in at.rows()} for at in asked] == [
        {"box-1": 3, "box-2": 3},
        {"box-1": 13, "box-2": 3},
        {"box-1": 13, "box-2": 23},
        {"box-1": 13, "box-2": 23, "box-3": 30},
        {"box-1": 53, "box-2": 23, "box-3": 30},
        {"box-1": 103, "box-2": 23, "box-3": 30},
    ]
    changes = [(one.kind, one.key) for one in boxes.diff(ends[1], ends[5])]
    assert changes == [("added", "box-3"), ("changed", "box-1"), ("changed", "box-2")]
    assert len(boxes.why("box-1")) == 5
    # what the other engine keeps is asked there
    assert live.query("SELECT total FROM boxes WHERE box_id = 'box-1'").rows() == [
        {"total": Decimal("103.00")}
    ]


def test_a_skip_of_the_other_engine_holds_for_questions_about_the_past(live: Live, job: Job) -> None:
    boxes = live.table(Boxes)
    job.take_over()
    poison(live)
    job.batch()
    job.skip()
    note(live, 7)
    at = boxes.at(cursor=live.store.feed().end())
    assert not at.parked
    assert {row["box_id"]: int(row["total"]) for row in at.rows()} == {"box-1": 15, "box-2": 3}
    steps = boxes.why("box-1")
    boxes.take_over()
    assert len(boxes.why("box-1")) == len(steps)
    live.catch_up()
    assert boxes.get("box-1")["total"] == 15


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

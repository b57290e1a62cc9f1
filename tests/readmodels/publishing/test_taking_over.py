"""A published table goes from one engine to the other in the middle of its life, and nothing is doubled or lost."""

import threading
from pathlib import Path

import pytest
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError

from eventfold.app.live import Live
from eventfold.errors import (
    ConfigInvalid,
    EngineFenced,
)
from eventfold.readmodels.following import worker
from eventfold.readmodels.publishing import ownership, publisher
from eventfold.readmodels.sqlite.state import SqliteState
from tests.readmodels.delta.shop import crash
from tests.readmodels.publishing.otherengine import (
    Boxes,
    Job,
    assert_right,
    head,
    note,
    opened,
    poison,
    totals,
)


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
    running.publishings[0].due = 0.0
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

"""What waits, what was skipped and what was so at a moment go with a table from one engine to the other."""

from decimal import Decimal
from pathlib import Path

import pytest
from msgspec import structs

from eventfold.app.live import Live
from eventfold.errors import (
    EngineFenced,
)
from eventfold.feed.parking import Skip
from tests.readmodels.publishing.otherengine import Boxes, Job, assert_right, note, opened, poison, totals


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

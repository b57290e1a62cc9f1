"""What doctor finds of a copy, without reading an event."""

import json
from pathlib import Path

import pytest

import eventfold as ef
from eventfold.readmodels.lakecopy import examining
from eventfold.readmodels.lakecopy.examining import examine
from eventfold.testing.making import make
from tests.doors.calling import eventfold
from tests.readmodels.lakecopy.lake import Lake


def found(lake: Lake) -> dict[str, tuple[str, str]]:
    return {one.what: (one.level, one.found) for one in examine(lake.table(), lake.feed)}


def test_a_copy_that_can_be_gone_on_with_has_no_problem(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(lake)["lake copy"][0] == "warning"
    lake.happen(9)
    lake.copy()
    lake.happen(2)
    told = found(lake)
    assert {level for level, _ in told.values()} == {"ok"}
    assert told["lake copy: borders"] == ("ok", "4 borders")
    assert told["lake copy: events"] == ("ok", "9 events, 2 behind")
    monkeypatch.setattr(examining, "MANY", 2)
    level, how = found(lake)["lake copy: files"]
    assert level == "warning"
    assert "optimize.compact()" in how
    lake.delta().optimize.compact()
    assert found(lake)["lake copy: files"][0] == "ok"


def test_a_stamp_that_was_altered_and_a_log_that_was_swapped_are_problems(lake: Lake) -> None:
    lake.happen(9)
    lake.copy()
    stamp = lake.folder / "_delta_log" / f"{2:020d}.json"
    copied = lake.folder / "_eventfold" / "cursor" / f"{2:020d}.json"
    digest = lake.table().borders()[2].digest
    for file in (stamp, copied):
        file.write_text(file.read_text().replace(digest, "0" * 64))
    assert found(lake)["lake copy: borders"][0] == "problem"
    other = Lake(lake.folder.parent)
    other.happen(9)
    assert [(one.level, one.what) for one in examine(lake.table(), other.feed)][-1] == (
        "problem",
        "lake copy",
    )
    other.store.close()


def test_fewer_events_in_the_log_than_were_copied_are_a_problem(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.happen(9)
    lake.copy()
    counted = lake.feed.lag
    monkeypatch.setattr(lake.feed, "lag", lambda cursor: max(0, (counted(cursor) or 0) - 1))
    level, said = found(lake)["lake copy: events"]
    assert level == "problem"
    assert "eventfold verify" in said


def test_doctor_looks_at_the_copy_where_one_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with ef.open_store("sqlite:///log.db") as store:
        store.append("box-1", [make(1)], expected=0)
    given = ("--store", "sqlite:///log.db", "--lake", "lake")
    for option, wanted in (("--no-copy", None), ("--copy", "warning")):
        told = eventfold("--json", *given, option, "doctor")
        assert told.code == 0
        rows = {row["what"]: row["level"] for row in json.loads(told.out)}
        assert rows.get("lake copy") == wanted
    told = eventfold("--json", *given[:3], "abfss://c@x", "--copy", "doctor")
    rows = {row["what"]: row for row in json.loads(told.out)}
    assert (told.code, rows["lake copy"]["level"]) == (2, "problem")
    assert "abfss" in rows["lake copy"]["found"]
    assert len(rows) > 1

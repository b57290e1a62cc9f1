"""An audit compares the copy with the log: whatever was changed in either is named by commit."""

from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

import eventfold as ef
from eventfold.readmodels.audit.report import Findings
from eventfold.readmodels.lakecopy.comparing import compare
from eventfold.testing.making import make
from tests.readmodels.lakecopy.lake import Lake


def found(lake: Lake) -> list[tuple[str, int, int]]:
    findings = Findings()
    compare(lake.table(), lake.feed, findings)
    return [(one.problem, one.low, one.high) for one in findings.kept]


def test_where_nothing_was_changed_everything_agrees(lake: Lake) -> None:
    lake.happen(9)
    lake.copy(events=4)
    lake.happen(3)
    findings = Findings()
    done = compare(lake.table(), lake.feed, findings)
    assert (findings.total, done.events) == (0, 9)
    lake.delta().optimize.compact()
    assert found(lake) == []


def test_a_file_that_was_changed_is_named(lake: Lake) -> None:
    lake.happen(9)
    lake.copy(events=4)
    [file] = lake.table().files(2, 2)
    rows = pq.read_table(file, partitioning=None)
    changed = pc.replace_substring(rows.column("data"), '{"n":5}', '{"n":6}')
    at = rows.schema.get_field_index("data")
    pq.write_table(rows.set_column(at, rows.schema.field("data"), changed), file)
    assert found(lake) == [("copy", 5, 8)]


def test_a_stamp_that_was_changed_is_named(lake: Lake) -> None:
    lake.happen(9)
    lake.copy(events=4)
    path = sorted((lake.folder / "_eventfold" / "cursor").glob("*.json"))[1]
    for text in (path, lake.folder / "_delta_log" / path.name):
        content = text.read_text()
        digest = lake.table().borders()[1].digest
        text.write_text(content.replace(digest, "0" * 64))
    assert ("chain", 1, 4) in found(lake)
    assert ("copy", 1, 4) in found(lake)


def test_verify_compares_the_copy_and_says_so(tmp_path: Path) -> None:
    app = ef.App("shop", untyped=True)
    with app.open(f"sqlite:///{tmp_path}/log.db", lake=str(tmp_path / "lake"), copy=True) as live:
        live.store.append("note-1", [make(1), make(2)], expected=0)
        live.catch_up()
        audit = live.verify()
        assert (audit.ok, audit.copied) == (True, 2)
        [file] = (tmp_path / "lake" / "events").glob("*/*.parquet")
        file.unlink()
        audit = live.verify()
        assert not audit.ok
        assert [(one.where, one.problem) for one in audit.findings] == [("copy", "unreadable")]

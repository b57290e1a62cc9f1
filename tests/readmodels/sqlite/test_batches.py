"""Rows as batches: those of one instant, of bounded size, and an error of theirs comes through."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from eventfold.errors import StorageFailed
from eventfold.feed.cursor import Cursor
from eventfold.readmodels.declaring import columns as c
from eventfold.readmodels.declaring import values as v
from eventfold.readmodels.declaring.layout import bind
from eventfold.readmodels.declaring.table import compile_table
from eventfold.readmodels.folding.arrowform import schema
from eventfold.readmodels.port import Changes
from eventfold.readmodels.sqlite import open_url, paging
from eventfold.readmodels.sqlite.cells import CellCodec
from eventfold.readmodels.sqlite.tablestate import SqliteTableState
from tests.readmodels.delta.shop import unreadable

LAYOUT = bind(
    compile_table("boxes", "box", {"id": c.key(), "text": c.last(v.field("Noted", "text"), "string")}),
    total_order=True,
)
START = Cursor(log="a", marks={})


def row(n: int, text: str = "") -> list[Any]:
    cells: dict[str, Any] = {"id": f"box-{n:05d}", "text": text}
    return [cells.get(slot.name, 1 if at == 1 else None) for at, slot in enumerate(LAYOUT.slots)]


@pytest.fixture(params=["file", "memory"])
def state(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqliteTableState]:
    url = "sqlite://" if request.param == "memory" else f"sqlite:///{tmp_path}/state.db"
    states = open_url(url, "a")
    yield states.live(LAYOUT, START)
    states.close()


def commit(state: SqliteTableState, rows: dict[str, Any]) -> int:
    return state.commit(Changes(rows=rows), read=START, then=START)


def test_batches_hold_what_changed_and_nothing_that_came_later(state: SqliteTableState) -> None:
    commit(state, {f"box-{n:05d}": row(n) for n in range(1_000)})
    since = commit(state, {"box-00001": None, "box-00002": None, "box-00003": row(3, "again")})
    commit(state, {"box-00002": row(2, "back"), "box-00004": row(4, "new")})
    with state.batches(since - 1) as found:
        commit(state, {"box-00007": row(7, "later")})
        rows = found.rows.read_all()
    assert found.head.change == 3
    assert found.deleted == ["box-00001"]
    assert sorted(rows.column("text").to_pylist()) == ["again", "back", "new"]
    assert rows.schema == schema(LAYOUT)
    assert state.changed(since - 1).rows.num_rows == 4


def test_no_rows_are_no_batches(state: SqliteTableState) -> None:
    with state.batches(0) as found:
        assert found.rows.schema == schema(LAYOUT)
        assert found.rows.read_all().num_rows == 0


def test_batches_are_small_where_rows_are_large(
    state: SqliteTableState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "BYTES", 100_000)
    commit(state, {f"box-{n:05d}": row(n, "x" * 1_000) for n in range(2_000)})
    reader = paging.Paging(LAYOUT, CellCodec(LAYOUT)).reader(tuple(row(n, "x" * 1_000)) for n in range(2_000))
    first, *others = reader
    assert first.num_rows == paging.FIRST
    assert {batch.num_rows for batch in others[:-1]} <= set(range(80, 100))


def test_batches_grow_to_their_limit_where_rows_are_small() -> None:
    reader = paging.Paging(LAYOUT, CellCodec(LAYOUT)).reader(tuple(row(n)) for n in range(60_000))
    sizes = [batch.num_rows for batch in reader]
    assert sizes[:4] == [256, 1_024, 4_096, 16_384]
    assert max(sizes) == paging.MOST
    assert sum(sizes) == 60_000


def test_the_reason_comes_through_who_reads(state: SqliteTableState, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(state, {f"box-{n:05d}": row(n) for n in range(1_000)})
    unreadable(monkeypatch, 700)
    with pytest.raises(StorageFailed, match="The disk has gone"), state.batches(0) as found:
        table = pa.Table.from_batches(found.rows)
        raise AssertionError(f"{table.num_rows} rows were taken for all")

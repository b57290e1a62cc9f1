"""Parquet with UUIDs, JSON and bool8; and columns that nobody asked for, which decide nothing."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from eventfold import Store
from eventfold.errors import QueryInvalid
from eventfold.imports import Mapping, import_file, ocel_mapping
from eventfold.imports.files import rows
from tests.imports.making import refusals, stored
from tests.imports.mapping.test_categories import ocel

COLUMNS = Mapping(stream="case", category="case", type="what")
ONE = UUID(int=7)


def extended(kind: Any, storage: pa.Array) -> pa.Array:
    return pa.ExtensionArray.from_storage(kind, storage)


def documents(*texts: str | None) -> pa.Array:
    return extended(pa.json_(), pa.array(texts, pa.string()))


def written(path: Path, **columns: pa.Array) -> Path:
    count = len(next(iter(columns.values())))
    named = {"case": [str(n) for n in range(count)], "what": ["A"] * count}
    pq.write_table(pa.table(named | columns), path)
    return path


def bring(store: Store, path: Path, columns: Mapping = COLUMNS) -> Any:
    return import_file(store, path, columns, source="test", keep_going=True)


def test_uuids_json_and_bool8_are_what_they_say(store: Store, tmp_path: Path) -> None:
    uuids = extended(pa.uuid(), pa.array([ONE.bytes, None], pa.binary(16)))
    path = written(
        tmp_path / "a.parquet",
        u=uuids,
        many=pa.ListArray.from_arrays([0, 1, 2], uuids),
        j=documents('{"a": [1.50, null]}', None),
        b=extended(pa.bool8(), pa.array([1, 0], pa.int8())),
    )
    report = bring(store, path)
    assert (report.written, report.refused) == (2, 0)
    first, second = [json.loads(e.data, parse_float=str) for e in stored(store)]
    assert first == {"u": str(ONE), "many": [str(ONE)], "j": {"a": ["1.50", None]}, "b": True}
    assert (second["b"], second["u"], second["j"]) == (False, None, None)
    assert bring(store, path).known == 2


def test_a_uuid_names_an_entity(store: Store, tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", u=extended(pa.uuid(), pa.array([ONE.bytes], pa.binary(16))))
    bring(store, path, Mapping(stream="u", category="order", type="what"))
    assert stored(store)[0].stream == f"order-{ONE}"


@pytest.mark.parametrize("text", ['1,"what":"B"', "{", "NaN", '{"a":1,"a":2}', "[" * 5_000, ""])
def test_json_that_is_none_refuses_its_row_and_says_nothing_else(
    store: Store, tmp_path: Path, text: str
) -> None:
    report = bring(store, written(tmp_path / "a.parquet", j=documents(text, "1")))
    assert ([line for line, _ in refusals(report)], [e.data for e in stored(store)]) == ([1], ['{"j":1}'])


def test_a_column_of_json_is_measured(store: Store, tmp_path: Path) -> None:
    long = json.dumps("x" * (rows.LONGEST_LINE + 1))
    report = bring(store, written(tmp_path / "a.parquet", j=documents(long, "1")))
    assert (refusals(report), report.written) == ([(1, "event-too-large")], 1)


def test_columns_that_nobody_asked_for_decide_nothing(store: Store, tmp_path: Path) -> None:
    path = written(
        tmp_path / "a.parquet",
        note=pa.array(["x", "y", "z"]),
        lasts=pa.array([1, 2, 3], pa.duration("s")),
        number=pa.array([float("nan"), 1.0, float("inf")]),
        j=documents("{", "1", "NaN"),
        at=pa.array([1, 1_000, 2], pa.timestamp("ns", "UTC")),
    )
    with pytest.raises(QueryInvalid, match="lasts"):
        bring(store, path)
    report = bring(store, path, Mapping(stream="case", category="case", type="what", data="note"))
    assert (report.written, report.refused) == (3, 0)
    assert [e.data for e in stored(store)] == ['{"note":"x"}', '{"note":"y"}', '{"note":"z"}']
    again = bring(store, path, Mapping(stream="case", category="case", type="what", data="note"))
    assert (again.written, again.known) == (0, 3)


@pytest.mark.parametrize(("asked", "refused"), [("number", 2), ("at", 2), ("j", 2)])
def test_those_that_are_asked_for_do(store: Store, tmp_path: Path, asked: str, refused: int) -> None:
    path = written(
        tmp_path / "a.parquet",
        number=pa.array([float("nan"), 1.0, float("inf")]),
        j=documents("{", "1", "NaN"),
        at=pa.array([1, 1_000, 2], pa.timestamp("ns", "UTC")),
    )
    report = bring(store, path, Mapping(stream="case", category="case", type="what", data=asked))
    assert (report.refused, report.written) == (refused, 3 - refused)
    with pytest.raises(QueryInvalid, match="lasts"):
        bring(
            store,
            written(tmp_path / "b.parquet", lasts=pa.array([1], pa.duration("s"))),
            Mapping(stream="case", category="case", type="what", data="lasts"),
        )


@pytest.mark.parametrize(
    ("first", "second"), [("sales-order", "sales_order"), ("sales_order", "sales-order"), ("a-b_c", "a_b-c")]
)
def test_two_types_of_two_files_that_may_share_a_category_are_told(
    store: Store, tmp_path: Path, first: str, second: str
) -> None:
    for n, kind in enumerate((first, second)):
        (tmp_path / str(n)).mkdir()
        path = ocel(tmp_path / str(n), {str(n): kind})
        report = import_file(store, path, ocel_mapping(kind))
        assert len(report.notes) == n
        assert import_file(store, path, ocel_mapping(kind)).written == 0
    assert f"{second!r}" in report.notes[0]
    assert "--category" in report.notes[0]
    mine = import_file(store, path, ocel_mapping(second, "mine"))
    assert (mine.notes, mine.written) == ([], 1)


def test_a_type_that_no_other_is_written_like_is_not_told(store: Store, tmp_path: Path) -> None:
    for n in range(2):
        (tmp_path / str(n)).mkdir()
        report = import_file(store, ocel(tmp_path / str(n), {str(n): "orders"}), ocel_mapping("orders"))
        assert report.notes == []

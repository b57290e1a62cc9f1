"""Rows of Parquet come in value by value: nothing takes a detour over a float, a local time or a text."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from msgspec import structs

from eventfold import Store
from eventfold.errors import EventTooLarge, QueryInvalid, RowInvalid
from eventfold.imports import ImportReport, Mapping, import_file
from eventfold.imports.files.parquet.parquetpages import rows_at_once
from tests.imports.making import refusals, stored

COLUMNS = Mapping(stream="case", category="case", type="what")
TIMED = Mapping(stream="case", category="case", type="what", time="when")


def bring(store: Store, path: Path, columns: dict[str, Any], mapping: Mapping = COLUMNS) -> ImportReport:
    count = len(next(iter(columns.values())))
    base = {"case": pa.array([str(n) for n in range(count)]), "what": pa.array(["Opened"] * count)}
    pq.write_table(pa.table({**base, **columns}), path, row_group_size=2)
    return import_file(store, path, mapping, source="test")


@pytest.mark.parametrize(
    ("column", "text"),
    [
        (pa.array([Decimal("12345678901234567890.10")], pa.decimal128(38, 2)), '"12345678901234567890.10"'),
        (pa.array([Decimal("-0.10")], pa.decimal256(50, 2)), '"-0.10"'),
        (pa.array([2**63 - 1], pa.int64()), "9223372036854775807"),
        (pa.array([255], pa.uint8()), "255"),
        (pa.array([0.1], pa.float64()), "0.1"),
        (pa.array([True]), "true"),
        (pa.array([None], pa.string()), "null"),
        (pa.array(["Zoë\n"], pa.large_string()), '"Zoë\\n"'),
        (pa.array(["a"]).dictionary_encode(), '"a"'),
        (pa.array([b"\x00\xff"]), '"AP8="'),
        (pa.array([date(2024, 2, 29)]), '"2024-02-29"'),
        (pa.array([time(23, 59, 59, 999_999)]), '"23:59:59.999999"'),
        (
            pa.array([datetime(2024, 2, 29, 12, 0, 0, 123_456, UTC)], pa.timestamp("us", "Europe/Amsterdam")),
            '"2024-02-29T13:00:00.123456+01:00"',
        ),
        (pa.array([1_709_208_000_123_456_000], pa.timestamp("ns", "UTC")), '"2024-02-29T12:00:00.123456Z"'),
        (pa.array([1_709_208_000_000], pa.timestamp("ms")), '"2024-02-29T12:00:00"'),
        (
            pa.array([[{"a": Decimal("1.50")}]], pa.list_(pa.struct([("a", pa.decimal128(9, 2))]))),
            '[{"a":"1.50"}]',
        ),
        (pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64())), '{"k":1}'),
    ],
)
def test_a_value_is_kept_exactly(store: Store, tmp_path: Path, column: pa.Array, text: str) -> None:
    report = bring(store, tmp_path / "log.parquet", {"x": column})
    assert (report.written, report.refused) == (1, 0), report.refusals
    assert next(store.read("case-0")).data == f'{{"x":{text}}}'


@pytest.mark.parametrize(
    ("column", "code"),
    [
        (pa.array([2**63, 1], pa.uint64()), "integer-out-of-range"),
        (pa.array([float("nan"), 1.0]), "number-not-finite"),
        (pa.array([[float("inf")], [1.0]]), "number-not-finite"),
        (pa.array([1_709_208_000_123_456_789, 0], pa.timestamp("ns", "UTC")), "time-invalid"),
        (pa.array([1, 0], pa.time64("ns")), "time-invalid"),
        (pa.array([[{"at": 1}], []], pa.list_(pa.struct([("at", pa.timestamp("ns"))]))), "time-invalid"),
        (pa.array([[("k", 1), ("k", 2)], []], pa.map_(pa.string(), pa.int64())), "row-invalid"),
        (pa.array([[(1, 1)], []], pa.map_(pa.int64(), pa.int64())), "row-invalid"),
        (pa.array(["a\0", "b"]), "text-has-nul"),
    ],
)
def test_a_value_that_cannot_be_kept_exactly_refuses_its_row_only(
    store: Store, tmp_path: Path, column: pa.Array, code: str
) -> None:
    report = bring(store, tmp_path / "log.parquet", {"x": column})
    assert (refusals(report), report.written) == ([(1, code)], 1)


def test_times_are_taken_as_they_are_and_naive_ones_are_refused(store: Store, tmp_path: Path) -> None:
    moment = datetime(2024, 2, 29, 12, 0, 0, 123_456, UTC)
    path = tmp_path / "log.parquet"
    bring(store, path, {"when": pa.array([moment, None], pa.timestamp("us", "Asia/Tokyo"))}, TIMED)
    assert next(store.read("case-0")).occurred_at == moment
    assert next(store.read("case-1")).occurred_or_none_us is None
    report = bring(store, path, {"when": pa.array([moment.replace(tzinfo=None)], pa.timestamp("us"))}, TIMED)
    assert refusals(report) == [(1, "time-invalid")]


@pytest.mark.slow
def test_rows_are_read_group_by_group_and_known_again(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    assert bring(store, path, {"n": pa.array(range(5_000))}).written == 5_000
    again = import_file(store, path, COLUMNS, source="test")
    assert (again.written, again.known, len(stored(store))) == (0, 5_000, 5_000)


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.95])
def test_half_a_file_is_no_parquet(store: Store, tmp_path: Path, kept: float) -> None:
    path = tmp_path / "log.parquet"
    bring(store, path, {"n": pa.array(range(100))})
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(QueryInvalid, match="no Parquet"):
        import_file(store, path, COLUMNS, source="other")
    assert len(stored(store)) == 100


def test_a_wrong_byte_is_a_typed_error_or_seen_by_a_row(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    bring(store, path, {"n": pa.array(range(100))})
    whole = path.read_bytes()
    raised = 0
    for at in range(4, len(whole) - 8, len(whole) // 40):
        broken = bytearray(whole)
        broken[at] ^= 0xFF
        path.write_bytes(broken)
        try:
            import_file(store, path, COLUMNS, source="test", dry_run=True)
        except (QueryInvalid, RowInvalid):
            raised += 1
    assert raised > 0


def test_a_type_without_an_exact_json_is_refused_by_the_name_of_its_column(
    store: Store, tmp_path: Path
) -> None:
    with pytest.raises(QueryInvalid, match="The column took is of the type duration"):
        bring(store, tmp_path / "log.parquet", {"took": pa.array([1], pa.duration("us"))})


def at_once(path: Path, columns: dict[str, Any], limit: int = 10**9, **options: Any) -> list[int]:
    pq.write_table(pa.table(columns), path, **options)
    with path.open("rb") as raw:
        return rows_at_once(path, raw, pq.read_metadata(path), 1_000, limit)


@pytest.mark.parametrize("options", [{}, {"data_page_version": "2.0"}, {"compression": "zstd"}])
def test_as_many_rows_are_read_at_once_as_fit_and_the_headers_of_the_pages_say_it(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    path = tmp_path / "log.parquet"
    small = {"n": list(range(5_000)), "t": [f"text {n}" for n in range(5_000)], "l": [[1, 2]] * 5_000}
    assert at_once(path, small, row_group_size=2_000, **options) == [1_000] * 3
    large = {"t": [f"{n}" + "x" * 500_000 for n in range(100)]}
    assert at_once(path, large, use_dictionary=False, **options) == [16]
    with pytest.raises(EventTooLarge, match="row_group_size"):
        at_once(path, large, 40_000_000, use_dictionary=False, **options)
    with pytest.raises(EventTooLarge, match="row_group_size"):
        at_once(path, {"l": [[0] * 1_000_000]}, 10_000_000, **options)


def test_few_rows_are_read_at_once_of_texts_that_begin_alike(tmp_path: Path) -> None:
    columns = {"t": [f"{'x' * 1_000_000}{n}" for n in range(40)]}
    encoded: dict[str, Any] = {"use_dictionary": False, "column_encoding": {"t": "DELTA_BYTE_ARRAY"}}
    assert at_once(tmp_path / "log.parquet", columns, **encoded) < [40]


def test_texts_of_every_kind_and_depth_are_the_same_for_being_kept_once(store: Store, tmp_path: Path) -> None:
    deep: list[Any] = [{"a": ["x", "y"], "m": [("k", "v")]}, None, {"a": [], "m": []}]
    kind = pa.struct([("a", pa.list_(pa.large_string())), ("m", pa.map_(pa.string(), pa.string()))])
    columns = {
        "deep": pa.array(deep, kind),
        "view": pa.array(["a", None, "b"], pa.string_view()),
        "fixed": pa.array([["a", "b"]] * 3, pa.list_(pa.string(), 2)),
        "raw": pa.array([b"1", b"2", b"1"]),
    }
    for names in (["deep", "fixed", "raw"], ["deep", "view"]):
        path = tmp_path / f"{names[1]}.parquet"
        count = import_file_of(store, path, {name: columns[name] for name in names}, names[1])
        assert count == 3
    first, _, last = [e.data for e in stored(store)][:3]
    assert first == '{"deep":{"a":["x","y"],"m":{"k":"v"}},"fixed":["a","b"],"raw":"MQ=="}'
    assert last == '{"deep":{"a":[],"m":{}},"fixed":["a","b"],"raw":"MQ=="}'


def import_file_of(store: Store, path: Path, columns: dict[str, Any], source: str) -> int:
    base = {"case": pa.array(["1", "2", "3"]), "what": pa.array(["Opened"] * 3)}
    pq.write_table(pa.table({**base, **columns}), path)
    return import_file(store, path, COLUMNS, source=source).written


FINE = 1_709_208_000_123_456_789
NANOS = pa.timestamp("ns", "UTC")
STRUCT = pa.struct([("at", pa.timestamp("ns")), ("amount", pa.decimal128(9, 2)), ("of", pa.time64("ns"))])


@pytest.mark.parametrize(
    ("column", "text"),
    [
        (pa.array([FINE, None], NANOS), '"2024-02-29T12:00:00.123456Z"'),
        (pa.array([-1, None], NANOS), '"1969-12-31T23:59:59.999999Z"'),
        (pa.array([1_999, None], pa.time64("ns")), '"00:00:00.000001"'),
        (pa.array([[FINE, None], []], pa.list_(pa.timestamp("ns"))), '["2024-02-29T12:00:00.123456",null]'),
        (pa.array([[FINE], None], pa.list_(pa.timestamp("ns"), 1)), '["2024-02-29T12:00:00.123456"]'),
        (
            pa.array([[(FINE, Decimal("1.50"), 1_999)], []], pa.list_(STRUCT)),
            '[{"at":"2024-02-29T12:00:00.123456","amount":"1.50","of":"00:00:00.000001"}]',
        ),
        (pa.array([[("k", FINE)], []], pa.map_(pa.string(), NANOS)), '{"k":"2024-02-29T12:00:00.123456Z"}'),
    ],
)
def test_what_times_say_finer_than_a_microsecond_is_dropped_only_if_that_is_said(
    store: Store, tmp_path: Path, column: pa.Array, text: str
) -> None:
    path = tmp_path / "log.parquet"
    refused = bring(store, path, {"x": column})
    assert (refusals(refused), refused.written) == ([(1, "time-invalid")], 1)
    assert "--cut-times" in refused.refusals[0].message
    report = bring(store, path, {"x": column}, structs.replace(COLUMNS, cut_times=True))
    assert (report.written, report.known, report.refused) == (1, 1, 0), report.refusals
    assert next(store.read("case-0")).data == f'{{"x":{text}}}'
    again = bring(store, path, {"x": column}, structs.replace(COLUMNS, cut_times=True))
    assert (again.written, again.known) == (0, 2)


def test_the_time_of_an_event_is_cut_as_in_every_other_form(store: Store, tmp_path: Path) -> None:
    when = {"when": pa.array([FINE, 0, None], NANOS)}
    path = tmp_path / "log.parquet"
    assert refusals(bring(store, path, when, TIMED)) == [(1, "time-invalid")]
    assert bring(store, path, when, structs.replace(TIMED, cut_times=True)).written == 1
    assert next(store.read("case-0")).occurred_at == datetime(2024, 2, 29, 12, 0, 0, 123_456, UTC)


def test_a_row_with_more_wrong_than_a_fine_time_is_refused_all_the_same(store: Store, tmp_path: Path) -> None:
    columns = {"x": pa.array([FINE, FINE], NANOS), "y": pa.array([float("nan"), 1.0])}
    report = bring(store, tmp_path / "log.parquet", columns, structs.replace(COLUMNS, cut_times=True))
    assert (refusals(report), report.written) == ([(1, "number-not-finite")], 1)

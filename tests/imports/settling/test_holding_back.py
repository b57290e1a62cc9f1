"""What follows a refused row in its stream waits for it, so that the mended row lands in its place."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventfold import Store, open_store
from eventfold.imports import (
    ImportReport,
    Mapping,
    file_pages,
    import_documents,
    import_file,
    importing,
    ocel_mapping,
    xes_mapping,
)
from eventfold.store.cosmos.requests.settings import KEY
from eventfold.testing.cosmos import StandIn
from eventfold.testing.partitioned import PartitionedStore
from tests.doors.calling import eventfold
from tests.imports import ocelmaking
from tests.imports.making import COLUMNS, csv_file, refusals, run

OPENED, PAID = "1,Opened,2024-01-01T00:00:00Z,", "1,Paid,2024-01-03T00:00:00Z,"
BROKEN, MENDED = "1,Assessed,2024-01-32T00:00:00Z,", "1,Assessed,2024-01-02T00:00:00Z,"
OTHER = "2,Opened,2024-01-02T00:00:00Z,"


@pytest.fixture(params=["sqlite", "partitioned", "cosmos"])
def each_store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    secret = "c3RhbmQtaW4="  # of no account in the world
    monkeypatch.setenv(KEY, secret)
    if request.param == "cosmos":
        with StandIn(partitions=2, key=secret) as account:
            yield open_store(account.url("log"))
        return
    store = open_store("sqlite://")
    yield PartitionedStore(store) if request.param == "partitioned" else store
    store.close()


def types(store: Store, stream: str) -> list[str]:
    return [event.type for event in store.read(stream)]


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    return report.written, report.known, report.refused, report.held_back


@pytest.mark.parametrize("category", ["case", ""])
@pytest.mark.parametrize("damaged", ["case", "what", "when", "note"])
def test_a_field_that_cannot_be_read_refuses_its_row_and_nothing_else(
    tmp_path: Path, damaged: str, category: str
) -> None:
    cells = {"case": "case-1", "what": "Opened", "when": "2024-01-01T00:00:00Z", "note": "fine"}
    good = json.dumps(cells).encode() + b"\n"
    bad = json.dumps({**cells, damaged: "@"}).encode().replace(b"@", b"2024-01-\xff\xfe") + b"\n"
    lacking = bad.replace(b'"what"', b'"that"')
    path = tmp_path / "cases.jsonl"
    path.write_bytes(bad + lacking + good.replace(b"case-1", b"case-2"))
    store = open_store("sqlite://")
    mapping = Mapping(stream="case", category=category, type="what", time="when")
    report = import_file(store, path, mapping)
    assert (report.written, report.refused) == (1, 2)
    assert types(store, "case-2") == ["Opened"]
    store.close()


@pytest.mark.parametrize("batch", [1, 2, 10_000])
def test_a_mended_row_lands_where_it_belongs(
    each_store: Store, tmp_path: Path, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH", batch)
    store, path = each_store, tmp_path / "log.csv"
    report = run(store, csv_file(path, [OPENED, BROKEN, PAID, OTHER]))
    assert (counts(report), refusals(report)) == ((2, 0, 1, 1), [(3, "time-invalid")])
    assert counts(run(store, path)) == (0, 2, 1, 1)
    mended = run(store, csv_file(path, [OPENED, MENDED, PAID, OTHER]))
    assert (counts(mended), mended.out_of_order) == ((2, 2, 0, 0), 0)
    assert types(store, "case-1") == ["Opened", "Assessed", "Paid"]
    assert types(store, "case-2") == ["Opened"]


def test_without_it_the_mended_row_would_land_at_the_end_and_that_is_counted(
    each_store: Store, tmp_path: Path
) -> None:
    store, path = each_store, tmp_path / "log.csv"
    assert counts(run(store, csv_file(path, [OPENED, BROKEN, PAID]), keep_going=True)) == (2, 0, 1, 0)
    mended = run(store, csv_file(path, [OPENED, MENDED, PAID]))
    assert (counts(mended), mended.out_of_order) == ((1, 2, 0, 0), 1)
    assert types(store, "case-1") == ["Opened", "Paid", "Assessed"]


def test_times_are_compared_with_what_the_log_holds_though_the_file_does_not_speak_of_it(
    each_store: Store, tmp_path: Path
) -> None:
    store = each_store
    run(store, csv_file(tmp_path / "first.csv", [OPENED, PAID]))
    rows = [MENDED, "1,Noted,,", "1,Late,2024-01-02T12:00:00Z,", "1,Closed,2024-01-04T00:00:00Z,"]
    assert run(store, csv_file(tmp_path / "second.csv", rows), dry_run=True).out_of_order == 2
    assert run(store, csv_file(tmp_path / "second.csv", rows)).out_of_order == 2
    assert run(store, csv_file(tmp_path / "second.csv", rows)).out_of_order == 0  # nothing is written


SEEN = st.tuples(st.integers(1, 3), st.sampled_from("ABC"), st.booleans())


@settings(max_examples=100, deadline=None)
@given(seen=st.lists(SEEN, max_size=12), batch=st.sampled_from([1, 3, 10_000]), by_time=st.booleans())
def test_a_file_that_is_mended_gives_the_streams_of_one_that_was_never_broken(
    tmp_path_factory: pytest.TempPathFactory, seen: list[tuple[int, str, bool]], batch: int, by_time: bool
) -> None:
    path = tmp_path_factory.mktemp("rows") / "log.csv"
    order: Any = {"order": "time"} if by_time else {}
    whole = [f"{case},{kind},2024-01-{n % 5 + 1:02}T00:00:00Z,{n}" for n, (case, kind, _) in enumerate(seen)]
    broken = [row.replace("2024-01", "2024-13") if seen[n][2] else row for n, row in enumerate(whole)]
    store, fresh = open_store("sqlite://"), open_store("sqlite://")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(importing, "BATCH", batch)
        first = run(store, csv_file(path, broken), **order)
        assert first.written + first.refused + first.held_back == len(seen)
        mended = run(store, csv_file(path, whole), **order)
        assert (mended.written, mended.known) == (len(seen) - first.written, first.written)
        run(fresh, path, **order)
    for case in (1, 2, 3):
        streams = ([e.id for e in log.read(f"case-{case}")] for log in (store, fresh))
        assert next(streams) == next(streams)
    store.close()
    fresh.close()


def test_a_dry_run_shows_what_would_be_held_back(store: Store, tmp_path: Path) -> None:
    path = csv_file(tmp_path / "log.csv", [OPENED, BROKEN, PAID, OTHER])
    assert counts(run(store, path, dry_run=True)) == counts(run(store, path)) == (2, 0, 1, 1)


@pytest.mark.parametrize(
    ("broken", "written", "held"),
    [
        ("1,Assessed,2024-01-02T00:00:00Z,\0", 2, 1),  # its time says where it belongs
        (BROKEN, 1, 2),  # it may belong anywhere in its stream
        ("1,*Assessed,,", 2, 1),  # without a time it stays with the row before it
    ],
)
def test_in_the_order_of_time_what_follows_it_there_is_held_back(
    store: Store, tmp_path: Path, broken: str, written: int, held: int
) -> None:
    path = csv_file(tmp_path / "log.csv", [PAID, OPENED, broken, OTHER])
    report = run(store, path, order="time")
    assert counts(report) == (written, 0, 1, held)
    assert run(store, csv_file(path, [PAID, OPENED, MENDED, OTHER]), order="time").out_of_order == 0
    assert types(store, "case-1") == ["Opened", "Assessed", "Paid"]


def test_a_refused_row_of_several_entities_holds_back_each_of_them(store: Store, tmp_path: Path) -> None:
    columns = Mapping(stream="case", category="case", type="what", time="when", lists="case")
    rows = [
        '"[1, 2, ""a/b""]",Merged,,',
        OPENED.replace("1,", "[1],", 1),
        OTHER.replace("2,", "[2],", 1),
        "[3],Opened,,",
    ]
    report = run(store, csv_file(tmp_path / "log.csv", rows), columns)
    assert (counts(report), report.unplaced) == ((1, 0, 1, 2), 0)
    assert types(store, "case-3") == ["Opened"]


@pytest.mark.parametrize("row", ["a/b,Opened,,", ",Opened,,", ",Opened", '1,Opened,,"x"y'])
def test_a_row_that_names_no_stream_holds_back_nothing_and_is_counted_so(
    store: Store, tmp_path: Path, row: str
) -> None:
    report = run(store, csv_file(tmp_path / "log.csv", [row, OPENED, OTHER]))
    assert (counts(report), report.unplaced) == ((2, 0, 1, 0), 1)


def test_the_closing_sentence_says_it(tmp_path: Path) -> None:
    path = csv_file(tmp_path / "log.csv", ["a/b,Opened,,", OPENED, BROKEN, PAID])
    command = ["-s", f"sqlite:///{tmp_path}/log.db", "import", str(path)]
    command += ["--stream", "case", "--category", "case", "--type", "what", "--time", "when"]
    told = eventfold(*command)
    assert told.code == 3
    said = " ".join((told.out + told.err).split())
    assert "2 refused (1 of no stream that can be read, which holds back nothing)" in said
    assert "1 held back behind a refused row of their stream" in said
    assert "time before that of an earlier row" not in said
    assert "known" not in said
    eventfold(*command, "--keep-going")
    csv_file(path, [OPENED, MENDED, PAID])
    assert "1 has a time before that of an earlier row" in " ".join(eventfold(*command).err.split())


def broken_json(path: Path) -> tuple[Path, Mapping]:
    rows = [OPENED, BROKEN, PAID, OTHER]
    lines = [dict(zip(("case", "what", "when"), row.split(",")[:3], strict=True)) for row in rows]
    text = [json.dumps(line) for line in lines]
    text[1] = text[1].replace("2024-01-32T00:00:00Z", "2024-01-02T00:00:00Z").replace("}", ', "n": 1e400}')
    path = path / "log.jsonl"
    path.write_text("\n".join(text))
    return path, COLUMNS


def broken_parquet(path: Path) -> tuple[Path, Mapping]:
    path = path / "log.parquet"
    whens = [1_704_067_200_000_000_000, 1_704_067_200_000_000_001, 1_704_240_000_000_000_000, 0]
    table = {
        "case": ["1", "1", "1", "2"],
        "what": ["Opened", "Assessed", "Paid", "Opened"],
        "when": pa.array(whens, pa.timestamp("ns", "UTC")),
    }
    pq.write_table(pa.table(table), path)
    return path, COLUMNS


def unfinite_parquet(path: Path) -> tuple[Path, Mapping]:
    path = path / "log.parquet"
    table = {
        "case": ["1", "1", "1", "2"],
        "what": ["Opened", "Assessed", "Paid", "Opened"],
        "n": [1.0, float("nan"), 2.0, 3.0],
    }
    pq.write_table(pa.table(table), path)
    return path, Mapping(stream="case", category="case", type="what")


def broken_xes(path: Path) -> tuple[Path, Mapping]:
    def event(name: str, more: str = "") -> str:
        return f"<event><string key='concept:name' value='{name}'/>{more}</event>"

    def trace(name: str, events: str) -> str:
        return f"<trace><string key='concept:name' value='{name}'/>{events}</trace>"

    first = event("Opened") + event("Assessed", "<int key='n' value='x'/>") + event("Paid")
    path = path / "log.xes"
    path.write_text(f"<log>{trace('1', first)}{trace('2', event('Opened'))}</log>")
    return path, xes_mapping("case")


def broken_ocel(ending: str) -> Callable[[Path], tuple[Path, Mapping]]:
    def write(path: Path) -> tuple[Path, Mapping]:
        def event(n: int, name: str, stream: str, **more: Any) -> dict[str, Any]:
            return {
                "id": f"e{n}",
                "type": name,
                "time": f"2024-01-0{n}T00:00:00Z",
                "attributes": [],
                "relationships": [{"objectId": stream, "qualifier": ""}],
                **more,
            }

        unknown = [{"objectId": "o1", "qualifier": ""}, {"objectId": "nobody", "qualifier": ""}]
        events = [
            event(1, "Opened", "o1"),
            event(2, "Assessed", "o1", relationships=unknown),
            event(3, "Paid", "o1"),
            event(4, "Opened", "o2"),
        ]
        return ocelmaking.write(path / f"log.{ending}", events), ocel_mapping("orders", "case")

    return write


@pytest.mark.parametrize(
    "write",
    [
        broken_json,
        broken_parquet,
        unfinite_parquet,
        broken_xes,
        broken_ocel("json"),
        broken_ocel("xml"),
        broken_ocel("sqlite"),
    ],
)
def test_every_form_names_the_stream_of_a_row_whose_other_columns_are_refused(
    store: Store, tmp_path: Path, write: Callable[[Path], tuple[Path, Mapping]]
) -> None:
    path, columns = write(tmp_path)
    report = import_file(store, path, columns)
    assert (counts(report), report.unplaced) == ((2, 0, 1, 1), 0)
    assert {event.type for event in store.read(next(store.streams("case")).stream)} == {"Opened"}


@pytest.mark.parametrize("ids", [["a", "b", "c", "d"], ["", "", "", ""]])
def test_documents_are_held_back_behind_a_refused_one(store: Store, tmp_path: Path, ids: list[str]) -> None:
    def write(day: int) -> Path:
        days = [1, day, 3, 4]
        names = ["Opened", "Assessed", "Paid", "Opened"]
        documents = [
            {
                **({"id": ids[n]} if ids[n] else {}),
                "aggregateId": f"case-{n // 3 + 1}",
                "eventType": names[n],
                "timestamp": f"2024-01-{days[n]:02}T00:00:00Z",
                "data": {},
            }
            for n in range(4)
        ]
        path = tmp_path / "log.jsonl"
        path.write_text("\n".join(map(json.dumps, documents)))
        return path

    assert counts(import_documents(store, file_pages(write(32)), "shop")) == (2, 0, 1, 1)
    mended = import_documents(store, file_pages(write(2)), "shop")
    assert (counts(mended), mended.out_of_order) == ((2, 2, 0, 0), 0)
    assert types(store, "case-1") == ["Opened", "Assessed", "Paid"]
    other = open_store("sqlite://")
    kept = import_documents(other, file_pages(write(32)), "shop", keep_going=True)
    assert counts(kept) == (3, 0, 1, 0)
    other.close()


@pytest.mark.parametrize("batch", [1, 10_000])
@pytest.mark.parametrize("order", ["file", "time"])
@pytest.mark.parametrize(
    "row",
    ["1,Assessed,2024-01-02T00:00:00Z,small, but sound", "1,Assessed", "1", "1,A,B,2025-01-01T00:00:00Z,"],
)
def test_what_follows_a_row_with_a_cell_too_many_or_too_few_waits_for_it(
    store: Store, tmp_path: Path, row: str, order: str, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH", batch)
    path = csv_file(tmp_path / "log.csv", [row, PAID, OTHER])
    report = run(store, path, order=order)
    assert (counts(report), refusals(report)) == ((1, 0, 1, 1), [(2, "row-invalid")])
    assert report.unplaced == 0
    mended = run(store, csv_file(path, [MENDED, PAID, OTHER]), order=order)
    assert (counts(mended), mended.out_of_order) == ((2, 1, 0, 0), 0)
    assert types(store, "case-1") == ["Assessed", "Paid"]


def test_a_time_in_the_place_of_another_lets_nothing_pass(store: Store, tmp_path: Path) -> None:
    header = "case,what,note,until,when\n"
    rows = ["1,Assessed,a, b,2030-01-01T00:00:00Z,2024-01-02T00:00:00Z", "1,Paid,,,2024-01-03T00:00:00Z"]
    report = run(store, csv_file(tmp_path / "log.csv", rows, header), order="time")
    assert counts(report) == (0, 0, 1, 1)


def test_a_row_without_its_stream_column_holds_back_nothing(store: Store, tmp_path: Path) -> None:
    path = csv_file(
        tmp_path / "log.csv", ["Opened,x", "Paid,2024-01-03T00:00:00Z,,1"], "what,when,note,case\n"
    )
    report = run(store, path)
    assert (counts(report), report.unplaced) == ((1, 0, 1, 0), 1)

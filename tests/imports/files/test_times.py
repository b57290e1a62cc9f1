"""One rule for the times of every kind of file: to the microsecond, or refused by name."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import eventfold as ef
from eventfold import Store
from eventfold.imports import ImportReport, Mapping, file_pages, import_documents, ocel_mapping, xes_mapping
from eventfold.imports import import_file as bring
from eventfold.readmodels.declaring.layout import bind
from eventfold.readmodels.declaring.table import compile_table
from eventfold.readmodels.folding.history import ReferenceEngine, needed_columns
from eventfold.readmodels.port import Scope
from tests.doors.calling import eventfold
from tests.imports.making import csv_file, stored
from tests.imports.ocelmaking import EVENTS, write

Bring = Callable[[Store, Path, str, bool], ImportReport]


def _csv(store: Store, folder: Path, time: str, cut: bool) -> ImportReport:
    columns = Mapping(stream="case", category="case", type="what", time="when", cut_times=cut)
    return bring(store, csv_file(folder / "log.csv", [f'1,Opened,"{time}",']), columns)


def _json(store: Store, folder: Path, time: str, cut: bool) -> ImportReport:
    columns = Mapping(stream="case", category="case", type="what", time="when", cut_times=cut)
    path = folder / "log.jsonl"
    path.write_text(json.dumps({"case": "1", "what": "Opened", "when": time}))
    return bring(store, path, columns)


def _xes(store: Store, folder: Path, time: str, cut: bool) -> ImportReport:
    path = folder / "log.xes"
    path.write_text(
        '<log><trace><string key="concept:name" value="1"/><event><string key="concept:name" value="Opened"/>'
        f'<date key="time:timestamp" value="{time}"/></event></trace></log>'
    )
    return bring(store, path, xes_mapping(cut_times=cut))


def _ocel(name: str) -> Bring:
    def of_form(store: Store, folder: Path, time: str, cut: bool) -> ImportReport:
        (folder / name).unlink(missing_ok=True)
        path = write(folder / name, [EVENTS[2] | {"time": time}])
        return bring(store, path, ocel_mapping("packages", cut_times=cut))

    return of_form


def _parquet(store: Store, folder: Path, time: str, cut: bool) -> ImportReport:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    columns = Mapping(stream="case", category="case", type="what", time="when", cut_times=cut)
    pq.write_table(pa.table({"case": ["1"], "what": ["Opened"], "when": [time]}), folder / "log.parquet")
    return bring(store, folder / "log.parquet", columns)


def _documents(store: Store, folder: Path, time: str, cut: bool) -> ImportReport:
    path = folder / "documents.jsonl"
    one: dict[str, Any] = {
        "id": "1",
        "aggregateId": "case-1",
        "eventType": "Opened",
        "version": 1,
        "data": {},
    }
    path.write_text(json.dumps({**one, "timestamp": time}))
    return import_documents(store, file_pages(path), "log", cut_times=cut)


FORMS = [_csv, _json, _xes, _ocel("log.json"), _ocel("log.xml"), _ocel("log.sqlite"), _parquet, _documents]
NAMES = ["csv", "jsonl", "xes", "ocel-json", "ocel-xml", "ocel-sqlite", "parquet", "documents"]
WRONG = [
    ("2024-12-31T23:59:59.9999999Z", "round it to six decimals"),
    ("2024-12-31 23:59:59.000000001+01:00", "--cut-times"),
    ("1712121212345", "convert it"),
    ("2025-03-01x09:00:00Z", "no time in ISO 8601"),
    ("2025-W09-1", "no time in ISO 8601"),
    ("2025-03-01T09Z", "no time in ISO 8601"),
]


@pytest.mark.parametrize("form", FORMS, ids=NAMES)
@pytest.mark.parametrize(("time", "sentence"), WRONG)
def test_no_form_cuts_rounds_or_guesses_a_time(
    store: Store, tmp_path: Path, form: Bring, time: str, sentence: str
) -> None:
    report = form(store, tmp_path, time, False)
    assert (report.written, dict(report.refused_by_code)) == (0, {"time-invalid": 1})
    assert sentence in report.refusals[0].message
    assert stored(store) == []


@pytest.mark.parametrize("form", FORMS, ids=NAMES)
def test_every_form_takes_zeros_that_say_nothing_and_cuts_when_told(
    store: Store, tmp_path: Path, form: Bring
) -> None:
    assert form(store, tmp_path, "2024-12-31T23:59:59.123456000Z", False).written == 1
    assert form(store, tmp_path, "2024-12-31 23:59:59.9999999+00:00", True).refused == 0
    moments = [e.occurred_at.isoformat() for e in stored(store)]
    assert moments[0] == "2024-12-31T23:59:59.123456+00:00"
    assert moments[1:] in ([], ["2024-12-31T23:59:59.999999+00:00"])  # a document of the same id is known


@pytest.mark.parametrize(("time", "sentence"), [(t, s.replace("--cut-times", "round it")) for t, s in WRONG])
def test_the_command_line_keeps_to_the_same_rule(tmp_path: Path, time: str, sentence: str) -> None:
    log = ("-s", f"sqlite:///{tmp_path}/log.db")
    told = eventfold(*log, "append", "case-1", "Opened", "--create", "--occurred-at", time)
    assert (told.code, sentence in told.err) == (3, True)
    line = json.dumps({"eventType": "Opened", "occurredAt": time})
    told = eventfold(*log, "append", "case-1", "--events", "-", "--create", stdin=line)
    assert (told.code, sentence in told.err) == (3, True)
    assert not (tmp_path / "log.db").exists()


@pytest.mark.parametrize("name", ["reference", "duckdb"])
def test_a_table_parks_what_is_finer_and_takes_zeros_that_say_nothing(store: Store, name: str) -> None:
    spec = compile_table(
        "cases", "case", {"id": ef.key(), "at": ef.last(ef.field("Opened", "at"), "timestamp")}
    )
    layout = bind(spec, total_order=True)
    for stream, digits in (("case-1", "123456000"), ("case-2", "999999999"), ("case-3", "1")):
        data = json.dumps({"at": f"2024-12-31T23:59:59.{digits}Z"}, separators=(",", ":"))
        store.append(stream, [ef.NewEvent(ef.new_id(), "Opened", 1, data)], expected=0)
    feed = store.feed()
    if name == "duckdb":
        from eventfold.engines.duckdb import DuckdbEngine as Engine
    else:
        Engine = ReferenceEngine  # type: ignore[misc,assignment]  # noqa: N806
    folded = Engine().fold(
        feed.arrow(feed.start(), feed.end(), needed_columns(layout, Scope())),
        layout,
        ef.Registry(untyped=True),
        scope=Scope(),
    )
    assert list(folded.parked) == ["case-2"]
    assert {row["id"]: row["at"].isoformat() for row in folded.rows.to_pylist() if row["at"]} == {
        "case-1": "2024-12-31T23:59:59.123456+00:00",
        "case-3": "2024-12-31T23:59:59.100000+00:00",
    }

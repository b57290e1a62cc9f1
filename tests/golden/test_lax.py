"""A log with one of each thing that is refused now when it is new: read, folded, appended to, exported, restored."""

import importlib.util
import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner

import eventfold as ef
from eventfold.app.live import Live
from eventfold.doors.cli.main import cli
from eventfold.errors import EventfoldError, TableInvalid
from eventfold.exports import export_log
from eventfold.imports import Mapping, import_file, restore
from eventfold.testing.making import read_all

FOLDER = Path(__file__).parent / "lax"


def module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("golden_lax", FOLDER / "app.py")
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = found  # where a record that contains itself is looked up
    spec.loader.exec_module(found)
    return found


LAX = module()
EVENTS = 35


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER / "data", tmp_path / "data"))


def url(data: Path) -> str:
    return f"sqlite:///{data}/log.db"


def facts(store: ef.Store) -> list[tuple[Any, ...]]:
    found = [event for info in store.streams() for event in store.read(info.stream)]
    return sorted(
        (e.position, e.stream, e.version, e.id, e.type, e.data, e.metadata, e.recorded_us) for e in found
    )


@contextmanager
def opened(data: Path) -> Iterator[Live]:
    """The same app as it may be written now; the table whose category had a dash is rebuilt, as its error says."""
    with LAX.app("sales").open(url(data), lake=str(data / "lake")) as live:
        with pytest.raises(TableInvalid, match="rebuild it"):
            live.catch_up()
        live.table("orders").rebuild()
        yield live


def test_every_event_reads_in_its_stream_and_in_the_feed(data: Path) -> None:
    store = ef.open_store(url(data))
    events = read_all(store.feed())
    assert [fact[0] for fact in facts(store)] == [event.position for event in events]
    assert len(events) == EVENTS
    store.close()


@pytest.mark.parametrize("name", ["events.jsonl", "events.parquet"])
def test_the_exports_of_that_release_are_restored_to_an_equal_log(data: Path, name: str) -> None:
    store, target = ef.open_store(url(data)), ef.open_store("sqlite://")
    report = restore(target, data / name)
    if name.endswith("jsonl"):  # it spliced metadata with a key twice as they were; nothing else is lost
        assert report.refused == 0, report.refusals
    assert facts(target) == facts(store)
    store.close()
    target.close()


@pytest.mark.parametrize("name", ["new.jsonl", "new.parquet"])
def test_it_is_exported_and_restored_as_it_is(data: Path, name: str) -> None:
    store, target = ef.open_store(url(data)), ef.open_store("sqlite://")
    export_log(store, data / name)
    assert restore(target, data / name).refused == 0
    assert facts(target) == facts(store)
    store.close()
    target.close()


def test_every_stream_goes_on(data: Path) -> None:
    store = ef.open_store(url(data))
    for info in list(store.streams()):
        done = store.append(info.stream, [ef.NewEvent(ef.new_id(), "Paid", 1, "{}")], expected=info.version)
        assert done.version == info.version + 1
    store.close()


def test_what_that_release_took_is_refused_when_it_is_new(data: Path) -> None:
    store, fresh = ef.open_store(url(data)), ef.open_store("sqlite://")
    taken = []
    for event in read_all(store.feed()):
        new = ef.NewEvent(event.id, event.type, event.schema_version, event.data, event.metadata)
        try:
            fresh.append(event.stream, [new], expected=ef.ANY)
        except EventfoldError:
            continue
        taken.append(event.stream)
    refused = {event.stream for event in read_all(store.feed())} - set(taken)
    assert refused == {"deep-1", "nil-1", "max-1", "raw-metadata", "note-\u200b1", "note-\u202e2"}
    assert sum(name.startswith("raw-") for name in taken) == 9  # of each, the event after the irregular one
    store.close()
    fresh.close()


def test_doctor_and_verify_count_it(data: Path) -> None:
    result = CliRunner().invoke(cli, ["-s", url(data), "--json", "doctor"], standalone_mode=False)
    found = {finding["what"]: finding["found"] for finding in json.loads(result.stdout)}
    assert "10 with data that are no JSON object" in found["events"]
    with opened(data) as live:
        live.catch_up()
        assert live.verify().irregular == {"data": 10, "metadata": 1, "id": 2, "stream": 2}


def test_a_category_with_a_dash_is_refused_with_the_name_to_use() -> None:
    with pytest.raises(TableInvalid, match=r"sales_order|'sales'"):
        LAX.app(LAX.DASHED)


def test_importing_the_file_again_writes_nothing(data: Path) -> None:
    store = ef.open_store(url(data))
    before = facts(store)
    report = import_file(store, data / "sales.csv", Mapping(stream="order", category=LAX.DASHED, type="what"))
    assert (report.written, report.known, report.refused) == (0, 3, 0)
    assert facts(store) == before
    store.close()


def test_tables_show_each_row_once_and_long_amounts_whole(data: Path) -> None:
    with opened(data) as live:
        for _ in range(2):
            live.catch_up()
            rows = live.query("SELECT note, total, amount FROM notes ORDER BY note").rows()
            totals = {row["note"]: row["total"] for row in rows}
            assert totals == {"note-1": 10, "note-4": 0, "note-\u200b1": 10, "note-\u202e2": 20}
            assert [row["amount"] for row in rows if row["amount"] is not None] == [LAX.AMOUNT]
            assert len(live.table(LAX.Notes).at(position=EVENTS).rows()) == len(rows)
        sold = live.query("SELECT sum(amount) AS amount FROM sales").rows()
        assert (
            sold
            == live.query("SELECT sum(amount) AS amount FROM orders").rows()
            == [{"amount": Decimal("15.50")}]
        )


def test_a_field_with_a_dot_in_its_name_which_that_release_did_not_find_is_told_and_mended(
    data: Path,
) -> None:
    with opened(data) as live:
        live.catch_up()
        found = {(finding.where, finding.key, finding.columns) for finding in live.verify().findings}
        assert found == {(where, "note-4", ("dotted",)) for where in ("state", "delta")}
        live.table(LAX.Notes).rebuild()
        assert live.table(LAX.Notes).get("note-4")["dotted"] == "flat"
        assert live.verify().ok


def test_a_time_too_fine_for_a_column_stays_parked_and_is_never_another_year(data: Path) -> None:
    with opened(data) as live:
        live.catch_up()
        assert list(live.table(LAX.Notes).parked()) == ["note-3"]
        live.table(LAX.Notes).rebuild()
        assert list(live.table(LAX.Notes).parked()) == ["note-3"]


def test_snapshots_of_another_rule_are_not_trusted_and_not_fatal(data: Path) -> None:
    with opened(data) as live:
        assert live.repository(LAX.Note).load("note-1").total == 110
        assert live.store.snapshots().load("note-1") is not None


def test_ids_of_nothing_are_found(data: Path) -> None:
    store = ef.open_store(url(data))
    (event,) = store.find({"nil-1": [UUID(int=0)]})
    assert event.version == 1
    store.close()

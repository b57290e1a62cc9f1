"""A category ends before the first dash of a stream's name: imports map one with a dash, and say so."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import eventfold as ef
from eventfold import Store, open_store
from eventfold.errors import ConfigInvalid, DefinitionError, TableInvalid
from eventfold.events.envelope import NewEvent
from eventfold.events.ids import row_event_id
from eventfold.imports import (
    ImportReport,
    Mapping,
    file_pages,
    import_documents,
    import_file,
    ocel_mapping,
    xes_mapping,
)
from eventfold.store.cosmos.requests.settings import KEY
from eventfold.testing.cosmos import StandIn
from tests.doors.calling import eventfold
from tests.imports.files.test_xes import LOG
from tests.imports.making import COLUMNS, csv_file, run, stored
from tests.imports.test_documents import document

Bring = Callable[[Store, Path], ImportReport]


def from_csv(store: Store, folder: Path) -> ImportReport:
    path = csv_file(folder / "a.csv", ["17,A_SUBMITTED,,"])
    return run(store, path, Mapping(stream="case", category="sales-order", type="what"))


def from_json_lines(store: Store, folder: Path) -> ImportReport:
    path = folder / "a.jsonl"
    path.write_text('{"case":"17","what":"A_SUBMITTED"}\n')
    return run(store, path, Mapping(stream="case", category="sales-order", type="what"))


def from_xes(store: Store, folder: Path) -> ImportReport:
    path = folder / "a.xes"
    path.write_text(LOG)
    return import_file(store, path, xes_mapping("sales-order"))


def from_documents(store: Store, folder: Path) -> ImportReport:
    path = folder / "a.jsonl"
    path.write_text(json.dumps(document("17", 1, eventType="A_SUBMITTED")) + "\n")
    return import_documents(store, file_pages(path), "a", category="sales-order")


def from_ocel(store: Store, folder: Path) -> ImportReport:
    return import_file(store, ocel(folder, {"17": "sales-order"}), ocel_mapping("sales-order"))


def ocel(folder: Path, objects: dict[str, str]) -> Path:
    path = folder / "log.json"
    event = {"type": "A_SUBMITTED", "time": "2024-01-01T00:00:00Z", "attributes": []}
    events = [
        {**event, "id": f"e-{name}", "relationships": [{"objectId": name, "qualifier": ""}]}
        for name in objects
    ]
    types = [{"name": name, "attributes": []} for name in dict.fromkeys(objects.values())]
    found = {
        "objectTypes": types,
        "eventTypes": [],
        "objects": [{"id": i, "type": t} for i, t in objects.items()],
    }
    path.write_text(json.dumps({**found, "events": events}))
    return path


DOORS = [from_csv, from_json_lines, from_xes, from_documents, from_ocel]


@pytest.mark.parametrize("bring", DOORS)
def test_a_category_with_a_dash_is_mapped_and_the_report_says_so(
    store: Store, tmp_path: Path, bring: Bring
) -> None:
    report = bring(store, tmp_path)
    assert {event.stream.rpartition("-")[0] for event in stored(store)} == {"sales_order"}
    assert "sales_order-17" in {found.stream for found in store.streams("sales_order")}
    assert (report.category, report.asked_category) == ("sales_order", "sales-order")
    again = bring(store, tmp_path)
    assert (again.written, again.known) == (0, report.written)


@pytest.mark.parametrize("bring", DOORS)
def test_the_live_fold_of_a_table_sees_what_was_imported_as_a_rebuild_does(
    tmp_path: Path, bring: Bring
) -> None:
    class Sales(ef.Table, category="sales_order"):
        stream = ef.key()
        n = ef.count()

    app = ef.App("sales", tables=[Sales], untyped=True)
    with app.open(f"sqlite:///{tmp_path}/log.db") as live:
        report = bring(live.store, tmp_path)
        live.catch_up()
        question = "select sum(n)::int as n from sales"
        found = live.query(question).rows()
        live.table("sales").rebuild()
        assert live.query(question).rows() == found == [{"n": report.written}]


@pytest.mark.parametrize("bring", DOORS)
def test_an_import_goes_on_in_the_streams_that_an_earlier_release_named(
    store: Store, tmp_path: Path, bring: Bring
) -> None:
    """Else every event of the file would stand there twice."""
    old = NewEvent(row_event_id("earlier", "sales-order-17", "{}", 0), "Opened", 1, "{}")
    store.append("sales-order-17", [old], expected=0)
    report = bring(store, tmp_path)
    assert report.written
    assert {found.category for found in store.streams()} == {"sales"}
    assert "sales-order-17" in {event.stream for event in stored(store) if event.version > 1}
    assert (report.category, report.asked_category) == ("sales", "sales-order")
    again = bring(store, tmp_path)
    assert (again.written, again.known) == (0, report.written)


def test_rows_that_an_earlier_release_stored_under_such_a_name_stay_known(
    store: Store, tmp_path: Path
) -> None:
    row = '{"case":"17","note":"","what":"A","when":""}'
    old = NewEvent(row_event_id("test", "sales-order-17", row, 0), "A", 1, "{}")
    store.append("sales-order-17", [old], expected=0)
    path = csv_file(tmp_path / "a.csv", ["17,A,,", "18,A,,"])
    report = run(store, path, Mapping(stream="case", category="sales-order", type="what", time="when"))
    assert (report.written, report.known) == (1, 1)
    assert [found.stream for found in store.streams()] == ["sales-order-17", "sales-order-18"]


def test_another_stream_of_the_shorter_category_is_no_stream_of_the_import(
    store: Store, tmp_path: Path
) -> None:
    old = NewEvent(row_event_id("earlier", "sales-17", "{}", 0), "Opened", 1, "{}")
    store.append("sales-17", [old], expected=0)
    assert from_csv(store, tmp_path).category == "sales_order"


def test_it_is_the_same_on_a_store_with_many_partitions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY, "c3RhbmQtaW4=")
    with StandIn(key="c3RhbmQtaW4=") as account:
        store = open_store(account.url("shop"), create=True)
        report = from_csv(store, tmp_path)
        assert (report.category, from_csv(store, tmp_path).known) == ("sales_order", report.written)
        store.close()


@pytest.mark.parametrize(
    ("types", "asked"),
    [
        ({"1": "sales-order", "2": "sales_order"}, "sales-order"),
        ({"1": "a-b_c", "2": "a_b-c"}, "a-b_c"),
        ({"1": "a-b_c", "2": "a_b-c"}, "a_b-c"),
    ],
)
def test_two_types_of_objects_never_share_a_category(
    store: Store, tmp_path: Path, types: dict[str, str], asked: str
) -> None:
    path = ocel(tmp_path, types)
    with pytest.raises(ConfigInvalid, match="--category") as caught:
        import_file(store, path, ocel_mapping(asked))
    assert caught.value.facts["key"] == "category"
    assert stored(store) == []
    assert import_file(store, path, ocel_mapping(asked, "mine")).category == "mine"


def test_a_type_that_needs_no_mapping_keeps_its_name_beside_one_that_does(
    store: Store, tmp_path: Path
) -> None:
    path = ocel(tmp_path, {"1": "sales-order", "2": "sales_order"})
    report = import_file(store, path, ocel_mapping("sales_order"))
    assert (report.category, report.asked_category) == ("sales_order", "")
    assert [found.stream for found in store.streams()] == ["sales_order-2"]


@pytest.mark.parametrize("category", ["a/b", "$all", "--x", "x" * 254, "a\u0301"])
def test_a_category_that_cannot_be_mapped_is_refused_before_the_first_row(
    store: Store, tmp_path: Path, category: str
) -> None:
    path = csv_file(tmp_path / "a.csv", ["17,A,,"])
    with pytest.raises(ConfigInvalid, match="--category"):
        run(store, path, Mapping(stream="case", category=category, type="what"))
    lines = tmp_path / "a.jsonl"
    lines.write_text(json.dumps(document("17", 1)) + "\n")
    with pytest.raises(ConfigInvalid, match="--category"):
        import_documents(store, file_pages(lines), "a", category=category)


def test_the_command_says_which_category_the_streams_have(tmp_path: Path) -> None:
    path, log = str(csv_file(tmp_path / "a.csv", ["17,A,,"])), f"sqlite:///{tmp_path}/a.db"
    command = ["-s", log, "import", path, "--stream", "case", "--type", "what", "--category", "sales-order"]
    told = eventfold(*command)
    assert "'sales_order'" in told.err
    assert told.code == 0
    found = json.loads(eventfold(*command, "--json").out)
    assert (found["category"], found["asked_category"]) == ("sales_order", "sales-order")
    plain = csv_file(tmp_path / "b.csv", ["17,A,,"])
    assert "dash" not in eventfold("-s", log, "import", str(plain), *command[4:8], "--category", "x").err
    for asked in (["streams", "sales-order"], ["tail", "--once", "--category", "sales-order"]):
        refused = eventfold("-s", log, *asked)
        assert refused.code == 3
        assert "'sales_order'" in refused.err
    exported = eventfold("-s", log, "export", str(tmp_path / "out.jsonl"), "--category", "sales-order")
    assert exported.code == 3
    assert "'sales_order'" in exported.err


def test_no_table_and_no_aggregate_has_a_category_with_a_dash() -> None:
    with pytest.raises(TableInvalid, match=r"'sales'.*'sales_order'"):

        class Sales(ef.Table, category="sales-order"):
            stream = ef.key()

    class Opened(ef.Event):
        pass

    with pytest.raises(DefinitionError, match=r"'sales'.*'sales_order'"):

        class Order(ef.Aggregate[Opened], category="sales-order"):
            def apply(self, event: Opened) -> None:
                pass


def test_a_category_that_was_given_as_it_is_stays_so(store: Store, tmp_path: Path) -> None:
    report = run(store, csv_file(tmp_path / "a.csv", ["17,A,,"]), COLUMNS)
    assert (report.category, report.asked_category, report.category_note()) == ("case", "", "")

"""OCEL 2.0 comes in alike from each of its forms: one stream for each object of the type that is chosen."""

import gzip
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from eventfold import Store, limits, open_store
from eventfold.doors.cli.main import cli
from eventfold.errors import EventfoldError, EventTooLarge, QueryInvalid, RowInvalid
from eventfold.imports import ImportReport, import_file, ocel_mapping
from eventfold.imports.files import rows
from tests.imports.making import refusals, stored
from tests.imports.ocelmaking import EVENTS, write

FORMS = ["log.json", "log.xml", "log.sqlite"]


def bring(store: Store, path: Path, object_type: str = "orders") -> ImportReport:
    return import_file(store, path, ocel_mapping(object_type), source="log")


@pytest.mark.parametrize("name", FORMS)
def test_an_event_stands_in_the_stream_of_each_object_it_relates_to(
    store: Store, tmp_path: Path, name: str
) -> None:
    path = write(tmp_path / name)
    report = bring(store, path)
    assert (report.rows, report.written, report.refused, report.unrelated) == (3, 3, 0, 1)
    placed, sent = store.read("orders-o1")
    (same,) = store.read("orders-o2")
    assert placed.data_map() == {
        "ocel:type:items": ["i1"],
        "ocel:qualifiers": {"o1": ["order"]},
        "price": 524.96,
        "note": "a & <b>",
    }
    assert placed.occurred_at.isoformat() == "2023-05-20T07:07:47+00:00"
    assert sent.metadata_map() == same.metadata_map() == {"importedFrom": "log", "ocelEventId": "e2"}
    assert sent.id != same.id
    assert (
        (sent.type, sent.data) == (same.type, same.data) == ("send package", '{"ocel:type:packages":["p-1"]}')
    )
    again = bring(store, path)
    assert (again.written, again.known) == (0, 3)


def test_all_forms_give_the_same_events(tmp_path: Path) -> None:
    found = []
    for name in FORMS:
        store = open_store("sqlite://")
        bring(store, write(tmp_path / name), "packages")
        found.append([(e.id, e.stream, e.type, e.data, e.occurred_us) for e in stored(store)])
        assert len(found[-1]) == 2
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("name", FORMS)
def test_an_object_that_is_none_refuses_its_event(store: Store, tmp_path: Path, name: str) -> None:
    wrong = [EVENTS[0] | {"relationships": [{"objectId": "ghost", "qualifier": ""}]}, EVENTS[1]]
    report = bring(store, write(tmp_path / name, wrong))
    assert (refusals(report), report.written) == ([(1, "row-invalid")], 2)


@pytest.mark.parametrize("name", ["log.json", "log.xml"])
def test_a_log_may_be_gzipped_and_a_cut_one_is_a_typed_error(store: Store, tmp_path: Path, name: str) -> None:
    whole = gzip.compress(write(tmp_path / name).read_bytes())
    path = tmp_path / f"{name}.gz"
    path.write_bytes(whole)
    assert bring(store, path).written == 3
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(RowInvalid, match="damaged or ends in the middle"):
        bring(store, path)


@pytest.mark.parametrize("name", FORMS)
def test_half_a_file_is_a_typed_error(store: Store, tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(EventfoldError):
        bring(store, path)
    assert stored(store) == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("log.json", b'{"ocel:events": {}, "ocel:global-log": {}}'),
        ("log.json", b"[]"),
        ("log.xml", b"<html/>"),
        ("log.sqlite", b""),
    ],
)
def test_what_is_no_ocel_2_is_refused(store: Store, tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(QueryInvalid, match="no OCEL"):
        bring(store, tmp_path / name)


@pytest.mark.parametrize("name", FORMS)
def test_events_of_one_time_come_in_the_order_of_the_file_in_every_form(
    store: Store, tmp_path: Path, name: str
) -> None:
    times = ["2023-05-20T07:07:00Z"] * 3 + ["2023-05-20T07:07:00.500Z", "2023-05-20T09:07:01+02:00"]
    kinds = ["send package", "place order", "lose package", "place order", "a first type by its name"]
    relations = [{"objectId": "o1", "qualifier": ""}]
    events = [
        {"id": f"e{n}", "type": kind, "time": time, "attributes": [], "relationships": relations}
        for n, (kind, time) in enumerate(zip(kinds, times, strict=True))
    ]
    report = bring(store, write(tmp_path / name, events))
    assert (report.written, report.out_of_order) == (5, 0)
    assert [e.metadata_map()["ocelEventId"] for e in store.read("orders-o1")] == [
        "e0",
        "e1",
        "e2",
        "e3",
        "e4",
    ]


def change(path: Path, *statements: str) -> Path:
    with closing(sqlite3.connect(path)) as db:
        for statement in statements:
            db.execute(statement)
        db.commit()
    return path


def test_events_of_sqlite_are_ordered_by_their_time_and_not_by_its_text(store: Store, tmp_path: Path) -> None:
    path = change(
        write(tmp_path / "log.sqlite"),
        "UPDATE event_PlaceOrder SET ocel_time = '2023-05-21 10:07:47.001+03:00'",
        "UPDATE event_SendPackage SET ocel_time = '2023-05-21T07:07:47Z'",
    )
    bring(store, path)
    assert [e.type for e in store.read("orders-o1")] == ["send package", "place order"]


@pytest.mark.parametrize(
    ("statement", "says", "refused", "written"),
    [
        ("DELETE FROM event_PlaceOrder", "'e1' of the table event has no row", 1, 1),
        ("INSERT INTO event VALUES ('e9', 'no such type')", "'e9' of the table event has no row", 1, 3),
        ("INSERT INTO event_object VALUES ('e9', 'o1', '')", "'e9', which is no event", 1, 3),
        (
            "UPDATE event SET ocel_type = 'lose package' WHERE ocel_id = 'e1'",
            "'e1' is a 'lose package'",
            1,
            1,
        ),
        ("UPDATE event_PlaceOrder SET price = 9e999", "inf is no JSON number", 1, 1),
        ("UPDATE event_PlaceOrder SET ocel_id = NULL", "no id", 2, 1),
        ("UPDATE event_PlaceOrder SET note = x'00'", "bytes are no value", 1, 1),
    ],
)
def test_what_a_table_does_not_say_or_says_otherwise_is_refused_and_counted(
    store: Store, tmp_path: Path, statement: str, says: str, refused: int, written: int
) -> None:
    report = bring(store, change(write(tmp_path / "log.sqlite"), statement))
    assert any(says in refusal.message for refusal in report.refusals)
    assert (report.refused, report.written) == (refused, written)
    assert report.held_back == (written == 1)  # of the order of the refused event, not of the other one


def test_the_same_id_twice_gives_an_event_for_each_row_as_in_the_other_forms(
    store: Store, tmp_path: Path
) -> None:
    path = change(
        write(tmp_path / "log.sqlite"),
        "INSERT INTO event VALUES ('e1', 'place order')",
        "INSERT INTO event_PlaceOrder SELECT ocel_id, ocel_time, price + 1, note FROM event_PlaceOrder",
    )
    assert bring(store, path).written == 4
    assert [e.data_map().get("price") for e in store.read("orders-o1")] == [524.96, 525.96, None]


@pytest.mark.parametrize("form", ["WITHOUT ROWID", ""])
def test_tables_without_a_row_number_of_their_own_are_read_alike(
    store: Store, tmp_path: Path, form: str
) -> None:
    more = "" if form else ", rowid, _rowid_, oid"
    path = change(
        write(tmp_path / "log.sqlite"),
        "ALTER TABLE event_PlaceOrder RENAME TO old",
        f"CREATE TABLE event_PlaceOrder (ocel_id TEXT PRIMARY KEY, ocel_time, price, note{more}) {form}",
        "INSERT INTO event_PlaceOrder (ocel_id, ocel_time, price, note) SELECT * FROM old",
        "INSERT INTO event_PlaceOrder (ocel_id, ocel_time) VALUES ('e0', '2023-05-20')",
        "INSERT INTO event VALUES ('e0', 'place order')",
        "INSERT INTO event_object VALUES ('e0', 'o2', '')",
    )
    report = import_file(store, path, ocel_mapping("orders", timezone="UTC"), source="log")
    assert (report.written, report.refused) == (4, 0)
    assert next(store.read("orders-o1")).data_map()["price"] == 524.96


def test_columns_that_are_computed_are_refused(store: Store, tmp_path: Path) -> None:
    column = "ALTER TABLE event_PlaceOrder ADD COLUMN big TEXT GENERATED ALWAYS AS (hex(zeroblob(2000000)))"
    with pytest.raises(QueryInvalid, match="computed"):
        bring(store, change(write(tmp_path / "log.sqlite"), column))


@pytest.mark.slow
def test_a_wide_table_is_read(store: Store, tmp_path: Path) -> None:
    columns = [f"ALTER TABLE event_PlaceOrder ADD COLUMN c{n} INTEGER DEFAULT {n}" for n in range(1_500)]
    assert bring(store, change(write(tmp_path / "log.sqlite"), *columns)).written == 3
    assert next(store.read("orders-o1")).data_map()["c1499"] == 1499


def test_an_event_or_value_of_sqlite_that_is_too_large_is_refused(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "LONGEST_LINE", 4_000)
    path = write(tmp_path / "log.sqlite")
    change(path, f"UPDATE event_PlaceOrder SET note = '{'x' * 2_500}', price = '{'y' * 2_500}'")
    change(path, *[f"INSERT INTO event_object VALUES ('e3', 'p-1', 'q{n}')" for n in range(1_000)])
    report = bring(store, path)
    assert (refusals(report), report.written) == ([(1, "event-too-large"), (3, "event-too-large")], 1)
    with pytest.raises(EventTooLarge, match="a value has more"):
        bring(store, change(path, f"UPDATE event_SendPackage SET ocel_time = '{'z' * 5_000}'"))


def test_entities_are_refused(store: Store, tmp_path: Path) -> None:
    path = write(tmp_path / "log.xml")
    path.write_text('<!DOCTYPE log [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + path.read_text())
    with pytest.raises(QueryInvalid, match="declares a document type"):
        bring(store, path)


def test_the_text_of_a_database_never_becomes_sql(store: Store, tmp_path: Path) -> None:
    path = write(tmp_path / "log.sqlite")
    with closing(sqlite3.connect(path)) as db:
        db.execute(
            "UPDATE event_map_type SET ocel_type_map = 'x\" UNION SELECT 1 --' WHERE ocel_type = 'lose package'"
        )
        db.commit()
    with pytest.raises(QueryInvalid, match="no table"):
        bring(store, path)


def test_a_view_is_not_taken_for_a_table(store: Store, tmp_path: Path) -> None:
    path = write(tmp_path / "log.sqlite")
    with closing(sqlite3.connect(path)) as db:
        db.executescript("ALTER TABLE object RENAME TO o; CREATE VIEW object AS SELECT * FROM o;")
    with pytest.raises(QueryInvalid, match="no table object"):
        bring(store, path)


@pytest.mark.parametrize("name", ["log.json", "log.xml"])
def test_more_objects_than_are_held_are_refused_with_the_form_that_has_no_such_limit(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(limits, "OBJECT_BYTES", 600)
    with pytest.raises(EventTooLarge, match="SQLite form"):
        bring(store, write(tmp_path / name))
    assert bring(store, write(tmp_path / "log.sqlite")).written == 3


@pytest.mark.parametrize(
    ("name", "found", "instead", "says"),
    [
        (
            "log.json",
            '"attributes": [{"name": "count"',
            '"vendor": 1, "attributes": [{"name": "count"',
            "vendor",
        ),
        ("log.json", '"name": "count", "value": 1', '"name": "count", "value": 1, "unit": "kg"', "unit"),
        ("log.xml", '<attribute name="count">1<', '<attribute name="count"><unit/>1<', "<unit>"),
        ("log.xml", '<attribute name="count">', '<vendor/><attribute name="count">', "<vendor>"),
        ("log.xml", '<attribute name="count">', 'said outside<attribute name="count">', "'said outside'"),
    ],
)
def test_what_an_event_says_beside_the_standard_refuses_it_and_is_named(
    store: Store, tmp_path: Path, name: str, found: str, instead: str, says: str
) -> None:
    path = write(tmp_path / name)
    text = path.read_text()
    assert text.count(found) == 1
    path.write_text(text.replace(found, instead))
    report = bring(store, path, "packages")
    assert (refusals(report), report.written) == ([(3, "row-invalid")], 1)
    assert says in report.refusals[0].message


def test_an_element_among_the_events_is_counted(store: Store, tmp_path: Path) -> None:
    path = write(tmp_path / "log.xml")
    path.write_text(path.read_text().replace("<events>", "<events><incident><event/></incident>"))
    report = bring(store, path)
    assert (report.refused, report.written) == (1, 3)
    assert "<incident>" in report.refusals[0].message


@pytest.mark.parametrize(
    "text",
    [
        '{"objectTypes": [], "objects": {}, "events": []}',
        '{"objectTypes": [], "objects": [], "events": [], "events": []}',
        '{"objectTypes": [], "objects": [{"id": 1, "type": "x"}], "events": []}',
        '{"objectTypes": [], "objects": []}',
    ],
)
def test_a_document_without_the_lists_of_ocel_is_refused(store: Store, tmp_path: Path, text: str) -> None:
    (tmp_path / "log.json").write_text(text)
    with pytest.raises(QueryInvalid, match="no OCEL"):
        bring(store, tmp_path / "log.json")


def test_the_command_line_brings_in_both_standards(tmp_path: Path) -> None:
    def run(*arguments: str) -> Any:
        url = f"sqlite:///{tmp_path}/log.db"
        done = CliRunner().invoke(
            cli, ["-s", url, "import", *arguments, "--json"], standalone_mode=False, catch_exceptions=False
        )
        return json.loads(done.stdout)

    report = run(str(write(tmp_path / "log.xml")), "--object-type", "orders")
    assert (report["written"], report["unrelated"]) == (3, 1)
    xes = tmp_path / "log.xes"
    xes.write_text(
        "<log><trace><string key='concept:name' value='1'/><event><string key='concept:name' value='A'/></event>"
        "</trace></log>"
    )
    assert run(str(xes))["written"] == 1
    rows = tmp_path / "rows.csv"
    rows.write_text("case,what,who\n1,Opened,ada\n")
    assert run(str(rows), "--stream", "case", "--category", "x", "--type", "what", "--metadata", "actor=who")[
        "written"
    ]
    store = open_store(f"sqlite:///{tmp_path}/log.db")
    (event,) = store.read("x-1")
    assert (event.metadata_map()["actor"], event.data) == ("ada", "{}")
    assert next(store.read("case-1")).type == "A"
    store.close()

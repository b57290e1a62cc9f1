"""Which rows are the same: what they say, in their stream; and what is done with equal rows of another log."""

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from eventfold import Store, open_store
from eventfold.errors import ConfigInvalid, Refused
from eventfold.imports import ImportReport, Mapping, file_pages, import_documents, import_file
from eventfold.imports.settling.identity import source_of
from tests.doors.calling import eventfold
from tests.imports.making import COLUMNS, csv_file, refusals, stored

ROWS = ["1,Sold,2025-01-02T08:00:00Z,apple", "1,Sold,2025-01-02T08:00:00Z,apple", "2,Opened,,"]


def bring(store: Store, path: Path, columns: Mapping = COLUMNS, **options: Any) -> ImportReport:
    return import_file(store, path, columns, **options)


def counts(report: ImportReport) -> tuple[int, int, int]:
    return report.written, report.known, report.refused


@pytest.fixture
def first(store: Store, tmp_path: Path) -> Path:
    """A file that was imported."""
    (tmp_path / "jan").mkdir()
    (tmp_path / "feb").mkdir()
    path = csv_file(tmp_path / "jan" / "till.2025-01.csv", ROWS)
    assert counts(bring(store, path)) == (3, 0, 0)
    return path


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("till.2025-01.csv", "till.2025-01"),
        ("till.csv", "till"),
        ("till.csv.gz", "till"),
        ("TILL.CSV.GZ", "TILL"),
        ("a.b.c.jsonl", "a.b.c"),
        ("log.xes.gz", "log"),
        ("log.v2.parquet", "log.v2"),
        ("log.xmlocel", "log"),
        ("export.final", "export.final"),
        ("archive.gz", "archive"),
    ],
)
def test_a_log_is_called_as_its_file_and_folder_without_the_ending(
    tmp_path: Path, name: str, source: str
) -> None:
    called = source_of(tmp_path / name).name
    assert re.fullmatch(rf"{re.escape(tmp_path.name)}/{re.escape(source)}@[0-9a-f]{{8}}", called)
    assert called != source_of(tmp_path / "again" / tmp_path.name / name).name


def test_equal_rows_of_one_file_are_events_of_their_own_and_known_again(store: Store, first: Path) -> None:
    assert len(list(store.read("case-1"))) == 2
    assert counts(bring(store, first)) == (0, 3, 0)


@pytest.mark.parametrize("name", ["jan/till.2025-02.csv", "feb/till.2025-01.csv", "jan/other.csv"])
def test_equal_rows_from_a_file_of_another_name_stop_the_import_before_its_first_row(
    store: Store, first: Path, tmp_path: Path, name: str
) -> None:
    before = stored(store)
    second = csv_file(tmp_path / name, ["3,Opened,,new", *ROWS])
    for dry_run in (True, False):
        with pytest.raises(Refused) as refused:
            bring(store, second, dry_run=dry_run)
        assert (refused.value.exit_code, refused.value.facts["source"]) == (3, source_of(first).name)
        assert all(way in refused.value.message for way in ("--source", "--id", "--same", "--other"))
    assert stored(store) == before


def test_they_stop_it_however_far_down_in_the_file_they_stand(
    store: Store, first: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eventfold.imports.importing.BATCH", 3)
    before = stored(store)
    rows = [f"{n},Opened,,new" for n in range(3, 20)]
    with pytest.raises(Refused):
        bring(store, csv_file(tmp_path / "late.csv", [*rows, ROWS[0]]))
    assert stored(store) == before


def test_other_rows_from_a_file_of_another_name_are_written_without_a_question(
    store: Store, first: Path, tmp_path: Path
) -> None:
    assert counts(bring(store, csv_file(tmp_path / "feb.csv", ["1,Sold,2025-02-01T08:00:00Z,apple"]))) == (
        1,
        0,
        0,
    )


def test_the_same_rows_are_known_and_it_is_said_from_where(store: Store, first: Path, tmp_path: Path) -> None:
    second = csv_file(tmp_path / "copy.csv", [*ROWS, ROWS[0]])
    report = bring(store, second, same=True)
    assert (counts(report), report.known_from) == ((1, 3, 0), {source_of(first).name: 3})


@pytest.mark.parametrize("options", [{"other": True}, {"source": "feb"}])
def test_other_rows_are_written_once_whatever_is_imported_again(
    store: Store, first: Path, tmp_path: Path, options: dict[str, Any]
) -> None:
    second = csv_file(tmp_path / "feb.csv", [*ROWS, ROWS[0]])
    assert counts(bring(store, second, **options)) == (4, 0, 0)
    assert counts(bring(store, second, **options)) == (0, 4, 0)
    assert counts(bring(store, first)) == (0, 3, 0)
    grown = csv_file(first, [*ROWS, ROWS[0]])
    # its third equal row is not that of the other log
    assert counts(bring(store, grown, other=True)) == (
        1,
        3,
        0,
    )
    assert counts(bring(store, second, **options)) == (0, 4, 0)
    assert len({event.id for event in stored(store)}) == len(stored(store)) == 8


def test_a_name_that_was_chosen_before_makes_the_rows_known(
    store: Store, first: Path, tmp_path: Path
) -> None:
    assert counts(bring(store, csv_file(tmp_path / "moved.csv", ROWS), source=source_of(first).name)) == (
        0,
        3,
        0,
    )


@settings(max_examples=60, deadline=None)
@given(
    files=st.lists(
        st.tuples(st.sampled_from(["a", "b", "c"]), st.lists(st.sampled_from(ROWS), max_size=6)), max_size=8
    )
)
def test_each_log_has_each_of_its_rows_as_often_as_a_file_of_it_had(
    tmp_path_factory: pytest.TempPathFactory, files: list[tuple[str, list[str]]]
) -> None:
    folder = tmp_path_factory.mktemp("logs")
    store = open_store("sqlite://")
    most: dict[tuple[str, str], int] = {}
    for source, rows in files:
        path = csv_file(folder / "log.csv", rows)
        bring(store, path, source=source)
        assert bring(store, path, source=source).written == 0
        for row in rows:
            most[source, row] = max(most.get((source, row), 0), rows.count(row))
    assert len(stored(store)) == sum(most.values())
    store.close()


def test_a_corrected_zone_and_added_metadata_are_told(store: Store, tmp_path: Path) -> None:
    path = csv_file(
        tmp_path / "log.csv", ["1,Opened,2024-07-01T12:00:00,ann", "1,Noted,2024-07-02T12:00:00,"]
    )
    berlin = structs.replace(COLUMNS, timezone="Europe/Berlin")
    bring(store, path, berlin)
    assert bring(store, path, berlin).differing == 0
    before = stored(store)
    utc = bring(store, path, structs.replace(COLUMNS, timezone="UTC"))
    assert (counts(utc), utc.differing) == ((0, 2, 0), 2)
    named = bring(store, path, structs.replace(berlin, metadata="actor=note", data="note"))
    assert (counts(named), named.differing) == ((0, 2, 0), 1)
    assert stored(store) == before


def test_the_closing_sentence_says_what_differs_and_from_where(tmp_path: Path) -> None:
    path = csv_file(tmp_path / "log.csv", ["1,Opened,2024-07-01T12:00:00,ann"])
    options = ["--stream", "case", "--category", "case", "--type", "what", "--time", "when"]
    command = ["-s", f"sqlite:///{tmp_path}/log.db", "import", str(path), *options]
    eventfold(*command, "--timezone", "UTC", "--source", "x")
    told = eventfold(*command, "--timezone", "Europe/Berlin", "--same")
    said = " ".join((told.out + told.err).split())
    assert "1 was known (1 as rows of 'x')" in said
    assert "1 known ones differ in time or metadata and stay as they are" in said


def test_a_column_more_that_is_empty_changes_no_row(store: Store, tmp_path: Path) -> None:
    bring(store, csv_file(tmp_path / "log.csv", ROWS))
    wider = csv_file(tmp_path / "log.csv", [f"{row}," for row in ROWS], "case,what,when,note,more\n")
    assert counts(bring(store, wider)) == (0, 3, 0)


def test_a_column_of_nulls_changes_no_row_of_parquet_or_json(store: Store, tmp_path: Path) -> None:
    columns = {"case": ["1", "1"], "what": ["Opened", "Opened"], "n": [1, None]}
    for more in ({}, {"more": pa.nulls(2, pa.string())}):
        pq.write_table(pa.table({**columns, **more}), tmp_path / "log.parquet")
        report = bring(store, tmp_path / "log.parquet", Mapping(stream="case", category="case", type="what"))
        assert counts(report) == ((0, 2, 0) if more else (2, 0, 0))
    rows = [{"case": 2, "what": "Opened", "n": 1}, {"case": 2, "what": "Opened"}]
    for more in ({}, {"more": None}):
        path = tmp_path / "log.jsonl.gz"
        path.write_bytes(gzip.compress("\n".join(json.dumps(row | more) for row in rows).encode()))
        report = bring(store, path, Mapping(stream="case", category="case", type="what"))
        assert counts(report) == ((0, 2, 0) if more else (2, 0, 0))


KEYED = structs.replace(COLUMNS, id="note")


def test_a_column_can_tell_rows_apart(store: Store, tmp_path: Path) -> None:
    path = csv_file(
        tmp_path / "log.csv", ["1,Sold,2025-01-02T08:00:00Z,17", "1,Sold,2025-01-02T08:00:00Z,18"]
    )
    assert counts(bring(store, path, KEYED)) == (2, 0, 0)
    assert counts(bring(store, path, KEYED)) == (0, 2, 0)
    copy = csv_file(
        tmp_path / "copy.csv", ["1,Sold,2025-01-02T08:00:00Z,18", "1,Sold,2025-01-02T08:00:00Z,19"]
    )
    report = bring(store, copy, KEYED)
    assert (counts(report), sum(report.known_from.values())) == ((1, 1, 0), 1)
    other = csv_file(tmp_path / "log.csv", ["1,Returned,2025-01-02T08:00:00Z,17", "1,Sold,,"])
    assert refusals(bring(store, other, KEYED)) == [(2, "event-id-reused"), (3, "row-invalid")]


def test_rows_of_one_id_are_one_event(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = ["1,Sold,,17", "1,Sold,,17", "1,Other,,17", "1,Sold,,17"]
    path = csv_file(tmp_path / "log.csv", rows)
    assert counts(bring(store, path, KEYED)) == (1, 2, 1)
    for batch in (1, 2):
        monkeypatch.setattr("eventfold.imports.importing.BATCH", batch)
        other = open_store("sqlite://")
        assert counts(bring(other, path, KEYED)) == (1, 2, 1)
        assert len(stored(other)) == 1
        other.close()


def test_rows_imported_without_ids_are_known_with_them_but_not_the_other_way_round(
    store: Store, first: Path, tmp_path: Path
) -> None:
    by_day = structs.replace(COLUMNS, id=("what", "when"))
    whole = csv_file(first, ROWS[:1])
    assert counts(bring(store, whole, by_day)) == (0, 1, 0)
    path = csv_file(tmp_path / "keyed.csv", ["9,Sold,2025-01-02T08:00:00Z,x"])
    assert counts(bring(store, path, by_day)) == (1, 0, 0)
    with pytest.raises(Refused, match="--id COLUMN"):
        bring(store, path)
    assert len(list(store.read("case-9"))) == 1


def test_answers_that_contradict_each_other_are_refused(store: Store, first: Path) -> None:
    with pytest.raises(ConfigInvalid):
        bring(store, first, same=True, other=True)
    with pytest.raises(ConfigInvalid):
        bring(store, first, KEYED, same=True)
    with pytest.raises(ConfigInvalid):
        bring(store, first, KEYED, other=True)


def test_a_script_gets_exit_code_3_and_the_answers_as_options(tmp_path: Path) -> None:
    log = f"sqlite:///{tmp_path}/log.db"
    for name in ("jan", "feb"):
        (tmp_path / name).mkdir()
        csv_file(tmp_path / name / "log.csv", ROWS)
    options = ["--stream", "case", "--category", "case", "--type", "what", "--time", "when"]

    def told(*more: str) -> tuple[int, int]:
        answer = eventfold("--json", "-s", log, "import", *more, *options)
        return answer.code, json.loads(answer.out)["written"] if not answer.code else 0

    assert told(f"{tmp_path}/jan/log.csv") == (0, 3)
    asked = eventfold("-s", log, "import", f"{tmp_path}/feb/log.csv", *options)
    assert (asked.code, asked.out) == (3, "")
    assert "--same" in asked.err
    assert told(f"{tmp_path}/feb/log.csv", "--same") == (0, 0)
    keys = ["--id", "what", "--id", "when", "--id", "note"]
    assert told(f"{tmp_path}/feb/log.csv", *keys) == (0, 0)
    csv_file(tmp_path / "feb" / "new.csv", ["9,Opened,,"])
    assert told(f"{tmp_path}/feb/new.csv", *keys)[0] == 3  # a new row with an empty id
    assert told(f"{tmp_path}/feb/log.csv", "--other") == (0, 3)
    assert told(f"{tmp_path}/feb/log.csv", "--source", "x") == (0, 3)


def document(event_id: str, **more: Any) -> dict[str, Any]:
    named = {"id": event_id} if event_id else {}
    return {**named, "aggregateId": "order-1", "eventType": "Noted", "data": {"n": 1}, **more}


@pytest.mark.parametrize("event_id", ["7", ""])
def test_documents_whose_id_is_no_uuid_are_asked_about_too(
    store: Store, tmp_path: Path, event_id: str
) -> None:
    paths = []
    for name in ("jan", "feb"):
        paths.append(tmp_path / f"{name}.jsonl")
        paths[-1].write_text(json.dumps(document(event_id)))
    jan, feb = ((file_pages(path), source_of(path)) for path in paths)
    assert counts(import_documents(store, *jan)) == (1, 0, 0)
    assert counts(import_documents(store, *jan)) == (0, 1, 0)
    with pytest.raises(Refused):
        import_documents(store, *feb)
    assert counts(import_documents(store, *feb, same=True)) == (0, 1, 0)
    assert counts(import_documents(store, *feb, other=True)) == (1, 0, 0)
    assert counts(import_documents(store, *feb, other=True)) == (0, 1, 0)


def test_equal_documents_of_one_file_are_one_event_only_where_they_have_an_id(
    store: Store, tmp_path: Path
) -> None:
    path = tmp_path / "log.jsonl"
    uuid = "018f4e2a-7b1c-7000-8000-000000000001"
    path.write_text("\n".join(json.dumps(document(name)) for name in (uuid, uuid, "7", "7", "", "")))
    assert counts(import_documents(store, file_pages(path), "shop")) == (4, 2, 0)
    assert counts(import_documents(store, file_pages(path), "shop")) == (0, 6, 0)


def test_documents_are_asked_about_by_the_command_line_too(tmp_path: Path) -> None:
    log = f"sqlite:///{tmp_path}/log.db"
    for name in ("jan", "feb"):
        (tmp_path / f"{name}.jsonl").write_text(json.dumps(document("7")))

    def told(name: str, *more: str) -> int:
        return eventfold("-s", log, "import", f"{tmp_path}/{name}.jsonl", "--documents", *more).code

    assert [told("jan"), told("jan"), told("feb"), told("feb", "--same"), told("feb", "--other")] == [
        0,
        0,
        3,
        0,
        0,
    ]
    store = open_store(log)
    sources = [event.metadata_map()["importedFrom"] for event in store.read("order-1")]
    assert sources == [source_of(tmp_path / f"{name}.jsonl").name for name in ("jan", "feb")]
    store.close()


@pytest.mark.parametrize(
    "options", [["--documents", "--id", "x"], ["--restore", "--same"], ["--restore", "--keep-going"]]
)
def test_answers_that_mean_nothing_for_a_file_are_refused(tmp_path: Path, options: list[str]) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps(document("7")))
    told = eventfold("-s", f"sqlite:///{tmp_path}/log.db", "import", f"{tmp_path}/a.jsonl", *options)
    assert (told.code, "config-invalid" in told.err) == (2, True)
    assert not (tmp_path / "log.db").exists()


def test_folders_of_one_name_in_several_places_are_several(store: Store, tmp_path: Path) -> None:
    files = []
    for shop in ("berlin", "wien"):
        (tmp_path / shop / "2025").mkdir(parents=True)
        files.append(csv_file(tmp_path / shop / "2025" / "till.csv", ROWS))
    assert counts(bring(store, files[0])) == (3, 0, 0)
    with pytest.raises(Refused, match="--same"):
        bring(store, files[1])
    assert counts(bring(store, files[1], other=True)) == (3, 0, 0)
    assert [counts(bring(store, file, other=True)) for file in files] == [(0, 3, 0)] * 2


@pytest.mark.parametrize("changed", ["time", "metadata"])
def test_rows_under_one_id_that_differ_in_time_or_metadata_are_told_in_one_batch_too(
    store: Store, tmp_path: Path, changed: str
) -> None:
    rows = ["1,Sold,2025-01-02T08:00:00Z,ann", "1,Sold,2025-01-02T08:00:00Z,ann"]
    rows.append("1,Sold,2025-01-03T08:00:00Z,ann" if changed == "time" else "1,Sold,2025-01-02T08:00:00Z,bob")
    columns = structs.replace(COLUMNS, id="case", data="case", metadata="actor=note")
    report = bring(store, csv_file(tmp_path / "a.csv", rows), columns)
    assert (counts(report), report.differing) == ((1, 2, 0), 1)

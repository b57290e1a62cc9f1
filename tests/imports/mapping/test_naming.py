"""How an import names streams and types: in any language, in NFC, behind their category, signs replaced on request."""

import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from eventfold import NewEvent, Store, new_id
from eventfold.errors import ConfigInvalid, EventfoldError, EventTypeInvalid
from eventfold.imports import file_pages, import_documents, original, replaced
from eventfold.imports.mapping.naming import Naming
from tests.doors.calling import eventfold
from tests.imports.making import COLUMNS, csv_file, refusals, run, stored
from tests.imports.test_documents import document

REPLACED = structs.replace(COLUMNS, replace=True)
SIGNS = ["a/b", "c\\d", "e?f", "g#h"]
SAFE = ["case-a%2Fb", "case-c%5Cd", "case-e%3Ff", "case-g%23h"]


def streams(store: Store) -> list[str]:
    return sorted(found.stream for found in store.streams())


@given(st.text(st.sampled_from("%/\\?#25F3Ca-") | st.characters(codec="utf-8")))
def test_what_is_replaced_can_be_told_again_and_what_needs_nothing_stays(name: str) -> None:
    safe = replaced(name)
    assert original(safe) == name
    assert not set("/\\?#") & set(safe)
    if not set("/\\?#%") & set(name):
        assert safe == name
    sql = (
        safe.replace("%2F", "/")
        .replace("%5C", "\\")
        .replace("%3F", "?")
        .replace("%23", "#")
        .replace("%25", "%")
    )
    assert sql == name  # as the documentation says it


def test_signs_that_no_stream_can_have_are_refused_with_the_flag_and_replaced_by_it(
    store: Store, tmp_path: Path
) -> None:
    path = csv_file(tmp_path / "a.csv", [*(f"{name},A,," for name in SIGNS), "50%,A,,"])
    report = run(store, path)
    assert refusals(report) == [(line, "stream-name-invalid") for line in (2, 3, 4, 5)]
    assert all("--replace" in refusal.message for refusal in report.refusals)
    assert streams(store) == ["case-50%"]
    report = run(store, path, REPLACED)
    assert (report.written, report.known, report.refused) == (4, 1, 0)
    assert streams(store) == ["case-50%", *SAFE]
    assert run(store, path, REPLACED).known == 5


def test_an_id_with_a_code_of_its_own_is_no_other_ids_stream_and_never_stands_in_two(
    store: Store, tmp_path: Path
) -> None:
    both = csv_file(tmp_path / "a.csv", ["a/b,A,,", "a%2Fb,B,,"])
    assert run(store, both, REPLACED).written == 2
    assert streams(store) == ["case-a%252Fb", "case-a%2Fb"]
    report = run(store, csv_file(tmp_path / "b.csv", ["a%2Fb,C,,"]))
    assert (refusals(report), "imported with --replace" in report.refusals[0].message) == (
        [(2, "stream-name-invalid")],
        True,
    )


def test_an_id_with_a_code_that_came_in_as_it_is_is_not_written_again_under_another_name(
    store: Store, tmp_path: Path
) -> None:
    path = csv_file(tmp_path / "a.csv", ["a%2Fb,A,,"])
    assert (run(store, path).written, streams(store)) == (1, ["case-a%2Fb"])
    report = run(store, path, REPLACED)
    assert (refusals(report), "imported without --replace" in report.refusals[0].message) == (
        [(2, "stream-name-invalid")],
        True,
    )
    assert streams(store) == ["case-a%2Fb"]


def test_the_command_replaces_signs_of_rows_and_documents_and_not_of_an_export(tmp_path: Path) -> None:
    log = f"sqlite:///{tmp_path}/log.db"
    rows = csv_file(tmp_path / "a.csv", ["a/b,A,,"])
    lines = tmp_path / "b.jsonl"
    lines.write_text(json.dumps(document("order-1/2", 1)))
    given = ("--stream", "case", "--category", "case", "--type", "what")
    told = eventfold("-s", log, "import", str(rows), *given)
    assert (told.code, "--replace" in told.out) == (3, True)
    assert eventfold("-s", log, "import", str(rows), *given, "--replace").code == 0
    assert eventfold("-s", log, "import", str(lines), "--documents", "--replace").code == 0
    listed = map(json.loads, eventfold("--json", "-s", log, "streams").out.splitlines())
    assert sorted(found["stream"] for found in listed) == ["case-a%2Fb", "order-1%2F2"]
    refused = eventfold("-s", log, "import", str(lines), "--restore", "--replace")
    assert (refused.code, "--replace" in refused.err) == (2, True)


def test_a_value_that_has_its_category_is_taken_as_it_is(store: Store, tmp_path: Path) -> None:
    path = csv_file(tmp_path / "a.csv", ["case-1,A,,", "case-1,B,,", "2,A,,", "cases-3,A,,", "case-,A,,"])
    assert run(store, path).written == 5
    assert streams(store) == ["case-1", "case-2", "case-case-", "case-cases-3"]
    assert run(store, path).known == 5


@pytest.mark.parametrize("rows", [["1,A,,", "case-1,B,,"], ["case-1,B,,", "1,A,,"]])
def test_two_values_of_one_file_never_become_one_stream_without_a_word(
    store: Store, tmp_path: Path, rows: list[str]
) -> None:
    report = run(store, csv_file(tmp_path / "a.csv", rows))
    assert (report.written, refusals(report)) == (1, [(3, "stream-name-invalid")])
    assert "would both be the stream" in report.refusals[0].message


def test_rows_that_an_earlier_release_stored_with_the_category_twice_stay_known(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = csv_file(tmp_path / "a.csv", ["case-1,A,,", "1,A,,", "case-2,A,,"])
    with monkeypatch.context() as before:
        before.setattr(Naming, "_is_whole", lambda *_: False)
        assert run(store, path).written == 3
    assert streams(store) == ["case-1", "case-case-1", "case-case-2"]
    assert (run(store, path).written, run(store, path).known) == (0, 3)
    csv_file(path, ["case-1,A,,", "1,A,,", "case-2,A,,", "case-2,B,,", "case-3,A,,"])
    assert run(store, path).written == 2
    assert streams(store) == ["case-1", "case-3", "case-case-1", "case-case-2"]
    assert store.head("case-case-2") == 2


def test_documents_that_have_their_category_are_taken_as_they_are(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(json.dumps(document(name, 1)) for name in ("order-1", "2")))
    for wanted in ((2, 0), (0, 2)):
        report = import_documents(store, file_pages(path), "shop", category="order")
        assert (report.written, report.known) == wanted
    assert streams(store) == ["order-1", "order-2"]


def test_names_that_are_read_are_composed_and_one_entity_in_two_forms_is_one(
    store: Store, tmp_path: Path
) -> None:
    apart = unicodedata.normalize("NFD", "Tür")
    path = csv_file(tmp_path / "a.csv", [f"{apart},{apart} prüfen,,", "Tür,审批,,", "Tür,Approve?,,"])
    assert run(store, path).written == 3
    assert [event.type for event in store.read("case-Tür")] == ["Tür prüfen", "审批", "Approve?"]
    assert run(store, path).known == 3
    lines = tmp_path / "b.jsonl"
    lines.write_text(json.dumps(document(f"order-{apart}", 1, eventType=apart)))
    assert import_documents(store, file_pages(lines), "shop").written == 1
    assert next(store.read("order-Tür")).type == "Tür"


def test_what_a_program_says_is_not_composed_for_it(store: Store, tmp_path: Path) -> None:
    path = csv_file(tmp_path / "a.csv", ["1,A,,"])
    apart = unicodedata.normalize("NFD", "Tür")
    one_type = structs.replace(COLUMNS, type=(), event_type=apart)
    with pytest.raises(EventTypeInvalid, match="NFC"):
        run(store, path, one_type)
    with pytest.raises(ConfigInvalid, match="NFC"):
        run(store, path, structs.replace(COLUMNS, category=apart))
    with pytest.raises(EventfoldError, match="NFC"):
        store.append(f"{apart}-1", [NewEvent(new_id(), "Noted", 1, "{}")], expected=0)
    with pytest.raises(EventTypeInvalid, match="NFC"):
        store.append("case-1", [NewEvent(new_id(), apart, 1, "{}")], expected=0)
    assert stored(store) == []


@pytest.mark.parametrize(
    "kind", ["a\u200bb", "a\u202eb", "a\u200d", "\u0378", "'; DROP TABLE x;--", "審" * 129]
)
def test_a_type_that_cannot_be_one_refuses_its_row(store: Store, tmp_path: Path, kind: str) -> None:
    report = run(store, csv_file(tmp_path / "a.csv", [f"1,{kind},,", "2,क\u094d\u200dष,,"]))
    assert (report.written, refusals(report)) == (1, [(2, "event-type-invalid")])

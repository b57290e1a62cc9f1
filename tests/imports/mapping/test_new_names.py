"""What only stored events may have: rows with such an id or name of a stream are refused unless they are known."""

import json
from pathlib import Path
from uuid import UUID

import pytest

from eventfold import Store
from eventfold.imports import file_pages, import_documents
from eventfold.testing.making import make
from tests.imports.making import csv_file, refusals, run
from tests.imports.test_documents import document

NIL = "00000000-0000-0000-0000-000000000000"
RECORDED_US = 1_700_000_000_000_000


@pytest.mark.parametrize("hidden", ["\u200b", "\u202e"])
def test_a_row_of_a_new_stream_with_an_invisible_character_is_refused_and_its_neighbours_are_written(
    store: Store, tmp_path: Path, hidden: str
) -> None:
    path = csv_file(tmp_path / "a.csv", ["1,A,,", f"1{hidden},A,,", f"1{hidden},B,,", "2,A,,"])
    tried = run(store, path, dry_run=True)
    report = run(store, path)
    assert refusals(report) == refusals(tried) == [(3, "stream-name-invalid"), (4, "stream-name-invalid")]
    assert (report.written, [found.stream for found in store.streams()]) == (2, ["case-1", "case-2"])


def test_rows_of_a_stream_that_has_such_a_name_already_go_on_in_it(store: Store, tmp_path: Path) -> None:
    store.append("case-1\u200b", [make(1, recorded_us=RECORDED_US)], expected=0)
    path = csv_file(tmp_path / "a.csv", ["1\u200b,A,,", "1\u200b,B,,"])
    assert (run(store, path).written, run(store, path).known) == (2, 2)
    assert store.head("case-1\u200b") == 3


def test_a_document_with_the_uuid_of_nothing_is_refused_unless_it_is_stored(
    store: Store, tmp_path: Path
) -> None:
    path = tmp_path / "a.jsonl"
    rows = [document("order-1", 1, eventId=NIL), document("order-1", 2), document("order-2", 1, eventId=NIL)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    report = import_documents(store, file_pages(path), "shop")
    assert refusals(report) == [(1, "payload-invalid"), (3, "payload-invalid")]
    assert (report.written, report.held_back) == (0, 1)


def test_a_document_that_an_earlier_release_stored_under_the_uuid_of_nothing_stays_known(
    store: Store, tmp_path: Path
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(document("order-1", 1, eventId=NIL)) + "\n")
    old = make(1, event_id=UUID(NIL), event_type="OrderCreated", recorded_us=RECORDED_US)
    store.append("order-1", [old], expected=0)
    report = import_documents(store, file_pages(path), "shop")
    assert (report.known, report.refused) == (1, 0)

"""A question is asked before the first row is written, and a file is read no more often than that needs."""

from pathlib import Path
from typing import Any

import pytest

from eventfold import Store
from eventfold.errors import Refused
from eventfold.imports.files import reading
from tests.imports.making import csv_file, stored
from tests.imports.settling.test_identity import ROWS, bring, counts


@pytest.fixture
def first(store: Store, tmp_path: Path) -> Path:
    """A file that was imported."""
    (tmp_path / "jan").mkdir()
    path = csv_file(tmp_path / "jan" / "till.csv", ROWS)
    assert counts(bring(store, path)) == (3, 0, 0)
    return path


def test_a_file_that_is_known_whole_is_read_once_and_a_grown_one_looked_through_from_its_first_new_row(
    store: Store, first: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = reading.opened
    times: list[Path] = []

    def counting(path: Path, *rest: Any) -> Any:
        times.append(path)
        return opened(path, *rest)

    monkeypatch.setattr("eventfold.imports.importing.opened", counting)
    assert counts(bring(store, first)) == (0, 3, 0)
    csv_file(first, [*ROWS, "3,Opened,,new"])
    assert counts(bring(store, first)) == (1, 3, 0)
    assert len(times) == 2
    monkeypatch.setattr("eventfold.imports.settling.asking.KEPT_ROWS", 1)
    monkeypatch.setattr("eventfold.imports.importing.BATCH", 1)
    csv_file(first, [*ROWS, "3,Opened,,new", "4,Opened,,new", "bad", "5,Opened,,new", *ROWS])
    report = bring(store, first)
    assert (counts(report), report.rows) == ((5, 4, 1), 10)
    assert len(times) == 4
    assert counts(bring(store, first)) == (0, 9, 1)


def test_no_row_is_written_before_the_last_one_was_looked_at(
    store: Store, first: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eventfold.imports.settling.asking.KEPT_ROWS", 1)
    monkeypatch.setattr("eventfold.imports.importing.BATCH", 1)
    before = stored(store)
    grown = csv_file(
        tmp_path / "jan" / "other.csv", ["7,Opened,,new", "8,Opened,,new", "9,Opened,,new", ROWS[0]]
    )
    with pytest.raises(Refused, match="Row 5"):
        bring(store, grown)
    assert stored(store) == before
    monkeypatch.setattr("eventfold.imports.settling.knowing.Knowing._ask", lambda *_: None)
    assert bring(store, grown).written >= 3  # the control: without the question all are

"""Two imports of one file at once: the log is right, and each report tells what its own import wrote."""

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from eventfold import Appended, Expected, NewEvent, Store, Write, open_store
from eventfold.errors import Refused
from eventfold.exports import export_log
from eventfold.feed.effects.port import Effects
from eventfold.imports import ImportReport, file_pages, import_documents, importing, restore
from eventfold.imports.settling import settling
from eventfold.store.cosmos.requests.settings import KEY
from eventfold.testing.cosmos import StandIn
from tests.imports.making import Lesser, csv_file, run, stored

ROWS = [f"{n % 3},Noted,2024-01-{n + 1:02}T00:00:00Z,{n}" for n in range(20)]


class Rivalled(Lesser):
    """A store into which somebody else writes right before the first append, behind the look-up."""

    def __init__(self, store: Store, rival: Callable[[], object], **less: object) -> None:
        super().__init__(store, **less)
        self._rival: Callable[[], object] | None = rival

    def append(self, stream: str, events: Sequence[NewEvent], *, expected: Expected) -> Appended:
        self._strike()
        return super().append(stream, events, expected=expected)

    def append_all(self, writes: Sequence[Write]) -> Sequence[Appended]:
        self._strike()
        return super().append_all(writes)

    def head(self, stream: str) -> int:
        return self._store.head(stream)

    def effects(self) -> Effects:
        return self._store.effects()

    def _strike(self) -> None:
        rival, self._rival = self._rival, None
        if rival is not None:
            rival()


@pytest.fixture(params=["sqlite", "by stream", "cosmos"])
def place(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Store, dict[str, object]]]:
    """A log, and what the store that is watched can do less."""
    secret = "c3RhbmQtaW4="  # of no account in the world
    monkeypatch.setenv(KEY, secret)
    if request.param == "cosmos":
        with StandIn(partitions=2, key=secret) as account:
            yield open_store(account.url("log")), {}
        return
    store = open_store("sqlite://")
    yield store, {} if request.param == "sqlite" else {"atomic_over_streams": False}
    store.close()


def counts(report: ImportReport) -> tuple[int, int, int]:
    return report.written, report.known, report.refused


@pytest.mark.parametrize("begun", [False, True])
@pytest.mark.parametrize("rivals", [0, 1, 7, 20])
def test_what_a_rival_wrote_is_known(
    place: tuple[Store, dict[str, object]], tmp_path: Path, rivals: int, begun: bool
) -> None:
    store, less = place
    path = csv_file(tmp_path / "log.csv", ROWS)
    if begun:
        run(store, csv_file(tmp_path / "begun.csv", ROWS[:5]))
    others: list[ImportReport] = []
    some = csv_file(tmp_path / "some.csv", ROWS[:rivals])
    report = run(Rivalled(store, lambda: others.append(run(store, some)), **less), path)
    before = 5 if begun else 0
    theirs = others[0].written
    assert theirs == max(0, rivals - before)
    assert counts(report) == (20 - before - theirs, before + theirs, 0)
    assert len({event.id for event in stored(store)}) == len(stored(store)) == 20
    assert report.out_of_order == 0


def test_a_rival_from_a_file_of_another_name_is_asked_about(store: Store, tmp_path: Path) -> None:
    path, copy = (csv_file(tmp_path / name, ROWS) for name in ("log.csv", "copy.csv"))
    watched = Rivalled(store, lambda: run(store, copy, source=""))
    with pytest.raises(Refused, match="--same"):
        run(watched, path, source="")
    assert run(Rivalled(store, lambda: None), path, source="", other=True).written == 20
    assert len(stored(store)) == 40


def test_without_a_second_look_each_would_report_all_rows_as_written(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "_note", lambda *_: False)
    path = csv_file(tmp_path / "log.csv", ROWS)
    assert run(Rivalled(store, lambda: run(store, path)), path).written == 20


def test_what_a_rival_wrote_of_documents_is_known(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(
        "\n".join(
            f'{{"id":"{n}","aggregateId":"order-{n % 2}","eventType":"Noted","data":{{}}}}' for n in range(6)
        )
    )
    watched = Rivalled(store, lambda: import_documents(store, file_pages(path), "shop"))
    assert counts(import_documents(watched, file_pages(path), "shop")) == (0, 6, 0)  # type: ignore[arg-type]


@pytest.mark.parametrize("atomic", [False, True])
@pytest.mark.parametrize("rivals", [0, 3, 20])
def test_what_a_rival_restored_is_known(store: Store, tmp_path: Path, rivals: int, atomic: bool) -> None:
    run(store, csv_file(tmp_path / "log.csv", ROWS))
    export_log(store, tmp_path / "whole.jsonl")
    lines = (tmp_path / "whole.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "some.jsonl").write_text("".join(lines[:rivals]))
    target = open_store("sqlite://")
    watched = Rivalled(target, lambda: restore(target, tmp_path / "some.jsonl"), atomic_over_streams=atomic)
    report = restore(watched, tmp_path / "whole.jsonl")  # type: ignore[arg-type]
    assert counts(report) == (20 - rivals, rivals, 0)
    found, wanted = ({(e.stream, e.version): e.id for e in stored(log)} for log in (target, store))
    assert found == wanted
    target.close()


def test_the_reports_of_imports_that_race_add_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "BATCH", 25)
    rows = [f"{n % 7},Noted,,{n}" for n in range(500)]
    path = csv_file(tmp_path / "log.csv", rows)
    url = f"sqlite:///{tmp_path}/log.db"
    open_store(url).close()
    reports: list[ImportReport] = []
    begin = threading.Barrier(3)

    def bring() -> None:
        store = open_store(url)
        begin.wait()
        reports.append(run(store, path))
        store.close()

    threads = [threading.Thread(target=bring) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(report.written for report in reports) == 500
    assert all(report.written + report.known == 500 for report in reports)

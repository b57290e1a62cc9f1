"""What was stored stays as it is, for whoever opens the file, and is read in small parts."""

from pathlib import Path

import apsw
import pytest

from eventfold import ANY, open_store
from eventfold.sqlite.connect import fetch
from eventfold.store.sqlite import reading
from eventfold.store.sqlite.store import open_url
from eventfold.testing.making import make, make_many, read_all


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET data = '{}'",
        "UPDATE events SET recorded_us = 0 WHERE position = 1",
        "DELETE FROM events",
        "DELETE FROM events WHERE position = 2",
        "UPDATE log SET id = 'x'",
    ],
)
def test_no_statement_changes_or_deletes_what_was_stored(tmp_path: Path, statement: str) -> None:
    path = tmp_path / "log.db"
    store = open_store(f"sqlite:///{path}")
    store.append("order-1", [make(1), make(2)], expected=0)
    before = list(store.read("order-1"))
    other = apsw.Connection(str(path))
    with pytest.raises(apsw.ConstraintError, match="never"):
        other.execute(statement)
    other.close()
    assert list(store.read("order-1")) == before
    store.close()


def test_control_without_the_triggers_it_would_be_changed(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    store = open_store(f"sqlite:///{path}")
    store.append("order-1", [make(1)], expected=0)
    other = apsw.Connection(str(path))
    other.execute("DROP TRIGGER events_are_never_updated; UPDATE events SET data = '{}'")
    other.close()
    assert [event.data for event in store.read("order-1")] == ["{}"]
    store.close()


def test_a_long_stream_is_read_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PAGE", 10)
    store = open_url("sqlite://")
    store.append("order-1", make_many(35), expected=0)
    pages = []

    def counted(*arguments: object) -> list[object]:
        rows: list[object] = fetch(*arguments)  # type: ignore[arg-type]
        pages.append(len(rows))
        return rows

    monkeypatch.setattr(reading, "fetch", counted)
    assert len(list(store.read("order-1"))) == 35
    assert pages == [10, 10, 10, 5]
    store.close()


def test_many_streams_are_listed_page_by_page_from_the_first_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PAGE", 10)
    store = open_store("sqlite://")
    names = sorted(f"{category}-{n:02}" for category in ("0", "Box", "box") for n in range(10))
    for name in names:
        store.append(name, [make()], expected=0)
    assert [info.stream for info in store.streams()] == names
    assert [info.stream for info in store.streams("box")] == [n for n in names if n.startswith("box")]
    store.close()


def test_an_event_is_the_same_in_its_stream_and_in_the_feed() -> None:
    store = open_store("sqlite://")
    for n, (stream, kind) in enumerate([("box-1", "Made"), ("cart-1", "Moved"), ("box-1", "Moved")], 3):
        store.append(stream, [make(n, event_type=kind, schema_version=n)], expected=ANY)
    followed = read_all(store.feed())
    read = [event for stream in ("box-1", "cart-1") for event in store.read(stream)]
    assert sorted(read, key=lambda event: event.position) == followed
    assert [(e.position, e.type, e.schema_version) for e in followed] == [
        (1, "Made", 3),
        (2, "Moved", 4),
        (3, "Moved", 5),
    ]
    store.close()

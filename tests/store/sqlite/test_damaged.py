"""A log whose tables do not fit together, as a disk that lies leaves it, is told as damaged by every reader."""

from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from eventfold import ANY, Store, open_store
from eventfold.errors import StorageFailed
from eventfold.feed.port import ARROW_COLUMNS
from eventfold.testing.making import make, read_all

READERS: dict[str, Callable[[Store], object]] = {
    "feed": lambda store: read_all(store.feed()),
    "feed of types": lambda store: store.feed().read(store.feed().start(), 10, types=["Noted"]),
    "columns": lambda store: list(
        store.feed().arrow(store.feed().start(), store.feed().end(), ARROW_COLUMNS)
    ),
    "stream": lambda store: list(store.read("order-1")),
}


@pytest.mark.parametrize(
    ("table", "reader"),
    [
        *(("types", name) for name in READERS if name != "feed of types"),
        ("streams", "feed"),
        ("streams", "columns"),
    ],
)
def test_a_name_that_is_lost_is_damage_and_no_bare_error(tmp_path: Path, table: str, reader: str) -> None:
    path = tmp_path / "log.db"
    store = open_store(f"sqlite:///{path}")
    store.append("order-1", [make(1), make(2)], expected=ANY)
    store.append("order-2", [make(3, event_type="Other")], expected=ANY)
    store.close()
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA foreign_keys=OFF")
    gone = "Noted" if table == "types" else "order-2"
    connection.execute(f"DELETE FROM {table} WHERE name = ?", (gone,))
    connection.close()
    damaged = open_store(f"sqlite:///{path}")
    with pytest.raises(StorageFailed):
        READERS[reader](damaged)
    damaged.close()

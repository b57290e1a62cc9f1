"""A log, the state of a table and its Delta table, for the tests of what is published."""

from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from eventfold import ANY, Registry, Store, open_store
from eventfold.errors import StorageFailed
from eventfold.readmodels.declaring import columns as c
from eventfold.readmodels.declaring import values as v
from eventfold.readmodels.declaring.layout import bind
from eventfold.readmodels.declaring.table import compile_table
from eventfold.readmodels.delta.places import open_place
from eventfold.readmodels.delta.places.port import Place
from eventfold.readmodels.delta.table import DeltaPublication
from eventfold.readmodels.folding.projector import Projector
from eventfold.readmodels.publishing.publisher import Publisher
from eventfold.readmodels.sqlite import open_url
from eventfold.readmodels.sqlite.cells import CellCodec
from eventfold.readmodels.sqlite.tablestate import SqliteTableState
from eventfold.testing.making import make

REGISTRY = Registry(untyped=True)
LAYOUT = bind(
    compile_table(
        "boxes",
        "box",
        {
            "id": c.key(),
            "n": c.last(v.field("Noted", "n"), "int64"),
            "total": c.sum(v.field("Noted", "n"), "decimal(18,2)"),
            "gone": c.delete_on("Closed"),
        },
        events=["Noted", "Closed"],
    ),
    total_order=True,
)


class Shop:
    """A log, a table's state and its Delta table.

    Args:
        folder: of the state.
        lake: None: in the folder, too.
    """

    def __init__(self, folder: Path, lake: str | None = None) -> None:
        self.folder = folder
        self.lake = str(folder) if lake is None else lake
        self.place = self.place_of("boxes")
        self.store: Store = open_store("sqlite://")
        self.feed = self.store.feed()
        self.states = open_url(f"sqlite:///{folder}/state.db", self.store.log_id)
        self.state: SqliteTableState = self.states.live(LAYOUT, self.feed.start())
        self.delta = self.another()

    def another(self) -> DeltaPublication:
        return DeltaPublication(self.place, LAYOUT, self.store.log_id)

    def place_of(self, table: str) -> Place:
        return open_place(self.lake, table)

    def table(self, version: int | None = None) -> DeltaTable:
        return self.place.table(version)

    def happen(self, stream: str, n: int | None = None) -> None:
        event = make(event_type="Closed") if n is None else make(n)
        self.store.append(stream, [event], expected=ANY)

    def fold(self) -> None:
        projector = Projector(self.state, self.feed, REGISTRY)
        while not projector.step().caught_up:
            pass

    def publish(self) -> int | None:
        self.fold()
        made = Publisher(self.state, self.delta, self.feed).publish()
        return None if made is None else made.number

    def published(self) -> list[dict[str, object]]:
        head = self.delta.head()
        assert head is not None
        rows = self.delta.rows(self.table().version())
        assert rows is not None
        found: list[dict[str, object]] = rows.sort_by("id").to_pylist()
        return found

    def agree(self) -> bool:
        rows: list[dict[str, object]] = self.state.changed(0).rows.sort_by("id").to_pylist()
        return self.published() == rows


def copies(shop: Shop) -> dict[str, bytes]:
    """Those of its stamps: name in the table -> content, by version."""
    return contents(shop, "_eventfold/cursor")


def contents(shop: Shop, folder: str) -> dict[str, bytes]:
    """The files of a folder of the table, by name."""
    names = sorted(f"{folder}/{name}" for name in shop.place.names(folder))
    return {name: shop.place.read(name) or b"" for name in names}


def crash(*_args: object, **_named: object) -> None:
    """In the place of what is never reached."""
    raise KeyboardInterrupt


def unreadable(monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """Makes the reading of a state fail at a row."""
    honest, read = CellCodec.from_sql, [0]

    def fails(self: CellCodec, stored: Any) -> Any:
        read[0] += 1
        if read[0] == at:
            raise StorageFailed("The disk has gone.")
        return honest(self, stored)

    monkeypatch.setattr(CellCodec, "from_sql", fails)

"""The small world of the suites of publications: a log, the state of a table of every type, and the place."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from eventfold.events.registry import Registry
from eventfold.readmodels.declaring import columns as c
from eventfold.readmodels.declaring import values as v
from eventfold.readmodels.declaring.layout import Layout, bind
from eventfold.readmodels.declaring.table import TableSpec, compile_table
from eventfold.readmodels.folding.projector import Projector
from eventfold.readmodels.open import open_state
from eventfold.readmodels.port import TableState
from eventfold.readmodels.publishing.publication import Publication, Version
from eventfold.readmodels.publishing.publisher import KEEP_SECONDS, Publisher
from eventfold.store.open import open_store
from eventfold.store.port import ANY
from eventfold.testing.making import make

Rows = Mapping[str, Mapping[str, Any]]
OpenPlace = Callable[[str, Layout, str], Publication]
"""Opens the place of a name, for a table, over the log of an id: the same place each time."""
REGISTRY = Registry(untyped=True)
FIELDS = {
    "text": "string",
    "whole": "int64",
    "money": "decimal(18,2)",
    "wide": "decimal(38,6)",
    "share": "double",
    "flag": "boolean",
    "at": "timestamp",
    "day": "date",
    "raw": "binary",
}


def things() -> TableSpec:
    """A table with a column of every type."""
    return compile_table(
        "things",
        "thing",
        {
            "thing": c.key(v.field("Set", "key"), v.field("Gone", "key")),
            **{name: c.last(v.field("Set", name), kind) for name, kind in FIELDS.items()},
            "texts": c.collect(v.field("Set", "text"), "string", limit=3),
            "gone": c.delete_on("Gone"),
        },
        events=["Set", "Gone"],
    )


class World:
    """A log with the state of one table, and the place where it is published.

    Args:
        folder: where the state is.
        open_place: opens the place.
        spec: of the table.
    """

    def __init__(self, folder: Path, open_place: OpenPlace, spec: TableSpec) -> None:
        self.folder = folder
        self.layout = bind(spec, total_order=True)
        self.store = open_store("sqlite://")
        self.feed = self.store.feed()
        self._open_place = open_place
        self.states = open_state(f"sqlite:///{folder}/{self.store.log_id}.state", self.store.log_id)
        self.state: TableState = self.states.live(self.layout, self.feed.start())

    def place(self, log: str | None = None) -> Publication:
        """The place, opened anew."""
        return self._open_place(self.store.log_id, self.layout, log or self.store.log_id)

    def set(self, key: str, **fields: object) -> None:
        """Something happens to a thing."""
        self.store.append("thing-1", [make(event_type="Set", data={**fields, "key": key})], expected=ANY)

    def take(self, key: str) -> None:
        """A thing goes."""
        self.store.append("thing-1", [make(event_type="Gone", data={"key": key})], expected=ANY)

    def fold(self, state: TableState | None = None) -> None:
        """Brings the state to the end of the log."""
        projector = Projector(state or self.state, self.feed, REGISTRY)
        while not projector.step().caught_up:
            pass

    def rebuild(self) -> None:
        """A new generation of the state, in the place of the old one."""
        fresh = self.states.fresh(self.layout, self.feed.start())
        self.fold(fresh)
        self.states.swap(fresh, live=self.state.head().change)
        self.state = fresh

    def publish(self, place: Publication | None = None, *, keep: float = KEEP_SECONDS) -> Version | None:
        """Folds, and publishes what is new."""
        self.fold()
        return Publisher(self.state, place or self.place(), self.feed, keep=keep).publish()

    def wanted(self) -> Rows:
        """The rows of the state as users see them, by key."""
        rows = self.state.changed(0).rows.select([slot.name for _, slot in self.layout.shown])
        return {row[self.layout.spec.key_name]: row for row in rows.to_pylist()}

    def close(self) -> None:
        """Closes log and state."""
        self.states.close()
        self.store.close()

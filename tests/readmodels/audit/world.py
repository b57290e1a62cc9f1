"""A log with tables that are folded and published, which a test may damage, and its audit."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import apsw
from hypothesis import HealthCheck, settings

from eventfold import ANY, NewEvent, Registry, Store, open_store
from eventfold.app.tables import LiveTable
from eventfold.engines.open import open_engine
from eventfold.events.ids import new_id
from eventfold.feed.cursor import Cursor
from eventfold.feed.port import Feed
from eventfold.readmodels.audit.auditing import Audited, Auditing
from eventfold.readmodels.audit.report import Audit, Finding
from eventfold.readmodels.declaring import columns as c
from eventfold.readmodels.declaring.layout import bind
from eventfold.readmodels.declaring.table import TableSpec, compile_table
from eventfold.readmodels.declaring.values import field
from eventfold.readmodels.folding.projector import Projector
from eventfold.readmodels.following.ledger import LedgerKeeper
from eventfold.readmodels.open import open_publication, open_state
from eventfold.readmodels.port import State
from eventfold.readmodels.publishing.publisher import Publisher
from eventfold.testing.partitioned import PartitionedStore
from tests.laws import examples

REGISTRY = Registry(untyped=True)
LAWS = settings(max_examples=examples(10, nightly=60), deadline=None, suppress_health_check=list(HealthCheck))


class AtTheEnd:
    """A follower that has seen everything."""

    name = "nobody"

    def __init__(self, feed: Feed) -> None:
        self._feed = feed

    def where(self) -> Cursor:
        return self._feed.end()

    def step(self) -> bool:
        return True

    def finish(self) -> None:
        pass


class World:
    """A log, a state and a lake in a folder, with tables that are followed."""

    def __init__(
        self, folder: Path, specs: Sequence[TableSpec], *, partitions: int = 0, seed: int = 0
    ) -> None:
        self.folder = folder
        self.log_file, self.state_file = folder / "log.db", folder / "state.db"
        self.specs, self.partitions, self.seed = specs, partitions, seed
        self.open()

    def open(self) -> None:
        inner = open_store(f"sqlite:///{self.log_file}")
        self.store: Store = (
            PartitionedStore(inner, self.partitions, seed=self.seed) if self.partitions else inner
        )
        self.state: State = open_state(f"sqlite:///{self.state_file}", inner.log_id)
        total_order = self.store.feed().capabilities.total_order
        self.tables = []
        for spec in self.specs:
            layout = bind(spec, total_order=total_order)
            publication = open_publication(str(self.folder / "lake"), layout, inner.log_id)
            self.tables.append(
                LiveTable(layout, self.store, self.state, REGISTRY, open_engine(), publication)
            )
        self.ledger = self.state.ledger(self.tables[0].live().head().cursor)

    def close(self) -> None:
        self.state.close()
        self.store.close()

    def reopened(self) -> "World":
        self.close()
        self.open()
        return self

    def step(self, limit: int = 3) -> None:
        for table in self.tables:
            Projector(table.live(), self.store.feed(), REGISTRY).step(limit)
        self.keep()

    def catch_up(self, *, publish: bool = True) -> None:
        for table in self.tables:
            projector = Projector(table.live(), self.store.feed(), REGISTRY)
            while not projector.step().caught_up:
                pass
            if publish and table.publication is not None:
                Publisher(table.live(), table.publication, self.store.feed()).publish()
        self.keep()

    def keep(self) -> None:
        feed = self.store.feed()
        keeper = LedgerKeeper(AtTheEnd(feed), self.ledger, feed.read, feed)
        while not keeper.keep():
            pass

    def verify(self, sample: int | None = None) -> Audit:
        audited = [Audited(t.layout, t.live(), t.publication) for t in self.tables]
        return Auditing(self.store.feed(), self.ledger, audited, REGISTRY, open_engine())(sample)

    def edit_log(self, *statements: str) -> None:
        self._edit(self.log_file, statements)

    def edit_state(self, *statements: str) -> None:
        self._edit(self.state_file, statements)

    def _edit(self, file: Path, statements: Sequence[str]) -> None:
        self.close()
        connection = apsw.Connection(str(file))
        connection.execute("PRAGMA foreign_keys=OFF")
        for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            connection.execute(f'DROP TRIGGER "{name}"')
        for statement in statements:
            connection.execute(statement)
        connection.close()
        self.open()


def boxes() -> TableSpec:
    return compile_table(
        "boxes",
        "box",
        {
            "id": c.key(),
            "total": c.sum(field("Noted", "n"), "int64"),
            "text": c.last(field("Noted", "text"), "string"),
        },
        events=["Noted"],
    )


def owners() -> TableSpec:
    return compile_table(
        "owners", "", {"k": c.key(field("Noted", "k")), "n": c.count("Noted")}, events=["Noted"]
    )


def fill(store: Store, count: int) -> None:
    dice = random.Random(count)
    versions: dict[str, int] = {}
    for n in range(count):
        stream = f"box-{dice.randrange(max(2, count // 4))}"
        kind = "Noted" if n % 5 else "Unseen"
        data = f'{{"k":"k{n % 7}","n":{n + 1},"text":"t{n}"}}'
        versions[stream] = store.append(stream, [NewEvent(new_id(), kind, 1, data)], expected=ANY).version


def of(audit: Audit, where: str) -> list[Finding]:
    return [finding for finding in audit.findings if finding.where == where]


def event_at(world: World, position: int) -> Any:
    feed = world.store.feed()
    return next(e for e in feed.read(feed.start(), 10_000).events if e.position == position)


def check_quiet(audit: Audit) -> None:
    assert audit.ok, audit.findings


def compile_table_again(spec: TableSpec, name: str) -> TableSpec:
    from msgspec import structs

    return structs.replace(spec, name=name)


def event_of(world: World, found: Finding) -> Any:
    return next(world.store.read(found.stream, after=found.version - 1, limit=1))

"""An audit finds every fault and names it, and raises no alarm without one."""

import random
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import apsw
import pytest
from deltalake import DeltaTable
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import eventfold as ef
from eventfold import ANY, NewEvent, Registry, Store, open_store
from eventfold.app.tables import LiveTable
from eventfold.engines.open import open_engine
from eventfold.errors import AuditFailed, RangeInvalid
from eventfold.events.envelope import RecordedEvent
from eventfold.events.ids import new_id
from eventfold.feed.cursor import Cursor
from eventfold.feed.port import Feed, Page
from eventfold.readmodels import columns as c
from eventfold.readmodels.audit.auditing import Audited, Auditing
from eventfold.readmodels.audit.report import Audit, Finding
from eventfold.readmodels.layout import bind
from eventfold.readmodels.ledger import LedgerKeeper
from eventfold.readmodels.open import open_publication, open_state
from eventfold.readmodels.port import State
from eventfold.readmodels.projector import Projector
from eventfold.readmodels.publisher import Publisher
from eventfold.readmodels.table import TableSpec, compile_table
from eventfold.readmodels.tally import RANGE, content, identity, tally
from eventfold.readmodels.values import field
from eventfold.testing.generated import histories, tables
from eventfold.testing.partitioned import PartitionedStore

REGISTRY = Registry(untyped=True)
LAWS = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))


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
        keeper = LedgerKeeper(AtTheEnd(feed), self.ledger, feed.read)
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


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, [boxes(), owners()])
    fill(made.store, 40)
    made.catch_up()
    yield made
    made.close()


def of(audit: Audit, where: str) -> list[Finding]:
    return [finding for finding in audit.findings if finding.where == where]


def event_at(world: World, position: int) -> Any:
    feed = world.store.feed()
    return next(e for e in feed.read(feed.start(), 10_000).events if e.position == position)


def test_an_untouched_log_agrees_in_every_part(world: World) -> None:
    audit = world.verify()
    assert (audit.ok, audit.findings, audit.notes) == (True, [], [])
    assert (audit.events, audit.recorded) == (40, 40)
    assert [(t.table, t.events, t.uncounted, t.published) for t in audit.tables] == [
        ("boxes", 32, 0, 0),
        ("owners", 32, 0, 0),
    ]
    assert all(t.rows == t.published_rows > 0 for t in audit.tables)
    audit.check()


POSITIONS = [1, 2, 17, 39, 40]


@pytest.mark.parametrize("position", POSITIONS)
def test_an_event_that_is_removed_is_named(world: World, position: int) -> None:
    event = event_at(world, position)
    world.edit_log(f"DELETE FROM events WHERE position = {position}")
    audit = world.verify()
    (ledger,) = [f for f in of(audit, "ledger") if f.problem == "removed"]
    assert ledger.position == position
    if position < 40:
        assert position in {f.position for f in of(audit, "log") if f.problem == "position-missing"}
    else:
        assert any(f.problem == "cursor" for f in audit.findings)
    if event.type == "Noted":
        assert {(f.table, f.problem, f.position) for f in of(audit, "applied") if f.problem != "cursor"} == {
            ("boxes", "removed", position),
            ("owners", "removed", position),
        }
        assert any(f.key == event.stream for f in of(audit, "state") if f.table == "boxes")
    with pytest.raises(AuditFailed) as failed:
        audit.check()
    assert failed.value.exit_code == 10


@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize(
    "change",
    [
        "data = replace(data, '\"n\":', '\"n\":1')",
        "data = replace(data, 'text', 'tax')",
        'metadata = \'{"actor":"eve"}\'',
        "schema_version = 2",
        "occurred_us = 7",
        "event_id = zeroblob(16)",
        "recorded_us = recorded_us + 1",
        "type = (SELECT id FROM types WHERE name = 'Unseen' OR id <> events.type LIMIT 1)",
    ],
)
def test_an_event_that_is_altered_is_named(world: World, position: int, change: str) -> None:
    before = event_at(world, position)
    world.edit_log(f"UPDATE events SET {change} WHERE position = {position}")
    if event_at(world, position) == before:
        pytest.skip("this change leaves this event as it was")
    audit = world.verify()
    (found,) = [f for f in of(audit, "ledger") if f.problem != "cursor"]
    assert (found.problem, found.position) == ("altered", position)
    assert (found.stream, found.version) == (before.stream, before.version)


@pytest.mark.parametrize("position", [1, 17, 40])
def test_an_event_that_is_doubled_is_named(world: World, position: int) -> None:
    event = event_at(world, position)
    copied = (
        "INSERT INTO events SELECT 41, stream, version + 1000, type, schema_version, randomblob(16), recorded_us,"
        f" occurred_us, data, metadata FROM events WHERE position = {position}"
    )
    world.edit_log(copied)
    world.catch_up()
    audit = world.verify()
    missing = [f for f in of(audit, "log") if f.problem == "version-missing"]
    assert missing
    assert {f.stream for f in missing} == {event.stream}


def test_an_event_that_is_put_between_is_named(world: World) -> None:
    world.edit_log(
        "UPDATE events SET position = -position WHERE position > 20",
        "UPDATE events SET position = -position + 1 WHERE position < 0",
        "INSERT INTO events SELECT 21, stream, 900, type, 1, randomblob(16), recorded_us, NULL, data, metadata"
        " FROM events WHERE position = 1",
    )
    audit = world.verify()
    assert any(f.problem == "cursor" for f in of(audit, "ledger"))
    assert any(f.where == "ledger" and f.problem != "cursor" for f in audit.findings)


def test_time_that_goes_back_is_named(world: World) -> None:
    world.edit_log("UPDATE events SET recorded_us = 1000 WHERE position = 9")
    (found,) = [f for f in of(world.verify(), "log") if f.problem == "time"]
    assert found.position == 9


def test_versions_that_are_exchanged_are_named(world: World) -> None:
    world.edit_log(
        "UPDATE events SET version = version + 500 WHERE stream = 1",
        "UPDATE events SET version = 1 WHERE stream = 1 AND version = 502",
        "UPDATE events SET version = 2 WHERE stream = 1 AND version = 501",
        "UPDATE events SET version = version - 500 WHERE stream = 1 AND version > 500",
    )
    assert {f.problem for f in of(world.verify(), "log")} == {"version-missing", "version-repeated"}


BORDERS = [1, RANGE - 1, RANGE, RANGE + 1, 2 * RANGE - 1, 2 * RANGE, 2_100]


def long_log(folder: Path) -> World:
    world = World(folder, [owners()])
    writes = [
        ef.Write(f"box-{n}", [NewEvent(new_id(), "Noted", 1, f'{{"k":"k{n % 3}"}}')], 0) for n in range(2_100)
    ]
    for at in range(0, len(writes), 700):
        world.store.append_all(writes[at : at + 700])
    world.catch_up()
    return world


@pytest.mark.parametrize("position", BORDERS)
def test_faults_at_the_borders_of_ranges_are_named(tmp_path: Path, position: int) -> None:
    world = long_log(tmp_path)
    world.edit_log(f"UPDATE events SET metadata = '{{\"a\":1}}' WHERE position = {position}")
    audit = world.verify()
    assert [(f.problem, f.position, f.stream) for f in audit.findings if f.problem != "cursor"] == [
        ("altered", position, f"box-{position - 1}")
    ]
    world.edit_log(f"DELETE FROM events WHERE position = {position}")
    audit = world.verify()
    assert {(f.where, f.problem, f.position) for f in audit.findings} >= {
        ("ledger", "removed", position),
        ("applied", "removed", position),
    }
    world.close()


def test_several_faults_are_named_each_in_its_range_and_together_in_one(tmp_path: Path) -> None:
    world = long_log(tmp_path)
    for position in (5, 1_500):
        world.edit_log(f"UPDATE events SET metadata = '{{\"a\":1}}' WHERE position = {position}")
    assert [f.position for f in of(world.verify(), "ledger")] == [5, 1_500]
    world.edit_log("UPDATE events SET metadata = '{\"a\":1}' WHERE position IN (6, 7)")
    both, one = of(world.verify(), "ledger")
    assert (both.problem, both.position, both.low, both.high) == ("differs", 0, 1, RANGE - 1)
    assert one.position == 1_500
    world.edit_log("DELETE FROM events WHERE position BETWEEN 1990 AND 2010")  # a page ends in the hole
    holes = [f for f in of(world.verify(), "log") if f.problem == "position-missing"]
    assert [(f.low, f.high) for f in holes] == [(1_990, 2_010)]
    world.close()


class Losing:
    """A feed that gives one event of a page never, or twice."""

    def __init__(self, feed: Any, position: int, copies: int) -> None:
        self._feed, self._position, self._copies = feed, position, copies

    def __getattr__(self, name: str) -> Any:
        return getattr(self._feed, name)

    def read(self, *given: Any, **named: Any) -> Page:
        page = self._feed.read(*given, **named)
        events = []
        for event in page.events:
            events += [event] * (self._copies if event.position == self._position else 1)
        return Page(events, page.cursor, page.caught_up)


@pytest.mark.parametrize("position", [2, 17, RANGE - 1, RANGE, RANGE + 1, 1_204])
@pytest.mark.parametrize("copies", [0, 2])
def test_an_event_that_a_table_was_given_never_or_twice_is_named(
    tmp_path: Path, position: int, copies: int
) -> None:
    world = World(tmp_path, [owners()])
    writes = [
        ef.Write(f"box-{n}", [NewEvent(new_id(), "Noted", 1, f'{{"k":"k{n % 3}"}}')], 0) for n in range(1_204)
    ]
    for at in range(0, len(writes), 602):
        world.store.append_all(writes[at : at + 602])
    feed: Any = Losing(world.store.feed(), position, copies)
    projector = Projector(world.tables[0].live(), feed, REGISTRY)
    while not projector.step(100).caught_up:
        pass
    world.keep()
    audit = world.verify()
    (found,) = of(audit, "applied")
    event = event_at(world, position)
    assert found.problem == ("not-applied" if copies == 0 else "applied-twice")
    assert (found.table, found.position, found.stream, found.version) == ("owners", position, event.stream, 1)
    assert found.low <= position <= found.high < found.low + RANGE
    assert not of(audit, "ledger") + of(audit, "log")
    assert [f.columns for f in of(audit, "state") if f.problem == "row-differs"] != []
    world.close()


ROW_FAULTS = {
    "altered": ("UPDATE {table} SET total = total + 1 WHERE id = '{key}'", "row-differs", ("total",)),
    "null": ("UPDATE {table} SET text = NULL WHERE id = '{key}'", "row-differs", ("text",)),
    "internal": (
        "UPDATE {table} SET _version = _version + 1 WHERE id = '{key}'",
        "row-differs",
        ("_version",),
    ),
    "removed": ("DELETE FROM {table} WHERE id = '{key}'", "row-missing", ()),
    "added": (
        "INSERT INTO {table} SELECT 'box-none', _version, total, text, _change FROM {table} WHERE id = '{key}'",
        "row-unexpected",
        (),
    ),
}


@pytest.mark.parametrize("at", [0, 3, -1])
@pytest.mark.parametrize("fault", ROW_FAULTS)
def test_a_row_of_the_state_that_is_changed_is_named(world: World, fault: str, at: int) -> None:
    statement, problem, columns = ROW_FAULTS[fault]
    key = sorted(world.tables[0].live().changed(0).rows.column("id").to_pylist())[at]
    world.edit_state(statement.format(table='"boxes__1"', key=key))
    audit = world.verify()
    (found,) = audit.findings
    assert (found.where, found.problem, found.table, found.columns) == ("state", problem, "boxes", columns)
    assert found.key == ("box-none" if fault == "added" else key)


@pytest.mark.parametrize("at", [0, 3, -1])
@pytest.mark.parametrize("fault", ["altered", "removed", "added", "doubled"])
def test_a_published_row_that_is_changed_is_named(world: World, fault: str, at: int) -> None:
    key = sorted(world.tables[0].live().changed(0).rows.column("id").to_pylist())[at]
    delta = DeltaTable(str(world.folder / "lake" / "boxes"))
    rows = delta.to_pyarrow_table().to_pylist()
    chosen = next(row for row in rows if row["id"] == key)
    match fault:
        case "altered":
            chosen["total"] += 1
        case "removed":
            rows.remove(chosen)
        case "added":
            rows.append({**chosen, "id": "box-none"})
        case "doubled":
            rows.append(chosen)
    import pyarrow as pa
    from deltalake import write_deltalake

    schema = delta.to_pyarrow_table().schema
    write_deltalake(delta, pa.Table.from_pylist(rows, schema=schema), mode="overwrite")
    audit = world.reopened().verify()
    problem = {"altered": "row-differs", "removed": "row-missing", "added": "row-unexpected"}
    wanted = "box-none" if fault == "added" else key
    assert {(f.where, f.problem, f.key) for f in audit.findings} == {
        ("delta", problem.get(fault, "row-doubled"), wanted)
    }
    assert "another program" in audit.notes[0]


def test_a_row_changed_inside_a_published_file_is_named(world: World) -> None:
    import pyarrow.parquet as pq

    (file,) = [Path(f) for f in DeltaTable(str(world.folder / "lake" / "boxes")).file_uris()]
    rows = pq.read_table(file).to_pylist()
    rows[0]["text"] = "forged"
    import pyarrow as pa

    pq.write_table(pa.Table.from_pylist(rows, schema=pq.read_schema(file)), file)
    (found,) = world.verify().findings
    assert (found.where, found.key, found.columns) == ("delta", rows[0]["id"], ("text",))
    file.unlink()
    assert [(f.where, f.problem) for f in world.verify().findings] == [("delta", "unreadable")]


@LAWS
@given(spec=tables(), history=histories(most=15, misfits=False), seed=st.integers(0, 10_000))
def test_any_changed_cell_of_any_table_is_found(
    spec: TableSpec, history: list[tuple[str, NewEvent]], seed: int
) -> None:
    dice = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), [spec])
        for stream, event in history:
            world.store.append(stream, [event], expected=ANY)
        world.catch_up()
        layout, rows = world.tables[0].layout, world.tables[0].live().changed(0).rows
        check_quiet(world.verify())
        if rows.num_rows:
            row = dice.choice(rows.to_pylist())
            at = dice.randrange(1, len(layout.slots))
            slot = layout.slots[at]
            key = str(row[layout.slots[0].name]).encode().hex()
            another = "NULL"
            if at == 1:
                another = f'"{slot.name}" + 1'
            elif row[slot.name] is None:
                another = {"string": "'x'", "binary": "x'00'", "double": "1.0"}.get(slot.type.kind, "1")
            world.edit_state(
                f'UPDATE "made__1" SET "{slot.name}" = {another}'
                f" WHERE CAST({layout.slots[0].name} AS BLOB) = x'{key}'"
            )
            findings = [f for f in world.verify().findings if f.key is not None]
            assert [(f.where, f.key) for f in findings] == [("state", row[layout.slots[0].name])]
            assert findings[0].problem == "row-unreadable" or findings[0].columns == (slot.name,)
        world.close()


def test_a_sample_of_all_keys_finds_a_changed_row(world: World) -> None:
    assert world.verify(sample=3).ok
    world.edit_state("UPDATE boxes__1 SET total = total + 1 WHERE id = 'box-1'")
    assert [f.key for f in world.verify(sample=1_000).findings] == ["box-1"]
    few = world.verify(sample=2)
    assert few.tables[0].rows == 2
    assert few.sampled == 2
    with pytest.raises(RangeInvalid):
        world.verify(sample=0)


def test_what_was_not_recorded_is_said_and_recorded_then(tmp_path: Path) -> None:
    world = World(tmp_path, [boxes()])
    fill(world.store, 20)
    world.tables[0].rebuild()
    first = world.verify()
    assert (first.ok, first.recorded, first.tables[0].events, first.tables[0].uncounted) == (True, 0, 0, 20)
    assert world.verify().recorded == 20
    world.edit_log('UPDATE events SET metadata = \'{"actor":"eve"}\' WHERE position = 5')
    (found,) = world.verify().findings
    assert (found.where, found.position) == ("ledger", 5)
    world.close()


def test_a_rebuild_takes_a_restored_log_as_it_is(world: World) -> None:
    world.edit_log("DELETE FROM events WHERE position > 30")
    assert not world.verify().ok
    for table in world.tables:
        table.rebuild()
    audit = world.verify()
    assert (audit.problems, [f.message for f in audit.findings], audit.recorded) == (0, [], 0)
    assert "30" in audit.notes[0]


def test_writers_and_followers_go_on_beside_it(world: World) -> None:
    feed = world.store.feed()
    steps = 0

    def meanwhile(_what: str, _done: int, _of: int | None) -> None:
        nonlocal steps
        steps += 1
        fill(world.store, 3)
        world.step(10)

    audited = [Audited(t.layout, t.live(), t.publication) for t in world.tables]
    audit = Auditing(feed, world.ledger, audited, REGISTRY, open_engine(), meanwhile)()
    assert audit.ok, audit.findings
    assert steps >= 3
    assert audit.events == 40
    assert world.verify().ok


@LAWS
@given(
    specs=st.lists(tables(), min_size=1, max_size=2),
    history=histories(most=25),
    seed=st.integers(0, 10_000),
)
def test_no_alarm_over_generated_histories(
    specs: list[TableSpec], history: list[tuple[str, NewEvent]], seed: int
) -> None:
    live_through(specs, history, seed, partitions=0)


@LAWS
@given(
    specs=st.lists(tables(in_order=False), min_size=1, max_size=2),
    history=histories(most=25),
    seed=st.integers(0, 10_000),
)
def test_no_alarm_over_partitions_that_split(
    specs: list[TableSpec], history: list[tuple[str, NewEvent]], seed: int
) -> None:
    live_through(specs, history, seed, partitions=4)


def live_through(
    specs: list[TableSpec], history: list[tuple[str, NewEvent]], seed: int, *, partitions: int
) -> None:
    """Parking, retry, skip, rebuild, restart, publication at random; an audit now and then."""
    dice = random.Random(seed)
    named = [compile_table_again(spec, f"t{n}") for n, spec in enumerate(specs)]
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), named, partitions=partitions, seed=seed)
        for stream, event in history:
            world.store.append(stream, [event], expected=ANY)
            table = dice.choice(world.tables)
            match dice.randrange(14):
                case 0 | 1 | 2 | 3:
                    world.step(dice.randint(1, 4))
                case 4:
                    world.catch_up(publish=dice.random() < 0.5)
                case 5:
                    table.rebuild()
                case 6 if not partitions:
                    world.reopened()
                case 7 if partitions:
                    feed: Any = world.store.feed()
                    feed.split(dice.choice(feed.partitions()).name)
                case 8 if table.parked():
                    table.retry(dice.choice(sorted(table.parked())))
                case 9 | 10 if table.parked():
                    table.skip(dice.choice(sorted(table.parked())), "wrong")
                case 11:
                    check_quiet(world.verify(dice.choice([None, 2])))
        world.catch_up()
        check_quiet(world.verify())
        world.close()


def check_quiet(audit: Audit) -> None:
    assert audit.ok, audit.findings


def compile_table_again(spec: TableSpec, name: str) -> TableSpec:
    from msgspec import structs

    return structs.replace(spec, name=name)


@LAWS
@given(
    history=histories(most=25, misfits=False), seed=st.integers(0, 10_000), partitions=st.sampled_from([0, 4])
)
def test_one_altered_event_of_a_generated_history_is_always_found(
    history: list[tuple[str, NewEvent]], seed: int, partitions: int
) -> None:
    dice = random.Random(seed)
    if not history:
        return
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), [boxes()], partitions=partitions, seed=seed)
        for stream, event in history:
            world.store.append(stream, [event], expected=ANY)
            if dice.random() < 0.3:
                world.step(dice.randint(1, 4))
        world.catch_up()
        position = dice.randint(1, len(history))
        column, text = dice.choice([("data", "{}"), ("metadata", '{"actor":"eve"}'), ("data", '{"n":1}')])
        world.edit_log(f"UPDATE events SET {column} = '{text}' || ' ' WHERE position = {position}")
        (found,) = of(world.verify(), "ledger")
        stream, event = history[position - 1]
        assert (found.problem, found.low <= found.position <= found.high) == ("altered", True)
        if partitions and not found.stream:  # events of several partitions stand at one position
            assert any(f"{stream} version {e.version}" in found.message for e in world.store.read(stream))
        else:
            assert found.stream == stream
            assert event_of(world, found).id == event.id
        world.close()


def event_of(world: World, found: Finding) -> Any:
    return next(world.store.read(found.stream, after=found.version - 1, limit=1))


def test_a_state_of_the_first_format_goes_on(tmp_path: Path) -> None:
    for name in ("log", "state"):
        connection = apsw.Connection(str(tmp_path / f"{name}.db"))
        connection.execute((Path(__file__).parent / "stored" / f"{name}-1.sql").read_text())
        connection.close()
    from tests.readmodels.test_diff import boxes as stored

    world = World(tmp_path, [stored()])
    assert sorted(world.tables[0].parked()) == ["box-2"]
    audit = world.verify()
    assert (audit.ok, audit.events, audit.recorded) == (True, 5, 0)
    assert (audit.tables[0].uncounted, audit.tables[0].rows) == (4, 2)
    assert "after position 4" in audit.notes[0]
    world.catch_up()
    audit = world.verify()
    assert (audit.recorded, audit.tables[0].events, audit.tables[0].rows) == (1, 1, 3)
    world.close()


def test_the_number_of_an_event_is_part_of_the_stored_form() -> None:
    event = RecordedEvent(7, "box-1", 2, "Noted", 1, bytes(range(16)), 10**15, None, '{"n":1}', "{}")
    assert identity([event]) == [0x000102030405060708090A0B0C0D0E0F]
    assert content([event]) == [11824737668292945746]


def test_tallies_do_not_depend_on_order_and_locate_one_fault() -> None:
    store = open_store("sqlite://")
    fill(store, 30)
    events = list(store.feed().read(store.feed().start(), 100).events)
    (whole,) = tally(events, content)
    shuffled = random.Random(1).sample(events, len(events))
    assert tally(shuffled, content) == [whole]
    for event in events:
        (without,) = tally([e for e in events if e is not event], content)
        assert without.minus(whole).position() == event.position
        (twice,) = tally([*events, event], content)
        assert twice.minus(whole).position() == event.position
    store.close()

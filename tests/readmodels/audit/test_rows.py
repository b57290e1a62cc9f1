"""What a table was given, its rows and its published rows: a fault in any of them is found, and named."""

import random
import tempfile
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable
from hypothesis import given
from hypothesis import strategies as st

import eventfold as ef
from eventfold import ANY, NewEvent
from eventfold.errors import RangeInvalid
from eventfold.events.ids import new_id
from eventfold.feed.port import Page
from eventfold.readmodels.counting.tally import RANGE
from eventfold.readmodels.declaring.table import TableSpec
from eventfold.readmodels.folding.projector import Projector
from eventfold.testing.generated import histories, tables
from tests.readmodels.audit.world import (
    LAWS,
    REGISTRY,
    World,
    check_quiet,
    event_at,
    of,
    owners,
)


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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
@pytest.mark.more_at_night
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

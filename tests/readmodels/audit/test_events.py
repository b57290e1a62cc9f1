"""An event that is removed, added, altered, doubled or moved is found in the log, and named."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import eventfold as ef
from eventfold import NewEvent
from eventfold.errors import AuditFailed
from eventfold.events.ids import new_id
from eventfold.readmodels.counting.tally import RANGE
from tests.readmodels.audit.world import (
    World,
    event_at,
    of,
    owners,
)


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


CHANGES = [
    "data = replace(data, '\"n\":', '\"n\":1')",
    "data = replace(data, 'text', 'tax')",
    'metadata = \'{"actor":"eve"}\'',
    "schema_version = 2",
    "occurred_us = 7",
    "event_id = zeroblob(16)",
    "recorded_us = recorded_us + 1",
    "type = (SELECT id FROM types WHERE name = 'Unseen' OR id <> events.type LIMIT 1)",
]


def altered() -> Iterator[object]:
    """Every change at two positions, and by night at all of them."""
    for c, change in enumerate(CHANGES):
        for p, position in enumerate(POSITIONS):
            marks = [] if (c + p) % len(POSITIONS) in {0, 2} else [pytest.mark.nightly]
            yield pytest.param(position, change, marks=marks)


@pytest.mark.slow
@pytest.mark.parametrize(("position", "change"), list(altered()))
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


@pytest.mark.slow
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

"""An audit raises no alarm where nothing is wrong, whoever works beside it; one fault in all that is found."""

import random
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventfold import ANY, NewEvent
from eventfold.engines.open import open_engine
from eventfold.errors import StorageFailed
from eventfold.readmodels.audit.auditing import Audited, Auditing
from eventfold.readmodels.declaring.table import TableSpec
from eventfold.readmodels.sqlite.ledger import SqliteLedger
from eventfold.testing.generated import histories, tables
from tests.readmodels.audit.world import (
    LAWS,
    REGISTRY,
    World,
    boxes,
    check_quiet,
    compile_table_again,
    event_of,
    fill,
    of,
)


def test_an_audit_that_may_not_record_what_it_read_compares_everything_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path, [boxes()])
    fill(world.store, 20)
    world.catch_up()
    fill(world.store, 20)
    world.edit_log('UPDATE events SET metadata = \'{"actor":"eve"}\' WHERE position = 5')

    def refused(*_what: object, **_ever: object) -> None:
        raise StorageFailed("state.db may not be written.")

    for write in ("record", "count"):
        with monkeypatch.context() as ending:
            ending.setattr(SqliteLedger, write, refused)
            audit = world.verify()
        assert [note for note in audit.notes if "state.db may not be written" in note], write
        assert [(f.where, f.position) for f in audit.findings] == [("ledger", 5)]
    assert world.verify().notes == []


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


def test_to_go_on_with_the_ledger_reads_none_of_the_tallies_which_grow_with_the_log(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(world.store, 3)
    monkeypatch.setattr(SqliteLedger, "counted", None)
    world.catch_up()
    monkeypatch.undo()
    assert world.ledger.cursor() == world.ledger.counted().cursor == world.store.feed().end()
    assert world.verify().ok


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


@pytest.mark.slow
@pytest.mark.more_at_night
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


@pytest.mark.slow
@pytest.mark.more_at_night
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


@pytest.mark.slow
@pytest.mark.more_at_night
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

"""The ledger in its stored forms: states of earlier ones go on, and what is counted keeps its meaning."""

import random
from pathlib import Path

import apsw

from eventfold import open_store
from eventfold.events.envelope import RecordedEvent
from eventfold.readmodels.counting.tally import content, identity, tally
from tests.readmodels.audit.world import (
    World,
    fill,
)


def test_a_state_of_the_first_format_goes_on(tmp_path: Path) -> None:
    for name in ("log", "state"):
        connection = apsw.Connection(str(tmp_path / f"{name}.db"))
        connection.execute((Path(__file__).parents[1] / "stored" / f"{name}-1.sql").read_text())
        connection.close()
    from tests.readmodels.asking.test_diff import boxes as stored

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

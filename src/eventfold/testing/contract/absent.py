"""Events without a key: left out of a table that says so, parked by every other."""

import pytest

import eventfold as ef
from eventfold.app.live import Live
from eventfold.errors import TableInvalid
from eventfold.events.envelope import NewEvent
from eventfold.events.ids import new_id
from eventfold.testing.contract.bench import Bench, OverALog, assert_whole, waiting


class Moved(ef.Event):
    """Somebody carried a box, or nobody knows who."""

    courier: str | None = None
    n: int


class Couriers(ef.Table, category="box"):
    """Who carried what; what nobody is known to have carried stands in no row."""

    courier = ef.key(Moved.courier, absent="skip")
    moves = ef.count(Moved)
    total = ef.sum(Moved.n)


class Strict(ef.Table, category="box", name="couriers"):
    """The same, but an event without a courier is an error."""

    courier = ef.key(Moved.courier)
    moves = ef.count(Moved)
    total = ef.sum(Moved.n)


LENIENT_APP = ef.App("couriers", events=[Moved], tables=[Couriers])
STRICT_APP = ef.App("couriers", events=[Moved], tables=[Strict])


def moved(data: str) -> NewEvent:
    """An event with just these data."""
    return NewEvent(new_id(), Moved.stored_name, 1, data)


def move(live: Live) -> None:
    """Five moves of two boxes; of three no courier is known, absent or null."""
    live.store.append(
        "box-1",
        [
            moved('{"courier":"anna","n":1}'),
            moved('{"n":2}'),
            moved('{"courier":null,"n":4}'),
            moved('{"courier":"anna","n":8}'),
        ],
        expected=0,
    )
    live.store.append("box-2", [moved('{"n":16}')], expected=0)


class AbsentKeysContract(OverALog):
    """What holds for events without a key, over any log."""

    def test_an_event_without_the_key_is_left_out_where_the_key_says_so(self, bench: Bench) -> None:
        with bench.open(LENIENT_APP) as live:
            move(live)
            live.catch_up()
            table = live.table(Couriers)
            for _ in range(2):
                row = table.get("anna")
                assert (row["moves"], row["total"], dict(table.parked())) == (2, 9, {})
                assert_whole(live, "couriers")
                assert [step.event.version for step in table.why("anna")] == [1, 4]
                now = table.at(cursor=live.store.feed().end())
                assert ([r["total"] for r in now.rows()], dict(now.parked)) == ([9], {})
                audit = live.verify()
                assert (audit.problems, audit.tables[0].rows) == (0, 1)
                assert table.rebuild().parked == 0
            assert live.status().warnings == []

    def test_an_event_without_the_key_parks_its_stream_elsewhere_and_the_error_names_the_way_out(
        self, bench: Bench
    ) -> None:
        with bench.open(STRICT_APP) as live:
            move(live)
            live.catch_up()
            table = live.table(Strict)
            for _ in range(2):
                assert waiting(dict(table.parked())) == {"box-1": (2, 4), "box-2": (1, 1)}
                told = table.parked()["box-2"]
                assert (told.code, table.get("anna")["total"]) == ("value-unfit", 1)
                assert "couriers, Moved.courier," in told.message
                assert 'absent="skip"' in told.message
                assert_whole(live, "couriers")
                assert table.rebuild().parked == 2

    def test_to_leave_them_out_is_another_definition(self, bench: Bench) -> None:
        with bench.open(STRICT_APP) as live:
            move(live)
            live.catch_up()
        with bench.open(LENIENT_APP) as live:
            with pytest.raises(TableInvalid, match="rebuild"):
                live.catch_up()
            done = live.table(Couriers).rebuild()
            assert (done.rows, done.parked) == (1, 0)
            live.catch_up()
            assert live.table(Couriers).get("anna")["total"] == 9
            assert_whole(live, "couriers")

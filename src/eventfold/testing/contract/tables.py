"""Tables over a log: what each reducer gives, by which key, and what is refused."""

from decimal import Decimal
from typing import Any

import pytest

import eventfold as ef
from eventfold.errors import TableInvalid
from eventfold.testing.contract.bench import Bench, OverALog, assert_whole
from eventfold.testing.contract.boxes import (
    EVENTS,
    TABLES,
    Box,
    Boxes,
    Closed,
    Filled,
    Opened,
    fill,
    history,
)


class TablesContract(OverALog):
    """What a table's definition means over any log."""

    def test_every_reducer_gives_what_its_name_says(self, bench: Bench) -> None:
        with bench.open() as live:
            fill(live.store)
            live.catch_up()
            row = {
                "box": "box-1",
                "_version": 6,
                "owner": "ada",
                "room": 1,
                "state": "labelled",
                "total": 11,
                "weight": Decimal("2.75"),
                "least": -2,
                "most": 8,
                "fillings": 4,
                "numbers": [-2, 8, 1],
                "first_numbers": [4, -2],
                "latest": -2,
                "label": 12,
                "by": "bo",
            }
            assert live.table(Boxes).get("box-1") == row
            assert live.table(Boxes).at(cursor=live.store.feed().end()).rows()[0] == row
            assert [r["box"] for r in live.query("SELECT box FROM boxes ORDER BY 1").rows()] == [
                "box-1",
                "box-3",
            ]

    def test_a_key_may_span_streams(self, bench: Bench) -> None:
        with bench.open() as live:
            fill(live.store)
            live.catch_up()
            assert_whole(live, "owners")
            found = live.query("SELECT * EXCLUDE (owner) FROM owners WHERE owner = 'ada'").rows()[0]
            place = next(name for name in found if name.startswith("_"))
            assert place == ("_position" if live.store.feed().capabilities.total_order else "_order")
            del found[place]
            assert found == {
                "boxes": 2,
                "total": 14,
                "room": 7,
                "first_room": 1,
                "most": 8,
                "numbers": [-2, 8, 1, 3],
            }

    def test_a_fold_in_python_sees_every_event_of_its_stream_in_order(self, bench: Bench) -> None:
        with bench.open() as live:
            fill(live.store)
            live.catch_up()
            assert live.query("SELECT box, text FROM texts ORDER BY 1").rows() == [
                {"box": "box-1", "text": "(ada 4 -2 8 12 1"},
                {"box": "box-3", "text": "(ada 3"},
            ]

    def test_recorded_times_and_versions_are_those_of_the_stream(self, bench: Bench) -> None:
        class Times(ef.Table, category="box"):
            box = ef.key()
            first = ef.first(ef.recorded_at)
            last = ef.last(ef.recorded_at)
            events = ef.max(ef.version)

        with bench.open(ef.App("times", events=EVENTS, tables=[Times])) as live:
            fill(live.store)
            live.catch_up()
            recorded = [event.recorded_at for event in live.store.read("box-1")]
            row = live.table(Times).get("box-1")
            assert (row["first"], row["last"], row["events"]) == (recorded[0], recorded[-1], 6)

    @pytest.mark.parametrize("kind", ["delete_on", "fold"])
    def test_what_needs_an_order_over_streams_is_kept_or_refused_by_name(
        self, bench: Bench, kind: str
    ) -> None:
        class Counts(ef.Table, category="box"):
            owner = ef.key(Opened.owner, Closed.owner)
            n = ef.count(Opened)
            gone = ef.delete_on(Closed)

        class Sums(ef.Table, category="box", events=[Opened, Filled]):
            owner = ef.key(Opened.owner, Filled.owner)
            n = ef.column("int64")

            @staticmethod
            def fold(row: dict[str, Any] | None, event: ef.Event) -> dict[str, Any]:
                return {"n": (row["n"] if row else 0) * 2 + getattr(event, "n", 100)}

        app = ef.App("ordered", events=EVENTS, tables=[Counts if kind == "delete_on" else Sums])
        (name,) = app.tables
        store = bench.store()
        ordered = store.feed().capabilities.total_order
        fill(store)
        store.close()
        if not ordered:
            with pytest.raises(TableInvalid, match=name), bench.open(app):
                pass
            return
        with bench.open(app) as live:
            live.catch_up()
            assert_whole(live, name)
            found = {row["owner"]: row["n"] for row in live.query(f"SELECT * FROM {name}").rows()}  # noqa: S608 - names of tables of this suite
            assert found == ({"ada": 2} if kind == "delete_on" else {"ada": 6965, "grace": 205})

    def test_a_row_that_was_removed_is_gone_everywhere_until_its_key_comes_back(self, bench: Bench) -> None:
        with bench.open() as live:
            boxes = live.repository(Box)
            boxes.execute("box-1", Box.open, "ada", 9)
            boxes.execute("box-2", Box.open, "ada", 9)
            live.catch_up()
            boxes.execute("box-1", Box.close)
            live.catch_up()
            assert_whole(live, "boxes")
            assert [row["box"] for row in live.query("SELECT box FROM boxes").rows()] == ["box-2"]
            boxes.execute("box-1", Box.open, "grace", 9)
            live.catch_up()
            assert_whole(live, "boxes")
            assert live.table(Boxes).get("box-1")["owner"] == "grace"

    @pytest.mark.parametrize("table", TABLES)
    def test_state_lake_and_questions_agree_after_every_catching_up(
        self, bench: Bench, table: type[ef.Table]
    ) -> None:
        with bench.open() as live:
            for n, (stream, event) in enumerate(history()):
                live.store.append(stream, [event], expected=ef.ANY)
                if n % 3 == 0:
                    live.catch_up()
                    assert_whole(live, table.spec.name)
            live.catch_up()
            assert_whole(live, table.spec.name)

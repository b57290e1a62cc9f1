"""Parking: a stream whose event fails waits whole and in order, is seen, tried again or decided on; others go on."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

import eventfold as ef
from eventfold.app.live import Live
from eventfold.errors import NotFound, RangeInvalid, StaleCursor, TableStopped
from eventfold.feed.parking import Skip
from eventfold.readmodels.port import Changes
from eventfold.testing.contract.bench import Bench, OverALog, assert_prefix, assert_whole, waiting
from eventfold.testing.contract.boxes import (
    EVENTS,
    Box,
    Boxes,
    Closed,
    Filled,
    Labelled,
    Opened,
    Owners,
    Texts,
    filled,
    followed,
    labelled,
    opened,
    opened_long_ago,
)


class Spent(ef.Table, category="box"):
    """A sum that grows beyond its type, over streams."""

    owner = ef.key(Opened.owner, Filled.owner)
    weight = ef.sum(Filled.weight, "decimal(4,2)")
    fillings = ef.count(Filled)


SPENDING = ef.App("spending", events=EVENTS, tables=[Spent])


def poison(live: Live) -> None:
    """Two boxes; the third event of the first fits no column, and others come after it."""
    store = live.store
    store.append("box-1", [opened(), filled(1), labelled("poison"), filled(2)], expected=0)
    store.append("box-2", [opened("grace"), filled(7, owner="grace")], expected=0)
    store.append("box-1", [filled(3)], expected=4)
    live.catch_up()


class ParkingContract(OverALog):
    """What holds for events that fail, over any log."""

    def test_a_failing_event_parks_the_later_ones_of_its_stream_and_no_other(self, bench: Bench) -> None:
        with bench.open() as live:
            poison(live)
            boxes = live.table(Boxes)
            assert waiting(dict(boxes.parked())) == {"box-1": (3, 5)}
            assert [(boxes.get(b)["total"], boxes.get(b)["fillings"]) for b in ("box-1", "box-2")] == [
                (1, 1),
                (7, 1),
            ]
            assert live.table(Owners).get("ada")["total"] == 6  # it does not look at labels
            assert live.table(Texts).get("box-1")["text"] == "(ada 1 poison 2 3"
            assert not live.table(Owners).parked()
            for name in ("boxes", "owners", "texts"):
                assert_whole(live, name)

    def test_what_waits_is_named_with_its_reason(self, bench: Bench) -> None:
        with bench.open() as live:
            poison(live)
            (failed,) = [e for e in live.store.read("box-1") if e.version == 3]
            (parked,) = live.table(Boxes).parked().values()
            assert (parked.event_id, parked.type) == (str(failed.id), "Labelled")
            assert (parked.code, parked.attempts) == ("value-unfit", 3)
            assert "poison" in parked.message
            page = live.store.feed().read(live.store.feed().start(), 1000)
            (followed_event,) = [e for e in page.events if e.id == failed.id]
            assert (parked.partition, parked.position) == (followed_event.partition, followed_event.position)
            assert [t.parked for t in live.status().tables] == [1, 0, 0]

    def test_what_comes_later_waits_too_through_splits_and_restarts(self, bench: Bench) -> None:
        with bench.open() as live:
            poison(live)
        for n in range(3):
            bench.split()
            with bench.open() as live:
                live.store.append("box-1", [filled(10)], expected=5 + n)
                live.store.append("box-2", [filled(10)], expected=2 + n)
                live.catch_up()
                assert waiting(dict(live.table(Boxes).parked())) == {"box-1": (3, 6 + n)}
                assert live.table(Boxes).get("box-2")["total"] == 17 + 10 * n
                assert_whole(live, "boxes")

    def test_whoever_is_shown_rows_is_told_what_is_parked_and_what_is_behind(self, bench: Bench) -> None:
        with bench.open() as live:
            poison(live)
            boxes, parked = live.table(Boxes), {"boxes": 1}
            told = live.catch_up()
            assert (told.parked, live.verify().parked, boxes.why("box-2").parked) == (parked,) * 3
            end = live.store.feed().end()
            assert boxes.at(cursor=end).parked.keys() == boxes.diff(end, "now").parked.keys() == {"box-1"}
            first = live.store.feed().start()
            assert not boxes.at(cursor=first).parked
            found = live.query("SELECT sum(total) AS total FROM boxes")
            assert (found.rows(), found.parked, found.behind) == ([{"total": 8}], parked, {})
            assert told.warnings == list(found.warnings) == live.status().warnings
            assert told.warnings == ["boxes: 1 stream is parked"]
            live.store.append("box-2", [filled(10)], expected=2)
        # a program that starts anew: how far it is behind is asked now and then only
        with bench.open() as live:
            found = live.query("SELECT sum(total) AS total FROM owners")
            assert (dict(found.parked), set(found.behind)) == ({}, {"owners"})
            assert "behind the log: `eventfold run --once`" in found.warnings[0]
            live.catch_up()
        with bench.open() as live:
            assert live.query("SELECT total FROM owners").warnings == []
            assert live.query("SELECT 1 AS one").warnings == []

    def test_an_upcaster_that_fails_parks_its_stream(self, bench: Bench) -> None:
        with bench.open() as live:
            live.store.append("box-1", [opened_long_ago(None), filled(1)], expected=0)
            live.store.append("box-2", [opened_long_ago("ada"), filled(2)], expected=0)
            live.catch_up()
            for table in (Boxes, Owners, Texts):
                assert waiting(dict(live.table(table).parked())) == {"box-1": (1, 2)}
                assert {p.code for p in live.table(table).parked().values()} == {"upcaster-failed"}
                assert_whole(live, table.spec.name)
            assert live.table(Boxes).get("box-2")["room"] == 1

    def test_a_retry_folds_what_waited_in_its_order(self, bench: Bench) -> None:
        broken = {"x"}

        class Moods(ef.Table, category="box"):
            box = ef.key()
            text = ef.column("string")

            @staticmethod
            def fold(row: dict[str, Any] | None, event: ef.Event) -> Mapping[str, Any]:
                text = getattr(event, "text", "")
                if text in broken:
                    raise OSError("a service is away")
                return {"text": (row["text"] if row else "") + text}

        with bench.open(ef.App("moods", events=EVENTS, tables=[Moods])) as live:
            moods = live.table(Moods)
            for text in "abxcd":
                live.store.append("box-1", [labelled(text)], expected=ef.ANY)
                live.store.append("box-2", [labelled(text.replace("x", "-"))], expected=ef.ANY)
            live.catch_up()
            assert waiting(dict(moods.parked())) == {"box-1": (3, 5)}
            assert moods.parked()["box-1"].code == "fold-failed"
            assert not moods.retry("box-1")
            assert [moods.get(b)["text"] for b in ("box-1", "box-2")] == ["ab", "ab-cd"]
            broken.clear()
            live.store.append("box-1", [labelled("e")], expected=5)  # comes before it is tried again
            assert moods.retry("box-1")
            assert moods.get("box-1")["text"] == "abxcd"
            live.catch_up()
            assert moods.get("box-1")["text"] == "abxcde"
            assert_whole(live, "moods")
            with pytest.raises(NotFound):
                moods.retry("box-1")

    def test_an_event_is_skipped_with_a_reason_and_stays_skipped(self, bench: Bench) -> None:
        with bench.open() as live:
            poison(live)
            boxes = live.table(Boxes)
            for reason in ("", "  "):
                with pytest.raises(RangeInvalid):
                    boxes.skip("box-1", reason)
            with pytest.raises(NotFound):
                boxes.skip("box-2", "nothing waits")
            assert waiting(dict(boxes.parked())) == {"box-1": (3, 5)}
            with ef.context(actor="anna"):
                assert boxes.skip("box-1", "a typing error")
            (skip,) = boxes.live().skips()
            assert (skip.stream, skip.version, skip.reason, skip.actor) == (
                "box-1",
                3,
                "a typing error",
                "anna",
            )
            assert (boxes.get("box-1")["total"], dict(boxes.parked())) == (6, {})
            live.catch_up()
            assert_whole(live, "boxes")
            before = boxes.get("box-1")
            boxes.rebuild()
            assert boxes.get("box-1") == before
            assert_whole(live, "boxes")
        with bench.open() as live:
            live.store.append("box-1", [filled(4)], expected=5)
            live.catch_up()
            assert live.table(Boxes).get("box-1")["total"] == 10
            assert_whole(live, "boxes")

    def test_a_second_event_that_fails_parks_what_waited_behind_it(self, bench: Bench) -> None:
        with bench.open() as live:
            poison(live)
            live.store.append("box-1", [labelled("again"), filled(5)], expected=5)
            live.catch_up()
            boxes = live.table(Boxes)
            assert not boxes.skip("box-1", "one")
            assert waiting(dict(boxes.parked())) == {"box-1": (6, 7)}
            assert boxes.get("box-1")["total"] == 6
            assert boxes.skip("box-1", "two")
            live.catch_up()
            assert boxes.get("box-1")["total"] == 11
            assert_whole(live, "boxes")

    def test_a_published_version_says_what_waits_and_the_next_one_that_nothing_does(
        self, bench: Bench
    ) -> None:
        with bench.open() as live:
            poison(live)
            publication = live.table(Boxes).publication
            assert publication is not None
            head = publication.head()
            assert head is not None
            assert (head.stamp.parked, head.stamp.parked_count) == (("box-1",), 1)
            live.table(Boxes).skip("box-1", "a typing error")
            live.catch_up()
            head = publication.head()
            assert head is not None
            assert (head.stamp.parked, head.stamp.parked_count) == ((), 0)
            assert_whole(live, "boxes")

    def test_a_rebuild_parks_what_the_live_table_parked(self, bench: Bench) -> None:
        with bench.open() as live:
            poison(live)
            boxes = live.table(Boxes)
            before = boxes.parked()["box-1"]
            assert boxes.rebuild().parked == 1
            after = boxes.parked()["box-1"]
            for name in ("version", "last_version", "event_id", "type", "code", "partition", "position"):
                assert getattr(after, name) == getattr(before, name), name
            assert_whole(live, "boxes")
            live.store.append("box-1", [filled(1)], expected=5)
            live.catch_up()
            assert waiting(dict(boxes.parked())) == {"box-1": (3, 6)}
            assert boxes.skip("box-1", "a typing error")
            live.catch_up()
            assert_whole(live, "boxes")

    def test_a_decision_during_a_rebuild_holds_after_it(self, bench: Bench) -> None:
        with bench.open() as live:
            poison(live)
            boxes = live.table(Boxes)

            def meanwhile(_done: int, _of: int | None) -> None:
                if boxes.parked():
                    assert boxes.skip("box-1", "a typing error")

            assert boxes.rebuild(progress=meanwhile).parked == 0
            assert (boxes.get("box-1")["total"], dict(boxes.parked())) == (6, {})
            assert_whole(live, "boxes")

    def test_a_sum_that_outgrows_its_type_parks_the_stream_that_did_it(self, bench: Bench) -> None:
        with bench.open(SPENDING) as live:
            store, spent = live.store, live.table(Spent)
            store.append("box-1", [opened(), filled(300)], expected=0)
            live.catch_up()
            store.append("box-2", [opened(), filled(200)], expected=0)
            store.append("box-3", [opened(), filled(20)], expected=0)
            live.catch_up()
            assert waiting(dict(spent.parked())) == {"box-2": (2, 2)}
            assert spent.get("ada")["weight"] == Decimal("80.00")
            assert not spent.retry("box-2")
            assert spent.skip("box-2", "too much")
            live.catch_up()
            assert (spent.get("ada")["weight"], spent.get("ada")["fillings"]) == (Decimal("80.00"), 2)
            assert_whole(live, "spent")

    def test_a_table_that_cannot_take_events_late_is_rebuilt_by_a_decision(self, bench: Bench) -> None:
        class Heavy(ef.Table, category="box"):
            owner = ef.key(Opened.owner, Filled.owner, Closed.owner)
            fillings = ef.count(Filled)
            weight = ef.sum(Filled.weight, "decimal(4,2)")
            gone = ef.delete_on(Closed)

        store = bench.store()
        ordered = store.feed().capabilities.total_order
        store.close()
        if not ordered:
            pytest.skip("declared: no total order, so that no table needs its events in order over streams")
        with bench.open(ef.App("heavy", events=EVENTS, tables=[Heavy])) as live:
            heavy = live.table(Heavy)
            live.store.append("box-1", [opened(), filled(300)], expected=0)
            live.store.append("box-2", [opened(), filled(200), filled(4)], expected=0)
            live.catch_up()
            assert waiting(dict(heavy.parked())) == {"box-2": (2, 3)}
            assert not heavy.retry("box-2")
            with pytest.raises(RangeInvalid):
                heavy.skip("box-2", "")
            assert heavy.skip("box-2", "too much")
            assert (heavy.get("ada")["weight"], heavy.get("ada")["fillings"]) == (Decimal("76.00"), 2)
            assert_whole(live, "heavy")

    def test_a_decision_beside_a_follower_doubles_and_loses_nothing(self, bench: Bench) -> None:
        with bench.open() as live:
            poison(live)
            running = followed(live.table(Boxes), live.store)
            head = running.begin()
            assert live.table(Boxes).skip("box-1", "a typing error")
            assert running.state.head().cursor == head.cursor
            with pytest.raises(StaleCursor):
                running.state.commit(
                    Changes(rows={"box-1": None}), read=head.cursor, then=head.cursor, change=head.change
                )
            live.store.append("box-1", [filled(4)], expected=5)
            refused = 0
            for _ in range(20):
                try:
                    page = running.step()  # it believed that the stream waits still
                except StaleCursor:
                    refused += 1
                else:
                    if page.caught_up:
                        break
            assert refused == 1
            assert live.table(Boxes).get("box-1")["total"] == 10
            assert_prefix(live.store, running.state)

    def test_a_table_may_stop_instead(self, bench: Bench) -> None:
        class Careful(ef.Table, category="box", name="careful", on_error="stop"):
            box = ef.key()
            total = ef.sum(Filled.n)
            label = ef.last(Labelled.text, "int64")

        class Patient(ef.Table, category="box", name="careful"):
            box = ef.key()
            total = ef.sum(Filled.n)
            label = ef.last(Labelled.text, "int64")

        with bench.open(ef.App("careful", events=EVENTS, tables=[Careful])) as live:
            store, careful = live.store, live.table(Careful)
            store.append("box-1", [opened(), filled(1)], expected=0)
            live.catch_up()
            for stream, event in (
                ("box-2", filled(5)),
                ("box-1", filled(2)),
                ("box-1", labelled("poison")),
                ("box-1", filled(3)),
            ):
                store.append(stream, [event], expected=ef.ANY)
            for _ in range(2):
                with pytest.raises(TableStopped, match="careful") as caught:
                    live.catch_up()
                named = {"table": "careful", "stream": "box-1", "version": 4, "reason": "value-unfit"}
                assert caught.value.facts == named
                assert careful.get("box-1")["total"] == 3  # what came before it
                assert not careful.parked()
                assert_prefix(store, careful.live())
            with pytest.raises(TableStopped):
                careful.rebuild()
            assert careful.live().head().generation == 1
        with bench.open(ef.App("careful", events=EVENTS, tables=[Patient])) as live:
            live.catch_up()
            assert live.table(Patient).skip("box-1", "a typing error")
        with bench.open(ef.App("careful", events=EVENTS, tables=[Careful])) as live:
            live.catch_up()
            assert_whole(live, "careful")
            assert live.table(Careful).get("box-1")["total"] == 6

    def test_only_the_event_that_failed_can_be_skipped(self, bench: Bench) -> None:
        with bench.open() as live:
            poison(live)
            projector = followed(live.table(Boxes), live.store)
            other = Skip(stream="box-1", version=4, reason="another", actor="", skipped_us=0)
            with pytest.raises(RangeInvalid):
                projector.skip(live.store, "box-1", other)
            assert waiting(projector.state.parked()) == {"box-1": (3, 5)}

    def test_a_command_is_not_hindered_by_what_waits(self, bench: Bench) -> None:
        with bench.open() as live:
            poison(live)
            done = live.repository(Box).execute("box-1", Box.label, "more")
            live.catch_up()
            assert (done.version, live.repository(Box).load("box-1").labels) == (6, ("poison", "more"))
            assert waiting(dict(live.table(Boxes).parked())) == {"box-1": (3, 6)}

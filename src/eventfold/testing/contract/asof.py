"""Questions about the past: by version, time, cursor and position, each equal to a fold from zero."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import eventfold as ef
from eventfold.app.live import Live
from eventfold.errors import (
    CapabilityMissing,
    ForeignCursor,
    PositionBeyondHead,
    RangeInvalid,
    StreamNotFound,
    TimeInvalid,
)
from eventfold.events.envelope import to_us
from eventfold.feed.cursor import Cursor
from eventfold.readmodels.asking.diff import Diff
from eventfold.readmodels.asking.moments import Moment
from eventfold.readmodels.port import Scope
from eventfold.testing.contract.bench import Bench, OverALog, Rows, from_zero, shown_rows
from eventfold.testing.contract.boxes import (
    DAY,
    NEW_YEAR,
    TABLES,
    Box,
    Boxes,
    filled,
    history,
    labelled,
    opened,
    opened_long_ago,
)

SPLIT = 8
"""After so many events of the history a partition is split."""
Lived = tuple[Cursor, dict[str, Rows]]


def lived(bench: Bench, live: Live) -> list[Lived]:
    """A history, published now and then, with the tables as they were after each event."""
    found = [(live.store.feed().end(), _folded(live))]
    for n, (stream, event) in enumerate(history()):
        live.store.append(stream, [event], expected=ef.ANY)
        if n % 3 == 1:
            live.catch_up()
        if n == SPLIT - 1:
            bench.split()
        found.append((live.store.feed().end(), _folded(live)))
    live.catch_up()
    return found


class AsOfContract(OverALog):
    """What holds for moments of any log."""

    @pytest.mark.parametrize("rebuilt", [False, True], ids=["live", "rebuilt"])
    def test_every_cursor_gives_the_tables_as_they_were(self, bench: Bench, *, rebuilt: bool) -> None:
        with bench.open() as live:
            moments = lived(bench, live)
            if rebuilt:
                for table in live.tables:
                    table.rebuild()
            for cursor, wanted in moments:
                assert {t.name: t.at(cursor=cursor).rows() for t in live.tables} == wanted
        with bench.open() as live:  # a cursor is kept as text, and asked with by another program
            cursor, wanted = moments[5]
            assert live.table(Boxes).at(cursor=cursor).rows() == wanted["boxes"]

    def test_a_question_goes_on_from_a_published_version(self, bench: Bench) -> None:
        with bench.open() as live:
            moments = lived(bench, live)
            for n, (cursor, _) in enumerate(moments[2:]):
                found = live.table(Boxes).at(cursor=cursor)
                assert found.base is not None
                if n + 2 < SPLIT:  # behind a split an earlier version may be the nearest that can be compared
                    assert found.events == n % 3
            before_anything = live.table(Boxes).at(cursor=moments[0][0])
            assert before_anything.rows() == []
            live.table(Boxes).rebuild()  # versions of an earlier generation answer no more
            assert live.table(Boxes).at(cursor=moments[5][0]).base is None
            assert live.table(Boxes).at(cursor=live.store.feed().end()).base is not None

    def test_a_position_is_a_moment_where_there_is_a_total_order(self, bench: Bench) -> None:
        with bench.open() as live:
            moments = lived(bench, live)
            boxes = live.table(Boxes)
            if not live.store.feed().capabilities.total_order:
                with pytest.raises(CapabilityMissing):
                    boxes.at(position=1)
                return
            for position, (_, wanted) in enumerate(moments):
                assert {t.name: t.at(position=position).rows() for t in live.tables} == wanted
            with pytest.raises(PositionBeyondHead):
                boxes.at(position=1000)

    @pytest.mark.parametrize("table", TABLES)
    def test_a_recorded_time_is_a_moment_everywhere(self, bench: Bench, table: type[ef.Table]) -> None:
        with bench.open() as live:
            lived(bench, live)
            found = live.table(table)
            times = [e.recorded_at for s in ("box-1", "box-2", "box-3") for e in live.store.read(s)]
            for time in (times[0] - timedelta(seconds=1), *times[::3], max(times)):
                wanted = _folded_to(live, found.name, Scope(recorded_to_us=to_us(time)))
                assert found.at(time=time).rows() == wanted
            assert found.at(time=times[0] - timedelta(days=1)).rows() == []

    def test_the_time_of_occurrence_filters_and_never_orders(self, bench: Bench) -> None:
        with bench.open() as live:
            moments = lived(bench, live)
            boxes = live.table(Boxes)
            store = live.store
            store.append("box-9", [filled(5, occurred_at=NEW_YEAR - DAY)], expected=0)
            for days in (-2, -1, 0, 1, 2, 3):
                until = NEW_YEAR + days * DAY
                wanted = _folded_to(live, "boxes", Scope(occurred_to_us=to_us(until)))
                assert boxes.at(time=until, clock="occurred").rows() == wanted
            assert boxes.at(time=NEW_YEAR - DAY, clock="occurred").rows()[0]["numbers"] == [5]
            before = boxes.at(time=NEW_YEAR - DAY, clock="occurred", cursor=moments[-1][0])
            assert before.rows() == []  # what was not recorded yet was not known yet
            everything = boxes.at(time=datetime(9999, 1, 1, tzinfo=UTC), clock="occurred")
            assert everything.rows() == boxes.at(cursor=store.feed().end()).rows()
            row = next(
                r for r in boxes.at(time=NEW_YEAR + 3 * DAY, clock="occurred").rows() if r["box"] == "box-1"
            )
            assert row["numbers"] == [4, -2, 8, 1][-3:]

    def test_a_difference_by_the_time_of_occurrence_is_that_of_two_folds_of_what_is_known(
        self, bench: Bench
    ) -> None:
        with bench.open() as live:
            moments = lived(bench, live)
            boxes = live.table(Boxes)
            live.store.append("box-9", [filled(5, occurred_at=NEW_YEAR - DAY)], expected=0)
            known = moments[3][0]
            places: list[tuple[Moment, Rows]] = [
                ("now", _folded_to(live, "boxes", Scope())),
                (known, moments[3][1]["boxes"]),
            ]
            for days in (-1, 0, 1, 3):
                time = NEW_YEAR + days * DAY
                before = _folded_to(live, "boxes", Scope(occurred_to_us=to_us(time)))
                for place, rows in [*places, (time, before)]:
                    for a, b, wanted in (
                        (time, place, _apart(before, rows)),
                        (place, time, _apart(rows, before)),
                    ):
                        assert _differing(boxes.diff(a, b, clock="occurred", internal=True)) == wanted
            with pytest.raises(RangeInvalid):
                boxes.diff(known, "now", clock="occurred")

    def test_an_aggregate_is_as_it_was_at_every_version_and_time(self, bench: Bench) -> None:
        with bench.open() as live:
            lived(bench, live)
            boxes = live.repository(Box)
            events = list(live.store.read("box-1"))
            state = Box("box-1")
            for event in events:
                state.load_from_history([live.app.registry.decode(event)])  # type: ignore[list-item] # of the aggregate's types
                assert boxes.at("box-1", version=event.version).state() == state.state()
                at_time = boxes.at("box-1", time=event.recorded_at)
                assert at_time.version >= event.version
                assert [e for e in events if e.recorded_us <= event.recorded_us][
                    -1
                ].version == at_time.version
            with pytest.raises(PositionBeyondHead):
                boxes.at("box-1", version=len(events) + 1)
            with pytest.raises(StreamNotFound):
                boxes.at("box-1", time=events[0].recorded_at - timedelta(seconds=1))
            for wrong in ({}, {"version": 1, "time": events[0].recorded_at}, {"version": 0}):
                with pytest.raises(RangeInvalid):
                    boxes.at("box-1", **wrong)

    def test_what_is_no_moment_is_refused(self, bench: Bench) -> None:
        with bench.open() as live, bench.another().open() as stranger:
            lived(bench, live)
            boxes, now = live.table(Boxes), datetime.now(UTC)
            wrong: list[dict[str, Any]] = [
                {},
                {"cursor": live.store.feed().end(), "time": now},
                {"clock": "occurred"},
            ]
            for moment in wrong:
                with pytest.raises(RangeInvalid):
                    boxes.at(**moment)
            with pytest.raises(TimeInvalid):
                boxes.at(time=now.replace(tzinfo=None))
            stranger.store.append("box-1", [opened()], expected=0)
            for foreign in (stranger.store.feed().start(), stranger.store.feed().end()):
                with pytest.raises(ForeignCursor):
                    boxes.at(cursor=foreign)

    def test_a_moment_at_which_a_stream_waits_says_so_and_uses_no_published_version(
        self, bench: Bench
    ) -> None:
        with bench.open() as live:
            store, boxes = live.store, live.table(Boxes)
            store.append("box-1", [opened_long_ago(), filled(1)], expected=0)
            live.catch_up()
            before = store.feed().end()
            store.append("box-1", [labelled("poison"), filled(2)], expected=2)
            store.append("box-2", [opened("grace")], expected=0)
            live.catch_up()
            found = boxes.at(cursor=store.feed().end())
            assert list(found.parked) == ["box-1"]
            assert boxes.publication is not None
            versions = {n: boxes.publication.stamp(n) for n in boxes.publication.versions()}
            assert [stamp.parked for stamp in versions.values() if stamp] == [(), ("box-1",)]
            assert found.base == min(versions)  # the one from before
            assert [(r["box"], r["total"]) for r in found.rows()] == [("box-1", 1), ("box-2", 0)]
            assert not boxes.at(cursor=before).parked
            assert boxes.skip("box-1", "no number")
            live.catch_up()
            decided = boxes.at(cursor=store.feed().end())
            assert (decided.rows()[0]["total"], dict(decided.parked)) == (3, {})
            assert decided.rows() == _folded_to(live, "boxes", Scope(skips=frozenset({("box-1", 3)})))

    def test_why_a_row_is_as_it_is(self, bench: Bench) -> None:
        with bench.open() as live:
            lived(bench, live)
            live.store.append("box-1", [labelled("poison"), filled(9)], expected=6)
            live.catch_up()
            steps = live.table(Boxes).why("box-1")
            assert [s.event.version for s in steps] == list(range(1, 9))
            assert [(s.after or {})["total"] for s in steps] == [0, 4, 2, 10, 10, 11, 11, 11]
            assert [bool(s.note) for s in steps] == [False] * 6 + [True] * 2
            assert [one.before for one in steps[1:]] == [one.after for one in steps[:-1]]
            spanning = live.table("owners").why("ada")
            assert sorted((s.event.stream, s.event.version) for s in spanning) == [
                *(("box-1", version) for version in (1, 2, 3, 4, 6, 8)),
                ("box-3", 1),
                ("box-3", 2),
            ]


def _apart(before: Rows, after: Rows) -> dict[str, tuple[Any, Any]]:
    old, new = ({row["box"]: row for row in rows} for rows in (before, after))
    return {k: (old.get(k), new.get(k)) for k in old.keys() | new.keys() if old.get(k) != new.get(k)}


def _differing(found: Diff) -> dict[str, tuple[Any, Any]]:
    return {change.key: (change.before, change.after) for change in found}


def _folded(live: Live) -> dict[str, Rows]:
    return {table.name: _folded_to(live, table.name, Scope()) for table in live.tables}


def _folded_to(live: Live, name: str, scope: Scope) -> Rows:
    layout = live.table(name).layout
    return shown_rows(layout, from_zero(live.store, layout, live.app.registry, scope=scope).rows)

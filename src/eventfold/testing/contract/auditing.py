"""Auditing: no alarm while nothing is wrong, and what a table was given never, or twice, is named, over any log."""

import random
from typing import Any

import pytest

from eventfold.app.live import Live
from eventfold.events.envelope import RecordedEvent
from eventfold.feed.port import Page
from eventfold.readmodels.audit.report import Audit
from eventfold.testing.contract.bench import Bench, OverALog
from eventfold.testing.contract.boxes import Boxes, filled, labelled, opened

_STREAMS = [f"box-{n}" for n in range(6)]


def _grow(live: Live, dice: random.Random, count: int) -> None:
    for _ in range(count):
        stream = dice.choice(_STREAMS)
        version = live.store.head(stream)
        event = filled(dice.randint(1, 9)) if version else opened()
        live.store.append(stream, [event], expected=version)


def _assert_quiet(audit: Audit) -> None:
    assert audit.findings == []
    audit.check()


class AuditingContract(OverALog):
    """What an audit finds, over any log."""

    @pytest.mark.slow
    @pytest.mark.parametrize("seed", range(3))
    def test_no_alarm_through_splits_restarts_rebuilds_and_parked_streams(
        self, bench: Bench, seed: int
    ) -> None:
        dice = random.Random(seed)  # noqa: S311 - to be repeated, no secret
        for turn in range(6):
            with bench.open() as live:
                _grow(live, dice, dice.randint(0, 8))
                if turn == 2:
                    live.store.append("box-9", [opened(), labelled("poison"), filled(1)], expected=0)
                live.catch_up()
                if dice.random() < 0.5:
                    bench.split()
                _grow(live, dice, dice.randint(0, 4))
                if turn == 4 and live.table(Boxes).parked():
                    live.table(Boxes).skip("box-9", "it is wrong")
                if dice.random() < 0.3:
                    live.table(Boxes).rebuild()
                _assert_quiet(live.verify(sample=dice.choice([None, 2])))
        with bench.open() as live:
            live.catch_up()
            audit = live.verify()
            _assert_quiet(audit)
            assert audit.recorded == audit.events == sum(live.store.head(s) for s in [*_STREAMS, "box-9"])
            assert all(table.rows for table in audit.tables)

    @pytest.mark.parametrize("copies", [0, 2])
    def test_an_event_that_a_table_was_given_never_or_twice_is_named(self, bench: Bench, copies: int) -> None:
        with bench.open() as live:
            _grow(live, random.Random(1), 20)  # noqa: S311 - as above
            feed: Any = live.store.feed()
            read, missed = feed.read, list(live.store.read(_STREAMS[0]))[-1]

            def given(*arguments: Any, **named: Any) -> Page:
                page: Page = read(*arguments, **named)
                return Page(_repeated(page.events, missed, copies), page.cursor, page.caught_up)

            feed.read = given
            try:
                live.table(Boxes)
                live.catch_up()
            finally:
                feed.read = read
            audit = live.verify()
            problem = "not-applied" if copies == 0 else "applied-twice"
            found = [f for f in audit.findings if f.where == "applied" and f.table == "boxes"]
            assert [(f.problem, f.stream, f.version) for f in found] == [
                (problem, missed.stream, missed.version)
            ]
            assert not audit.ok


def _repeated(events: Any, which: RecordedEvent, copies: int) -> list[RecordedEvent]:
    return [e for event in events for e in [event] * (copies if event.id == which.id else 1)]

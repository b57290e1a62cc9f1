"""Generated tables over generated histories: whatever the pages, restarts, rebuilds and splits, the fold of the log."""

import random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventfold.events.envelope import NewEvent, from_us
from eventfold.feed.cursor import Cursor
from eventfold.readmodels.asking.asof import AsOf
from eventfold.readmodels.declaring.table import TableSpec
from eventfold.readmodels.folding.projector import Projector
from eventfold.readmodels.port import Folded, Scope
from eventfold.readmodels.publishing.publisher import Publisher
from eventfold.store.port import ANY, Store
from eventfold.testing.contract.bench import (
    UNTYPED,
    Bench,
    OverALog,
    Rows,
    Span,
    assert_prefix,
    from_zero,
    shown_rows,
    waiting,
)
from eventfold.testing.generated import histories, tables

LAWS = settings(deadline=None, suppress_health_check=list(HealthCheck))
Answer = tuple[Rows, dict[str, Span]]


class LawsContract(OverALog):
    """What holds for any table, any history and any borders of pages."""

    def test_a_state_is_the_fold_of_the_log_up_to_its_cursor_after_every_page(self, bench: Bench) -> None:
        ordered = _ordered(bench)

        @settings(LAWS, max_examples=self.examples)
        @given(
            spec=tables(in_order=ordered),
            history=histories(most=20),
            limit=st.sampled_from([1, 3, 1000]),
            seed=st.integers(0, 99),
        )
        def holds(spec: TableSpec, history: list[tuple[str, NewEvent]], limit: int, seed: int) -> None:
            place, dice = bench.another(), random.Random(seed)  # noqa: S311 - to be repeated, no secret
            store = place.store()
            state, feed = place.table(store, spec).live(), store.feed()
            for stream, event in history:
                _append(store, stream, event)
                if dice.random() < 0.2:
                    Projector(state, feed, UNTYPED).step(limit)
                if dice.random() < 0.05:
                    place.split()
            while not Projector(state, feed, UNTYPED).step(limit).caught_up:  # a new one: a restart
                assert_prefix(store, state, UNTYPED)
            assert_prefix(store, state, UNTYPED)
            assert feed.compare(state.head().cursor, feed.end()) == "equal"
            store.close()

        holds()

    def test_a_table_at_any_moment_is_the_fold_from_zero(self, bench: Bench) -> None:
        ordered = _ordered(bench)

        @settings(LAWS, max_examples=self.examples // 2)
        @given(spec=tables(in_order=ordered), history=histories(most=12), seed=st.integers(0, 99))
        def holds(spec: TableSpec, history: list[tuple[str, NewEvent]], seed: int) -> None:
            place, dice = bench.another(), random.Random(seed)  # noqa: S311 - to be repeated, no secret
            store = place.store()
            table, feed = place.table(store, spec), store.feed()
            assert table.publication is not None
            moments: list[tuple[Cursor, Answer]] = [(feed.start(), ([], {}))]
            for n, (stream, event) in enumerate(history):
                _append(store, stream, event)
                if dice.random() < 0.4:
                    moments.append((feed.end(), _wanted(table.layout, store, feed.end(), Scope())))
                if dice.random() < 0.4:
                    Projector(table.live(), feed, UNTYPED).step(dice.randrange(1, 5))
                    Publisher(table.live(), table.publication, feed).publish()
                if n == len(history) // 2 and dice.random() < 0.5:
                    table.rebuild()
                if dice.random() < 0.1:
                    place.split()
            for cursor, wanted in moments:
                assert _given(table.at(cursor=cursor)) == wanted
            end = feed.end()
            until = dice.randrange(-6, 6) * 10**9
            found = table.at(time=from_us(until), clock="occurred")
            assert _given(found) == _wanted(table.layout, store, end, Scope(occurred_to_us=until))
            streams = [info.stream for info in store.streams()]
            for one in dice.sample(streams, min(2, len(streams))):
                last = next(store.read(one, backwards=True))
                found = table.at(time=last.recorded_at)
                wanted = _wanted(table.layout, store, end, Scope(recorded_to_us=last.recorded_us))
                assert _given(found) == wanted
            store.close()

        holds()


def _ordered(bench: Bench) -> bool:
    store = bench.store()
    try:
        return store.feed().capabilities.total_order
    finally:
        store.close()


def _append(store: Store, stream: str, event: NewEvent) -> None:
    store.append(stream, [event], expected=ANY)


def _given(found: AsOf) -> Answer:
    return found.rows(), waiting(dict(found.parked))


def _wanted(layout: Any, store: Store, to: Cursor, scope: Scope) -> Answer:
    folded: Folded = from_zero(store, layout, UNTYPED, to=to, scope=scope)
    return shown_rows(layout, folded.rows), waiting(dict(folded.parked))

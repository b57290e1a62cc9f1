"""A table at any moment equals the fold of the log from zero: through publications, rebuilds and parked streams."""

import tempfile
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventfold import ANY, NewEvent, Registry, Store, open_store
from eventfold.app.tables import LiveTable
from eventfold.engines.open import open_engine
from eventfold.readmodels.arrowform import EVENT_COLUMNS
from eventfold.readmodels.asof import AsOf
from eventfold.readmodels.history import ReferenceEngine
from eventfold.readmodels.layout import bind
from eventfold.readmodels.open import open_publication, open_state
from eventfold.readmodels.port import Folded, Scope
from eventfold.readmodels.projector import Projector
from eventfold.readmodels.publisher import Publisher
from eventfold.readmodels.table import TableSpec
from eventfold.testing.generated import histories, tables

REGISTRY = Registry(untyped=True)
Rows = list[dict[str, object]]


def table_over(store: Store, spec: TableSpec, lake: str) -> LiveTable:
    layout = bind(spec, total_order=True)
    state = open_state("sqlite://", store.log_id)
    publication = open_publication(lake, layout, store.log_id)
    return LiveTable(layout, store, state, REGISTRY, open_engine(), publication)


def move(table: LiveTable, store: Store, steps: int, limit: int) -> None:
    projector = Projector(table.live(), store.feed(), REGISTRY)
    for _ in range(steps):
        projector.step(limit)
    assert table.publication is not None
    Publisher(table.live(), table.publication, store.feed()).publish()


def from_zero(table: LiveTable, store: Store, position: int, scope: Scope) -> Folded:
    feed = store.feed()
    events = feed.arrow(feed.start(), feed.at_position(position), EVENT_COLUMNS)
    return ReferenceEngine().fold(events, table.layout, REGISTRY, scope=scope)


def shown(found: AsOf) -> tuple[Rows, dict[str, tuple[int, int]]]:
    return found.rows(), {s: (p.version, p.last_version) for s, p in found.parked.items()}


def expected(table: LiveTable, folded: Folded) -> tuple[Rows, dict[str, tuple[int, int]]]:
    names = [slot.name for _, slot in table.layout.shown]
    rows: Rows = folded.rows.select(names).sort_by(table.layout.spec.key_name).to_pylist()
    return rows, {s: (p.version, p.last_version) for s, p in folded.parked.items()}


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(spec=tables(), history=histories(most=12), limit=st.sampled_from([1, 3]), data=st.data())
def test_every_position_of_every_history(
    spec: TableSpec, history: list[tuple[str, NewEvent]], limit: int, data: st.DataObject
) -> None:
    store = open_store("sqlite://")
    with tempfile.TemporaryDirectory() as lake:
        table = table_over(store, spec, lake)
        for number, (stream, event) in enumerate(history):
            store.append(stream, [event], expected=ANY)
            if data.draw(st.integers(0, 2)) == 0:
                move(table, store, data.draw(st.integers(0, 3)), limit)
            if number == len(history) // 2 and data.draw(st.booleans()):
                table.rebuild()
        for position in range(len(history) + 1):
            wanted = from_zero(table, store, position, Scope())
            assert shown(table.at(position=position)) == expected(table, wanted)
        if history:
            until = data.draw(st.integers(-6, 6)) * 10**9
            found = table.at(time=_time(until), clock="occurred")
            wanted = from_zero(table, store, len(history), Scope(occurred_to_us=until))
            assert shown(found) == expected(table, wanted)
    store.close()


def test_a_question_goes_on_from_the_nearest_published_version() -> None:
    from eventfold.readmodels import columns as c
    from eventfold.readmodels.table import compile_table
    from eventfold.testing.making import make

    spec = compile_table("boxes", "box", {"id": c.key(), "events": c.count("Noted")})
    store = open_store("sqlite://")
    with tempfile.TemporaryDirectory() as lake:
        table = table_over(store, spec, lake)
        for _ in range(10):
            store.append("box-1", [make()], expected=ANY)
            move(table, store, 1, 100)
        found = table.at(position=7)
        assert (found.base, found.events, found.rows()[0]["events"]) == (6, 0, 7)
        recorded = list(store.read("box-1"))[3].recorded_at
        at_time = table.at(time=recorded)
        assert at_time.rows() == table.at(cursor=at_time.cursor).rows()
        assert at_time.rows()[0]["events"] >= 4
    store.close()


def _time(us: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)

"""The view `events`: whatever is not read for a question would not have been in its answer."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import eventfold as ef
from eventfold.errors import InvalidStream, QueryInvalid, StorageBusy, StoreClosed, TableInvalid
from eventfold.limits import INT_MAX
from eventfold.readmodels.asking.query import query
from eventfold.readmodels.asking.query_events import show_events
from eventfold.readmodels.eventview.dataset import Events
from eventfold.readmodels.eventview.pruning import MOST_POINTS, Pruned
from eventfold.store.cosmos.requests.settings import KEY
from eventfold.store.port import Store
from eventfold.testing.cosmos import StandIn
from eventfold.testing.making import make
from eventfold.testing.partitioned import PartitionedStore
from tests.laws import examples

COLUMNS = [
    *("position", "stream", "category", "version", "type", "recorded_at", "occurred_at", "actor"),
    *("correlation_id", "data", "metadata"),
]
STREAMS = ["order-1", "order-2", "order-10", "cart-1", 'cart-it\'s "7"%', "ä-1"]
TYPES = ["Created", "Paid", "All, (done)", "paid"]


def fill(store: Store) -> None:
    versions = dict.fromkeys(STREAMS, 0)
    for n in range(60):
        stream = STREAMS[n * 7 // 3 % len(STREAMS)]
        event_type, actor = TYPES[n % len(TYPES)], f'{{"actor":"Ada","correlationId":"c-{n % 3}"}}'
        event = make(n, event_type=event_type, metadata=actor if n % 2 else "{}", occurred_us=n * 1_000_000)
        store.append(stream, [event], expected=versions[stream])
        versions[stream] += 1


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Store]]:
    folder = tmp_path_factory.mktemp("logs")
    with pytest.MonkeyPatch.context() as patch, StandIn(partitions=2, key="c3RhbmQtaW4=") as account:
        patch.setenv(KEY, "c3RhbmQtaW4=")
        found = [
            ef.open_store(f"sqlite:///{folder}/log.db"),
            PartitionedStore(ef.open_store(f"sqlite:///{folder}/other.db")),
            ef.open_store(account.url("shop")),
        ]
        for store in found:
            fill(store)
        yield found
        for store in found:
            store.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with_events = ef.open_store(f"sqlite:///{tmp_path}/log.db")
    fill(with_events)
    yield with_events
    with_events.close()


def pruned_by(store: Store, where: str) -> tuple[Pruned, list[Any]]:
    """What one scan had to read for a condition, and what it answered."""
    with duckdb.connect() as db:
        events = show_events(db, store)
        rows = db.execute(f"SELECT data ->> 'n' FROM events WHERE {where} ORDER BY 1").fetchall()
    (found,) = events.scans
    return found, [int(row[0]) for row in rows]


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


texts = st.sampled_from([*STREAMS, *TYPES, "order", "cart", "nothing-1", "", "no stream", "a/b-1"]).map(
    quoted
)
numbers = st.sampled_from([-1, 0, 1, 2, 7, 30, 59, 60, 61, INT_MAX]).map(str)
comparisons = st.sampled_from(["=", "<>", "<", "<=", ">", ">=", "IS DISTINCT FROM"])
names = st.sampled_from(["stream", "category", "type"])
in_lists = st.lists(texts, min_size=1, max_size=4).map(", ".join)
leaves = st.one_of(
    st.builds("{} {} {}".format, names, comparisons, texts),
    st.builds("{} {} IN ({})".format, names, st.sampled_from(["", "NOT"]), in_lists),
    st.builds("{} {} {}".format, st.sampled_from(["position", "version"]), comparisons, numbers),
    st.builds("position BETWEEN {} AND {}".format, numbers, numbers),
    st.builds("position IN ({}, {})".format, numbers, numbers),
    st.builds("{} {} {}".format, names, comparisons, names),
    st.builds("{} LIKE {}".format, names, st.sampled_from(["'order-1%'", "'%d'", "'_art%'"])),
    st.builds("{} IS {} NULL".format, st.sampled_from(COLUMNS), st.sampled_from(["", "NOT"])),
    st.builds("occurred_at {} TIMESTAMPTZ '1970-01-01 00:00:30Z'".format, comparisons),
    st.builds("actor {} 'Ada'".format, comparisons),
    st.builds("{} IN (SELECT {} FROM events WHERE version = 2)".format, names, names),
)
conditions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds("({} AND {})".format, inner, inner),
        st.builds("({} OR {})".format, inner, inner),
        st.builds("(NOT {})".format, inner),
    ),
    max_leaves=5,
)


@pytest.mark.slow
@pytest.mark.more_at_night
@pytest.mark.parametrize("which", [0, 1, 2], ids=["sqlite", "partitioned", "cosmos"])
@settings(
    max_examples=examples(20, nightly=120),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@example(where="stream = 'order-1' AND type IS NOT NULL")
@example(where="type IN ('Created', 'Paid', 'nothing-1')")
@example(where="category IN ('order', 'cart') AND (position > 5 OR position IS NULL)")
@example(where="stream IN ('order-1', 'cart-1') AND version = 2")
@example(where="(stream = 'order-1' OR type = 'Paid') AND NOT position = 7")
@example(where="position IS NULL AND version > 5")
@example(where="position IS NULL OR position = 5")
@example(where="type NOT IN ('Paid') AND category IN ('order', 'cart')")
@given(where=conditions)
def test_a_question_is_answered_alike_whether_or_not_it_is_taken_to_the_log(
    stores: list[Store], which: int, where: str
) -> None:
    store = stores[which]
    sql = f"SELECT stream, version, position, data ->> 'n' AS n FROM events WHERE {where}"
    answered = [str(row) for row in query((), sql, log=store)]
    with duckdb.connect() as db:
        # DuckDB's own table, filled without any condition: nothing is handed over
        db.register("all_events", Events(store, pruned=False))
        db.execute(
            "CREATE TABLE events AS SELECT *, metadata ->> '$.actor' AS actor,"
            " metadata ->> '$.correlationId' AS correlation_id FROM all_events"
        )
        wanted = [str(row) for row in db.execute(sql).fetchall()]
    assert sorted(answered) == sorted(wanted)


@pytest.mark.parametrize(
    ("where", "wanted"),
    [
        ("stream = 'order-1'", Pruned(streams=["order-1"])),
        ("stream IN ('order-1', 'cart-1') AND version < 3", Pruned(streams=["cart-1", "order-1"])),
        ("stream = 'order-' || '1'", Pruned(streams=["order-1"])),
        ("type = 'Paid' AND category = 'order'", Pruned(categories=["order"], types=["Paid"])),
        ("type = 'Paid' OR type = 'paid'", Pruned(types=["Paid", "paid"])),
        ("position > 10 AND position <= 20", Pruned(positions=[(11, 20)])),
        ("position = 3 OR position BETWEEN 7 AND 9", Pruned(positions=[(3, 3), (7, 9)])),
        ("position >= 5", Pruned(positions=[(5, INT_MAX)])),
        ("type = 'Paid' OR position < 4", Pruned()),
        ("type <> 'Paid'", Pruned()),
        ("stream = 'order-1' AND stream = 'order-2'", None),
    ],
)
def test_what_a_condition_leaves_to_be_read(store: Store, where: str, wanted: Pruned | None) -> None:
    if wanted is None:
        assert list(query((), f"SELECT * FROM events WHERE {where}", log=store)) == []
        return
    found, _ = pruned_by(store, where)
    assert (found.streams, found.categories, found.types) == (wanted.streams, wanted.categories, wanted.types)
    assert list(found.positions) == list(wanted.positions)


def test_more_constants_than_are_tried_still_give_every_row(store: Store) -> None:
    many = ", ".join(quoted(f"order-{n}") for n in range(MOST_POINTS + 10))
    found, rows = pruned_by(store, f"stream IN ({many})")
    assert found.streams is None
    wanted = [n for n in range(60) if STREAMS[n * 7 // 3 % len(STREAMS)].startswith("order-")]
    assert sorted(rows) == wanted


class Watched:
    """A feed that notes what is read of it, and may fail on the way."""

    def __init__(self, feed: Any, *, failing: bool = False) -> None:
        self._feed = feed
        self._failing = failing
        self.read: list[int] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._feed, name)

    def arrow(self, *arguments: Any, **options: Any) -> Iterator[Any]:
        for batch in self._feed.arrow(*arguments, **options):
            self.read.append(batch.num_rows)
            yield batch
            if self._failing:
                raise StorageBusy("The log is busy.")


def watched(store: Store, *, failing: bool = False) -> tuple[Any, Watched]:
    feed = Watched(store.feed(), failing=failing)

    class Around:
        def feed(self) -> Any:
            return feed

        def __getattr__(self, name: str) -> Any:
            return getattr(store, name)

    return Around(), feed


def test_a_condition_on_stream_type_category_or_position_reads_no_more_of_the_log(store: Store) -> None:
    for where, most in [
        ("stream = 'order-1'", 0),
        ("type = 'Paid'", 15),
        ("category = 'ä'", 20),
        ("position BETWEEN 4 AND 6", 3),
        ("position > 1000", 0),
        ("stream = 'nothing-1'", 0),
    ]:
        around, feed = watched(store)
        query((), f"SELECT * FROM events WHERE {where}", log=around)
        assert sum(feed.read) <= most, where
    around, feed = watched(store)
    assert len(query((), "SELECT * FROM events WHERE stream LIKE 'order%'", log=around)) > 0
    assert sum(feed.read) == 60


def test_a_log_that_fails_on_the_way_is_an_error_and_never_a_shorter_answer(store: Store) -> None:
    around, _ = watched(store, failing=True)
    with pytest.raises(StorageBusy, match="busy"):
        query((), "SELECT count(*) FROM events", log=around)
    store.close()
    with pytest.raises(StoreClosed):
        query((), "SELECT count(*) FROM events", log=store)


def test_every_scan_of_a_question_sees_the_same_moment(store: Store) -> None:
    with duckdb.connect() as db:
        show_events(db, store)
        assert db.execute("SELECT count(*) FROM events").fetchall() == [(60,)]
        head = store.head("order-1")
        store.append("order-1", [make(99)], expected=head)
        for where in ("true", "stream = 'order-1'", "position > 0"):
            sql = f"SELECT count(*) FROM events WHERE {where} AND data ->> 'n' = '99'"
            assert db.execute(sql).fetchall() == [(0,)]
    assert [tuple(row) for row in query((), "SELECT max(position) FROM events", log=store)] == [(61,)]


def test_the_columns_and_the_types_of_the_view(store: Store) -> None:
    found = query((), "SELECT * FROM events WHERE position = 2", log=store)
    assert found.columns == COLUMNS
    (row,) = found.rows()
    assert (row["position"], row["stream"], row["category"], row["version"]) == (2, STREAMS[2], "order", 1)
    assert (row["type"], row["actor"], row["correlation_id"]) == ("Paid", "Ada", "c-1")
    assert row["occurred_at"].isoformat() == "1970-01-01T00:00:01+00:00"
    assert (row["data"], row["metadata"]) == ('{"n":1}', '{"actor":"Ada","correlationId":"c-1"}')
    described = query((), "DESCRIBE events", log=store)
    assert [row["column_name"] for row in described.rows()] == COLUMNS
    assert [row["column_type"] for row in described.rows()][-2:] == ["JSON", "JSON"]
    assert query((), "SHOW TABLES", log=store).rows() == [{"name": "events"}]


def test_positions_are_absent_where_a_log_has_no_order_of_all_its_events(stores: list[Store]) -> None:
    for store in stores[1:]:
        rows = list(query((), "SELECT position FROM events WHERE stream = 'order-1'", log=store))
        assert set(rows) == {(None,)}


def test_a_table_that_is_not_there_is_told_with_those_that_are(store: Store) -> None:
    with pytest.raises(QueryInvalid, match="did you mean events"):
        query((), "SELECT * FROM event", log=store)
    with pytest.raises(QueryInvalid, match="There is no table events"):
        query((), "SELECT * FROM events")


def test_no_stored_text_becomes_sql(store: Store) -> None:
    hostile = "x'; DROP TABLE events; --"
    rows = list(query((), "SELECT count(*) FROM events WHERE stream = ? OR type = $1", [hostile], log=store))
    assert rows == [(0,)]
    with pytest.raises(InvalidStream):
        store.head("a/b-1")
    assert list(query((), "SELECT stream FROM events WHERE stream = 'a/b-1'", log=store)) == []


def test_events_stand_beside_the_tables_of_an_app(tmp_path: Path) -> None:
    class Paid(ef.Event):
        amount: int

    class Payments(ef.Table, category="order"):
        order = ef.key()
        amount = ef.sum(Paid.amount)

    app = ef.App("shop", events=[Paid], tables=[Payments])
    with app.open(f"sqlite:///{tmp_path}/shop.db") as live:
        event = ef.NewEvent(ef.new_id(), "Paid", 1, '{"amount":7}')
        live.store.append("order-1", [event], expected=0)
        live.catch_up()
        sql = "SELECT amount, type FROM payments JOIN events ON stream = payments.order"
        assert live.query(sql).rows() == [{"amount": 7, "type": "Paid"}]
        assert {row["name"] for row in live.query("SHOW TABLES").rows()} == {"events", "payments"}


def test_no_table_is_called_events() -> None:
    with pytest.raises(TableInvalid, match="name="):

        class Events(ef.Table, category="order"):
            order = ef.key()
            n = ef.count()

    class Other(ef.Table, category="order", name="event_rows"):
        order = ef.key()
        n = ef.count()

    assert Other.spec.name == "event_rows"

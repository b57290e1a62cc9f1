"""Hostile and mistaken input: each gets the error with its code, and nothing is written."""

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import eventfold as ef
from eventfold.errors import EventfoldError
from eventfold.events.jsontext import compact_object
from eventfold.events.metadata import read_metadata
from eventfold.feed.cursor import Mark, read_cursor
from eventfold.testing.making import make, make_many

STREAM = "order-1"


class Paid(ef.Event):
    amount: Decimal
    units: int = 0
    at: datetime = datetime(2024, 1, 1, tzinfo=UTC)
    note: str = ""


class Renamed(ef.Event, version=2):
    name: str


@ef.upcast(Renamed, 1)
def fails(data: dict[str, Any]) -> dict[str, Any]:
    raise KeyError("name")


class Order(ef.Aggregate[Paid]):
    total: Decimal = Decimal(0)

    def apply(self, event: Paid) -> None:
        self.total += event.amount


class Totals(ef.Table, category="order"):
    order = ef.key()
    units = ef.last(Paid.units)
    name = ef.last(Renamed.name)
    events = ef.count()


APP = ef.App("shop", aggregates=[Order], tables=[Totals], events=[Renamed])
Bad = Callable[[ef.Store], object]


def append(*events: ef.NewEvent, stream: str = STREAM, expected: Any = ef.ANY) -> Bad:
    return lambda store: store.append(stream, list(events), expected=expected)


def encode(**fields: Any) -> Bad:
    return lambda store: store.append(STREAM, [APP.registry.encode(Paid(**fields))], expected=ef.ANY)


def decode(data: str, event_type: str = "Paid", version: int = 1) -> Bad:
    return lambda _store: APP.registry.decode(ef.NewEvent(ef.new_id(), event_type, version, data))


def text(source: str | bytes) -> Bad:
    return lambda _store: compact_object(source)


def reused(store: ef.Store) -> object:
    first = next(iter(store.read("order-0")))
    return store.append("order-0", [make(9, event_id=first.id)], expected=ef.ANY)


def twice(store: ef.Store) -> object:
    event = make(1)
    return store.append(STREAM, [event, event], expected=ef.ANY)


def foreign(store: ef.Store) -> object:
    return store.feed().lag(ef.Cursor("another-log", store.feed().end().marks))


def beyond(store: ef.Store) -> object:
    return store.feed().read(ef.Cursor(store.log_id, {"0": Mark(99, "0" * 32)}), 1)


def with_context(**keys: Any) -> Bad:
    def call(store: ef.Store) -> None:
        with ef.context(**keys):
            ef.Repository(store, APP.registry, Order).execute(
                STREAM, lambda order: order.raise_event(Paid(amount=Decimal(1)))
            )

    return call


def orders(call: Callable[[ef.Repository[Order]], object]) -> Bad:
    return lambda store: call(ef.Repository(store, APP.registry, Order))


BIG = "x" * (901 * 1024)
CASES: list[tuple[str, Bad, str]] = [
    ("truncated JSON", text('{"a": [1, 2'), "json-invalid"),
    ("a hundred thousand brackets", text('{"a":' + "[" * 100_000), "json-too-deep"),
    ("a number that becomes infinite", text('{"a": 1e400}'), "number-not-finite"),
    ("NaN", text('{"a": NaN}'), "number-not-finite"),
    ("a number of 5,000 digits", text('{"a": ' + "7" * 5_000 + "}"), "number-too-large"),
    ("a key twice", text('{"a": 1, "a": 2}'), "json-duplicate-key"),
    ("an escaped NUL in JSON", text('{"a": "\\u0000"}'), "text-has-nul"),
    ("an escaped NUL in stored text", append(make(data={"a": "\0"})), "text-has-nul"),
    ("a NUL in a typed event", encode(amount=Decimal(1), note="a\0b"), "text-has-nul"),
    ("bytes that are no UTF-8", text(b'{"a": "\xff"}'), "encoding-invalid"),
    ("UTF-16", text('{"a": 1}'.encode("utf-16")), "encoding-invalid"),
    ("a byte order mark", text(b'\xef\xbb\xbf{"a": 1}'), "encoding-invalid"),
    ("a lone surrogate", encode(amount=Decimal(1), note="\ud800"), "encoding-invalid"),
    ("an array at the top", text("[1]"), "object-expected"),
    ("text at the top", text('"a"'), "object-expected"),
    ("null at the top", text("null"), "object-expected"),
    ("an event above 900 KiB", append(make(data={"a": BIG})), "event-too-large"),
    ("a stream name of 256 bytes", append(make(), stream="order-" + "ä" * 125), "stream-name-too-long"),
    ("a slash in a stream", append(make(), stream="order-a/b"), "stream-name-invalid"),
    ("a backslash in a stream", append(make(), stream="order-a\\b"), "stream-name-invalid"),
    ("a question mark in a stream", append(make(), stream="order-a?b"), "stream-name-invalid"),
    ("a hash in a stream", append(make(), stream="order-a#b"), "stream-name-invalid"),
    ("a line feed in a stream", append(make(), stream="order-a\nb"), "stream-name-invalid"),
    ("two dots", append(make(), stream=".."), "stream-name-invalid"),
    ("a path upwards", append(make(), stream="../../etc/x"), "stream-name-invalid"),
    ("a drive", append(make(), stream="C:\\x"), "stream-name-invalid"),
    ("an escaped path", append(make(), stream="%2e%2e"), "stream-name-invalid"),
    ("$all", append(make(), stream="$all-1"), "stream-reserved"),
    ("__system", append(make(), stream="__system-1"), "stream-reserved"),
    ("SQL as event type", append(make(event_type="'; DROP TABLE x;--")), "event-type-invalid"),
    ("an event type of 129", append(make(event_type="x" * 129)), "event-type-invalid"),
    ("metadata that are a list", lambda _s: read_metadata("[1]"), "metadata-invalid"),
    ("metadata above 64 KiB", with_context(note="x" * 70_000), "metadata-invalid"),
    ("metadata of the system", with_context(position=7), "metadata-reserved"),
    ("the time of recording", with_context(recorded_at="2024"), "metadata-reserved"),
    ("money as float", encode(amount=0.1), "decimal-as-string-required"),
    ("a whole number of 65 bits", encode(amount=Decimal(1), units=2**63), "integer-out-of-range"),
    ("text where a number belongs", encode(amount=Decimal(1), units="7"), "payload-invalid"),
    ("truth where a number belongs", encode(amount=Decimal(1), units=True), "payload-invalid"),
    ("a naive time", encode(amount=Decimal(1), at=datetime(2024, 1, 1)), "time-invalid"),  # noqa: DTZ001
    ("30 February", decode('{"amount":"1","at":"2024-02-30T00:00:00Z"}'), "time-invalid"),
    ("a zone of 99 hours", decode('{"amount":"1","at":"2024-01-01T00:00:00+99:00"}'), "time-invalid"),
    ("an infinite decimal", encode(amount=Decimal("Infinity")), "number-not-finite"),
    ("a reversed range", lambda s: list(s.read("order-0", after=5, to=2)), "range-invalid"),
    ("a negative bound", lambda s: list(s.read("order-0", after=-5)), "range-invalid"),
    ("a damaged cursor", lambda _s: read_cursor("{"), "cursor-invalid"),
    ("a cursor of another log", foreign, "foreign-cursor"),
    ("a cursor beyond the end", beyond, "checkpoint-beyond-head"),
    ("a stream that is not there", orders(lambda r: r.load("order-7")), "stream-not-found"),
    ("another category", orders(lambda r: r.load("cart-7")), "category-mismatch"),
    ("a version that is not reached", orders(lambda r: r.at("order-0", version=9)), "position-beyond-head"),
    ("a wrong expected version", append(make(), expected=7), "wrong-expected-version"),
    ("an expected version of -7", append(make(), expected=-7), "expected-version-invalid"),
    ("an expected version in words", append(make(), expected="abc"), "expected-version-invalid"),
    ("half an expected version", append(make(), expected=1.5), "expected-version-invalid"),
    ("a true expected version", append(make(), expected=True), "expected-version-invalid"),
    ("an id with other content", reused, "event-id-reused"),
    ("an id twice in a batch", twice, "event-id-duplicated"),
    ("no events", append(), "batch-empty"),
    ("10,001 events", append(*make_many(10_001)), "batch-too-large"),
    ("an unknown type", decode("{}", "Nothing"), "event-type-unknown"),
    ("a type that looks like a module", decode("{}", "os:system"), "event-type-unknown"),
    ("a missing field", decode('{"units": 1}'), "payload-invalid"),
    ("a field too many", decode('{"amount": "1", "more": 1}'), "payload-invalid"),
    ("a schema version of tomorrow", decode("{}", "Renamed", 3), "schema-version-unknown"),
    ("an upcaster that raises", decode("{}", "Renamed", 1), "upcaster-failed"),
]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ef.Store]:
    store = ef.open_store(f"sqlite:///{tmp_path}/log.db")
    store.append("order-0", [APP.registry.encode(Paid(amount=Decimal(1)))], expected=0)
    yield store
    store.close()


@pytest.mark.parametrize(("call", "code"), [pytest.param(c, code, id=name) for name, c, code in CASES])
def test_it_is_refused_by_its_code_and_nothing_is_written(
    store: ef.Store, tmp_path: Path, call: Bad, code: str
) -> None:
    end, files = store.feed().end(), sorted(p.name for p in tmp_path.iterdir())
    with pytest.raises(EventfoldError) as caught:
        call(store)
    error = caught.value
    assert error.code == code
    assert error.outcome == "not_applied"
    assert error.status >= 400
    assert error.exit_code >= 2
    assert len(error.message) < 600
    assert store.feed().end() == end
    left = [p.name for p in tmp_path.iterdir() if "snapshots" not in p.name]
    assert sorted(left) == [name for name in files if "snapshots" not in name]


def test_a_missing_link_of_upcasters_is_refused_when_the_app_is_built() -> None:
    class Third(ef.Event, version=3):
        name: str

    with pytest.raises(EventfoldError) as caught:
        ef.App("shop", events=[Third])
    assert caught.value.code == "upcaster-missing"


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (ef.NewEvent(ef.new_id(), "os:system", 1, '{"command":"true"}'), "event-type-unknown"),
        (ef.NewEvent(ef.new_id(), "subprocess:Popen", 1, "{}"), "event-type-unknown"),
        (ef.NewEvent(ef.new_id(), "Renamed", 1, "{}"), "upcaster-failed"),
        (ef.NewEvent(ef.new_id(), "Paid", 1, '{"amount":"1","units":"many"}'), "value-unfit"),
    ],
)
def test_what_cannot_be_folded_is_parked_with_its_place_and_runs_nothing(
    tmp_path: Path, event: ef.NewEvent, code: str
) -> None:
    with APP.open(f"sqlite:///{tmp_path}/log.db") as live:
        live.catch_up()  # loads what folding needs
        live.store.append("order-1", [event], expected=0)
        live.store.append("order-2", [APP.registry.encode(Paid(amount=Decimal(1)))], expected=0)
        modules = set(sys.modules)
        live.catch_up()
        assert set(sys.modules) == modules
        parked = live.table(Totals).parked()
        assert (parked["order-1"].code, parked["order-1"].position) == (code, 1)
        assert live.table(Totals).get("order-2")["events"] == 1


def test_a_worker_without_its_lease_is_fenced(tmp_path: Path) -> None:
    with APP.open(f"sqlite:///{tmp_path}/log.db") as live:
        state = live.table(Totals).live()
        state.acquire("one", 60)
        with pytest.raises(EventfoldError) as caught:
            state.acquire("another", 60)
        assert caught.value.code == "owner-fenced"

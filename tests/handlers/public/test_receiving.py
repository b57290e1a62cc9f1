"""The inbox: each (source, id) once, in order by key, whatever is repeated, and durable before anybody is thanked."""

import json
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import eventfold as ef
from eventfold.bus.cloudevents.attributes import BATCH, STRUCTURED
from eventfold.bus.cloudevents.reading import Incoming
from eventfold.errors import DefinitionError, EventfoldError, EventTooLarge, InvalidJson, OutcomeUnknown
from eventfold.handlers.public import inbox
from eventfold.handlers.public.inbox import stream_of
from eventfold.handlers.public.receiving import keep_unreadable, receive, take
from eventfold.store.cosmos.requests.settings import KEY
from eventfold.store.names import category_of
from eventfold.testing.cosmos import StandIn

Sent = tuple[str, str, str]
"""Source, id and key of an event."""


def incoming(source: str, name: str, key: str, data: str = "{}") -> Incoming:
    return Incoming(source, name, "com.example.paid", {"subject": key}, "application/json", data)


def kept(store: ef.Store) -> dict[str, list[tuple[str, str]]]:
    """What each stream of the inbox holds, in its order."""
    found = {}
    for info in store.streams("inbox_payments"):
        data = [json.loads(event.data) for event in store.read(info.stream)]
        found[info.stream] = [(one["source"], one["id"]) for one in data]
    return found


def body(*events: Sent) -> bytes:
    made = [
        {"specversion": "1.0", "source": s, "id": i, "type": "t", "subject": k, "data": {}}
        for s, i, k in events
    ]
    return json.dumps(made).encode()


_events = st.tuples(st.sampled_from(["/a", "/b"]), st.sampled_from("1234"), st.sampled_from(["k", "l/m"]))


@st.composite
def deliveries(draw: st.DrawFn) -> list[list[Sent]]:
    """Messages of some events, each of which comes at least once, and keeps its key."""
    keys = {(source, name): key for source, name, key in draw(st.lists(_events, min_size=1, max_size=8))}
    sent = [(source, name, key) for (source, name), key in keys.items()]
    again = draw(st.lists(st.sampled_from(sent), max_size=8))
    order = draw(st.permutations([*sent, *again]))
    cuts = draw(st.lists(st.integers(0, len(order)), max_size=4))
    edges = [0, *sorted(cuts), len(order)]
    return [list(order[a:b]) for a, b in pairwise(edges)]


def once_and_in_order(messages: Sequence[Sequence[Sent]], store: ef.Store) -> bool:
    for message in messages:
        answers = receive(store, "payments", body(*message), BATCH)
        assert len(answers) == len(message)
    expected: dict[str, list[tuple[str, str]]] = {}
    for source, name, key in dict.fromkeys(sent for message in messages for sent in message):
        expected.setdefault(stream_of("payments", key), []).append((source, name))
    return kept(store) == expected


@settings(max_examples=80, deadline=None)
@given(deliveries())
def test_repeats_in_any_order_leave_each_event_once_and_keys_in_order(messages: list[list[Sent]]) -> None:
    with ef.open_store("sqlite://") as store:
        assert once_and_in_order(messages, store)
        assert once_and_in_order(messages, store)


def test_ids_that_are_not_derived_double_what_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "_derived", lambda *_parts: uuid4())
    with ef.open_store("sqlite://") as store:
        assert not once_and_in_order([[("/a", "1", "k")], [("/a", "1", "k")]], store)


@pytest.fixture(params=["sqlite", "cosmos"])
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[ef.Store]:
    if request.param == "sqlite":
        with ef.open_store("sqlite://") as found:
            yield found
    else:
        monkeypatch.setenv(KEY, "c3RhbmQtaW4=")
        with (
            StandIn(partitions=2, key="c3RhbmQtaW4=") as account,
            ef.open_store(account.url("shop")) as found,
        ):
            yield found


def test_an_answer_says_where_each_event_stands(store: ef.Store) -> None:
    first = take(store, "payments", [incoming("/a", "1", "k"), incoming("/a", "2", "k")])
    assert first == [("inbox_payments-k", 1, False), ("inbox_payments-k", 2, False)]
    mixed = [
        incoming("/a", "2", "k"),
        incoming("/a", "3", "k"),
        incoming("/b", "2", "l"),
        incoming("/a", "3", "k"),
    ]
    assert take(store, "payments", mixed) == [
        ("inbox_payments-k", 2, True),
        ("inbox_payments-k", 3, False),
        ("inbox_payments-l", 1, False),
        ("inbox_payments-k", 3, True),
    ]


def test_the_first_event_of_an_id_counts(store: ef.Store) -> None:
    take(store, "payments", [incoming("/a", "1", "k", '{"n":1}')])
    (again,) = take(store, "payments", [incoming("/a", "1", "k", '{"n":2}')])
    assert again == ("inbox_payments-k", 1, True)
    (event,) = store.read("inbox_payments-k")
    assert json.loads(event.data)["text"] == '{"n":1}'
    (other,) = take(store, "refunds", [incoming("/a", "1", "k", '{"n":2}')])
    assert other == ("inbox_refunds-k", 1, False)


def test_what_is_stored_says_all_that_arrived_and_carries_the_trace() -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    sent = {
        "specversion": "1.0",
        "source": "/a",
        "id": "1",
        "type": "com.example.paid",
        "time": "2026-01-02T03:04:05.123456789Z",
        "correlationid": "talk-1",
        "causationid": "c-1",
        "traceparent": trace,
        "data": {"amount": "1.50"},
    }
    with ef.open_store("sqlite://") as store:
        receive(store, "payments", json.dumps(sent, indent=2).encode(), STRUCTURED)
        (event,) = store.read("inbox_payments-1")
    assert event.type == "PublicEventReceived"
    assert event.id.version == 8
    assert event.occurred_at.isoformat() == "2026-01-02T03:04:05.123456+00:00"
    assert event.metadata_map() == {"correlationId": "talk-1", "causationId": "c-1", "traceparent": trace}
    data = event.data_map()
    assert data["text"] == '{\n    "amount": "1.50"\n  }'
    assert data["attributes"]["time"] == sent["time"]


@pytest.mark.parametrize(
    "refused",
    [
        {"source": "/a", "id": "2", "type": ""},
        {"source": "/a", "id": "2", "type": "t", "data": "x" * 1_000_000},
    ],
)
def test_of_a_message_that_is_refused_nothing_is_written(refused: dict[str, Any]) -> None:
    good = {"specversion": "1.0", "source": "/a", "id": "1", "type": "t"}
    with ef.open_store("sqlite://") as store:
        with pytest.raises(EventfoldError) as caught:
            receive(store, "payments", json.dumps([good, {**good, **refused}]).encode(), BATCH)
        assert caught.value.status in {413, 422}
        assert kept(store) == {}


def test_what_cannot_be_read_is_kept_with_its_bytes_in_a_stream_of_its_own() -> None:
    content, error = b'{"id": \xff', InvalidJson("This is not JSON.")
    with ef.open_store("sqlite://") as store:
        first = keep_unreadable(store, "payments", content, STRUCTURED, error)
        again = keep_unreadable(store, "payments", content, STRUCTURED, error)
        other = keep_unreadable(store, "payments", b"{", STRUCTURED, error)
        assert (first.deduplicated, again) == (False, first._replace(deduplicated=True))
        assert other.stream != first.stream
        (event,) = store.read(first.stream)
        assert category_of(event.stream) == "inbox_payments"
        assert (event.type, event.data_map()["code"]) == ("PublicEventUnreadable", "json-invalid")
        with pytest.raises(EventTooLarge):
            keep_unreadable(store, "payments", b"x" * 900_000, STRUCTURED, error)


_keys = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=300)


@settings(max_examples=150, deadline=None)
@given(_keys, _keys)
def test_every_key_has_a_stream_of_its_own_that_can_be_named(one: str, two: str) -> None:
    first, second = stream_of("payments", one), stream_of("payments", two)
    assert category_of(first) == category_of(second) == "inbox_payments"
    assert (first == second) == (one == two)


@pytest.mark.parametrize(
    ("key", "stream"),
    [
        ("order-7", "inbox_payments-order-7"),
        ("a/b", "inbox_payments-a%2Fb"),
        ("a%2Fb", "inbox_payments-a%252Fb"),
        ("../../etc", "inbox_payments-..%2F..%2Fetc"),
    ],
)
def test_a_key_is_seen_in_the_name_of_its_stream(key: str, stream: str) -> None:
    assert stream_of("payments", key) == stream


@pytest.mark.parametrize("name", ["", "Payments", "pay-ments", "1pay", "a" * 41, None])
def test_an_inbox_has_a_plain_name(name: Any) -> None:
    with ef.open_store("sqlite://") as store, pytest.raises(DefinitionError, match="no name of a source"):
        take(store, name, [])


class Losing:
    """A log that writes and then loses the answer, once for each call that is named."""

    def __init__(self, store: ef.Store) -> None:
        self._store = store
        self.lost: list[UUID] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def append_all(self, writes: Sequence[ef.Write]) -> Any:
        self._store.append_all(writes)
        raise OutcomeUnknown("The answer was lost.")

    def append(self, stream: str, events: Sequence[ef.NewEvent], *, expected: ef.Expected) -> ef.Appended:
        answer = self._store.append(stream, events, expected=expected)
        if events[0].id not in self.lost:
            self.lost.append(events[0].id)
            raise OutcomeUnknown("The answer was lost.")
        return answer


def test_a_lost_answer_is_settled_by_a_repeat() -> None:
    with ef.open_store("sqlite://") as store:
        losing: Any = Losing(store)
        answers = take(losing, "payments", [incoming("/a", "1", "k"), incoming("/a", "2", "l")])
        assert [answer.version for answer in answers] == [1, 1]
        assert kept(store) == {"inbox_payments-k": [("/a", "1")], "inbox_payments-l": [("/a", "2")]}

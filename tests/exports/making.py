"""Logs of many shapes, and what two logs have to have in common to be equal."""

from typing import Any
from uuid import UUID

import msgspec
from hypothesis import strategies as st

from eventfold import NewEvent, RecordedEvent, Store, limits
from eventfold.events.metadata import RESERVED
from eventfold.testing.making import read_all

TEXTS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12
)  # line feeds, quotes and signs of every plane among them
FREE = TEXTS.filter(lambda key: key != "$enc")
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(limits.INT_MIN, limits.INT_MAX)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FREE, inner, max_size=3),
    max_leaves=6,
)
MAPS = st.dictionaries(FREE, VALUES, max_size=4)
KEYS = TEXTS.filter(lambda key: key not in RESERVED and not key.startswith("$"))
TIMES = st.integers(limits.TIME_MIN_US, limits.TIME_MAX_US)
STREAMS = st.sampled_from(["order-1", "order-2", 'cart-"ä" b', "case-𝄞"])


def text(value: object) -> str:
    return msgspec.json.encode(value).decode()


@st.composite
def logs(draw: st.DrawFn, *, most: int = 12) -> list[tuple[str, NewEvent]]:
    """The events of a log with the times at which they were recorded, in their order."""
    times = sorted(draw(st.lists(TIMES, min_size=1, max_size=most)))
    ids = draw(st.lists(st.uuids(), min_size=len(times), max_size=len(times), unique=True))
    return [(draw(STREAMS), draw(events(event_id, us))) for event_id, us in zip(ids, times, strict=True)]


@st.composite
def events(draw: st.DrawFn, event_id: UUID, recorded_us: int) -> NewEvent:
    return NewEvent(
        event_id,
        draw(st.sampled_from(["Noted", "W_Completeren aanvraag", "SRM: Created"])),
        draw(st.integers(1, 3) | st.just(limits.INT_MAX)),
        text(draw(MAPS)),
        text(draw(st.dictionaries(KEYS, VALUES, max_size=3))),
        draw(st.none() | TIMES),
        recorded_us,
    )


def fill(store: Store, log: list[tuple[str, NewEvent]]) -> None:
    for stream, event in log:
        store.append(stream, [event], expected=store.head(stream))


def by_stream(store: Store) -> dict[str, list[Any]]:
    """All that is equal in equal logs."""
    return {info.stream: [facts(e) for e in store.read(info.stream)] for info in store.streams()}


def in_feed(store: Store) -> list[Any]:
    """The same in the order of the feed, with positions."""
    return [(e.position, facts(e)) for e in read_all(store.feed())]


def facts(event: RecordedEvent) -> tuple[Any, ...]:
    return (
        event.stream,
        event.version,
        event.id,
        event.type,
        event.schema_version,
        event.recorded_us,
        event.occurred_or_none_us,
        event.data,
        event.metadata,
    )

"""Receiving: what others tell is written down before anybody is thanked for it, each (source, id) once."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple
from uuid import UUID

from eventfold.bus.cloudevents.reading import Incoming, read_events
from eventfold.errors import BatchTooLarge, EventfoldError, EventIdReused, OutcomeUnknown, PartialDuplicate
from eventfold.events.envelope import NewEvent
from eventfold.handlers.public.inbox import check_inbox, stored, stored_unreadable
from eventfold.store.checks import check_event
from eventfold.store.port import ANY, Appended, Store, Write
from eventfold.store.settling import settled

_log = logging.getLogger("eventfold.handlers")
Prepared = tuple[str, NewEvent]
_TOGETHER = 500
"""Events of one transaction, at most."""


class Received(NamedTuple):
    """Where a public event of others stands.

    Attributes:
        stream: of the inbox.
        version: its number there; 0 where it stands in another stream, because it came with another key before.
        deduplicated: it was there already; nothing was written.
    """

    stream: str
    version: int
    deduplicated: bool


def receive(
    store: Store, inbox: str, body: bytes, media_type: str, *, headers: Mapping[str, str] | None = None
) -> list[Received]:
    """Writes down the public events of a message; when it returns they are durable.

    The first event of a source and id counts: another with both is a repeat, whatever it says. Events of one key
    (`partitionkey`, else `subject`) keep the order in which they came.

    Args:
        store: the log.
        inbox: the name of the source, as `consume` names it.
        body: as it came.
        media_type: of the body.
        headers: of the message, for events whose attributes stand there.

    Raises:
        Refused: it cannot be read, or not be kept; nothing was written. Errors as `read_events`.
        EventTooLarge: an event is larger than what the log keeps of one.
        OutcomeUnknown, StorageError: repeat it.
    """
    return take(store, inbox, read_events(body, media_type, headers))


def take(store: Store, inbox: str, events: Iterable[Incoming]) -> list[Received]:
    """Writes down public events that were read; as `receive`."""
    return write(store, prepared(store, inbox, events))


def prepared(store: Store, inbox: str, events: Iterable[Incoming]) -> list[Prepared]:
    """Public events as they are written down, and their streams; nothing is written yet, and what cannot be is refused.

    Raises:
        EventTooLarge: an event is larger than what the log keeps of one.
    """
    check_inbox(inbox)
    made = [stored(inbox, event) for event in events]
    for _, event in made:
        check_event(event, store.capabilities)
    return made


def keep_unreadable(
    store: Store, inbox: str, content: bytes, media_type: str, error: EventfoldError
) -> Received:
    """Writes down what could not be read, with its bytes; whoever consumes the source parks it.

    Args:
        store: the log.
        inbox: the name of the source.
        content: the bytes.
        media_type: of them.
        error: why.

    Raises:
        EventTooLarge: it is larger than what the log keeps of one event.
    """
    made = stored_unreadable(check_inbox(inbox), content, media_type, error)
    check_event(made[1], store.capabilities)
    return write(store, [made])[0]


def write(store: Store, made: Sequence[Prepared]) -> list[Received]:
    """Writes down what is prepared, each event once; errors as `receive`."""
    first: dict[UUID, Prepared] = {}
    for pair in made:
        first.setdefault(pair[1].id, pair)
    once, found = list(first.values()), dict[UUID, Received]()
    most = min(_TOGETHER, store.capabilities.max_batch)
    for at in range(0, len(once), most):
        found.update(_together(store, once[at : at + most]))
    seen: set[UUID] = set()
    answers = []
    for _, event in made:
        answer = found[event.id]
        answers.append(answer._replace(deduplicated=True) if event.id in seen else answer)
        seen.add(event.id)
    return answers


def _together(store: Store, made: Sequence[Prepared]) -> dict[UUID, Received]:
    """Appends by stream, in one transaction where the log has such; one by one where some are known already."""
    streams: dict[str, list[NewEvent]] = {}
    for stream, event in made:
        streams.setdefault(stream, []).append(event)
    found: dict[UUID, Received] = {}
    if store.capabilities.atomic_over_streams and len(streams) > 1:
        try:
            writes = [Write(stream, events, ANY) for stream, events in streams.items()]
            answers = store.append_all(writes)
        except (EventIdReused, PartialDuplicate, BatchTooLarge, OutcomeUnknown):
            pass  # stream by stream, which settles it
        else:
            for write, answer in zip(writes, answers, strict=True):
                found.update(_numbered(write.stream, write.events, answer))
            return found
    for stream, events in streams.items():
        found.update(_one_stream(store, stream, events))
    return found


def _one_stream(store: Store, stream: str, events: Sequence[NewEvent]) -> dict[UUID, Received]:
    try:
        answer = settled(partial(store.append, stream, events, expected=ANY))
    except (EventIdReused, PartialDuplicate, BatchTooLarge) as error:
        if len(events) == 1:
            if isinstance(error, EventIdReused):
                return {events[0].id: _known(store, stream, events[0])}
            raise
        found: dict[UUID, Received] = {}
        for event in events:
            found.update(_one_stream(store, stream, [event]))
        return found
    return _numbered(stream, events, answer)


def _numbered(stream: str, events: Sequence[NewEvent], answer: Appended) -> dict[UUID, Received]:
    first = answer.version - len(events) + 1
    return {event.id: Received(stream, first + n, answer.deduplicated) for n, event in enumerate(events)}


def _known(store: Store, stream: str, event: NewEvent) -> Received:
    """Of an event that came before, and said something else then."""
    kept = next(iter(store.find({stream: [event.id]})), None)
    _log.warning(
        "An event that was received before came again with other content; the first counts: %s", stream
    )
    return Received(stream, kept.version if kept is not None else 0, deduplicated=True)

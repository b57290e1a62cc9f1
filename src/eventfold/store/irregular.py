"""What a log may hold although no append takes it any more: it was stored before appends were as strict as they are.

Such an event is read, exported and restored as it is. `doctor` and `verify` count them, so that nobody is surprised.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from eventfold.events.envelope import RecordedEvent
from eventfold.events.ids import EMPTY
from eventfold.events.names import unfit
from eventfold.events.storable import is_storable

WHAT = {
    "data": "data that are no JSON object which can be taken back",
    "metadata": "metadata that are no JSON object which can be taken back",
    "id": "the nil or the max UUID as their id",
    "stream": "an invisible or other character in the name of their stream that no new name has",
}
"""Kind -> in words."""

_EMPTY = {number.to_bytes(16) for number in EMPTY}


def irregular(stream: str, id_bytes: bytes, data: str, metadata: str) -> list[str]:
    """The kinds of `WHAT` that an event shows; nearly always none."""
    found = []
    if not is_storable(data):
        found.append("data")
    if metadata != "{}" and not is_storable(metadata):
        found.append("metadata")
    if id_bytes in _EMPTY:
        found.append("id")
    if not stream.isascii() and unfit(stream):
        found.append("stream")
    return found


def counted(events: Iterable[RecordedEvent]) -> Counter[str]:
    """How many events show each kind."""
    return Counter(
        kind
        for event in events
        for kind in irregular(event.stream, event.id_bytes, event.data, event.metadata)
    )


def told(found: Mapping[str, int]) -> str:
    """The counts in a sentence."""
    parts = ", ".join(f"{count:,} with {WHAT[kind]}" for kind, count in sorted(found.items()))
    return f"events that no append takes any more, kept as they are: {parts}"

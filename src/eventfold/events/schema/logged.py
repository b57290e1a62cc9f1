"""Samples from a log: of every type and version a few different forms, the same ones whenever the log is the same."""

from collections.abc import Iterable
from hashlib import sha256
from heapq import heappush, heapreplace

import msgspec

from eventfold.events.envelope import RecordedEvent
from eventfold.events.jsontext import encode_text
from eventfold.events.schema.masking import masked, names_in
from eventfold.events.schema.program import Program
from eventfold.events.schema.recorded import EventType, Recorded, Version


class Sampling:
    """Chooses samples among events, whatever the order they come in: those whose digests are the smallest.

    Args:
        recorded: gives the shapes of older versions.
        program: gives those of the current ones; events it does not know are passed over.
        limit: samples of each type and version.
        masking: whether values are replaced by others of their form.
    """

    def __init__(self, recorded: Recorded, program: Program, limit: int, *, masking: bool) -> None:
        self._recorded = recorded
        self._program = program
        self._limit = limit
        self._masking = masking
        self._chosen: dict[tuple[str, int], list[tuple[int, str]]] = {}
        self._names = {name: names_in(shape) for name, shape in program.shapes.items()}

    def look_at(self, events: Iterable[RecordedEvent]) -> None:
        """Considers events."""
        for event in events:
            if event.type in self._program.shapes and event.schema_version <= self._program.version(
                event.type
            ):
                self._consider((event.type, event.schema_version), self._text(event))

    @property
    def chosen(self) -> dict[tuple[str, int], list[str]]:
        """The samples, by stored name and version."""
        return {key: sorted(text for _, text in heap) for key, heap in sorted(self._chosen.items())}

    def _text(self, event: RecordedEvent) -> str:
        if not self._masking:
            return event.data
        types = self._recorded.events.get(event.type, EventType("", {}))
        shape = types.versions.get(event.schema_version, Version()).shape
        if shape is None and event.schema_version == self._program.version(event.type):
            shape = self._program.shapes[event.type]
        return encode_text(masked(msgspec.json.decode(event.data), shape, self._names[event.type]))

    def _consider(self, key: tuple[str, int], text: str) -> None:
        heap = self._chosen.setdefault(key, [])
        entry = (-int.from_bytes(sha256(text.encode()).digest()[:16]), text)
        if entry in heap:
            return
        if len(heap) < self._limit:
            heappush(heap, entry)
        elif entry > heap[0]:
            heapreplace(heap, entry)

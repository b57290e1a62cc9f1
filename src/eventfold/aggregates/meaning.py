"""The fingerprint of a snapshot: of all that decides what the state in it means, the code of `apply` included."""

import logging
import threading
from collections.abc import Collection, Sequence
from hashlib import sha256

import msgspec

from eventfold.aggregates.rules import bases_of, rules_of, upcasters_of
from eventfold.aggregates.source import Sources
from eventfold.errors import DefinitionError
from eventfold.events.event import Event

_log = logging.getLogger("eventfold.snapshots")
_FORM = 2


class Meaning:
    """What the events of an aggregate class mean for its state; worked out when first asked for.

    Args:
        cls: the class.
        base: `Aggregate`.
        events: its event types.
        declared: the names of its state.
        said: what else decides, as JSON: category, snapshot version, the state's types and defaults.
    """

    def __init__(
        self,
        cls: type,
        base: type,
        events: Sequence[type[Event]],
        declared: Collection[str],
        said: Sequence[object],
    ) -> None:
        self._cls, self._base, self._events = cls, base, events
        self._declared, self._said = declared, said
        self._lock = threading.Lock()
        self._found = ""
        self._told: set[str] = set()
        self._sources = Sources()
        for one in (*bases_of(cls, base), *events):
            self._sources.take(one)

    @property
    def fingerprint(self) -> str:
        """Equal where a snapshot means the same."""
        with self._lock:
            if not self._found:
                self._found = self._worked_out()
        return self._found

    def first_of(self, log: str) -> bool:
        """Whether this is the first question about a log: what concerns every stream of it is told once."""
        with self._lock:
            told = log in self._told
            self._told.add(log)
        return not told

    def _worked_out(self) -> str:
        rules = rules_of(self._cls, self._base, self._declared, self._sources)
        before = upcasters_of(self._events, self._sources)
        if unseen := [*rules.unseen, *before.unseen]:
            _log.warning(
                "the source of %s cannot be read: snapshots of %s outlive a change to it unless its snapshot_version"
                " goes up",
                ", ".join(unseen),
                self._cls.__name__,
            )
        self._sources = Sources()
        shapes = sorted([event.stored_name, event.schema_version, _shape(event)] for event in self._events)
        meaning = [_FORM, self._said, shapes, rules.texts, before.texts]
        return sha256(msgspec.json.encode(meaning, order="deterministic")).hexdigest()


def _shape(event: type[Event]) -> str:
    from eventfold.events.schema.shapes import shape_of, text_of

    try:
        return text_of(shape_of(event))
    except (DefinitionError, TypeError, NameError):
        return ""  # no app could register it

"""Looking at the events of some categories: which types they have, which fields, and what these hold."""

from collections import Counter
from collections.abc import Collection
from typing import Any, NamedTuple

import msgspec

from eventfold.errors import EventfoldError
from eventfold.events.envelope import RecordedEvent
from eventfold.events.names import check_event_type
from eventfold.imports.scaffold.kinds import Guess
from eventfold.readmodels.declaring.extract import NumberText
from eventfold.store.names import check_category
from eventfold.store.port import Store

TABLES = 20
TYPES = 100
"""Types of a category whose fields a table names."""

TYPES_COUNTED = 1_000
FIELDS = 30
"""Fields of a category that get a column."""

FEW = 8
"""Types that a column names itself; one of a field that more types have looks at all that the table names."""

FIELDS_FOLLOWED = 1_000
"""Of a category: those that were met first. Of each of them every value is seen, of others none."""

DEPTH = 4
"""How many names a path has at most."""

_PAGE = 2_000
_decode = msgspec.json.Decoder(float_hook=NumberText).decode
Path = tuple[str, ...]


class Seen(msgspec.Struct):
    """A field of the data.

    Attributes:
        types: the types of event that have it, in the order in which they were met; None = more than a few.
        events: how many have it.
        guess: what its values are.
    """

    types: list[str] | None = msgspec.field(default_factory=list)
    events: int = 0
    guess: Guess = msgspec.field(default_factory=Guess)

    def met_in(self, type_name: str) -> None:
        """An event of this type has it."""
        self.events += 1
        if self.types is not None and type_name not in self.types:
            self.types.append(type_name)
            if len(self.types) > FEW:
                self.types = None


class Column(NamedTuple):
    """A field that gets a column.

    Attributes:
        path: of the field.
        kind: the name of its type.
        types: that it is looked for in; None = all that the table names.
    """

    path: Path
    kind: str
    types: list[str] | None


class Sight(msgspec.Struct):
    """What the events of one category are.

    Attributes:
        category: of their streams.
        events: how many.
        types: how many of each type; the first thousand types.
        fields: by their path, in the order in which they were met; the first thousand.
        more_fields: there are further ones.
    """

    category: str
    events: int = 0
    types: Counter[str] = msgspec.field(default_factory=Counter)
    fields: dict[Path, Seen] = msgspec.field(default_factory=dict)
    more_fields: bool = False

    def take(self, event: RecordedEvent) -> None:
        """Takes an event into account; one whose data are damaged has no fields."""
        self.events += 1
        if event.type in self.types or len(self.types) < TYPES_COUNTED:
            self.types[event.type] += 1
        try:
            data = _decode(event.data)
        except (msgspec.MsgspecError, RecursionError):
            return
        if isinstance(data, dict):
            self._walk(data, (), event.type)

    def named_types(self) -> list[str]:
        """The most frequent types that a table can name."""
        return [name for name, _ in self.types.most_common(TYPES) if _is_type(name)]

    def columns(self) -> list[Column]:
        """The most frequent fields that columns can hold, in the order in which they were met."""
        named = self.named_types()
        chosen: dict[Path, Column] = {}
        for path, seen in sorted(self.fields.items(), key=lambda pair: -pair[1].events):
            types = named if seen.types is None else [name for name in seen.types if _is_type(name)]
            kind = seen.guess.type_name
            if kind and types and len(chosen) < FIELDS and all(map(_is_step, path)):
                is_all = len(types) > 1 and set(types) == set(named)
                chosen[path] = Column(path, kind, None if is_all else types)
        return [chosen[path] for path in self.fields if path in chosen]

    def _walk(self, data: dict[str, Any], outer: Path, type_name: str) -> None:
        for name, value in data.items():
            path = (*outer, name)
            seen = self.fields.get(path)
            if seen is None:
                if len(self.fields) == FIELDS_FOLLOWED:
                    self.more_fields = True
                    continue
                seen = self.fields[path] = Seen()
            seen.met_in(type_name)
            seen.guess.take(value)
            if isinstance(value, dict) and len(path) < DEPTH:
                self._walk(value, path, type_name)


def gather(store: Store, categories: Collection[str]) -> list[Sight]:
    """What the log holds now in some categories, whoever wrote it: that is what a table over them folds.

    Args:
        store: the log.
        categories: the first twenty that a table can have are looked at.

    Returns:
        One for each category that has events.

    Raises:
        EventfoldError: the store did not do its work.
    """
    sights = {name: Sight(name) for name in list(filter(_is_category, categories))[:TABLES]}
    if not sights:
        return []
    feed = store.feed()
    cursor, caught_up = feed.start(), False
    while not caught_up:
        page = feed.read(cursor, _PAGE, categories=sights.keys())
        for event in page.events:
            sights[event.stream.partition("-")[0]].take(event)
        cursor, caught_up = page.cursor, page.caught_up
    return [sight for sight in sights.values() if sight.events]


def _is_type(name: str) -> bool:
    """Whether a table can name it: an older log may hold others."""
    try:
        check_event_type(name)
    except EventfoldError:
        return False
    return True


def _is_category(name: str) -> bool:
    try:
        check_category(name)
    except EventfoldError:
        return False
    return True


def _is_step(name: str) -> bool:
    """Whether a path can have it."""
    return name not in ("", "*") and '"' not in name

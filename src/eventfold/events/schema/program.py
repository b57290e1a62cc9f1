"""What a program says it stores, as the gate needs it."""

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property

from eventfold.errors import EventfoldError
from eventfold.events.envelope import NewEvent
from eventfold.events.ids import new_id
from eventfold.events.jsontext import encode_text
from eventfold.events.registry import Registry
from eventfold.events.schema.recorded import Category, Handling, Sample, Version
from eventfold.events.schema.samples import samples_of
from eventfold.events.schema.shapes import Record, shape_of


class Program:
    """The names under which an app stores things, and its event types.

    Args:
        app: the name of the app.
        registry: its event types with their upcasters.
        categories: of its aggregates.
        tables: the names of its tables.
        ignored: stored names that it does not know and means not to.
        handlers: by name.
    """

    def __init__(
        self,
        app: str,
        registry: Registry,
        categories: Mapping[str, Category],
        tables: Sequence[str],
        ignored: Collection[str] = (),
        handlers: Mapping[str, Handling] | None = None,
    ) -> None:
        self.app = app
        self.registry = registry
        self.untyped = registry.untyped
        self.categories = dict(categories)
        self.tables = sorted(tables)
        self.ignored = sorted(ignored)
        self.handlers = dict(sorted((handlers or {}).items()))

    @cached_property
    def shapes(self) -> dict[str, Record]:
        """The shape of every event type in its current version, by stored name."""
        return {name: shape_of(event_type) for name, event_type in sorted(self.registry.types.items())}

    def version(self, name: str) -> int:
        """The current schema version of a registered type."""
        return self.registry.types[name].schema_version

    def class_of(self, name: str) -> str:
        """The name of the class that is stored under a name."""
        return self.registry.types[name].__qualname__.rpartition("<locals>.")[2]

    def refusal(self, name: str, version: int, data: str) -> EventfoldError | None:
        """Why data of a version cannot be read; None where they can."""
        try:
            self.registry.decode(_stored(name, version, data))
        except EventfoldError as error:
            return error
        return None

    def upcast(self, name: str, version: int, data: str) -> str:
        """What the upcaster of a version makes of data.

        Raises:
            UpcasterFailed: it raised.
        """
        return self.registry.next_data(_stored(name, version, data))

    def made(self, name: str) -> Version:
        """The current version of a type with samples made from its shape, as far as its own rules take them."""
        version, shape = self.version(name), self.shapes[name]
        texts = [encode_text(data) for data in samples_of(shape) if isinstance(data, dict)]
        return Version(
            shape, [Sample(t) for t in dict.fromkeys(texts) if self.refusal(name, version, t) is None]
        )


def _stored(name: str, version: int, data: str) -> NewEvent:
    return NewEvent(new_id(), name, version, data)

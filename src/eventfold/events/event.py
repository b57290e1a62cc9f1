"""`Event`: the base of a typed, immutable fact with a chosen stored name and a schema version."""

from collections.abc import Callable
from typing import Any, ClassVar, dataclass_transform

import msgspec

from eventfold.errors import DefinitionError
from eventfold.events.names import check_event_type

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]


class EventMeta(msgspec.StructMeta):
    """Takes `name=` and `version=` from the class line; the rest is msgspec's."""

    stored_name: str
    schema_version: int
    upcasters: dict[int, Upcaster]

    def __new__(  # noqa: PYI034 - Self is not allowed in a metaclass
        mcls,
        cls_name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        /,
        *,
        name: str | None = None,
        version: int = 1,
        **options: Any,
    ) -> "EventMeta":
        """Builds the class and notes what it is stored as."""
        options.setdefault("kw_only", True)  # the one option that msgspec does not inherit
        cls = super().__new__(mcls, cls_name, bases, namespace, **options)
        if isinstance(version, bool) or version < 1:
            raise DefinitionError(f"{cls_name}: a schema version counts from 1, not {version!r}.")
        cls.stored_name = check_event_type(cls_name if name is None else name)
        cls.schema_version = version
        cls.upcasters = {}
        return cls


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class Event(
    msgspec.Struct, metaclass=EventMeta, frozen=True, kw_only=True, forbid_unknown_fields=True, name="Event"
):
    """A fact. Subclass it with typed fields; instances are immutable.

        class OrderShipped(Event, name="order-shipped", version=2):
            tracking_number: str

    `name` is what is stored (default: the class name) and never changes once stored; `version` is the schema version
    (default 1) and goes up whenever data written earlier would no longer fit. Field types: str, int (64 bits), float,
    bool, Decimal, aware datetime, date, UUID, bytes, Enum, other msgspec structs, tuples, lists and maps of these.
    """

    stored_name: ClassVar[str]
    schema_version: ClassVar[int]
    upcasters: ClassVar[dict[int, Upcaster]]


def upcast(event_type: type[Event], from_version: int) -> Callable[[Upcaster], Upcaster]:
    """Registers a function that turns the data of `from_version` into that of the next one.

    The function must be pure and total: same map in, same map out, no clock, no input or output. It gets a map of JSON
    values (decimals and times as text) and returns one.

        @upcast(OrderCreated, 1)
        def add_currency(data): return {**data, "currency": "EUR"}

    Args:
        event_type: the class as it is now.
        from_version: the schema version that is read, at least 1 and below the current one.

    Raises:
        DefinitionError: the version is out of range or has an upcaster already.
    """
    if not 1 <= from_version < event_type.schema_version:
        raise DefinitionError(
            f"{event_type.stored_name} is at schema version {event_type.schema_version}: there is nothing to upcast"
            f" from version {from_version}."
        )

    def register(function: Upcaster) -> Upcaster:
        if from_version in event_type.upcasters:
            raise DefinitionError(
                f"{event_type.stored_name}: version {from_version} has an upcaster already."
            )
        event_type.upcasters[from_version] = function
        return function

    return register

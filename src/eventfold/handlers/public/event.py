"""`PublicEvent`: what other systems are told, in words and a schema of its own."""

from typing import Any, ClassVar, dataclass_transform
from urllib.parse import quote

import msgspec

from eventfold.errors import DefinitionError
from eventfold.events.names import check_event_type
from eventfold.events.shape import checker


class PublicEventMeta(msgspec.StructMeta):
    """Takes `name=`, `version=` and `key=` from the class line; the rest is msgspec's."""

    public_name: str
    schema_version: int
    key_field: str | None

    def __new__(  # noqa: PYI034 - Self is not allowed in a metaclass
        mcls,
        cls_name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        /,
        *,
        name: str | None = None,
        version: int = 1,
        key: str | None = None,
        **options: Any,
    ) -> "PublicEventMeta":
        """Builds the class and notes what others know it as."""
        options.setdefault("kw_only", True)  # the one option that msgspec does not inherit
        cls = super().__new__(mcls, cls_name, bases, namespace, **options)
        if name is None:
            raise DefinitionError(
                f"{cls_name} has no public name: choose one that others will know it by, such as class"
                f' {cls_name}(PublicEvent, name="com.example.order.shipped").'
            )
        if isinstance(version, bool) or not isinstance(version, int) or version < 1:
            raise DefinitionError(f"{cls_name}: a schema version counts from 1, not {version!r}.")
        fields = cls.__struct_fields__
        if key is not None and key not in fields:
            raise DefinitionError(f"{cls_name}: key={key!r} is none of its fields: {', '.join(fields)}.")
        cls.public_name = check_event_type(name)
        cls.schema_version = version
        cls.key_field = key
        return cls


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class PublicEvent(
    msgspec.Struct, metaclass=PublicEventMeta, frozen=True, kw_only=True, name="eventfold.PublicEvent"
):
    """A fact in the words of others. Subclass it with typed fields; instances are immutable.

        class ShipmentStarted(ef.PublicEvent, name="com.example.shipment.started", key="order_id"):
            order_id: str
            carrier: str

    It is no `Event`: domain events stay inside, and may change without anybody outside. What leaves is what a
    `publish` handler makes of them, and what the catalogue says of it.

    The class line says three things beside its base:

    Args:
        name: the `type` that others know it by; chosen, never derived. A reverse domain name keeps it apart from those
            of other organisations.
        version: of its schema, from 1. It goes up whenever more changes than a field that is added with a default.
        key: the field that says what an event is about: the events of one key are kept in order. It becomes `subject`
            and `partitionkey`; without one the events have neither, and no order.

    Field types are those of `Event`. Fields that it does not know are passed over when it is read, so that whoever
    publishes it may add some.

    Raises:
        DefinitionError: no name, or one that cannot be; no such version or field.
    """

    public_name: ClassVar[str]
    schema_version: ClassVar[int]
    key_field: ClassVar[str | None]


def check_public(event_type: type[PublicEvent]) -> None:
    """Refuses a class that could not be written or read.

    Raises:
        DefinitionError: a field has a type that does not read back as it was written.
    """
    try:
        msgspec.json.Decoder(event_type)
        checker(event_type)
    except (TypeError, NameError) as error:
        raise DefinitionError(f"{event_type.__name__}: {error}") from error


def schema_uri(event_type: type[PublicEvent]) -> str:
    """What names the schema of a public event in this version: `dataschema`, and `$id` in the catalogue."""
    return f"urn:eventfold:{quote(event_type.public_name, safe='')}:{event_type.schema_version}"

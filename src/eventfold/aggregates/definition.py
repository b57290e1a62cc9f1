"""What an aggregate's class line says, checked when the class is made: events, category, state, snapshot policy."""

import types
import typing
from inspect import get_annotations
from typing import Any, ClassVar, Final, TypeVar

import msgspec

from eventfold.aggregates.meaning import Meaning
from eventfold.aggregates.state import DeclaredState, StateCodec
from eventfold.errors import DefinitionError, InvalidStream
from eventfold.events.event import Event
from eventfold.events.shape import Check, checker
from eventfold.store.names import check_category


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """An aggregate class as the rest of the system sees it.

    Attributes:
        category: of its streams.
        event_types: what its streams consist of.
        known: the same, to look up in.
        checks: of the values of those that were raised already.
        state: the declared attributes.
        snapshot_every: events between two snapshots; None = no snapshots.
        codec: of the state in snapshots; None where there are none.
        meaning: of its snapshots; None where there are none.
    """

    category: str
    event_types: tuple[type[Event], ...]
    known: frozenset[type[Event]]
    checks: dict[type[Event], Check]
    state: DeclaredState
    snapshot_every: int | None
    codec: StateCodec | None
    meaning: Meaning | None

    @property
    def fingerprint(self) -> str:
        """Of all that decides what a snapshot means."""
        return self.meaning.fingerprint if self.meaning else ""

    def check_of(self, event_type: type[Event]) -> Check:
        """The check of the values of an event type: made when one is first raised, when all its names are defined.

        Raises:
            DefinitionError: a field has a type that does not read back as it was written.
        """
        try:
            found = self.checks[event_type] = checker(event_type)
        except (TypeError, NameError) as error:
            raise DefinitionError(f"{event_type.__name__}: {error}") from error
        return found

    def decode(self, state: str) -> dict[str, Any]:
        """The declared attributes out of a snapshot; ValueError where they are none."""
        if self.codec is None:
            raise ValueError("this aggregate takes no snapshots")
        return self.codec.decode(state)


def define(
    cls: type, base: type, category: str | None, snapshot_every: int | None, snapshot_version: int
) -> Definition:
    """The definition of `cls`, a subclass of `base`; DefinitionError where it cannot work."""
    name = cls.__name__
    if snapshot_every is not None and not _counts(snapshot_every):
        raise DefinitionError(
            f"{name}: snapshot_every is a number of events from 1, or None for no snapshots."
        )
    if not _counts(snapshot_version):
        raise DefinitionError(f"{name}: snapshot_version counts from 1.")
    kind = _checked_category(name, name.lower() if category is None else category)
    events = _event_types(cls, base)
    hints = _declared(cls, base)
    state = DeclaredState({field: getattr(cls, field) for field in hints})
    codec = None if snapshot_every is None else StateCodec(name, hints, state.defaults)
    meaning = None
    if codec is not None:
        meaning = Meaning(cls, base, events, hints, [kind, snapshot_version, codec.description])
    return Definition(
        category=kind,
        event_types=events,
        known=frozenset(events),
        checks={},
        state=state,
        snapshot_every=snapshot_every,
        codec=codec,
        meaning=meaning,
    )


def _counts(value: object) -> bool:
    return type(value) is int and value >= 1


def _checked_category(name: str, category: str) -> str:
    try:
        return check_category(category)
    except InvalidStream as error:
        raise DefinitionError(f"{name}: {error.message}") from None


def _event_types(cls: type, base: type) -> tuple[type[Event], ...]:
    for ancestor in cls.__mro__:
        for written in vars(ancestor).get("__orig_bases__", ()):
            origin = typing.get_origin(written)
            if isinstance(origin, type) and issubclass(origin, base):
                found = [e for arg in typing.get_args(written) for e in _flat(arg, cls.__name__)]
                return tuple(dict.fromkeys(found))
    raise DefinitionError(
        f"{cls.__name__} does not say what it consists of: write"
        f" class {cls.__name__}({base.__name__}[OneEvent | AnotherEvent])."
    )


def _flat(written: Any, name: str) -> list[type[Event]]:
    written = getattr(written, "__value__", written)  # `type X = A | B`
    if typing.get_origin(written) in (typing.Union, types.UnionType):
        return [e for arg in typing.get_args(written) for e in _flat(arg, name)]
    if isinstance(written, type) and issubclass(written, Event) and written is not Event:
        return [written]
    if isinstance(written, str | typing.ForwardRef | TypeVar):
        raise DefinitionError(
            f"{name}: the event types are written as {written!r}, which says nothing when the class is made; name"
            " classes that are defined above it."
        )
    raise DefinitionError(f"{name}: {written!r} is no event type; use subclasses of Event, joined by |.")


def _declared(cls: type, base: type) -> dict[str, Any]:
    """The declared state: name -> type, those of base classes first."""
    try:
        hints = typing.get_type_hints(cls, include_extras=True)
    except (NameError, TypeError) as error:
        raise DefinitionError(
            f"{cls.__name__}: an annotation cannot be resolved when the class is made ({error}); declare state with"
            " types that are defined at the top level of a module, above the class."
        ) from error
    mine = [
        ancestor for ancestor in reversed(cls.__mro__) if issubclass(ancestor, base) and ancestor is not base
    ]
    for ancestor in mine:
        _refuse_taken_names(ancestor, base)
    names = dict.fromkeys(name for ancestor in mine for name in get_annotations(ancestor))
    found = {name: hints[name] for name in names if not _is_constant(hints[name])}
    for name in found:
        if not hasattr(cls, name):
            raise DefinitionError(f"{cls.__name__}.{name} needs a default: the state before the first event.")
    return found


def _refuse_taken_names(cls: type, base: type) -> None:
    written = get_annotations(cls).keys() | {name for name in vars(cls) if not name.startswith("__")}
    taken = written & (vars(base).keys() | get_annotations(base).keys()) - _WRITTEN_BY_USERS
    if taken:
        raise DefinitionError(
            f"{cls.__name__}.{min(taken)} has a meaning for every aggregate already; choose another name."
        )


_WRITTEN_BY_USERS = {
    "apply",
    "definition",
    "event_types",
    "_abc_impl",
}  # the last one by Python, for each class


def _is_constant(hint: Any) -> bool:
    return hint in (ClassVar, Final) or typing.get_origin(hint) in (ClassVar, Final)

"""`Aggregate`: state folded from events, and decisions that raise new ones. It knows no store, clock or random id."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar, Generic, Self, TypeVar
from uuid import UUID

from eventfold.aggregates.definition import Definition, define
from eventfold.aggregates.state import copied
from eventfold.errors import DefinitionError, EventTypeUnknown, InvalidEvent
from eventfold.events.event import Event
from eventfold.events.ids import new_id
from eventfold.events.shape import at_path

E = TypeVar("E", bound=Event)


class Aggregate(ABC, Generic[E]):
    """One business entity: the events of a stream, folded into declared state.

        OrderEvent = OrderCreated | OrderShipped

        class Order(Aggregate[OrderEvent]):
            status: str = "New"                                # declared state: an annotation and a default

            def ship(self, tracking_number: str) -> None:      # a decision: checks rules, raises events
                if self.status != "Created":
                    raise InvalidOperation("only a created order can be shipped")
                self.raise_event(OrderShipped(tracking_number=tracking_number))

            def apply(self, event: OrderEvent) -> None:        # what an event means for the state
                match event:
                    case OrderCreated(): self.status = "Created"
                    case OrderShipped(): self.status = "Shipped"
                    case _: assert_never(event)

    Mutable defaults (lists, maps, sets) are copied for each instance. The class line takes:

    - `category`: what stands before the first `-` in its stream names; default: the class name in lower case. It
      never changes once something is stored.
    - `snapshot_every`: a snapshot about every so many events, or None for never; default 100. Only declared state is in
      a snapshot, so an instance with other attributes gets none, and a warning is logged.
    - `snapshot_version`: default 1. A snapshot taken under other code of `apply`, of what it reaches through `self`, or
      of upcasters, is ignored by itself; raise it where old events get another meaning by what lies outside the class.

    Args:
        stream: its stream, `category-id`.

    Raises:
        DefinitionError: when the class is made: no event types, no `apply`, state without a default or under a name
            used here, a category that no stream could have, a type of state that no snapshot can keep.
    """

    # so that vars() of an instance is the state alone
    __slots__ = (
        "_changes",
        "_ids",
        "_stream",
        "_version",
    )

    definition: ClassVar[Definition]
    event_types: ClassVar[tuple[type[Event], ...]]

    def __init_subclass__(
        cls,
        *,
        category: str | None = None,
        snapshot_every: int | None = 100,
        snapshot_version: int = 1,
        **rest: Any,
    ) -> None:
        super().__init_subclass__(**rest)
        if getattr(cls, "__parameters__", ()):
            return  # still open in its event types: a base for others
        if getattr(cls.apply, "__isabstractmethod__", False):
            raise DefinitionError(f"{cls.__name__} has no apply(event): say what its events mean.")
        cls.definition = define(cls, Aggregate, category, snapshot_every, snapshot_version)
        cls.event_types = cls.definition.event_types

    def __init__(self, stream: str) -> None:
        self._stream = stream
        self._version = 0
        self._changes: list[E] = []
        self._ids: list[UUID] = []
        self.definition.state.begin(vars(self))

    @abstractmethod
    def apply(self, event: E) -> None:
        """Changes the state as the event says; refuses nothing, reads no clock, keeps no list or map of the event.

        While it runs, `version` is that of the event before.
        """

    def raise_event(self, event: E) -> None:
        """Applies a new event and notes it as uncommitted.

        Raises:
            EventTypeUnknown: it is none of the aggregate's events.
            InvalidEvent: a value that cannot be stored exactly, found before it is applied; the fact `path` names it.
        """
        check = self.definition.checks.get(type(event))
        if check is None:
            self._check(event)
            check = self.definition.check_of(type(event))
        try:
            check(event)
        except InvalidEvent as error:
            raise at_path(error, event.stored_name) from None
        self.apply(event)
        self._changes.append(event)

    def load_from_history(self, events: Iterable[E]) -> None:
        """Applies events that are stored already, in the order of their versions.

        Raises:
            DefinitionError: there are uncommitted changes, which can only come after them.
            EventTypeUnknown: one of them is none of the aggregate's events.
        """
        if self._changes:
            raise DefinitionError(
                f"{self._stream} has uncommitted changes: load its history before deciding."
            )
        known, apply = self.definition.known, self.apply
        for event in events:
            if type(event) not in known:
                self._check(event)
            apply(event)
            self._version += 1

    @property
    def id(self) -> str:
        """The stream."""
        return self._stream

    @property
    def version(self) -> int:
        """The number of its events, the uncommitted ones included."""
        return self._version + len(self._changes)

    @property
    def uncommitted_changes(self) -> tuple[E, ...]:
        """What was raised and is not stored yet."""
        return tuple(self._changes)

    @property
    def uncommitted_ids(self) -> tuple[UUID, ...]:
        """The ids under which they will be stored: the same however often the attempt is repeated."""
        while len(self._ids) < len(self._changes):
            self._ids.append(new_id())
        return tuple(self._ids)

    def mark_changes_committed(self) -> None:
        """The uncommitted changes are stored now."""
        self._version += len(self._changes)
        self._changes.clear()
        self._ids.clear()

    def state(self) -> dict[str, Any]:
        """A copy of the declared state by name."""
        return self.definition.state.copy(self)

    def copy(self) -> Self:
        """Another instance of the same stream in the same state, sharing nothing that can change."""
        other = object.__new__(type(self))
        other._stream, other._version = self._stream, self._version
        other._changes, other._ids = list(self._changes), list(self._ids)
        attributes = vars(other)
        for name, value in vars(self).items():
            attributes[name] = copied(value)
        return other

    def restore(self, state: str, version: int) -> None:
        """Becomes what a snapshot holds.

        Args:
            state: the declared state, as a snapshot keeps it.
            version: the version it was taken at.

        Raises:
            ValueError: it is no such state; the instance is unchanged.
        """
        vars(self).update(self.definition.decode(state))
        self._version = version

    def __repr__(self) -> str:
        """Stream, version and state."""
        shown = ", ".join(f"{name}={value!r}" for name, value in self.definition.state.of(self).items())
        return f"<{type(self).__name__} {self._stream} at version {self.version}: {shown}>"

    def _check(self, event: Event) -> None:
        if type(event) not in self.definition.known:
            raise EventTypeUnknown(
                f"{type(event).__name__} is no event of {type(self).__name__}: add it to Aggregate[...].",
                type=getattr(event, "stored_name", type(event).__name__),
            )

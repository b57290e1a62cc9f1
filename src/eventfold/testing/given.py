"""Given, when, then: a user's test of the rules of an aggregate, without store, clock or ids.

def test_a_confirmed_order_is_shipped() -> None:
    (
        given(Order, OrderCreated(...), OrderConfirmed())
        .when(Order.ship, tracking_number="T1")
        .then(OrderShipped(tracking_number="T1"))
        .then_state(status="Shipped")
    )
"""

import re
from collections.abc import Callable
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar

from eventfold.aggregates.aggregate import Aggregate
from eventfold.errors import InvalidOperation
from eventfold.events.event import Event

A = TypeVar("A", bound=Aggregate[Any])
P = ParamSpec("P")


def given(aggregate_type: type[A], *events: Event, stream: str = "") -> "Given[A]":
    """An aggregate with a past.

    Args:
        aggregate_type: the class.
        events: what has happened to it, oldest first; none = it is new.
        stream: its stream; default: the first of its category.
    """
    aggregate = aggregate_type(stream or f"{aggregate_type.definition.category}-1")
    aggregate.load_from_history(events)
    return Given(aggregate)


class Given(Generic[A]):
    """What has happened; see `given`."""

    def __init__(self, aggregate: A) -> None:
        self._aggregate = aggregate

    def when(
        self, decision: Callable[Concatenate[A, P], object], *args: P.args, **kwargs: P.kwargs
    ) -> "Decided[A]":
        """Takes a decision; what it raises is kept for `refused`.

        Args:
            decision: a method of the aggregate, or a function that takes it first.
            args: of the decision.
            kwargs: of the decision.
        """
        try:
            decision(self._aggregate, *args, **kwargs)
        except Exception as error:  # noqa: BLE001 - every way to refuse is a result here
            return Decided(self._aggregate, error)
        return Decided(self._aggregate, None)


class Decided(Generic[A]):
    """What was decided; each question returns it again, so that several may follow one another."""

    def __init__(self, aggregate: A, error: Exception | None) -> None:
        self._aggregate = aggregate
        self._error = error

    def then(self, *events: Event) -> Self:
        """These events were raised, in this order, and no others.

        Raises:
            AssertionError: showing both.
        """
        self._must_have_decided()
        found = self._aggregate.uncommitted_changes
        if found != events:
            raise AssertionError(f"expected events:\n{_listed(events)}\nraised events:\n{_listed(found)}")
        return self

    def then_nothing(self) -> Self:
        """The decision was taken, and nothing happened."""
        return self.then()

    def then_state(self, **values: object) -> Self:
        """The declared state has these values now.

        Raises:
            AssertionError: showing what differs.
        """
        self._must_have_decided()
        state = self._aggregate.state()
        if unknown := values.keys() - state.keys():
            raise AssertionError(f"{type(self._aggregate).__name__} declares no state {min(unknown)!r}")
        wrong = [f"  {n}: expected {v!r}, is {state[n]!r}" for n, v in values.items() if state[n] != v]
        if wrong:
            raise AssertionError("\n".join(["the state differs:", *wrong]))
        return self

    def refused(self, error: type[Exception] = InvalidOperation, match: str = "") -> None:
        """The rules refused it, and nothing happened.

        Args:
            error: the class, or one above it.
            match: a regular expression that is found in the message.

        Raises:
            AssertionError: it was not refused, or otherwise.
        """
        if self._error is None:
            raise AssertionError(
                f"expected {error.__name__}, but it was accepted:\n{_listed(self._aggregate.uncommitted_changes)}"
            )
        if not isinstance(self._error, error):
            raise AssertionError(  # noqa: TRY004 - what a test reports is no wrong type
                f"expected {error.__name__}, got {self._error!r}"
            ) from self._error
        if not re.search(match, str(self._error)):
            raise AssertionError(f"{str(self._error)!r} does not contain {match!r}") from self._error
        if self._aggregate.uncommitted_changes:
            raise AssertionError(
                f"it was refused after it had raised:\n{_listed(self._aggregate.uncommitted_changes)}"
            )

    def _must_have_decided(self) -> None:
        if self._error is not None:
            raise AssertionError(f"the decision was refused: {self._error!r}") from self._error


def _listed(events: tuple[Event, ...]) -> str:
    return "\n".join(f"  {event!r}" for event in events) or "  none"

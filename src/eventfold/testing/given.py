"""Given, when, then: a user's test of the rules of an aggregate, or of a handler, without store, clock or ids.

def test_a_confirmed_order_is_shipped() -> None:
    (
        given(Order, OrderCreated(...), OrderConfirmed())
        .when(Order.ship, tracking_number="T1")
        .then(OrderShipped(tracking_number="T1"))
        .then_state(status="Shipped")
    )


def test_who_bought_is_told() -> None:
    given(shipped).when(OrderShipped(tracking_number="T1")).then_effects(ef.Mail(...))
"""

from collections.abc import Callable
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

from eventfold.aggregates.aggregate import Aggregate
from eventfold.errors import InvalidOperation
from eventfold.events.event import Event
from eventfold.handlers.declaring.handler import Handler
from eventfold.testing.handled import GivenHandler, check_refused, listed

A = TypeVar("A", bound=Aggregate[Any])
P = ParamSpec("P")


@overload
def given(subject: type[A], *events: Event, stream: str = "") -> "Given[A]": ...
@overload
def given(subject: Handler, *events: Event, stream: str = "") -> GivenHandler: ...
def given(subject: type[A] | Handler, *events: Event, stream: str = "") -> "Given[A] | GivenHandler":
    """An aggregate with a past, or a handler with the past of the stream whose event it will take.

    Args:
        subject: the class of the aggregate, or the handler.
        events: what has happened, oldest first; none = the stream is new.
        stream: its name; default: the first of the aggregate's category, for handlers `order-1`.
    """
    if isinstance(subject, Handler):
        return GivenHandler(subject, events, stream or "order-1")
    aggregate = subject(stream or f"{subject.definition.category}-1")
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
            raise AssertionError(f"expected events:\n{listed(events)}\nraised events:\n{listed(found)}")
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
        raised = listed(self._aggregate.uncommitted_changes)
        check_refused(self._error, error, match, f"it was accepted:\n{raised}")
        if self._aggregate.uncommitted_changes:
            raise AssertionError(f"it was refused after it had raised:\n{raised}")

    def _must_have_decided(self) -> None:
        if self._error is not None:
            raise AssertionError(f"the decision was refused: {self._error!r}") from self._error

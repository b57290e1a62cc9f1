"""No public call takes or gives a bare Any: where data are JSON of any shape, their keys are text at least."""

import inspect
import typing
from collections.abc import Callable, Iterator
from typing import Any

import eventfold as ef
from eventfold.app.live import Live
from eventfold.app.tables import LiveTable
from eventfold.errors import EventfoldError
from eventfold.feed.port import Feed
from eventfold.store.port import Snapshots

BESIDE_THE_FRONT_DOOR = (Live, LiveTable, Feed, Snapshots)


def calls(thing: Any) -> Iterator[tuple[str, Callable[..., Any]]]:
    """The public functions of a class, or the function itself."""
    if inspect.isfunction(thing):
        yield thing.__name__, thing
    elif inspect.isclass(thing):
        for name, member in vars(thing).items():
            if name.startswith("_") and name != "__init__":
                continue
            found = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
            if inspect.isfunction(found):
                yield f"{thing.__name__}.{name}", found


def bare(hint: Any) -> bool:
    """Whether a type lets anything through: Any itself, or a container of it that is no JSON object."""
    if hint is Any:
        return True
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is dict:
        return arguments[0] is Any
    if origin is not None and inspect.isclass(origin) and issubclass(origin, ef.Aggregate):
        return False  # any aggregate
    return any(bare(argument) for argument in arguments if not isinstance(argument, list)) or any(
        bare(inner) for argument in arguments if isinstance(argument, list) for inner in argument
    )


def found(things: list[Any]) -> Iterator[str]:
    for thing in things:
        for name, function in calls(thing):
            for argument, hint in function.__annotations__.items():
                quoted = isinstance(hint, str) and "Any" in hint.replace("dict[str, Any]", "")
                if quoted or bare(hint):
                    yield f"{name}: {argument}"


OF_USERS = {"Target.send: payload"}
"""What a user's own class narrows to what the user's own handlers return, which `object` would not let it."""


def test_no_public_call_takes_or_gives_a_bare_any() -> None:
    things = [getattr(ef, name) for name in ef.__all__]
    assert set(found([*things, *BESIDE_THE_FRONT_DOOR, EventfoldError])) == OF_USERS


def test_a_bare_any_is_seen() -> None:
    class Door:
        def give(self) -> Any: ...
        def take(self, value: list[Any]) -> None: ...
        def call(self, function: Callable[[Any], None]) -> None: ...
        def quote(self, value: "set[Any]") -> None: ...
        def fine(self, data: dict[str, Any]) -> None: ...

    assert [line.partition(":")[0] for line in found([Door])] == [
        "Door.give",
        "Door.take",
        "Door.call",
        "Door.quote",
    ]

"""What handlers publish: only public events that they declare, so that the catalogue names all that leaves."""

import types
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from eventfold.errors import DefinitionError, HandlerFailed
from eventfold.handlers.declaring.handler import Handler
from eventfold.handlers.declaring.message import Message
from eventfold.handlers.public.encoding import encode_public
from eventfold.handlers.public.event import PublicEvent
from eventfold.handlers.targets.port import Body


def publication(handler: Handler, returned: object, message: Message, source: str) -> Body | None:
    """What is sent of what a `publish` handler returned; None = nothing.

    Args:
        handler: of the kind `publish`.
        returned: by its function.
        message: what it was given.
        source: who speaks, as `encode_public` takes it.

    Raises:
        HandlerFailed: it is neither None nor a public event that the function's annotation names, or cannot be
            written. A domain event never leaves.
        DefinitionError: as `published_by`.
    """
    if returned is None:
        return None
    if isinstance(returned, PublicEvent) and type(returned) in published_by(handler):
        return encode_public(returned, message, source)
    declared = ", ".join(kind.__name__ for kind in published_by(handler))
    raise HandlerFailed(
        f"{handler.name} returned {_called(returned)}, and declares {declared}: a publish handler returns one of these"
        " or None, and a domain event never leaves.",
        handler=handler.name,
        stream=message.stream,
        version=message.version,
    )


def published_by(handler: Handler) -> tuple[type[PublicEvent], ...]:
    """The public events that a `publish` handler makes, as the annotation of its function says.

    Raises:
        DefinitionError: it does not say, or says something else than public events and None.
    """
    try:
        returns = _returns(handler.function)
    except (NameError, TypeError, SyntaxError, AttributeError) as error:
        raise DefinitionError(
            f"What {handler.name} publishes cannot be told from its annotation: {error}."
        ) from None
    union = get_origin(returns) in {Union, types.UnionType}
    found = [kind for kind in (get_args(returns) if union else (returns,)) if kind is not type(None)]
    if not found or not all(isinstance(kind, type) and issubclass(kind, PublicEvent) for kind in found):
        said = "nothing" if returns is None else repr(returns)
        raise DefinitionError(
            f"{handler.name} publishes, and its annotation names {said:.80}: say which public events it makes, such as"
            " -> ShipmentStarted | None."
        )
    return tuple(found)


def public_events(handlers: Iterable[Handler]) -> list[type[PublicEvent]]:
    """All that some handlers publish, by name and version.

    Raises:
        DefinitionError: as `published_by`; or two classes are one version of one name.
    """
    found: dict[tuple[str, int], type[PublicEvent]] = {}
    for handler in handlers:
        for kind in published_by(handler) if handler.kind == "publish" else ():
            place = (kind.public_name, kind.schema_version)
            if found.setdefault(place, kind) is not kind:
                raise DefinitionError(
                    f"Two public events are version {place[1]} of {place[0]!r}: give one of them another name= or"
                    " version=."
                )
    return [found[place] for place in sorted(found)]


@lru_cache(maxsize=1024)
def _returns(function: Any) -> Any:
    told = function if hasattr(function, "__annotations__") else type(function).__call__
    annotation = told.__annotations__.get("return")
    if not isinstance(annotation, str):
        return annotation
    # of the return annotation alone: those of the arguments may name what exists for type checkers only
    holder = type("Returned", (), {"__annotations__": {"return": annotation}})
    return get_type_hints(holder, getattr(told, "__globals__", {}))["return"]


def _called(returned: object) -> str:
    name = type(returned).__name__
    return f"{'an' if name[:1] in 'AEIOU' else 'a'} {name}"

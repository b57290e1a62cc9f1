"""What a changed schema does to those who read by the old one, and to those who read old events by the new one.

Both go on only where fields are added that may be absent. Everything else needs a new version, or a new name.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from eventfold.handlers.public.schemas import JsonSchema

_TOLD = frozenset({"$schema", "$id", "title", "description", "$comment", "examples"})
"""Keywords that say nothing of the data."""
_SHOWN = 60


class Difference(NamedTuple):
    """One difference between two schemas.

    Attributes:
        safe: whether readers on both sides go on.
        kind: what happened.
        path: where, for example `.parcels[].weight`.
        what: in words, after the path.
    """

    safe: bool
    kind: str
    path: str
    what: str


def differences(old: JsonSchema, new: JsonSchema, path: str = "") -> Iterator[Difference]:
    """Every difference between two JSON Schemas of one public event, in the order of their fields."""
    yield from _fields(old, new, path)
    keywords = [*old, *(keyword for keyword in new if keyword not in old)]
    for keyword in keywords:
        if keyword not in _TOLD and keyword not in {"properties", "required"}:
            yield from _keyword(keyword, old.get(keyword), new.get(keyword), path)


def _fields(old: JsonSchema, new: JsonSchema, path: str) -> Iterator[Difference]:
    was, now = old.get("properties", {}), new.get("properties", {})
    had, has = set(old.get("required", ())), set(new.get("required", ()))
    for name, before in was.items():
        place = f"{path}.{name}"
        if name not in now:
            yield Difference(False, "field-removed", place, "is gone, but others read it")
            continue
        if name in had - has:
            yield Difference(False, "field-optional", place, "may be absent now, but others rely on it")
        if name in has - had:
            yield Difference(
                False, "field-required", place, "is required now, but events that others keep lack it"
            )
        yield from differences(before, now[name], place)
    for name in now:
        if name in was:
            continue
        if name in has:
            yield Difference(
                False, "field-required", f"{path}.{name}", "is new and required: give it a default"
            )
        else:
            yield Difference(True, "field-added", f"{path}.{name}", "is new and may be absent")


def _keyword(keyword: str, was: Any, now: Any, path: str) -> Iterator[Difference]:
    match keyword, was, now:
        case _ if was == now and type(was) is type(now):
            return
        case "items", dict(), dict():
            yield from differences(was, now, f"{path}[]")
        case "additionalProperties", dict(), dict():
            yield from differences(was, now, f"{path}.*")
        case "prefixItems", list(), list() if len(was) == len(now):
            for at, (before, after) in enumerate(zip(was, now, strict=True)):
                yield from differences(before, after, f"{path}[{at}]")
        case "anyOf", list(), list() if len(was) == len(now):
            for before, after in zip(was, now, strict=True):
                yield from differences(before, after, path)
        case "default", _, _:
            what = (
                f"had the default {_shown(was)}, now {_shown(now)}: events that lack it would change meaning"
            )
            yield Difference(False, "default-changed", path, what)
        case _:
            what = f"had {keyword} {_shown(was)}, now {_shown(now)}"
            yield Difference(False, "type-changed", path, what)


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"

"""Whether everything that was stored in one shape reads, with the same meaning, in another.

What is not known to widen is refused: the way out, a new version with an upcaster, is always there.
"""

from collections.abc import Iterator
from typing import NamedTuple

from msgspec import UNSET

from eventfold.events.schema.bounds import narrower, told
from eventfold.events.schema.shapes import (
    Again,
    Bounded,
    Bounds,
    Items,
    Map,
    Members,
    OneOf,
    Optional,
    Record,
    Row,
    Shape,
    Values,
    text_of,
)

_JSON = frozenset({"str", "int", "float", "bool", "null"})
_PYTHON = {"str": str, "int": int}


class Change(NamedTuple):
    """One difference between two shapes.

    Attributes:
        reads: whether everything that was stored still reads the same.
        kind: what happened.
        path: where, from the record that was compared, for example `.items[].quantity`.
        what: in words, after the path.
    """

    reads: bool
    kind: str
    path: str
    what: str


class _At(NamedTuple):
    """A shape where it stands: the records around it say what `Again` means."""

    shape: Shape
    around: tuple[Record, ...] = ()

    def resolved(self) -> "_At":
        if not isinstance(self.shape, Again):
            return self
        return _At(self.around[-self.shape.up], self.around[: -self.shape.up])

    def inside(self, shape: Shape | Optional) -> "_At":
        own = (self.shape,) if isinstance(self.shape, Record) else ()
        return _At(shape.of if isinstance(shape, Optional) else shape, self.around + own)

    def arms(self) -> list["_At"]:
        if isinstance(self.shape, OneOf):
            return [_At(arm, self.around).resolved() for arm in self.shape.of]
        return [self.resolved()]


def changes(old: Record, new: Record) -> list[Change]:
    """Every difference between two shapes of one type, in the order of their fields."""
    return list(_Comparison().records(_At(old), _At(new), ""))


class _Comparison:
    """Walks two shapes at once; remembers the pairs of records that it is in, because a type may contain itself."""

    def __init__(self) -> None:
        self._within: list[tuple[int, int]] = []

    def records(self, was: _At, now: _At, path: str) -> Iterator[Change]:
        old, new = was.shape, now.shape
        assert isinstance(old, Record)
        assert isinstance(new, Record)
        pair = (id(old), id(new))
        if pair in self._within:
            return
        if (old.tag, old.positional) != (new.tag, new.positional):
            yield Change(False, "type-changed", path, "is tagged or laid out differently")
            return
        self._within.append(pair)
        if old.open and not new.open:
            yield Change(False, "type-narrowed", path, "no longer ignores fields it does not know")
        if old.positional:
            yield from _places(old, new, path)
        for name, before in old.fields.items():
            after = new.fields.get(name)
            if after is None:
                yield Change(False, "field-removed", f"{path}.{name}", "is gone, but stored events hold it")
                continue
            yield from _meaning(old, new, name, f"{path}.{name}")
            yield from _presence(before, after, f"{path}.{name}")
            yield from self.shapes(was.inside(before), now.inside(after), f"{path}.{name}")
        for name, after in new.fields.items():
            if name not in old.fields:
                yield _added(after, f"{path}.{name}")
        self._within.pop()

    def shapes(self, was: _At, now: _At, path: str) -> Iterator[Change]:
        arms, choices = was.arms(), now.arms()
        for arm in arms:
            match = next((choice for choice in choices if _alike(arm.shape, choice.shape)), None)
            if match is not None:
                yield from self._kinds(arm, match, path)
            elif arm.shape == "any":
                yield Change(
                    False, "type-narrowed", path, f"took any JSON value, now only {spoken(now.shape)}"
                )
            elif len(arms) > 1:
                yield Change(False, "type-narrowed", path, f"no longer takes {spoken(arm.shape)}")
            else:
                yield Change(False, "type-changed", path, f"was {spoken(was.shape)}, now {spoken(now.shape)}")
        more = [c.shape for c in choices if not any(_alike(arm.shape, c.shape) for arm in arms)]
        if more and len(choices) > len(more):
            yield Change(True, "type-widened", path, f"takes {', '.join(map(spoken, more))} as well")

    def _kinds(self, was: _At, now: _At, path: str) -> Iterator[Change]:
        match was.shape, now.shape:
            case Record(), Record():
                yield from self.records(was, now, path)
            case Values() as old, Values() as new:
                yield from _fewer(old.values, new.values, path)
            case Values() as old, str() | Bounded() as new:
                words = f"was {spoken(old)}, now {spoken(new)}"
                reads = isinstance(new, str)
                yield Change(reads, "type-widened" if reads else "type-narrowed", path, words)
            case Members() as old, Members() as new:
                yield from _members(old, new, path)
            case Items() as old, Items() as new:
                yield from _limited(old.bounds, new.bounds, path)
                yield from self.shapes(was.inside(old.of), now.inside(new.of), f"{path}[]")
            case Map() as old, Map() as new:
                yield from _limited(old.keys, new.keys, f"{path} (keys)")
                yield from _limited(old.bounds, new.bounds, path)
                yield from self.shapes(was.inside(old.of), now.inside(new.of), f"{path}.*")
            case Row() as old, Row() as new:
                if len(old.of) != len(new.of):
                    yield Change(False, "type-changed", path, f"had {len(old.of)} places, now {len(new.of)}")
                    return
                for at, (before, after) in enumerate(zip(old.of, new.of, strict=True)):
                    yield from self.shapes(was.inside(before), now.inside(after), f"{path}[{at}]")
            case str() | Bounded() as old, str() | Bounded() as new:
                if _plain(old) != _plain(new):
                    yield Change(True, "type-widened", path, "takes any JSON value now")
                else:
                    yield from _limited(_limits(old), _limits(new), path)


def _alike(old: Shape, new: Shape) -> bool:
    """Whether values of the one are read as the other, but for limits and what is inside."""
    match old, new:
        case Record(), Record():
            return old.tag == new.tag or old.tag is None or new.tag is None
        case Values(), str() | Bounded():
            kind = _PYTHON.get(_plain(new))
            return kind is not None and all(type(value) is kind for value in old.values)
        case str() | Bounded(), str() | Bounded():
            return _plain(old) == _plain(new) or (new == "any" and _plain(old) in _JSON)
        case _:
            return type(old) is type(new)


def _presence(old: Shape | Optional, new: Shape | Optional, path: str) -> Iterator[Change]:
    match old, new:
        case Optional(), Optional():
            was, now = _default(old), _default(new)
            if was != now:
                words = f"had the default {was}, now {now}: events that lack it would change meaning"
                yield Change(False, "default-changed", path, words)
        case Optional(), _:
            yield Change(False, "field-required", path, "has lost its default, but stored events may lack it")
        case _, Optional():
            yield Change(True, "field-optional", path, "may be absent now")


def _meaning(old: Record, new: Record, name: str, path: str) -> Iterator[Change]:
    attribute = new.attributes.get(name, name)
    before = {old.attributes.get(stored, stored): stored for stored in old.fields}.get(attribute, name)
    if before != name:
        what = f"is read as the attribute {attribute} now, which was stored as {before!r}"
        yield Change(False, "meaning-changed", path, what)


def _places(old: Record, new: Record, path: str) -> Iterator[Change]:
    names = list(new.fields)[: len(old.fields)]
    if names != list(old.fields) and set(old.fields) <= set(new.fields):
        yield Change(
            False, "type-changed", path, "is stored as a list, and its fields stand in another order"
        )


def _added(field: Shape | Optional, path: str) -> Change:
    if isinstance(field, Optional):
        return Change(True, "field-added", path, "is new and may be absent")
    return Change(False, "field-required", path, "is new and has no default, but stored events lack it")


def _members(old: Members, new: Members, path: str) -> Iterator[Change]:
    for name, value in old.members.items():
        if value not in new.members.values():
            yield Change(False, "type-narrowed", path, f"no longer takes {value!r}")
        elif name in new.members and new.members[name] != value:
            yield Change(
                False,
                "meaning-changed",
                path,
                f"{name} was stored as {value!r}, now as {new.members[name]!r}",
            )
    more = [value for value in new.members.values() if value not in old.members.values()]
    if more:
        yield Change(True, "type-widened", path, f"takes {', '.join(map(repr, more))} as well")


def _fewer(old: list[str | int], new: list[str | int], path: str) -> Iterator[Change]:
    gone = [value for value in old if value not in new]
    more = [value for value in new if value not in old]
    if gone:
        yield Change(False, "type-narrowed", path, f"no longer takes {', '.join(map(repr, gone))}")
    if more:
        yield Change(True, "type-widened", path, f"takes {', '.join(map(repr, more))} as well")


def _limited(old: Bounds, new: Bounds, path: str) -> Iterator[Change]:
    if old != new:
        words = f"had the limits {told(old)}, now {told(new)}"
        reads = not narrower(old, new)
        yield Change(reads, "type-widened" if reads else "type-narrowed", path, words)


def _default(field: Optional) -> str:
    return "computed by the program" if field.default is UNSET else text_of(field.default)


def _plain(shape: Shape) -> str:
    return shape.of if isinstance(shape, Bounded) else str(shape)


def _limits(shape: Shape) -> Bounds:
    return shape.bounds if isinstance(shape, Bounded) else {}


def spoken(shape: Shape) -> str:
    """A shape in a word or two."""
    match shape:
        case str():
            return shape
        case Bounded():
            return f"{shape.of} ({told(shape.bounds)})"
        case Items():
            return f"a list of {spoken(shape.of)}"
        case Row():
            return f"a list of {len(shape.of)} places"
        case Map():
            return f"a map of {spoken(shape.of)}"
        case OneOf():
            return " or ".join(map(spoken, shape.of))
        case Members():
            return f"one of {', '.join(map(repr, shape.members.values()))}"
        case Values():
            return f"one of {', '.join(map(repr, shape.values))}"
        case Record(tag=(_, tag)):
            return f"the record {tag!r}"
        case Record():
            return "a record"
        case Again():
            return "the same record again"

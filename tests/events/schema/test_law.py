"""The law of the gate, over generated types: what it lets through reads all that was stored, to the same values."""

import types
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, NamedTuple
from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import eventfold as ef
from eventfold.events.schema.accepting import accept
from eventfold.events.schema.gate import judge
from eventfold.events.schema.recorded import Recorded
from tests.events.schema.making import event, program

LEAVES: dict[str, Any] = {
    "str": str,
    "int": int,
    "float": float,
    "bool": bool,
    "decimal": Decimal,
    "datetime": datetime,
    "date": date,
    "uuid": UUID,
    "bytes": bytes,
}
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "str": texts,
    "int": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(allow_nan=False, allow_infinity=False),
    "bool": st.booleans(),
    "decimal": st.decimals(allow_nan=False, allow_infinity=False),
    "datetime": st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=st.just(UTC)),  # noqa: DTZ001
    "date": st.dates(),
    "uuid": st.uuids(),
    "bytes": st.binary(max_size=8),
}


class Kind(NamedTuple):
    """A type under construction: a leaf, or one of `list`, `map`, `enum`, `limited`, `record`, with what is in it."""

    name: str
    inner: Any = None
    null: bool = False


class Field(NamedTuple):
    kind: Kind
    optional: bool


def kinds(depth: int = 2) -> st.SearchStrategy[Kind]:
    simple = st.builds(Kind, st.sampled_from(sorted(LEAVES)), st.none(), st.booleans())
    limited = st.builds(Kind, st.just("limited"), st.integers(0, 20), st.booleans())
    enums = st.builds(
        Kind, st.just("enum"), st.sets(st.sampled_from("abcd"), min_size=1).map(frozenset), st.booleans()
    )
    if not depth:
        return simple | limited | enums
    inner = kinds(depth - 1)
    nested = st.builds(Kind, st.sampled_from(["list", "map"]), inner, st.booleans())
    records = st.builds(Kind, st.just("record"), fields(depth - 1), st.booleans())
    return simple | limited | enums | nested | records


def fields(depth: int = 2) -> st.SearchStrategy[dict[str, Field]]:
    return st.dictionaries(st.sampled_from("pqrs"), st.builds(Field, kinds(depth), st.booleans()), max_size=3)


def python(kind: Kind) -> Any:
    found = _python(kind)
    return found | None if kind.null else found


def _python(kind: Kind) -> Any:
    match kind.name:
        case "list":
            return types.GenericAlias(list, (python(kind.inner),))
        case "map":
            return types.GenericAlias(dict, (str, python(kind.inner)))
        case "enum":
            return Enum("Letter", {name.upper(): name for name in sorted(kind.inner)})
        case "limited":
            return Annotated[int, msgspec.Meta(ge=0, le=kind.inner)]
        case "record":
            body = annotated(kind.inner)
            hints = {name: pair if not isinstance(pair, tuple) else pair[0] for name, pair in body.items()}
            space = {n: pair[1] for n, pair in body.items() if isinstance(pair, tuple)}
            made: Any = types.new_class(
                "Part",
                (msgspec.Struct,),
                {"kw_only": True, "frozen": True},
                lambda namespace: namespace.update({"__annotations__": hints, **space}),
            )
            return made
        case leaf:
            return LEAVES[leaf]


def annotated(found: dict[str, Field]) -> dict[str, Any]:
    return {n: (python(f.kind) | None, None) if f.optional else python(f.kind) for n, f in found.items()}


def stored(kind: Kind) -> st.SearchStrategy[Any]:
    """JSON-ready values of a kind, as its encoder writes them."""
    match kind.name:
        case "list":
            found: st.SearchStrategy[Any] = st.lists(stored(kind.inner), max_size=3)
        case "map":
            found = st.dictionaries(texts.filter(lambda key: key != "$enc"), stored(kind.inner), max_size=2)
        case "enum":
            found = st.sampled_from(sorted(kind.inner))
        case "limited":
            found = st.integers(0, kind.inner)
        case "record":
            found = data_of(kind.inner)
        case leaf:
            found = VALUES[leaf]
    return st.none() | found if kind.null else found


def data_of(found: dict[str, Field]) -> st.SearchStrategy[dict[str, Any]]:
    required = {n: stored(f.kind) for n, f in found.items() if not f.optional}
    optional = {n: st.none() | stored(f.kind) for n, f in found.items() if f.optional}
    return st.fixed_dictionaries(required, optional=optional)


# what a programmer may do to a type; each gives the changed fields, or None where there is nothing to change


def _at(found: dict[str, Field], name: str, change: Callable[[Kind], Kind | None]) -> dict[str, Field] | None:
    kind = change(found[name].kind)
    return None if kind is None else {**found, name: found[name]._replace(kind=kind)}


def drop_field(found: dict[str, Field], name: str) -> dict[str, Field] | None:
    return {n: f for n, f in found.items() if n != name}


def rename_field(found: dict[str, Field], name: str) -> dict[str, Field] | None:
    return {**drop_field(found, name), f"{name}2": found[name]}  # type: ignore[dict-item]


def require_new_field(found: dict[str, Field], _name: str) -> dict[str, Field] | None:
    return {**found, "new": Field(Kind("str"), optional=False)}


def require_field(found: dict[str, Field], name: str) -> dict[str, Field] | None:
    return {**found, name: found[name]._replace(optional=False)} if found[name].optional else None


def other_type(found: dict[str, Field], name: str) -> dict[str, Field] | None:
    def change(kind: Kind) -> Kind | None:
        if kind.name not in LEAVES:
            return Kind("bool", None, kind.null)
        return kind._replace(name="date" if kind.name != "date" else "bytes")

    return _at(found, name, change)


def lower_limit(found: dict[str, Field], name: str) -> dict[str, Field] | None:
    def change(kind: Kind) -> Kind | None:
        return kind._replace(inner=kind.inner - 1) if kind.name == "limited" and kind.inner else None

    return _at(found, name, change)


def fewer_members(found: dict[str, Field], name: str) -> dict[str, Field] | None:
    def change(kind: Kind) -> Kind | None:
        if kind.name != "enum" or len(kind.inner) < 2:
            return None
        return kind._replace(inner=kind.inner - {min(kind.inner)})

    return _at(found, name, change)


def no_null(found: dict[str, Field], name: str) -> dict[str, Field] | None:
    if found[name].optional:
        return None  # absent and null stay one thing there
    return _at(found, name, lambda kind: kind._replace(null=False) if kind.null else None)


BREAKING = [
    drop_field,
    rename_field,
    require_new_field,
    require_field,
    other_type,
    lower_limit,
    fewer_members,
    no_null,
]


def add_optional(found: dict[str, Field], _name: str) -> dict[str, Field] | None:
    return {**found, "new": Field(Kind("decimal"), optional=True)}


def allow_null(found: dict[str, Field], name: str) -> dict[str, Field] | None:
    return _at(found, name, lambda kind: kind._replace(null=True))


def raise_limit(found: dict[str, Field], name: str) -> dict[str, Field] | None:
    return _at(found, name, lambda k: k._replace(inner=k.inner + 1) if k.name == "limited" else None)


def more_members(found: dict[str, Field], name: str) -> dict[str, Field] | None:
    return _at(found, name, lambda k: k._replace(inner=k.inner | {"e"}) if k.name == "enum" else None)


ADDING = [add_optional, allow_null, raise_limit, more_members]


def deep(found: dict[str, Field], change: Any, path: list[int]) -> dict[str, Field] | None:
    """The change made somewhere inside: `path` says which field, and whether to go further in."""
    if not found:
        return None
    name = sorted(found)[path[0] % len(found)]
    kind = found[name].kind
    steps = []
    while kind.name in {"list", "map"}:
        steps.append(kind)
        kind = kind.inner
    if kind.name == "record" and kind.inner and len(path) > 1:
        inner = deep(kind.inner, change, path[1:])
        if inner is None:
            return None
        now = kind._replace(inner=inner)
    elif steps and len(path) > 1:
        changed = change({"x": Field(kind, optional=False)}, "x")
        if changed is None or set(changed) != {"x"}:
            return None
        now = changed["x"].kind
    else:
        changed = change(found, name)
        return None if changed is None else dict(changed)
    for step in reversed(steps):
        now = step._replace(inner=now)
    return {**found, name: found[name]._replace(kind=now)}


changed_types = st.tuples(
    fields(),
    st.lists(
        st.tuples(st.sampled_from([*BREAKING, *ADDING]), st.lists(st.integers(0, 3), min_size=1, max_size=3))
    ),
)


def is_same(old: Any, new: Any) -> bool:
    """Whether what is read now is what was read before, but for fields that are new and have their default."""
    match old:
        case Enum():
            return bool(old.value == new.value)
        case msgspec.Struct():
            names = old.__struct_fields__
            more = [n for n in new.__struct_fields__ if n not in names]
            return all(is_same(getattr(old, n), getattr(new, n)) for n in names) and all(
                getattr(new, n) is None for n in more
            )
        case list():
            return len(old) == len(new) and all(map(is_same, old, new))
        case dict():
            return old.keys() == new.keys() and all(is_same(old[k], new[k]) for k in old)
        case _:
            return type(old) is type(new) and bool(old == new)


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(st.data(), changed_types)
def test_what_is_let_through_reads_everything_to_the_same_values(
    data: st.DataObject, change: tuple[dict[str, Field], list[tuple[Any, list[int]]]]
) -> None:
    before, steps = change
    after: dict[str, Field] | None = before
    for step, path in steps:
        after = deep(after, step, path) or after if after else after
    assert after is not None
    old, new = program(event(annotated(before))), program(event(annotated(after)))
    findings = judge(accept(Recorded(app="shop"), old), new)
    assume(not any(finding.level == "refused" for finding in findings))
    text = msgspec.json.encode(data.draw(data_of(before))).decode()
    was, now = (p.registry.decode(ef.NewEvent(ef.new_id(), "Placed", 1, text)) for p in (old, new))
    assert is_same(was, now)


@pytest.mark.slow
@pytest.mark.parametrize("change", BREAKING, ids=lambda change: change.__name__)
# a path leads past what the change bites on more often than not
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(found=fields(), path=st.lists(st.integers(0, 3), min_size=1, max_size=3))
def test_a_change_that_is_known_to_break_is_always_refused(
    change: Any, found: dict[str, Field], path: list[int]
) -> None:
    # fields whose change has something to bite on, so that few examples are thrown away
    found = {
        **found,
        "l": Field(Kind("limited", 3, null=True), False),
        "e": Field(Kind("enum", frozenset("ab")), True),
    }
    after = deep(found, change, path)
    assume(after is not None)
    assert after is not None
    old, new = program(event(annotated(found))), program(event(annotated(after)))
    levels = {finding.level for finding in judge(accept(Recorded(app="shop"), old), new)}
    assert "refused" in levels


@pytest.mark.parametrize("change", ADDING, ids=lambda change: change.__name__)
# a path leads past what the change bites on more often than not
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(found=fields(), path=st.lists(st.integers(0, 3), min_size=1, max_size=3))
def test_a_change_that_only_adds_is_never_refused(
    change: Any, found: dict[str, Field], path: list[int]
) -> None:
    found = {**found, "l": Field(Kind("limited", 3), False), "e": Field(Kind("enum", frozenset("ab")), True)}
    after = deep(found, change, path)
    assume(after is not None)
    assert after is not None
    old, new = program(event(annotated(found))), program(event(annotated(after)))
    findings = judge(accept(Recorded(app="shop"), old), new)
    assert [f for f in findings if f.level == "refused"] == []

"""Checks that the values of an event can be stored and read back exactly, before anything is written.

msgspec trusts what a program puts into a struct, writes NaN as null and naive times as they are. A checker is built
once per type; each is called as `check(value)` and raises the typed error, to which the path is added on the way out.
"""

import math
import operator
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import msgspec
from msgspec import inspect as mi

from eventfold import limits
from eventfold.errors import (
    DecimalAsStringRequired,
    DefinitionError,
    IntegerOutOfRange,
    InvalidEvent,
    JsonTooDeep,
    NumberNotFinite,
    PayloadInvalid,
    TextHasNul,
    TimeInvalid,
)

Check = Callable[[Any], None]
RESERVED_KEY = "$enc"


def checker(event_type: type[msgspec.Struct]) -> Check:
    """The checker of a record type.

    Raises:
        DefinitionError: a field has a type that does not read back as it was written.
    """
    info = mi.type_info(event_type)
    return _build(info, event_type.__name__, {})


def is_lasting(event_type: type[msgspec.Struct]) -> bool:
    """Whether nothing inside a value of the type can be changed: what was checked once need not be checked again."""
    return _lasts(mi.type_info(event_type), set())


def _lasts(info: mi.Type, seen: set[type]) -> bool:
    match info:
        case mi.ListType() | mi.DictType() | mi.AnyType():
            return False
        case mi.StructType(cls=cls, fields=fields):
            if cls in seen:
                return True  # it contains itself, and is being looked at
            seen.add(cls)
            return cls.__struct_config__.frozen and all(_lasts(f.type, seen) for f in fields)
        case mi.VarTupleType(item_type=inner) | mi.Metadata(type=inner):
            return _lasts(inner, seen)
        case mi.TupleType(item_types=types) | mi.UnionType(types=types):
            return all(_lasts(one, seen) for one in types)
        case _:
            return True


def _build(info: mi.Type, where: str, known: dict[type, list[Check]]) -> Check:
    match info:
        case mi.StrType():
            return check_text
        case mi.IntType():
            return check_int
        case mi.BoolType():
            return _exactly(bool)
        case mi.FloatType():
            return check_float
        case mi.NoneType():
            return _exactly(type(None))
        case mi.DecimalType():
            return check_decimal
        case mi.DateTimeType():
            return check_time
        case mi.DateType():
            return _exactly(date)
        case mi.UUIDType():
            return _exactly(UUID)
        case mi.BytesType():
            return _exactly(bytes)
        case mi.EnumType(cls=cls):
            _check_enum(cls)
            return _exactly(cls)
        case mi.LiteralType(values=values):
            return _one_of(values)
        case mi.StructType(cls=cls, fields=fields):
            return _record(cls, fields, where, known)
        case mi.ListType(item_type=item):
            return _items(list, _build(item, where, known))
        case mi.VarTupleType(item_type=item):
            return _items(tuple, _build(item, where, known))
        case mi.TupleType(item_types=item_types):
            return _fixed([_build(item, where, known) for item in item_types])
        case mi.DictType(key_type=mi.StrType() | mi.AnyType(), value_type=value):
            return _map(_build(value, where, known))
        case mi.UnionType(types=types):
            return _union([_build(t, where, known) for t in types])
        case mi.AnyType():
            return check_json
        case mi.Metadata(type=inner):
            return _build(inner, where, known)
        case _:
            raise DefinitionError(
                f"{where}: a {type(info).__name__.removesuffix('Type').lower()} does not read back as it was written;"
                " use str, int, float, bool, Decimal, datetime, date, UUID, bytes, Enum, records, tuples, lists or"
                " maps with text keys."
            )


def _wrong(value: object, expected: str) -> PayloadInvalid:
    return PayloadInvalid(f"expected {expected}, got {type(value).__name__}")


def at_path(error: InvalidEvent, step: str) -> InvalidEvent:
    """The same error with one more step in front of its path."""
    path = step + str(error.facts.get("path", ""))
    reason = str(error.facts.get("reason", error.message))
    return type(error)(f"{path.lstrip('.')}: {reason}", path=path, reason=reason)


def check_text(value: object) -> None:
    """Text without NUL; lone surrogates are refused when it is encoded."""
    if type(value) is not str:
        raise _wrong(value, "str")
    if "\0" in value:
        raise TextHasNul("text contains NUL (U+0000), which not every store can keep")


def check_int(value: object) -> None:
    """A whole number of 64 bits."""
    if type(value) is not int:
        raise _wrong(value, "int")
    if not limits.INT_MIN <= value <= limits.INT_MAX:
        raise IntegerOutOfRange("the integer does not fit 64 bits")


def check_float(value: object) -> None:
    """A finite number; an int that a float holds exactly will do."""
    if type(value) is int and abs(value) <= 2**53:
        return
    if type(value) is not float:
        raise _wrong(value, "float")
    if not math.isfinite(value):
        raise NumberNotFinite(f"{value} is not a finite number")


def check_decimal(value: object) -> None:
    """A finite Decimal; a float has lost the exact value already."""
    if type(value) is not Decimal:
        if isinstance(value, float):
            raise DecimalAsStringRequired(f"give the decimal as Decimal('{value}'), not as a float")
        raise _wrong(value, "Decimal")
    if not value.is_finite():
        raise NumberNotFinite(f"{value} is not a finite number")


def check_time(value: object) -> None:
    """An aware time whose offset is whole minutes (RFC 3339 has no seconds in an offset)."""
    if type(value) is not datetime:
        raise _wrong(value, "datetime")
    offset = value.utcoffset()
    if offset is None:
        raise TimeInvalid("the time has no time zone; give an aware time, for example in UTC")
    if offset.seconds % 60 or offset.microseconds:
        raise TimeInvalid("the time's offset is not whole minutes; convert it to UTC")


def check_json(value: object, depth: int = 0) -> None:
    """Any JSON value: null, booleans, 64-bit integers, finite floats, text, lists and maps with text keys."""
    match value:
        case None | bool():
            return
        case str():
            check_text(value)
        case int():
            check_int(value)
        case float():
            if not math.isfinite(value):
                raise NumberNotFinite(f"{value} is not a finite number")
        case list() | tuple():
            _deeper(depth)
            for item in value:
                check_json(item, depth + 1)
        case dict():
            _deeper(depth)
            for key, item in value.items():
                check_key(key)
                check_json(item, depth + 1)
        case _:
            raise _wrong(value, "a JSON value")


def _deeper(depth: int) -> None:
    if depth >= limits.JSON_DEPTH:
        raise JsonTooDeep(f"The data is nested deeper than {limits.JSON_DEPTH} levels.")


def check_key(key: object) -> None:
    """A key of a map: text that is not reserved."""
    check_text(key)
    if key == RESERVED_KEY:
        raise PayloadInvalid(f"the key {RESERVED_KEY!r} is reserved")


def _exactly(expected: type) -> Check:
    def check(value: object) -> None:
        if type(value) is not expected:
            raise _wrong(value, expected.__name__)

    return check


def _one_of(values: Sequence[object]) -> Check:
    allowed = {(type(v), v) for v in values}

    def check(value: object) -> None:
        if (type(value), value) not in allowed:
            raise PayloadInvalid(f"expected one of {sorted(map(str, values))}, got {value!r}")

    return check


def _record(
    cls: type[msgspec.Struct], fields: Sequence[mi.Field], where: str, known: dict[type, list[Check]]
) -> Check:
    if cls in known:  # a type that contains itself: call the checker that is being built
        later = known[cls]

        def check_again(value: object) -> None:
            later[0](value)

        return check_again
    known[cls] = []
    names = [f.name for f in fields]
    checks = [_build(f.type, f"{where}.{f.encode_name}", known) for f in fields]
    steps = ["." + f.encode_name for f in fields]
    values = _getter(names)

    def check(value: object) -> None:
        if type(value) is not cls:
            raise _wrong(value, cls.__name__)
        at = -1
        try:
            for check_field, field in zip(checks, values(value), strict=True):
                at += 1
                check_field(field)
        except InvalidEvent as error:
            raise at_path(error, steps[at]) from None

    known[cls].append(check)
    return check


def _getter(names: Sequence[str]) -> Callable[[Any], tuple[Any, ...]]:
    if not names:
        return lambda _value: ()
    if len(names) == 1:
        one = operator.attrgetter(names[0])
        return lambda value: (one(value),)
    return operator.attrgetter(*names)


def _items(kind: type[list[Any]] | type[tuple[Any, ...]], check_item: Check) -> Check:
    def check(value: Any) -> None:
        if type(value) is not kind:
            raise _wrong(value, kind.__name__)
        at = -1
        try:
            for item in value:
                at += 1
                check_item(item)
        except InvalidEvent as error:
            raise at_path(error, f"[{at}]") from None

    return check


def _fixed(checks: Sequence[Check]) -> Check:
    def check(value: Any) -> None:
        if type(value) is not tuple or len(value) != len(checks):
            raise PayloadInvalid(f"expected a tuple of {len(checks)}")
        for check_item, item in zip(checks, value, strict=True):
            check_item(item)

    return check


def _map(check_value: Check) -> Check:
    def check(value: Any) -> None:
        if type(value) is not dict:
            raise _wrong(value, "dict")
        for key, item in value.items():
            check_key(key)
            try:
                check_value(item)
            except InvalidEvent as error:
                raise at_path(error, f".{key}") from None

    return check


def _union(checks: Sequence[Check]) -> Check:
    def check(value: object) -> None:
        first: InvalidEvent | None = None
        for check_one in checks:
            try:
                check_one(value)
            except InvalidEvent as error:
                # the most telling error is one about the value, not about its type
                first = error if first is None or type(first) is PayloadInvalid else first
            else:
                return
        raise first or _wrong(value, "a known type")

    return check


def _check_enum(cls: type[Enum]) -> None:
    if not all(type(member.value) in (str, int) for member in cls):
        raise DefinitionError(
            f"{cls.__name__}: the values of an Enum in an event must be text or whole numbers."
        )

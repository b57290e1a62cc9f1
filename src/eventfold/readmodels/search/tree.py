"""Conditions on the columns of a row, as a tree: what a `where` means, without its text.

Values are cells, as `ColumnType` says: decimals scaled whole numbers, times microseconds, dates days. A comparison is
true or false, never unknown: with no value in the row it is false, and `Not` makes it true.
"""

from typing import Literal

import msgspec

from eventfold.readmodels.declaring.types import Cell

Operator = Literal["=", "<", "<=", ">", ">="]


class Compare(msgspec.Struct, frozen=True):
    """A column compared with a value."""

    column: str
    operator: Operator
    value: Cell


class OneOf(msgspec.Struct, frozen=True):
    """A column that has one of several values."""

    column: str
    values: tuple[Cell, ...]


class IsNull(msgspec.Struct, frozen=True):
    """A column without a value."""

    column: str


class Not(msgspec.Struct, frozen=True):
    """What a condition does not hold for."""

    condition: "Condition"


class AllOf(msgspec.Struct, frozen=True):
    """Every one of several conditions."""

    conditions: tuple["Condition", ...]


class AnyOf(msgspec.Struct, frozen=True):
    """At least one of several conditions."""

    conditions: tuple["Condition", ...]


Condition = Compare | OneOf | IsNull | Not | AllOf | AnyOf

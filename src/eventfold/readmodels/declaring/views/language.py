"""How a view is written: expressions over the columns of a row, beside the table that has them."""

from datetime import date, datetime
from decimal import Decimal
from typing import NoReturn

from eventfold.errors import TableInvalid
from eventfold.readmodels.declaring.columns import Column
from eventfold.readmodels.declaring.views.tree import Node


class Value:
    """A value of a row, a condition on it, or what an aggregate keeps of the rows of a group.

    Conditions come of `==`, `!=`, `<`, `<=`, `>`, `>=`, `isin` and `is_null`, and join by `&`, `|` and `~`. As in SQL
    a comparison with null is unknown, and a row is kept where the condition is true.
    """

    __slots__ = ("tree",)
    __hash__ = None  # type: ignore[assignment] # == makes a condition

    def __init__(self, tree: Node) -> None:
        self.tree = tree

    def __bool__(self) -> NoReturn:
        """Refused, since Python would decide here what each row is to be asked."""
        raise TableInvalid(
            "A condition of a view has no truth value: join conditions by &, | and ~, each in parentheses."
        )

    def __eq__(self, other: object) -> "Value":  # type: ignore[override] # a condition
        """Whether both are the same value; of texts, every blank counts."""
        return _made("equal", self, other)

    def __ne__(self, other: object) -> "Value":  # type: ignore[override] # a condition
        """Whether they are not."""
        return _made("unequal", self, other)

    def __lt__(self, other: object) -> "Value":
        """Whether it is smaller, or earlier; not of texts."""
        return _made("less", self, other)

    def __le__(self, other: object) -> "Value":
        """Whether it is not greater."""
        return _made("at_most", self, other)

    def __gt__(self, other: object) -> "Value":
        """Whether it is greater, or later."""
        return _made("greater", self, other)

    def __ge__(self, other: object) -> "Value":
        """Whether it is not smaller."""
        return _made("at_least", self, other)

    def __and__(self, other: object) -> "Value":
        """Both conditions."""
        return _made("and", self, other)

    def __or__(self, other: object) -> "Value":
        """One of the conditions."""
        return _made("or", self, other)

    def __invert__(self) -> "Value":
        """Not this condition; what is unknown stays so."""
        return _made("not", self)

    def __add__(self, other: object) -> "Value":
        """The sum of two numbers."""
        return _made("add", self, other)

    def __sub__(self, other: object) -> "Value":
        """The difference of two numbers."""
        return _made("subtract", self, other)

    def __mul__(self, other: object) -> "Value":
        """The product of two numbers. There is no quotient: engines cut and round it differently."""
        return _made("multiply", self, other)

    def isin(self, *values: object) -> "Value":
        """Whether it is one of these values."""
        if not values:
            raise TableInvalid("isin() of a view needs the values to look for: isin('Created', 'Shipped').")
        found = _made("equal", self, values[0])
        for value in values[1:]:
            found |= _made("equal", self, value)
        return found

    def is_null(self) -> "Value":
        """Whether there is no value; `~x.is_null()` whether there is one."""
        return _made("null", self)

    def otherwise(self, value: object) -> "Value":
        """This value, or the other one where it is null."""
        return _made("otherwise", self, value)

    def day(self) -> "Value":
        """The day of a time, in UTC."""
        return _made("day", self)

    def month(self) -> "Value":
        """The first day of the month of a time, in UTC, or of a day."""
        return _made("month", self)

    def year(self) -> "Value":
        """The year of a time, in UTC, or of a day, as a whole number."""
        return _made("year", self)

    def hour(self) -> "Value":
        """The hour of a time, in UTC, 0 to 23."""
        return _made("hour", self)

    def seconds_since(self, earlier: object) -> "Value":
        """The seconds from another time to this one, with six digits behind the point."""
        return _made("seconds_since", self, earlier)

    def days_since(self, earlier: object) -> "Value":
        """How often midnight in UTC came between another time or day and this one."""
        return _made("days_since", self, earlier)

    def count(self) -> "Value":
        """How many rows of the group have a value, or for how many the condition is true."""
        return _made("count", self)

    def distinct(self) -> "Value":
        """How many different values the rows of the group have."""
        return _made("distinct", self)

    def sum(self, where: "Value | None" = None) -> "Value":
        """The sum of the numbers, of the rows for which the condition is true; null where there is none."""
        return _made("sum", _kept(self, where))

    def min(self, where: "Value | None" = None) -> "Value":
        """The smallest number, or the earliest time or day; `where` as for `sum`."""
        return _made("min", _kept(self, where))

    def max(self, where: "Value | None" = None) -> "Value":
        """The greatest number, or the latest time or day; `where` as for `sum`."""
        return _made("max", _kept(self, where))


class Row:
    """The row that a view looks at: `ef.row.status` is its column `status`."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Value:
        """The column of this name, which must be one once the table is made."""
        if name.startswith("_"):
            raise AttributeError(name)
        return Value(Node("column", value=name))


row = Row()


def node(given: object) -> Node:
    """What was written in an expression, as its tree.

    Raises:
        TableInvalid: it is nothing that a view can hold.
    """
    match given:
        case Value():
            return given.tree
        case Column(reducer="count", on=()):
            return Node("count_rows")
        case bool() | int() | str() | Decimal() | date() | datetime():
            return Node("literal", value=given)
        case None:
            raise TableInvalid("A view compares nothing with None: ask is_null().")
        case _:
            raise TableInvalid(
                f"{given!r:.60} has no place in a view: use ef.row.COLUMN, ef.count(), text, whole numbers, Decimal,"
                " dates, times with a zone and truth values."
            )


def _made(op: str, *given: object) -> Value:
    return Value(Node(op, tuple(node(one) for one in given)))


def _kept(value: Value, where: Value | None) -> Value:
    return value if where is None else _made("when", where, value)

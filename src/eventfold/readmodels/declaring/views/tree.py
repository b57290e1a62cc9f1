"""The tree of an expression, before and after its types are known; data only."""

import msgspec

from eventfold.readmodels.declaring.types import ColumnType

UNTOLD = ColumnType("untold")
CONDITION = ColumnType("condition")
"""What a comparison is: true, false or unknown. It is no value of a column: T-SQL has none for it."""
AGGREGATES = frozenset({"count_rows", "count", "distinct", "sum", "min", "max"})


class Node(msgspec.Struct, frozen=True):
    """One operation.

    Attributes:
        op: which, of the closed list that `checking` knows.
        args: what it works on.
        value: of a literal; the name of a column.
        type: of what it gives, once it was checked.
    """

    op: str
    args: tuple["Node", ...] = ()
    value: object = None
    type: ColumnType = UNTOLD

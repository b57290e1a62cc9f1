"""`renamed`: a table says what it was called before, so that its rows are compared and replaced, not begun anew."""

import msgspec


class Renamed(msgspec.Struct, frozen=True):
    """The name of a table before."""

    name: str


def renamed(before: str) -> Renamed:
    """Says in the class of a table what it was called before; it is no column.

        class Purchases(ef.Table, category="order"):
            before = ef.renamed("orders")

    `eventfold plan` compares its rows with those of the table of that name, and `eventfold apply` puts them in their
    place: events that were left out of that one stay left out, and its rows are kept for `rollback`. Once that is done
    everywhere, the line may go.

    Columns have no such word: they are folded anew whatever they are called, and a plan tells of itself where one has
    only another name.

    Args:
        before: the name that the table had in state and lake.
    """
    return Renamed(before)

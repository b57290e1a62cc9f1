"""`view`: a view as it is declared, and the checked form of it that is printed and evaluated."""

from collections.abc import Iterable, Mapping

import msgspec

from eventfold.errors import TableInvalid
from eventfold.readmodels.declaring.columns import Column
from eventfold.readmodels.declaring.types import STRING
from eventfold.readmodels.declaring.views.checking import Columns, checked, condition, reads_a_column
from eventfold.readmodels.declaring.views.language import Value, node
from eventfold.readmodels.declaring.views.printing import SPEAKERS, printed
from eventfold.readmodels.declaring.views.tree import AGGREGATES, CONDITION, Node


class ViewSpec(msgspec.Struct, frozen=True):
    """A view whose types are known.

    Attributes:
        name: of the view, in SQL.
        table: the name of the table that it asks.
        columns: what it shows, by name; where one is an aggregate, the others are what rows are grouped by.
        where: which rows count; None = all.
    """

    name: str
    table: str
    columns: dict[str, Node]
    where: Node | None = None

    @property
    def grouped(self) -> bool:
        """Whether it asks about groups of rows."""
        return any(tree.op in AGGREGATES for tree in self.columns.values())

    def select(self, dialect: str, source: str | None = None) -> str:
        """The SELECT of it.

        Args:
            dialect: "duckdb", "spark" or "tsql".
            source: what it reads from, as SQL of ours; None = the table by its name.
        """
        return printed(self.columns, self.where, SPEAKERS[dialect], source, self.table, grouped=self.grouped)


class View:
    """A view beside its table; made by `view`, and bound once the class of the table is there."""

    def __init__(self, columns: Mapping[str, object], where: object) -> None:
        self._columns = dict(columns)
        self._where = where
        self._spec: ViewSpec | None = None

    @property
    def spec(self) -> ViewSpec:
        """The checked form of it.

        Raises:
            TableInvalid: it stands in no table.
        """
        if self._spec is None:
            raise TableInvalid(
                "A view stands in the class of its table: class Orders(ef.Table): daily = ef.view(...)."
            )
        return self._spec

    def sql(self, dialect: str = "duckdb", table: str | None = None) -> str:
        """The SELECT of the view, for an engine that has the rows of the table.

            spark.sql(Orders.daily_revenue.sql("spark", table="lake.orders"))

        Args:
            dialect: "duckdb", "spark" (whose session is in UTC) or "tsql".
            table: the name of the table there, with its schema where it has one; default: the name that it has here.

        Raises:
            TableInvalid: it stands in no table, the dialect is none of these, or the name is none.
        """
        if dialect not in SPEAKERS:
            raise TableInvalid(f"A view is printed for {', '.join(SPEAKERS)}, not for {dialect!r:.40}.")
        if table is None:
            return self.spec.select(dialect)
        parts = table.split(".")
        if not all(part.isprintable() and part for part in parts):
            raise TableInvalid(f"{table!r:.60} is no name of a table: write name, or schema.name.")
        return self.spec.select(dialect, ".".join(SPEAKERS[dialect].name(part) for part in parts))

    def bind(self, name: str, table: str, columns: Columns) -> ViewSpec:
        """The checked form of it, under a name of its table.

        Raises:
            TableInvalid: it asks for what the table has not, or for what not all engines say alike.
        """
        found: dict[str, Node] = {}
        for shown, given in self._columns.items():
            try:
                found[shown] = _shown(node(given), columns)
            except TableInvalid as error:
                raise TableInvalid(f"{table}.{name}.{shown}: {error.message}", table=table) from None
        try:
            where = None if self._where is None else condition(checked(_of_rows(self._where), columns))
        except TableInvalid as error:
            raise TableInvalid(f"{table}.{name}, where=: {error.message}", table=table) from None
        self._spec = ViewSpec(name, table, found, where)
        return self._spec


def view(*, where: Value | None = None, **columns: object) -> View:
    """A question about a table, declared beside its columns, that DuckDB, Spark and Synapse SQL answer alike.

        class Orders(ef.Table, category="order"):
            ...
            daily_revenue = ef.view(
                day=ef.row.ordered_at.day(),
                orders=ef.count(),
                revenue=ef.row.total_amount.sum(),
                where=ef.row.status != "Cancelled",
            )

    Args:
        where: which rows count; default: all.
        columns: what it shows, by name. Where one of them is `ef.count()` or an aggregate of `ef.row`, rows are grouped
            by all the others; else each row is shown.

    Raises:
        TableInvalid: it shows nothing; the rest is said where the class of the table is made.
    """
    if not columns:
        raise TableInvalid(
            "A view shows at least one column: ef.view(status=ef.row.status, orders=ef.count())."
        )
    return View(columns, where)


def bind_all(
    table: str, views: Iterable[tuple[str, View]], key: str, columns: Mapping[str, Column]
) -> dict[str, ViewSpec]:
    """The views of a table by name."""
    known: Columns = {key: STRING} | {
        n: None if c.reducer == "collect" else c.type for n, c in columns.items()
    }
    return {name: declared.bind(name, table, known) for name, declared in views}


def _shown(given: Node, columns: Columns) -> Node:
    found = checked(given, columns)
    if found.type == CONDITION:
        raise TableInvalid("a condition is no column in every SQL: use it in where=, or count() it.")
    if found.op != "count_rows" and not reads_a_column(found):
        raise TableInvalid("it reads no column of the row: use ef.row.COLUMN.")
    return found


def _of_rows(where: object) -> Node:
    given = node(where)
    if given.op in AGGREGATES:
        raise TableInvalid(f"{given.op}() is of a group, and where= asks of each row.")
    return given

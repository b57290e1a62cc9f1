"""What a search of a table looks at: which columns are words, which are counted, ordered and compared.

It says nothing about rows: another declaration of search makes another index, and leaves the state as it is.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from eventfold.errors import TableInvalid
from eventfold.readmodels.declaring.columns import Column

WORDS_VERSION = 1
"""Of how text becomes words; another one needs another index."""
HIDDEN = "eventfold_"
"""How the names begin that an index has for itself."""
_FACETS = ("string", "int64", "boolean", "date")
_COMPARED = (*_FACETS, "decimal", "double", "timestamp")


class Search(msgspec.Struct, frozen=True):
    """The declared columns, as `search` was given them."""

    text: tuple[Column, ...] = ()
    facets: tuple[Column, ...] = ()
    sort: tuple[Column, ...] = ()
    filter: tuple[Column, ...] = ()


class SearchSpec(msgspec.Struct, frozen=True):
    """The names of the columns that a search knows, in the order they were declared; the key is always among them.

    Attributes:
        text: whose words are found.
        facets: whose values are counted.
        sort: that hits can be ordered by.
        filter: that are only compared.
    """

    text: tuple[str, ...] = ()
    facets: tuple[str, ...] = ()
    sort: tuple[str, ...] = ()
    filter: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, each once."""
        return tuple(dict.fromkeys((*self.text, *self.facets, *self.sort, *self.filter)))

    def fingerprint(self, columns: Mapping[str, Column]) -> str:
        """Changes whenever the index could differ.

        Args:
            columns: of the table, by name.
        """
        types = [(name, str(columns[name].type), columns[name].reducer == "collect") for name in self.names]
        described = [WORDS_VERSION, msgspec.structs.astuple(self), types]
        return hashlib.sha256(msgspec.json.encode(described)).hexdigest()[:32]


def search(
    *,
    text: Iterable[Column] = (),
    facets: Iterable[Column] = (),
    sort: Iterable[Column] = (),
    filter: Iterable[Column] = (),  # noqa: A002 - the field's word; used as ef.search(filter=[...])
) -> Search:
    """Lets a table be searched; stands in the body of the class, after the columns that it names.

        class Orders(ef.Table, category="order"):
            order_id = ef.key()
            note = ef.last(OrderPlaced.note)
            status = ef.last({OrderPlaced: "Placed", OrderShipped: "Shipped"})
            total = ef.last(OrderPlaced.total, "decimal(18,2)")
            search = ef.search(text=[note], facets=[status], sort=[total])

    Facets and what hits are ordered by can be compared too; so can the key, by which hits can also be ordered.

    Args:
        text: columns of text, or of a list of texts, whose words are found.
        facets: columns of text, whole numbers, dates or truth values whose values are counted.
        sort: columns that hits can be ordered by.
        filter: columns that are only compared.

    Raises:
        TableInvalid: what is named is no column; when the class is made, that its type does not fit.
    """
    given = tuple(map(tuple, (text, facets, sort, filter)))
    for column in (column for columns in given for column in columns):
        if not isinstance(column, Column):
            raise TableInvalid(
                f"ef.search() takes the columns themselves, as in text=[note]; {column!r} is none."
            )
    return Search(*given)


def compile_search(
    table: str, declared: Mapping[str, Column], searches: Iterable[Search]
) -> SearchSpec | None:
    """The names behind the columns of a declaration; None where a table has none.

    Args:
        table: its name.
        declared: its columns by name, the key among them.
        searches: what its class declares.

    Raises:
        TableInvalid: naming what does not fit.
    """
    match list(searches):
        case []:
            return None
        case [one]:
            names = {id(column): name for name, column in declared.items()}
            found = SearchSpec(
                tuple(_named(table, "text", one.text, names)),
                tuple(_named(table, "facets", one.facets, names)),
                tuple(_named(table, "sort", one.sort, names)),
                tuple(_named(table, "filter", one.filter, names)),
            )
            _check(table, found, declared)
            return found
        case several:
            raise TableInvalid(f"{table}: one ef.search() at most; this one has {len(several)}.")


def _named(table: str, word: str, columns: Iterable[Column], names: Mapping[int, str]) -> Iterator[str]:
    seen = set[str]()
    for column in columns:
        name = names.get(id(column))
        if name is None:
            raise TableInvalid(f"{table}: ef.search({word}=[...]) names a column of another table.")
        if name in seen:
            raise TableInvalid(f"{table}: ef.search({word}=[...]) names {name} twice.")
        seen.add(name)
        yield name


def _check(table: str, spec: SearchSpec, declared: Mapping[str, Column]) -> None:
    if not spec.names:
        raise TableInvalid(f"{table}: ef.search() names no column; name one, as in text=[note].")
    for name in spec.names:
        if name.startswith(HIDDEN):
            raise TableInvalid(
                f"{table}.{name}: names that begin with {HIDDEN} are the index's own: call the column otherwise."
            )
        if declared[name].reducer == "delete_on":
            raise TableInvalid(f"{table}.{name} is no column of the table: leave it out of ef.search().")
    for name in spec.text:
        if declared[name].type.kind != "string":
            raise TableInvalid(
                f"{table}.{name} is {declared[name].type}: text=[...] takes columns of text; to compare it, name it in"
                " filter=[...]."
            )
    for word, names, kinds in (
        ("facets", spec.facets, _FACETS),
        ("sort", spec.sort, _COMPARED),
        ("filter", spec.filter, _COMPARED),
    ):
        for name in names:
            column = declared[name]
            kind = "a list" if column.reducer == "collect" else column.type.kind
            if kind not in kinds:
                raise TableInvalid(f"{table}.{name} is {kind}: {word}=[...] takes {', '.join(kinds)}.")

"""The fields of an index, made from what a table declares.

Columns that are compared stand under their names: exact, as whole numbers where the service has no such type. Beside
them stand those of the index itself.
"""

from collections.abc import Iterator
from hashlib import sha256
from typing import NamedTuple

from azure.search.documents.indexes.models import SearchField, SearchIndex

from eventfold.readmodels.declaring.layout import Layout
from eventfold.readmodels.declaring.search import HIDDEN
from eventfold.readmodels.declaring.types import ColumnType
from eventfold.readmodels.search.answering import Form, form_of
from eventfold.readmodels.search.request import searched

ID = f"{HIDDEN}id"
KEY = f"{HIDDEN}key"
KIND = f"{HIDDEN}kind"
WORDS = f"{HIDDEN}words"
ROW = f"{HIDDEN}row"
CHANGE = f"{HIDDEN}change"
_KEPT = 200
_LONGEST = 1_024
_SEPARATOR = "\u241f"

_TYPES: dict[Form, str] = {
    "text": "Edm.String",
    "number": "Edm.Int64",
    "wide": "Edm.Int64",
    "float": "Edm.Double",
    "boolean": "Edm.Boolean",
}


class Compared(NamedTuple):
    """A column that is compared, counted or ordered by.

    Attributes:
        name: of the column, and of its field.
        at: its place among the cells of a row.
        kind: of its cells.
        form: how they stand in the index.
        facet: whether its values are counted.
        sort: whether hits are ordered by it.
    """

    name: str
    at: int
    kind: ColumnType
    form: Form
    facet: bool
    sort: bool

    @property
    def low(self) -> str:
        """The field of the lower half of a number that is too wide for one."""
        return f"{HIDDEN}low_{self.name}"

    @property
    def there(self) -> str:
        """The field that says whether there is a value: the service puts nulls first or last by the direction."""
        return f"{HIDDEN}there_{self.name}"

    @property
    def by(self) -> str:
        """The field of a text that orders hits."""
        return f"{HIDDEN}by_{self.name}"


def compared_of(layout: Layout) -> dict[str, Compared]:
    """The columns of a table that are compared, without the key.

    Raises:
        TableInvalid: it does not declare a search.
    """
    spec = searched(layout.spec)
    at = {slot.name: n for n, slot in enumerate(layout.slots)}
    found = {}
    for name in dict.fromkeys((*spec.facets, *spec.sort, *spec.filter)):
        if name != layout.spec.key_name:
            kind = layout.slots[at[name]].type
            found[name] = Compared(
                name, at[name], kind, form_of(kind), name in spec.facets, name in spec.sort
            )
    return found


def index_of(name: str, layout: Layout) -> SearchIndex:
    """The definition of an index."""
    return SearchIndex(name=name, fields=[*_own(layout), *_columns(layout)])


def term_of(text: str) -> str:
    """A text as it is compared: the service refuses a term of 32 KiB, so a long one is its beginning and a digest.

    A short text in which the sign between the two stands is written so, too: no two texts are one term.
    """
    if _SEPARATOR not in text and (len(text) * 4 <= _LONGEST or len(text.encode()) <= _LONGEST):
        return text
    return f"{text[:_KEPT]}{_SEPARATOR}{sha256(text.encode()).hexdigest()}"


def is_short_for(term: str) -> bool:
    """Whether a term stands for a text that it does not tell."""
    return _SEPARATOR in term


def halves(cell: int) -> tuple[int, int]:
    """The two numbers of a wide one: compared one after the other they order as it does."""
    return cell >> 64, (cell & (2**64 - 1)) - 2**63


def _own(layout: Layout) -> Iterator[SearchField]:
    facets = searched(layout.spec).facets
    yield SearchField(
        name=ID,
        type="Edm.String",
        key=True,
        searchable=False,
        filterable=False,
        sortable=False,
        facetable=False,
    )
    yield _field(KEY, "Edm.String", filterable=True, sortable=True, facetable=layout.spec.key_name in facets)
    yield _field(KIND, "Edm.String", filterable=True)
    yield _field(ROW, "Edm.String")
    yield _field(CHANGE, "Edm.Int64")
    yield SearchField(
        name=WORDS,
        type="Collection(Edm.String)",
        searchable=True,
        filterable=False,
        facetable=False,
        hidden=True,
        analyzer_name="whitespace",
    )


def _columns(layout: Layout) -> Iterator[SearchField]:
    for one in compared_of(layout).values():
        kind = _TYPES[one.form]
        sorts = one.sort and one.form != "text"
        yield _field(one.name, kind, filterable=True, sortable=sorts, facetable=one.facet)
        if one.form == "wide":
            yield _field(one.low, kind, filterable=True, sortable=one.sort)
        if one.sort:
            yield _field(one.there, "Edm.Boolean", sortable=True)
        if one.sort and one.form == "text":
            yield _field(one.by, kind, sortable=True)


def _field(
    name: str, kind: str, *, filterable: bool = False, sortable: bool = False, facetable: bool = False
) -> SearchField:
    return SearchField(
        name=name,
        type=kind,
        searchable=False if kind == "Edm.String" else None,
        filterable=filterable,
        sortable=sortable,
        facetable=facetable,
    )

"""The fields of an index, made from what a table declares.

Beside the columns that are compared, under their names, stand those of the index itself: the key, all words that are
searched, the whole row as a reader gets it, and what marks the document that holds the stamp.
"""

from collections.abc import Iterator
from typing import NamedTuple

import tantivy

from eventfold.readmodels.declaring.layout import Layout
from eventfold.readmodels.declaring.search import HIDDEN, SearchSpec
from eventfold.readmodels.declaring.types import ColumnType
from eventfold.readmodels.search.answering import Form, form_of
from eventfold.readmodels.search.request import searched

KEY = f"{HIDDEN}key"
WORDS = f"{HIDDEN}words"
ROW = f"{HIDDEN}row"
MARK = f"{HIDDEN}mark"
_LOW = f"{HIDDEN}low_"
_BY = f"{HIDDEN}by_"


class Compared(NamedTuple):
    """A column that is compared, counted or ordered by.

    Attributes:
        name: of the column, and of its field.
        at: its place among the cells of a row.
        kind: of its cells.
        form: how they stand in the index.
        by: the field that orders hits where the column's own cannot; empty where it can, or nobody orders by it.
    """

    name: str
    at: int
    kind: ColumnType
    form: Form
    by: str = ""

    @property
    def low(self) -> str:
        """The field of the lower half of a number that is too wide for one."""
        return f"{_LOW}{self.name}"


class Fields(NamedTuple):
    """The fields of a table's index.

    Attributes:
        schema: that of the library.
        compared: the columns that are compared, by name, without the key.
        words: the places of the cells whose words are found.
    """

    schema: tantivy.Schema
    compared: dict[str, Compared]
    words: tuple[int, ...]


def fields_of(layout: Layout) -> Fields:
    """The fields of a table.

    Raises:
        TableInvalid: it does not declare a search.
    """
    spec = searched(layout.spec)
    compared = {one.name: one for one in _compared(layout, spec)}
    at = {slot.name: n for n, slot in enumerate(layout.slots)}
    return Fields(_schema(compared), compared, tuple(at[name] for name in spec.text))


def _compared(layout: Layout, spec: SearchSpec) -> Iterator[Compared]:
    at = {slot.name: n for n, slot in enumerate(layout.slots)}
    for name in dict.fromkeys((*spec.facets, *spec.sort, *spec.filter)):
        if name == layout.spec.key_name:
            continue
        kind = layout.slots[at[name]].type
        form = form_of(kind)
        by = f"{_BY}{name}" if name in spec.sort and form in {"text", "wide"} else ""
        yield Compared(name, at[name], kind, form, by)


def _schema(compared: dict[str, Compared]) -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field(KEY, fast=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field(WORDS, tokenizer_name="whitespace", index_option="position")
    builder.add_text_field(MARK, tokenizer_name="raw", index_option="basic")
    builder.add_bytes_field(ROW, stored=True)
    for one in compared.values():
        match one.form:
            case "text":
                builder.add_text_field(one.name, fast=True, tokenizer_name="raw", index_option="basic")
            case "number" | "wide":
                builder.add_integer_field(one.name, fast=True)
            case "float":
                builder.add_float_field(one.name, fast=True)
            case "boolean":
                builder.add_boolean_field(one.name, indexed=True, fast=True)
        if one.form == "wide":
            builder.add_unsigned_field(one.low, fast=True)
        if one.by:
            builder.add_text_field(one.by, fast=True, tokenizer_name="raw", index_option="basic")
    return builder.build()

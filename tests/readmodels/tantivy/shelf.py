"""A table with a column of every kind, rows of it, and its index: what the tests of search ask."""

import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from eventfold.feed.cursor import Cursor
from eventfold.readmodels.declaring import columns as c
from eventfold.readmodels.declaring import values as v
from eventfold.readmodels.declaring.layout import Row, bind
from eventfold.readmodels.declaring.search import search
from eventfold.readmodels.declaring.table import compile_table
from eventfold.readmodels.folding.arrowform import from_rows, schema
from eventfold.readmodels.publishing.publication import Stamp
from eventfold.readmodels.tantivy.index import TantivyIndex

LOG = "0190b5a0-0000-7000-8000-000000000001"
TEXTS = (
    "Blue mug, hand made",
    "blue-green mug MUG",
    "Straße 5, Ölmühle",
    "ORDER orders ordinary",
    "the red the red mug",
    "青いマグ",
    'o\'brien said: "no"',
    "",
    "x" * 150,
    "x" * 100 + "y",
)
STATUSES = ("New", "Shipped", "shipped", "", "it's", "é", "a" * 1_500, "a" * 1_500 + "b", None)


def _field(name: str) -> v.Field:
    return v.field("Noted", name)


_DECLARED = {
    "id": c.key(),
    "note": c.last(_field("note"), "string"),
    "tags": c.collect(_field("tag"), "string", limit=5),
    "status": c.last(_field("status"), "string"),
    "count": c.last(_field("count"), "int64"),
    "price": c.last(_field("price"), "decimal(18,2)"),
    "wide": c.last(_field("wide"), "decimal(38,4)"),
    "weight": c.last(_field("weight"), "double"),
    "gift": c.last(_field("gift"), "boolean"),
    "day": c.last(_field("day"), "date"),
    "at": c.last(_field("at"), "timestamp"),
    "raw": c.last(_field("raw"), "binary"),
}
_D = _DECLARED
SEARCH = search(
    text=[_D["note"], _D["tags"]],
    facets=[_D["status"], _D["count"], _D["gift"], _D["day"]],
    sort=[_D["status"], _D["count"], _D["price"], _D["wide"], _D["weight"], _D["gift"], _D["day"], _D["at"]],
    filter=[_D["note"]],
)
SPEC = compile_table("shelf", "box", _DECLARED, events=["Noted"], searches=[SEARCH])
LAYOUT = bind(SPEC, total_order=True)
_NAMES = [slot.name for slot in LAYOUT.slots]


def row(key: str, **cells: Any) -> Row:
    """A row from its shown cells."""
    made = LAYOUT.empty(key)
    made[1] = 1
    for name, cell in cells.items():
        made[_NAMES.index(name)] = cell
    tags = made[_NAMES.index("tags")]
    assert isinstance(tags, list)
    made[_NAMES.index("_o_tags")] = [*range(len(tags))]
    return made


def random_row(chance: random.Random, key: str) -> Row:
    """A row of few different values, so that many rows are equal somewhere."""

    def some(values: Sequence[Any]) -> Any:
        return chance.choice(values)

    return row(
        key,
        note=some([None, *TEXTS]),
        tags=[some(TEXTS) for _ in range(chance.randrange(3))],
        status=some(STATUSES),
        count=some([None, 0, 1, 2, -(2**63), 2**63 - 1]),
        price=some([None, 0, 1050, -1, 10**18 - 1]),
        wide=some([None, 0, 1, -1, 2**64, 2**64 + 1, -(2**64), -(2**64) - 1, 10**38 - 1, 1 - 10**38]),
        weight=some([None, 0.0, -0.0, 1.5, -1e300, float("inf")]),
        gift=some([None, True, False]),
        day=some([None, 0, 20_000, -719_162]),
        at=some([None, 0, 1, 1_700_000_000_000_001, -62_135_596_800_000_000]),
        raw=some([None, b"\x00\xff"]),
    )


def stamp(change: int, *, log: str = LOG, generation: int = 1) -> Stamp:
    """The stamp of a commit of the state."""
    return Stamp(
        log=log,
        table="shelf",
        generation=generation,
        change=change,
        cursor=Cursor(log=log, marks={}),
        fingerprint=LAYOUT.fingerprint,
    )


def reader(rows: Iterable[Row], size: int = 100) -> pa.RecordBatchReader:
    """Rows as a publication gets them."""
    batches = from_rows(LAYOUT, rows).to_batches(max_chunksize=size)
    return pa.RecordBatchReader.from_batches(schema(LAYOUT), batches)


def index(folder: Path, log: str = LOG) -> TantivyIndex:
    """The index of the table."""
    return TantivyIndex(folder, LAYOUT, log)


def cells(made: Row) -> dict[str, Any]:
    """A row as the reference reads it."""
    return {slot.name: made[at] for at, slot in LAYOUT.shown}

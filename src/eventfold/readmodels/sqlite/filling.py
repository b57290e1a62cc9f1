"""Filling an empty generation with rows that were folded elsewhere, and with what they leave out."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import apsw
import msgspec

from eventfold.feed.parking import ParkedStream, Skip
from eventfold.readmodels.declaring.layout import Layout
from eventfold.readmodels.sqlite.cells import CellCodec
from eventfold.readmodels.sqlite.statements import SQL, row_statements

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = 50_000


def fill(
    connection: apsw.Connection,
    layout: Layout,
    generation: int,
    rows: "pa.Table",
    parked: Iterable[ParkedStream],
    skips: Iterable[Skip],
    change: int,
) -> None:
    """Inserts them in a transaction that is open, sorted by key, which is how the file keeps them.

    Args:
        connection: with the transaction.
        layout: of the rows.
        generation: an empty one.
        rows: in the form of `arrowform.schema`.
        parked: the parked streams.
        skips: the events left out.
        change: the number of the commit.
    """
    from eventfold.readmodels.folding.arrowform import to_rows

    name, upsert = layout.spec.name, row_statements(layout, generation).upsert
    cells, ordered = CellCodec(layout), rows.sort_by(layout.spec.key_name)
    for at in range(0, len(ordered), ROWS):
        page = to_rows(layout, ordered.slice(at, ROWS))
        connection.executemany(upsert, [cells.to_sql(row, change) for row in page])
    connection.executemany(SQL["park"], [(name, generation, p.stream, as_text(p)) for p in parked])
    connection.executemany(SQL["skip"], [(name, s.stream, s.version, as_text(s)) for s in skips])


def as_text(value: msgspec.Struct) -> str:
    """A parked stream or a skip as it is kept."""
    return msgspec.json.encode(value).decode()

"""Search of a million rows by tantivy: filled, kept up to date, asked; beside the library alone, same documents."""

import atexit
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pyarrow as pa
import tantivy

import eventfold as ef
from benchmarks.measure import Case
from benchmarks.peak import peak, peak_of
from eventfold.feed.cursor import Cursor
from eventfold.readmodels.declaring.layout import bind
from eventfold.readmodels.folding.arrowform import from_rows, schema
from eventfold.readmodels.publishing.publication import Stamp, Version
from eventfold.readmodels.search.request import request
from eventfold.readmodels.search.result import result
from eventfold.readmodels.tantivy.documents import Documents
from eventfold.readmodels.tantivy.fields import KEY, fields_of
from eventfold.readmodels.tantivy.index import TantivyIndex
from eventfold.readmodels.tantivy.opened import HEAP
from eventfold.readmodels.tantivy.queries import Queries

ROWS, AGAIN, BATCH, CHANGED, TIMES = 1_000_000, 10, 10_000, 1_000, 100
LOG = "0190b5a0-0000-7000-8000-000000000001"
WORDS = ("blue", "mug", "red", "cup", "green", "tray", *(f"word{n}" for n in range(5_000)))


class Sold(ef.Event):
    note: str
    status: str
    total: int
    at: int


class Sales(ef.Table, category="sale"):
    sale_id = ef.key()
    note = ef.last(Sold.note)
    status = ef.last(Sold.status)
    total = ef.last(Sold.total)
    at = ef.last(Sold.at)
    search = ef.search(text=[note], facets=[status], sort=[total], filter=[at])


LAYOUT = bind(Sales.spec, total_order=True)
FIELDS = fields_of(LAYOUT)
ASKED = {"text": "blue mug", "where": "status = 'Shipped' and at >= 1000", "facets": ["status"]}


def batches(count: int, seed: int = 1, first: int = 0) -> Iterator[pa.RecordBatch]:
    """Rows with eight words each, of which some are frequent."""
    dice = random.Random(seed)
    for start in range(first, first + count, BATCH):
        rows = [
            [
                f"sale-{n}",
                1,
                _note(dice),
                dice.choice(("Placed", "Paid", "Shipped")),
                dice.randrange(10**6),
                n,
            ]
            for n in range(start, min(start + BATCH, first + count))
        ]
        yield from from_rows(LAYOUT, [[*row] for row in rows]).to_batches()


def _note(dice: random.Random) -> str:
    return " ".join([*dice.choices(WORDS[:6], k=2), *dice.choices(WORDS, k=6)])


def reader(count: int, seed: int = 1) -> pa.RecordBatchReader:
    return pa.RecordBatchReader.from_batches(schema(LAYOUT), batches(count, seed))


def stamp(change: int) -> Stamp:
    cursor = Cursor(log=LOG, marks={})
    return Stamp(
        log=LOG, table="sales", generation=1, change=change, cursor=cursor, fingerprint=LAYOUT.fingerprint
    )


def fill(folder: Path) -> float:
    """Rows a second into a new index."""
    place = TantivyIndex(folder / "ours", LAYOUT, LOG)
    some = list(batches(ROWS // AGAIN))  # made before, and given again under other keys
    under = (_under(batch, n) for n in range(AGAIN) for batch in some)
    began = time.perf_counter()
    place.overwrite(None, pa.RecordBatchReader.from_batches(schema(LAYOUT), under), stamp(1))
    return ROWS / (time.perf_counter() - began)


def _under(batch: pa.RecordBatch, n: int) -> pa.RecordBatch:
    keys = pa.array([f"{n}-{key}" for key in batch.column(0).to_pylist()])
    return batch.set_column(0, batch.schema.field(0), keys)


def fill_raw(folder: Path) -> float:
    """The same documents by the library alone, their values made before."""
    documents = Documents(LAYOUT, FIELDS)
    some = [one for batch in batches(ROWS // AGAIN) for one in documents.values(batch)]
    (folder / "floor").mkdir()
    writer = tantivy.Index(FIELDS.schema, str(folder / "floor")).writer(HEAP, 1)
    began = time.perf_counter()
    for n in range(AGAIN):
        for one in some:
            values = {**one, KEY: f"{n}-{one[KEY]}"}
            writer.add_document(tantivy.Document.from_dict(values, FIELDS.schema))
    writer.commit()
    writer.wait_merging_threads()
    return ROWS / (time.perf_counter() - began)


@cache
def filled() -> tuple[Path, Version]:
    """An index of a million rows, made once for the cases that ask it; it goes with the process."""
    folder = Path(tempfile.mkdtemp(prefix="eventfold-bench-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder, TantivyIndex(folder / "ours", LAYOUT, LOG).overwrite(None, reader(ROWS), stamp(1))


def _copy(folder: Path) -> Path:
    shutil.copytree(filled()[0], folder / "copy", dirs_exist_ok=True)
    return folder / "copy"


def change(folder: Path) -> float:
    """Seconds until another reader finds a thousand changed rows, the 99th of a hundred times."""
    place = _copy(folder) / "ours"
    writer, other = TantivyIndex(place, LAYOUT, LOG), TantivyIndex(place, LAYOUT, LOG)
    versions = [filled()[1]]

    def once(n: int) -> None:
        rows = next(batches(CHANGED, seed=n, first=n * CHANGED % ROWS))
        begun.append(time.perf_counter())
        one = pa.RecordBatchReader.from_batches(schema(LAYOUT), iter([rows]))
        versions.append(writer.merge(versions[-1], one, [], stamp(n + 2)))
        found = other.head()
        assert found is not None
        assert found.number == versions[-1].number

    begun: list[float] = []
    return _worst(once, begun)


def change_raw(folder: Path) -> float:
    """The same documents removed and added by the library alone, whose writer stays open, and read again."""
    place = _copy(folder) / "ours" / "1"
    documents = Documents(LAYOUT, FIELDS)
    index = tantivy.Index.open(str(place))
    writer = index.writer(HEAP, 1)

    def once(n: int) -> None:
        values = list(documents.values(next(batches(CHANGED, seed=n, first=n * CHANGED % ROWS))))
        begun.append(time.perf_counter())
        for one in values:
            writer.delete_documents_by_term(KEY, one[KEY])
            writer.add_document(tantivy.Document.from_dict(one, FIELDS.schema))
        writer.commit()
        index.reload()
        assert index.searcher().num_docs == ROWS + 1

    begun: list[float] = []
    return _worst(once, begun)


def page(_: Path) -> float:
    """Seconds for a page of hits with highlights and facets, as a user gets it, from what was typed."""
    place = TantivyIndex(filled()[0] / "ours", LAYOUT, LOG)

    def once(_: int) -> None:
        begun.append(time.perf_counter())
        asked = request(Sales.spec, **ASKED)  # type: ignore[arg-type]  # as keywords
        assert len(result(LAYOUT, asked, place.find(asked)).hits) == asked.size

    begun: list[float] = []
    return _worst(once, begun)


def page_raw(_: Path) -> float:
    """The same query, facet and documents by the library alone."""
    index = tantivy.Index.open(str(filled()[0] / "ours" / "1"))
    searcher = index.searcher()
    asked = request(Sales.spec, **ASKED)  # type: ignore[arg-type]  # as keywords
    query = Queries(FIELDS, "sale_id").of(asked)
    facet = {"status": {"terms": {"field": "status", "size": 10}}}

    def once(_: int) -> None:
        begun.append(time.perf_counter())
        found = searcher.search(query, asked.size)
        assert len([searcher.doc(address).to_dict() for _, address in found.hits]) == asked.size
        searcher.aggregate(query, facet)

    begun: list[float] = []
    return _worst(once, begun)


def memory(_: Path) -> float:
    """MiB of a process of its own that fills an index."""
    return peak_of("benchmarks.searching")


def _worst(once: Callable[[int], None], begun: list[float]) -> float:
    """The 99th of a hundred times, from where each has noted its beginning; three more go before."""
    taken = []
    for n in range(TIMES + 3):
        once(n)
        taken.append(time.perf_counter() - begun[-1])
    return statistics.quantiles(taken[3:], n=100)[98]


CASES = [
    Case(
        name=f"search: {ROWS:,} rows into a new index",
        unit="rows/s",
        ours=fill,
        floor=fill_raw,
        target=0.7,
        repeats=1,
    ),
    Case(
        name=f"search: {CHANGED:,} rows of {ROWS:,} changed until found, p99",
        unit="s",
        ours=change,
        floor=change_raw,
        target=2,
        at_most=True,
        repeats=1,
    ),
    Case(
        name=f"search: a page of hits of {ROWS:,} rows, p99",
        unit="s",
        ours=page,
        floor=page_raw,
        target=2,
        at_most=True,
    ),
    Case(
        name=f"memory: fill a search index of {ROWS:,} rows; floor: 200 MiB",
        unit="MiB",
        ours=memory,
        floor=200.0,
        target=1,
        at_most=True,
        repeats=1,
    ),
]

if __name__ == "__main__":
    filled()
    print(peak())

"""A million events: folded by columns into a Delta table, imported, followed; time and the memory it takes.

Each run is a process of its own, because the memory of a process is what is measured, and because the floor reads
SQLite through another library, which must not share a process with ours.
"""

import csv
import gzip
import json
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from itertools import islice
from pathlib import Path
from uuid import NAMESPACE_OID, uuid5

import eventfold as ef
from benchmarks.log import APP, INSERT, Noted, NotesTable, encode, fill, raw_log
from benchmarks.measure import Case
from benchmarks.peak import peak

EVENTS, EACH = 1_000_000, 5


def rebuild(folder: Path) -> float:
    """Events a second, from the log into state and Delta."""
    with APP.open(f"sqlite:///{folder}/log.db", lake=str(folder / "lake")) as live:
        began = time.perf_counter()
        done = live.table(NotesTable).rebuild()
        seconds = time.perf_counter() - began
    assert (done.events, done.rows) == (EVENTS, EVENTS // EACH)
    return EVENTS / seconds


class ChangedNotes(ef.Table, category="note", name="notes"):
    """The table of notes with a column that is changed and one that came."""

    note = ef.key()
    total = ef.sum(Noted.number)
    latest = ef.first(Noted.number)
    count = ef.count(Noted)
    changed_at = ef.last(ef.recorded_at)
    largest = ef.max(Noted.number)


def plan(folder: Path) -> float:
    """Events a second, folded by a changed definition and compared with the live rows, every one of which differs."""
    url, lake = f"sqlite:///{folder}/log.db", str(folder / "lake")
    with APP.open(url, lake=lake) as live:
        if live.table(NotesTable).live().count() < EVENTS // EACH:
            live.table(NotesTable).rebuild()
    with ef.App("bench", tables=[ChangedNotes], events=[Noted]).open(url, lake=lake) as live:
        began = time.perf_counter()
        (found,) = live.plan().tables
        seconds = time.perf_counter() - began
    assert (found.events, found.changed) == (EVENTS, EVENTS // EACH)
    return EVENTS / seconds


def fold_to_delta(folder: Path) -> float:
    """Events a second, from the log through the columnar fold into Delta, without state: what the floor does."""
    from deltalake import write_deltalake

    from eventfold.engines.open import open_engine
    from eventfold.readmodels.declaring.layout import bind
    from eventfold.readmodels.folding.history import needed_columns
    from eventfold.readmodels.port import Scope

    store = ef.open_store(f"sqlite:///{folder}/log.db")
    feed, layout, engine = store.feed(), bind(NotesTable.spec, total_order=True), open_engine()
    began = time.perf_counter()
    events = feed.arrow(feed.start(), feed.end(), needed_columns(layout, Scope()))
    folded = engine.fold(events, layout, APP.registry, scope=Scope())
    write_deltalake(str(folder / f"ours-{time.time_ns()}"), folded.rows)
    seconds = time.perf_counter() - began
    assert folded.rows.num_rows == EVENTS // EACH
    store.close()
    return EVENTS / seconds


def fold_to_delta_raw(folder: Path) -> float:
    """The same by one reader, DuckDB and delta-rs."""
    import adbc_driver_sqlite.dbapi as adbc
    import duckdb
    from deltalake import write_deltalake

    began = time.perf_counter()
    with adbc.connect(str(folder / "log.db")) as connection, connection.cursor() as cursor:
        cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": "65536"})
        cursor.execute("SELECT stream, version, recorded_us, data FROM events ORDER BY position")
        events = cursor.fetch_record_batch()
        names = connection.cursor()
        names.execute("SELECT id, name FROM streams")
        streams = names.fetch_arrow_table()
        with duckdb.connect() as db:
            db.register("events", events)
            db.register("streams", streams)
            rows = db.sql("""
                SELECT name AS note, max(version) AS version, sum(CAST(data ->> '$.number' AS BIGINT)) AS total,
                  arg_max(CAST(data ->> '$.number' AS BIGINT), version) AS latest, count(*) AS count,
                  make_timestamptz(arg_max(recorded_us, version)) AS changed_at
                FROM events JOIN streams ON stream = id GROUP BY name
            """).to_arrow_table()
        names.close()
    write_deltalake(str(folder / f"floor-{time.time_ns()}"), rows)
    seconds = time.perf_counter() - began
    assert rows is not None
    assert len(rows) == EVENTS // EACH
    return EVENTS / seconds


def copy(folder: Path) -> float:
    """Events a second, from the log into its copy in the lake."""
    from eventfold.app.copying import Copying

    with ef.open_store(f"sqlite:///{folder}/log.db") as store:
        copying = Copying(str(folder / f"copy-{time.time_ns()}"), store.log_id, store.feed())
        began = time.perf_counter()
        copied = copying.catch_up()
        seconds = time.perf_counter() - began
    assert copied == EVENTS
    return EVENTS / seconds


def copy_raw(folder: Path) -> float:
    """The same rows, formed and ordered in memory before, by delta-rs alone: a commit for each hundred thousand."""
    from deltalake import DeltaTable, WriterProperties, write_deltalake

    from eventfold.readmodels.lakecopy.chunks import next_chunk
    from eventfold.readmodels.lakecopy.columns import BOUNDED, DAY
    from eventfold.readmodels.lakecopy.rows import to_rows

    written, seconds, table = 0, 0.0, str(folder / f"bare-{time.time_ns()}")
    settings = {"delta.dataSkippingStatsColumns": ",".join(BOUNDED)}
    with ef.open_store(f"sqlite:///{folder}/log.db") as store:
        cursor, caught_up = store.feed().start(), False
        while not caught_up:
            events, cursor, caught_up = next_chunk(store.feed(), cursor)
            rows = to_rows(events, 1)
            began = time.perf_counter()
            write_deltalake(
                table,
                rows,
                mode="append",
                partition_by=[DAY],
                configuration=None if written else settings,
                writer_properties=WriterProperties(compression="SNAPPY"),
            )
            seconds += time.perf_counter() - began
            written += rows.num_rows
    assert DeltaTable(table).count() == EVENTS
    return EVENTS / seconds


def follow(folder: Path) -> float:
    """Events a second, the whole feed as recorded events."""
    store = ef.open_store(f"sqlite:///{folder}/log.db")
    feed = store.feed()
    cursor, count, caught_up = feed.start(), 0, False
    began = time.perf_counter()
    while not caught_up:
        page = feed.read(cursor, 5_000)
        count += len(page.events)
        cursor, caught_up = page.cursor, page.caught_up
    seconds = time.perf_counter() - began
    store.close()
    assert count == EVENTS
    return count / seconds


def bring(folder: Path) -> float:
    """Rows a second, a million rows of CSV."""
    from eventfold.imports import Mapping, import_file

    mapping = Mapping(stream=("note",), category="note", event_type="Noted", time="at")
    store = ef.open_store(f"sqlite:///{folder}/imported-{time.time_ns()}.db")
    began = time.perf_counter()
    report = import_file(store, folder / "rows.csv.gz", mapping)
    seconds = time.perf_counter() - began
    store.close()
    assert report.written == EVENTS
    return EVENTS / seconds


def bring_raw(folder: Path) -> float:
    """The same into the plain table, without looking for rows that are there already."""
    connection = raw_log(folder / f"raw-{time.time_ns()}.db")
    versions: dict[str, int] = {}
    position = 0
    began = time.perf_counter()
    with gzip.open(folder / "rows.csv.gz", "rt", newline="") as file:
        reader = csv.reader(file)
        header = next(reader)
        while some := list(islice(reader, 10_000)):
            rows = []
            for cells in some:
                position += 1
                versions[cells[0]] = version = versions.get(cells[0], 0) + 1
                at = int(datetime.fromisoformat(cells[1]).timestamp() * 1e6)
                row_id = uuid5(NAMESPACE_OID, ",".join(cells)).bytes
                data = encode(dict(zip(header[2:], cells[2:], strict=True))).decode()
                rows.append((position, int(cells[0]), version, row_id, at, data))
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(INSERT, rows)
            connection.execute("COMMIT")
    seconds = time.perf_counter() - began
    connection.close()
    assert position == EVENTS
    return EVENTS / seconds


RUNS: dict[str, Callable[[Path], float]] = {
    f.__name__: f
    for f in (rebuild, plan, fold_to_delta, fold_to_delta_raw, copy, copy_raw, follow, bring, bring_raw)
}


def _rows(path: Path) -> None:
    with gzip.open(path, "wt", compresslevel=1, newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["note", "at", "number", "text"])
        for n in range(EVENTS):
            writer.writerow([n % 50_000, f"2026-01-01T00:{n // 60 % 60:02d}:{n % 60:02d}Z", n, "x" * 80])


def elsewhere(run: str, folder: Path) -> tuple[float, float]:
    """What a run gives in a process of its own, and that process's largest size in MiB."""
    if run.startswith("bring") and not (folder / "rows.csv.gz").exists():
        _rows(folder / "rows.csv.gz")
    if not run.startswith("bring") and not (folder / "log.db").exists():
        fill(f"sqlite:///{folder}/log.db", EVENTS // EACH, EACH, batch=5_000)
    command = [sys.executable, "-m", "benchmarks.history", run, str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    rate, size = json.loads(done.stdout.splitlines()[-1])
    return float(rate), float(size)


def _rate(run: str) -> Callable[[Path], float]:
    return lambda folder: elsewhere(run, folder)[0]


def _size(run: str) -> Callable[[Path], float]:
    return lambda folder: elsewhere(run, folder)[1]


def _memory(name: str, run: str) -> Case:
    return Case(
        name=f"memory: {name}; floor: 400 MiB",
        unit="MiB",
        ours=_size(run),
        floor=400.0,
        target=1.0,
        at_most=True,
        repeats=1,
    )


CASES = [
    Case(
        name="fold 1 M events into a Delta table",
        unit="events/s",
        ours=_rate("fold_to_delta"),
        floor=_rate("fold_to_delta_raw"),
        target=1.0,
    ),
    Case(
        name="rebuild 1 M: state and Delta; floor: Delta",
        unit="events/s",
        ours=_rate("rebuild"),
        floor=_rate("fold_to_delta_raw"),
    ),
    Case(
        name="plan of a change over 1 M events; floor: a rebuild",
        unit="events/s",
        ours=_rate("plan"),
        floor=_rate("rebuild"),
        target=1 / 1.3,
    ),
    Case(
        name="copy 1 M events into the lake; floor: rows from memory",
        unit="events/s",
        ours=_rate("copy"),
        floor=_rate("copy_raw"),
    ),
    _memory("rebuild of 1 M events", "rebuild"),
    _memory("copying 1 M events", "copy"),
    _memory("following 1 M events", "follow"),
    _memory("importing 1 M rows", "bring"),
    Case(
        name="import 1 M rows of gzipped CSV",
        unit="rows/s",
        ours=_rate("bring"),
        floor=_rate("bring_raw"),
        repeats=1,
    ),
]

if __name__ == "__main__":
    found = RUNS[sys.argv[1]](Path(sys.argv[2]))
    print(json.dumps([found, peak()]))

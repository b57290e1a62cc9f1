"""Small files that stand for large ones: a reader holds some rows of them, and refuses what is too large as it reads.

Each file is read in a process of its own, which has read a harmless one of its form before.
"""

import gzip
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from eventfold import NewEvent, new_id, open_store
from eventfold.exports import export_log
from tests.imports.making import HEADER
from tests.imports.ocelmaking import write

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="the peak of a process is read there"
)
MIB = 1024 * 1024
LARGE = 160
"""MiB that a file stands for."""

MORE = 90
"""MiB that a process may take for it, with the row that is too long and what is read ahead."""

READ = """
import gzip, sys
from pathlib import Path
from eventfold import open_store
from eventfold.errors import EventfoldError
from eventfold.imports import Mapping, file_pages, import_documents, import_file, ocel_mapping, restore, xes_mapping

def bring(path):
    store = open_store("sqlite://")
    try:
        match sys.argv[1]:
            case "hold":
                with gzip.open(path) as file:
                    return {len(file.read())}
            case "documents":
                report = import_documents(store, file_pages(path), "log")
            case "restore":
                report = restore(store, path)
            case "xes":
                report = import_file(store, path, xes_mapping())
            case "ocel":
                report = import_file(store, path, ocel_mapping("orders"))
            case "rows":
                report = import_file(store, path, Mapping(stream="case", category="case", type="what"))
        found = dict(report.refused_by_code)
    except EventfoldError as error:
        found = {error.code: 1}
    store.close()
    return found

def peak():
    # not ru_maxrss, which begins at what the process that started this one had
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])

bring(Path(sys.argv[2]))
before = peak()
found = bring(Path(sys.argv[3]))
print((peak() - before) // 1024, *found)
"""

XES = b"<log><trace><string key='concept:name' value='1'/>"
EVENT = b"<event><string key='concept:name' value='A'/>"
END = b"</event></trace></log>"
OCEL = b'{"objectTypes":[],"eventTypes":[],"objects":[],"events":['
DOCUMENT = (
    b'{"id":"01890a5d-ac96-774b-bcce-b302099a8057","aggregateId":"case-1","eventType":"A","version":1,'
    b'"timestamp":"2024-01-01T00:00:00Z","data":{'
)


def packed(path: Path, parts: Iterable[bytes]) -> Path:
    with gzip.open(path, "wb", compresslevel=1) as file:
        for part in parts:
            file.write(part)
    return path


def around(before: bytes, part: bytes, after: bytes, times: int = LARGE) -> Callable[[Path], Path]:
    return lambda path: packed(path, [before, *[part] * times, after])


def related(path: Path) -> Path:
    """An event of a MiB, and some thousand relations, each of which would be joined to it."""
    write(path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE event_PlaceOrder SET note = ?", ("x" * MIB,))
        db.executemany("INSERT INTO event_object VALUES ('e1', 'o1', ?)", [(f"q{n}",) for n in range(2_000)])
        db.commit()
    return path


def table(column: pa.Array) -> pa.Table:
    count = len(column)
    return pa.table({"case": pa.array(["1"] * count), "what": pa.array(["A"] * count), "x": column})


def repeated(text: str, count: int) -> pa.Array:
    """A text that is stored once; no reader is told that it is, as the types of the file do not say it."""
    return pa.DictionaryArray.from_arrays(pa.array([0] * count, pa.int32()), [text])


def shared_by_rows(path: Path) -> Path:
    pq.write_table(table(repeated("x" * 4 * MIB, LARGE)), path, compression="zstd", store_schema=False)
    return path


def shared_in_a_list(path: Path) -> Path:
    offsets = pa.array([0, LARGE], pa.int32())
    lists = pa.ListArray.from_arrays(offsets, repeated("x" * MIB, LARGE))
    pq.write_table(table(lists), path, compression="zstd", store_schema=False)
    return path


def long_list(path: Path) -> Path:
    lists = pa.ListArray.from_arrays(pa.array([0, LARGE * MIB], pa.int32()), pa.nulls(LARGE * MIB, pa.int8()))
    pq.write_table(table(lists), path, compression="zstd")
    return path


def shared_by_events(path: Path) -> Path:
    """An export in which many events share one text."""
    exported(path)
    one = pq.read_table(path)
    many = pa.concat_tables([one] * LARGE)
    text = repeated("x" * 4 * MIB, LARGE)
    changed = many.set_column(many.schema.get_field_index("data"), "data", text)
    pq.write_table(changed, path, compression="zstd", store_schema=False)
    return path


def exported(path: Path) -> Path:
    store = open_store("sqlite://")
    store.append("case-1", [NewEvent(new_id(), "A", 1, "{}")], expected=0)
    export_log(store, path)
    store.close()
    return path


LINE = b'"' + b"x" * (MIB - 2) + b'"'
HOSTILE: dict[str, tuple[str, str, Callable[[Path], Path]]] = {
    "a quoted cell without end": (
        "rows",
        "log.csv.gz",
        around(HEADER.encode() + b'1,A,,"', (b"x" * 31 + b"\n") * (MIB // 32), b""),
    ),
    "a header without end": ("rows", "log.csv.gz", around(b"case,what", b",x" * (MIB // 2), b"\n")),
    "a line without end": ("rows", "log.jsonl.gz", around(b'{"a":"', b"x" * MIB, b"")),
    "a value without end": (
        "xes",
        "log.xes.gz",
        around(XES + EVENT + b"<string key='n' value='", b"a" * MIB, b"'/>" + END),
    ),
    "a tag without end": ("xes", "log.xes.gz", around(XES + EVENT + b"<string ", b" " * MIB, b"/>" + END)),
    "a comment without end": ("xes", "log.xes.gz", around(XES + EVENT + b"<!--", b"a" * MIB, b"-->" + END)),
    "attributes without end": (
        "xes",
        "log.xes.gz",
        around(XES + EVENT, b"<int key='a'/>" * (MIB // 14), END, 12),
    ),
    "attributes of a trace": (
        "xes",
        "log.xes.gz",
        around(XES, b"<int key='a'/>" * (MIB // 14), EVENT + END, 12),
    ),
    "lists inside of lists": (
        "xes",
        "log.xes.gz",
        around(XES + EVENT, b"<list key='a'><values>" * 50_000, b"", 16),
    ),
    "elements inside of elements": (
        "xes",
        "log.xes.gz",
        around(XES + EVENT, b"<x>" * 50_000, b"", 24),
    ),
    "elements of the log inside of elements": (
        "xes",
        "log.xes.gz",
        around(b"<log>", b"<x>" * 50_000, b"", 24),
    ),
    "elements of OCEL inside of elements": (
        "ocel",
        "log.xml.gz",
        around(b"<log>", b"<x>" * 50_000, b"", 24),
    ),
    "a value of OCEL": (
        "ocel",
        "log.xml.gz",
        around(b"<log><events><event id='", b"a" * MIB, b"'/></events></log>"),
    ),
    "a text of OCEL": ("ocel", "log.json.gz", around(OCEL + b'{"id":"', b"a" * MIB, b'"}]}')),
    "a list of OCEL": ("ocel", "log.json.gz", around(OCEL + b"[", b"[]," * (MIB // 3), b"[]]]}", 10)),
    "an event with relations": ("ocel", "log.sqlite", related),
    "a text that rows share": ("rows", "log.parquet", shared_by_rows),
    "a text that a list repeats": ("rows", "log.parquet", shared_in_a_list),
    "a list without end": ("rows", "log.parquet", long_list),
    "a text that events share": ("restore", "log.parquet", shared_by_events),
    "documents": ("documents", "log.jsonl.gz", around(b"", DOCUMENT + b'"a":' + LINE + b"}}\n", b"")),
    "documents that are none": ("documents", "log.jsonl.gz", around(b"", LINE + b"\n", b"")),
    "metadata": (
        "restore",
        "log.jsonl.gz",
        around(b"", DOCUMENT + b'},"metadata":{"schemaVersion":1,"a":' + LINE + b"}}\n", b""),
    ),
}
HARMLESS: dict[str, bytes] = {
    "log.csv.gz": HEADER.encode() + b"1,A,,\n",
    "log.jsonl.gz": DOCUMENT + b"}}\n",
    "log.xes.gz": XES + EVENT + END,
    "log.xml.gz": b"<log/>",
    "log.json.gz": OCEL + b"]}",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_a_small_file_takes_little_memory_however_much_it_stands_for(tmp_path: Path, name: str) -> None:
    kind, file, make = HOSTILE[name]
    (tmp_path / "first").mkdir()
    first = tmp_path / "first" / file
    if file in HARMLESS:
        packed(first, [HARMLESS[file]])
    elif kind == "restore":
        exported(first)
    elif file == "log.parquet":
        pq.write_table(table(pa.array(["x"])), first)
    else:
        write(first)
    hostile = make(tmp_path / file)
    assert hostile.stat().st_size < 2 * MIB
    done = subprocess.run(
        [sys.executable, "-c", READ, kind, str(first), str(hostile)],
        capture_output=True,
        text=True,
        check=True,
    )
    more, *codes = done.stdout.split()
    assert int(more) < MORE, done.stdout
    assert codes or name in {"documents", "an event with relations"}


@pytest.mark.slow
def test_a_reader_that_held_it_all_would_be_noticed(tmp_path: Path) -> None:
    first = packed(tmp_path / "first.gz", [b"x"])
    hostile = around(b"", b"x" * MIB, b"")(tmp_path / "log.gz")
    done = subprocess.run(
        [sys.executable, "-c", READ, "hold", str(first), str(hostile)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout.split()[0]) > MORE


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [("case-1", "Opened", "-"), ("case-1", "--events", "-")])
def test_standard_input_without_end_is_refused_as_it_is_read(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    limited = "import resource; resource.setrlimit(resource.RLIMIT_AS, (2 * 2**30,) * 2)"
    code = f"{limited}; from eventfold.doors.cli.main import main; main()"
    url = f"sqlite:///{tmp_path}/log.db"
    with subprocess.Popen(
        [sys.executable, "-c", code, "-s", url, "append", *arguments, "--create"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        written = 0
        line = json.dumps({"eventType": "A", "data": {"a": "x" * MIB}}).encode() + b"\n"
        try:
            while written < 1024 * MIB:
                written += process.stdin.write(line)
                process.stdin.flush()
        except BrokenPipeError:
            pass
        said = process.stderr.read().decode()
    assert written < 512 * MIB
    assert "more than" in said
    assert process.returncode == 3
    assert not (tmp_path / "log.db").exists()

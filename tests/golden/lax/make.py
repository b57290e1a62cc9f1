"""Made this corpus once, by the code of commit 3af938d: `python -m tests.golden.lax.make FOLDER`. It shows its content.

One of each thing that later releases refuse when it is new, and must read, fold, export and restore where it is stored.
"""

import sys
from pathlib import Path
from uuid import UUID

from deltalake import DeltaTable

import eventfold as ef
from eventfold.exports import export_log
from eventfold.imports import Mapping, import_file
from tests.golden.lax.app import AMOUNT, DASHED, Box, Note, Noted, app

RAW = {
    "no JSON": "ready",
    "list": "[1]",
    "NaN": '{"n":NaN}',
    "twice": '{"n":1,"n":2}',
    "surrogate": '{"n":1,"text":"\\ud800"}',
    "large": '{"n":1,"big":18446744073709551616}',
    "65 levels": '{"n":' * 65 + "1" + "}" * 65,
    "1,000 levels": '{"n":' * 1_000 + "1" + "}" * 1_000,
    "reserved": '{"$enc":"x"}',
}


def make(folder: Path) -> None:
    folder.mkdir()
    lax = app(DASHED)
    with lax.open(f"sqlite:///{folder}/log.db", lake=str(folder / "lake")) as live:
        store = live.store
        notes = live.repository(Note)
        for n in range(1, 5):
            notes.execute("note-1", Note.note, n)
        notes.execute("note-1", Note.rename, 100)
        notes.flush()
        live.catch_up()
        for n, (kind, data) in enumerate(RAW.items()):
            store.append(f"raw-{n}", [ef.NewEvent(ef.new_id(), "Noted", 1, data)], expected=0)
            store.append(
                f"raw-{n}",
                [ef.NewEvent(ef.new_id(), "Noted", 1, '{"n":7}', f'{{"kind":"{kind}"}}')],
                expected=1,
            )
        store.append(
            "raw-metadata", [ef.NewEvent(ef.new_id(), "Noted", 1, '{"n":1}', '{"a":1,"a":2}')], expected=0
        )
        box = Box()
        for _ in range(70):
            box = Box(box)
        store.append("deep-1", [lax.registry.encode(Noted(n=1, box=box))], expected=0)
        store.append("nil-1", [ef.NewEvent(UUID(int=0), "Noted", 1, '{"n":1}')], expected=0)
        store.append("max-1", [ef.NewEvent(UUID(int=2**128 - 1), "Noted", 1, '{"n":1}')], expected=0)
        store.append("note-\u200b1", [ef.NewEvent(ef.new_id(), "Noted", 1, '{"n":10}')], expected=0)
        store.append("note-\u202e2", [ef.NewEvent(ef.new_id(), "Noted", 1, '{"n":20}')], expected=0)
        live.catch_up()
        fine = '{"n":3,"at":"2024-12-31T23:59:59.9999999Z"}'
        store.append("note-3", [ef.NewEvent(ef.new_id(), "Noted", 1, fine)], expected=0)
        for paid in (f'{{"amount":"{AMOUNT}"}}', '{"a.b":"flat"}'):
            store.append("note-4", [ef.NewEvent(ef.new_id(), "Paid", 1, paid)], expected=ef.ANY)
        rows = folder / "sales.csv"
        rows.write_text("order,what,amount\n1,Sold,10.50\n2,Sold,4.00\n1,Sold,1.00\n")
        import_file(store, rows, Mapping(stream="order", category=DASHED, type="what"))
        live.catch_up()
        export_log(store, folder / "events.jsonl")
        export_log(store, folder / "events.parquet")
    double(folder / "lake" / "notes")


def double(table: Path) -> None:
    """Two compactions that both began at one version, and both rewrite its files: each row stands there twice."""
    handles = [DeltaTable(table), DeltaTable(table)]
    for handle in handles:
        handle.optimize.compact()


make(Path(sys.argv[1]))

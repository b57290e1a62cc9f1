"""Makes the corpus of a release: `.venv/bin/python -m tests.golden 0.1.0`, into the folder that holds its app.

The log, its ids and its times are the same whenever it is made; what Delta Lake and SQLite add of their own (names of
files, the time of a commit) is not.
"""

import itertools
import shutil
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch
from uuid import UUID

import msgspec

import eventfold as ef
from eventfold.app.live import Live
from eventfold.app.schema import program_of
from eventfold.doors.cli.showing.documents import document
from eventfold.events.schema.accepting import accept, with_samples
from eventfold.events.schema.logged import Sampling
from eventfold.events.schema.recorded import Recorded, render
from eventfold.exports import export_log
from eventfold.sqlite.connect import place_of_url
from eventfold.store.sqlite.store import SqliteStore
from tests.golden.corpus import FOLDER, Expected, app_of, read_all, rows_of

LOG_ID = UUID("0a000000-0000-4000-8000-000000000001")
BEGAN = datetime(2026, 1, 5, 8, tzinfo=UTC)
NOBODY = "parcels@nowhere"
DATA = "data"
"""The folder of what was stored, inside the folder of the release."""

Row = tuple[str, str, int, str]
FIRST: list[Row] = [
    ("parcel-1", "parcel sent", 1, '{"sender":"Ann","cents":1250,"kilos":"0.5"}'),
    ("parcel-2", "parcel sent", 2, '{"sender":"Bob","price":"8.00","currency":"CHF","kilos":"2.25"}'),
    ("parcel-1", "Moved", 1, '{"depot":"Bern","arrived":"2026-01-05T09:30:00.123456Z"}'),
    ("note-1", "Noted", 1, '{"n":1,"text":"čeština 🐎"}'),
    ("parcel-2", "Moved", 1, '{"depot":"Bern","arrived":"2026-01-05T10:00:00+01:00"}'),
]
SECOND: list[Row] = [
    (
        "parcel-3",
        "parcel sent",
        3,
        (
            '{"sender":"Eve","price":"19.90","currency":"EUR","grams":1200,"service":"parcel","route":[{"depot":"Bern",'
            '"code":3000},{"depot":"Linz","code":null}],"labels":{"fragile":"yes"},"insured":"123456789012345678.5"}'
        ),
    ),
    ("parcel-1", "Delivered", 1, '{"receiver":"Cid","day":"2026-01-06","proof":"AP8=","left_alone":true}'),
    ("note-2", "Noted", 1, '{"n":"many"}'),
    ("note-2", "Noted", 1, '{"n":2}'),
    ("note-3", "Noted", 1, '{"n":"none"}'),
    ("note-3", "Noted", 1, '{"n":40}'),
    ("parcel-2", "Moved", 1, '{"depot":"Linz","arrived":"2026-01-06T05:00:00Z"}'),
]
THIRD: list[Row] = [
    (
        "parcel-2",
        "Delivered",
        2,
        (
            '{"receiver":"Dan","day":"2026-01-07","proof":"","round_id":"018f4e2a-7b1c-7000-8000-000000000001",'
            '"left_alone":false}'
        ),
    ),
    ("parcel-1", "Returned", 1, '{"reason":"refused"}'),
]
UNREAD: list[Row] = [
    ("parcel-3", "Moved", 1, '{"depot":"Linz","arrived":"2026-01-07T23:59:59.999999Z"}'),
    ("note-1", "Noted", 1, '{"n":10}'),
]


def make(release: str) -> None:
    """Writes `data/` and `expected.json` of a release anew."""
    folder = FOLDER / release
    app = app_of(folder)
    data = folder / DATA
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir()
    ticks = itertools.count()
    numbers = itertools.count(1)

    def clock() -> int:
        return int((BEGAN + timedelta(minutes=next(ticks))).timestamp()) * 1_000_000

    with patch("eventfold.store.sqlite.store.uuid4", lambda: LOG_ID):
        store = SqliteStore(place_of_url(f"sqlite:///{data}/log.db", frozenset())[0], clock=clock)
    live = Live(app, store, state=f"sqlite:///{data}/log.db.state", lake=str(data / "lake"))
    aggregate: Any = app.aggregates[0]
    with patch("eventfold.app.parts.following.new_owner", lambda: NOBODY), live:
        write(store, FIRST, numbers)
        live.catch_up()
        write(store, SECOND, numbers)
        live.catch_up()
        live.table("parcels").rebuild()
        with ef.context(actor="auditor"):
            live.table("notes").skip("note-3", "typed by hand")
        with ef.context(actor="driver", correlation_id="round-7"):
            live.repository(aggregate).execute_once("move-1", "parcel-3", aggregate.move, "Graz", BEGAN)
        cursor = store.feed().end()
        write(store, THIRD, numbers)
        live.catch_up()
        live.repository(aggregate).flush()  # the command above asked for a snapshot
        write(store, UNREAD, numbers)
        (folder / "expected.json").write_bytes(expected(live, cursor))
        for name in ("events.jsonl", "events.parquet"):
            export_log(store, data / name)
    program = program_of(app)
    sampling = Sampling(Recorded(app=program.app), program, 5, masking=False)
    sampling.look_at(read_all(data))
    recorded, _, _ = with_samples(accept(Recorded(app=program.app), program), program, sampling.chosen)
    (data / "schema.json").write_text(render(recorded), "utf-8", newline="\n")


def write(store: ef.Store, rows: list[Row], numbers: Iterator[int]) -> None:
    """Appends each row by itself, as an earlier or this release wrote it."""
    for stream, name, version, data in rows:
        number = next(numbers)
        event = ef.NewEvent(
            UUID(int=(0x018F << 112) | (7 << 76) | (2 << 62) | number),
            name,
            version,
            data,
            '{"actor":"counter"}' if number % 2 else "{}",
            int((BEGAN - timedelta(hours=number)).timestamp()) * 1_000_000 if number % 3 == 0 else None,
        )
        store.append(stream, [event], expected=ef.ANY)


def expected(live: Live, cursor: ef.Cursor) -> bytes:
    """What a reader of the corpus must find, as this release finds it."""
    store, registry = live.store, live.app.registry
    events = [event for stream in store.streams() for event in store.read(stream.stream)]
    events.sort(key=lambda event: event.position)
    aggregate = live.app.aggregates[0]
    found = Expected(
        log=store.log_id,
        events=[document(event) for event in events],
        current=[msgspec.Raw(registry.current_data(event).encode()) for event in events],
        state={
            table.name: rows_of(live.query(f"SELECT * FROM {table.name} ORDER BY 1").rows())
            for table in live.tables
        },
        parked={table.name: sorted(table.parked()) for table in live.tables},
        moments={
            table.name: [rows_of(table.at(position=p).rows()) for p in range(len(events) + 1)]
            for table in live.tables
        },
        aggregates={
            f"{stream}@{version}": rows_of(
                [vars(live.repository(aggregate).at(stream, version=version)) | {"version": version}]
            )
            for stream in ("parcel-1", "parcel-2", "parcel-3")
            for version in range(1, store.head(stream) + 1)
        },
        cursor=cursor.to_json(),
        follows=[event.id for event in events if event.position > cursor.marks["0"].position],
    )
    return msgspec.json.format(msgspec.json.encode(found, enc_hook=str), indent=1) + b"\n"


if __name__ == "__main__":
    began = time.monotonic()
    make(sys.argv[1])
    sys.stdout.write(f"made in {time.monotonic() - began:.1f} s\n")

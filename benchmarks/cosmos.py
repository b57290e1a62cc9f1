"""Cosmos DB on the stand-in, a process of its own: eventfold beside a bare loop of the SDK over the same requests."""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from azure.cosmos import ContainerProxy, CosmosClient
from azure.cosmos.exceptions import CosmosResourceNotFoundError

import eventfold as ef
from benchmarks.log import APP, EVENT, REGISTRY, Notes, NotesTable
from benchmarks.measure import Case
from eventfold import limits
from eventfold.store.cosmos.requests.statements import SQL

LONG, FEED, APPENDS, PAGE = 1_000, 10_000, 300, 2_000


@contextmanager
def stand_in() -> Iterator[tuple[str, ContainerProxy, ContainerProxy]]:
    """The URL of a log on a fresh stand-in, and its containers of events and snapshots by the bare SDK."""
    command = [sys.executable, "-m", "eventfold.testing.cosmos", "--partitions", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        where = json.loads(running.stdout.readline())
        os.environ["EVENTFOLD_COSMOS_KEY"] = where["key"]
        try:
            ef.open_store(where["url"]).close()
            database = CosmosClient(where["endpoint"], where["key"]).get_database_client("eventfold")
            events, snapshots = (database.get_container_client(name) for name in ("events", "snapshots"))
            yield where["url"], events, snapshots
        finally:
            running.terminate()


def fill(url: str, streams: int, length: int) -> None:
    store = ef.open_store(url)
    for stream in range(streams):
        for at in range(0, length, 90):
            events = [REGISTRY.encode(EVENT) for _ in range(min(90, length - at))]
            store.append(f"note-{stream}", events, expected=at)
    store.close()


def append(folder: Path) -> float:
    """Events a second, one an append, on a stream that is known."""
    with stand_in() as (url, _events, _snapshots):
        store = ef.open_store(url)
        store.append("note-0", [REGISTRY.encode(EVENT)], expected=0)
        began = time.perf_counter()
        for n in range(1, APPENDS):
            store.append("note-0", [REGISTRY.encode(EVENT)], expected=n)
        return (APPENDS - 1) / (time.perf_counter() - began)


def append_bare(folder: Path) -> float:
    with stand_in() as (url, container, _):
        fill(url, 1, 1)
        (first,) = container.query_items("SELECT * FROM c", partition_key="note-0")
        first = {name: value for name, value in first.items() if not name.startswith("_")}
        began = time.perf_counter()
        for n in range(1, APPENDS):
            document = {**first, "id": f"{n + 1:020d}", "eventId": str(ef.new_id()), "version": n + 1}
            container.execute_item_batch([("read", (f"{n:020d}",)), ("create", (document,))], "note-0")
        return (APPENDS - 1) / (time.perf_counter() - began)


def load(folder: Path) -> float:
    """Events a second of a cold load, without snapshot."""
    with stand_in() as (url, _events, _snapshots):
        fill(url, 1, LONG)
        notes = ef.Repository(ef.open_store(url), REGISTRY, Notes, warm=0)
        notes.load("note-0")
        began = time.perf_counter()
        for _again in range(5):
            assert notes.load("note-0").count == LONG
        return 5 * LONG / (time.perf_counter() - began)


def load_bare(folder: Path) -> float:
    with stand_in() as (url, container, beside):
        fill(url, 1, LONG)
        bounds: list[dict[str, Any]] = [
            {"name": "@after", "value": 0},
            {"name": "@to", "value": limits.INT_MAX},
        ]

        def once() -> int:
            with contextlib.suppress(CosmosResourceNotFoundError):  # the look for a snapshot
                beside.read_item("newest", "note-0")
            found: Iterator[dict[str, Any]] = container.query_items(
                SQL["read_forwards"], parameters=bounds, partition_key="note-0", max_item_count=1000
            )
            return sum(1 for document in found if document["data"]["number"])

        once()
        began = time.perf_counter()
        for _again in range(5):
            assert once() == LONG
        return 5 * LONG / (time.perf_counter() - began)


def follow(folder: Path) -> float:
    """Events a second, change feed to state."""
    with stand_in() as (url, _events, _snapshots):
        fill(url, 100, FEED // 100)
        with APP.open(url, state=f"sqlite:///{folder}/log.state") as live:
            began = time.perf_counter()
            live.catch_up()
            seconds = time.perf_counter() - began
            assert live.table(NotesTable).get("note-7")["count"] == FEED // 100
        return FEED / seconds


def follow_bare(folder: Path) -> float:
    with stand_in() as (url, container, _):
        fill(url, 100, FEED // 100)
        rows: dict[str, list[int]] = {}
        began = time.perf_counter()
        pages = container.query_items_change_feed(start_time="Beginning", max_item_count=PAGE).by_page()
        for page in pages:
            for document in page:
                if document["id"] == "$log":
                    continue
                row = rows.setdefault(document["aggregateId"], [0, 0])
                row[0] += 1
                row[1] += document["data"]["number"]
        assert rows["note-7"][0] == FEED // 100
        return FEED / (time.perf_counter() - began)


CASES = [
    Case(name="cosmos: append, one event", unit="events/s", ours=append, floor=append_bare, repeats=5),
    Case(
        name="cosmos: load 1,000 events", unit="events/s", ours=load, floor=load_bare, target=0.8, repeats=9
    ),
    Case(
        name="cosmos: change feed to state",
        unit="events/s",
        ours=follow,
        floor=follow_bare,
        target=0.7,
        repeats=9,
    ),
]

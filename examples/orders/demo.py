"""`./dev demo`: the life of 5,000 orders, from commands to a Delta table that answers for any moment, and to mails."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import track

import eventfold as ef
from eventfold.app.live import Live
from examples.orders.app import order_book, shop
from examples.orders.page import page
from examples.orders.postoffice import post_office
from examples.orders.proof import differences, plain_fold
from examples.orders.report import Middle, report
from examples.orders.tables import Orders
from examples.orders.terminal import show
from examples.orders.today import sell
from examples.orders.workload import commands, run

ORDERS, FEWER = 5_000, 400
SEED = 20
PUBLICATIONS = 8
OUTPUT = Path("demo-output")


def main(arguments: list[str] | None = None) -> int:
    asked = _parser().parse_args(arguments)
    console = Console()
    shutil.rmtree(OUTPUT, ignore_errors=True)
    OUTPUT.mkdir()
    with log(asked.store, console) as url:
        return demo(console, url, asked.orders or (ORDERS if url.startswith("sqlite") else FEWER))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./dev demo", description=__doc__)
    parser.add_argument(
        "--store", default="sqlite", help="sqlite, cosmos (a stand-in on this machine), or a URL"
    )
    parser.add_argument("--orders", type=int, help=f"default: {ORDERS}, on Cosmos DB {FEWER}")
    return parser


@contextmanager
def log(store: str, console: Console) -> Iterator[str]:
    """The URL of the log; starts what it needs."""
    if store == "sqlite":
        yield f"sqlite:///{OUTPUT}/shop.db"
    elif store == "cosmos":
        command = [sys.executable, "-m", "eventfold.testing.cosmos", "--partitions", "4"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
            assert running.stdout is not None
            where = json.loads(running.stdout.readline())
            os.environ["EVENTFOLD_COSMOS_KEY"] = where["key"]
            console.print(f"A stand-in for Cosmos DB with four partitions serves at {where['endpoint']}.")
            try:
                yield where["url"]
            finally:
                running.terminate()
    else:
        yield store


def demo(console: Console, url: str, orders: int) -> int:
    began = time.perf_counter()
    lake, state = f"{OUTPUT}/lake", f"sqlite:///{OUTPUT}/shop.db.state"
    with order_book.open(url, lake=lake, state=state) as live:
        refused, middle = fill(live, orders)
    shipments = (OUTPUT / "shipments.jsonl").absolute().as_uri()
    with (
        post_office(OUTPUT / "mails") as office,
        shop.open(url, lake=lake, state=state, targets={"mail": office.url, "shipments": shipments}) as live,
    ):
        told = sell(live, office, OUTPUT, orders)
        found = report(live, refused, middle, told)
        show(console, found)
        wrong = prove(live)
        path = OUTPUT / "orders.html"
        path.write_text(page(found, wrong), encoding="utf-8")
    seconds = time.perf_counter() - began
    console.print(
        f"{orders:,} orders in {found.events:,} steps; the rules of the shop refused {refused:,} further requests."
    )
    for line in wrong[:20]:
        console.print(f"[red]{line}[/]")
    console.print(
        f"Each step is an event: the log of events folded in plain Python and the order book in Delta Lake differ in"
        f" {len(wrong)} places."
    )
    console.print(
        f"Look at [bold]{path}[/] in a browser; log, lake, mails and shipments stand beside it. {seconds:.1f} s."
    )
    return 1 if wrong else 0


def fill(live: Live, orders: int) -> tuple[int, Middle]:
    """Executes the workload, publishing now and then; how many commands were refused, and where half was done."""
    todo = commands(orders, SEED)
    refused = 0
    middle = Middle(live.store.feed().start(), 0)
    pace = len(todo) // PUBLICATIONS + 1
    done = track(run(live, todo), "requests", len(todo), console=Console(stderr=True))
    for number, accepted in enumerate(done, 1):
        refused += not accepted
        if number == len(todo) // 2:
            middle = Middle(live.store.feed().end(), number - refused)
        if number % pace == 0:
            live.catch_up()
    live.catch_up()
    return refused, middle


def prove(live: Live) -> list[str]:
    """Compares the Delta table with the log, row by row; each difference in words."""
    feed = live.store.feed()
    cursor = feed.start()
    events: list[ef.RecordedEvent] = []
    while True:
        part = feed.read(cursor, 10_000)
        events.extend(part.events)
        cursor = part.cursor
        if part.caught_up:
            break
    publication = live.table(Orders).publication
    assert publication is not None
    version = publication.head()
    rows = None if version is None else publication.rows(version.number)
    if rows is None:
        return ["there is no Delta table"]
    return differences(plain_fold(events), rows.to_pylist())


if __name__ == "__main__":
    sys.exit(main())

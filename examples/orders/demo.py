"""`./dev demo`: the life of 5,000 orders, from commands to a Delta table that answers for any moment."""

import shutil
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.progress import track

import eventfold as ef
from eventfold.app.live import Live
from examples.orders.app import shop
from examples.orders.page import page
from examples.orders.proof import differences, plain_fold
from examples.orders.report import report
from examples.orders.tables import Orders
from examples.orders.terminal import show
from examples.orders.workload import commands, run

ORDERS = 5_000
SEED = 20
PUBLICATIONS = 8
OUTPUT = Path("demo-output")


def main() -> int:
    console = Console()
    began = time.perf_counter()
    shutil.rmtree(OUTPUT, ignore_errors=True)
    OUTPUT.mkdir()
    with shop.open(f"sqlite:///{OUTPUT}/shop.db", lake=f"{OUTPUT}/lake") as live:
        refused = fill(live)
        found = report(live, refused)
        show(console, found)
        wrong = prove(live)
        path = OUTPUT / "orders.html"
        path.write_text(page(found, wrong), encoding="utf-8")
    seconds = time.perf_counter() - began
    console.print(
        f"{found.events:,} events of {ORDERS:,} orders by {found.events + refused:,} commands;"
        f" the rules refused {refused:,} of them."
    )
    for line in wrong[:20]:
        console.print(f"[red]{line}[/]")
    console.print(f"The log folded in plain Python and the Delta table differ in {len(wrong)} places.")
    console.print(
        f"Look at [bold]{path}[/] in a browser; the log and the lake stand beside it. {seconds:.1f} s."
    )
    return 1 if wrong else 0


def fill(live: Live) -> int:
    """Executes the workload, publishing now and then; returns how many commands were refused."""
    todo = commands(ORDERS, SEED)
    refused = 0
    pace = len(todo) // PUBLICATIONS + 1
    done = track(run(live, todo), "commands", len(todo), console=Console(stderr=True))
    for number, accepted in enumerate(done, 1):
        refused += not accepted
        if number % pace == 0:
            live.catch_up()
    live.catch_up()
    return refused


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

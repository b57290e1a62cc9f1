"""`./dev demo`: the life of 5,000 orders, from commands to a Delta table that answers for any moment, and to mails."""

import argparse
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import track

from eventfold.app.live import Live
from eventfold.readmodels.synapse.serverless import Place, Shown, scripts
from eventfold.testing.kafka import KafkaFailed, KafkaMissing
from examples.orders.app import order_book, shop
from examples.orders.overbus.course import over_the_bus
from examples.orders.overbus.places import Log, account, topic
from examples.orders.overbus.showing import arrivals
from examples.orders.overbus.workers import DemoFailed
from examples.orders.page import page
from examples.orders.postoffice import post_office
from examples.orders.proof import everything, prove
from examples.orders.report import Middle, Report, report
from examples.orders.terminal import show
from examples.orders.today import sell
from examples.orders.workload import SEED, commands, run

ORDERS, FEWER = 5_000, 400
PUBLICATIONS = 8
PARTITIONS = 4
OUTPUT = Path("demo-output")
PAGE = "orders.html"
INSTALL = (
    "Install Java 17 or newer and Maven, and try again: `apt-get install default-jre-headless maven` on Debian or"
    " Ubuntu, `brew install openjdk maven` on macOS. The other demos need neither."
)


def main(arguments: list[str] | None = None) -> int:
    asked = _parser().parse_args(arguments)
    console = Console()
    shutil.rmtree(OUTPUT, ignore_errors=True)
    OUTPUT.mkdir()
    with ExitStack() as closing:
        try:
            bus = closing.enter_context(topic(asked.bus, console)) if asked.bus else None
        except (KafkaMissing, KafkaFailed) as error:
            console.print(f"[red]{escape(str(error))}[/]\n{INSTALL}", highlight=False)
            return 1
        log = closing.enter_context(open_log(asked.store, console))
        orders = asked.orders or (ORDERS if log.url.startswith("sqlite") else FEWER)
        return demo(console, log.url, orders) if bus is None else demo_over_the_bus(console, log, bus, orders)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./dev demo", description=__doc__)
    parser.add_argument(
        "--store", default="sqlite", help="sqlite, cosmos (a stand-in on this machine), or a URL"
    )
    parser.add_argument(
        "--bus",
        help="kafka: tables and handlers follow a topic of a real broker, started on this machine, and a relay is"
        " killed; or the URL of a topic that is to be made",
    )
    parser.add_argument(
        "--engine",
        choices=["embedded"],
        default="embedded",
        help="spark: a part of the orders is folded by Apache Spark, in an environment of its own; see ./dev",
    )
    parser.add_argument("--orders", type=int, help=f"default: {ORDERS}, on Cosmos DB {FEWER}")
    return parser


@contextmanager
def open_log(store: str, console: Console) -> Iterator[Log]:
    """The log; starts what it needs."""
    if store == "sqlite":
        yield Log(f"sqlite:///{OUTPUT}/shop.db")
    elif store == "cosmos":
        with account(PARTITIONS) as found:
            os.environ["EVENTFOLD_COSMOS_KEY"] = found.key
            console.print(f"A stand-in for Cosmos DB with four partitions serves at {found.endpoint}.")
            yield found
    else:
        yield Log(store)


def demo(console: Console, url: str, orders: int) -> int:
    began = time.perf_counter()
    lake, state, search = f"{OUTPUT}/lake", f"sqlite:///{OUTPUT}/shop.db.state", f"{OUTPUT}/search"
    with order_book.open(url, lake=lake, state=state, search=search) as live:
        refused, middle = fill(live, orders, lambda number, total: _publish(live, number, total))
        live.catch_up()
    shipments = (OUTPUT / "shipments.jsonl").absolute().as_uri()
    with (
        post_office(OUTPUT / "mails") as office,
        shop.open(
            url,
            lake=lake,
            state=state,
            search=search,
            targets={"mail": office.url, "shipments": shipments},
        ) as live,
    ):
        told = sell(live, office, OUTPUT, orders)
        found = report(live, refused, middle, told)
        show(console, found)
        wrong = prove(live, everything(live.store.feed()))
        _write_page(found, wrong)
    _end(console, found, orders, wrong)
    console.print(
        f"Look at [bold]{OUTPUT / PAGE}[/] in a browser; log, lake, search index, mails and shipments stand beside it."
        f" {time.perf_counter() - began:.1f} s."
    )
    console.print(
        f"SQL users in Azure read the lake by the scripts for Synapse in [bold]{for_sql_users()}[/]."
    )
    return 1 if wrong else 0


def for_sql_users() -> Path:
    folder = OUTPUT / "synapse"
    folder.mkdir()
    for script in scripts(
        Place("shop", "shop_reader"), [Shown(spec, name) for name, spec in shop.tables.items()]
    ):
        (folder / script.name).write_text(script.text, encoding="utf-8")
    return folder


def demo_over_the_bus(console: Console, log: Log, bus: str, orders: int) -> int:
    began = time.perf_counter()
    filled: list[tuple[int, Middle]] = []
    try:
        with over_the_bus(
            console, log, bus, OUTPUT, lambda live, then: filled.append(fill(live, orders, then))
        ) as (live, course):
            ((refused, middle),) = filled
            found = report(live, refused, middle)
            show(console, found)
            console.print(arrivals(course))
            wrong, lost = prove(live, course.events), course.wrong
            _write_page(found, [*wrong, *lost])
    except DemoFailed as failed:
        console.print(f"[red]{escape(str(failed))}[/]")
        return 1
    _end(console, found, orders, wrong)
    console.print(
        f"Look at [bold]{OUTPUT / PAGE}[/] in a browser; log, lake, mails, shipments and what each process said stand"
        " beside it."
        f" {time.perf_counter() - began:.1f} s."
    )
    for line in lost:
        console.print(f"[red]{escape(line)}[/]")
    return 1 if wrong or lost else 0


def _write_page(found: Report, wrong: list[str]) -> None:
    (OUTPUT / PAGE).write_text(page(found, wrong), encoding="utf-8")


def _end(console: Console, found: Report, orders: int, wrong: list[str]) -> None:
    console.print(
        f"{orders:,} orders in {found.events:,} steps; the rules of the shop refused {found.refused:,} further"
        " requests."
    )
    for line in wrong[:20]:
        console.print(f"[red]{escape(line)}[/]")
    console.print(
        f"Each step is an event: the log of events folded in plain Python and the order book in Delta Lake differ in"
        f" {len(wrong)} places."
    )


def _publish(live: Live, number: int, total: int) -> None:
    if number % (total // PUBLICATIONS + 1) == 0:
        live.catch_up()


def fill(live: Live, orders: int, then: Callable[[int, int], object]) -> tuple[int, Middle]:
    """Executes the workload; how many commands were refused, and where half was done.

    Args:
        live: the shop.
        orders: how many.
        then: is told the number of each command that was executed, and how many there are.
    """
    todo = commands(orders, SEED)
    refused = 0
    middle = Middle(live.store.feed().start(), 0)
    done = track(run(live, todo), "requests", len(todo), console=Console(stderr=True))
    for number, accepted in enumerate(done, 1):
        refused += not accepted
        if number == len(todo) // 2:
            middle = Middle(live.store.feed().end(), number - refused)
        then(number, len(todo))
    return refused, middle


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what was started is stopped
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)

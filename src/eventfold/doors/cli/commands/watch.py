"""`eventfold watch`: whether tables are as fresh as they declare, while somebody else keeps them."""

import sys
import time
from datetime import UTC, datetime

import click
import msgspec

from eventfold.app.live import Live
from eventfold.app.parts.tablestatus import TableStatus, stale_told, table_status
from eventfold.doors.cli.moments import Seconds
from eventfold.doors.cli.settings import Settings, pass_settings
from eventfold.doors.cli.showing.output import print_line, say, shown
from eventfold.doors.cli.stopping import stop_on_signals
from eventfold.errors import ConfigInvalid, TableBehind


@click.command()
@click.argument("tables", nargs=-1)
@click.option(
    "--for", "seconds", type=Seconds(), help="End well after so many seconds; default: with Ctrl-C."
)
@click.option(
    "--every", type=Seconds(), default=1.0, show_default=True, help="Seconds between two looks, at least."
)
@pass_settings
def watch(settings: Settings, tables: tuple[str, ...], seconds: float | None, every: float) -> None:
    """Watch how fresh TABLES are, all by default, and end with 4 where one is not as fresh as it declares.

    A table declares it: `class Orders(Table, category="order", fresh="5 s")`. Of each: the events that it has not
    looked at, how old the first event is that is not seen in its state and in every place where it is published, and
    what that waits for: nothing, parked, lease (no worker has the table), throttle, backlog. With --json one document
    a line.

    Example: eventfold -a shop.app:shop -s sqlite:///shop.db --lake lake watch --for 60
    """
    with settings.open_app() as live:
        chosen = [live.table(name) for name in tables] or list(live.tables)
        if not chosen:
            raise ConfigInvalid(f"{live.app.name} has no table to watch: declare one.", key="app")
        stop, ends = stop_on_signals(), None if seconds is None else time.monotonic() + seconds
        if not settings.json:
            say(f"Watching {', '.join(table.name for table in chosen)}; Ctrl-C ends it.")
        while not stop.is_set():
            found = [table_status(table, live.store.feed()) for table in chosen]
            _print(live, found, as_json=settings.json)
            _check(found)
            if ends is not None and time.monotonic() >= ends:
                return
            stop.wait(every)


def _print(live: Live, found: list[TableStatus], *, as_json: bool) -> None:
    now = datetime.now(UTC)
    for table in found:
        if as_json:
            told = {"at": now, "app": live.app.name, **msgspec.to_builtins(table)}
            sys.stdout.write(msgspec.json.encode(told).decode() + "\n")
            continue
        lag = "?" if table.lag is None else f"{table.lag:,}"
        age = "?" if table.seconds is None else f"{table.seconds:,.1f} s"
        budget = "" if table.fresh is None else f" of {table.fresh:g} s"
        where = f" in {table.place}" if table.place else ""
        print_line(
            (shown(now), "cyan"),
            (f"{table.name}  lag {lag}  {age}{budget}{where}  waits for {table.waits or '?'}", ""),
        )
    sys.stdout.flush()


def _check(found: list[TableStatus]) -> None:
    """Ends where a table is not as fresh as it declares, or it cannot be told."""
    broken = {table.name: _broken(table) for table in found if table.fresh is not None or table.problem}
    told = [sentence for sentence in broken.values() if sentence]
    if told:
        raise TableBehind("; ".join(told) + ".", tables=[name for name, why in broken.items() if why])


def _broken(table: TableStatus) -> str:
    if table.problem:
        return f"{table.name}: {table.problem.rstrip('.')}"
    if table.stale:
        return stale_told(table)
    lost = [f"{table.name}, {one.place}: {one.problem.rstrip('.')}" for one in table.places if one.problem]
    return "; ".join(lost)

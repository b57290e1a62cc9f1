"""The report in a terminal."""

from decimal import Decimal

from rich import box
from rich.console import Console
from rich.table import Table

from examples.orders.report import STATUSES, LifeStep, Moment, Report, changed

LAST_DAYS = 7
_HIDDEN = {"order_id", "events", "ordered_at", "changed_at", "changed_by"}


def show(console: Console, report: Report) -> None:
    """Orders by day, one life, moments of the past, the events behind a row."""
    then, now = report.life[report.life_then - 1], report.life[-1]
    console.print(_by_day(report))
    console.print(_life(report))
    console.print(f"[bold]{report.order} as of version {then.version}[/]: {_state(then)}")
    console.print(f"[dim]and now, at version {now.version}:[/] {_state(now)}\n")
    console.print(_moments(report))
    console.print(_why(report))


def _table(title: str, *columns: str, numbers: int = 0) -> Table:
    """A table whose last `numbers` columns are right-aligned."""
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for at, column in enumerate(columns):
        right = at >= len(columns) - numbers
        table.add_column(column, justify="right" if right else "left", no_wrap=right)
    return table


def _by_day(report: Report) -> Table:
    title = f"Orders by status and day, the last {LAST_DAYS} of them"
    table = _table(title, "day", *STATUSES, "revenue", numbers=6)
    days = sorted({row.day for row in report.by_day})
    for day in days[-LAST_DAYS:]:
        rows = {row.status: row for row in report.by_day if row.day == day}
        counts = [str(rows[s].orders) if s in rows else "" for s in STATUSES]
        revenue = sum((r.revenue for r in rows.values() if r.status != "Cancelled"), Decimal(0))
        table.add_row(f"{day:%d %b}", *counts, f"{revenue:,.2f}")
    return table


def _life(report: Report) -> Table:
    table = _table(f"The life of {report.order}", "", "when", "by", "event", "the order after it")
    for step in report.life:
        table.add_row(
            str(step.version), f"{step.occurred_at:%d %b %H:%M}", step.actor, step.event, _state(step)
        )
    return table


def _state(step: LifeStep) -> str:
    items = ", ".join(f"{count} {name}" for name, count in step.items.items()) or "no items"
    return f"{step.status}, {step.total_amount:,.2f}: {items}"


def _moments(report: Report) -> Table:
    names = [moment.name for moment in report.moments]
    table = _table("The whole table at three moments", "orders", *names, numbers=len(names))
    for status in STATUSES:
        table.add_row(status, *(f"{moment.orders[status]:,}" for moment in report.moments))
    table.add_row("revenue", *(f"{moment.revenue:,.2f}" for moment in report.moments))
    table.add_row("[dim]from[/]", *(f"[dim]{_source(moment)}[/]" for moment in report.moments))
    return table


def _source(moment: Moment) -> str:
    if moment.base is None:
        return "the log"
    return f"version {moment.base}" + (f" + {moment.folded:,} events" if moment.folded else "")


def _why(report: Report) -> Table:
    table = _table(f"Why the row {report.order} is as it is", "event", "changed")
    for step in report.why:
        words = [
            f"{name}: {before} -> {after}"
            for name, (before, after) in changed(step).items()
            if name not in _HIDDEN
        ]
        table.add_row(f"{step.event.type} (version {step.event.version})", "\n".join(words) or "-")
    return table

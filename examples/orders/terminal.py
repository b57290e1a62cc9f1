"""The report in a terminal."""

from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from examples.orders.report import (
    STATUSES,
    LifeStep,
    Looked,
    Report,
    changed,
    event_words,
    found_by_status,
    goods,
    revenue,
    said,
    source,
    told,
    told_lines,
)
from examples.orders.today import Told

LAST_DAYS = 7
_HIDDEN = {"order_id", "events", "ordered_at", "changed_at", "changed_by"}


def show(console: Console, report: Report) -> None:
    """Orders by day, one life, moments of the past, the events behind a row."""
    then, now = report.life[report.life_then - 1], report.life[-1]
    console.print(_by_day(report))
    console.print(_life(report))
    console.print(f"[bold]{report.order} after step {then.version}[/]: {_state(then)}")
    console.print(f"[dim]and today, after step {now.version}:[/] {_state(now)}\n")
    console.print(_moments(report))
    console.print(_why(report))
    if report.told is not None:
        console.print(_told(report.told))
    if report.looked is not None:
        console.print(_looked(report.looked))
        console.print(f"[dim]found {found_by_status(report.looked)}[/]\n")


def _table(title: str, *columns: str, numbers: int = 0) -> Table:
    """A table whose last `numbers` columns are right-aligned."""
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for at, column in enumerate(columns):
        right = at >= len(columns) - numbers
        table.add_column(column, justify="right" if right else "left", no_wrap=right or not at)
    return table


def _by_day(report: Report) -> Table:
    title = f"The last {LAST_DAYS} days: what became of their orders, and their revenue"
    columns = [*STATUSES.values(), *report.currencies]
    table = _table(title, "day", *columns, numbers=len(columns))
    days = sorted({row.day for row in report.by_day})
    for day in days[-LAST_DAYS:]:
        rows = [row for row in report.by_day if row.day == day]
        counts = [sum(row.orders for row in rows if row.status == status) for status in STATUSES]
        sold = revenue(rows)
        amounts = [f"{sold.get(currency, 0):,.0f}" for currency in report.currencies]
        table.add_row(f"{day:%d %b}", *(str(count or "") for count in counts), *amounts)
    return table


def _life(report: Report) -> Table:
    table = _table(f"The life of {report.order}", "", "when", "by", "what", "the order is then")
    for step in report.life:
        table.add_row(
            str(step.version),
            f"{step.occurred_at:%d %b %H:%M}",
            step.actor,
            event_words(step.event),
            _state(step),
        )
    return table


def _state(step: LifeStep) -> str:
    return f"{STATUSES[step.status]}, {step.total_amount:,.2f} {step.currency}: {goods(step)}"


def _moments(report: Report) -> Table:
    names = [moment.name for moment in report.moments]
    table = _table("All orders at three moments", "orders", *names, numbers=len(names))
    for status, word in STATUSES.items():
        table.add_row(word, *(f"{moment.orders[status]:,}" for moment in report.moments))
    for currency in report.currencies:
        sold = (told(moment.revenue, [currency]) for moment in report.moments)
        table.add_row("revenue", *sold)
    table.add_row("[dim]worked out[/]", *(f"[dim]{source(moment)}[/]" for moment in report.moments))
    return table


def _why(report: Report) -> Table:
    table = _table(f"Why {report.order} is as it is", "what happened", "what it changed")
    for step in report.why:
        changes = [
            _change(name, before, after)
            for name, (before, after) in changed(step).items()
            if name not in _HIDDEN
        ]
        table.add_row(
            f"{event_words(step.event.type)} (step {step.event.version})", "\n".join(changes) or "-"
        )
    return table


def _told(told: Told) -> Table:
    table = _table("Who was told on four more days, and who told the shop", "whom", "what", "how often")
    for line in told_lines(told):
        table.add_row(*line)
    for message in told.waiting:
        table.add_row("", f"[dim]waits: {escape(message)}[/]", "")
    return table


def _looked(looked: Looked) -> Table:
    table = _table(f'Looked for "{looked.words}"', "order", "customer", "the order is", "total", numbers=1)
    for hit in looked.found:
        total = f"{hit.row['total_amount']:,.2f} {hit.row['currency']}"
        customer = "".join(one.marked("[bold]", "[/]") for one in hit.highlights["customer_id"])
        table.add_row(hit.key, customer, STATUSES[hit.row["status"]], total)
    return table


def _change(name: str, before: Any, after: Any) -> str:
    was = "" if before is None else f"{said(before)} -> "
    return f"{name.replace('_', ' ')}: {was}{said(after)}"

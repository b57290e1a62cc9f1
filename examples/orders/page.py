"""The report as one self-contained page: inline pictures, nothing loaded from outside, every text escaped."""

from decimal import Decimal
from html import escape
from pathlib import Path
from typing import Any

from examples.orders.chart import revenue_by_day
from examples.orders.report import STATUSES, LifeStep, Moment, Report, changed

_STYLE = Path(__file__).with_name("page.css")
_HIDDEN = {"events", "changed_at", "changed_by"}


def page(report: Report, wrong: list[str]) -> str:
    """The page as text."""
    parts = [
        _head(report, wrong),
        _section(
            "Orders and revenue by day",
            "One bar a day, cut by what became of the orders placed on it.",
            f'<div class="scroll">{revenue_by_day(report.by_day)}</div>{_legend()}',
        ),
        _section(
            "The same table at other moments",
            "Every version of the Delta table says which events it contains, so a question about the past is a look-up"
            " and a short fold. The middle row asks by the time things happened, not by when they were recorded.",
            _moments(report.moments),
        ),
        _section(
            f"The life of {report.order}",
            f"Every event, and the order after it. Highlighted: the order as of version {report.life_then}.",
            _life(report),
        ),
        _section(
            "Why that row is as it is",
            "The events behind one row of the table, and what each of them changed.",
            _why(report),
        ),
    ]
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>The orders of a shop</title><style>
{_STYLE.read_text(encoding="utf-8")}</style></head><body><main>
{"".join(parts)}
<footer>Folded from the log <code>{escape(report.log)}</code>. Event sourcing with eventfold.</footer>
</main></body></html>
"""


def _head(report: Report, wrong: list[str]) -> str:
    orders = sum(row.orders for row in report.by_day)
    revenue = sum((row.revenue for row in report.by_day if row.status != "Cancelled"), Decimal(0))
    proof = "rows differ between the Delta table and the log folded in plain Python"
    figures = [
        ("", f"{orders:,}", "orders"),
        ("", f"{revenue:,.0f}", "revenue, without cancelled orders"),
        ("", f"{report.events:,}", "events, the whole truth"),
        ("", f"{report.refused:,}", "commands that the rules refused"),
        ("", f"{report.versions:,}", "versions of the Delta table"),
        ("bad" if wrong else "good", f"{len(wrong):,}", proof),
    ]
    boxes = "".join(
        f'<div class="figure {kind}"><b>{number}</b><span>{escape(text)}</span></div>'
        for kind, number, text in figures
    )
    return (
        "<h1>The orders of a shop</h1><p>Nothing here was ever updated in place. Each order is the sequence of its"
        f' events; the tables below are folds of them.</p><div class="figures">{boxes}</div>'
    )


def _section(title: str, text: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2><p>{escape(text)}</p>{body}</section>"


def _legend() -> str:
    keys = (f'<span><i style="background:var(--{s})"></i>{s}</span>' for s in STATUSES)
    return f'<div class="legend">{"".join(keys)}</div>'


def _moments(moments: list[Moment]) -> str:
    most = max(sum(m.orders.values()) for m in moments) or 1
    rows = []
    for moment in moments:
        total = sum(moment.orders.values())
        pieces = "".join(
            f'<i style="width:{100 * moment.orders[s] / most:.2f}%;background:var(--{s})"'
            f' title="{s}: {moment.orders[s]:,}"></i>'
            for s in STATUSES
        )
        source = (
            "folded from the log"
            if moment.base is None
            else f"Delta version {moment.base}" + (f" and {moment.folded:,} events" if moment.folded else "")
        )
        rows.append(
            f"<div>{escape(moment.name)}<small>{escape(source)}</small></div>"
            f'<div class="bar">{pieces}</div><div class="n">{total:,} orders<small>{moment.revenue:,.2f}</small></div>'
        )
    return f'<div class="bars">{"".join(rows)}</div>{_legend()}'


def _life(report: Report) -> str:
    rows = "".join(_life_row(step, step.version == report.life_then) for step in report.life)
    head = '<tr><th class="n">version</th><th>when</th><th>by</th><th>event</th><th>status</th><th>items</th>'
    return f'<div class="scroll"><table class="life">{head}<th class="n">total</th></tr>{rows}</table></div>'


def _life_row(step: LifeStep, then: bool) -> str:  # noqa: FBT001 - a row is that of the moment or not
    items = ", ".join(f"{count} {name}" for name, count in step.items.items()) or "none"
    return (
        f'<tr{" class=then" if then else ""}><td class="n">{step.version}</td>'
        f"<td>{step.occurred_at:%d %b %H:%M}</td><td>{escape(step.actor)}</td><td>{escape(step.event)}</td>"
        f'<td><span class="pill {step.status}" style="background:var(--{step.status})">{step.status}</span></td>'
        f'<td>{escape(items)}</td><td class="n">{step.total_amount:,.2f}</td></tr>'
    )


def _why(report: Report) -> str:
    rows = []
    for step in report.why:
        words = [_change(name, *pair) for name, pair in changed(step).items() if name not in _HIDDEN]
        place = f", position {step.event.position:,}" if step.event.position else ""
        rows.append(
            f"<tr><td>{escape(step.event.type)}<br><span class=note>version {step.event.version}{place}</span></td>"
            f"<td>{'<br>'.join(words) or 'nothing'}</td></tr>"
        )
    return f'<div class="scroll"><table><tr><th>event</th><th>what it changed</th></tr>{"".join(rows)}</table></div>'


def _change(name: str, before: Any, after: Any) -> str:
    was = "" if before is None else f'<span class="was">{escape(str(before))}</span>'
    return f"{escape(name)}: {was}{escape(str(after))}"

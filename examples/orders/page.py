"""The report as one self-contained page: inline pictures, nothing loaded from outside, every text escaped."""

import re
from collections.abc import Iterable
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

from examples.orders.chart import revenue_by_day
from examples.orders.report import SOLD, STATUSES, LifeStep, Report, changed, revenue, told

_STYLE = Path(__file__).with_name("page.css")
_HIDDEN = {"events", "changed_at", "changed_by"}


def page(report: Report, wrong: list[str]) -> str:
    """The page as text."""
    parts = [
        _head(report, wrong),
        _section(
            "Revenue by day",
            "One bar a day: what the orders placed on it are worth, cut by how far they have come. Cancelled and"
            " returned orders are no revenue and are in no bar. Each currency has its own picture.",
            f"{_charts(report)}{_legend(SOLD)}",
        ),
        _section(
            "All orders, then and now",
            "How many orders there were, how far they had come, and the revenue. Every version of the table says which"
            " events it contains, so a question about the past is a look-up and a short fold. The middle row asks by"
            " when things happened, not by when they were recorded.",
            _moments(report),
        ),
        _section(
            f"The life of {report.order}",
            "All that happened to it, and the order after each step. Highlighted: as it was after step"
            f" {report.life_then}.",
            _life(report),
        ),
        _section(
            f"Why {report.order} is as it is",
            "The events behind its row in the table of orders, and what each of them changed.",
            _why(report),
        ),
    ]
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>The orders of a shop</title><style>
{_STYLE.read_text(encoding="utf-8")}</style></head><body><main>
{"".join(parts)}
<footer>{_made(report)} from the log <code>{escape(report.log)}</code>. Event sourcing with eventfold.</footer>
</main></body></html>
"""


def _head(report: Report, wrong: list[str]) -> str:
    orders = sum(row.orders for row in report.by_day)
    sold = revenue(report.by_day)
    figures = [
        ("", f"{orders:,}", "orders"),
        *(("", f"{sold[c]:,.2f} {c}", "revenue, without cancelled and returned orders") for c in sold),
        ("", f"{report.events:,}", "events: all that happened to them"),
        ("", f"{report.refused:,}", "requests that the rules of the shop refused"),
        ("", f"{report.versions:,}", "versions of the table in the lake"),
        ("bad" if wrong else "good", f"{len(wrong):,}", "differences between that table and the events"),
    ]
    boxes = "".join(
        f'<div class="figure {kind}"><b>{escape(number)}</b><span>{escape(text)}</span></div>'
        for kind, number, text in figures
    )
    return (
        "<h1>The orders of a shop</h1><p>Nothing here was ever updated in place. Each order is the sequence of its"
        f' events; everything below is worked out from them. {_made(report)}.</p><div class="figures">{boxes}</div>'
    )


def _made(report: Report) -> str:
    return f"Made on {report.made_at:%d %B %Y at %H:%M} UTC"


def _charts(report: Report) -> str:
    pictures = (revenue_by_day(report.by_day, currency) for currency in report.currencies)
    return "".join(f'<div class="scroll">{picture}</div>' for picture in pictures)


def _section(title: str, text: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2><p>{escape(text)}</p>{body}</section>"


def _legend(statuses: Iterable[str]) -> str:
    keys = (f'<span><i style="background:var(--{s})"></i>{STATUSES[s]}</span>' for s in statuses)
    return f'<div class="legend">{"".join(keys)}</div>'


def _moments(report: Report) -> str:
    most = max(sum(m.orders.values()) for m in report.moments) or 1
    rows = []
    for moment in report.moments:
        total = sum(moment.orders.values())
        pieces = "".join(
            f'<i style="width:{100 * moment.orders[s] / most:.2f}%;background:var(--{s})"'
            f' title="{moment.orders[s]:,} {STATUSES[s]}"></i>'
            for s in STATUSES
        )
        source = (
            "folded from the log"
            if moment.base is None
            else f"Delta version {moment.base}" + (f" and {moment.folded:,} events" if moment.folded else "")
        )
        rows.append(
            f"<div>{escape(moment.name)}<small>{escape(source)}</small></div>"
            f'<div class="bar">{pieces}</div><div class="n">{total:,} orders'
            f"<small>{escape(told(moment.revenue, report.currencies))}</small></div>"
        )
    return f'<div class="bars">{"".join(rows)}</div>{_legend(STATUSES)}'


def _life(report: Report) -> str:
    rows = "".join(_life_row(step, step.version == report.life_then) for step in report.life)
    head = '<tr><th class="n">step</th><th>when (UTC)</th><th>by</th><th>what</th><th>the order is</th><th>items</th>'
    return f'<div class="scroll"><table class="life">{head}<th class="n">total</th></tr>{rows}</table></div>'


def _life_row(step: LifeStep, then: bool) -> str:  # noqa: FBT001 - a row is that of the moment or not
    items = ", ".join(f"{count} {name}" for name, count in step.items.items()) or "none"
    status = f'<span class="pill {step.status}" style="background:var(--{step.status})">{STATUSES[step.status]}</span>'
    return (
        f'<tr{" class=then" if then else ""}><td class="n">{step.version}</td>'
        f"<td>{step.occurred_at:%d %b %H:%M}</td><td>{escape(step.actor)}</td><td>{escape(_words(step.event))}</td>"
        f'<td>{status}</td><td>{escape(items)}</td><td class="n">{step.total_amount:,.2f}'
        f" {escape(step.currency)}</td></tr>"
    )


def _why(report: Report) -> str:
    rows = []
    for step in report.why:
        words = [_change(name, *pair) for name, pair in changed(step).items() if name not in _HIDDEN]
        what = escape(_words(step.event.type))
        place = f", position {step.event.position:,}" if step.event.position else ""
        rows.append(
            f"<tr><td>{what}<br><span class=note>version {step.event.version}{place}</span></td>"
            f"<td>{'<br>'.join(words) or 'nothing'}</td></tr>"
        )
    head = "<tr><th>what happened</th><th>what it changed</th></tr>"
    return f'<div class="scroll"><table>{head}{"".join(rows)}</table></div>'


def _change(name: str, before: Any, after: Any) -> str:
    was = "" if before is None else f'<span class="was">{escape(_value(before))}</span>'
    return f"{escape(name.replace('_', ' '))}: {was}{escape(_value(after))}"


def _value(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%d %b %Y %H:%M} UTC"
    return STATUSES.get(str(value), str(value))


def _words(name: str) -> str:
    """`ItemAdded` as people say it."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).capitalize()

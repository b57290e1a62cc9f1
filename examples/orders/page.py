"""The report as one self-contained page: inline pictures, nothing loaded from outside, every text escaped."""

from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Any

from eventfold.readmodels.search.marking import Highlight
from examples.orders.chart import revenue_by_day
from examples.orders.report import (
    SOLD,
    STATUSES,
    LifeStep,
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
from examples.orders.today import Letter

_STYLE = Path(__file__).with_name("page.css")
_HIDDEN = {"events", "changed_at", "changed_by"}


def page(report: Report, wrong: list[str]) -> str:
    """The page as text."""
    parts = [
        _head(report, wrong),
        _section(
            "Revenue by day",
            "One bar a day: what the orders placed on that day are worth, by how far they have come. Cancelled and"
            " returned orders earn nothing and are in no bar. Each currency has its own picture.",
            f"{_charts(report)}{_legend(SOLD)}",
        ),
        _section(
            "All orders, then and now",
            "How many orders there were, how far they had come, and the revenue: at any moment you like, since nothing"
            " is forgotten. The first line counts what had been written down, the second what had happened by then.",
            _moments(report),
        ),
        _section(
            f"The life of {report.order}",
            "Everything that happened to this order, and how the order was after each step. Highlighted: the order as"
            f" it was after step {report.life_then}.",
            _life(report),
        ),
        _section(
            f"Why {report.order} is as it is",
            "Its line in the order book, explained: each step that changed it, and what it changed.",
            _why(report),
        ),
        *_told(report),
        *_looked(report),
    ]
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>The orders of a shop</title><style>
{_STYLE.read_text(encoding="utf-8")}</style></head><body><main>
{"".join(parts)}
<footer>{_made(report)}. For those who build such a shop: a step is an event in the log
<code>{escape(report.log)}</code>, the order book is a table made of events by eventfold, an edition of it a version
in Delta Lake.</footer>
</main></body></html>
"""


def _head(report: Report, wrong: list[str]) -> str:
    orders = sum(row.orders for row in report.by_day)
    sold = revenue(report.by_day)
    figures = [
        ("", f"{orders:,}", "orders"),
        *(("", f"{sold[c]:,.2f} {c}", "revenue, without cancelled and returned orders") for c in sold),
        ("", f"{report.events:,}", "steps in their history: placed, item added, shipped ..."),
        ("", f"{report.refused:,}", "requests refused by the rules: an item that came too late ..."),
        ("", f"{report.versions:,}", "editions of the order book, all kept"),
        (
            "bad" if wrong else "good",
            f"{len(wrong):,}",
            "mistakes when the order book was checked against the history",
        ),
    ]
    boxes = "".join(
        f'<div class="figure {kind}"><b>{escape(number)}</b><span>{escape(text)}</span></div>'
        for kind, number, text in figures
    )
    return (
        "<h1>The orders of a shop</h1><p>This shop never overwrites an order. It writes down each step, with when and"
        " by whom, and works everything below out from that: how orders stand, how they stood on any day, and why."
        f' {_made(report)}.</p><div class="figures">{boxes}</div>'
    )


def _made(report: Report) -> str:
    return f"Made on {report.made_at:%d %B %Y at %H:%M} UTC"


def _charts(report: Report) -> str:
    return "".join(
        _wide(revenue_by_day(report.by_day, one), f"Revenue in {one}") for one in report.currencies
    )


def _wide(what: str, called: str) -> str:
    """A box in which it scrolls where the screen is narrow; by the keyboard too."""
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(called)}">{what}</div>'


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
        rows.append(
            f"<div>{escape(moment.name)}<small>from {escape(source(moment))}</small></div>"
            f'<div class="bar">{pieces}</div><div class="n">{total:,} orders'
            f"<small>{escape(told(moment.revenue, report.currencies))}</small></div>"
        )
    return f'<div class="bars">{"".join(rows)}</div>{_legend(STATUSES)}'


def _life(report: Report) -> str:
    rows = "".join(_life_row(step, step.version == report.life_then) for step in report.life)
    head = '<tr><th class="n">step</th><th>when (UTC)</th><th>by</th><th>what</th><th>the order is</th><th>items</th>'
    return _wide(
        f'<table class="life">{head}<th class="n">total</th></tr>{rows}</table>',
        f"The steps of {report.order}",
    )


def _life_row(step: LifeStep, then: bool) -> str:  # noqa: FBT001 - a row is that of the moment or not
    status = f'<span class="pill {step.status}" style="background:var(--{step.status})">{STATUSES[step.status]}</span>'
    return (
        f'<tr{" class=then" if then else ""}><td class="n">{step.version}</td>'
        f"<td>{step.occurred_at:%d %b %H:%M}</td><td>{escape(step.actor)}</td>"
        f"<td>{escape(event_words(step.event))}</td>"
        f'<td>{status}</td><td>{escape(goods(step))}</td><td class="n">{step.total_amount:,.2f}'
        f" {escape(step.currency)}</td></tr>"
    )


def _why(report: Report) -> str:
    rows = []
    for step in report.why:
        changes = [_change(name, *pair) for name, pair in changed(step).items() if name not in _HIDDEN]
        what = escape(event_words(step.event.type))
        place = f", entry {step.event.position:,} of all" if step.event.position else ""
        rows.append(
            f"<tr><td>{what}<br><span class=note>step {step.event.version}{place}</span></td>"
            f"<td>{'<br>'.join(changes) or 'nothing'}</td></tr>"
        )
    head = "<tr><th>what happened</th><th>what it changed</th></tr>"
    return _wide(f"<table>{head}{''.join(rows)}</table>", f"What changed {report.order}")


def _told(report: Report) -> list[str]:
    """What left the shop and what came in, with a mail of each kind as it was received."""
    told = report.told
    if told is None:
        return []
    rows = [
        f'<tr><td>{escape(whom)}</td><td>{escape(what)}</td><td class="n">{escape(often)}</td></tr>'
        for whom, what, often in told_lines(told)
    ]
    head = '<tr><th>whom</th><th>what</th><th class="n">how often</th></tr>'
    waiting = "".join(
        f'<p class="waits">Waits for a person: {escape(message)}</p>' for message in told.waiting
    )
    mails = "".join(_mail(mail) for mail in [*told.parcels[:1], *told.reminders[-1:]])
    sent = [f"{name}: {value}" for one in told.shipments[:1] for name, value in one["data"].items()]
    message = (
        f'<div class="mail"><b>To the carrier</b><pre>{escape(chr(10).join(sent))}</pre></div>'
        if sent
        else ""
    )
    return [
        _section(
            "Who was told, and who told the shop",
            "Four more days, on which the shop told others what happened to an order, in that order. Nobody was told of"
            " what had happened before them, and nobody is told again when something above is worked out anew.",
            _wide(f"<table>{head}{''.join(rows)}</table>", "Who was told")
            + waiting
            + f'<div class="mails">{mails}{message}</div>',
        )
    ]


def _looked(report: Report) -> list[str]:
    """What was found by words, with how it stands counted."""
    looked = report.looked
    if looked is None:
        return []
    rows = [
        f"<tr><td>{escape(hit.key)}</td><td>{''.join(map(_marked, hit.highlights['customer_id']))}</td>"
        f"<td>{escape(STATUSES[hit.row['status']])}</td>"
        f'<td class="n">{hit.row["total_amount"]:,.2f} {escape(hit.row["currency"])}</td></tr>'
        for hit in looked.found
    ]
    head = '<tr><th>order</th><th>customer</th><th>the order is</th><th class="n">total</th></tr>'
    return [
        _section(
            f"Looked for \u201c{looked.words}\u201d",
            f"Found by its words among all orders, the largest first: {found_by_status(looked)}.",
            _wide(f"<table>{head}{''.join(rows)}</table>", "What was found"),
        )
    ]


def _marked(one: Highlight) -> str:
    """A text in which the words stand out that were looked for."""
    parts, at = [], 0
    for start, end in one.marks:
        parts += [escape(one.text[at:start]), f"<mark>{escape(one.text[start:end])}</mark>"]
        at = end
    return "".join([*parts, escape(one.text[at:])])


def _mail(mail: Letter) -> str:
    return (
        f'<div class="mail"><b>{escape(mail.subject)}</b><span>to {escape(mail.to)}</span>'
        f"<p>{escape(mail.text)}</p></div>"
    )


def _change(name: str, before: Any, after: Any) -> str:
    was = "" if before is None else f'<span class="was">{escape(said(before))}</span>'
    return f"{escape(name.replace('_', ' '))}: {was}{escape(said(after))}"

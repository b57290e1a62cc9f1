"""Revenue by day and status in one currency, as an inline picture."""

from datetime import date
from decimal import Decimal
from html import escape

from examples.orders.report import SOLD, STATUSES, DayStatus, revenue

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 980, 260, 72, 28, 28


def revenue_by_day(rows: list[DayStatus], currency: str) -> str:
    """Stacked bars, one a day, of what is revenue; hovering over a piece tells its figures."""
    days = sorted({row.day for row in rows})
    of_day = {day: [row for row in rows if (row.day, row.currency) == (day, currency)] for day in days}
    highest = max((revenue(some).get(currency, Decimal(0)) for some in of_day.values()), default=Decimal(0))
    top = _round_up(max(highest, Decimal(1)))
    scale = (HEIGHT - BOTTOM - TOP) / float(top)
    step = (WIDTH - LEFT) / max(len(days), 1)
    parts = [_grid(top, scale), f'<text x="{LEFT - 8}" y="12" text-anchor="end">{escape(currency)}</text>']
    for at, day in enumerate(days):
        parts.append(_bar(of_day[day], LEFT + at * step, step, scale))
        if at % 4 == 0:
            parts.append(_label(day, LEFT + at * step + step / 2))
    shape = f'viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="Revenue by day in {escape(currency)}"'
    return f"<svg {shape}>{''.join(parts)}</svg>"


def _bar(rows: list[DayStatus], x: float, step: float, scale: float) -> str:
    y = float(HEIGHT - BOTTOM)
    found = []
    by_status = {row.status: row for row in rows}
    for status in reversed(SOLD):
        row = by_status.get(status)
        if row is None:
            continue
        height = float(row.worth) * scale
        y -= height
        told = (
            f"{row.day:%A, %d %B}: {row.orders} {STATUSES[status]}, {row.worth:,.2f} {escape(row.currency)}"
        )
        found.append(
            f'<rect x="{x + step * 0.12:.1f}" y="{y:.1f}" width="{step * 0.76:.1f}" height="{height:.1f}"'
            f' fill="var(--{status})"><title>{told}</title></rect>'
        )
    return "".join(found)


def _grid(top: int, scale: float) -> str:
    lines = []
    for part in range(5):
        value = top * part / 4
        y = HEIGHT - BOTTOM - value * scale
        lines.append(f'<line class="axis" x1="{LEFT}" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>')
        lines.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:,.0f}</text>')
    return "".join(lines)


def _label(day: date, x: float) -> str:
    anchor = "end" if x > WIDTH - 30 else "middle"
    return f'<text x="{min(x, WIDTH):.1f}" y="{HEIGHT - 8}" text-anchor="{anchor}">{day:%d %b}</text>'


def _round_up(value: Decimal) -> int:
    """The next number with one digit and zeros that four parts divide well."""
    size: int = 10 ** (len(str(int(value))) - 1)
    return next(n for n in (2, 4, 6, 8, 10, 12) if n * size >= value) * size

"""Where the time goes of the paths that miss their targets, as bars, from `docs/figures/stages.json`."""

import html
import json
from pathlib import Path
from typing import TypedDict

FILE = Path(__file__).parents[1] / "figures" / "stages.json"
_LEFT, _WIDTH, _ROW, _TOP = 330, 520, 26, 40


class Examined(TypedDict):
    """One path, as `./dev bench --stages FILE` writes it; microseconds an event."""

    name: str
    floor: float
    whole: float
    stages: dict[str, float]


def markdown() -> str:
    """A picture for each path."""
    if not FILE.exists():
        return "No figures are kept yet."
    found: list[Examined] = json.loads(FILE.read_text("utf-8"))
    return "\n".join(
        ["```{raw} html", *(f'<div class="wide">{bars(one)}</div>' for one in found), "```"],
    )


def bars(one: Examined) -> str:
    """The stages one after the other along a line of time, and the floor's time as the dashed line."""
    rows = {**one["stages"], "all of it, unwatched": one["whole"]}
    longest = max(one["whole"], one["floor"], sum(one["stages"].values()))
    height = _TOP + _ROW * len(rows) + 10
    name = html.escape(one["name"])
    end = _x(one["floor"], longest)
    parts = [
        f'<svg class="chart" viewBox="0 0 {_LEFT + _WIDTH + 70} {height}" role="img" aria-label="{name}, by stage">',
        f'<text class="path title" x="{_LEFT - 12}" y="20">{name}</text>',
        f'<line class="one" x1="{end}" x2="{end}" y1="{_TOP - 12}" y2="{height - 8}"/>',
        f'<text class="scale" x="{end}" y="{_TOP - 20}">floor, {_shown(one["floor"])} µs an event</text>',
    ]
    begun = 0.0
    for n, (what, took) in enumerate(rows.items()):
        y = _TOP + _ROW * n
        x = _LEFT if n == len(rows) - 1 else _x(begun, longest)
        width = max(1.0, _x(took, longest) - _LEFT)
        kind = "whole" if n == len(rows) - 1 else "stage"
        parts.append(
            f'<text class="path" x="{_LEFT - 12}" y="{y + 15}">{html.escape(what)}</text>'
            f'<rect class="{kind}" x="{x}" y="{y + 3}" width="{width:.1f}" height="{_ROW - 8}" rx="2"/>'
            f'<text class="value" x="{min(x + width, _LEFT + _WIDTH) + 8:.1f}" y="{y + 15}">{_shown(took)}</text>'
        )
        begun += took
    return "".join([*parts, "</svg>"])


def _x(us: float, longest: float) -> float:
    return round(_LEFT + us / longest * _WIDTH, 1)


def _shown(us: float) -> str:
    return f"{us:,.0f}" if us >= 100 else f"{us:.1f}" if us >= 10 else f"{us:.2f}"

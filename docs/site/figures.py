"""The figures of the last benchmark that was kept, as a chart and a table, from `docs/figures/bench.json`."""

import html
import json
import math
from pathlib import Path
from typing import TypedDict

FILE = Path(__file__).parents[1] / "figures" / "bench.json"
_LEFT, _WIDTH, _ROW, _TOP = 330, 520, 34, 44
_LOW, _HIGH = 1 / 64, 4.0
_SMALL = {"us", "ms", "s", "bytes", "MiB"}
"""Units of what is better where it is less, whether a target is set or not."""


class Row(TypedDict):
    """One path, as `./dev bench --json FILE` writes it."""

    name: str
    unit: str
    ours: float
    floor: float
    ratio: float
    target: str
    reached: bool
    peer: float | None


def markdown() -> str:
    """The chart, then the figures behind it."""
    if not FILE.exists():
        return "No figures are kept yet."
    rows: list[Row] = json.loads(FILE.read_text("utf-8"))
    lines = [
        "```{raw} html",
        f'<div class="wide">{chart(rows)}</div>',
        "```",
        "",
        "| path | unit | eventfold | floor | ratio | target | peer |",
        "| --- | --- | ---: | ---: | ---: | --- | ---: |",
    ]
    lines += [
        f"| {row['name']} | {row['unit']} | {_shown(row['ours'])} | {_shown(row['floor'])} | {row['ratio']:.2f} "
        f"| {row['target'].replace('<', chr(92) + '<')}{'' if row['reached'] else ' (missed)'} "
        f"| {'' if row['peer'] is None else _shown(row['peer'])} |"
        for row in rows
    ]
    return "\n".join(lines)


def headline() -> str:
    """What an outsider wants to know, in one sentence."""
    if not FILE.exists():
        return ""
    rows: list[Row] = json.loads(FILE.read_text("utf-8"))
    ours = {row["name"]: _round(row["ours"]) for row in rows}
    return (
        f"**On two cores eventfold keeps {ours['append, one event a commit']} events a second where each is safe on"
        f" disk before the next, {ours['append, 1,000 a commit']} where they come in batches, and brings"
        f" {ours['fold the feed into the state']} a second into a table.**"
    )


def chart(rows: list[Row]) -> str:
    """A dot a path on a scale of doublings: right of the line is faster than the floor; a tick is the target."""
    height = _TOP + _ROW * len(rows) + 12
    box = f'viewBox="0 0 {_LEFT + _WIDTH + 70} {height}"'
    parts = [f'<svg class="chart" {box} role="img" aria-label="Every path beside its floor">']
    for doubling in range(-6, 3):
        x = _x(2.0**doubling)
        label = "floor" if doubling == 0 else f"{2**doubling}x" if doubling > 0 else f"1/{2**-doubling}"
        parts.append(
            f'<line class="{"one" if doubling == 0 else "grid"}" x1="{x}" x2="{x}" y1="{_TOP - 12}"'
            f' y2="{height - 8}"/><text class="scale" x="{x}" y="{_TOP - 20}">{label}</text>'
        )
    for n, row in enumerate(rows):
        y = _TOP + _ROW * n + _ROW // 2
        at_most = row["unit"] in _SMALL
        faster = 1 / row["ratio"] if at_most else row["ratio"]
        parts.append(
            f'<text class="path" x="{_LEFT - 12}" y="{y + 5}">{html.escape(row["name"].partition(";")[0])}</text>'
        )
        end = _x(1)
        if row["target"]:
            goal = float(row["target"].split()[1])
            end = max(end, x := _x(1 / goal if at_most else goal))
            parts.append(f'<line class="target" x1="{x}" x2="{x}" y1="{y - 10}" y2="{y + 10}"/>')
        dot = _x(faster)
        if row["peer"] is not None:
            times = row["floor"] / row["peer"] if at_most else row["peer"] / row["floor"]
            parts.append(f'<circle class="peer" cx="{_x(times)}" cy="{y}" r="4"/>')
        kind = "dot" if row["reached"] else "dot missed"
        parts.append(
            f'<line class="reach" x1="{_x(1)}" x2="{dot}" y1="{y}" y2="{y}"/>'
            f'<circle class="{kind}" cx="{dot}" cy="{y}" r="6"/>'
            f'<text class="value" x="{max(dot, end) + 12}" y="{y + 5}">{faster:.2f}x</text>'
        )
    return "".join([*parts, "</svg>"])


def _x(ratio: float) -> float:
    share = math.log2(min(max(ratio, _LOW), _HIGH) / _LOW) / math.log2(_HIGH / _LOW)
    return round(_LEFT + share * _WIDTH, 1)


def _round(value: float) -> str:
    """Two digits of it: what another run on the same machine would say too."""
    return f"{float(f'{value:.2g}'):,.0f}"


def _shown(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"

"""Tables in HTML, for notebooks. Every text is escaped: what an event says is never markup."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from html import escape
from itertools import islice
from typing import Any

from eventfold.words import how_many

MOST = 50
"""Rows that are shown; of longer answers the rest is counted."""
_LONGEST = 300
"""Characters of a cell."""
_UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)
"""What nobody would see, or what would turn a line around."""
_PLAIN = "tex2jax_ignore mathjax_ignore"
"""What is between two dollar signs is no formula: notebooks would set it as one."""
_LEFT = "text-align:left;white-space:pre-wrap;vertical-align:top"
_RIGHT = "text-align:right;vertical-align:top"
_ABSENT = '<span style="opacity:.5">-</span>'


def table(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], *, of: int | None = None, most: int = MOST
) -> str:
    """A table of the first rows.

    Args:
        columns: their names.
        rows: in the order of the columns; no more are taken than are shown.
        of: how many there are in all.
        most: how many are shown.
    """
    shown = [list(row) for row in islice(rows, most)]
    there = [[row[at] for row in shown if row[at] is not None] for at in range(len(columns))]
    numeric = [bool(values) and all(map(_is_number, values)) for values in there]
    head = "".join(
        f'<th style="{_style(right)}">{text(name)}</th>' for name, right in zip(columns, numeric, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(f'<td style="{_style(r)}">{text(v)}</td>' for v, r in zip(row, numeric, strict=True))
        + "</tr>"
        for row in shown
    )
    more = (of or 0) - len(shown)
    rest = paragraph(f"... and {how_many(more, 'more row')}") if more > 0 else ""
    return (
        f'<table class="dataframe {_PLAIN}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{rest}'
    )


def heading(sentence: str) -> str:
    """What a table is of."""
    return f'<p class="{_PLAIN}"><b>{text(sentence)}</b></p>'


def paragraph(sentence: str) -> str:
    """A sentence beside it."""
    return f'<p class="{_PLAIN}">{text(sentence)}</p>'


def warnings(sentences: Iterable[str]) -> str:
    """What a person should look at."""
    return "".join(
        f'<p class="{_PLAIN}" style="color:#b35900">! {text(sentence)}</p>' for sentence in sentences
    )


def text(value: object) -> str:
    """A value, escaped; long ones are cut."""
    if value is None:
        return _ABSENT
    said = plain(value)
    if len(said) > _LONGEST:
        said = f"{said[: _LONGEST - 3]}..."
    return escape(said)


def plain(value: object) -> str:
    r"""A value as text for people, with characters that nobody sees written as \u202e."""
    match value:
        case datetime():
            said = value.isoformat(sep=" ").replace("+00:00", "Z")
        case bool():
            said = "yes" if value else "no"
        case Mapping() | list() | tuple():
            said = json.dumps(value, default=str, ensure_ascii=False)
        case bytes():
            said = value.hex()
        case _:
            said = str(value)
    return _UNSEEN.sub(lambda found: found.group().encode("unicode_escape", "surrogatepass").decode(), said)


def changes(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> str:
    """What became of a row, column by column: `paid: 40.00 -> 55.00`; without columns of our own (`_version`)."""
    old, new = before or {}, after or {}
    names = [name for name in {**old, **new} if not name.startswith("_")]
    changed = [name for name in names if old.get(name) != new.get(name)]
    return "\n".join(
        f"{name}: {_or_absent(old.get(name))} -> {_or_absent(new.get(name))}" for name in changed
    )


def _or_absent(value: object) -> str:
    return "-" if value is None else plain(value)


def _style(right: bool) -> str:  # noqa: FBT001 - of a column
    return _RIGHT if right else _LEFT


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)

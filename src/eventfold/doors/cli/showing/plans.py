"""A plan, as lines for a terminal and as Markdown for a pull request."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from eventfold.doors.cli.showing.changes import COLUMNS, change_lines
from eventfold.doors.cli.showing.output import visible
from eventfold.words import how_many

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eventfold.readmodels.planning.kept import Kept
    from eventfold.readmodels.planning.report import Plan, TablePlan

_SIGNS = {"added": "+", "removed": "-", "changed": "~", "renamed": "~"}
_MEGA = 1_000_000


def headline(table: "TablePlan") -> str:
    """What becomes of a table, in a line."""
    return f"{table.table}: {table.change}" + (f" from {table.was}" if table.was else "")


def told(table: "TablePlan") -> list[str]:
    """What differs, what it costs, and what follows, in lines."""
    lines = [
        f"{_SIGNS[one.kind]} {one.column}: "
        + (f"was {one.was}" if one.was else " -> ".join(text for text in (one.before, one.after) if text))
        for one in table.columns
    ]
    lines += table.details
    if table.compared:
        lines.append(_rows(table))
    if table.parked:
        lines.append(f"{how_many(table.parked, 'stream')} cannot be folded by it, and would be parked:")
        lines += [f"  {stream}: {reason}" for stream, reason in table.failing.items()]
    if table.waiting:
        lines.append(f"{how_many(table.waiting, 'parked stream')} left out here as there; tried again by it")
    if table.rebuild_seconds is not None:
        lines.append(_costs(table))
    if table.publications:
        lines.append(f"published anew: {', '.join(table.publications)}")
    if table.views and table.change != "new":
        lines.append(f"views over its rows: {', '.join(table.views)}")
    return [*lines, *table.notes]


def _rows(table: "TablePlan") -> str:
    of = f" of a sample of {how_many(table.sampled, 'key')}" if table.sampled is not None else ""
    kinds = {"added": table.added, "removed": table.removed, "changed": table.changed}
    told = [f"{count:,} {kind}" for kind, count in kinds.items() if count]
    columns = [f"{column} in {count:,}" for column, count in table.by_column.items()]
    among = f" ({', '.join(columns)})" if columns else ""
    return (
        f"rows{of}: {table.rows_before:,} -> {table.rows_after:,}; {', '.join(told) or 'all the same'}{among}"
    )


def _costs(table: "TablePlan") -> str:
    took = f"{how_many(table.events, 'event')} took {table.seconds:,.1f} s"
    space = f"{table.rebuild_bytes / _MEGA:,.1f} MB beside {table.bytes / _MEGA:,.1f} MB"
    return f"to fold: about {table.rebuild_seconds:,.1f} s ({took}); to keep: {space}"


def kept_told(one: "Kept") -> str:
    """What is kept for a rollback."""
    size, since = f"{one.bytes / _MEGA:,.1f} MB", f"{one.since:%Y-%m-%d %H:%M:%S} UTC"
    return f"kept for a rollback: generation {one.generation} of {one.table}, {size}, replaced {since}"


def whole_told(plan: "Plan") -> str:
    """Whether there is anything to do, and what does it."""
    count = sum(table.change != "unchanged" for table in plan.tables)
    return (
        f"{how_many(count, 'table')} to do: `eventfold apply` does it; nothing is done yet."
        if count
        else "Nothing to do."
    )


def markdown(plan: "Plan", keys: "Mapping[str, str]") -> Iterator[str]:
    """The lines of a page; what comes from events and definitions stands in code spans, where it means nothing.

    Args:
        plan: what would be done.
        keys: the name of the key of each table.
    """
    yield f"### Plan of {_code(plan.app)}"
    for table in plan.tables:
        yield from (
            "",
            f"#### {_code(table.table)}: {table.change}" + (f" from {_code(table.was)}" if table.was else ""),
        )
        yield from (f"- {_code(one.strip())}" for one in told(table))
        if table.examples:
            yield from ("", "| | " + " | ".join(COLUMNS[1:]) + " |", "|---" * len(COLUMNS) + "|")
            for change in table.examples:
                for row in change_lines(change, keys[table.table]):
                    yield "| " + " | ".join(_code(str(row.get(name, ""))) for name in COLUMNS) + " |"
    yield ""
    if plan.untouched and not plan.empty:
        yield f"Not touched: the effects of {', '.join(map(_code, plan.untouched))}."
        yield ""
    yield from (f"- {_code(kept_told(one))}" for one in plan.kept)
    yield from ("", whole_told(plan))


def _code(text: str) -> str:
    """Text as a code span, also in a table; empty text as nothing."""
    shown = visible(re.sub(r"\s+", " ", text)).replace("|", "\\|")
    if not shown.strip():
        return ""
    ticks = "`" * (1 + max(map(len, re.findall("`+", shown)), default=0))
    space = " " if len(ticks) > 1 else ""
    return f"{ticks}{space}{shown}{space}{ticks}"

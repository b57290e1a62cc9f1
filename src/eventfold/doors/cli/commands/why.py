"""`eventfold why`: the events behind a row."""

from typing import Any

import click

from eventfold.doors.cli.limits import limit_option
from eventfold.doors.cli.settings import Settings, pass_settings
from eventfold.doors.cli.showing.documents import changes, document
from eventfold.doors.cli.showing.output import (
    print_json,
    print_table,
    screenful,
    tell_more,
    warn,
    warn_beside,
)
from eventfold.errors import RowNotFound
from eventfold.readmodels.asking.why import Step
from eventfold.readmodels.telling import parked_warnings


@click.command()
@click.argument("table")
@click.argument("key")
@limit_option
@pass_settings
def why(settings: Settings, table: str, key: str, limit: int | None) -> None:
    """Show the events behind the row KEY of TABLE, oldest first, and what each changed.

    An event that happened at another time than it was recorded has both.

    Example: eventfold -a shop.app:shop -s sqlite:///shop.db why orders order-1
    """
    with settings.open_app() as live:
        steps = live.table(table).why(key)
    warnings = parked_warnings(steps.parked)
    if not steps:
        told = "".join(f" {warning}." for warning in warnings)
        raise RowNotFound(
            f"No event of this log touches the row {key!r} of {table}.{told}", table=table, key=key
        )
    if settings.json:
        print_json([_as_json(step) for step in steps[:limit]])
        warn_beside(warnings, as_json=True, parked=steps.parked)
        return
    shown = steps[: screenful(limit)]
    print_table([{**step.envelope, "changed": step.note or _changed(step)} for step in shown], steps.columns)
    tell_more(len(steps) - len(shown), "--limit", "--json")
    warn(warnings, parked=bool(warnings))


def _changed(step: Step) -> str:
    if step.after is None:
        return "the row is removed"
    return changes(step.before or {}, step.after)


def _as_json(step: Step) -> dict[str, Any]:
    return {"event": document(step.event), "before": step.before, "after": step.after, "note": step.note}

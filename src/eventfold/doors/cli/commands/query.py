"""`eventfold query`: SQL over the tables."""

from contextlib import closing
from typing import TYPE_CHECKING

import click

from eventfold.doors.cli.limits import limit_option
from eventfold.doors.cli.settings import Settings, pass_settings
from eventfold.doors.cli.showing.output import form_of, print_rows, screenful, tell_more, warn_beside
from eventfold.extras import needing

if TYPE_CHECKING:
    from eventfold.readmodels.asking.query import Result


@click.command()
@click.argument("sql")
@limit_option
@click.option("--csv", "as_csv", is_flag=True, help="Answer in CSV.")
@pass_settings
def query(settings: Settings, sql: str, limit: int | None, as_csv: bool) -> None:  # noqa: FBT001 - click passes options by name
    """Answer one SELECT over the tables of the app and the view `events` of the log, in DuckDB's SQL.

    Without an app it is over `events`: position, stream, category, version, type, recorded_at, occurred_at, actor,
    correlation_id, data, metadata. A field of an event's data is data->>'name'.

    Example: eventfold -a shop.app:shop -s sqlite:///shop.db query "SELECT status, count(*) FROM orders GROUP BY 1"
    """
    form = form_of(as_json=settings.json, as_csv=as_csv)
    found = _answer(settings, sql)
    some = found.first(screenful(limit) if form == "table" else limit)
    print_rows(some.rows(), found.columns, form)
    if form == "table":
        tell_more(len(found) - len(some), "--limit", "--csv", "--json")
    warn_beside(found.warnings, as_json=settings.json, parked=found.parked, behind=found.behind)


def _answer(settings: Settings, sql: str) -> "Result":
    if settings.app is not None:
        with settings.open_app() as live:
            return live.query(sql)
    with needing("A query", "lake"):
        from eventfold.readmodels.asking.query import query as ask
    with closing(settings.open_log()) as store:
        return ask([], sql, log=store)

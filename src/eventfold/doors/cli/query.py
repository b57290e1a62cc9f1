"""`eventfold query`: SQL over the tables."""

import click

from eventfold.doors.cli.output import print_rows, warn_beside
from eventfold.doors.cli.settings import Settings, pass_settings


@click.command()
@click.argument("sql")
@click.option("--csv", "as_csv", is_flag=True, help="Answer in CSV.")
@pass_settings
def query(settings: Settings, sql: str, as_csv: bool) -> None:  # noqa: FBT001 - click passes options by name
    """Answer one SELECT over the tables, in DuckDB's SQL.

    Example: eventfold -a shop.app:shop -s sqlite:///shop.db query "SELECT status, count(*) FROM orders GROUP BY 1"
    """
    with settings.open_app() as live:
        found = live.query(sql)
    print_rows(found.rows(), found.columns, "json" if settings.json else "csv" if as_csv else "table")
    warn_beside(found.warnings, as_json=settings.json, parked=found.parked, behind=found.behind)

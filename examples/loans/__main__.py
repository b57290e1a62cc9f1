"""`python -m examples.loans`: imports the bank's log, folds it, and asks what was true when."""

import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from eventfold.app.live import Live
from eventfold.imports import import_file
from examples.loans.app import bank
from examples.loans.domain import ROWS, STAGES
from examples.loans.tables import DURATIONS, Applications

LOG = Path(__file__).with_name("loan-applications.csv.gz")
OUTPUT = Path("demo-output")


def main() -> int:
    OUTPUT.mkdir(exist_ok=True)
    console = Console()
    with bank.open(f"sqlite:///{OUTPUT}/loans.db", lake=f"{OUTPUT}/lake") as live:
        began = time.perf_counter()
        report = import_file(live.store, LOG, ROWS)
        took = time.perf_counter() - began
        console.print(
            f"{report.rows:,} rows: {report.written:,} written, {report.known:,} known, {report.refused:,} refused;"
            f" {report.rows / took:,.0f} rows/s."
        )
        began = time.perf_counter()
        done = live.table(Applications).rebuild()
        console.print(
            f"{done.events:,} events folded into {done.rows:,} rows in {time.perf_counter() - began:.1f} s."
        )
        show(console, live)
    return 0


def show(console: Console, live: Live) -> None:
    """Durations by stage, and the stages at three moments."""
    table = Table("stage", "applications", "amount", "duration", box=box.SIMPLE_HEAD)
    for row in live.query(DURATIONS).rows():
        table.add_row(
            row["stage"], f"{row['applications']:,}", f"{row['amount']:,.0f}", f"{row['days']:.1f} days"
        )
    console.print(table)
    moments = [
        datetime(2011, 11, 1, tzinfo=UTC),
        datetime(2012, 1, 1, tzinfo=UTC),
        datetime(2012, 3, 1, tzinfo=UTC),
    ]
    found = [live.table(Applications).at(time=moment, clock="occurred").rows() for moment in moments]
    table = Table("stage, as it was on", *(f"{moment:%d %b %Y}" for moment in moments), box=box.SIMPLE_HEAD)
    for stage in STAGES.values():
        table.add_row(stage, *(f"{sum(row['stage'] == stage for row in rows):,}" for rows in found))
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())

"""`eventfold verify`: whether log, ledger, state, published rows and snapshots still say the same."""

from typing import TYPE_CHECKING

import click
from msgspec import structs

from eventfold.doors.cli.settings import Settings, pass_settings
from eventfold.doors.cli.showing.output import print_json, print_table, progress, say, warn
from eventfold.errors import AuditFailed
from eventfold.words import how_many

if TYPE_CHECKING:
    from eventfold.readmodels.audit.report import Audit

_TABLE = ("table", "generation", "events", "uncounted", "rows", "published", "published_rows")
_FINDING = ("where", "problem", "message")


@click.command()
@click.option(
    "--sample",
    type=click.IntRange(min=1),
    metavar="N",
    help="Compare N keys of each table, not all, and N snapshots, not 100.",
)
@pass_settings
def verify(settings: Settings, sample: int | None) -> int:
    """Compare log, ledger, state, published rows and snapshots, while everybody works on.

    The exit code is 0 where all agree, and 10 where something is found: it is named by table, position, stream and
    version, or by key and column. Of the snapshots of each aggregate a sample is compared.

    Example: eventfold verify --sample 1000
    """
    with settings.open_app() as live, progress("log") as show:

        def told(_what: str, done: int, total: int | None) -> None:
            show(done, total)

        found = live.verify(sample=sample, progress=told)
    if settings.json:
        print_json({**structs.asdict(found), "parked": found.parked, "ok": found.ok})
    else:
        _print(found)
    return 0 if found.ok else AuditFailed.exit_code


def _print(found: "Audit") -> None:
    rows = [structs.asdict(table) for table in found.tables]
    rebuilt = any(table.uncounted for table in found.tables)
    print_table(rows, [name for name in _TABLE if name != "uncounted" or rebuilt])
    if rebuilt:
        say(
            "uncounted: events that a rebuild folded, and nobody page by page; they are held by the rows alone."
        )
    warn([*found.notes, *found.warnings], parked=bool(found.parked))
    if found.findings:
        print_table([structs.asdict(finding) for finding in found.findings], _FINDING)
    told = _compared(found)
    if found.ok:
        say(f"{told}. Everything agrees.")
        return
    more = "" if found.problems == len(found.findings) else f", the first {len(found.findings):,} are named"
    say(f"{told}. Problems: {found.problems:,}{more}.")


def _compared(found: "Audit") -> str:
    """What was compared; of what there is none, nothing."""
    if not found.events:
        return "The log has no events"
    told = f"{how_many(found.events, 'event')} looked at"
    if found.recorded:
        told += f", the contents of {found.recorded:,} compared with the ledger"
    else:
        told += ", which the ledger had not recorded before"
    if found.copied:
        told += f", {found.copied:,} of the lake copy with the log"
    if found.snapshots:
        told += f", {how_many(found.snapshots, 'snapshot')} with a fold"
    return told

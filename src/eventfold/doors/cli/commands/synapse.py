"""`eventfold synapse`: the scripts by which SQL users of Azure read the published tables."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import structs

from eventfold.app.app import App
from eventfold.app.places import check_moment
from eventfold.doors.cli.protecting import protected
from eventfold.doors.cli.settings import Settings, pass_settings
from eventfold.doors.cli.showing.output import print_json, print_table, say
from eventfold.errors import AuditFailed, ConfigInvalid, StorageFailed
from eventfold.exports.placing import make_folder, placed
from eventfold.exports.protected import Protected
from eventfold.readmodels.address import is_address, read_address
from eventfold.readmodels.synapse.dedicated import load_script
from eventfold.readmodels.synapse.loading import find
from eventfold.readmodels.synapse.names import address, checked
from eventfold.readmodels.synapse.script import MARK, Script
from eventfold.readmodels.synapse.serverless import Place, Shown, scripts
from eventfold.words import how_many

if TYPE_CHECKING:
    from eventfold.readmodels.synapse.linting import Verdict


@click.command()
@click.argument("tables", nargs=-1)
@click.option(
    "--location",
    metavar="URL",
    help="Where the lake lies in storage; default: the lake itself where it is an address, else a variable of sqlcmd.",
)
@click.option(
    "--pool",
    type=click.Choice(["serverless", "dedicated"]),
    default="serverless",
    help="Serverless reads the lake where it lies; a dedicated pool is loaded from one version.",
)
@click.option(
    "--version", type=int, metavar="N", help="For a dedicated pool; default: the newest published one."
)
@click.option("--database", metavar="NAME", help="Default: the name of the app.")
@click.option("--reader", metavar="NAME", help="The role that may read; default: the database with _reader.")
@click.option(
    "--as",
    "published",
    metavar="NAME",
    help="Of a moment of the one table, as `eventfold publish` has named it.",
)
@click.option("--out", metavar="FOLDER", help="Write the scripts there instead of printing them.")
@click.option("--check", is_flag=True, help="Show what the grammar of T-SQL says of each statement.")
@pass_settings
def synapse(
    settings: Settings,
    tables: tuple[str, ...],
    location: str | None,
    pool: str,
    version: int | None,
    database: str | None,
    reader: str | None,
    published: str | None,
    out: str | None,
    check: bool,  # noqa: FBT001 - click passes options by name
) -> int:
    """Print the scripts by which SQL users of Azure Synapse read TABLES (default: all).

    For the serverless pool they make a database and its way to the lake, a typed view of each table, the views that are
    declared beside it, and a role that may read them. For a dedicated pool there is one script a table, which loads one
    published version: it upserts what that has and deletes what it no longer has.

    They hold no secret and may be run again, in their order: `sqlcmd -b -i`.

    Example: eventfold -a shop.app:shop synapse --out scripts
    """
    where = _location(location, settings.lake)
    if pool == "dedicated":
        if published is not None or database is not None or reader is not None:
            raise click.UsageError("--as, --database and --reader are for the serverless pool.")
        made = _loads(settings, tables, where, version)
    elif version is not None:
        raise click.UsageError(
            "The serverless pool reads the newest version; --version is for --pool dedicated."
        )
    else:
        made = _serverless(settings.definition(), tables, where, database, reader, published)
    verdicts = _judged(made) if check else []
    if out is not None:
        _write(Path(out), made, protected(settings.configuration))
    if settings.json:
        print_json(_document(made, verdicts, out))
    elif check:
        _tell(verdicts)
    elif out is None:
        click.echo("\n".join(one.text for one in made), nl=False)
    if out is not None:
        say(f"{how_many(len(made), 'script')} {'lies' if len(made) == 1 else 'lie'} in {out}.")
    return AuditFailed.exit_code if any(one.wrong for one in verdicts) else 0


def _location(given: str | None, lake: str | None) -> str | None:
    """The address as Synapse SQL takes it; None where nobody says it."""
    if given is None and lake is not None and is_address(lake):
        given = read_address(lake).full
    return None if given is None else address(given)


def _serverless(
    app: App,
    tables: Sequence[str],
    location: str | None,
    database: str | None,
    reader: str | None,
    published: str | None,
) -> list[Script]:
    name = checked(app.name if database is None else database, "--database")
    role = checked(f"{name}_reader" if reader is None else reader, "--reader")
    chosen = [app.table(one) for one in tables] or [*app.tables.values()]
    shown = [Shown(spec, spec.name) for spec in chosen]
    if published is not None:
        check_moment(app, published)
        if len(tables) != 1:
            raise click.UsageError("--as NAME is a moment of one table: name that table.")
        shown = [Shown(chosen[0], published)]
    return scripts(Place(name, role, location), shown)


def _loads(
    settings: Settings, tables: Sequence[str], location: str | None, version: int | None
) -> list[Script]:
    """A script for each table.

    Raises:
        ConfigInvalid: no lake is named, or the address is one that COPY cannot read as a managed identity.
    """
    if version is not None and len(tables) != 1:
        raise click.UsageError("--version N is one of one table: name that table.")
    if location is not None and ".blob." in location:
        raise ConfigInvalid(
            "A managed identity copies Parquet from the other address of the account: --location"
            " https://ACCOUNT.dfs.core.windows.net/CONTAINER/FOLDER.",
            key="location",
        )
    made = []
    with settings.open_app() as live:
        for table in [live.table(one) for one in tables] or live.tables:
            if table.publication is None:
                raise ConfigInvalid(
                    "The files of a version are looked up in the lake: name it, --lake FOLDER.", key="lake"
                )
            made.append(load_script(find(table.layout, table.publication, version), location))
    return made


def _judged(made: Iterable[Script]) -> "Sequence[Verdict]":
    from eventfold.readmodels.synapse.linting import lint

    return lint(made)


def _document(made: Sequence[Script], verdicts: "Sequence[Verdict]", out: str | None) -> dict[str, object]:
    return {
        "folder": out,
        "scripts": [{**structs.asdict(one), "text": one.text} for one in made],
        "verdicts": [{**structs.asdict(one), "wrong": one.wrong} for one in verdicts],
    }


def _tell(verdicts: "Sequence[Verdict]") -> None:
    rows = [
        {**structs.asdict(one), "verdict": "passes" if one.passes else "wrong" if one.wrong else "stands"}
        for one in verdicts
    ]
    print_table(rows, ["script", "form", "verdict", "reason"])
    passes = sum(one.passes for one in verdicts)
    beyond = sum(one.beyond for one in verdicts)
    told = f", {beyond} {'stands' if beyond == 1 else 'stand'} for a reason" if beyond else ""
    say(f"{passes} of {how_many(len(verdicts), 'statement')} pass{told}.")


def _write(folder: Path, made: Iterable[Script], others: Protected) -> None:
    """Scripts in a folder; what was printed earlier is replaced, anything else is not.

    Raises:
        ConfigInvalid: a file of another origin stands in the place of one.
        StorageError: one cannot be written.
    """
    texts = {folder / one.name: one.text for one in made}
    for path in texts:
        if not _is_ours(path):
            raise ConfigInvalid(
                f"{path} is there already, and no script that was printed here: choose another folder, --out FOLDER.",
                key="out",
            )
    make_folder(folder)
    for path, content in texts.items():
        with placed(path, overwrite=True, protected=others) as file:
            file.write(content.encode())


def _is_ours(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(MARK)) == MARK.encode()
    except FileNotFoundError:
        return True
    except OSError as error:
        raise StorageFailed(f"{path} cannot be read: {error.strerror}.") from error

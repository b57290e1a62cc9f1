"""`eventfold synapse`: the scripts by which SQL users of Azure read the published tables."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import structs

from eventfold.app.places import check_moment
from eventfold.doors.cli.protecting import protected
from eventfold.doors.cli.settings import Settings, pass_settings
from eventfold.doors.cli.showing.output import print_json, print_table, say
from eventfold.errors import AuditFailed, ConfigInvalid, StorageFailed
from eventfold.exports.placing import make_folder, placed
from eventfold.exports.protected import Protected
from eventfold.readmodels.synapse.names import address, checked
from eventfold.readmodels.synapse.script import MARK, Script
from eventfold.readmodels.synapse.serverless import Place, Shown, scripts

if TYPE_CHECKING:
    from eventfold.readmodels.synapse.linting import Verdict


@click.command()
@click.argument("tables", nargs=-1)
@click.option(
    "--location", metavar="URL", help="Where the lake lies in storage; default: a variable of sqlcmd."
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
    database: str | None,
    reader: str | None,
    published: str | None,
    out: str | None,
    check: bool,  # noqa: FBT001 - click passes options by name
) -> int:
    """Print the scripts of a serverless database of Azure Synapse over TABLES (default: all).

    They make the database and its way to the lake, a typed view of each table, the views that are declared beside it,
    and a role that may read them. They hold no secret and may be run again: `sqlcmd -i` runs them in their order.

    Example: eventfold -a shop.app:shop synapse --out scripts
    """
    app = settings.definition()
    name = checked(app.name if database is None else database, "--database")
    role = checked(f"{name}_reader" if reader is None else reader, "--reader")
    place = Place(name, role, None if location is None else address(location))
    chosen = [app.table(one) for one in tables] or [*app.tables.values()]
    if published is None:
        shown = [Shown(spec, spec.name) for spec in chosen]
    else:
        check_moment(app, published)
        if len(tables) != 1:
            raise click.UsageError("--as NAME is a moment of one table: name that table.")
        shown = [Shown(chosen[0], published)]
    made = scripts(place, shown)
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
        say(f"{len(made)} scripts lie in {out}.")
    return AuditFailed.exit_code if any(one.wrong for one in verdicts) else 0


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
    told = "1 stands" if beyond == 1 else f"{beyond} stand"
    say(f"{passes} of {len(verdicts)} statements pass, {told} for a reason.")


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

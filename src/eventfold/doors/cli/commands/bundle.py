"""`eventfold spark bundle`: jobs for Databricks."""

from importlib.metadata import version

import click

from eventfold.app.spark.bundle import PACKAGE, Bundle
from eventfold.app.spark.onspark import check_every, names_of
from eventfold.doors.cli.configuration import SECRETS, SIGNATURES
from eventfold.doors.cli.masking import has_secret
from eventfold.doors.cli.settings import Settings, bus_option, pass_settings
from eventfold.doors.cli.showing.output import print_json, warn
from eventfold.doors.cli.showing.yaml import as_yaml
from eventfold.engines.port import SOURCES, From
from eventfold.errors import ConfigInvalid, TableNotFound

_FORM_ALONE = (
    "Serverless compute takes few settings of a session, by its documentation, and not those of Delta Lake by which a"
    " job is fenced: these jobs have the form, and are expected to fail. Without --serverless each has a cluster."
)
_TAKEN = tuple(name for name in SECRETS if name != SIGNATURES)


@click.command()
@click.argument("tables", nargs=-1)
@click.option("--catalog", metavar="NAME", help="Of Unity Catalog; default: a variable of the bundle.")
@click.option("--schema", metavar="NAME", help="In the catalog; default: a variable.")
@click.option(
    "--volume",
    metavar="NAME",
    help="In the schema, with the lake and the checkpoints of each target; default: a variable.",
)
@click.option(
    "--serverless",
    is_flag=True,
    help="On serverless compute: the form alone, since a job needs settings of a session that are refused there."
    " Default: a cluster for each job.",
)
@click.option(
    "--schedule",
    metavar="CRON",
    help="When jobs run, as Quartz has it: '0 0/15 * * * ?' is each quarter of an hour. Default: a variable.",
)
@click.option("--time-zone", metavar="ZONE", default="UTC", show_default=True, help="Of --schedule.")
@click.option("--continuous", is_flag=True, help="A job begins again when it has ended.")
@click.option(
    "--every",
    metavar="TIME",
    default="",
    help="A job that does not end, with a batch so often, as '30 seconds'.",
)
@click.option(
    "--from",
    "source",
    type=click.Choice(SOURCES),
    default="lake-copy",
    show_default=True,
    help="Where jobs read events: the copy of the log in the lake, the log of --store, or the topic of --bus.",
)
@bus_option
@click.option(
    "--secret",
    "secrets",
    type=click.Choice(_TAKEN),
    multiple=True,
    help="A variable of the environment whose value is in a secret scope, under its name in small letters with -.",
)
@click.option(
    "--wheel",
    metavar="PATH",
    default="./dist/*.whl",
    show_default=True,
    help="The app's wheel, from where databricks.yml stands.",
)
@click.option(
    "--entry",
    metavar="PACKAGE:NAME",
    help="An entry point of your own, which is given the same words; default: eventfold:eventfold.",
)
@pass_settings
def bundle(
    settings: Settings,
    tables: tuple[str, ...],
    catalog: str | None,
    schema: str | None,
    volume: str | None,
    *,
    serverless: bool,
    schedule: str | None,
    time_zone: str,
    continuous: bool,
    every: str,
    source: From,
    secrets: tuple[str, ...],
    wheel: str,
    entry: str | None,
) -> None:
    """Print databricks.yml: a job for each of TABLES, default all, that runs `eventfold spark run` on Databricks.

    What is not given is a variable of the bundle, for `databricks bundle deploy --var`. Nothing is asked of Databricks
    or of the log, and no secret is printed.

    Example: eventfold -a shop.app:shop spark bundle --catalog main --schema shop --volume events > databricks.yml
    """
    check_every(every)
    app = settings.definition()
    chosen = names_of(app, tables) or list(app.tables)
    if not chosen:
        raise TableNotFound(f"{app.name} has no tables, so that a bundle would have no jobs.")
    url = settings.url if source == "store" else settings.topic_url if source == "bus" else None
    if url is not None and has_secret(url):
        raise ConfigInvalid(
            f"The URL for --from {source} has a secret in it, which a bundle would show: take it out, and name the"
            " variable that has it: --secret NAME.",
            key=source,
        )
    made = Bundle(
        name=app.name,
        app=str(settings.app),
        tables=chosen,
        version=version(PACKAGE),
        source=source,
        url=url,
        catalog=catalog,
        schema=schema,
        volume=volume,
        serverless=serverless,
        schedule=schedule,
        time_zone=time_zone,
        continuous=continuous,
        every=every,
        wheel=wheel,
        entry=entry,
        secrets=tuple(dict.fromkeys(secrets)),
    )
    document = made.document()
    if serverless:
        warn([_FORM_ALONE])
    if settings.json:
        print_json(document)
        return
    click.echo("# A bundle for Databricks, as `eventfold spark bundle` prints it.")
    click.echo(f"# Variables without a default: {', '.join(made.unset())}.")
    click.echo(as_yaml(document), nl=False)

"""`eventfold dev`: what developers start on their own machine."""

from pathlib import Path

import click

from eventfold.doors.cli.once import Once
from eventfold.doors.cli.protecting import protected
from eventfold.doors.cli.settings import Settings, pass_settings
from eventfold.doors.cli.showing.output import print_json, say


@click.group(cls=Once)
def dev() -> None:
    """Start what a service would be elsewhere, on this machine.

    Example: eventfold dev cosmos
    """


@dev.command()
@click.option("--port", default=0, help="Default: a free one.")
@click.option("--partitions", default=1, show_default=True, help="Physical partitions of a container.")
@click.option("--folder", help="Keeps everything there; default: in memory, gone at the end.")
@pass_settings
def cosmos(settings: Settings, port: int, partitions: int, folder: str | None) -> None:
    """Serve a stand-in for Azure Cosmos DB until Ctrl-C.

    Example: eventfold dev cosmos --partitions 4
    """
    if folder is not None:
        protected(settings.configuration).check(Path(folder) / "journal.jsonl")
    from eventfold.testing.cosmos.standin import StandIn
    from eventfold.testing.door.ending import until_ended

    with until_ended(StandIn(partitions=partitions, port=port, folder=folder)) as account:
        if settings.json:
            print_json({"endpoint": account.endpoint, "key": account.key, "url": account.url("eventfold")})
            return
        say(
            f"A stand-in for Azure Cosmos DB serves at {account.endpoint}; Ctrl-C ends it. In another terminal:"
        )
        click.echo(f"export EVENTFOLD_COSMOS_KEY={account.key}")
        click.echo(f"export EVENTFOLD_STORE='{account.url('eventfold')}'")


@dev.command()
@click.option("--port", default=0, help="Default: a free one.")
@pass_settings
def search(settings: Settings, port: int) -> None:
    """Serve a stand-in for Azure AI Search until Ctrl-C, in memory.

    Example: eventfold dev search --port 8099
    """
    from eventfold.testing.aisearch.standin import StandIn
    from eventfold.testing.door.ending import until_ended

    with until_ended(StandIn(port=port)) as service:
        if settings.json:
            print_json({"endpoint": service.endpoint, "key": service.key, "query_key": service.query_key})
            return
        say(
            "A stand-in for Azure AI Search serves on this machine only; Ctrl-C ends it, and what it was told is gone."
        )
        click.echo(f"endpoint   {service.endpoint}")
        click.echo(f"admin key  {service.key}")
        click.echo(f"query key  {service.query_key}")

"""`eventfold append`: new events of a stream."""

import sys
from contextlib import closing
from datetime import datetime
from functools import partial

import click

from eventfold.doors.cli.moments import Moment
from eventfold.doors.cli.settings import Settings, pass_settings
from eventfold.doors.cli.showing.lines import (
    Batch,
    batches,
    event_id,
    expected_version,
    file_lines,
    metadata_of,
    one,
    whole,
    with_command,
)
from eventfold.doors.cli.showing.output import print_json, progress, say
from eventfold.errors import BatchEmpty, EventfoldError, LogNotFound
from eventfold.events.accepting import accept
from eventfold.events.metadata import context
from eventfold.store.checks import check_append, check_new_stream
from eventfold.store.port import Store
from eventfold.store.settling import settled


@click.command()
@click.argument("stream", required=False)
@click.argument("event_type", metavar="[TYPE]", required=False)
@click.argument("data", metavar="[DATA]", required=False)
@click.option(
    "--events", "file", metavar="FILE", help="JSON Lines, one event a line; - reads standard input."
)
@click.option("--expected", metavar="VERSION", help="The number of events, new, exists or any; default: any.")
@click.option("--id", "chosen", metavar="UUID", help="The event id; repeating the same one writes nothing.")
@click.option(
    "--once", metavar="COMMAND", help="Derives the ids from this name, so that a repeat writes nothing."
)
@click.option("--schema-version", type=int, help="That DATA is written in; default: the current one.")
@click.option("--occurred-at", type=Moment(), help="When it happened; default: when it is recorded.")
@click.option("--metadata", metavar="JSON", help="Further metadata.")
@click.option("--correlation", metavar="ID", help="What the whole conversation belongs to.")
@click.option("--causation", metavar="ID", help="The command or event that led to this.")
@click.option("--create", is_flag=True, help="Make the log where there is none.")
@pass_settings
def append(
    settings: Settings,
    stream: str | None,
    event_type: str | None,
    data: str | None,
    file: str | None,
    expected: str | None,
    chosen: str | None,
    once: str | None,
    schema_version: int | None,
    occurred_at: datetime | None,
    metadata: str | None,
    correlation: str | None,
    causation: str | None,
    create: bool,  # noqa: FBT001 - click passes options by name
) -> None:
    """Append an event of TYPE with DATA, a JSON object, to STREAM; or the events of a file.

    With an app, types and data are checked by it; the rules of its aggregates are not asked. All events of a stream are
    appended, or none. A line of a file: {"aggregateId": "order-1", "eventType": "OrderShipped", "data": {}}; it may
    have id, expected, schemaVersion, occurredAt and metadata.

    Example: eventfold -s sqlite:///shop.db append order-1 OrderShipped '{"tracking_number": "T1"}'
    """
    if once is not None and chosen is not None:
        raise click.UsageError("--once derives the ids; leave out --id.")
    if once == "":  # an unset variable of a shell: nothing would be done once
        raise click.UsageError("--once needs the name of a command.")
    registry = settings.definition().registry if settings.app else None
    with context(actor=settings.actor, correlation_id=correlation, causation_id=causation):
        if file is not None:
            if (
                event_type is not None
                or chosen is not None
                or schema_version is not None
                or occurred_at
                or metadata
            ):
                raise click.UsageError(
                    "With --events the file says all of an event; leave out TYPE, --id and the like."
                )
            found = batches(file_lines(file, sys.stdin.buffer), stream, registry)
            if expected is not None:
                if stream is None:
                    raise click.UsageError(
                        "--expected goes with one STREAM; a line of the file may say its own."
                    )
                for batch in found:
                    batch.expected = expected_version(expected)
        elif stream is None or event_type is None:
            raise click.UsageError("Give STREAM and TYPE, or --events FILE.")
        else:
            event = accept(
                registry,
                event_type,
                _given(data),
                schema_version=schema_version,
                metadata=metadata_of(metadata),
                event_id=event_id(chosen) if chosen is not None else None,
                occurred_at=occurred_at,
            )
            found = [one(stream, event, expected_version("any" if expected is None else expected))]
    if once is not None:
        for batch in found:
            with_command(batch, once)
    if not found:
        raise BatchEmpty("There are no events to append.")
    try:
        store = settings.open_log(create=create, doing="Appending")
    except LogNotFound as error:
        error.message += " Or make one there: --create."
        raise
    with closing(store):
        _write(store, found, settings)


def _given(data: str | None) -> str | bytes:
    if data == "-":
        return whole(sys.stdin.buffer, "Standard input")
    return "{}" if data is None else data


def _write(store: Store, found: list[Batch], settings: Settings) -> None:
    for batch in found:  # everything that can be refused is refused before anything is written
        check_append(batch.stream, batch.events, batch.expected, store.capabilities)
        check_new_stream(batch.stream, batch.events, store.head)
    with progress("streams", len(found)) as show:
        for n, batch in enumerate(found, 1):
            try:
                answer = settled(partial(store.append, batch.stream, batch.events, expected=batch.expected))
            except EventfoldError as error:
                if n > 1:
                    error.message += f" {n - 1} streams before {batch.stream} are written."
                    error.facts["written"] = n - 1
                raise
            show(n)
            if settings.json:
                print_json(
                    {
                        "stream": batch.stream,
                        "version": answer.version,
                        "ids": [event.id for event in batch.events],
                        "deduplicated": answer.deduplicated,
                        "token": answer.token,
                    }
                )
            else:
                what = "was there already" if answer.deduplicated else f"{len(batch.events):,} appended"
                say(f"{batch.stream} is at version {answer.version}: {what}.")

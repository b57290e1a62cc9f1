"""`eventfold history`: who did what to an entity, when and why, and what it changed."""

import sys
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from typing import Any

import click
import msgspec

from eventfold.app.app import App
from eventfold.doors.cli.aggregates import aggregate_of
from eventfold.doors.cli.limits import limit_option
from eventfold.doors.cli.settings import Settings, pass_settings, told
from eventfold.doors.cli.showing.documents import changes, document
from eventfold.doors.cli.showing.output import print_table, screenful, shortened, tell_more, with_values
from eventfold.errors import EventfoldError
from eventfold.events.envelope import RecordedEvent
from eventfold.store.checks import check_range
from eventfold.store.names import no_events

COLUMNS = ("version", "recorded", "occurred", "event", "by", "correlation", "causation", "changed", "data")


@click.command()
@click.argument("stream")
@click.option("--after", default=0, show_default=True, help="Only events after this version.")
@click.option("--to", type=int, help="Only events up to this version.")
@click.option("--last", type=int, help="Only the newest so many.")
@limit_option
@pass_settings
def history(
    settings: Settings, stream: str, after: int, to: int | None, last: int | None, limit: int | None
) -> None:
    """Show what happened to STREAM: what, when, by whom, and for which conversation.

    With an app that has an aggregate for it, also what each event changed. An event that happened at another time than
    it was recorded has both.

    Example: eventfold -a shop.app:shop -s sqlite:///shop.db history order-1
    """
    check_range(after, to, last)
    app = settings.definition() if settings.app else None
    with closing(settings.open_log(doing="The history of a stream")) as store:
        head = store.head(stream)
        if not head:
            raise no_events(stream)
        if last is not None:
            after = max(after, min(to or head, head) - last)
        folded = _Changes(app, stream)
        # an aggregate is folded from its first event, whichever of them are shown
        events = store.read(stream, after=0 if folded else after, to=to)
        steps = islice(
            ((event, change) for event, change in folded.each(events) if event.version > after),
            limit if settings.json else screenful(limit),
        )
        if settings.json:
            for event, change in steps:
                found = {**_document(event, app), **({"changed": change} if folded else {})}
                sys.stdout.write(msgspec.json.encode(found, enc_hook=str).decode() + "\n")
            return
        rows = [_row(event, change) for event, change in steps]
    print_table(rows, with_values(rows, COLUMNS, optional=COLUMNS))
    tell_more(min(head, head if to is None else to) - after - len(rows), "--limit", "--last", "--json")


class _Changes:
    """What each event of a stream changed; nothing where no aggregate is known."""

    def __init__(self, app: App | None, stream: str) -> None:
        self._app = app
        kind = aggregate_of(app, stream) if app is not None else None
        self._aggregate = kind(stream) if kind is not None else None

    def __bool__(self) -> bool:
        return self._aggregate is not None

    def each(self, events: Iterator[RecordedEvent]) -> Iterator[tuple[RecordedEvent, Any]]:
        """Each event with the names that it changed, before and after; or with what kept it from being folded."""
        problem = ""
        for event in events:
            if self._aggregate is None or self._app is None:
                yield event, None
                continue
            if not problem:
                before = self._aggregate.state()
                try:
                    self._aggregate.load_from_history([self._app.registry.decode(event)])
                except EventfoldError as error:
                    problem = f"cannot be folded: {error.message}"
                except Exception as error:  # noqa: BLE001 - a rule of somebody's app; what happened is shown all the same
                    problem = f"cannot be folded: {told(error)}"
                else:
                    after = self._aggregate.state()
                    yield event, {n: [before[n], after[n]] for n in after if before[n] != after[n]}
                    continue
            yield event, problem


def _document(event: RecordedEvent, app: App | None) -> dict[str, Any]:
    try:
        return document(event, app.registry if app else None)
    except EventfoldError:
        return document(event)


def _row(event: RecordedEvent, change: Any) -> dict[str, Any]:
    metadata = event.metadata_map()
    if isinstance(change, dict):
        change = changes(
            {n: pair[0] for n, pair in change.items()}, {n: pair[1] for n, pair in change.items()}
        )
    return {
        "version": event.version,
        "recorded": event.recorded_at,
        "occurred": event.occurred_apart,
        "event": event.type,
        "by": metadata.get("actor"),
        "correlation": metadata.get("correlationId"),
        "causation": metadata.get("causationId"),
        "changed": change,
        "data": shortened(event.data) if change is None else None,
    }

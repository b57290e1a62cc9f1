"""Moments as people write them."""

import math
from datetime import UTC, datetime

import click

from eventfold.events.times import parse_time
from eventfold.feed.cursor import Cursor, read_cursor


class Seconds(click.ParamType[float]):
    """A number of seconds up to an hour."""

    name = "seconds"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The seconds."""
        try:
            found = float(str(value))
        except ValueError:
            found = math.nan
        if not 0 <= found <= 3600:
            self.fail(f"{value!r} is no number of seconds from 0 to 3600.", param, ctx)
        return found


class Moment(click.ParamType[datetime]):
    """An ISO 8601 time; without a zone it is UTC, as everything here."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:  # noqa: ARG002 - click calls it so
        """The aware time."""
        if isinstance(value, datetime):
            return value
        found = parse_time(str(value), (param.name if param else None) or "time")
        return found if found.tzinfo else found.replace(tzinfo=UTC)


class Place(click.ParamType[Cursor]):
    """A cursor as JSON, as `tail`, `status` and `diff` write and read it."""

    name = "cursor"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Cursor:  # noqa: ARG002 - click calls it so
        """The cursor."""
        return value if isinstance(value, Cursor) else read_cursor(str(value))


occurred_option = click.option(
    "--occurred", is_flag=True, help="Times mean when something happened, not when it was recorded."
)
"""Of every command that takes times of events."""

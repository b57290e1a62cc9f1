"""Moments as people write them."""

import math
from datetime import UTC, datetime

import click

from eventfold.events.times import parse_time


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

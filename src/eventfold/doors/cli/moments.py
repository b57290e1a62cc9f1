"""Moments as people write them."""

import math
from datetime import UTC, datetime

import click

from eventfold.errors import TimeInvalid


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
        try:
            found = datetime.fromisoformat(str(value))
        except ValueError:
            raise TimeInvalid(
                f"{str(value)[:40]!r} is no time; write 2026-03-31, or 2026-03-31T12:00:00+02:00.",
                field=param.name if param else "time",
            ) from None
        return found if found.tzinfo else found.replace(tzinfo=UTC)

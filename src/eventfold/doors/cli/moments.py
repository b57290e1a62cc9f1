"""Moments as people write them."""

from datetime import UTC, datetime

import click


class Moment(click.ParamType[datetime]):
    """An ISO 8601 time; without a zone it is UTC, as everything here."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The aware time."""
        if isinstance(value, datetime):
            return value
        try:
            found = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no time; write 2026-03-31, or 2026-03-31T12:00:00+02:00.", param, ctx)
        return found if found.tzinfo else found.replace(tzinfo=UTC)

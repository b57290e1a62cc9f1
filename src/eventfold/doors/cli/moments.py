"""Moments as people write them."""

from datetime import UTC, datetime

import click

from eventfold.errors import TimeInvalid


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

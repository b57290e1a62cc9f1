"""The parked streams of a table, as they are shown."""

from collections.abc import Mapping
from itertools import islice

from eventfold.feed.parking import ParkedStream
from eventfold.readmodels.notebook import markup
from eventfold.words import how_many

_COLUMNS = ("stream", "version", "type", "attempts", "why", "waiting")
_SHOWN = 50


class ParkedStreams(dict[str, ParkedStream]):
    """What waits of each parked stream, by its name.

    Args:
        table: its name.
        streams: as the state keeps them.
    """

    def __init__(self, table: str, streams: Mapping[str, ParkedStream]) -> None:
        super().__init__(streams)
        self._table = table

    def __repr__(self) -> str:
        """How many there are, and the first."""
        if not self:
            return f"<Nothing of {self._table} is parked>"
        more = ", ..." if len(self) > 3 else ""
        return (
            f"<{how_many(len(self), 'stream')} of {self._table} parked: {', '.join(islice(self, 3))}{more}>"
        )

    def _repr_html_(self) -> str:
        """Them as a table, in a notebook."""
        rows = (
            [p.stream, p.version, p.type, p.attempts, p.message, p.last_version - p.version + 1]
            for p in islice(self.values(), _SHOWN)
        )
        shown = markup.table(_COLUMNS, rows, of=len(self)) if self else ""
        return markup.heading(repr(self)[1:-1]) + shown

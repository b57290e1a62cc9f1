"""Whether a cursor that comes from outside belongs to what stands in the container now."""

import time
from collections.abc import Callable
from typing import Any

from azure.cosmos import ContainerProxy

from eventfold.errors import CheckpointBeyondHead, ForeignCursor
from eventfold.store.cosmos.calls import Calls
from eventfold.store.cosmos.spans import Span, steadily
from eventfold.store.cosmos.statements import SQL

_LAG_SECONDS = 1.0
"""How long a replica may lag before a cursor beyond it is taken for one beyond the log."""


class Witness:
    """Asks the container about the claims of a mark.

    Args:
        container: of events.
        calls: makes the requests.
    """

    def __init__(self, container: ContainerProxy, calls: Calls) -> None:
        self._container = container
        self._calls = calls

    def rid(self) -> str:
        """The id of the container that has the name now."""
        return str(self._calls.read("reading the container", self._container.read)["_rid"])

    def reached(self, span: Span, position: int, end: Callable[[], int]) -> None:
        """Verifies that the range has come as far as a mark says.

        Raises:
            CheckpointBeyondHead: it has not, however long one waits for replicas.
        """
        until = time.monotonic() + _LAG_SECONDS
        while (head := end()) < position:
            if time.monotonic() > until:
                raise CheckpointBeyondHead(
                    f"The cursor stands at {position} of the range {span.name}, which ends at {head}: the log was"
                    " restored from an older copy. Restore the newer one, or rebuild what follows it.",
                    position=position,
                    head=head,
                )
            time.sleep(_LAG_SECONDS / 5)

    def stands(self, span: Span, event: str) -> None:
        """Verifies that an event (hex; empty = none was read) is in the range.

        Raises:
            ForeignCursor: it is not.
        """
        if not event:
            return
        dashed = "-".join((event[:8], event[8:12], event[12:16], event[16:20], event[20:]))

        def count(part: Span) -> list[int]:
            return self._calls.read(
                "checking a cursor",
                lambda: list[Any](
                    self._container.query_items(
                        SQL["has_event"],
                        [{"name": "@id", "value": dashed}],
                        feed_range=part.feed_range,
                        response_hook=self._calls.hook,
                    )
                ),
            )

        # a partition that splits meanwhile may hide it, so absence has to be certain
        if not any(count(span)) and not any(steadily(self._container, self._calls, span, count)):
            raise ForeignCursor(
                f"The event {dashed} at which this cursor stands is not in the range {span.name}: the log was restored,"
                " cut or swapped since. Rebuild what follows it, or open the right log.",
                partition=span.name,
            )

"""Which aggregate of an app a stream belongs to."""

from typing import Any

from eventfold.aggregates.aggregate import Aggregate
from eventfold.app.app import App
from eventfold.errors import CategoryMismatch
from eventfold.store.names import category_of


def aggregate_of(app: App, stream: str) -> type[Aggregate[Any]] | None:
    """The aggregate whose category the stream has; None where the app has none."""
    category = category_of(stream)
    return next((one for one in app.aggregates if one.definition.category == category), None)


def expect_aggregate(app: App, stream: str) -> type[Aggregate[Any]]:
    """As `aggregate_of`.

    Raises:
        CategoryMismatch: the app has no such aggregate.
    """
    found = aggregate_of(app, stream)
    if found is None:
        known = ", ".join(sorted(one.definition.category for one in app.aggregates)) or "none"
        raise CategoryMismatch(
            f"{app.name} has no aggregate for {stream}; its categories: {known}. `eventfold read {stream}` shows the"
            " events.",
            stream=stream,
        )
    return found

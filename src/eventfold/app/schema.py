"""An app and a log as the schema gate sees them."""

from collections.abc import Callable

from eventfold.app.definition import Definition
from eventfold.events.schema.logged import Sampling
from eventfold.events.schema.program import Program
from eventfold.events.schema.recorded import Category
from eventfold.feed.port import Feed

PAGE = 10_000


def program_of(app: Definition) -> Program:
    """What the app stores under chosen names: event types, categories of streams, tables; and what it ignores."""
    categories = {
        aggregate.definition.category: Category(
            aggregate.__name__, sorted(event.stored_name for event in aggregate.event_types)
        )
        for aggregate in app.aggregates
    }
    return Program(app.name, app.registry, categories, list(app.tables), app.ignored)


def look_through(feed: Feed, sampling: Sampling, *, progress: Callable[[int], object] | None = None) -> None:
    """Shows a sampling every event that is in a log now; `progress` is called with how many it has seen."""
    cursor, end, seen = feed.start(), feed.end(), 0
    while feed.compare(cursor, end) != "equal":
        page = feed.read(cursor, PAGE)
        sampling.look_at(page.events)
        seen += len(page.events)
        if progress is not None:
            progress(seen)
        if page.caught_up:
            return
        cursor = page.cursor

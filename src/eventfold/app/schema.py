"""An app and a log as the schema gate sees them, and what the app tells others."""

from collections.abc import Callable

from eventfold.app.definition import Definition
from eventfold.events.schema.logged import Sampling
from eventfold.events.schema.program import Program
from eventfold.events.schema.recorded import Category, Handling
from eventfold.feed.port import Feed
from eventfold.handlers.declaring.handler import Handler
from eventfold.handlers.public.catalogue import Catalogue, catalogue_of
from eventfold.handlers.public.consuming import Consumer
from eventfold.handlers.public.publishing import public_events

PAGE = 10_000


def program_of(app: Definition) -> Program:
    """What the app stores under chosen names: event types, categories, tables, handlers; and what it ignores."""
    categories = {
        aggregate.definition.category: Category(
            aggregate.__name__, sorted(event.stored_name for event in aggregate.event_types)
        )
        for aggregate in app.aggregates
    }
    handlers = {name: Handling(handler.kind, sorted(handler.types)) for name, handler in app.handlers.items()}
    return Program(app.name, app.registry, categories, list(app.tables), app.ignored, handlers)


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


def _handling(handler: Handler) -> Handling:
    if isinstance(handler, Consumer):
        return Handling(handler.kind, sorted({kind.public_name for kind in handler.public}), handler.source)
    return Handling(handler.kind, sorted(handler.types))


def catalogue_of_app(app: Definition) -> Catalogue:
    """What the app tells others, as the annotations of its `publish` handlers say.

    Raises:
        DefinitionError: one does not say; or two classes are one version of one public event.
    """
    return catalogue_of(app.name, public_events(app.handlers.values()))

"""`eventfold tail`: what is appended, as it is appended."""

import sys
import threading
from contextlib import ExitStack, closing

import click
import msgspec

from eventfold.bus.feed.feed import BusFeed
from eventfold.bus.followed import followed
from eventfold.bus.whose import log_of
from eventfold.doors.cli.masking import masked
from eventfold.doors.cli.settings import Settings, bus_option, pass_settings
from eventfold.doors.cli.showing.documents import document
from eventfold.doors.cli.showing.output import print_line, say, shortened, shown
from eventfold.doors.cli.stopping import stop_on_signals
from eventfold.errors import CursorInvalid
from eventfold.events.envelope import RecordedEvent
from eventfold.events.names import check_event_type
from eventfold.feed.cursor import Cursor, read_cursor
from eventfold.feed.loop import Loop, catch_up
from eventfold.feed.port import Feed
from eventfold.store.names import category_of, check_categories

PAGE = 500


@click.command()
@click.option(
    "--from", "place", default="now", show_default=True, metavar="now|start|CURSOR", help="Where to begin."
)
@click.option("--stream", "streams", multiple=True, help="Only this stream; repeatable.")
@click.option("--category", "categories", multiple=True, help="Only streams of this category; repeatable.")
@click.option("--type", "types", multiple=True, help="Only events of this type; repeatable.")
@click.option("--once", is_flag=True, help="End where the log ends.")
@click.option(
    "--log", "is_log", is_flag=True, help="Follow the log itself, also where the setting bus is given."
)
@bus_option
@pass_settings
def tail(
    settings: Settings,
    place: str,
    streams: tuple[str, ...],
    categories: tuple[str, ...],
    types: tuple[str, ...],
    once: bool,  # noqa: FBT001 - click passes options by name
    is_log: bool,  # noqa: FBT001 - so too
) -> None:
    """Show events as they are appended, until Ctrl-C or SIGTERM; with --json one document a line.

    With a bus they are those of the topic, as they arrive there; the log need not be named then. At the end it says
    from which cursor the next one goes on, on the log or on the topic.

    Example: eventfold -s sqlite:///shop.db tail --from start --category order
    """
    check_categories(categories)
    for event_type in types:
        check_event_type(event_type)
    categories = (*categories, *(category_of(stream) for stream in streams))
    with ExitStack() as closings:
        feed, what = _followed(settings, closings, is_log=is_log or settings.bus is None)
        cursor = {"now": feed.end, "start": feed.start}.get(place, lambda: read_cursor(place))()
        feed.check(cursor)
        if not cursor.marks:
            raise CursorInvalid("The cursor names no partition: nothing would ever come after it.")
        follower = _Tail(feed, cursor, frozenset(streams), categories, types, as_json=settings.json)
        stop = stop_on_signals()
        if once:
            catch_up([follower], progress=lambda: _interrupt(stop))
        else:
            if not settings.json:
                say(f"Following {what}; Ctrl-C ends it.")
            Loop([follower], feed).run(stop)
    if settings.json:
        sys.stderr.write(msgspec.json.encode({"cursor": follower.cursor}).decode() + "\n")
    else:
        say(f"Go on from here with --from '{follower.cursor.to_json()}'")


def _followed(settings: Settings, closings: ExitStack, *, is_log: bool) -> tuple[Feed, str]:
    """The feed, and what it is called; without a log the topic says whose it is."""
    if is_log:
        return closings.enter_context(closing(settings.open_log())).feed(), masked(settings.url)
    topic = settings.open_topic()
    what = f"the topic {topic.name}"
    if settings.store is not None:
        with ExitStack() as opened:
            opened.callback(topic.close)
            log = settings.open_log()
            opened.pop_all()
        return closings.enter_context(closing(followed(log, topic))).feed(), what
    closings.callback(topic.close)
    return closings.enter_context(closing(BusFeed(topic, log_of(topic)))), what


def _interrupt(stop: threading.Event) -> None:
    if stop.is_set():
        raise KeyboardInterrupt


class _Tail:
    """Prints page after page; its cursor moves when a page is printed."""

    name = "tail"

    def __init__(
        self,
        feed: Feed,
        cursor: Cursor,
        streams: frozenset[str],
        categories: tuple[str, ...],
        types: tuple[str, ...],
        *,
        as_json: bool,
    ) -> None:
        self.cursor = cursor
        self._feed = feed
        self._streams = streams
        self._categories = categories or None
        self._types = types or None
        self._as_json = as_json

    def where(self) -> Cursor | None:
        """After the last page that was printed."""
        return self.cursor

    def step(self) -> bool:
        """Prints the next page."""
        page = self._feed.read(self.cursor, PAGE, categories=self._categories, types=self._types)
        for event in page.events:
            if not self._streams or event.stream in self._streams:
                self._print(event)
        sys.stdout.flush()
        self.cursor = page.cursor
        return page.caught_up

    def finish(self) -> None:
        """Holds nothing."""

    def _print(self, event: RecordedEvent) -> None:
        if self._as_json:
            found = {**document(event), "partition": event.partition}
            sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
            return
        actor = event.metadata_map().get("actor")
        occurred = event.occurred_apart
        print_line(
            (shown(event.recorded_at), "cyan"),
            ("" if occurred is None else f"occurred {shown(occurred)}", "cyan"),
            (f"{event.stream}@{event.version}", "bold"),
            (event.type, "green"),
            (shortened(event.data), ""),
            (f"by {actor}" if actor else "", "dim"),
        )

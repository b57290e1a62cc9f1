"""Reading the feed of one partition for one handler: which events it takes, and when it is worth it to ask again."""

import time
from collections.abc import Callable, Sequence

from eventfold.events.envelope import RecordedEvent
from eventfold.feed.cursor import Cursor
from eventfold.feed.port import Feed, Page
from eventfold.handlers.declaring.handler import Handler

PAGE = 140
_GLANCE, _LONG_GLANCE = 0.1, 1.0
"""Seconds between two looks at a feed that had nothing more, while effects are under way, and while more are ready."""
_SURE = 60.0
"""Seconds after which a feed shows all that was ever read of it: its replicas may lag behind each other."""
_IMPORTED = '"importedFrom"'


class Reading:
    """The feed as one desk reads it.

    Attributes:
        caught_up: whether nothing more was there when it was last read.

    Args:
        handler: the handler.
        feed: of the log.
        clock: seconds, for intervals only.
    """

    def __init__(self, handler: Handler, feed: Feed, clock: Callable[[], float] = time.monotonic) -> None:
        self.caught_up = False
        self._handler = handler
        self._feed = feed
        self._clock = clock
        self._began = clock()
        self._read_at = float("-inf")

    def page(self, cursor: Cursor, limit: int) -> Page:
        """What is next, of the types of the handler; errors as `Feed.read`."""
        handler = self._handler
        return self._feed.read(cursor, limit, types=handler.types, categories=handler.categories)

    def taken(self, page: Page) -> None:
        """A page is in hand, and not read again."""
        self.caught_up, self._read_at = page.caught_up, self._clock()

    def is_early(self, *, plenty: bool) -> bool:
        """Whether it is too early to look again at a feed that had nothing more.

        Args:
            plenty: more is ready than can be begun, so that news can wait.
        """
        return self.caught_up and self._clock() - self._read_at < (_LONG_GLANCE if plenty else _GLANCE)

    @property
    def sure(self) -> bool:
        """Whether what was read once and is not seen now will not come again."""
        return self._clock() - self._began >= _SURE

    def wanted(self, events: Sequence[RecordedEvent]) -> Sequence[RecordedEvent]:
        """Those of a page that the handler takes."""
        if self._handler.imported:
            return events
        return [event for event in events if _IMPORTED not in event.metadata or self.wants(event)]

    def wants(self, event: RecordedEvent) -> bool:
        """Whether the handler takes an event: of its types, and not imported unless it says so."""
        if event.type not in self._handler.types:
            return False
        if self._handler.imported or _IMPORTED not in event.metadata:
            return True
        return "importedFrom" not in event.metadata_map()

"""One read of a feed for several followers in one process that stand at the same place."""

import threading
from collections import OrderedDict
from collections.abc import Collection
from typing import Protocol

from eventfold.feed.cursor import Cursor
from eventfold.feed.port import Page
from eventfold.store.names import check_categories, stored_category

_PAGES = 4


class Pages(Protocol):
    """What gives pages; a feed is one."""

    def read(self, after: Cursor, limit: int) -> Page:
        """As `Feed.read`."""


class SharedReads:
    """Reads pages without filters once, keeps the last few, and filters them for each follower.

    Args:
        feed: what is read.
    """

    def __init__(self, feed: Pages) -> None:
        self._feed = feed
        self._lock = threading.Lock()
        self._pages: OrderedDict[tuple[str, int], Page] = OrderedDict()

    def read(
        self,
        after: Cursor,
        limit: int,
        *,
        categories: Collection[str] | None = None,
        types: Collection[str] | None = None,
    ) -> Page:
        """As `Feed.read`; a page without an event is read again, because some may have come."""
        check_categories(categories)
        key = (after.to_json(), limit)
        with self._lock:
            page = self._pages.get(key)
            if page is None:
                page = self._feed.read(after, limit)
                if page.cursor != after:
                    self._pages[key] = page
                    if len(self._pages) > _PAGES:
                        self._pages.popitem(last=False)
        if categories is None and types is None:
            return page
        events = [
            event
            for event in page.events
            if (types is None or event.type in types)
            and (categories is None or stored_category(event.stream) in categories)
        ]
        return Page(events, page.cursor, page.caught_up, page.short)

"""Whoever follows a topic has what came in hand before the broker is asked whether that was all."""

from typing import Any, cast

import pytest
from msgspec import structs

from eventfold.bus.feed.feed import BusFeed
from eventfold.feed.cursor import Cursor
from eventfold.feed.port import Page
from eventfold.store.port import Store
from eventfold.testing.staff import Staff
from tests.bus.feed.synced import Synced
from tests.bus.feed.test_forgotten import Scene


class Recording(BusFeed):
    """Keeps each page that was read, and may hide which are short."""

    is_told = True

    def read(self, after: Cursor, limit: int, **only: Any) -> Page:
        page = super().read(after, limit, **only)
        self.pages.append(page)
        return page if self.is_told else structs.replace(page, short=False)

    @property
    def pages(self) -> list[Page]:
        pages: list[Page] = self.__dict__.setdefault("_pages", [])
        return pages


def _recording(scene: Scene) -> Recording:
    return Recording(scene.topic, scene.store.log_id, scene.store.feed())


@pytest.mark.parametrize("events", [1, 3])
@pytest.mark.parametrize(("is_told", "reads"), [(True, 1), (False, 2)])
def test_a_handler_is_called_before_the_broker_is_asked_for_more(
    events: int, is_told: bool, reads: int
) -> None:
    """One that is not told that a page is short asks, and is the control."""
    with Scene(3, 1) as scene:
        feed = _recording(scene)
        feed.is_told = is_told
        staff = Staff(cast("Store", Synced(scene.store, feed)), concurrency=8)
        worker = staff.worker("a")
        scene.relay(5, 100)
        staff.settle(worker)
        before = len(staff.taken)
        feed.pages.clear()
        scene.relay(events, 100)
        staff.turn(worker)
        assert len(feed.pages) == reads
        staff.settle(worker)
        assert len(staff.taken) - before == events
        assert feed.pages[-1].caught_up
        staff.close()


def test_a_page_is_short_where_nothing_of_the_topic_is_left_in_hand() -> None:
    with Scene(3, 1) as scene:
        scene.relay(40, 100)
        feed = _recording(scene)
        cursor, found = feed.start(), list[tuple[int, bool]]()
        while not (page := feed.read(cursor, 15, types=["Noted"] if found else ["Other"])).caught_up:
            found.append((len(page.events), page.short))
            cursor = page.cursor
        assert found == [(0, False), (15, False), (10, True)]
        assert not page.short

"""A log whose feed is a topic: it is written and asked as ever, and followed on the bus."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self, cast

from eventfold.bus.feed.feed import BusFeed
from eventfold.bus.port import Topic
from eventfold.feed.port import Feed
from eventfold.store.port import Store


class _Followed:
    """All but the feed is the store's own."""

    def __init__(self, store: Store, topic: Topic) -> None:
        self._store = store
        self._feed = BusFeed(topic, store.log_id, store.feed())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def __repr__(self) -> str:
        return f"{self._store!r} followed on the bus"

    def feed(self) -> Feed:
        self._store.feed()  # says so where it is closed
        return self._feed

    def close(self) -> None:
        try:
            self._feed.close()
        finally:
            self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@contextmanager
def heeding(store: Store, stop: Callable[[], bool]) -> Iterator[None]:
    """Inside, a broker is waited for no longer than a few seconds once `stop` is true; a log without one knows none.

    Args:
        store: a log, followed in a topic or not.
        stop: is called often, and from several threads.
    """
    feed = store.feed()
    if not isinstance(feed, BusFeed):
        yield
        return
    feed.heed(stop)
    try:
        yield
    finally:
        feed.heed(bool)


def followed(store: Store, topic: Topic) -> Store:
    """A store whose events are followed in the topic that a relay brings them to.

    Args:
        store: the log; closed with what is returned.
        topic: closed with it too. The broker is not asked before something is followed.
    """
    return cast("Store", _Followed(store, topic))

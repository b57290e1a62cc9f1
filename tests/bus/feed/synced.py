"""A log and the topic that a relay brings it to, as one store: what was appended is in the topic when it is read."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from eventfold.bus.feed.feed import BusFeed
from eventfold.bus.kafka.topic import KafkaTopic
from eventfold.bus.relay.relay import Relay
from eventfold.errors import BusUnavailable
from eventfold.feed.cursor import Cursor, Token
from eventfold.feed.loop import Loop
from eventfold.feed.port import Feed, FeedCapabilities
from eventfold.store.port import Store


class SyncedFeed(BusFeed):
    """Waits for the relay before it answers."""

    store: Store
    relay: Relay
    seen: Cursor | None = None

    def start(self) -> Cursor:
        until = time.monotonic() + 30
        while True:
            try:
                return super().start()
            except BusUnavailable:  # nothing was brought yet, or it cannot be seen yet
                if time.monotonic() > until:
                    raise
                time.sleep(0.01)

    @property
    def capabilities(self) -> FeedCapabilities:
        self.start()
        return super().capabilities

    def check(self, cursor: Cursor) -> None:
        self.sync()
        super().check(cursor)

    def end(self) -> Cursor:
        self.sync()
        return super().end()

    def at(self, token: Token) -> Cursor:
        self.sync()
        return super().at(token)

    def sync(self) -> None:
        """Until the relay has sent all of the log, and the topic shows it: a moment after it was acknowledged."""
        end = self.store.feed().end()
        if end == self.seen:
            return
        until = time.monotonic() + 30
        while any(
            self.compare(there, end) in {"before", "mixed"} for there in (self.relay.told, super().end())
        ):
            assert time.monotonic() < until
            time.sleep(0.002)
        self.seen = end


class Synced:
    """A store whose feed is the topic's; all else is the store's own."""

    def __init__(self, store: Store, feed: BusFeed) -> None:
        self._store = store
        self._feed = feed

    def feed(self) -> Feed:
        return self._feed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


@contextmanager
def synced(store: Store, client: dict[str, Any], topic: str, *, with_log: bool) -> Iterator[Any]:
    """A log that is relayed while the block lasts."""
    stop = threading.Event()
    relay = Relay(store, KafkaTopic(client, topic))
    relaying = threading.Thread(target=lambda: Loop([relay], store.feed()).run(stop, poll=0.02), daemon=True)
    relaying.start()
    until = time.monotonic() + 30
    while not relay.told.marks:
        assert time.monotonic() < until
        time.sleep(0.01)
    feed = SyncedFeed(KafkaTopic(client, topic), store.log_id, store.feed() if with_log else None)
    feed.store, feed.relay = store, relay
    try:
        yield Synced(store, feed)
    finally:
        stop.set()
        relaying.join(20)
        feed.close()

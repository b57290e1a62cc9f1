"""A store that is followed in its lake copy, for tests: what was appended is copied before it is read."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from eventfold.events.envelope import NewEvent
from eventfold.readmodels.lakecopy.copier import Copier
from eventfold.readmodels.lakecopy.feed import LakeFeed
from eventfold.readmodels.open import open_copy
from eventfold.store.port import Appended, Expected, Store


class _Copied:
    """All but the feed is the store's own."""

    def __init__(self, store: Store, lake: Path, events: int) -> None:
        self._store = store
        self._table = open_copy(str(lake), store.log_id)
        self._copier = Copier(self._table, store.feed(), events=events)
        self._feed: LakeFeed | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def append(self, stream: str, events: Sequence[NewEvent], *, expected: Expected) -> Appended:
        appended = self._store.append(stream, events, expected=expected)
        if self._feed is not None:  # what was appended before is divided among commits as they fill
            self._copy()
        return appended

    def feed(self) -> LakeFeed:
        self._copy()
        if self._feed is None:
            self._feed = LakeFeed(self._table, self._store.feed())
        return self._feed

    def _copy(self) -> None:
        while not self._copier.copy():
            pass


def copied(store: Store, lake: Path, *, events: int) -> Store:
    """A store with the feed of its lake copy.

    Args:
        store: the log.
        lake: the folder for the copy.
        events: of one commit, at most; commits also end where appends do.
    """
    return cast("Store", _Copied(store, lake, events))

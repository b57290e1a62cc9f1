"""A history of appends whose every detail is known, so that whatever is found of it can be judged."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from eventfold import ANY, NewEvent, Write
from eventfold.errors import EventfoldError
from eventfold.store.sqlite.store import SqliteStore, open_url
from eventfold.testing.making import make, read_all

STREAMS = ("order-1", "order-2", "cart-1")
CHECKPOINT_PAGES = 9
"""So that the WAL is written back into the file every few appends, where a fault is most interesting."""


@dataclass
class History:
    """What was appended, one list of (stream, event) for each append."""

    appends: list[list[tuple[str, NewEvent]]] = field(default_factory=list)

    def writes(self, number: int) -> list[Write]:
        """An append as it was sent."""
        return _grouped(self.appends[number])


def _grouped(pairs: list[tuple[str, NewEvent]]) -> list[Write]:
    streams = dict.fromkeys(stream for stream, _ in pairs)
    return [Write(s, [event for stream, event in pairs if stream == s], ANY) for s in streams]


def generated(appends: int, seed: int) -> History:
    """Appends of one to three streams, some larger than a page of SQLite."""
    dice = random.Random(seed)
    history = History()
    for number in range(appends):
        pairs = []
        for stream in dice.sample(STREAMS, dice.choice([1, 1, 2, 3])):
            for _ in range(dice.randint(1, 3)):
                filler = "x" * dice.choice([0, 0, 0, 30, 900, 9000])
                event_id = UUID(int=dice.getrandbits(128), version=4)  # another process makes the same ones
                pairs.append((stream, make(event_id=event_id, data={"n": number, "filler": filler})))
        history.appends.append(pairs)
    return history


def perform(history: History, url: str, told: Callable[[], None], *, halves: bool = False) -> None:
    """Appends it all, closing and opening the log now and then; `halves` breaks the promise of all or nothing."""
    store = opened(url)
    for number in range(len(history.appends)):
        if number % 20 == 19:
            store.close()
            store = opened(url)
        writes = history.writes(number)
        for group in [[write] for write in writes] if halves else [writes]:
            store.append_all(group)
        told()
    store.close()


def opened(url: str) -> SqliteStore:
    """The real store, whose WAL is written back often."""
    store = open_url(url)
    store._writer._connection.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
    return store


def verdict(path: Path, history: History, promised: int) -> str:
    """What is wrong with a log that should hold the first appends of a history, at least the promised ones; or ""."""
    try:
        store = open_url(f"sqlite:///{path}")
    except EventfoldError as error:
        return f"cannot be opened: {error.code}"
    try:
        return _verdict(store, history, promised)
    except EventfoldError as error:
        return f"cannot be read: {error.code}"
    finally:
        store.close()


def _verdict(store: SqliteStore, history: History, promised: int) -> str:
    found = read_all(store.feed())
    if [event.position for event in found] != list(range(1, len(found) + 1)):
        return "torn: positions"
    whole = taken = 0
    while whole < len(history.appends) and taken < len(found):
        wanted = [(write.stream, e.id, e.data) for write in history.writes(whole) for e in write.events]
        here = [(e.stream, e.id, e.data) for e in found[taken : taken + len(wanted)]]
        if here != wanted:
            return f"torn: append {whole}"
        taken += len(wanted)
        whole += 1
    if taken != len(found):
        return "torn: something that nobody appended"
    if whole < promised:
        return f"lost: {promised - whole} of {promised} appends"
    for stream in STREAMS:
        versions = [event.version for event in store.read(stream)]
        mine = [event.version for event in found if event.stream == stream]
        if versions != list(range(1, len(mine) + 1)) or mine != versions or store.head(stream) != len(mine):
            return f"torn: versions of {stream}"
    with store.reading() as connection:
        check = connection.execute("PRAGMA integrity_check").get
    return "" if check == "ok" else f"corrupt: {check}"

"""What a restore means for the handlers of a log: what it writes happened long ago, and nobody is told of it again."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Literal, get_args

from eventfold.errors import ConfigInvalid, HandlersBegun, StorageBusy
from eventfold.events.envelope import NewEvent
from eventfold.events.metadata import current
from eventfold.feed.cursor import Cursor
from eventfold.feed.effects.port import Name, handlers_in
from eventfold.handlers.records import RESTORE, Held, Moved
from eventfold.handlers.tending.moving import hold, place
from eventfold.handlers.tending.restoring import announce, announced, held_by_it, withdraw
from eventfold.store.port import Store

Handlers = Literal["refuse", "skip"]
BEHIND_SECONDS = 15.0
"""How long the end of the log is waited for, where its replicas lag behind what was written."""
_POLL_SECONDS = 0.05
_log = logging.getLogger("eventfold.restore")


def check_handlers(store: Store, handlers: Handlers) -> list[str]:
    """The handlers that have begun, if a restore may pass them by.

    Raises:
        HandlersBegun: there are some, and nothing was said of them.
        ConfigInvalid: something else was said.
    """
    if handlers not in get_args(Handlers):
        raise ConfigInvalid(
            f"{handlers!r:.60} is nothing to do about handlers: say --handlers skip, or leave it out.",
            key="handlers",
        )
    begun = handlers_in(store.effects())
    if begun and handlers == "refuse":
        raise HandlersBegun(
            f"The log has handlers that have begun ({_names(begun)}), and would take what is restored for news: mails"
            " and calls of long ago would go out. Say --handlers skip to move them to the end of what is restored,"
            " or restore into an empty log.",
            handlers=", ".join(begun),
        )
    return begun


@contextmanager
def passed_by(
    store: Store, begun: list[str], streams: Iterable[str], file: str, wrote: Callable[[], bool]
) -> Iterator[Callable[[], None]]:
    """Gives what holds handlers before something is written, and moves them to its end; else they go on undisturbed.

    An earlier restore that was interrupted has held them already; they are held again at once. Those that begin
    meanwhile are held and moved too, and stand in `begun` at the end.

    Args:
        store: the log.
        begun: the handlers.
        streams: those that are restored; read at the end.
        file: what is restored.
        wrote: whether anything was written; asked at the end.

    Raises:
        StorageError: they are held still; restoring again goes on from there.
    """
    held = Held(
        reason=f"{file} is being restored, or that was interrupted: restore it again with --handlers skip, or move"
        " the handler: `eventfold handlers move NAME --to now`",
        actor=str(current().get("actor", "")),
        since_us=time.time_ns() // 1000,
    )
    moved = Moved(to="restore", reason=file, actor=held.actor, moved_us=held.since_us)
    effects = store.effects()
    interrupted = announced(effects) is not None or bool(held_by_it(effects))
    is_holding = False

    def hold_them() -> None:
        nonlocal is_holding
        if is_holding:
            return
        is_holding = True
        announce(effects, held)
        begun[:] = handlers_in(effects)
        for reader in begun:
            hold(effects, reader, RESTORE, held)

    try:
        if interrupted:
            hold_them()
        yield hold_them
        if not is_holding:
            return
        to = moved if wrote() or interrupted else None
        _let_go(store, begun, streams, to)
        withdraw(effects)
        _let_go(store, begun, streams, to)  # those that had seen it, and began while the others were moved
    except BaseException:
        if begun and is_holding:
            _log.warning(
                "The restore ended early. The handlers %s are held and handle nothing until it is run again with"
                " --handlers skip, or until each is moved: `eventfold handlers move NAME --to now`",
                _names(begun),
            )
        raise


def _let_go(store: Store, begun: list[str], streams: Iterable[str], moved: Moved | None) -> None:
    """Those that are held go on at the end of the log, or where they are."""
    effects = store.effects()
    held = held_by_it(effects)
    end = end_of(store, streams) if held and moved is not None else None
    for reader in held:
        if end is None or moved is None:
            effects.note(reader, drop=[Name(Held.kind, RESTORE)])
        else:
            place(effects, reader, RESTORE, end, moved)
        if reader not in begun:
            begun.append(reader)


def end_of(store: Store, streams: Iterable[str]) -> Cursor:
    """The end of the log, at or beyond the last events of some streams, also where replicas lag.

    Raises:
        StorageBusy: they lag for long.
    """
    feed = store.feed()
    tokens = [store.append(*last, expected=before).token for last, before in _lasts(store, streams)]
    marks = [feed.at(token) for token in tokens]
    until = time.monotonic() + BEHIND_SECONDS
    while True:
        end = feed.end()
        if all(feed.compare(end, mark) not in {"before", "mixed"} for mark in marks):
            return end
        if time.monotonic() > until:
            raise StorageBusy("The replicas of the log lag behind what was restored; restore it again.")
        time.sleep(_POLL_SECONDS)


def _lasts(store: Store, streams: Iterable[str]) -> Iterator[tuple[tuple[str, list[NewEvent]], int]]:
    """Of one stream in each partition its last event, ready to be appended again: the answer says where the log is."""
    feed = store.feed()
    partitions = {partition.name for partition in feed.partitions()}
    waiting = set(partitions)
    for stream in streams:
        if not waiting:
            return
        partition = feed.partition_of(stream, partitions)
        if partition in waiting:
            for event in store.read(stream, backwards=True, limit=1):
                waiting.discard(partition)
                again = NewEvent(
                    event.id,
                    event.type,
                    event.schema_version,
                    event.data,
                    event.metadata,
                    event.occurred_or_none_us,
                    event.recorded_us,
                    event.data,
                )
                yield (stream, [again]), event.version - 1


def _names(begun: list[str]) -> str:
    shown = ", ".join(begun[:5])
    return shown if len(begun) <= 5 else f"{shown} and {len(begun) - 5} more"

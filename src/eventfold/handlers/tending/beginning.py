"""Where a handler begins, written down before anything is read, and whether it still takes the events that it took."""

from eventfold.errors import OutcomeUnknown, SubscriptionDiffers
from eventfold.feed.cursor import Cursor
from eventfold.feed.effects.port import Effects
from eventfold.handlers.declaring.handler import Handler
from eventfold.handlers.records import RESTORE, About, Moved
from eventfold.handlers.tending.covering import check_place
from eventfold.handlers.tending.moving import place
from eventfold.handlers.tending.restoring import announced
from eventfold.store.port import Store
from eventfold.store.settling import ATTEMPTS


def begin(handler: Handler, store: Store) -> bool:
    """Writes where a handler begins; nothing where it has begun. During a restore it is held until that has ended.

    A lost answer is no reason to stop a worker that has only just come: it is repeated, which settles it.

    Returns:
        Whether it has begun by this.

    Raises:
        CursorInvalid: its `since=` is a cursor that is damaged, or does not cover the log.
        LogMismatch: it is one of another log, or one that this log does not serve.
        StorageError: it is not known to have begun; repeat it.
    """
    effects = store.effects()
    new = not effects.all(handler.name)
    for left in reversed(range(ATTEMPTS)):
        try:
            if new:
                _begin(handler, store)
            if not effects.notes(handler.name, About.kind, limit=1):
                effects.note(handler.name, [about(handler).note()])
            break
        except OutcomeUnknown:
            if not left:
                raise
    return new


def _begin(handler: Handler, store: Store) -> None:
    """Held before it begins, where a restore is known; and after it, where that has begun meanwhile."""
    effects = store.effects()
    before = announced(effects)
    if before is not None:
        effects.note(handler.name, [before.note(RESTORE)])
    effects.begin(handler.name, _start(handler, store))
    now = announced(effects)
    if now is not None and before is None:
        effects.note(handler.name, [now.note(RESTORE)])
    elif now is None and before is not None:  # it has ended meanwhile, and may not have seen this one
        moved = Moved(to="restore", reason=before.reason, actor=before.actor, moved_us=before.since_us)
        place(effects, handler.name, RESTORE, store.feed().end(), moved)


def check_subscription(handler: Handler, effects: Effects) -> None:
    """Looks that a handler takes the events that it took up to its checkpoint, which means nothing for others.

    Raises:
        SubscriptionDiffers: it takes others.
        StorageError: it could not be read.
    """
    kept = effects.notes(handler.name, About.kind, limit=1)
    now = about(handler)
    if not kept or (before := About.of(kept[0])) == now:
        return
    raise SubscriptionDiffers(
        f"The handler {handler.name} ({before.what}) followed {', '.join(before.types)} up to its checkpoint;"
        f" now it would follow {', '.join(now.types)} ({now.what}), and what it has passed of them stays"
        f" undone. Say where it goes on, `eventfold handlers move {handler.name} --to here`, or give it"
        " another name=.",
        handler=handler.name,
    )


def about(handler: Handler) -> About:
    """What a handler is, as far as its checkpoint rests on it."""
    return About(what=handler.kind, types=sorted(handler.types))


def _start(handler: Handler, store: Store) -> Cursor:
    feed = store.feed()
    if isinstance(handler.since, Cursor):
        check_place(feed, handler.since, f"The cursor in since= of the handler {handler.name}")
        return handler.since
    return feed.start() if handler.since == "start" else feed.end()

"""All notes of a kind, read in parts."""

from collections.abc import Iterator

from eventfold.feed.effects.port import Effects, Note

_PAGE = 1_000


def noted(effects: Effects, handler: str, kind: str) -> Iterator[Note]:
    """The notes of one kind by key."""
    after = ""
    while found := effects.notes(handler, kind, after=after, limit=_PAGE):
        yield from found
        if len(found) < _PAGE:
            return
        after = found[-1].key

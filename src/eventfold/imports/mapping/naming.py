"""From what a row calls its entity to the name of a stream: in NFC, behind its category, signs replaced on request."""

import re
from functools import lru_cache

from eventfold.errors import InvalidStream
from eventfold.events.names import composed
from eventfold.store.names import category_of, stored_category
from eventfold.store.port import Store

_NAMES = 100_000
_SIGNS = frozenset("/\\?#")
_REPLACED = re.compile(r"[/\\?#]|%(?=2F|5C|3F|23|25)")
_CODE = re.compile(r"%(2F|5C|3F|23|25)")


def replaced(name: str) -> str:
    r"""A name with `%2F`, `%5C`, `%3F` and `%23` for `/ \ ? #`.

    Where it has such a code itself, or `%25`, that gets `%25` for its `%`. So no two names become one, and a name
    without these signs and codes stays as it is.
    """
    return _REPLACED.sub(lambda found: f"%{ord(found[0]):02X}", name)


def original(name: str) -> str:
    """The name that `replaced` was given."""
    return _CODE.sub(lambda found: chr(int(found[1], 16)), name)


class Naming:
    """Names the streams of an import.

    A value that has the category already is taken as it is: `case-1` in the category `case` is the stream `case-1`.
    Where an earlier release made `case-case-1` of it, and the log holds that, it stays: an entity never stands in two
    streams.

    Args:
        category: stands before the value; empty where values are whole names.
        store: the log; None where it holds no event yet.
        replace: what no name of a stream can have is replaced, as `replaced` does it.
    """

    def __init__(self, category: str, store: Store | None = None, *, replace: bool = False) -> None:
        self._category = category
        self._store = store
        self._replace = replace
        self._doubled: frozenset[str] | None = None
        self._was_whole: dict[str, bool] = {}
        self._cached = lru_cache(_NAMES)(self._named)

    def __call__(self, written: str) -> str:
        """The stream of an entity.

        Raises:
            InvalidStream: no stream can be called so, with what to do about it; or another value of this import, or of
                an import without or with `replace`, is called so.
        """
        return self._cached(written)

    def _named(self, written: str) -> str:
        value = composed(written)
        if not self._category:
            return self._checked(value)
        if not self._is_whole(value):
            return self._only(self._checked(f"{self._category}-{value}"), whole=False)
        if (twice := f"{self._category}-{value}") in self._twice():
            return twice
        return self._only(self._checked(value), whole=True)

    def _is_whole(self, value: str) -> bool:
        return value.startswith(f"{self._category}-") and len(value) > len(self._category) + 1

    def _twice(self) -> frozenset[str]:
        """The streams of the log that have their category twice; looked for once, when a value has it."""
        if self._doubled is None:
            found = self._store.streams(stored_category(self._category)) if self._store else ()
            twice = f"{self._category}-{self._category}-"
            self._doubled = frozenset(info.stream for info in found if info.stream.startswith(twice))
        return self._doubled

    def _only(self, stream: str, *, whole: bool) -> str:
        """The stream, if no other value of this import has it: `1` and `case-1` may be two entities."""
        if self._was_whole.setdefault(stream, whole) != whole:
            short = stream.removeprefix(f"{self._category}-")
            raise InvalidStream(
                f"{short!r:.62} and {stream!r:.62} would both be the stream {stream!r:.62}: write the two alike,"
                " or import one of them in another category.",
                stream=stream[:60],
            )
        return stream

    def _checked(self, name: str) -> str:
        safe = replaced(name)
        if safe == name:
            category_of(name)
            return name
        has_signs = not _SIGNS.isdisjoint(name)
        stream = safe if self._replace or has_signs else name
        category_of(stream)
        if has_signs and not self._replace:
            raise InvalidStream(
                f"{name!r:.62} cannot be a stream name: it may not contain / \\ ? or #. With --replace they become %2F,"
                " %5C, %3F and %23.",
                stream=name[:60],
            )
        if not has_signs:
            self._refuse_other(name, safe)
        return stream

    def _refuse_other(self, name: str, safe: str) -> None:
        """Refuses a name with a code of its own where the log holds the entity under the other of its two names."""
        other, said = (name, "without") if self._replace else (safe, "with")
        if self._store is not None and self._store.head(other):
            raise InvalidStream(
                f"{name!r:.62} stands in the log as the stream {other!r:.62}: it was imported {said} --replace."
                " Import it so again.",
                stream=other[:60],
            )

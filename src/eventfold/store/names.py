"""Stream names: `category-id`, the same rule on every store."""

import unicodedata
from collections.abc import Collection, Iterable
from functools import lru_cache

from eventfold import limits
from eventfold.errors import InvalidStream, StreamNameTooLong, StreamNotFound, StreamReserved
from eventfold.events.names import not_composed

_FORBIDDEN = frozenset("/\\?#")
_CONTROL = frozenset({"Cc", "Zl", "Zp"})


def category_of(stream: str) -> str:
    r"""The category of a stream name that may be used: what stands before the first `-`.

    Args:
        stream: NFC text of at most 255 bytes without `/ \ ? #`, control characters or a space at either end; a
            leading `$` or `__` belongs to the system.

    Raises:
        InvalidStream: otherwise (`StreamNameTooLong`, `StreamReserved` by name).
    """
    if not isinstance(stream, str):
        raise _invalid(stream, "it is no text")
    return _category_of(stream)


@lru_cache(maxsize=65536)
def _category_of(stream: str) -> str:
    if stream.startswith(("$", "__")):
        raise StreamReserved(
            f"The stream {stream[:60]!r} belongs to the system: names may not begin with $ or __."
        )
    category, dash, rest = stream.partition("-")
    if not (dash and category and rest):
        raise _invalid(stream, "it must have the form category-id, for example order-123")
    try:
        size = len(stream.encode())
    except UnicodeEncodeError:
        raise _invalid(stream, "it contains a lone surrogate") from None
    if size > limits.STREAM_NAME_BYTES:
        raise StreamNameTooLong(
            f"The stream name has {size} bytes; at most {limits.STREAM_NAME_BYTES} fit.", bytes=size
        )
    if stream != stream.strip():
        raise _invalid(stream, "it begins or ends with a space")
    if _FORBIDDEN.intersection(stream):
        raise _invalid(stream, "it may not contain / \\ ? or #")
    if why := not_composed(stream):
        raise _invalid(stream, why)
    if any(unicodedata.category(c) in _CONTROL for c in stream):
        raise _invalid(stream, "it contains a control character or a line separator")
    return category


def stored_category(stream: str) -> str:
    """The category of a stream that a log holds, whatever names are taken today."""
    return stream.partition("-")[0]


def no_events(stream: str) -> StreamNotFound:
    """What is said of a stream that a log does not have."""
    return StreamNotFound(
        f"The stream {stream} has no events; `eventfold streams` lists those that have some.", stream=stream
    )


def checked_streams(streams: Iterable[str]) -> list[str]:
    """Some streams, each once; errors as `category_of`."""
    found = list(dict.fromkeys(streams))
    for stream in found:
        category_of(stream)
    return found


def check_category(category: str) -> str:
    """Returns `category` if streams can have it.

    Raises:
        InvalidStream: otherwise, with the name to use; by name as `category_of`.
    """
    if not isinstance(category, str):
        raise _invalid(category, "a category is text", "a category")
    before, dash, _ = category.partition("-")
    if dash:
        stored = f"streams named {category[:60]}-... have the category {before[:60]!r}; " if before else ""
        raise _invalid(
            category,
            f"it has a dash; {stored}for one of this name write {as_category(category)[:60]!r}",
            "a category",
        )
    if not category:
        raise _invalid(category, "it is empty", "a category")
    try:
        category_of(f"{category}-1")
    except (StreamNameTooLong, StreamReserved):
        raise
    except InvalidStream as error:
        raise _invalid(category, error.message.rpartition(": ")[2].rstrip("."), "a category") from None
    return category


def check_categories(categories: Collection[str] | None) -> None:
    """Refuses a filter that no stream can pass; errors as `check_category`."""
    for category in categories or ():
        check_category(category)


def as_category(name: str) -> str:
    """What stands for a name that has dashes where a category is needed: `purchase_order` for `purchase-order`."""
    return name.replace("-", "_")


def _invalid(name: object, reason: str, what: str = "a stream name") -> InvalidStream:
    return InvalidStream(f"{name!r:.62} cannot be {what}: {reason}.", stream=str(name)[:60])

"""Opens a store by URL. An adapter is imported only when its URL is opened."""

from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from eventfold.errors import UnsupportedUrl
from eventfold.extras import needing
from eventfold.feed.effects.port import Effects
from eventfold.store.findings import Finding
from eventfold.store.port import Store

_ADAPTERS = {"cosmos": ("eventfold.store.cosmos", "cosmos"), "sqlite": ("eventfold.store.sqlite", "")}
"""URL scheme -> module with `open_url(url)` and `examine(url)`, and the extra that brings its packages."""
_TOPICS = {"eventhubs": ("eventfold.bus.alone", "eventhubs"), "kafka": ("eventfold.bus.alone", "kafka")}
"""The same of a topic of a log's events, which is opened where the log itself cannot be."""


class Kept(Effects, Protocol):
    """Effects in a place of their own."""

    def close(self) -> None:
        """Waits for what is being written; later calls raise `StoreClosed`."""


def open_store(url: str, *, create: bool = True) -> Store:
    """The event store behind a URL; the caller closes it, or uses it in a `with`.

    Args:
        url: `sqlite:///shop.db` (relative path), `sqlite:////var/lib/shop.db` (absolute path), `sqlite://` (in memory),
            `cosmos://ACCOUNT.documents.azure.com/DATABASE`. A topic, `kafka://HOST:PORT/TOPIC` or
            `eventhubs://NAMESPACE/HUB`, gives what can be done without its log: its `capabilities` say `has_log=False`.
        create: whether a log is made where there is none.

    Raises:
        LogNotFound: there is none, and none is to be made.
        UnsupportedUrl: a scheme that no adapter serves.
        ExtraMissing: the adapter's packages are not installed.
        StorageError: it cannot be opened.
        TopicUnfit, LogMismatch: a topic whose events cannot be followed.
    """
    store: Store = _adapter(url).open_url(url, create=create)
    return store


def examine_store(url: str) -> Sequence[Finding]:
    """What is found about the store behind a URL, without changing anything; errors as `open_store`."""
    return list(_adapter(url).examine(url))


def check_url(url: object, what: str) -> None:
    """Refuses what is no text, before it fails somewhere without a word.

    Args:
        url: as it was given. It is not repeated, since it may hold a secret.
        what: it is the place of.

    Raises:
        UnsupportedUrl: it is no text.
    """
    if not isinstance(url, str):
        found = (
            "None, which a variable that is not set gives too"
            if url is None
            else f"a {type(url).__name__}: a file on this machine is f'sqlite:///{{path}}'"
        )
        raise UnsupportedUrl(f"The place of {what} is a URL as text, and this is {found}.")


def is_topic(url: str) -> bool:
    """Whether a URL names a topic of a log's events, and no log."""
    return url.partition("://")[0] in _TOPICS


def open_effects(url: str, log_id: str) -> Kept:
    """A place for what handlers must not lose where they cannot keep it with the log; the caller closes it.

    Args:
        url: `sqlite:///FILE`, or `sqlite://` for memory.
        log_id: of the log whose events they take.

    Raises:
        ForeignCursor: what is kept there is of another log.
        UnsupportedUrl: nothing is kept behind such a URL.
        StorageError: it cannot be opened.
    """
    if not url.startswith("sqlite://"):
        raise UnsupportedUrl(
            "What handlers keep without a log stands in a file of this machine, sqlite:///FILE.", key="state"
        )
    kept: Kept = _adapter(url).open_effects(url, log_id)
    return kept


def file_of(url: str) -> Path | None:
    """The file on this machine that a URL names; None where it names none."""
    scheme, _, rest = url.partition("://")
    path = rest.partition("?")[0]
    return Path(path[1:]) if scheme == "sqlite" and path.startswith("/") and len(path) > 1 else None


def open_documents(url: str, container: str) -> Iterator[list[dict[str, Any]]]:
    """Pages of the documents of a container that others filled; an empty one where nothing more is there now.

    Raises:
        UnsupportedUrl: what the URL names keeps no documents.
        LogNotFound: there is no such container.
        StorageError: it did not answer.
    """
    documents = getattr(_adapter(url), "foreign_documents", None)
    if documents is None:
        raise UnsupportedUrl(
            "Only a cosmos URL names a container of documents.", scheme=url.partition(":")[0]
        )
    found: Iterator[list[dict[str, Any]]] = documents(url, container)
    return found


def extra_of(url: str) -> str:
    """The extra of this package that opens a URL; empty where every installation does. Errors as `open_store`."""
    return _known(url)[1]


def _adapter(url: str) -> Any:
    module, extra = _known(url)
    with needing(f"{url.partition('://')[0]}://", extra):
        return import_module(module)


def _known(url: str) -> tuple[str, str]:
    check_url(url, "an event store")
    scheme, separator, _ = url.partition("://")
    if not separator:  # it may be a whole connection string, secret and all, and is not repeated
        raise UnsupportedUrl(
            f"The place of an event store is a URL: {' or '.join(f'{s}://' for s in sorted(_ADAPTERS))}. A file on this"
            " machine is sqlite:///FILE, with three slashes."
        )
    if scheme not in _ADAPTERS and scheme not in _TOPICS:
        shown = scheme if scheme.isalnum() else "such"
        raise UnsupportedUrl(
            f"No event store is known for {shown!r} URLs; known: {', '.join(sorted(_ADAPTERS))}.",
            scheme=shown,
        )
    return _ADAPTERS.get(scheme) or _TOPICS[scheme]

"""Opens the places of read models by URL. An adapter is imported only when its place is opened."""

from importlib import import_module
from pathlib import Path
from typing import Any

from eventfold.errors import ConfigInvalid, UnsupportedUrl
from eventfold.extras import needing
from eventfold.readmodels.declaring.layout import Layout
from eventfold.readmodels.lakecopy.port import CopyTable
from eventfold.readmodels.port import State
from eventfold.readmodels.publishing.moments import MomentPlace
from eventfold.readmodels.publishing.publication import LakePublication
from eventfold.readmodels.search.port import SearchPublication

_STATES = {"sqlite": ("eventfold.readmodels.sqlite", "")}
_LAKE = ("eventfold.readmodels.delta", "lake")
_COPY = ("eventfold.readmodels.delta.eventcopy", "lake")
_MOMENT = ("eventfold.readmodels.delta.moment", "lake")
_INDEX = ("eventfold.readmodels.tantivy", "search")
_SERVICE = ("eventfold.readmodels.aisearch", "aisearch")
"""Module and the extra that brings its packages."""


def open_state(url: str, log_id: str) -> State:
    """The state behind a URL: `sqlite:///shop.state.db`, or `sqlite://` for memory.

    Args:
        url: where it is.
        log_id: of the log that is folded; a state belongs to one log.

    Raises:
        UnsupportedUrl: a scheme that no adapter serves.
        ForeignCursor: it belongs to another log.
        StorageError: it cannot be opened.
    """
    scheme, separator, _ = url.partition("://")
    if not separator or scheme not in _STATES:
        shown = scheme if separator and scheme.isalnum() else ""  # the rest may hold a key
        what = f"{shown!r} URLs" if shown else "what is no URL"
        raise UnsupportedUrl(
            f"No state is known for {what}; known: {', '.join(sorted(_STATES))}.",
            key="state",
            scheme=shown,
        )
    try:
        state: State = _adapter(*_STATES[scheme]).open_url(url, log_id)
    except ConfigInvalid as error:
        error.facts.setdefault("key", "state")
        raise
    return state


def open_publication(lake: str, layout: Layout, log_id: str) -> LakePublication:
    """The Delta table of a read model in a lake.

    Args:
        lake: a folder, or an address in an object store; the table stands in `<lake>/<table>`.
        layout: of the table.
        log_id: of the log that is folded.

    Raises:
        UnsupportedUrl, ConfigInvalid: there can be no lake.
        ExtraMissing: the packages are not installed.
    """
    publication: LakePublication = _adapter(*_LAKE).open_lake(lake, layout, log_id)
    return publication


def reach(lake: str) -> None:
    """Asks a lake for something, so that what stands in the way is known before anything is to be published.

    Raises:
        UnsupportedUrl, ConfigInvalid: there can be no lake.
        ExtraMissing: the packages are not installed.
        StorageFailed: it does not answer.
    """
    _adapter(*_LAKE).reach(lake)


def open_copy(lake: str, log_id: str | None) -> CopyTable:
    """The copy of a log in a lake.

    Args:
        lake: a folder, or an address in an object store; the copy stands in `<lake>/events`.
        log_id: of the log; None: of whichever log was copied there.

    Raises:
        UnsupportedUrl, ConfigInvalid: there can be no lake.
        ExtraMissing: the packages are not installed.
        LogNotFound, CursorLost: no log is named, and the copy does not say one.
    """
    copy: CopyTable = _adapter(*_COPY).open_copy(lake, log_id)
    return copy


def open_moment(lake: str, name: str, layout: Layout) -> MomentPlace:
    """The place of a published moment in a lake.

    Args:
        lake: a folder, or an address in an object store; the moment stands in `<lake>/<name>`.
        name: that it is published under.
        layout: of the table.

    Raises:
        UnsupportedUrl, ConfigInvalid: there can be no lake.
        ExtraMissing: the packages are not installed.
    """
    found: MomentPlace = _adapter(*_MOMENT).open_moment(lake, name, layout)
    return found


def open_index(search: str, layout: Layout, log_id: str) -> SearchPublication:
    """The search index of a read model.

    Args:
        search: a folder, the index of the table stands in `<search>/<table>`; or the address of a service,
            `aisearch://SERVICE.search.windows.net[/PREFIX]`.
        layout: of the table, which declares a search.
        log_id: of the log that is folded.

    Raises:
        UnsupportedUrl: neither.
        ConfigInvalid: the address has another form, or nobody can sign in.
        ExtraMissing: the packages are not installed.
    """
    index: SearchPublication
    scheme, separator, _ = search.partition("://")  # the rest of an address may hold a key
    if not separator:
        folder = Path(search).absolute() / layout.spec.name
        index = _adapter(*_INDEX).open_folder(folder, layout, log_id)
    elif scheme == "aisearch":
        index = _adapter(*_SERVICE).open_service(search, layout, log_id)
    else:
        raise UnsupportedUrl(
            f"No search index is known for {scheme!r} URLs: give a folder on this machine, or a service,"
            " aisearch://SERVICE.search.windows.net, --search (in Python search=...).",
            key="search",
            scheme=scheme,
        )
    return index


def _adapter(module: str, extra: str) -> Any:
    with needing("The place of a table", extra):
        return import_module(module)

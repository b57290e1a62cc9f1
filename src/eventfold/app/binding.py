"""The tables of an app, bound to a log, a state and a lake."""

from datetime import timedelta

from eventfold.app.definition import Definition
from eventfold.app.tables import LiveTable
from eventfold.errors import ConfigInvalid
from eventfold.extras import needing
from eventfold.readmodels.declaring.layout import bind
from eventfold.readmodels.lakecopy.port import CopyTable
from eventfold.readmodels.open import open_index, open_publication
from eventfold.readmodels.port import State
from eventfold.readmodels.publishing.publisher import KEEP_SECONDS
from eventfold.store.port import Store

KEEP = timedelta(seconds=KEEP_SECONDS)


def check_keep(keep: object) -> None:
    """Refuses what is no time to keep something for.

    Raises:
        ConfigInvalid: it is none.
    """
    if not isinstance(keep, timedelta) or keep < timedelta(0):
        raise ConfigInvalid(
            f"keep= is how long rows that went are remembered for a place that is not written to, a timedelta of 0 or"
            f" more, not {keep!r:.60}: keep=timedelta(days=7).",
            key="keep",
        )


def bind_tables(
    app: Definition,
    store: Store,
    state: State,
    lake: str | None,
    copy: CopyTable | None = None,
    keep: timedelta = KEEP,
    search: str | None = None,
) -> dict[str, LiveTable]:
    """Each table by its name.

    Args:
        app: the definition.
        store: the log.
        state: where rows are kept.
        lake: where they are published.
        copy: the copy of the log there, whose cursors are those of the store's feed.
        keep: how long rows that went are remembered for a place of a table that is not written to.
        search: where the indexes are of those that declare a search.

    Raises:
        ExtraMissing: the packages that keep tables are not installed.
        TableInvalid: a table needs an order that this log does not give.
    """
    with needing("A table", "lake"):
        from eventfold.engines.open import open_engine
    engine = open_engine()
    total_order = store.feed().capabilities.total_order
    found: dict[str, LiveTable] = {}
    for name, spec in app.tables.items():
        layout = bind(spec, total_order=total_order)
        publication = open_publication(lake, layout, store.log_id) if lake else None
        index = open_index(search, layout, store.log_id) if search and spec.search is not None else None
        found[name] = LiveTable(
            layout,
            store,
            state,
            app.registry,
            engine,
            publication,
            app.sought(spec),
            app.name,
            copy,
            others=[] if index is None else [index],
            keep=keep.total_seconds(),
            index=index,
        )
    return found

"""Opens a source by what `--from` calls it."""

from collections.abc import Callable

from eventfold.engines.port import SOURCES, From
from eventfold.engines.spark.sources.port import Source
from eventfold.errors import ConfigInvalid
from eventfold.store.open import is_topic, open_store


def open_source(which: From | None, *, store: str | None, lake: str, bus: str | None = None) -> Source:
    """The source of a job; arguments and errors as `Cluster.source`."""
    if store is not None and is_topic(store):
        bus, store = bus or store, None
    chosen = which or ("bus" if bus else "store")
    if chosen not in _OPENERS:
        raise ConfigInvalid(
            f"Spark reads from {', '.join(SOURCES[:-1])} or {SOURCES[-1]}, not from {chosen!r:.40}: --from NAME (in"
            " Python source=NAME).",
            key="from",
        )
    option, place = {"store": ("store", store), "lake-copy": ("lake", lake), "bus": ("bus", bus)}[chosen]
    if not place:
        raise ConfigInvalid(
            f"To be read from {chosen}, its place must be named: --{option} (in Python {option}=...).",
            key=option,
        )
    return _OPENERS[chosen](place)


def _store(url: str) -> Source:
    """Of a log, by the order that it has."""
    with open_store(url, create=False) as store:
        is_ordered = store.feed().capabilities.total_order
    if is_ordered:
        from eventfold.engines.spark.sources.store import StoreSource

        return StoreSource(url)
    from eventfold.engines.spark.sources.ranges import RangesSource

    return RangesSource(url)


def _lake_copy(lake: str) -> Source:
    from eventfold.engines.spark.sources.lakecopy import LakeCopySource

    return LakeCopySource(lake)


def _bus(url: str) -> Source:
    from eventfold.engines.spark.sources.bus import BusSource

    return BusSource(url)


_OPENERS: dict[str, Callable[[str], Source]] = {"store": _store, "lake-copy": _lake_copy, "bus": _bus}

"""Which streams belong to a partition: by a hash that takes a while, asked again and again of the same streams."""

from collections.abc import Callable
from functools import lru_cache

from eventfold.store.port import Store

_STREAMS = 4_096
"""Of which the answer is remembered."""


def belonging(partition: str, store: Store, handler: str) -> Callable[[str], bool]:
    """Whether a stream belongs to a partition, which is the same for as long as there is this partition.

    Args:
        partition: one of those that the handler's leases name.
        store: the log.
        handler: its name.
    """
    among = [lease.partition for lease in store.effects().all(handler)]
    if among == [partition]:
        return lambda _stream: True
    feed = store.feed()
    return lru_cache(_STREAMS)(lambda stream: feed.partition_of(stream, among) == partition)

"""Which partition of a topic a stream belongs to: what Kafka's own producers choose for it as the key."""

import struct
from functools import lru_cache

_SEED, _M, _ALL = 0x9747B28C, 0x5BD1E995, 0xFFFFFFFF


@lru_cache(maxsize=65_536)
def topic_partition(stream: str, count: int) -> int:
    """The number of the partition, from 0: `murmur2(stream)` without its sign bit, modulo `count`.

    Args:
        stream: its name.
        count: how many partitions the topic has; another count moves streams.
    """
    return (murmur2(stream.encode()) & 0x7FFFFFFF) % count


def murmur2(key: bytes) -> int:
    """The hash that Kafka's Java client takes of a key, as a number of 32 bits without a sign."""
    size = len(key)
    whole = size & ~3
    found = _SEED ^ size
    for word in struct.unpack_from(f"<{whole >> 2}I", key):
        mixed = word * _M & _ALL
        found = (found * _M ^ (mixed ^ mixed >> 24) * _M) & _ALL
    if whole < size:
        found = (found ^ int.from_bytes(key[whole:], "little")) * _M & _ALL
    found = (found ^ found >> 13) * _M & _ALL
    return found ^ found >> 15

"""A feed of several partitions over any store, for tests: what a change feed or a topic does, without either."""

from eventfold.testing.partitioned.effects import MemoryEffects
from eventfold.testing.partitioned.feed import PartitionedFeed
from eventfold.testing.partitioned.store import PartitionedStore

__all__ = ["MemoryEffects", "PartitionedFeed", "PartitionedStore"]

"""A stand-in for Azure Cosmos DB (NoSQL API): a small HTTP server that the real SDK talks to, for tests.

It shows request shapes, paging, retries, errors, batches, etags, feed ranges, splits, lagging replicas and how many
requests something takes. It never shows real request units, latency or what several regions do.
"""

from eventfold.testing.cosmos.door.faults import Fault
from eventfold.testing.cosmos.standin import StandIn

__all__ = ["Fault", "StandIn"]

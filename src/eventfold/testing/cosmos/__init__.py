"""A stand-in for Azure Cosmos DB: a small HTTP server that the service's own SDK talks to, on this machine only.

It can show request shapes, paging, retries, error codes, batches, feed ranges, splits, merges, lagging replicas and
lost answers. It cannot show real charges, throttling, latency, or consistency over regions; whatever was only tried on
it was tried on a stand-in.
"""

from eventfold.testing.cosmos.faults import Fault
from eventfold.testing.cosmos.standin import StandIn

__all__ = ["Fault", "StandIn"]

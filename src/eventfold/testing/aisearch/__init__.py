"""A stand-in for Azure AI Search: a small HTTP server that the real SDK talks to, for tests.

It shows request shapes, refusals, paging, retries, batches that fail in part, etags, and documents that are seen
late. It never shows real scores, latency or costs, nor the analysis of any language.
"""

from eventfold.testing.aisearch.door.faults import DocumentFault, Fault
from eventfold.testing.aisearch.standin import StandIn

__all__ = ["DocumentFault", "Fault", "StandIn"]

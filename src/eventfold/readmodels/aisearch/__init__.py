"""Search by Azure AI Search: an index for each table, brought up to date by its documents' keys."""

from eventfold.readmodels.aisearch.index import open_service

__all__ = ["open_service"]

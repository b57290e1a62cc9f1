"""Requests to the service: connection, settings, statements, documents, sizes, and how many at once."""

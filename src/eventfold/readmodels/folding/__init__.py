"""Folding: from events to rows, one by one, page by page, or the whole history."""

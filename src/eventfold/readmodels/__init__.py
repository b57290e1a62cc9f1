"""Answering: tables declared once, folded from events, kept as state, published, and asked about any moment.

The core path reads in this order: `declaring/table.py`, `declaring/layout.py`, `folding/reference.py`,
`folding/batch.py`, `folding/projector.py`, `following/worker.py`, `publishing/publisher.py`, `asking/asof.py`. What an
adapter must keep stands in `port.py` and `publishing/publication.py`.
"""

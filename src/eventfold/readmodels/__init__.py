"""Answering: tables declared once, folded from events, kept as state, published, and asked about any moment."""

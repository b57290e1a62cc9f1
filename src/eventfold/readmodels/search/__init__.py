"""Searching: one closed grammar for what is looked for, and its meaning in plain Python.

It reads in this order: `words.py`, `terms.py`, `tree.py`, `where.py`, `request.py`, `matching.py`. No back end parses
what a user wrote: each builds its own query from the `Request`.
"""

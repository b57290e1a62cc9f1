"""Deciding: aggregates fold their past into state and take decisions on it; a repository keeps what they decide.

The core path reads in this order: `aggregate.py`, `repository.py`.
"""

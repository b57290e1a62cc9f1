"""Texts by themselves: how they become terms, and what a search text means."""

"""Handling: a window over the feed, effects side by side, their outcomes kept before the next of their stream."""

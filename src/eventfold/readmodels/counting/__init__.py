"""Counting: how many events, of which types, and two sums by which a fault is located."""

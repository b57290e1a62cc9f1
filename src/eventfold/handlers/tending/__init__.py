"""Tending: how handlers stand, and what people decide about them."""

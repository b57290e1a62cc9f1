"""Parquet, batch by batch."""

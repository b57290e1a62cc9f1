"""Restoring: an export becomes an equal log again."""

"""Asking: SQL, a table at any moment, what became of it, and why a row is so."""

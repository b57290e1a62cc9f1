"""OCEL 2.0 in JSON, XML and SQLite."""

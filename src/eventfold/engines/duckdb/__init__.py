"""The embedded columnar engine.

`texts.py` says how a JSON value becomes a typed value in SQL and when that is not certain; `dialect.py` has the words
of DuckDB, with which `engines/compiling` makes the fold of a chunk, and `merge.py` the merge of chunks; `engine.py`
runs them and lets the reference fold decide whatever SQL is not certain of.
"""

from eventfold.engines.duckdb.engine import DuckdbEngine

__all__ = ["DuckdbEngine"]

"""The engine for what one machine does not hold: the same tables on Spark 4.

`texts.py` says how a JSON value becomes a typed value in Spark's SQL and when that is not certain; `dialect.py` has the
words of Spark, with which `engines/compiling` makes the fold of a batch, and `update.py` how it changes a row;
`folding.py` runs them over the events that `batch.py` chose, and leaves what is in doubt to the reference fold in
`workers.py`.
"""

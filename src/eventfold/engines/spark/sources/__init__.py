"""Where the streaming job reads events from: each source is one module with a `Source`, and `open.py` chooses it.

What a table contains is decided by the cursor in its stamp; where a stream of Spark has come to only says up to where
there is something to read.
"""

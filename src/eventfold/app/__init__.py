"""The app: a definition that opens nothing, and what it becomes when it is bound to a log, a state and a lake.

The core path reads in this order: `app.py`, `live.py`, `tables.py`.
"""

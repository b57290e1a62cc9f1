"""The queries of this store, by the name of their file."""

from eventfold.sqlfiles import load

SQL = load("eventfold.store.cosmos")

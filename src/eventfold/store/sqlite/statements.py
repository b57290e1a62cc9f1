"""The statements of this store, by the name of their file."""

from eventfold.sqlfiles import load

SQL = load("eventfold.store.sqlite")
APPLICATION_ID = 0x65766664
FORMAT = 1

"""Search inside the process: an index of tantivy for each table, in a folder."""

from eventfold.readmodels.tantivy.index import open_folder

__all__ = ["open_folder"]
